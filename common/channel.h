/* SPDX-License-Identifier: ISC */
/*
 * channel - short messages, perhaps with descriptors, between two processes of ours: one end of a
 * SOCK_SEQPACKET pair, which keeps the bounds of messages.
 *
 * SECURITY: the other end may be in the hands of an enemy. A message has at most
 * CHANNEL_TEXT_MAX bytes; longer or shorter ones than a message can be, unknown types and
 * descriptors that were not asked for are an error, and what they brought is closed.
 */
#ifndef COMMON_CHANNEL_H
#define COMMON_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CHANNEL_TEXT_MAX 2048
#define CHANNEL_FDS_MAX 64

struct channel_message {
	uint32_t type;   /* the users' */
	uint32_t number; /* the users' */
	size_t len;
	char text[CHANNEL_TEXT_MAX + 1]; /* NUL-terminated behind len */
	size_t n_fds;
	int fd[CHANNEL_FDS_MAX]; /* the receiver's, close-on-exec */
};

/* Makes both ends: close-on-exec, non-blocking. False with errno set. */
bool channel_pair(int fd[2]);

/*
 * Sends a message with n_fds of the caller's descriptors; text may be NULL. False with errno set:
 * EAGAIN when the other end does not read, EPIPE when it is gone.
 */
bool channel_send(
    int end, uint32_t type, uint32_t number, const char *text, const int *fds, size_t n_fds);

/*
 *	1  a message; its type is at most max_type, it has at most max_fds descriptors
 *	0  none waits
 *	-1 the other end is gone (*error NULL), or sends what is none (*error says why; static)
 */
int channel_receive(
    int end, struct channel_message *, uint32_t max_type, size_t max_fds, const char **error);

#endif
