/* SPDX-License-Identifier: ISC */
#include <sys/types.h>
#include <sys/queue.h>

#ifdef HAVE_MALLOC_TRIM
#include <malloc.h>
#endif
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "common/clock.h"
#include "common/hash.h"
#include "common/hostname.h"
#include "common/xmalloc.h"
#include "spf/dns/dns_cache.h"
#include "spf/dns/dns_watch.h"
#include "spf/dns/resolver.h"
#include "spf/dns/unbound_context.h"

/*
 * Contexts that take turns. An attempt begins in the turn of its context and lasts four seconds for
 * each nameserver: libunbound sends two packets, and waits two seconds for an answer to each. After
 * that it remembers for five seconds that the name has failed. So a context has forgotten the
 * failures of one turn before its next turn.
 *
 * A name that was silent twice gets one attempt in a patient context, over TCP. This serves a
 * nameserver that needs some seconds to answer a forwarder without a cache. By then the time of
 * HELO names and of the client's own names has expired, so that few queries reach this context.
 */
#define CONTEXTS 6
#define TURN_MS 2000
#define PATIENT CONTEXTS
#define SILENCES_BEFORE_PATIENCE 2

/* A failure after this time is silence; an earlier one was reported by the DNS. */
#define ANSWERED_MS 1900

/* Attempts of a query that libunbound may fail without sending it; one more is an error. */
#define UNSENT_MAX 3

struct resolver {
	struct event_base *base;
	struct unbound_context *context[CONTEXTS + 1]; /* the last one is PATIENT */
	char *plan;
	bool retired;
	bool ending; /* on_retired is scheduled */
	struct resolver_counts *counts;
	struct resolver_counts own_counts; /* used before resolver_count_in */
	struct dns_watch *watch;           /* or NULL */
	struct dns_cache *cache;
	const struct clock *clock;
	resolver_prepare_fn *prepare; /* or NULL */
	LIST_HEAD(, resolver_question) questions;
};

struct resolver_question {
	LIST_ENTRY(resolver_question) next;
	struct resolver *resolver;
	resolver_done_fn *done;
	void *arg;
	bool wanted; /* not cancelled */
	bool out;    /* libunbound has it, in this context */
	struct unbound_context *context;
	struct unbound_query query;
	uint64_t started, sent; /* the first attempt, and this one */
	unsigned unsent;        /* attempts that libunbound has failed at once */
	unsigned silences;      /* attempts without an answer */
	bool failed;            /* the DNS has reported one failure */
	bool *gone;             /* set when this is freed; NULL unless unbound_context_ask runs */
	struct event *again;    /* starts the next attempt; NULL during the first one */
	enum dns_type type;
	uint32_t hash; /* of the name */
	char name[HOSTNAME_MAX + 1];
};

bool
resolver_is_for(const struct resolver *r, const char *plan)
{
	return strcmp(plan, r->plan) == 0;
}

struct resolver *
resolver_new(const struct resolver_host *host, const struct settings *settings, const char *plan,
    char *error, size_t size)
{
	struct resolver *r = xcalloc(1, sizeof(*r));
	size_t i;

	LIST_INIT(&r->questions);
	r->cache = dns_cache_new();
	r->clock = host->clock;
	r->base = host->base;
	r->prepare = host->prepare;
	r->counts = &r->own_counts;
	r->plan = xstrdup(plan);
	for (i = 0; i <= PATIENT; i++) {
		r->context[i] =
		    unbound_context_new(host->base, settings, plan, i == PATIENT, error, size);
		if (r->context[i] == NULL) {
			resolver_free(&r);
			break;
		}
	}
	return r;
}

static void
free_question(struct resolver_question *q)
{
	LIST_REMOVE(q, next);
	if (q->again != NULL)
		event_free(q->again);
	free(q);
}

/* end_question - free it and hand its answer over; NULL: it was cancelled */
static void
end_question(struct resolver_question *q, struct dns_answer *answer)
{
	resolver_done_fn *done = q->done;
	void *arg = q->arg;

	if (q->gone != NULL)
		*q->gone = true;
	free_question(q);
	done(arg, answer);
}

void
resolver_free(struct resolver **rp)
{
	struct resolver *r = *rp;
	struct resolver_question *q;
	size_t i;

	if (r == NULL)
		return;
	while ((q = LIST_FIRST(&r->questions)) != NULL) {
		if (q->out)
			unbound_context_cancel(&q->query);
		end_question(q, NULL);
	}
	for (i = 0; i <= PATIENT; i++)
		unbound_context_free(&r->context[i]);
	dns_cache_free(&r->cache);
	free(r->plan);
	free(r);
	*rp = NULL;
}

static void
on_retired(evutil_socket_t fd, short what, void *arg)
{
	struct resolver *r = arg;

	(void)fd;
	(void)what;
	resolver_free(&r);
#ifdef HAVE_MALLOC_TRIM
	/* The memory of libunbound's contexts is spread over many pages. */
	malloc_trim(0);
#endif
}

static bool
has_wanted_question(const struct resolver *r)
{
	const struct resolver_question *q;

	LIST_FOREACH (q, &r->questions, next)
		if (q->wanted)
			return true;
	return false;
}

/* schedule_end - from the loop, because libunbound may be calling us with the last answer */
static void
schedule_end(struct resolver *r)
{
	static const struct timeval at_once = { 0, 0 };

	if (!r->retired || r->ending || has_wanted_question(r))
		return;
	r->ending = true;
	event_base_once(r->base, -1, EV_TIMEOUT, on_retired, r, &at_once);
}

void
resolver_retire(struct resolver **r)
{
	(*r)->retired = true;
	(*r)->watch = NULL;
	schedule_end(*r);
	*r = NULL;
}

static uint64_t
get_cache_time(const struct resolver *r)
{
	return clock_elapsed(r->clock) / 1000;
}

static void
count_answer(struct resolver *r, const struct dns_answer *answer)
{
	switch (answer->status) {
	case DNS_FOUND:
		r->counts->found++;
		break;
	case DNS_VOID:
		r->counts->none++;
		break;
	case DNS_ERROR:
		if (answer->failure == DNS_LATE)
			r->counts->timeout++;
		else
			r->counts->failed++;
		break;
	}
}

/* read_answer - with the data that its users derive from it */
static struct dns_answer *
read_answer(const struct resolver_question *q, const struct unbound_reply *reply)
{
	struct dns_answer *answer = unbound_context_read(reply, q->type);

	if (q->resolver->prepare != NULL)
		q->resolver->prepare(answer, q->type);
	return answer;
}

/* conclude_question - end it with an answer of the DNS, or with an error of the resolver */
static void
conclude_question(struct resolver_question *q, struct dns_answer *answer)
{
	struct resolver *r = q->resolver;

	count_answer(r, answer);
	dns_cache_put(r->cache, q->name, q->type, answer, get_cache_time(r));
	end_question(q, answer);
	schedule_end(r);
}

static bool send_question(struct resolver_question *q);

static void
on_attempt_due(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	send_question(arg);
}

/* schedule_attempt - the next one, in some milliseconds, from the loop; false: no memory */
static bool
schedule_attempt(struct resolver_question *q, unsigned ms)
{
	struct timeval delay = { ms / 1000, ms % 1000 * 1000 };

	if (q->again == NULL)
		q->again = evtimer_new(q->resolver->base, on_attempt_due, q);
	return q->again != NULL && evtimer_add(q->again, &delay) == 0;
}

/*
 * retry_question - after an attempt without an answer; it may be freed when this returns
 *
 * After silence the next attempt follows at once, in another context. If libunbound failed the
 * attempt at once, it did not send the query, or has just failed on the same name. The attempt then
 * waits for the next context, which has not seen that failure.
 */
static void
retry_question(struct resolver_question *q, bool unsent)
{
	uint64_t now = clock_elapsed(q->resolver->clock);
	bool over = unsent ? ++q->unsent > UNSENT_MAX : now - q->started >= RESOLVER_LONGEST;

	q->silences += !unsent || q->silences == SILENCES_BEFORE_PATIENCE;

	if (over || !schedule_attempt(q, unsent ? TURN_MS - (unsigned)(now % TURN_MS) : 0))
		conclude_question(
		    q, dns_answer_new_error(unsent || !over ? DNS_SATURATED : DNS_LATE));
}

/* note_silence - of the nameserver, if the attempt has lasted long enough to show it */
static bool
note_silence(const struct resolver_question *q)
{
	struct resolver *r = q->resolver;
	uint64_t now = clock_elapsed(r->clock);
	bool silent = now - q->sent >= ANSWERED_MS;

	if (silent && r->watch != NULL)
		dns_watch_note_silence(r->watch, q->name, q->sent, now);
	return silent;
}

/* report_attempt - which libunbound has not ended by itself, from its cache or for its limits */
static void
report_attempt(const struct resolver_question *q, const struct unbound_reply *reply)
{
	struct resolver *r = q->resolver;
	uint64_t now = clock_elapsed(r->clock);

	if (r->watch == NULL || reply->limited)
		return;
	if (unbound_context_has_answer(reply))
		dns_watch_note_answer(r->watch, now);
	else if (!note_silence(q) && q->context != r->context[PATIENT])
		dns_watch_note_error(r->watch, q->name, q->sent, now);
}

static void
on_unbound_reply(void *arg, const struct unbound_reply *reply)
{
	struct resolver_question *q = arg;
	struct resolver *r = q->resolver;
	struct dns_answer *answer;
	bool at_once = q->gone != NULL, silence;

	q->out = false;
	if (!at_once)
		report_attempt(q, reply);
	if (!q->wanted) {
		end_question(q, NULL);
		schedule_end(r);
		return;
	}
	/* The patient context also fails if the nameserver does not accept TCP. */
	silence =
	    clock_elapsed(r->clock) - q->sent >= ANSWERED_MS || q->context == r->context[PATIENT];
	answer = read_answer(q, reply);
	if (answer->status != DNS_ERROR || answer->security == DNS_BOGUS) {
		conclude_question(q, answer);
	} else if (reply->limited || at_once || silence) {
		dns_answer_unref(&answer);
		retry_question(q, reply->limited || at_once);
	} else if (!q->failed && schedule_attempt(q, 0)) {
		/* The forwarder may use another server for the second attempt. */
		dns_answer_unref(&answer);
		q->failed = true;
	} else {
		conclude_question(q, answer);
	}
}

static struct resolver_question *
make_question(
    struct resolver *r, const char *name, enum dns_type type, resolver_done_fn *done, void *arg)
{
	struct resolver_question *q = xcalloc(1, sizeof(*q));

	q->resolver = r;
	q->done = done;
	q->arg = arg;
	q->type = type;
	q->hash = hash_bytes(HASH_BEGIN, name, strlen(name));
	q->query.done = on_unbound_reply;
	q->query.arg = q;
	q->wanted = true;
	q->started = clock_elapsed(r->clock);
	strlcpy(q->name, name, sizeof(q->name));
	LIST_INSERT_HEAD(&r->questions, q, next);
	return q;
}

/*
 * choose_context - the one whose turn it is, or for one attempt the patient one
 *
 * A context remembers a failure, so the attempt after one uses the context with the most distant
 * turn.
 */
static struct unbound_context *
choose_context(const struct resolver_question *q)
{
	const struct resolver *r = q->resolver;
	uint64_t turn = clock_elapsed(r->clock) / TURN_MS;

	if (q->silences == SILENCES_BEFORE_PATIENCE)
		return r->context[PATIENT];
	return r->context[(turn + (q->failed ? CONTEXTS / 2 : 0)) % CONTEXTS];
}

/*
 * find_attempt_start - when libunbound sent the query that answers this attempt, too
 *
 * libunbound combines queries for the same name and type, and fails them together.
 */
static uint64_t
find_attempt_start(const struct resolver_question *q)
{
	uint64_t start = clock_elapsed(q->resolver->clock);
	const struct resolver_question *other;

	LIST_FOREACH (other, &q->resolver->questions, next)
		if (other->hash == q->hash && other->out && other->context == q->context &&
		    other->type == q->type && strcmp(other->name, q->name) == 0 &&
		    other->sent < start)
			start = other->sent;
	return start;
}

/* send_question - make an attempt; false when the question was freed before this returns */
static bool
send_question(struct resolver_question *q)
{
	enum dns_failure failure;
	bool gone = false, accepted;

	q->context = choose_context(q);
	q->sent = find_attempt_start(q);
	q->gone = &gone;
	q->out = true;
	accepted = unbound_context_ask(q->context, &q->query, q->name, q->type, &failure);
	if (gone)
		return false;
	q->gone = NULL;
	if (accepted)
		return true;
	q->out = false;
	conclude_question(q, dns_answer_new_error(failure));
	return false;
}

struct dns_answer *
resolver_known(struct resolver *r, const char *name, enum dns_type type)
{
	struct dns_answer *answer = dns_cache_find(r->cache, name, type, get_cache_time(r));

	r->counts->cached += answer != NULL;
	return answer;
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

struct resolver_question *
resolver_ask(
    struct resolver *r, const char *name, enum dns_type type, resolver_done_fn *done, void *arg)
{
	struct dns_answer *answer = resolver_known(r, name, type);
	struct resolver_question *q;

	if (answer == NULL) {
		q = make_question(r, name, type, done, arg);
		return send_question(q) ? q : NULL;
	}
	done(arg, answer);
	return NULL;
}

static void
abandon_question(struct resolver_question *q)
{
	struct resolver *r = q->resolver;

	q->wanted = false;
	if (q->out)
		note_silence(q); /* the end of the attempt may be minutes away */
	else
		end_question(q, NULL);
	schedule_end(r);
}

void
resolver_cancel(struct resolver_question *q)
{
	q->resolver->counts->cancelled++;
	abandon_question(q);
}

void
resolver_expire(struct resolver_question *q)
{
	q->resolver->counts->timeout++;
	abandon_question(q);
}
