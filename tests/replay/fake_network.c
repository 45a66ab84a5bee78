/* SPDX-License-Identifier: ISC */
#include <sys/queue.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/hostname.h"
#include "common/xmalloc.h"
#include "spf/dns/dns_cache.h"
#include "spf/dns/dns_watch.h"
#include "spf/dns/resolver.h"
#include "spf/dns/resolver_plan.h"
#include "tests/replay/fake_network.h"
#include "tests/replay/virtual_time.h"
#include "tests/replay/words.h"
#include "tests/replay/zone.h"

/* A query that gets no answer for so long shows silence, as the attempts of libunbound do. */
#define SILENCE_MS 2000

struct resolver {
	LIST_ENTRY(resolver) next;
	const struct clock *clock;
	resolver_prepare_fn *prepare;
	char *plan;
	bool retired;
	struct dns_cache *cache;
	struct resolver_counts *counts;
	struct resolver_counts own_counts;
	struct dns_watch *watch; /* or NULL */
};

struct resolver_question {
	TAILQ_ENTRY(resolver_question) next;
	struct resolver *resolver;
	resolver_done_fn *done;
	void *arg;
	struct dns_answer *answer; /* when it is due; NULL: silence */
	uint64_t asked, due;
	enum dns_type type;
	char name[HOSTNAME_MAX + 1];
};

/* The events of a query, for the steps that examine them. */
struct note {
	STAILQ_ENTRY(note) next;
	unsigned round;
	char text[HOSTNAME_MAX + 8];
};

STAILQ_HEAD(notes, note);

/* The functions of the resolver have no argument for an owner, hence module state. */
static struct {
	struct zone *zone;
	unsigned round;
	LIST_HEAD(, resolver) resolvers;
	TAILQ_HEAD(, resolver_question) questions;
	struct notes asked, cancelled;
} network;

static void
note(struct notes *notes, const struct resolver_question *q)
{
	struct note *n = xcalloc(1, sizeof(*n));

	n->round = network.round;
	snprintf(n->text, sizeof(n->text), "%s %s", dns_type_name(q->type), q->name);
	STAILQ_INSERT_TAIL(notes, n, next);
}

/* take - the notes up to the end of their first round, or all */
static char *
take(struct notes *notes, bool all)
{
	struct note *n = STAILQ_FIRST(notes);
	unsigned round = n == NULL ? 0 : n->round;
	char **texts = NULL;
	size_t count = 0;

	if (n == NULL)
		return NULL;
	while ((n = STAILQ_FIRST(notes)) != NULL && (all || n->round == round)) {
		texts = xreallocarray(texts, count + 1, sizeof(*texts));
		texts[count++] = xstrdup(n->text);
		STAILQ_REMOVE_HEAD(notes, next);
		free(n);
	}
	return words_sorted(texts, count);
}

char *
fake_network_asked(void)
{
	return take(&network.asked, false);
}

char *
fake_network_cancelled(void)
{
	return take(&network.cancelled, true);
}

void
fake_network_begin(void)
{
	LIST_INIT(&network.resolvers);
	TAILQ_INIT(&network.questions);
	STAILQ_INIT(&network.asked);
	STAILQ_INIT(&network.cancelled);
	network.zone = zone_new();
}

static void
forget(struct resolver_question *q)
{
	TAILQ_REMOVE(&network.questions, q, next);
	dns_answer_unref(&q->answer);
	free(q);
}

bool
fake_network_end(void)
{
	bool clean = TAILQ_EMPTY(&network.questions);
	struct resolver_question *q;
	struct resolver *r;

	while ((q = TAILQ_FIRST(&network.questions)) != NULL)
		forget(q);
	while ((r = LIST_FIRST(&network.resolvers)) != NULL)
		resolver_free(&r);
	free(take(&network.asked, true));
	free(take(&network.cancelled, true));
	while (!STAILQ_EMPTY(&network.asked))
		free(take(&network.asked, true));
	zone_free(&network.zone);
	return clean;
}

void
fake_network_set_zone(struct zone *zone)
{
	zone_free(&network.zone);
	network.zone = zone;
}

void
fake_network_round(void)
{
	network.round++;
}

bool
fake_network_due(uint64_t *ms)
{
	const struct resolver_question *q;
	bool found = false;

	TAILQ_FOREACH (q, &network.questions, next)
		if (q->answer != NULL && (!found || q->due < *ms)) {
			*ms = q->due;
			found = true;
		}
	return found;
}

static void
count(struct resolver_counts *counts, const struct dns_answer *answer)
{
	switch (answer->status) {
	case DNS_FOUND:
		counts->found++;
		break;
	case DNS_VOID:
		counts->none++;
		break;
	case DNS_ERROR:
		counts->failed++;
		break;
	}
}

static uint64_t
seconds(const struct resolver *r)
{
	return clock_elapsed(r->clock) / 1000;
}

/* report - an attempt, to the watch; answer is NULL: silence */
static void
report(const struct resolver_question *q, const struct dns_answer *answer)
{
	struct dns_watch *watch = q->resolver->watch;
	uint64_t now = virtual_time_now();

	if (watch == NULL)
		return;
	if (answer == NULL)
		dns_watch_note_silence(watch, q->name, q->asked, now);
	else if (answer->status == DNS_ERROR)
		dns_watch_note_error(watch, q->name, q->asked, now);
	else
		dns_watch_note_answer(watch, now);
}

/* deliver - one answer, as spf/dns/resolver.c does for one of libunbound */
static void
deliver(struct resolver_question *q)
{
	struct dns_answer *answer = dns_answer_ref(q->answer);
	resolver_done_fn *done = q->done;
	void *arg = q->arg;

	report(q, answer);
	count(q->resolver->counts, answer);
	q->resolver->prepare(answer, q->type);
	dns_cache_put(q->resolver->cache, q->name, q->type, answer, seconds(q->resolver));
	forget(q);
	done(arg, answer);
}

static struct resolver_question *
due(uint64_t now)
{
	struct resolver_question *q;

	TAILQ_FOREACH (q, &network.questions, next)
		if (q->answer != NULL && q->due <= now)
			return q;
	return NULL;
}

static bool
is_asked(const struct resolver *r)
{
	const struct resolver_question *q;

	TAILQ_FOREACH (q, &network.questions, next)
		if (q->resolver == r)
			return true;
	return false;
}

/* reap - free retired resolvers without pending queries */
static void
reap(void)
{
	struct resolver *r, *next;

	for (r = LIST_FIRST(&network.resolvers); r != NULL; r = next) {
		next = LIST_NEXT(r, next);
		if (r->retired && !is_asked(r))
			resolver_free(&r);
	}
}

bool
fake_network_deliver(uint64_t now)
{
	struct resolver_question *q = due(now);
	bool some = q != NULL;

	for (; q != NULL; q = due(now))
		deliver(q);
	reap();
	return some;
}

/* The functions of spf/dns/resolver.h and spf/dns/resolver_plan.h. */

char *
resolver_plan_make(const struct settings *settings, struct filebox *box, char *error, size_t size)
{
	char *plan = xstrdup(settings->dnssec ? RESOLVER_PLAN_ANCHOR "key\n" : ""), *more;
	size_t i;

	(void)box;
	(void)error;
	(void)size;
	for (i = 0; i < settings->nameservers.n; i++) {
		xasprintf(
		    &more, "%s" RESOLVER_PLAN_FORWARD "%s\n", plan, settings->nameservers.text[i]);
		free(plan);
		plan = more;
	}
	return plan;
}

struct resolver *
resolver_new(const struct resolver_host *host, const struct settings *settings, const char *plan,
    char *error, size_t size)
{
	struct resolver *r = xcalloc(1, sizeof(*r));

	(void)settings;
	(void)error;
	(void)size;
	r->clock = host->clock;
	r->prepare = host->prepare;
	r->plan = xstrdup(plan);
	r->cache = dns_cache_new();
	r->counts = &r->own_counts;
	LIST_INSERT_HEAD(&network.resolvers, r, next);
	return r;
}

void
resolver_free(struct resolver **resolver)
{
	struct resolver *r = *resolver;

	*resolver = NULL;
	if (r == NULL)
		return;
	LIST_REMOVE(r, next);
	dns_cache_free(&r->cache);
	free(r->plan);
	free(r);
}

bool
resolver_is_for(const struct resolver *r, const char *plan)
{
	return strcmp(r->plan, plan) == 0;
}

void
resolver_retire(struct resolver **r)
{
	(*r)->retired = true;
	(*r)->watch = NULL;
	*r = NULL;
}

struct dns_answer *
resolver_known(struct resolver *r, const char *name, enum dns_type type)
{
	struct dns_answer *answer = dns_cache_find(r->cache, name, type, seconds(r));

	r->counts->cached += answer != NULL;
	return answer;
}

struct resolver_question *
resolver_ask(
    struct resolver *r, const char *name, enum dns_type type, resolver_done_fn *done, void *arg)
{
	struct dns_answer *answer = resolver_known(r, name, type);
	struct resolver_question *q;
	struct zone_reply reply;

	if (answer != NULL) {
		done(arg, answer);
		return NULL;
	}
	q = xcalloc(1, sizeof(*q));
	q->resolver = r;
	q->done = done;
	q->arg = arg;
	q->type = type;
	strlcpy(q->name, name, sizeof(q->name));
	zone_ask(network.zone, name, type, &reply);
	q->answer = reply.answer;
	q->asked = virtual_time_now();
	q->due = q->asked + reply.delay;
	TAILQ_INSERT_TAIL(&network.questions, q, next);
	note(&network.asked, q);
	return q;
}

void
resolver_count_in(struct resolver *r, struct resolver_counts *counts)
{
	r->counts = counts;
}

void
resolver_count_cached(struct resolver *r, size_t n)
{
	r->counts->cached += n;
}

void
resolver_report_to(struct resolver *r, struct dns_watch *watch)
{
	r->watch = watch;
}

const char *
resolver_get_plan(const struct resolver *r)
{
	return r->plan;
}

size_t
resolver_cached(const struct resolver *r)
{
	return dns_cache_count(r->cache);
}

/* drop - end a query without an answer */
static void
drop(struct resolver_question *q)
{
	resolver_done_fn *done = q->done;
	void *arg = q->arg;

	note(&network.cancelled, q);
	if (virtual_time_now() - q->asked >= SILENCE_MS)
		report(q, NULL);
	forget(q);
	done(arg, NULL);
}

void
resolver_cancel(struct resolver_question *q)
{
	q->resolver->counts->cancelled++;
	drop(q);
}

void
resolver_expire(struct resolver_question *q)
{
	q->resolver->counts->timeout++;
	drop(q);
}
