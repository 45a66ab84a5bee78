/* SPDX-License-Identifier: ISC */
/*
 * session - the conversation with one client, as bytes in and bytes out. A session uses no
 * descriptor and no event loop, and only the clock of its service: the server runs it over sockets,
 * a test over memory.
 */
#ifndef SRSD_SERVICE_SESSION_H
#define SRSD_SERVICE_SESSION_H

#include <stddef.h>

struct buffer;
struct session;

enum session_state {
	SESSION_READING, /* all complete requests are answered; read more input */
	SESSION_BUSY,    /* a request is being evaluated: read no more until wake is called */
	SESSION_CLOSE,   /* protocol violation, or the last reply: send out, then close */
	SESSION_MORE,    /* a request is answered: call input again in a later turn of the loop */
};

/*
 * The program that runs the session. A session that was busy calls wake with arg, and the host then
 * calls input again. wake is never called from within the session's own functions.
 */
struct session_host {
	void (*wake)(void *arg);
	void *arg;
};

struct session_ops {
	/*
	 * Parses len bytes of input and appends replies to out, which may contain some already.
	 * Sets *used to the number of bytes that are used up. The host keeps the others, and passes
	 * them in again together with the bytes that follow.
	 */
	enum session_state (*input)(struct session *session, const char *data, size_t len,
	    size_t *used, struct buffer *out);

	/* Cancels a request that waits, and frees the session. */
	void (*close)(struct session *session);
};

/* The first member of every session; the services add their own state after it. */
struct session {
	const struct session_ops *ops;
};

/* Creates the session of a new client. service and host must outlive it. */
typedef struct session *session_open_fn(void *service, const struct session_host *host);

#endif
