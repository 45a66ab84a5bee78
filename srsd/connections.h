/* SPDX-License-Identifier: ISC */
/*
 * clients - connections: the bytes of each go to its session, and what the session says goes back.
 * The only file that reads and writes clients.
 *
 * Input goes from the socket straight into the session; what a session leaves (half a request) is
 * kept for it. While replies wait for a slow reader, or a request is being evaluated, nothing more
 * is read from that client, so that nobody makes us grow; a client that goes away meanwhile ends
 * its session.
 */
#ifndef SRSD_CONNECTIONS_H
#define SRSD_CONNECTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "srsd/precedence.h"
#include "srsd/service/session.h"

struct connections;

/* What the clients of one service have in common. The caller's, who fills in all but the last two.
 */
struct client_kind {
	session_open_fn *open;
	void *arg;
	bool urgent;               /* their requests come before those of others (precedence.h) */
	void (*left)(void *owner); /* called when one of them has gone */
	void *owner;
	unsigned n; /* of them */
	struct precedence precedence;
};

void client_kind_init(struct client_kind *, struct event_base *);
void client_kind_end(struct client_kind *);

/* The rank (enum priority) of an event that brings clients of this kind, for the next time. */
int client_kind_rank(struct client_kind *);

struct connections *connections_new(struct event_base *);

/* Closes all at once; sets the pointer to NULL. */
void connections_free(struct connections **);

/* Serves a connection, non-blocking, which is theirs from now on. */
void connections_add(struct connections *, struct client_kind *, int fd);

bool connections_none(const struct connections *);

/*
 * Closes those who have said nothing, and taken nothing, for as long as patience says of their
 * kind's owner (milliseconds; least is the shortest of all).
 */
void connections_close_idle(
    struct connections *, uint64_t (*patience)(const void *owner), uint64_t least);

/* Answers what they have sent already; each is closed as soon as nothing is owed. */
void connections_drain(struct connections *);

#endif
