/* SPDX-License-Identifier: ISC */
/*
 * server - services, each with its listening sockets and its limits, for the clients that connect
 * to them (srsd/connections.h).
 *
 * LIMITS: connection-limit counts for each service by itself, so that idle policy clients cannot
 * lock out the maps. At the limit we stop accepting: the backlog holds the next ones until one
 * leaves. Closing them would cost Postfix a second each.
 */
#ifndef SRSD_SERVER_H
#define SRSD_SERVER_H

#include <stdbool.h>
#include <stddef.h>

#include "srsd/service/session.h"

struct event_base;
struct server;

struct server_limits {
	unsigned connections;  /* of one service at a time */
	unsigned idle_seconds; /* without a byte from the client, or taken by it */
};

struct server *server_new(struct event_base *, const struct server_limits *);

/* Closes listeners and connections at once; sets the pointer to NULL. */
void server_free(struct server **);

/*
 * Adds a service and returns its number. name (kept by reference) is for the log. open and arg
 * make the sessions. However short the limit, a connection is idle for least_idle seconds at least
 * before it is closed. The requests of an urgent one are answered before all others, as long as
 * they are not too many (srsd/precedence.h).
 */
size_t server_add_service(struct server *, const char *name, session_open_fn *open, void *arg,
    unsigned least_idle, bool urgent);

/* Lets a service have fewer connections than the limit of the server, idle for a shorter time. */
void server_limit_service(
    struct server *, size_t service, unsigned connections, unsigned idle_seconds);

/*
 * Serves a listening, non-blocking socket, which is the server's from now on. id is the caller's,
 * for server_remove_listener, which closes it; its connections stay.
 */
void server_add_listener(struct server *, size_t service, unsigned id, int fd);
void server_remove_listener(struct server *, unsigned id);

unsigned server_connections(const struct server *, size_t service);

/* Calls it with each listening socket of a service. */
void server_each_listener(
    const struct server *, size_t service, void (*with)(void *arg, int fd), void *arg);

void server_set_limits(struct server *, const struct server_limits *);

/*
 * Stops accepting, answers what clients have sent already, closes every connection that waits
 * for nothing, and the others as soon as their answer is out. done is called, from the loop or
 * from here, when none is left.
 */
void server_drain(struct server *, void (*done)(void *arg), void *arg);

#endif
