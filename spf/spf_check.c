/* SPDX-License-Identifier: ISC */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "common/idna.h"
#include "common/xmalloc.h"
#include "spf/spf_check.h"

/* A local part is cut here for the macros; an address has 254 bytes. */
#define LOCAL_MAX 255

/*
 * Each identity has a table of answers to itself: whatever a client's HELO name makes us ask and
 * keep, the check of the sender has all its room.
 */
struct identity {
	bool wanted;
	bool done;
	bool waits; /* counts for its domain in inflight */
	struct spf_answers *answers;
	struct spf_request req;
	char domain[HOSTNAME_MAX + 1];
	struct spf_verdict *verdict;
};

struct spf_check {
	const struct spf_checker *checker;
	struct event *deadline;
	struct event *resume; /* active when answers have come */
	struct identity helo, mailfrom;
	bool driving;
	void (*wake)(void *arg);
	void *wake_arg;
	/* From here on it is not cleared at the start: that would cost more than all the rest. */
	struct spf_verdicts verdicts;
	char helo_name[HOSTNAME_MAX + 1];
	char receiver[HOSTNAME_MAX + 1];
	char local[LOCAL_MAX + 1];
};

/* A question that is out: which answer it is for, and the check that waits. */
struct errand {
	struct spf_check *check;
	struct identity *identity;
	struct spf_answer *answer;
	struct resolver_question *question;
};

static void drive(struct spf_check *);

static void
on_reply(void *arg, struct dns_answer *reply)
{
	struct errand *errand = arg;
	struct spf_check *check = errand->check;
	struct spf_answer *answer = errand->answer;

	answer->owner = NULL;
	spf_answers_set(errand->identity->answers, answer, reply);
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
fetch(struct spf_check *check, struct identity *identity, struct spf_answer *answer)
{
	struct errand *errand = xcalloc(1, sizeof(*errand));
	struct resolver_question *question;

	errand->check = check;
	errand->identity = identity;
	errand->answer = answer;
	answer->owner = errand;
	answer->asked = true;
	question =
	    resolver_ask(check->checker->resolver, answer->name, answer->type, on_reply, errand);
	if (question == NULL)
		return true;
	errand->question = question;
	return false;
}

static bool
fetch_wanted(struct spf_check *check, struct identity *identity)
{
	struct spf_answer *answer;
	bool news = false;

	if (!identity->wanted || identity->done)
		return false;
	while ((answer = spf_answers_wanted(identity->answers)) != NULL)
		news |= fetch(check, identity, answer);
	return news;
}

static void
leave(struct spf_check *check, struct identity *identity)
{
	if (identity->waits)
		spf_inflight_leave(check->checker->inflight, identity->domain);
	identity->waits = false;
}

/* evaluate - one pass; who has his verdict waits for nothing any more */
static void
evaluate(struct spf_check *check, struct identity *identity)
{
	if (!identity->wanted || identity->done)
		return;
	identity->done = spf_eval(&identity->req, identity->answers, identity->verdict);
	if (identity->done)
		leave(check, identity);
}

/* drive - evaluate and ask, until verdicts or until only the network can say more */
static void
drive(struct spf_check *check)
{
	bool news;

	check->driving = true;
	do {
		evaluate(check, &check->helo);
		evaluate(check, &check->mailfrom);
		news = fetch_wanted(check, &check->helo);
		news |= fetch_wanted(check, &check->mailfrom);
	} while (news);
	check->driving = false;
}

static void
cancel_questions(struct spf_check *check, struct identity *identity)
{
	struct spf_answer *answer;
	struct errand *errand;

	while (identity->wanted && (answer = spf_answers_asked(identity->answers)) != NULL) {
		errand = answer->owner;
		answer->owner = NULL;
		spf_answers_set(identity->answers, answer, dns_answer_new(DNS_ERROR));
		resolver_cancel(check->checker->resolver, errand->question);
		free(errand);
	}
}

static void
give_up(struct spf_check *check, struct identity *identity, const char *problem)
{
	if (!identity->wanted || identity->done)
		return;
	cancel_questions(check, identity);
	memset(identity->verdict, 0, sizeof(*identity->verdict));
	identity->verdict->result = SPF_TEMPERROR;
	identity->verdict->problem = problem;
	identity->done = true;
	leave(check, identity);
}

static void
on_deadline(evutil_socket_t fd, short what, void *arg)
{
	struct spf_check *check = arg;

	(void)fd;
	(void)what;
	if (spf_check_is_done(check))
		return;
	give_up(check, &check->helo, "no answer from the DNS in time");
	give_up(check, &check->mailfrom, "no answer from the DNS in time");
	check->wake(check->wake_arg);
}

/* enter - an identity that has to wait does so only if not too many wait for its domain already */
static void
enter(struct spf_check *check, struct identity *identity)
{
	if (!identity->wanted || identity->done)
		return;
	identity->waits = spf_inflight_enter(check->checker->inflight, identity->domain);
	if (!identity->waits)
		give_up(check, identity, "too many checks wait for the DNS of this domain");
}

/* wait_for_network - until the deadline */
static void
wait_for_network(struct spf_check *check, const struct timeval *budget)
{
	enter(check, &check->helo);
	enter(check, &check->mailfrom);
	if (spf_check_is_done(check))
		return;
	check->deadline = evtimer_new(check->checker->base, on_deadline, check);
	check->resume = evtimer_new(check->checker->base, on_resume, check);
	if (check->deadline != NULL && check->resume != NULL &&
	    evtimer_add(check->deadline, budget) == 0)
		return;
	give_up(check, &check->helo, "no memory for a timer");
	give_up(check, &check->mailfrom, "no memory for a timer");
}

/* known - what the resolver's cache has costs no further pass of the evaluation */
static struct dns_answer *
known(void *arg, const char *name, enum dns_type type)
{
	return resolver_known(arg, name, type);
}

/*
 * init_identity - what spf_eval is asked
 *
 * A name that cannot be written in A-labels becomes empty: there is nothing to look up, and the
 * result is none.
 */
static void
init_identity(struct identity *identity, struct spf_check *check, const struct settings *settings,
    const struct spf_check_request *req, struct spf_text domain)
{
	identity->wanted = true;
	identity->answers = spf_answers_new();
	spf_answers_set_known(identity->answers, known, check->checker->resolver);
	identity->req.ip = req->ip;
	identity->req.domain.s = identity->domain;
	identity->req.domain.len = idna_to_ascii(identity->domain, domain.s, domain.len);
	identity->req.helo.s = check->helo_name;
	identity->req.helo.len = strlen(check->helo_name);
	identity->req.receiver = check->receiver;
	identity->req.now = req->now;
	identity->req.lookup_limit = (unsigned)settings->spf.lookup_limit;
	identity->req.void_limit = (unsigned)settings->spf.void_limit;
	identity->req.explain = settings->spf.use_exp;
}

static void
copy_texts(struct spf_check *check, const struct spf_check_request *req)
{
	size_t len = req->sender_local.len < LOCAL_MAX ? req->sender_local.len : LOCAL_MAX;

	if (len > 0)
		memcpy(check->local, req->sender_local.s, len);
	check->mailfrom.req.local.s = check->local;
	check->mailfrom.req.local.len = len;
	check->helo.req.local.s = ""; /* postmaster */
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
spf_check_start(const struct spf_checker *checker, const struct settings *settings,
    const struct spf_check_request *req, void (*wake)(void *arg), void *arg)
{
	struct spf_check *check = new_check();
	struct timeval budget = { settings->spf.lookup_time, 0 };

	check->checker = checker;
	check->wake = wake;
	check->wake_arg = arg;
	check->helo.verdict = &check->verdicts.helo;
	check->mailfrom.verdict = &check->verdicts.mailfrom;
	check->verdicts.has_helo = req->check_helo;
	check->verdicts.has_mailfrom = req->check_mailfrom;
	strlcpy(check->receiver, settings->spf.authserv_id, sizeof(check->receiver));
	copy_texts(check, req);
	if (req->check_helo)
		init_identity(&check->helo, check, settings, req, req->helo);
	if (req->check_mailfrom)
		init_identity(&check->mailfrom, check, settings, req, req->sender_domain);
	drive(check);
	if (!spf_check_is_done(check))
		wait_for_network(check, &budget);
	return check;
}

bool
spf_check_is_done(const struct spf_check *check)
{
	return (!check->helo.wanted || check->helo.done) &&
	       (!check->mailfrom.wanted || check->mailfrom.done);
}

const struct spf_verdicts *
spf_check_verdicts(const struct spf_check *check)
{
	return &check->verdicts;
}

static size_t
questions(const struct identity *identity)
{
	return identity->wanted ? spf_answers_count(identity->answers) : 0;
}

size_t
spf_check_questions(const struct spf_check *check)
{
	return questions(&check->helo) + questions(&check->mailfrom);
}

static void
end_identity(struct spf_check *check, struct identity *identity)
{
	cancel_questions(check, identity);
	leave(check, identity);
	spf_answers_free(&identity->answers);
}

void
spf_check_free(struct spf_check **checkp)
{
	struct spf_check *check = *checkp;

	if (check == NULL)
		return;
	end_identity(check, &check->helo);
	end_identity(check, &check->mailfrom);
	if (check->deadline != NULL)
		event_free(check->deadline);
	if (check->resume != NULL)
		event_free(check->resume);
	free(check);
	*checkp = NULL;
}
