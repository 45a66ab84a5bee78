/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/xmalloc.h"
#include "srsd/ctl/reply.h"

struct reply_buffer {
	char *data; /* REPLY_MAX + 1 bytes */
	size_t len;
};

/* read_reply_bytes - returns false with the fault at the end of the time or of the input */
static bool
read_reply_bytes(int fd, uint64_t until, struct reply_buffer *reply, enum reply_fault *fault)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	uint64_t now = clock_elapsed(&clock_system);
	ssize_t n;

	errno = 0;
	*fault = REPLY_LATE;
	if (now >= until)
		return false;
	if (poll(&pfd, 1, (int)(until - now)) != 1)
		return errno == EINTR;
	n = read(fd, reply->data + reply->len, REPLY_MAX + 1 - reply->len);
	if (n == -1)
		return errno == EINTR || errno == EAGAIN;
	*fault = REPLY_ENDED;
	reply->len += (size_t)n;
	return n > 0;
}

/* read_reply_line - read up to a NEWLINE; bytes after it may follow in the buffer */
static bool
read_reply_line(int fd, uint64_t until, struct reply_buffer *reply, enum reply_fault *fault)
{
	size_t seen = 0;

	while (memchr(reply->data + seen, '\n', reply->len - seen) == NULL) {
		if (reply->len > REPLY_MAX) {
			*fault = REPLY_TOO_LONG;
			return false;
		}
		seen = reply->len;
		if (!read_reply_bytes(fd, until, reply, fault))
			return false;
	}
	return true;
}

json_t *
reply_read(int fd, unsigned seconds, enum reply_fault *fault)
{
	uint64_t until = clock_elapsed(&clock_system) + seconds * UINT64_C(1000);
	struct reply_buffer reply = { xmalloc(REPLY_MAX + 1), 0 };
	json_t *value = NULL;

	if (read_reply_line(fd, until, &reply, fault)) {
		value = json_loadb(reply.data, reply.len, JSON_DISABLE_EOF_CHECK, NULL);
		*fault = json_is_object(value) ? REPLY_NONE : REPLY_NO_JSON;
		errno = 0;
	}
	free(reply.data);
	if (*fault != REPLY_NONE) {
		json_decref(value);
		value = NULL;
	}
	return value;
}
