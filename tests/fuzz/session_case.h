/* SPDX-License-Identifier: ISC */
/*
 * session_case - passes the bytes of a client through a session, in pieces of any size, as the
 * server does: unused bytes are kept and passed in again, and while the session is busy no more are
 * passed in.
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
	void (*settle)(void); /* answers a busy session; NULL: it never is */
	/* The outcome. */
	enum session_state state;
	bool woken;
	size_t left; /* bytes that were not used */
	size_t len;
	char output[1 << 20];
};

/* The clock does not advance during a run. */
static time_t session_case_now = NOW;

static inline time_t
session_case_wall(void *arg)
{
	(void)arg;
	return session_case_now;
}

/*
 * session_case_forget - advance the clock so far that everything the session has kept is out of
 * date, and that stamps are the same again, because they repeat after 1024 days
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

/* session_case_input - pass in the available bytes, until the session wants to read */
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
	} while (c->state == SESSION_BUSY || c->state == SESSION_MORE);
	return all;
}

/* session_case_run - the bytes of one client, step bytes at a time */
static inline void
session_case_run(struct session_case *c, const uint8_t *data, size_t size, size_t step)
{
	struct session_host host = { session_case_wake, c };
	struct session *session;
	struct buffer out = { NULL, 0, 0 };
	static bool logging;
	size_t begin = 0, end = 0;

	if (!logging) /* otherwise each line is written at once */
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

/* session_case_same - do two runs have the same output and the same end? */
static inline bool
session_case_same(const struct session_case *a, const struct session_case *b)
{
	/*
	 * A client that exceeds a limit is cut off as soon as this is certain, whatever the pieces.
	 */
	return a->state == b->state && fuzz_same(a->output, a->len, b->output, b->len) &&
	       (a->state == SESSION_CLOSE || a->left == b->left);
}

#endif
