/* SPDX-License-Identifier: ISC */
#include <stdlib.h>

#include "common/clock.h"
#include "common/xmalloc.h"
#include "spf/dns/resolver.h"
#include "spf/spf_check.h"
#include "spf/spf_lookups.h"

/*
 * The time for queries about the names of the client. They cannot use up the time of the sender's
 * domain.
 */
#define CLIENT_MS 5000

/* A pending query. */
struct lookup_query {
	struct spf_lookups *lookups; /* NULL after spf_lookups_cancel */
	struct spf_answer *answer;
	struct resolver_question *question;
	struct spf_inflight *inflight;
	struct spf_place place;
};

/* find_cached_answer - a spf_answers_known_fn */
static struct dns_answer *
find_cached_answer(void *arg, const char *name, enum dns_type type)
{
	const struct spf_lookups *lookups = arg;

	return resolver_known(lookups->checker->resolver, name, type);
}

void
spf_lookups_init(struct spf_lookups *lookups, const struct spf_checker *checker,
    const struct spf_lookups_user *user, void *owner, uint64_t started)
{
	*lookups = (struct spf_lookups){
		.checker = checker,
		.user = user,
		.owner = owner,
		.started = started,
		.answers = spf_answers_new(),
		.stale = true,
		.client_by = SPF_LOOKUPS_NEVER,
	};
	spf_answers_set_known(lookups->answers, find_cached_answer, lookups);
}

uint64_t
spf_lookups_elapsed(const struct spf_lookups *lookups)
{
	return clock_elapsed(lookups->checker->clock) - lookups->started;
}

uint64_t
spf_lookups_waited(const struct spf_lookups *lookups)
{
	if (!lookups->waits)
		return lookups->waited;
	return lookups->waited + spf_lookups_elapsed(lookups) - lookups->waits_since;
}

static void
set_waiting(struct spf_lookups *lookups, bool waits)
{
	lookups->waited = spf_lookups_waited(lookups);
	lookups->waits = waits;
	lookups->waits_since = spf_lookups_elapsed(lookups);
}

/* release_query - free it and its place, and wake an evaluation that waits for a place */
static void
release_query(struct lookup_query *query)
{
	struct spf_lookups *next;

	spf_inflight_release(query->inflight, &query->place);
	next = spf_inflight_next(query->inflight);
	free(query);
	if (next != NULL)
		next->user->wake(next);
}

/* on_reply - reply is NULL if the query was cancelled, perhaps by the resolver */
static void
on_reply(void *arg, struct dns_answer *reply)
{
	struct lookup_query *query = arg;
	struct spf_lookups *lookups = query->lookups;
	struct spf_answer *answer = query->answer;

	release_query(query);
	if (lookups == NULL) {
		dns_answer_unref(&reply);
		return;
	}
	lookups->pending--;
	lookups->stale = true;
	answer->owner = NULL;
	answer->answered_ms = spf_lookups_elapsed(lookups);
	answer->at_once = lookups->asking;
	spf_answers_set(
	    lookups->answers, answer, reply != NULL ? reply : dns_answer_new_error(DNS_SATURATED));
	/* All answers of one turn of the event loop cost one evaluation. */
	lookups->user->wake(lookups);
}

/* make_query - with a place; NULL: it has to wait for one, or the evaluation has ended */
static struct lookup_query *
make_query(struct spf_lookups *lookups, struct spf_answer *answer)
{
	struct spf_inflight *inflight = lookups->checker->inflight;
	struct lookup_query *query;
	bool taken;

	if (!lookups->user->may_query(lookups))
		return NULL;
	query = xcalloc(1, sizeof(*query));
	taken = spf_inflight_take(inflight, &query->place, lookups->party, lookups,
	    clock_elapsed(lookups->checker->clock));
	set_waiting(lookups, !taken);
	if (!taken) {
		free(query);
		return NULL;
	}
	query->lookups = lookups;
	query->answer = answer;
	query->inflight = inflight;
	return query;
}

/* send_query - true if its answer came at once, from the cache */
static bool
send_query(struct spf_lookups *lookups, struct spf_answer *answer, struct lookup_query *query)
{
	struct resolver_question *question;

	answer->owner = query;
	answer->asked = true;
	answer->asked_ms = spf_lookups_elapsed(lookups);
	lookups->pending++;
	if (answer->of_client && lookups->client_by == SPF_LOOKUPS_NEVER)
		lookups->client_by = answer->asked_ms + CLIENT_MS - spf_lookups_waited(lookups);
	lookups->asking = true;
	question =
	    resolver_ask(lookups->checker->resolver, answer->name, answer->type, on_reply, query);
	lookups->asking = false;
	if (question == NULL)
		return true;
	query->question = question;
	return false;
}

bool
spf_lookups_send(struct spf_lookups *lookups)
{
	struct spf_answer *answer;
	struct lookup_query *query;
	bool news = false;

	while ((answer = spf_answers_wanted(lookups->answers)) != NULL) {
		if (lookups->pending >= SPF_INFLIGHT_CHECK + (size_t)answer->needed)
			break;
		query = make_query(lookups, answer);
		if (query == NULL)
			return news;
		news |= send_query(lookups, answer, query);
	}
	if (lookups->waits) {
		set_waiting(lookups, false);
		spf_inflight_stop_waiting(lookups->checker->inflight, lookups->party);
	}
	return news;
}

/* is_expired - has the time for the answer passed, although the evaluation goes on? */
static bool
is_expired(const struct spf_lookups *lookups, const struct spf_answer *answer)
{
	return answer->of_client && spf_answers_client_error(lookups->answers) != NULL;
}

static void
end_queries(struct spf_lookups *lookups, bool late)
{
	struct spf_answer *answer;
	struct lookup_query *query;
	bool expired;

	while (lookups->pending > 0 && (answer = spf_answers_asked(lookups->answers)) != NULL) {
		expired = late || is_expired(lookups, answer);
		lookups->pending--;
		query = answer->owner;
		answer->owner = NULL;
		answer->given_up = true;
		spf_answers_set(lookups->answers, answer, dns_answer_new_error(DNS_LATE));
		query->lookups = NULL;
		spf_inflight_abandon(query->inflight, &query->place);
		/* Either may free the query. */
		if (expired)
			resolver_expire(query->question);
		else
			resolver_cancel(query->question);
	}
}

void
spf_lookups_cancel(struct spf_lookups *lookups)
{
	end_queries(lookups, false);
}

void
spf_lookups_expire(struct spf_lookups *lookups)
{
	end_queries(lookups, true);
}

void
spf_lookups_leave(struct spf_lookups *lookups)
{
	if (lookups->waits)
		set_waiting(lookups, false);
	if (lookups->party != NULL)
		spf_inflight_leave(lookups->checker->inflight, &lookups->party);
}

uint64_t
spf_lookups_client_deadline(const struct spf_lookups *lookups)
{
	if (lookups->client_by == SPF_LOOKUPS_NEVER)
		return SPF_LOOKUPS_NEVER;
	return lookups->client_by + spf_lookups_waited(lookups);
}

void
spf_lookups_end_client(struct spf_lookups *lookups)
{
	lookups->client_by = SPF_LOOKUPS_NEVER;
	lookups->stale = true;
	spf_answers_end_client(lookups->answers, DNS_LATE);
}

void
spf_lookups_free(struct spf_lookups *lookups)
{
	spf_lookups_cancel(lookups);
	if (lookups->party != NULL)
		spf_inflight_leave(lookups->checker->inflight, &lookups->party);
	spf_answers_free(&lookups->answers);
}
