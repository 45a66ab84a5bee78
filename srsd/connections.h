/* SPDX-License-Identifier: ISC */
/*
 * connections - move bytes between the sockets of clients and their sessions. The only file that
 * reads from and writes to clients.
 *
 * A session reads its input directly from the receive buffer; only what it leaves, part of a
 * request, is copied.
 *
 * SECURITY: While a reply waits for a slow client, or a request is being evaluated, no more bytes
 * are read from that client, so that it cannot make the process grow. A client that closes the
 * connection in the meantime ends its session.
 */
#ifndef SRSD_CONNECTIONS_H
#define SRSD_CONNECTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "srsd/precedence.h"
#include "srsd/service/session.h"

struct connections;

/*
 * The connections of one service. Owned by the caller, which sets all fields but the last two to
 * begin with.
 */
struct connection_kind {
	session_open_fn *open;
	void *arg;                 /* for open */
	bool urgent;               /* requests go before those of other kinds (precedence.h) */
	void (*left)(void *owner); /* called after a connection was closed */
	void *owner;
	unsigned n; /* open connections */
	struct precedence precedence;
};

void connection_kind_init(struct connection_kind *kind, struct event_base *base);

/* Call it after the last connection of this kind is closed. */
void connection_kind_end(struct connection_kind *kind);

/* Counts a turn of this kind; returns the rank (enum priority) of the next accept event. */
int connection_kind_rank(struct connection_kind *kind);

struct connections *connections_new(struct event_base *base);

/* Closes all connections immediately; sets the pointer to NULL. */
void connections_free(struct connections **connectionsp);

/* Serves a connected, non-blocking socket, and owns it from then on. */
void connections_add(struct connections *connections, struct connection_kind *kind, int fd);

bool connections_are_empty(const struct connections *connections);

/*
 * Closes each connection that has been inactive (nothing received, nothing sent, no request being
 * evaluated) for idle_limit(owner of its kind) milliseconds. shortest: the least of these limits.
 */
void connections_close_idle(
    struct connections *connections, uint64_t (*idle_limit)(const void *owner), uint64_t shortest);

/*
 * Answers the requests that have already arrived, and closes each connection as soon as its replies
 * are sent.
 */
void connections_drain(struct connections *connections);

#endif
