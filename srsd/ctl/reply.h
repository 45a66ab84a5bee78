/* SPDX-License-Identifier: ISC */
/*
 * reply - one JSON object, a line, from a process that may be hostile: bounded in bytes and in
 * time.
 */
#ifndef SRSD_CTL_REPLY_H
#define SRSD_CTL_REPLY_H

#include <stddef.h>

#include <jansson.h>

/* Bytes of a reply; a longer one is an error. */
#define REPLY_MAX ((size_t)1024 * 1024)

enum reply_fault {
	REPLY_NONE,     /* it is there */
	REPLY_LATE,     /* not in time, or the descriptor fails (errno) */
	REPLY_ENDED,    /* the end came before a whole line */
	REPLY_TOO_LONG, /* more than REPLY_MAX bytes without an end of line */
	REPLY_NO_JSON,  /* a line that is no JSON object */
};

/*
 * Reads a line from a socket or pipe, within so many seconds for all of it. A new reference, or
 * NULL with the reason in *fault; errno is 0 unless the system refused something.
 */
json_t *reply_read(int fd, unsigned seconds, enum reply_fault *fault);

#endif
