/* SPDX-License-Identifier: ISC */
/*
 * fake_resolver - replaces spf/dns/resolver.c, whose functions it defines. Queries are pending
 * until the test answers them from a zone of fake_dns, or are answered at once, as from a cache.
 */
#ifndef TESTS_UNIT_FAKE_RESOLVER_H
#define TESTS_UNIT_FAKE_RESOLVER_H

#include "tests/unit/fake_dns.h"

#include <event2/event.h>

#include "spf/dns/resolver.h"

#define FAKE_RESOLVER_MAX 4096

struct resolver_question {
	char name[HOSTNAME_MAX + 1];
	enum dns_type type;
	struct resolver *resolver;
	resolver_done_fn *done;
	void *arg;
};

struct resolver {
	const char *zone;
	bool cached; /* answer at once */
	struct dns_answer *(*known)(struct resolver *, const char *name, enum dns_type);
	size_t out; /* pending queries */
	struct resolver_question *question[FAKE_RESOLVER_MAX];
	unsigned asked, cancelled;
	unsigned expired; /* of those that were cancelled: because their time was over */
	size_t counted;   /* by resolver_count_cached */
};

struct dns_answer *
resolver_known(struct resolver *r, const char *name, enum dns_type type)
{
	return r->known == NULL ? NULL : r->known(r, name, type);
}

struct resolver_question *
resolver_ask(
    struct resolver *r, const char *name, enum dns_type type, resolver_done_fn *done, void *arg)
{
	struct resolver_question *q;

	r->asked++;
	if (r->cached) {
		done(arg, fake_answer(r->zone, name, type));
		return NULL;
	}
	q = calloc(1, sizeof(*q));
	assert_non_null(q);
	assert_true(r->out < FAKE_RESOLVER_MAX);
	snprintf(q->name, sizeof(q->name), "%s", name);
	q->type = type;
	q->resolver = r;
	q->done = done;
	q->arg = arg;
	r->question[r->out++] = q;
	return q;
}

static inline void
fake_resolver_forget(struct resolver *r, struct resolver_question *q)
{
	size_t i = 0;

	while (r->question[i] != q)
		assert_true(++i < r->out);
	memmove(r->question + i, r->question + i + 1, (--r->out - i) * sizeof(q));
	free(q);
}

void
resolver_cancel(struct resolver_question *q)
{
	struct resolver_question copy = *q;

	copy.resolver->cancelled++;
	fake_resolver_forget(copy.resolver, q);
	copy.done(copy.arg, NULL);
}

void
resolver_expire(struct resolver_question *q)
{
	q->resolver->expired++;
	resolver_cancel(q);
}

void
resolver_count_cached(struct resolver *r, size_t n)
{
	r->counted += n;
}

const char *
resolver_get_plan(const struct resolver *r)
{
	return r == NULL ? "" : "forward 192.0.2.53@5353\n";
}

/* fake_resolver_is_out - is a query pending? */
static inline bool
fake_resolver_is_out(const struct resolver *r, const char *name, enum dns_type type)
{
	size_t i;

	for (i = 0; i < r->out; i++)
		if (strcmp(r->question[i]->name, name) == 0 && r->question[i]->type == type)
			return true;
	return false;
}

/* fake_resolver_reply - answer one query, without running the loop */
static inline void
fake_resolver_reply(struct resolver *r, struct resolver_question *q)
{
	struct resolver_question copy = *q;

	fake_resolver_forget(r, q);
	copy.done(copy.arg, fake_answer(r->zone, copy.name, copy.type));
}

/* fake_resolver_answer - the oldest one */
static inline void
fake_resolver_answer(struct resolver *r)
{
	fake_resolver_reply(r, r->question[0]);
}

/* fake_resolver_run - answer all queries, until none is pending */
static inline void
fake_resolver_run(struct resolver *r, struct event_base *base)
{
	while (r->out > 0) {
		fake_resolver_answer(r);
		event_base_loop(base, EVLOOP_NONBLOCK);
	}
}

#endif
