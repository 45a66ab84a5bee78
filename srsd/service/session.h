/* SPDX-License-Identifier: ISC */
/*
 * session - one client's conversation, as bytes in and bytes out. A session knows no descriptor,
 * no event loop and no clock but the one it is handed: the server runs it over sockets, a test
 * over memory.
 */
#ifndef SRSD_SERVICE_SESSION_H
#define SRSD_SERVICE_SESSION_H

#include <stddef.h>

struct buffer;
struct session;

enum session_state {
	SESSION_READING, /* all complete requests are answered; more input is welcome */
	SESSION_BUSY,    /* a request is being evaluated; wake() follows, read nothing till then */
	SESSION_CLOSE,   /* the client broke the protocol: send what is in out, then close */
};

/* Who runs the session. wake is never called from inside the session's own functions. */
struct session_host {
	void (*wake)(void *arg);
	void *arg;
};

struct session_ops {
	/*
	 * Takes input and appends replies to out, which may hold some already. *used says how much
	 * of the input is done with; the host keeps the rest and hands it in again, with what has
	 * come behind it.
	 */
	enum session_state (*input)(
	    struct session *, const char *data, size_t len, size_t *used, struct buffer *out);

	/* Ends the session; what it waits for is cancelled. */
	void (*close)(struct session *);
};

/* The head of every session; the services put their own state behind it. */
struct session {
	const struct session_ops *ops;
};

/* Makes a session for a new client. The host outlives it. */
typedef struct session *session_open_fn(void *service, const struct session_host *);

#endif
