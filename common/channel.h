/* SPDX-License-Identifier: ISC */
/*
 * channel - short messages, optionally with descriptors, between two processes of the daemon.
 *
 * A channel is a pair of SOCK_SEQPACKET sockets, which keep the boundaries of messages.
 *
 * SECURITY: an attacker may control the other end. Messages of an impossible size, unknown types
 * and unexpected descriptors are errors, and such descriptors are closed.
 */
#ifndef COMMON_CHANNEL_H
#define COMMON_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CHANNEL_TEXT_MAX 2048
#define CHANNEL_FDS_MAX 64

struct channel_message {
	uint32_t type;   /* defined by the two processes */
	uint32_t number; /* defined by the two processes */
	size_t len;      /* of the text, without the final NUL */
	char text[CHANNEL_TEXT_MAX + 1];
	size_t n_fds;
	int fd[CHANNEL_FDS_MAX]; /* close-on-exec; the receiver closes them */
};

/*
 * Creates both ends, close-on-exec and non-blocking. The caller closes them. False: errno is set.
 */
bool channel_pair(int fd[2]);

/*
 * Sends a message without waiting. text may be NULL; bytes beyond CHANNEL_TEXT_MAX are cut off. The
 * caller keeps the n_fds descriptors; fds may be NULL if n_fds is 0. False: errno is set, to EAGAIN
 * if the other end does not read, to EPIPE if it is closed, and to EMSGSIZE if n_fds is above
 * CHANNEL_FDS_MAX.
 */
bool channel_send(
    int end, uint32_t type, uint32_t number, const char *text, const int *fds, size_t n_fds);

/*
 * Receives a message without waiting. Returns
 *	1   a message, of a type up to max_type, with at most max_fds descriptors
 *	0   no message is waiting
 *	-1  the other end is closed (*error is NULL), or it sent an invalid message (*error is the
 *	    reason, a static text)
 */
int channel_receive(
    int end, struct channel_message *m, uint32_t max_type, size_t max_fds, const char **error);

#endif
