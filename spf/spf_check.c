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
#include "spf/spf_lookups.h"
#include "spf/spf_memory.h"
#include "spf/spf_record_set.h"

/*
 * A longer local part is cut for the macros; an address has at most 254 bytes. It keeps its right
 * end, like the names that are made from it.
 */
#define LOCAL_MAX SPF_MACRO_VALUE_MAX

/*
 * Milliseconds for the evaluation of a HELO name if a sender is evaluated, too, so that a HELO name
 * cannot use up the time of the sender's domain.
 */
#define HELO_MS 5000

/* The limits of RFC 7208, 4.6.4. */
#define RFC_LOOKUPS 10
#define RFC_VOIDS 2

/* Milliseconds after which a part that waits for a place tries again, unless it is woken before. */
#define PLACE_MS 500

/*
 * An evaluation. Each has its own table of answers, so that the queries of a HELO name leave room
 * for those of the sender.
 */
struct check_part {
	bool wanted;
	bool done;
	bool recalled; /* the verdict is that of an earlier check, and there are no lookups */
	struct spf_memory_basis basis; /* of a verdict that was recalled */
	struct spf_lookups lookups;
	struct spf_request req;
	struct spf_verdict *verdict; /* NULL for ALLOW and FURTHER */
	uint64_t ms;                 /* from the start of the check to the verdict */
	struct spf_check *check;
	char *domain; /* in A-labels; "" without one */
};

enum {
	HELO,
	MAILFROM,
	ALLOW,
	FURTHER,
	PARTS,
};

/* Deadlines are in milliseconds since the start. */
struct spf_check {
	const struct spf_checker *checker;
	struct settings *settings;        /* those of the start, even after a reload */
	const struct spf_settings *lists; /* the allow-lists, from the settings */
	struct ipaddr client;
	enum spf_evaluator evaluator;
	struct spf_memory *memory; /* NULL: the check does not use it */
	struct event *timer;
	struct event *resume; /* made active when answers have come */
	uint64_t started;     /* on the clock, in milliseconds */
	uint64_t due;         /* of the timer, or SPF_LOOKUPS_NEVER */
	bool driving;
	bool late; /* the deadline has passed */
	bool owed; /* the caller waits for a call of wake */
	void (*wake)(void *arg);
	void *wake_arg;
	bool (*further)(void *arg, struct spf_answers *answers);
	void *further_arg;
	struct check_part part[PARTS];
	/* The members from here on are not cleared, which would cost more than the rest of the start. */
	struct spf_verdicts verdicts;
	char domain[PARTS][HOSTNAME_MAX + 1];
	char helo_name[HOSTNAME_MAX + 1];
	char receiver[HOSTNAME_MAX + 1];
	char local[LOCAL_MAX + 1];
};

static void drive_check(struct spf_check *check);
static void settle_part(struct spf_check *check, struct check_part *part, bool at_deadline);

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

/* schedule_resume - from the event loop; a check that was never pending has no event */
static void
schedule_resume(struct spf_check *check)
{
	if (!check->driving && check->resume != NULL)
		event_active(check->resume, EV_TIMEOUT, 0);
}

static bool
is_pending(const struct check_part *part)
{
	return part->wanted && !part->done;
}

/* finish_check_part - a part with a verdict needs no more answers */
static void
finish_check_part(struct spf_check *check, struct check_part *part)
{
	part->done = true;
	part->ms = get_elapsed_ms(check);
	spf_lookups_leave(&part->lookups);
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
	    "saturated questions=%zu most-network=%s (%u) most-domain=%s (%u): mail is deferred if "
	    "its SPF check needs more DNS queries",
	    report.places, report.network, report.of_network, domain, report.of_domain);
}

/* note_cut - count and log that our own bounds end a part */
static void
note_cut(struct spf_check *check)
{
	spf_inflight_note_cut(check->checker->inflight, get_checker_ms(check->checker));
	warn_of_saturation(check->checker);
}

/* cut_part - end a part because of our own bounds; its result says nothing about the domain */
static void
cut_part(struct spf_check *check, struct check_part *part)
{
	if (!is_pending(part))
		return;
	note_cut(check);
	spf_lookups_cancel(&part->lookups);
	finish_check_part(check, part);
	if (part == &check->part[ALLOW]) {
		check->verdicts.allowed = NULL;
		check->verdicts.allowed_unknown = true;
	} else if (part->verdict != NULL) {
		spf_verdict_init(part->verdict);
		spf_verdict_saturate(part->verdict);
	}
}

/*
 * give_up_part - make room for other queries; the oldest query of the part is two seconds old
 *
 * If the sender is evaluated, too, the time of the HELO name just ends early, because a silent HELO
 * name must not defer mail from a known sender. This does not apply to a HELO name that waits for
 * a place, because it has not had its time.
 */
static void
give_up_part(struct check_part *part)
{
	struct spf_check *check = part->check;

	if (part == &check->part[HELO] && check->part[MAILFROM].wanted && !part->lookups.waits)
		settle_part(check, part, false);
	else
		cut_part(check, part);
}

/* enforce_bounds - give up parts that exceed them, of any check, including the current one */
static void
enforce_bounds(const struct spf_checker *checker)
{
	struct spf_inflight *inflight = checker->inflight;
	struct spf_lookups *lookups;
	struct check_part *part;

	while ((lookups = spf_inflight_excess(inflight, get_checker_ms(checker))) != NULL) {
		part = lookups->owner;
		give_up_part(part);
		schedule_resume(part->check); /* to wake its caller */
	}
}

/* join_inflight - cut the part, and return false, if too many checks of the domain wait already */
static bool
join_inflight(struct spf_check *check, struct check_part *part)
{
	bool is_identity = part == &check->part[MAILFROM] ||
			   (part == &check->part[HELO] && !check->part[MAILFROM].wanted);
	const struct check_part *named = part->domain[0] != '\0'        ? part
					 : check->part[MAILFROM].wanted ? &check->part[MAILFROM]
									: &check->part[HELO];
	struct spf_lookups *lookups = &part->lookups;

	if (lookups->party == NULL)
		lookups->party = spf_inflight_join(
		    check->checker->inflight, &check->client, named->domain, is_identity, lookups);
	if (lookups->party == NULL)
		cut_part(check, part);
	return lookups->party != NULL;
}

static bool
may_query_part(struct spf_lookups *lookups)
{
	struct check_part *part = lookups->owner;

	enforce_bounds(lookups->checker);
	return is_pending(part) && join_inflight(part->check, part);
}

static void
wake_part(struct spf_lookups *lookups)
{
	const struct check_part *part = lookups->owner;

	schedule_resume(part->check);
}

static const struct spf_lookups_user lookups_user = { may_query_part, wake_part };

/* evaluate_part - make one pass; true with a verdict */
static bool
evaluate_part(struct spf_check *check, struct check_part *part)
{
	struct spf_allowed allowed;

	part->lookups.stale = false;
	if (part->verdict != NULL)
		return spf_evaluator_run(
		    check->evaluator, &part->req, part->lookups.answers, part->verdict);
	if (part == &check->part[FURTHER])
		return check->further(check->further_arg, part->lookups.answers);
	if (!spf_allow_eval(check->lists, &part->req, part->lookups.answers, &allowed))
		return false;
	check->verdicts.allowed = allowed.word;
	check->verdicts.allowed_unknown = allowed.unknown;
	return true;
}

/* drive_check - evaluate and query, until all parts are done or wait for the network */
static void
drive_check(struct spf_check *check)
{
	struct check_part *part, *end = check->part + PARTS;
	bool news;

	check->driving = true;
	do {
		for (part = check->part; part < end; part++)
			if (is_pending(part) && part->lookups.stale && evaluate_part(check, part)) {
				spf_lookups_cancel(&part->lookups);
				finish_check_part(check, part);
			}
		news = false;
		for (part = check->part; part < end; part++)
			if (is_pending(part))
				news |= spf_lookups_send(&part->lookups);
	} while (news);
	check->driving = false;
}

/*
 * settle_part - end a part when its time has expired: missing answers are errors for its verdict
 *
 * A part that had to wait for places before the deadline has not had its time, so it is cut.
 */
static void
settle_part(struct spf_check *check, struct check_part *part, bool at_deadline)
{
	bool cut = at_deadline && spf_lookups_waited(&part->lookups) > 0;

	if (!is_pending(part))
		return;
	spf_lookups_expire(&part->lookups);
	spf_answers_end(part->lookups.answers, cut ? DNS_SATURATED : DNS_LATE);
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
 * get_helo_deadline - for the HELO name, if a sender is evaluated, too
 *
 * The time for which it has waited for places does not count.
 */
static uint64_t
get_helo_deadline(const struct spf_check *check)
{
	const struct check_part *helo = &check->part[HELO];

	if (!check->part[MAILFROM].wanted || !is_pending(helo))
		return SPF_LOOKUPS_NEVER;
	return HELO_MS + spf_lookups_waited(&helo->lookups);
}

/* get_client_deadline - for the answers about the names of the client */
static uint64_t
get_client_deadline(const struct check_part *part)
{
	return is_pending(part) ? spf_lookups_client_deadline(&part->lookups) : SPF_LOOKUPS_NEVER;
}

/* find_next_due - the time at which the check must go on even if no answer has come */
static uint64_t
find_next_due(const struct spf_check *check)
{
	uint64_t due = pick_earlier(get_check_deadline(check), get_helo_deadline(check));
	const struct check_part *part;

	for (part = check->part; part < check->part + PARTS; part++) {
		if (!is_pending(part))
			continue;
		due = pick_earlier(due, get_client_deadline(part));
		if (part->lookups.waits)
			due = pick_earlier(due, get_elapsed_ms(check) + PLACE_MS);
	}
	return due;
}

/* set_check_timer - false: no memory */
static bool
set_check_timer(struct spf_check *check)
{
	uint64_t due = find_next_due(check), now = get_elapsed_ms(check);
	uint64_t ms = due > now ? due - now : 0;
	struct timeval delay = { (time_t)(ms / 1000), (suseconds_t)(ms % 1000 * 1000) };

	if (check->due == due)
		return true;
	check->due = due;
	return evtimer_add(check->timer, &delay) == 0;
}

/* continue_check - wait for the network, or wake the caller */
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

static void
end_client_names(struct check_part *part, uint64_t now)
{
	if (now >= get_client_deadline(part))
		spf_lookups_end_client(&part->lookups);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct spf_check *check = arg;
	uint64_t now = get_elapsed_ms(check);
	size_t i;

	(void)fd;
	(void)what;
	check->due = SPF_LOOKUPS_NEVER;
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

/* begin_check - evaluate new parts as far as possible, then wait for the network */
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

static struct spf_memory_key
get_memory_key(const struct check_part *part)
{
	struct spf_memory_key key = { &part->req.ip, part->req.domain };

	return key;
}

static uint64_t
get_cache_seconds(const struct spf_check *check)
{
	return check->started / 1000;
}

/* recall_verdict - use that of an earlier check, if it is known; its answers count as cached */
static void
recall_verdict(struct spf_check *check, struct check_part *part)
{
	const struct spf_memory_key key = get_memory_key(part);

	if (check->memory == NULL || part->verdict == NULL)
		return;
	part->recalled = part->done = spf_memory_find(
	    check->memory, &key, get_cache_seconds(check), part->verdict, &part->basis);
	if (part->recalled)
		resolver_count_cached(check->checker->resolver, part->basis.questions);
}

/* get_part_basis - the answers that the part has used; none if it is not wanted */
static struct spf_memory_basis
get_part_basis(const struct check_part *part)
{
	struct spf_memory_basis basis = { 0, UINT64_MAX };

	if (part->recalled)
		return part->basis;
	if (part->wanted) {
		basis.questions = spf_answers_questions(part->lookups.answers);
		basis.expires = spf_answers_expires(part->lookups.answers);
	}
	return basis;
}

/*
 * remember_part - keep its verdict for later checks, if all its answers were in the cache
 *
 * Called when the check has begun, so that its settings and its resolver are the current ones.
 */
static void
remember_part(struct spf_check *check, const struct check_part *part)
{
	const struct spf_memory_key key = get_memory_key(part);
	struct spf_memory_basis basis;

	if (!part->wanted || !part->done || part->recalled ||
	    spf_answers_used_network(part->lookups.answers))
		return;
	basis = get_part_basis(part);
	spf_memory_add(check->memory, &key, part->verdict, &basis, get_cache_seconds(check));
}

/*
 * init_part - make the request of a part
 *
 * A domain that cannot be written in A-labels becomes empty, which has the result none.
 */
static void
init_part(struct check_part *part, struct spf_check *check, const struct spf_check_request *req,
    struct text domain)
{
	const struct spf_settings *spf = &check->settings->spf;

	part->wanted = true;
	part->check = check;
	part->req.ip = req->ip;
	part->req.domain.s = part->domain;
	part->req.domain.len = idna_to_ascii(part->domain, domain.s, domain.len);
	part->req.helo.s = check->helo_name;
	part->req.helo.len = strlen(check->helo_name);
	part->req.receiver = check->receiver;
	part->req.now = req->now;
	part->req.lookup_limit = req->rfc_limits ? RFC_LOOKUPS : (unsigned)spf->lookup_limit;
	part->req.void_limit = req->rfc_limits ? RFC_VOIDS : (unsigned)spf->void_limit;
	part->req.explain = spf->use_exp;
	part->req.trace = req->trace ? spf_trace_new() : NULL;
	recall_verdict(check, part);
	if (!part->recalled)
		spf_lookups_init(
		    &part->lookups, check->checker, &lookups_user, part, check->started);
}

/* give_record - to the evaluations of both identities, because it is that of a domain */
static void
give_record(struct spf_check *check, const struct spf_check_request *req)
{
	const struct check_part *named = &check->part[req->check_mailfrom ? MAILFROM : HELO];
	char domain[HOSTNAME_MAX + 1];
	struct dns_answer *reply;
	size_t i;

	if (!spf_request_domain(&named->req, domain))
		return;
	reply = dns_answer_new(DNS_FOUND);
	dns_answer_add(reply, NULL, 0, req->record.s, req->record.len);
	spf_record_set_prepare(reply, DNS_TXT);
	for (i = HELO; i <= MAILFROM; i++)
		if (check->part[i].wanted)
			spf_answers_give(
			    check->part[i].lookups.answers, domain, DNS_TXT, dns_answer_ref(reply));
	dns_answer_unref(&reply);
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

/* find_usable_memory - NULL: the check has to evaluate everything, and remembers nothing */
static struct spf_memory *
find_usable_memory(const struct spf_checker *checker, const struct spf_check_request *req)
{
	bool usable = req->remember && req->evaluator == SPF_EVALUATOR_NATIVE && !req->trace &&
		      !req->rfc_limits && req->record.s == NULL;

	return usable ? checker->memory : NULL;
}

static struct spf_check *
make_check(void)
{
	struct spf_check *check = xmalloc(sizeof(*check));
	size_t i;

	memset(check, 0, offsetof(struct spf_check, verdicts));
	spf_verdicts_init(&check->verdicts);
	check->helo_name[0] = check->receiver[0] = check->local[0] = '\0';
	for (i = 0; i < PARTS; i++) {
		check->part[i].domain = check->domain[i];
		check->domain[i][0] = '\0';
	}
	return check;
}

struct spf_check *
spf_check_start(const struct spf_checker *checker, struct settings *settings,
    const struct spf_check_request *req, void (*wake)(void *arg), void *arg)
{
	static const struct text no_domain = { "", 0 };
	struct spf_check *check = make_check();

	check->checker = checker;
	check->settings = settings_ref(settings);
	check->evaluator = req->evaluator;
	check->memory = find_usable_memory(checker, req);
	check->wake = wake;
	check->wake_arg = arg;
	check->further = req->further;
	check->further_arg = req->further_arg;
	check->started = get_checker_ms(checker);
	check->due = SPF_LOOKUPS_NEVER;
	check->client = req->client.family != 0 ? req->client : req->ip;
	check->part[HELO].verdict = &check->verdicts.helo;
	check->part[MAILFROM].verdict = &check->verdicts.mailfrom;
	if (req->known != NULL)
		spf_verdicts_copy(&check->verdicts, req->known);
	check->verdicts.has_helo |= req->check_helo;
	check->verdicts.has_mailfrom |= req->check_mailfrom;
	/* The allow-lists need the address; spf_check_allow sets the rest. */
	check->part[ALLOW].req.ip = req->ip;
	copy_request_texts(check, req);
	if (req->check_helo)
		init_part(&check->part[HELO], check, req, req->helo);
	if (req->check_mailfrom)
		init_part(&check->part[MAILFROM], check, req, req->sender_domain);
	if (req->record.s != NULL)
		give_record(check, req);
	if (req->further != NULL)
		init_part(&check->part[FURTHER], check, req, no_domain);
	begin_check(check);
	if (check->memory != NULL) {
		remember_part(check, &check->part[HELO]);
		remember_part(check, &check->part[MAILFROM]);
	}
	return check;
}

void
spf_check_allow(struct spf_check *check, const struct spf_settings *lists)
{
	static const struct text no_domain = { "", 0 };
	struct spf_check_request req = { .ip = check->part[ALLOW].req.ip };
	struct check_part *part = &check->part[ALLOW];

	if (part->wanted)
		return;
	spf_verdicts_forget_allowed(&check->verdicts);
	check->verdicts.has_allowed = true;
	check->verdicts.allowed_in_section = lists != &check->settings->spf;
	check->lists = lists;
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
spf_check_evaluates(const struct spf_check *check, enum spf_identity identity)
{
	return find_check_part(check, identity)->wanted;
}

bool
spf_check_used_network(const struct spf_check *check, enum spf_identity identity)
{
	const struct check_part *part = find_check_part(check, identity);

	return part->wanted && !part->recalled && spf_answers_used_network(part->lookups.answers);
}

uint64_t
spf_check_ms(const struct spf_check *check, enum spf_identity identity)
{
	return find_check_part(check, identity)->ms;
}

struct spf_cost
spf_check_limits(const struct spf_check *check, enum spf_identity identity)
{
	const struct spf_request *req = &find_check_part(check, identity)->req;
	struct spf_cost limits = { req->lookup_limit, req->void_limit };

	return limits;
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
		n += get_part_basis(&check->part[i]).questions;
	return n;
}

uint64_t
spf_check_expires(const struct spf_check *check)
{
	uint64_t first = UINT64_MAX;
	size_t i;

	for (i = 0; i < PARTS; i++)
		first = pick_earlier(first, get_part_basis(&check->part[i]).expires);
	return first;
}

static void
free_check_part(struct check_part *part)
{
	spf_lookups_free(&part->lookups);
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
		if (check->part[i].wanted)
			free_check_part(&check->part[i]);
	if (check->timer != NULL)
		event_free(check->timer);
	if (check->resume != NULL)
		event_free(check->resume);
	settings_free(&check->settings);
	free(check);
	*checkp = NULL;
}
