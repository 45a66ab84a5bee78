/* SPDX-License-Identifier: ISC */
/*
 * client - a client of a service: a session over memory, run as srsd/connections.c runs it over a
 * socket. A busy session gets no bytes, and bytes that it did not use are passed in again.
 */
#ifndef TESTS_REPLAY_CLIENT_H
#define TESTS_REPLAY_CLIENT_H

#include <sys/queue.h>

#include <stdbool.h>
#include <stddef.h>

#include "srsd/service/session.h"

struct evbuffer;
struct mta;

struct client {
	LIST_ENTRY(client) next;
	char *name;
	unsigned service; /* for the caller */
	struct session_host host;
	struct session *session; /* NULL: the service has closed the connection */
	struct evbuffer *sent;   /* and not read by the session yet */
	struct evbuffer *kept;   /* unused bytes, to be passed in again */
	struct evbuffer *output; /* that the story has not examined */
	struct mta *mta;         /* of steps_milter.c; or NULL */
	bool busy, woken, running;
	const char *broken; /* the session broke its contract; a static reason */
};

struct client *client_open(const char *name, size_t name_len, session_open_fn *, void *service);

/* Ends the session, as after a disconnect. */
void client_free(struct client **);

/* Sends bytes from the client. */
void client_send(struct client *, const char *data, size_t len);

/* Passes bytes to the session, at most split bytes at a time; 0: all at once. */
void client_run(struct client *, size_t split);

#endif
