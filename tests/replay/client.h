/* SPDX-License-Identifier: ISC */
/*
 * client - one who talks to a service: a session over memory, run as srsd/server.c runs it over a
 * socket. While it is busy nothing of what the client sends reaches it, and what it leaves of its
 * input it gets again.
 */
#ifndef TESTS_REPLAY_CLIENT_H
#define TESTS_REPLAY_CLIENT_H

#include <sys/queue.h>

#include <stdbool.h>
#include <stddef.h>

#include "srsd/service/session.h"

struct evbuffer;

struct client {
	LIST_ENTRY(client) next;
	char *name;
	unsigned service; /* the caller's */
	struct session_host host;
	struct session *session; /* NULL: it has closed the connection */
	struct evbuffer *sent;   /* and not read yet */
	struct evbuffer *kept;   /* that the session gets again */
	struct evbuffer *output; /* that the client has not looked at */
	bool busy, woken, running;
	const char *broken; /* the session broke its contract; a static reason */
};

struct client *client_open(const char *name, size_t name_len, session_open_fn *, void *service);

/* Ends the session, as a client that goes away does. */
void client_free(struct client **);

/* More bytes from the client. */
void client_send(struct client *, const char *data, size_t len);

/* Lets the session take what it can, at most so many bytes at a time; 0: all at once. */
void client_run(struct client *, size_t split);

#endif
