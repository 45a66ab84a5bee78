/* SPDX-License-Identifier: ISC */
/*
 * reply - reads one line with one JSON object from a process that may be hostile, within bounds of
 * size and time.
 */
#ifndef SRSD_CTL_REPLY_H
#define SRSD_CTL_REPLY_H

#include <stddef.h>

#include <jansson.h>

/* Bytes of a reply; a longer one is an error. */
#define REPLY_MAX ((size_t)1024 * 1024)

enum reply_fault {
	REPLY_NONE,     /* there is a reply */
	REPLY_LATE,     /* the time limit has expired; or reading failed, with errno set */
	REPLY_ENDED,    /* end of input before the end of a line */
	REPLY_TOO_LONG, /* more than REPLY_MAX bytes before the end of a line */
	REPLY_NO_JSON,  /* the line is not a JSON object */
};

/*
 * Reads a line from a socket or pipe; the limit in seconds applies to the whole line. Returns a new
 * reference to an object, or NULL with the reason in *fault. errno is then 0, or that of a system
 * call that failed.
 */
json_t *reply_read(int fd, unsigned seconds, enum reply_fault *fault);

#endif
