/* SPDX-License-Identifier: ISC */
#include <sys/queue.h>

#include <stdlib.h>
#include <string.h>

#include <event2/event.h>
#include <event2/event_struct.h>

#include "common/printable.h"
#include "common/xmalloc.h"
#include "srsd/service/control_recent.h"

/* Decisions that one request looks at. */
#define SCAN_MAX 10000

/* Decisions are collected for this time before the sessions that wait are woken, in milliseconds. */
#define COLLECT_MS 20

struct recent_question {
	struct control_recent *shared;
	json_t *request; /* has the texts of the filter */
	struct recent_filter filter;
	uint64_t from;   /* the next number to look at */
	uint64_t missed; /* numbers that were gone before */
	bool wait;
	bool waiting; /* is in the list */
	unsigned round;
	TAILQ_ENTRY(recent_question) next;
	void (*wake)(void *arg);
	void *arg;
};

struct control_recent {
	struct recent *recent;
	const struct clock *clock;
	unsigned followers;
	bool ending;
	struct event collected; /* a timer */
	unsigned round;         /* of wake_followers */
	TAILQ_HEAD(, recent_question) waiting;
};

static void
leave_waiting_list(struct recent_question *q)
{
	if (!q->waiting)
		return;
	q->waiting = false;
	TAILQ_REMOVE(&q->shared->waiting, q, next);
}

/* wake_followers - a session may wait again at once, and is then in the next round */
static void
wake_followers(struct control_recent *shared)
{
	unsigned round = ++shared->round;
	struct recent_question *q;

	recent_watch(shared->recent, NULL, NULL);
	while ((q = TAILQ_FIRST(&shared->waiting)) != NULL && q->round != round) {
		leave_waiting_list(q);
		q->wake(q->arg);
	}
}

static void
on_decisions_collected(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	wake_followers(arg);
}

/* on_decision - of recent_watch; the sessions run later, because another one runs now */
static void
on_decision(void *arg)
{
	static const struct timeval wait = { 0, COLLECT_MS * 1000 };
	struct control_recent *shared = arg;

	recent_watch(shared->recent, NULL, NULL);
	event_add(&shared->collected, &wait);
}

struct control_recent *
control_recent_new(struct event_base *base, const struct clock *clock, struct recent *recent)
{
	struct control_recent *shared = xcalloc(1, sizeof(*shared));

	shared->recent = recent;
	shared->clock = clock;
	TAILQ_INIT(&shared->waiting);
	evtimer_assign(&shared->collected, base, on_decisions_collected, shared);
	return shared;
}

void
control_recent_free(struct control_recent **shared)
{
	if (*shared == NULL)
		return;
	event_del(&(*shared)->collected);
	recent_watch((*shared)->recent, NULL, NULL);
	free(*shared);
	*shared = NULL;
}

void
control_recent_end(struct control_recent *shared)
{
	shared->ending = true;
	wake_followers(shared);
}

/* read_filter_text - false: the member is neither missing nor a text */
static bool
read_filter_text(struct text *text, const json_t *request, const char *name)
{
	const json_t *value = json_object_get(request, name);

	text->s = json_string_value(value);
	text->len = json_string_length(value);
	return value == NULL || text->s != NULL;
}

static bool
read_recent_filter(struct recent_filter *filter, const json_t *request)
{
	return read_filter_text(&filter->queue, request, "queue") &&
	       read_filter_text(&filter->client, request, "client") &&
	       read_filter_text(&filter->address, request, "address") &&
	       read_filter_text(&filter->domain, request, "domain") &&
	       read_filter_text(&filter->result, request, "result");
}

static json_int_t
get_request_number(const json_t *request, const char *name)
{
	json_int_t number = json_integer_value(json_object_get(request, name));

	return number < 0 ? 0 : number;
}

/* find_first_number - where the request begins */
static uint64_t
find_first_number(const struct control_recent *shared, const struct recent_question *q)
{
	json_int_t last = get_request_number(q->request, "last");

	if (json_object_get(q->request, "last") != NULL)
		return recent_seek(shared->recent, &q->filter, (size_t)last);
	return (uint64_t)get_request_number(q->request, "from");
}

/* join_followers - false: there are too many */
static bool
join_followers(struct control_recent *shared, bool *follows)
{
	if (*follows)
		return true;
	if (shared->followers == CONTROL_RECENT_FOLLOWERS)
		return false;
	shared->followers++;
	*follows = true;
	return true;
}

struct recent_question *
control_recent_ask(struct control_recent *shared, const json_t *request, bool *follows,
    void (*wake)(void *arg), void *arg, const char **error)
{
	bool wait = json_is_true(json_object_get(request, "wait"));
	struct recent_filter unused;
	struct recent_question *q;

	if (recent_size(shared->recent) == 0) {
		*error = "no decisions are kept: recent-decisions is 0";
		return NULL;
	}
	if (!read_recent_filter(&unused, request)) {
		*error = "a filter is not a text";
		return NULL;
	}
	if (wait && !join_followers(shared, follows)) {
		*error = "4 others already follow the decisions";
		return NULL;
	}
	recent_expire(shared->recent, clock_wall(shared->clock));
	q = xcalloc(1, sizeof(*q));
	q->shared = shared;
	q->request = json_deep_copy(request);
	read_recent_filter(&q->filter, q->request);
	q->wait = wait;
	q->wake = wake;
	q->arg = arg;
	q->from = find_first_number(shared, q);
	return q;
}

static void
put_decision_word(json_t *object, const char *name, const char *word)
{
	if (word != NULL)
		json_object_set_new(object, name, json_string(word));
}

/* has_null_sender - an empty text; the maps have decisions without a sender, and it may be cut */
static bool
has_null_sender(const struct recent_decision *d, enum recent_text which)
{
	return which == RECENT_SENDER && (d->cut >> which & 1) == 0 &&
	       (d->service == RECENT_POLICY || d->service == RECENT_MILTER);
}

static void
put_decision_texts(json_t *object, const struct recent_decision *d)
{
	char shown[PRINTABLE_SIZE];
	struct text text;
	int i;

	for (i = 0; i < RECENT_TEXTS; i++) {
		text = recent_text(d, (enum recent_text)i);
		if (text.len == 0 && !has_null_sender(d, (enum recent_text)i))
			continue;
		printable(shown, sizeof(shown), text.s, text.len);
		json_object_set_new(
		    object, recent_text_name((enum recent_text)i), json_string(shown));
	}
}

static json_t *
describe_decision(const struct recent_decision *d, uint64_t number)
{
	json_t *object = json_pack("{s:I, s:I, s:s}", "number", (json_int_t)number, "time",
	    (json_int_t)d->at, "service", recent_service_name((enum recent_service)d->service));

	put_decision_texts(object, d);
	put_decision_word(object, "kind", d->kind);
	put_decision_word(object, "result", d->result);
	put_decision_word(object, "identity", d->identity);
	put_decision_word(object, "action", d->action);
	put_decision_word(object, "reason", d->reason);
	put_decision_word(object, "would", d->would);
	if (d->service == RECENT_POLICY)
		json_object_set_new(object, "ms", json_integer(d->ms));
	if (d->cut != 0)
		json_object_set_new(object, "cut", json_true());
	return object;
}

/* list_decisions - the next ones that match; advances q->from */
static json_t *
list_decisions(struct recent_question *q)
{
	const struct recent *recent = q->shared->recent;
	const struct recent_decision *d;
	json_t *list = json_array();
	uint64_t end;

	if (q->from > recent_next(recent)) /* of an engine that is gone */
		q->from = recent_oldest(recent);
	if (q->from < recent_oldest(recent)) {
		q->missed += q->from == 0 ? 0 : recent_oldest(recent) - q->from;
		q->from = recent_oldest(recent);
	}
	end = q->from + SCAN_MAX;
	while (q->from < end && json_array_size(list) < CONTROL_RECENT_PAGE) {
		d = recent_get(recent, q->from);
		if (d == NULL)
			break;
		if (recent_matches(d, &q->filter))
			json_array_append_new(list, describe_decision(d, q->from));
		q->from++;
	}
	return list;
}

/* describe_kept - how many decisions there are, and since when */
static json_t *
describe_kept(const struct recent *recent)
{
	uint64_t oldest = recent_oldest(recent);
	const struct recent_decision *first = recent_get(recent, oldest);

	return json_pack("{s:I, s:o}", "decisions", (json_int_t)(recent_next(recent) - oldest),
	    "since", first == NULL ? json_null() : json_integer(first->at));
}

static void
join_waiting_list(struct recent_question *q)
{
	struct control_recent *shared = q->shared;

	if (!q->waiting) {
		q->waiting = true;
		q->round = shared->round;
		TAILQ_INSERT_TAIL(&shared->waiting, q, next);
	}
	if (!event_pending(&shared->collected, EV_TIMEOUT, NULL))
		recent_watch(shared->recent, on_decision, shared);
}

json_t *
control_recent_report(struct recent_question *q)
{
	json_t *list = list_decisions(q), *report;
	bool more = q->from < recent_next(q->shared->recent);

	if (q->wait && !q->shared->ending && json_array_size(list) == 0 && !more &&
	    q->missed == 0) {
		json_decref(list);
		join_waiting_list(q);
		return NULL;
	}
	report = json_pack("{s:o, s:I, s:b, s:I}", "decisions", list, "next", (json_int_t)q->from,
	    "more", more, "missed", (json_int_t)q->missed);
	if (json_array_size(list) == 0)
		json_object_set_new(report, "kept", describe_kept(q->shared->recent));
	if (q->shared->ending)
		json_object_set_new(report, "ending", json_true());
	return report;
}

void
control_recent_free_question(struct recent_question **question)
{
	struct recent_question *q = *question;

	*question = NULL;
	if (q == NULL)
		return;
	leave_waiting_list(q);
	json_decref(q->request);
	free(q);
}

void
control_recent_leave(struct control_recent *shared, bool *follows)
{
	if (*follows)
		shared->followers--;
	*follows = false;
}

static json_t *
list_busiest(const struct recent *recent, uint64_t from, enum recent_order order)
{
	struct recent_count counts[CONTROL_RECENT_DOMAINS];
	size_t n = recent_busiest(recent, from, order, counts, CONTROL_RECENT_DOMAINS), i;
	char shown[PRINTABLE_SIZE];
	json_t *list = json_array();

	for (i = 0; i < n; i++) {
		printable(shown, sizeof(shown), counts[i].domain, strlen(counts[i].domain));
		json_array_append_new(list,
		    json_pack("{s:s, s:I, s:I}", "domain", shown, "decisions",
			(json_int_t)counts[i].decisions, "refused", (json_int_t)counts[i].refused));
	}
	return list;
}

json_t *
control_recent_top(const struct control_recent *shared)
{
	struct recent *recent = shared->recent;
	const struct recent_decision *first;
	uint64_t from, next;

	recent_expire(recent, clock_wall(shared->clock));
	from = recent_oldest(recent);
	next = recent_next(recent);
	if (next - from > SCAN_MAX)
		from = next - SCAN_MAX;
	first = recent_get(recent, from);
	return json_pack("{s:I, s:o, s:o, s:o}", "decisions", (json_int_t)(next - from), "since",
	    first == NULL ? json_null() : json_integer(first->at), "busiest",
	    list_busiest(recent, from, RECENT_BY_DECISIONS), "refused",
	    list_busiest(recent, from, RECENT_BY_REFUSED));
}
