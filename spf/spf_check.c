/* SPDX-License-Identifier: ISC */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "common/clock.h"
#include "common/idna.h"
#include "common/xmalloc.h"
#include "spf/spf_allow.h"
#include "spf/spf_check.h"
#include "spf/spf_engine.h"

/*
 * A local part is cut here for the macros; an address has 254 bytes. It keeps its right end, as the
 * names do that are made of it.
 */
#define LOCAL_MAX SPF_MACRO_VALUE_MAX

/*
 * What is evaluated by itself. Each has a table of answers of its own: whatever a client's HELO
 * name makes us ask and keep, the check of the sender has all its room.
 */
struct part {
	bool wanted;
	bool done;
	bool waits; /* counts for its domain in inflight */
	struct spf_answers *answers;
	struct spf_request req;
	struct spf_verdict *verdict; /* NULL for the allow-lists */
	uint64_t ms;                 /* that it took */
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
	enum spf_engine engine;
	struct event *deadline;
	struct event *resume; /* active when answers have come */
	uint64_t started;     /* on the clock, in milliseconds */
	bool driving;
	bool late; /* the deadline has passed */
	void (*wake)(void *arg);
	void *wake_arg;
	struct part part[PARTS];
	/* From here on it is not cleared at the start: that would cost more than all the rest. */
	struct spf_verdicts verdicts;
	char helo_name[HOSTNAME_MAX + 1];
	char receiver[HOSTNAME_MAX + 1];
	char local[LOCAL_MAX + 1];
};

/* A question that is out: which answer it is for, and the check that waits. */
struct errand {
	struct spf_check *check;
	struct part *part;
	struct spf_answer *answer;
	struct resolver_question *question;
};

static void drive(struct spf_check *);

static uint64_t
elapsed(const struct spf_check *check)
{
	return clock_elapsed(check->checker->clock) - check->started;
}

static void
on_reply(void *arg, struct dns_answer *reply)
{
	struct errand *errand = arg;
	struct spf_check *check = errand->check;
	struct spf_answer *answer = errand->answer;

	answer->owner = NULL;
	answer->answered_ms = elapsed(check);
	answer->at_once = check->driving;
	spf_answers_set(errand->part->answers, answer, reply);
	free(errand);
	/* Answers of one turn of the loop cost one evaluation together. A check that never had to
	 * wait has no use for more of them. */
	if (!check->driving && check->resume != NULL)
		event_active(check->resume, EV_TIMEOUT, 0);
}

static void
on_resume(evutil_socket_t fd, short what, void *arg)
{
	struct spf_check *check = arg;

	(void)fd;
	(void)what;
	if (spf_check_is_done(check))
		return;
	drive(check);
	if (spf_check_is_done(check))
		check->wake(check->wake_arg);
}

/* fetch - ask for one answer; true when it came at once, from the cache */
static bool
fetch(struct spf_check *check, struct part *part, struct spf_answer *answer)
{
	struct errand *errand = xcalloc(1, sizeof(*errand));
	struct resolver_question *question;

	errand->check = check;
	errand->part = part;
	errand->answer = answer;
	answer->owner = errand;
	answer->asked = true;
	answer->asked_ms = elapsed(check);
	question =
	    resolver_ask(check->checker->resolver, answer->name, answer->type, on_reply, errand);
	if (question == NULL)
		return true;
	errand->question = question;
	return false;
}

static bool
is_pending(const struct part *part)
{
	return part->wanted && !part->done;
}

static bool
fetch_wanted(struct spf_check *check, struct part *part)
{
	struct spf_answer *answer;
	bool news = false;

	while (is_pending(part) && (answer = spf_answers_wanted(part->answers)) != NULL)
		news |= fetch(check, part, answer);
	return news;
}

static void
leave(struct spf_check *check, struct part *part)
{
	if (part->waits)
		spf_inflight_leave(check->checker->inflight, part->domain);
	part->waits = false;
}

/* finish - who has his verdict waits for nothing any more */
static void
finish(struct spf_check *check, struct part *part)
{
	part->done = true;
	part->ms = elapsed(check);
	leave(check, part);
}

/* evaluate - one pass; true with a verdict */
static bool
evaluate(struct spf_check *check, struct part *part)
{
	if (part->verdict == NULL)
		return spf_allow_eval(
		    &check->settings->spf, &part->req, part->answers, &check->verdicts.allowed);
	return spf_engine_eval(check->engine, &part->req, part->answers, part->verdict);
}

/* drive - evaluate and ask, until verdicts or until only the network can say more */
static void
drive(struct spf_check *check)
{
	struct part *part, *end = check->part + PARTS;
	bool news;

	check->driving = true;
	do {
		for (part = check->part; part < end; part++)
			if (is_pending(part) && evaluate(check, part))
				finish(check, part);
		news = false;
		for (part = check->part; part < end; part++)
			news |= fetch_wanted(check, part);
	} while (news);
	check->driving = false;
}

static void
cancel_questions(struct part *part)
{
	struct spf_answer *answer;
	struct errand *errand;

	while (part->wanted && (answer = spf_answers_asked(part->answers)) != NULL) {
		errand = answer->owner;
		answer->owner = NULL;
		spf_answers_set(part->answers, answer, dns_answer_new(DNS_ERROR));
		answer->given_up = true;
		resolver_cancel(errand->question);
		free(errand);
	}
}

/* give_up - on one part; what the allow-lists cannot tell in time holds nobody */
static void
give_up(struct spf_check *check, struct part *part, const char *problem)
{
	if (!is_pending(part))
		return;
	cancel_questions(part);
	finish(check, part);
	if (part->verdict == NULL) {
		check->verdicts.allowed = NULL;
		return;
	}
	memset(part->verdict, 0, sizeof(*part->verdict));
	part->verdict->result = SPF_TEMPERROR;
	part->verdict->native = part->verdict->libspf2 = SPF_TEMPERROR;
	part->verdict->problem = problem;
	part->verdict->security = DNS_INSECURE;
}

static void
give_up_all(struct spf_check *check, const char *problem)
{
	size_t i;

	for (i = 0; i < PARTS; i++)
		give_up(check, &check->part[i], problem);
}

static void
on_deadline(evutil_socket_t fd, short what, void *arg)
{
	struct spf_check *check = arg;

	(void)fd;
	(void)what;
	check->late = true;
	if (spf_check_is_done(check))
		return;
	give_up_all(check, "no answer from the DNS in time");
	check->wake(check->wake_arg);
}

/* enter - who has to wait does so only if not too many wait for that domain already */
static void
enter(struct spf_check *check, struct part *part)
{
	if (!is_pending(part) || part->verdict == NULL)
		return;
	part->waits = spf_inflight_enter(check->checker->inflight, part->domain);
	if (!part->waits)
		give_up(check, part, "too many checks wait for the DNS of this domain");
}

/* start_timers - the deadline begins with the first wait and holds for all that follow */
static bool
start_timers(struct spf_check *check)
{
	struct timeval budget = { check->settings->spf.lookup_time, 0 };

	if (check->deadline != NULL)
		return true;
	check->deadline = evtimer_new(check->checker->base, on_deadline, check);
	check->resume = evtimer_new(check->checker->base, on_resume, check);
	return check->deadline != NULL && check->resume != NULL &&
	       evtimer_add(check->deadline, &budget) == 0;
}

/* begin - evaluate what is new as far as that goes without waiting, then wait for the network */
static void
begin(struct spf_check *check)
{
	size_t i;

	drive(check);
	for (i = 0; i < PARTS; i++)
		enter(check, &check->part[i]);
	if (spf_check_is_done(check))
		return;
	if (!start_timers(check))
		give_up_all(check, "no memory for a timer");
}

/* known - what the resolver's cache has costs no further pass of the evaluation */
static struct dns_answer *
known(void *arg, const char *name, enum dns_type type)
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
init_part(struct part *part, struct spf_check *check, const struct spf_check_request *req,
    struct spf_text domain)
{
	const struct spf_settings *spf = &check->settings->spf;

	part->wanted = true;
	part->answers = spf_answers_new();
	spf_answers_set_known(part->answers, known, (void *)(uintptr_t)check->checker);
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
copy_texts(struct spf_check *check, const struct spf_check_request *req)
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
new_check(void)
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
	struct spf_check *check = new_check();

	check->checker = checker;
	check->settings = settings_ref(settings);
	check->engine = req->engine;
	check->wake = wake;
	check->wake_arg = arg;
	check->started = clock_elapsed(checker->clock);
	check->part[HELO].verdict = &check->verdicts.helo;
	check->part[MAILFROM].verdict = &check->verdicts.mailfrom;
	check->verdicts.has_helo = req->check_helo;
	check->verdicts.has_mailfrom = req->check_mailfrom;
	/* The address and the limits; the allow-lists are not wanted yet. */
	check->part[ALLOW].req.ip = req->ip;
	copy_texts(check, req);
	if (req->check_helo)
		init_part(&check->part[HELO], check, req, req->helo);
	if (req->check_mailfrom)
		init_part(&check->part[MAILFROM], check, req, req->sender_domain);
	begin(check);
	return check;
}

void
spf_check_allow(struct spf_check *check)
{
	static const struct spf_text no_domain = { "", 0 };
	struct spf_check_request req = { .ip = check->part[ALLOW].req.ip };
	struct part *part = &check->part[ALLOW];

	check->verdicts.has_allowed = true;
	if (check->late || part->wanted)
		return;
	init_part(part, check, &req, no_domain);
	begin(check);
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

static const struct part *
part_of(const struct spf_check *check, enum spf_identity identity)
{
	return &check->part[identity == SPF_IDENTITY_HELO ? HELO : MAILFROM];
}

const struct spf_trace *
spf_check_trace(const struct spf_check *check, enum spf_identity identity)
{
	return part_of(check, identity)->req.trace;
}

uint64_t
spf_check_ms(const struct spf_check *check, enum spf_identity identity)
{
	return part_of(check, identity)->ms;
}

const char *
spf_check_domain(const struct spf_check *check, enum spf_identity identity)
{
	return part_of(check, identity)->domain;
}

size_t
spf_check_questions(const struct spf_check *check)
{
	size_t i, n = 0;

	for (i = 0; i < PARTS; i++)
		if (check->part[i].wanted)
			n += spf_answers_count(check->part[i].answers);
	return n;
}

static void
end_part(struct spf_check *check, struct part *part)
{
	cancel_questions(part);
	leave(check, part);
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
		end_part(check, &check->part[i]);
	if (check->deadline != NULL)
		event_free(check->deadline);
	if (check->resume != NULL)
		event_free(check->resume);
	settings_free(&check->settings);
	free(check);
	*checkp = NULL;
}
