/* SPDX-License-Identifier: ISC */
/*
 * session_case - a client's bytes through a session, in pieces of any size, as the server does it:
 * what is not used stays and is handed in again, and while the session is busy nothing more is.
 */
#ifndef TESTS_FUZZ_SESSION_CASE_H
#define TESTS_FUZZ_SESSION_CASE_H

#include "tests/fuzz/fuzz.h"
#include "tests/unit/srs_case.h"

#include "common/buffer.h"
#include "common/clock.h"
#include "common/log.h"
#include "srsd/service/session.h"

struct session_case {
	session_open_fn *open;
	void *service;
	void (*settle)(void); /* gives a busy session what it waits for; NULL: it never is */
	/* What came of it. */
	enum session_state state;
	bool woken;
	size_t left; /* bytes that were not used */
	size_t len;
	char output[1 << 20];
};

/* The clock stands while a run lasts. */
static time_t session_case_now = NOW;

static inline time_t
session_case_wall(void *arg)
{
	(void)arg;
	return session_case_now;
}

/*
 * session_case_forget - so much later that nothing which was kept counts any more, and that stamps
 * are the same again: they begin anew after 1024 days
 */
static inline void
session_case_forget(void)
{
	session_case_now += (time_t)1024 * DAY;
}

static inline uint64_t
session_case_elapsed(void *arg)
{
	(void)arg;
	return 12345;
}

static const struct clock session_case_clock = { session_case_wall, session_case_elapsed, NULL };

static inline void
session_case_wake(void *arg)
{
	struct session_case *c = arg;

	fuzz_must(!c->woken && c->state == SESSION_BUSY);
	c->woken = true;
}

/* session_case_input - hand in what there is, until the session is not busy any more */
static inline size_t
session_case_input(struct session_case *c, struct session *session, const uint8_t *data, size_t len,
    struct buffer *out)
{
	size_t used, all = 0;
	char *copy;

	do {
		if (c->state == SESSION_BUSY) {
			c->woken = false;
			fuzz_must(c->settle != NULL);
			c->settle();
			fuzz_must(c->woken);
		}
		copy = fuzz_copy(data + all, len - all);
		used = 0;
		c->state = session->ops->input(session, copy, len - all, &used, out);
		free(copy);
		fuzz_must(used <= len - all);
		all += used;
	} while (c->state == SESSION_BUSY);
	return all;
}

/* session_case_run - one client's bytes, step at a time */
static inline void
session_case_run(struct session_case *c, const uint8_t *data, size_t size, size_t step)
{
	struct session_host host = { session_case_wake, c };
	struct session *session;
	struct buffer out = { NULL, 0, 0 };
	static bool logging;
	size_t begin = 0, end = 0;

	if (!logging) /* else each line is written at once, instead of waiting to be forgotten */
		log_open(LOG_SINK_STDERR, "fuzz");
	logging = true;
	session = c->open(c->service, &host);
	c->state = SESSION_READING;
	while (end < size && c->state == SESSION_READING) {
		end = size - end < step ? size : end + step;
		begin += session_case_input(c, session, data + begin, end - begin, &out);
	}
	c->left = size - begin;
	c->len = out.len < sizeof(c->output) ? out.len : sizeof(c->output);
	if (c->len > 0)
		memcpy(c->output, out.data, c->len);
	buffer_free(&out);
	session->ops->close(session);
	log_forget();
}

/* session_case_same - did two runs say the same and end alike? */
static inline bool
session_case_same(const struct session_case *a, const struct session_case *b)
{
	/* Who is cut off is so once it is clear that he goes on too long, in whatever pieces. */
	return a->state == b->state && fuzz_same(a->output, a->len, b->output, b->len) &&
	       (a->state == SESSION_CLOSE || a->left == b->left);
}

#endif
