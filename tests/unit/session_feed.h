/* SPDX-License-Identifier: ISC */
/*
 * session_feed - runs a session over memory as the server does over a socket: input that the
 * session does not use is passed in again, together with the bytes that follow.
 */
#ifndef TESTS_UNIT_SESSION_FEED_H
#define TESTS_UNIT_SESSION_FEED_H

#include "tests/unit/unit.h"

#include "common/buffer.h"
#include "common/clock.h"
#include "srsd/service/session.h"

struct session_feed {
	session_open_fn *open;
	void *service;
	/* The outcome of the last run. */
	enum session_state state;
	size_t left; /* bytes that the session did not use */
	char output[300000];
};

/* The clock of a test. It does not advance. */
static time_t session_feed_now;

static inline time_t
session_feed_wall(void *arg)
{
	(void)arg;
	return session_feed_now;
}

static inline uint64_t
session_feed_elapsed(void *arg)
{
	(void)arg;
	return 12345;
}

static const struct clock session_feed_clock = { session_feed_wall, session_feed_elapsed, NULL };

static inline void
session_feed_wake(void *arg)
{
	(void)arg;
	fail_msg("woken, though nothing had to wait");
}

/* session_feed_run - the bytes of one client in pieces: first bytes, then step bytes at a time */
static inline const char *
session_feed_run(struct session_feed *feed, const char *data, size_t len, size_t first, size_t step)
{
	struct session_host host = { session_feed_wake, NULL };
	struct session *session = feed->open(feed->service, &host);
	struct buffer out = { 0 };
	size_t begin = 0, end = first > len ? len : first, used;
	char *copy;

	feed->state = SESSION_READING;
	for (;;) {
		copy = unit_copy(data + begin, end - begin);
		used = SIZE_MAX; /* unless it is set */
		feed->state = session->ops->input(session, copy, end - begin, &used, &out);
		free(copy);
		assert_in_range(used, 0, end - begin);
		begin += used;
		if (feed->state != SESSION_READING || end == len)
			break;
		end = end + step > len ? len : end + step;
	}
	feed->left = len - begin;
	assert_in_range(out.len, 0, sizeof(feed->output) - 1);
	if (out.len > 0)
		memcpy(feed->output, out.data, out.len);
	feed->output[out.len] = '\0';
	buffer_free(&out);
	session->ops->close(session);
	return feed->output;
}

/*
 * session_feed_check - the output is the same for the whole input, byte by byte, and for all splits
 * into two
 */
static inline void
session_feed_check(
    struct session_feed *feed, const char *row, const char *data, size_t len, const char *want)
{
	size_t i;

	unit_text(row, "whole", session_feed_run(feed, data, len, len, 1), want);
	unit_text(row, "byte by byte", session_feed_run(feed, data, len, 1, 1), want);
	for (i = 1; i < len && unit_differences == 0; i++)
		unit_text(row, unit_row("split at %zu", i),
		    session_feed_run(feed, data, len, i, len), want);
}

#endif
