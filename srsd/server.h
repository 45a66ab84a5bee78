/* SPDX-License-Identifier: ISC */
/*
 * server - services with their listening sockets and limits. srsd/connections.h serves the clients
 * that connect.
 *
 * LIMITS: connection-limit applies to each service separately, so that idle policy clients cannot
 * lock out the maps. At the limit, the server stops accepting: new connections wait in the backlog
 * until one is closed. If they were closed instead, each would cost Postfix a second.
 */
#ifndef SRSD_SERVER_H
#define SRSD_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "srsd/service/session.h"

struct cidr_list;
struct event_base;
struct server;

struct server_limits {
	unsigned connections;  /* of each service */
	unsigned idle_seconds; /* until a connection without a byte in either direction is closed */
};

struct server *server_new(struct event_base *base, const struct server_limits *limits);

/* Closes listeners and connections immediately; sets the pointer to NULL. */
void server_free(struct server **serverp);

/*
 * Adds a service and returns its number. name (kept by reference) is for the log. open is called
 * with arg to make a session for each connection. least_idle: seconds for which an idle connection
 * stays open even if the limit is shorter. The requests of an urgent service are answered before
 * all others, unless there are too many (srsd/precedence.h).
 */
size_t server_add_service(struct server *server, const char *name, session_open_fn *open, void *arg,
    unsigned least_idle, bool urgent);

/* Sets limits for one service. They apply where they are lower than those of the server. */
void server_limit_service(
    struct server *server, size_t service, unsigned connections, unsigned idle_seconds);

/*
 * Sets the networks that may connect to the inet sockets of a service; NULL, as at first: all. A
 * connection from elsewhere is closed as soon as it is accepted; open connections stay open. The
 * list is kept by reference, until this function is called again.
 */
void server_set_clients(struct server *server, size_t service, const struct cidr_list *clients);

/*
 * Serves a listening, non-blocking socket, which it then owns. id is chosen by the caller, for
 * server_remove_listener(), which accepts the connections that wait, even beyond the limit, and
 * closes the socket but no connection.
 */
void server_add_listener(struct server *server, size_t service, unsigned id, int fd);
void server_remove_listener(struct server *server, unsigned id);

/* Returns the number of open connections of a service. */
unsigned server_connections(const struct server *server, size_t service);

/* Returns the number of connections to a service that server_set_clients() has refused. */
uint64_t server_refused(const struct server *server, size_t service);

/* Calls with(arg, fd) for each listening socket of a service. */
void server_each_listener(
    const struct server *server, size_t service, void (*with)(void *arg, int fd), void *arg);

void server_set_limits(struct server *server, const struct server_limits *limits);

/*
 * Stops accepting, answers the requests that have already arrived, and closes each connection as
 * soon as it waits for no reply. done is called when all are closed: later from the loop, or before
 * this function returns.
 */
void server_drain(struct server *server, void (*done)(void *arg), void *arg);

#endif
