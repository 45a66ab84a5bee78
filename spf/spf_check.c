/* SPDX-License-Identifier: ISC */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "common/clock.h"
#include "common/idna.h"
#include "common/log.h"
#include "common/printable.h"
#include "common/xmalloc.h"
#include "spf/spf_allow.h"
#include "spf/spf_check.h"
#include "spf/spf_evaluator.h"

/*
 * A local part is cut here for the macros; an address has 254 bytes. It keeps its right end, as the
 * names do that are made of it.
 */
#define LOCAL_MAX SPF_MACRO_VALUE_MAX

/*
 * Milliseconds that a HELO name gets while a sender is there to be checked, and that the questions
 * about the client's own names get. Neither can use up the time of the sender's domain.
 */
#define HELO_MS 5000
#define CLIENT_MS 5000

#define NEVER UINT64_MAX

/* Milliseconds after which a part that waits for a place tries again, if nothing wakes it first. */
#define PLACE_MS 500

/*
 * What is evaluated by itself. Each has a table of answers of its own: whatever a client's HELO
 * name makes us ask and keep, the check of the sender has all its room.
 */
struct check_part {
	bool wanted;
	bool done;
	bool stale;                   /* there are answers that no pass has seen */
	bool waits;                   /* for a place that others have */
	uint64_t waits_since, waited; /* since when, and for how long before that */
	struct spf_answers *answers;
	struct spf_party *party; /* on whose behalf it asks; NULL: it has not asked yet */
	size_t out;              /* questions */
	uint64_t client_by;      /* when the client's names must be known; NEVER: nobody asked */
	struct spf_request req;
	struct spf_verdict *verdict; /* NULL for the allow-lists */
	uint64_t ms;                 /* that it took */
	struct spf_check *check;
	char domain[HOSTNAME_MAX + 1];
};

enum {
	HELO,
	MAILFROM,
	ALLOW,
	PARTS,
};

struct spf_check {
	const struct spf_checker *checker;
	struct settings *settings; /* that it began with, whatever is loaded meanwhile */
	struct ipaddr client;
	enum spf_evaluator evaluator;
	struct event *timer;
	struct event *resume; /* active when answers have come */
	uint64_t started;     /* on the clock, in milliseconds */
	uint64_t due;         /* when the timer is set to, since then; or NEVER */
	bool driving;
	bool late; /* the deadline has passed */
	bool owed; /* the caller waits to be woken */
	void (*wake)(void *arg);
	void *wake_arg;
	struct check_part part[PARTS];
	/* From here on it is not cleared at the start: that would cost more than all the rest. */
	struct spf_verdicts verdicts;
	char helo_name[HOSTNAME_MAX + 1];
	char receiver[HOSTNAME_MAX + 1];
	char local[LOCAL_MAX + 1];
};

/* A question that is out: which answer it is for. It may outlive its check. */
struct check_query {
	struct check_part *part; /* NULL: nobody waits for it any more */
	struct spf_answer *answer;
	struct resolver_question *question;
	const struct spf_checker *checker;
	struct spf_inflight *inflight;
	struct spf_place place;
};

static void drive_check(struct spf_check *);
static void settle_part(struct spf_check *, struct check_part *, bool at_deadline);

static uint64_t
get_checker_ms(const struct spf_checker *checker)
{
	return clock_elapsed(checker->clock);
}

static uint64_t
get_elapsed_ms(const struct spf_check *check)
{
	return get_checker_ms(check->checker) - check->started;
}

/* schedule_resume - from the loop; a check that never had to wait has no use for it */
static void
schedule_resume(struct spf_check *check)
{
	if (!check->driving && check->resume != NULL)
		event_active(check->resume, EV_TIMEOUT, 0);
}

/* release_query - and let somebody have it who waits for one */
static void
release_query(struct check_query *query)
{
	struct check_part *part;

	spf_inflight_release(query->inflight, &query->place);
	part = spf_inflight_next(query->inflight);
	free(query);
	if (part != NULL)
		schedule_resume(part->check);
}

/* on_reply - reply is NULL when the question was given up, see drop_questions */
static void
on_reply(void *arg, struct dns_answer *reply)
{
	struct check_query *query = arg;
	struct check_part *part = query->part;
	struct spf_answer *answer = query->answer;

	release_query(query);
	if (part == NULL) {
		dns_answer_unref(&reply);
		return;
	}
	part->out--;
	part->stale = true;
	answer->owner = NULL;
	answer->answered_ms = get_elapsed_ms(part->check);
	answer->at_once = part->check->driving;
	spf_answers_set(
	    part->answers, answer, reply != NULL ? reply : dns_answer_new_error(DNS_SATURATED));
	/* Answers of one turn of the loop cost one evaluation together. */
	schedule_resume(part->check);
}

/* get_waited_ms - milliseconds for which a part had to wait for a place that others had */
static uint64_t
get_waited_ms(const struct check_part *part)
{
	return part->waited + (part->waits ? get_elapsed_ms(part->check) - part->waits_since : 0);
}

static void
set_waiting(struct check_part *part, bool waits)
{
	part->waited = get_waited_ms(part);
	part->waits = waits;
	part->waits_since = get_elapsed_ms(part->check);
}

static bool
is_pending(const struct check_part *part)
{
	return part->wanted && !part->done;
}

/* cancel_queries - of a part: nobody waits for their answers any more */
static void
cancel_queries(struct check_part *part)
{
	struct spf_answer *answer;
	struct check_query *query;

	while (part->out > 0 && (answer = spf_answers_asked(part->answers)) != NULL) {
		part->out--;
		query = answer->owner;
		answer->owner = NULL;
		answer->given_up = true;
		spf_answers_set(part->answers, answer, dns_answer_new_error(DNS_LATE));
		query->part = NULL;
		spf_inflight_abandon(query->inflight, &query->place);
		resolver_cancel(query->question); /* which may free the query */
	}
}

/* finish_part - a part that has its verdict waits for nothing any more */
static void
finish_check_part(struct spf_check *check, struct check_part *part)
{
	part->done = true;
	if (part->waits)
		set_waiting(part, false);
	part->ms = get_elapsed_ms(check);
	if (part->party != NULL)
		spf_inflight_leave(check->checker->inflight, &part->party);
}

static void
warn_of_saturation(const struct spf_checker *checker)
{
	static struct log_limit limit;
	struct spf_inflight_report report;
	char domain[PRINTABLE_SIZE];

	if (!log_allows(&limit))
		return;
	spf_inflight_report(checker->inflight, get_checker_ms(checker), &report);
	printable(domain, sizeof(domain), report.domain, strlen(report.domain));
	log_warnx(
	    "saturated questions=%zu most-network=%s (%u) most-domain=%s (%u): mail whose SPF "
	    "check needs more is deferred",
	    report.places, report.network, report.of_network, domain, report.of_domain);
}

/* note_cut - our own bounds have ended a part */
static void
note_cut(struct spf_check *check)
{
	spf_inflight_note_cut(check->checker->inflight, get_checker_ms(check->checker));
	warn_of_saturation(check->checker);
}

/* cut_part - a part, because of our own bounds: that is no verdict on anybody */
static void
cut_part(struct spf_check *check, struct check_part *part)
{
	if (!is_pending(part))
		return;
	note_cut(check);
	cancel_queries(part);
	finish_check_part(check, part);
	if (part->verdict == NULL) {
		check->verdicts.allowed = NULL;
		check->verdicts.allowed_unknown = true;
		return;
	}
	spf_verdict_init(part->verdict);
	spf_verdict_saturate(part->verdict);
}

/*
 * give_up_part - to make room for the questions of others; its oldest question is two seconds old
 *
 * For a HELO name beside a sender that is a part of its share of the time, which ends early then: a
 * silent HELO name must not defer mail whose sender is known. One that still waits for a place has
 * not had its time.
 */
static void
give_up_part(struct check_part *part)
{
	struct spf_check *check = part->check;

	if (part == &check->part[HELO] && check->part[MAILFROM].wanted && !part->waits)
		settle_part(check, part, false);
	else
		cut_part(check, part);
}

/* enforce_bounds - give up what is beyond the bounds; it may be of any check, this one included */
static void
enforce_bounds(const struct spf_checker *checker)
{
	struct check_part *part;

	while ((part = spf_inflight_excess(checker->inflight, get_checker_ms(checker))) != NULL) {
		give_up_part(part);
		schedule_resume(part->check); /* which tells its caller */
	}
}

/* join_inflight - false when too many checks of the domain wait already; then this one does not */
static bool
join_inflight(struct spf_check *check, struct check_part *part)
{
	bool is_identity = part == &check->part[MAILFROM] ||
			   (part == &check->part[HELO] && !check->part[MAILFROM].wanted);
	const struct check_part *named = part->domain[0] != '\0'        ? part
					 : check->part[MAILFROM].wanted ? &check->part[MAILFROM]
									: &check->part[HELO];

	if (part->party == NULL)
		part->party = spf_inflight_join(
		    check->checker->inflight, &check->client, named->domain, is_identity, part);
	if (part->party == NULL)
		cut_part(check, part);
	return part->party != NULL;
}

/* start_query - for a question of a part; NULL: it has to wait, or was cut off */
static struct check_query *
start_query(struct spf_check *check, struct check_part *part, struct spf_answer *answer)
{
	struct spf_inflight *inflight = check->checker->inflight;
	struct check_query *query;
	bool taken;

	enforce_bounds(check->checker);
	if (!is_pending(part) || !join_inflight(check, part))
		return NULL;
	query = xcalloc(1, sizeof(*query));
	taken = spf_inflight_take(
	    inflight, &query->place, part->party, part, get_checker_ms(check->checker));
	set_waiting(part, !taken);
	if (!taken) {
		free(query);
		return NULL;
	}
	query->part = part;
	query->answer = answer;
	query->checker = check->checker;
	query->inflight = inflight;
	return query;
}

/* ask_resolver - ask for one answer; true when it came at once, from the cache */
static bool
ask_resolver(struct spf_check *check, struct check_part *part, struct spf_answer *answer,
    struct check_query *query)
{
	struct resolver_question *question;

	answer->owner = query;
	answer->asked = true;
	answer->asked_ms = get_elapsed_ms(check);
	part->out++;
	if (answer->of_client && part->client_by == NEVER)
		part->client_by = answer->asked_ms + CLIENT_MS - get_waited_ms(part);
	question =
	    resolver_ask(check->checker->resolver, answer->name, answer->type, on_reply, query);
	if (question == NULL)
		return true;
	query->question = question;
	return false;
}

/* query_wanted - as much as there are places for; true when an answer came at once */
static bool
query_wanted(struct spf_check *check, struct check_part *part)
{
	struct spf_answer *answer;
	struct check_query *query;
	bool news = false;

	while (is_pending(part) && (answer = spf_answers_wanted(part->answers)) != NULL) {
		if (part->out >= SPF_INFLIGHT_CHECK + (size_t)answer->needed)
			break;
		query = start_query(check, part, answer);
		if (query == NULL)
			return news;
		news |= ask_resolver(check, part, answer, query);
	}
	if (part->waits) {
		set_waiting(part, false);
		spf_inflight_stop_waiting(check->checker->inflight, part->party);
	}
	return news;
}

/* evaluate_part - one pass; true with a verdict */
static bool
evaluate_part(struct spf_check *check, struct check_part *part)
{
	struct spf_allowed allowed;

	part->stale = false;
	if (part->verdict != NULL)
		return spf_evaluator_run(
		    check->evaluator, &part->req, part->answers, part->verdict);
	if (!spf_allow_eval(&check->settings->spf, &part->req, part->answers, &allowed))
		return false;
	check->verdicts.allowed = allowed.word;
	check->verdicts.allowed_unknown = allowed.unknown;
	return true;
}

/* drive_check - evaluate and ask, until verdicts or until only the network can say more */
static void
drive_check(struct spf_check *check)
{
	struct check_part *part, *end = check->part + PARTS;
	bool news;

	check->driving = true;
	do {
		for (part = check->part; part < end; part++)
			if (is_pending(part) && part->stale && evaluate_part(check, part)) {
				cancel_queries(part);
				finish_check_part(check, part);
			}
		news = false;
		for (part = check->part; part < end; part++)
			news |= query_wanted(check, part);
	} while (news);
	check->driving = false;
}

/*
 * settle_part - a part whose time is up: what is missing are errors, and these decide as errors do
 *
 * Where the part had to wait for others at the deadline, it has not had its time, and nothing is
 * known.
 */
static void
settle_part(struct spf_check *check, struct check_part *part, bool at_deadline)
{
	bool cut = at_deadline && get_waited_ms(part) > 0;

	if (!is_pending(part))
		return;
	cancel_queries(part);
	spf_answers_end(part->answers, cut ? DNS_SATURATED : DNS_LATE);
	if (!evaluate_part(check, part) || (part->verdict != NULL && part->verdict->saturated)) {
		cut_part(check, part);
		return;
	}
	finish_check_part(check, part);
}

static uint64_t
pick_earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t
get_check_deadline(const struct spf_check *check)
{
	return 1000 * (uint64_t)check->settings->spf.lookup_time;
}

/*
 * get_helo_deadline - when the HELO name must be known: it has all the time where it is all there is
 *
 * Time that it has waited for others is not its own.
 */
static uint64_t
get_helo_deadline(const struct spf_check *check)
{
	const struct check_part *helo = &check->part[HELO];

	return check->part[MAILFROM].wanted && is_pending(helo) ? HELO_MS + get_waited_ms(helo)
								: NEVER;
}

/* get_client_deadline - when the names of the client must be known, as far as a part asks for them */
static uint64_t
get_client_deadline(const struct check_part *part)
{
	return is_pending(part) && part->client_by != NEVER ? part->client_by + get_waited_ms(part)
							    : NEVER;
}

/* find_next_due - when the check has to be looked at though nothing has come */
static uint64_t
find_next_due(const struct spf_check *check)
{
	uint64_t due = pick_earlier(get_check_deadline(check), get_helo_deadline(check));
	const struct check_part *part;

	for (part = check->part; part < check->part + PARTS; part++) {
		if (!is_pending(part))
			continue;
		due = pick_earlier(due, get_client_deadline(part));
		if (part->waits)
			due = pick_earlier(due, get_elapsed_ms(check) + PLACE_MS);
	}
	return due;
}

/* set_check_timer - false: no memory */
static bool
set_check_timer(struct spf_check *check)
{
	uint64_t due = find_next_due(check), now = get_elapsed_ms(check),
		 ms = due > now ? due - now : 0;
	struct timeval delay = { (time_t)(ms / 1000), (suseconds_t)(ms % 1000 * 1000) };

	if (check->due == due)
		return true;
	check->due = due;
	return evtimer_add(check->timer, &delay) == 0;
}

/* continue_check - wait for the network, or tell the caller that it is done */
static void
continue_check(struct spf_check *check)
{
	size_t i;

	if (!spf_check_is_done(check) && !set_check_timer(check))
		for (i = 0; i < PARTS; i++)
			cut_part(check, &check->part[i]);
	if (!check->owed || !spf_check_is_done(check))
		return;
	check->owed = false;
	check->wake(check->wake_arg);
}

static void
on_resume(evutil_socket_t fd, short what, void *arg)
{
	struct spf_check *check = arg;

	(void)fd;
	(void)what;
	if (!spf_check_is_done(check))
		drive_check(check);
	continue_check(check);
}

/* end_client_names - the time of the client's names is up: they count as errors from now on */
static void
end_client_names(struct check_part *part, uint64_t now)
{
	if (now < get_client_deadline(part))
		return;
	part->client_by = NEVER;
	part->stale = true;
	spf_answers_end_client(part->answers, DNS_LATE);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct spf_check *check = arg;
	uint64_t now = get_elapsed_ms(check);
	size_t i;

	(void)fd;
	(void)what;
	check->due = NEVER;
	if (now >= get_check_deadline(check)) {
		check->late = true;
		for (i = 0; i < PARTS; i++)
			settle_part(check, &check->part[i], true);
	}
	if (now >= get_helo_deadline(check))
		settle_part(check, &check->part[HELO], false);
	for (i = 0; i < PARTS; i++)
		end_client_names(&check->part[i], now);
	if (!spf_check_is_done(check))
		drive_check(check);
	continue_check(check);
}

static bool
make_events(struct spf_check *check)
{
	if (check->timer == NULL)
		check->timer = evtimer_new(check->checker->base, on_timer, check);
	if (check->resume == NULL)
		check->resume = evtimer_new(check->checker->base, on_resume, check);
	return check->timer != NULL && check->resume != NULL;
}

/* begin_check - evaluate what is new as far as that goes without waiting, then wait for the network */
static void
begin_check(struct spf_check *check)
{
	size_t i;

	drive_check(check);
	if (spf_check_is_done(check))
		return;
	if (!make_events(check))
		for (i = 0; i < PARTS; i++)
			cut_part(check, &check->part[i]);
	continue_check(check);
	check->owed = !spf_check_is_done(check);
}

/* find_cached_answer - what the resolver has in its cache */
static struct dns_answer *
find_cached_answer(void *arg, const char *name, enum dns_type type)
{
	const struct spf_checker *checker = arg;

	return resolver_known(checker->resolver, name, type);
}

/*
 * init_part - what the engine is asked
 *
 * A name that cannot be written in A-labels becomes empty: there is nothing to look up, and the
 * result is none.
 */
static void
init_part(struct check_part *part, struct spf_check *check, const struct spf_check_request *req,
    struct text domain)
{
	const struct spf_settings *spf = &check->settings->spf;

	part->wanted = part->stale = true;
	part->client_by = NEVER;
	part->check = check;
	part->answers = spf_answers_new();
	spf_answers_set_known(part->answers, find_cached_answer, (void *)(uintptr_t)check->checker);
	part->req.ip = req->ip;
	part->req.domain.s = part->domain;
	part->req.domain.len = idna_to_ascii(part->domain, domain.s, domain.len);
	part->req.helo.s = check->helo_name;
	part->req.helo.len = strlen(check->helo_name);
	part->req.receiver = check->receiver;
	part->req.now = req->now;
	part->req.lookup_limit = (unsigned)spf->lookup_limit;
	part->req.void_limit = (unsigned)spf->void_limit;
	part->req.explain = spf->use_exp;
	part->req.trace = req->trace ? spf_trace_new() : NULL;
}

static void
copy_request_texts(struct spf_check *check, const struct spf_check_request *req)
{
	size_t len = req->sender_local.len < LOCAL_MAX ? req->sender_local.len : LOCAL_MAX;

	strlcpy(check->receiver, check->settings->spf.authserv_id, sizeof(check->receiver));
	if (len > 0)
		memcpy(check->local, req->sender_local.s + req->sender_local.len - len, len);
	check->part[MAILFROM].req.local.s = check->local;
	check->part[MAILFROM].req.local.len = len;
	check->part[HELO].req.local.s = ""; /* postmaster */
	if (req->helo.len > 0)
		idna_to_ascii(check->helo_name, req->helo.s, req->helo.len);
}

static struct spf_check *
make_check(void)
{
	struct spf_check *check = xmalloc(sizeof(*check));

	memset(check, 0, offsetof(struct spf_check, verdicts));
	spf_verdicts_init(&check->verdicts);
	check->helo_name[0] = check->receiver[0] = check->local[0] = '\0';
	return check;
}

struct spf_check *
spf_check_start(const struct spf_checker *checker, struct settings *settings,
    const struct spf_check_request *req, void (*wake)(void *arg), void *arg)
{
	struct spf_check *check = make_check();

	check->checker = checker;
	check->settings = settings_ref(settings);
	check->evaluator = req->evaluator;
	check->wake = wake;
	check->wake_arg = arg;
	check->started = get_checker_ms(checker);
	check->due = NEVER;
	check->client = req->client.family != 0 ? req->client : req->ip;
	check->part[HELO].verdict = &check->verdicts.helo;
	check->part[MAILFROM].verdict = &check->verdicts.mailfrom;
	check->verdicts.has_helo = req->check_helo;
	check->verdicts.has_mailfrom = req->check_mailfrom;
	/* The address and the limits; the allow-lists are not wanted yet. */
	check->part[ALLOW].req.ip = req->ip;
	copy_request_texts(check, req);
	if (req->check_helo)
		init_part(&check->part[HELO], check, req, req->helo);
	if (req->check_mailfrom)
		init_part(&check->part[MAILFROM], check, req, req->sender_domain);
	begin_check(check);
	return check;
}

void
spf_check_allow(struct spf_check *check)
{
	static const struct text no_domain = { "", 0 };
	struct spf_check_request req = { .ip = check->part[ALLOW].req.ip };
	struct check_part *part = &check->part[ALLOW];

	check->verdicts.has_allowed = true;
	if (part->wanted)
		return;
	if (check->late) {
		check->verdicts.allowed_unknown = true;
		return;
	}
	init_part(part, check, &req, no_domain);
	begin_check(check);
}

bool
spf_check_is_done(const struct spf_check *check)
{
	size_t i;

	for (i = 0; i < PARTS; i++)
		if (is_pending(&check->part[i]))
			return false;
	return true;
}

const struct spf_verdicts *
spf_check_verdicts(const struct spf_check *check)
{
	return &check->verdicts;
}

static const struct check_part *
find_check_part(const struct spf_check *check, enum spf_identity identity)
{
	return &check->part[identity == SPF_IDENTITY_HELO ? HELO : MAILFROM];
}

const struct spf_trace *
spf_check_trace(const struct spf_check *check, enum spf_identity identity)
{
	return find_check_part(check, identity)->req.trace;
}

bool
spf_check_used_network(const struct spf_check *check, enum spf_identity identity)
{
	const struct check_part *part = find_check_part(check, identity);

	return part->wanted && spf_answers_used_network(part->answers);
}

uint64_t
spf_check_ms(const struct spf_check *check, enum spf_identity identity)
{
	return find_check_part(check, identity)->ms;
}

const char *
spf_check_domain(const struct spf_check *check, enum spf_identity identity)
{
	return find_check_part(check, identity)->domain;
}

size_t
spf_check_questions(const struct spf_check *check)
{
	size_t i, n = 0;

	for (i = 0; i < PARTS; i++)
		if (check->part[i].wanted)
			n += spf_answers_questions(check->part[i].answers);
	return n;
}

static void
free_check_part(struct spf_check *check, struct check_part *part)
{
	cancel_queries(part);
	if (part->party != NULL)
		spf_inflight_leave(check->checker->inflight, &part->party);
	spf_answers_free(&part->answers);
	spf_trace_free(&part->req.trace);
}

void
spf_check_free(struct spf_check **checkp)
{
	struct spf_check *check = *checkp;
	size_t i;

	if (check == NULL)
		return;
	for (i = 0; i < PARTS; i++)
		free_check_part(check, &check->part[i]);
	if (check->timer != NULL)
		event_free(check->timer);
	if (check->resume != NULL)
		event_free(check->resume);
	settings_free(&check->settings);
	free(check);
	*checkp = NULL;
}
