/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/ascii.h"
#include "common/printable.h"
#include "spf/spf_ask.h"
#include "spf/spf_eval.h"
#include "spf/spf_record_set.h"
#include "spf/spf_trace.h"

/* 4.6.4: hosts of one MX answer. */
#define MX_MAX 10

/* The outcome of a term. */
enum outcome {
	NO_MATCH,
	MATCH,
	TEMPERROR,
	PERMERROR,
	PENDING, /* an answer is missing */
};

struct eval {
	struct spf_ask ask;
	const struct spf_request *req;
	struct spf_verdict *verdict;
	const char *domain; /* of the request */
	struct spf_cost cost;
	size_t step;      /* of the trace: the one that decides, as far as is known */
	bool started;     /* the record of the domain itself was read */
	bool has_problem; /* the first one is in the verdict */
	/* exp= of the record that led to the verdict, and its domain */
	struct text exp;
	char exp_domain[HOSTNAME_MAX + 1];
};

/* The result of check_host(), which does not count in a pending pass. */
struct host_result {
	bool pending;
	enum spf_result result;
};

static struct host_result check_host(struct eval *, const char *domain, int depth);

/* claim_problem - if it is the first, record it in the trace, which shows its domain or query */
static bool
claim_problem(struct eval *e, const char *text)
{
	if (e->has_problem || e->ask.pending)
		return false;
	e->has_problem = true;
	spf_trace_problem(e->req->trace, text);
	return true;
}

static enum outcome
note_problem(struct eval *e, enum outcome outcome, const char *text)
{
	if (claim_problem(e, text))
		spf_verdict_set_problem(e->verdict, text, NULL);
	return outcome;
}

/* note_name_problem - its text, some words and a name */
static enum outcome
note_name_problem(struct eval *e, const char *text, const char *words, const char *name)
{
	char before[SPF_PROBLEM_SIZE - HOSTNAME_MAX];

	snprintf(before, sizeof(before), "%s%s", text, words);
	if (claim_problem(e, text))
		spf_verdict_set_problem(e->verdict, before, name);
	return PERMERROR;
}

/* note_record_problem - of a record; its domain is named unless it is that of the request */
static enum outcome
note_record_problem(struct eval *e, const char *text, const char *words, const char *domain)
{
	return strcasecmp(e->domain, domain) == 0 ? note_problem(e, PERMERROR, text)
						  : note_name_problem(e, text, words, domain);
}

/* count_lookup - one more term that queries the DNS; false over the limit (4.6.4) */
static bool
count_lookup(struct eval *e)
{
	return ++e->cost.lookups <= e->req->lookup_limit;
}

static enum outcome
refuse_lookup(struct eval *e)
{
	return note_problem(e, PERMERROR, "too many DNS lookups");
}

/* note_dns_problem - of the answer to a query, which is a DNS_ERROR */
static enum outcome
note_dns_problem(
    struct eval *e, const struct dns_answer *answer, const char *name, enum dns_type type)
{
	if (claim_problem(e, dns_failure_text(answer)))
		spf_verdict_set_dns_problem(e->verdict, answer, name, type);
	return TEMPERROR;
}

/* count_void - one more term with a query that found nothing (4.6.4) */
static enum outcome
count_void(struct eval *e)
{
	if (++e->cost.voids > e->req->void_limit)
		return note_problem(e, PERMERROR, "too many DNS lookups that found nothing");
	return NO_MATCH;
}

/*
 * look_up_term - the answer to the query of a term itself
 *
 * Returns MATCH if the answer has records. NO_MATCH means that it has no records, and that the term
 * was counted as void. A name that cannot be queried is NO_MATCH, too, but was not queried and is
 * not counted. Any other value is the outcome of the term.
 */
static enum outcome
look_up_term(struct eval *e, const char *name, enum dns_type type, const struct dns_answer **answer)
{
	if (!spf_answers_is_name(name, strlen(name)))
		return NO_MATCH;
	*answer = spf_ask(&e->ask, name, type);
	if (*answer == NULL)
		return PENDING;
	switch ((*answer)->status) {
	case DNS_FOUND:
		return MATCH;
	case DNS_VOID:
		return count_void(e);
	default:
		return note_dns_problem(e, *answer, name, type);
	}
}

static unsigned
get_term_prefix(const struct eval *e, const struct spf_term *term)
{
	return e->req->ip.family == AF_INET ? term->prefix4 : term->prefix6;
}

/* holds_client - is the client in one of the networks of the addresses and the term's prefix? */
static bool
holds_client(const struct eval *e, const struct spf_term *term, const struct dns_answer *answer)
{
	return spf_ask_holds_client(&e->ask, answer, get_term_prefix(e, term));
}

static enum outcome
map_asked(enum spf_asked asked)
{
	switch (asked) {
	case SPF_ASKED_YES:
		return MATCH;
	case SPF_ASKED_PENDING:
		return PENDING;
	default:
		return NO_MATCH;
	}
}

/* expand_term_target - set the name of a domain-spec (MATCH); NO_MATCH: it never matches */
static enum outcome
expand_term_target(
    struct eval *e, struct text spec, const char *domain, char name[HOSTNAME_MAX + 1])
{
	return map_asked(spf_ask_target(&e->ask, spec, domain, name));
}

/* begin_lookup - count a term that queries the DNS, and expand its name */
static enum outcome
begin_lookup(
    struct eval *e, const struct spf_term *term, const char *domain, char name[HOSTNAME_MAX + 1])
{
	if (!count_lookup(e))
		return refuse_lookup(e);
	return expand_term_target(e, term->domain, domain, name);
}

/* The mechanisms of section 5. domain is the current one. */

static enum outcome
match_include(struct eval *e, const struct spf_term *term, const char *domain, int depth)
{
	char name[HOSTNAME_MAX + 1];
	struct host_result inner;
	enum outcome known;

	known = begin_lookup(e, term, domain, name);
	if (known != MATCH)
		return known;
	inner = check_host(e, name, depth + 1);
	if (inner.pending)
		return PENDING;
	switch (inner.result) {
	case SPF_PASS:
		return MATCH;
	case SPF_FAIL:
	case SPF_SOFTFAIL:
	case SPF_NEUTRAL:
		return NO_MATCH;
	case SPF_TEMPERROR:
		return TEMPERROR; /* its problem was noted */
	default:
		return note_name_problem(e, "include of a domain without a record", ":", name);
	}
}

static enum outcome
match_a(struct eval *e, const struct spf_term *term, const char *domain)
{
	char name[HOSTNAME_MAX + 1];
	const struct dns_answer *answer;
	enum outcome known;

	known = begin_lookup(e, term, domain, name);
	if (known == MATCH)
		known = look_up_term(e, name, spf_ask_address_type(&e->ask), &answer);
	if (known != MATCH)
		return known;
	return holds_client(e, term, answer) ? MATCH : NO_MATCH;
}

/* match_mx_host - the addresses of one host of an MX answer; they never count as void */
static enum outcome
match_mx_host(struct eval *e, const struct spf_term *term, const struct dns_rr *rr)
{
	const struct dns_answer *answer;

	if (!spf_answers_is_name(rr->data, rr->len))
		return NO_MATCH;
	answer = spf_ask(&e->ask, rr->data, spf_ask_address_type(&e->ask));
	if (answer == NULL)
		return PENDING;
	if (answer->status == DNS_ERROR)
		return note_dns_problem(e, answer, rr->data, spf_ask_address_type(&e->ask));
	if (answer->status == DNS_FOUND && holds_client(e, term, answer))
		return MATCH;
	return NO_MATCH;
}

/*
 * match_mx_hosts - one outcome for all orders of the records
 *
 * A host that matches decides, and the others do not count. Without a match the answers for all
 * hosts are needed before a failed lookup decides.
 */
static enum outcome
match_mx_hosts(struct eval *e, const struct spf_term *term, const struct dns_answer *mx)
{
	const struct spf_ask before = e->ask;
	bool had_problem = e->has_problem;
	enum outcome all = NO_MATCH, one;
	size_t i;

	for (i = 0; i < mx->n; i++) {
		one = match_mx_host(e, term, &mx->rr[i]);
		if (one == MATCH) {
			e->ask = before;
			e->has_problem = had_problem;
			spf_trace_problem(e->req->trace, "");
			return match_mx_host(e, term, &mx->rr[i]);
		}
		if (one == PENDING || (one != NO_MATCH && all == NO_MATCH))
			all = one;
	}
	return all;
}

static enum outcome
match_mx(struct eval *e, const struct spf_term *term, const char *domain)
{
	char name[HOSTNAME_MAX + 1];
	const struct dns_answer *mx;
	enum outcome known;

	known = begin_lookup(e, term, domain, name);
	if (known == MATCH)
		known = look_up_term(e, name, DNS_MX, &mx);
	if (known != MATCH)
		return known;
	if (mx->n > MX_MAX)
		return note_problem(e, PERMERROR, "more than 10 MX hosts");
	return match_mx_hosts(e, term, mx);
}

/* is_within_target - is a name of the client the target of a ptr term, or below it? */
static bool
is_within_target(const struct dns_rr *rr, const void *target_name)
{
	return hostname_is_within(rr->data, rr->len, target_name, strlen(target_name));
}

/* match_ptr - an error of the PTR query means no match (5.5), because it has no names */
static enum outcome
match_ptr(struct eval *e, const struct spf_term *term, const char *domain)
{
	char name[HOSTNAME_MAX + 1], reverse[HOSTNAME_MAX + 1];
	struct spf_ask_names names = { .counts = is_within_target, .arg = name };
	const struct dns_answer *ptr;
	enum outcome known;

	known = begin_lookup(e, term, domain, name);
	if (known != MATCH)
		return known;
	spf_ask_reverse_name(e->req, reverse);
	ptr = spf_ask_client(&e->ask, reverse, DNS_PTR);
	if (ptr == NULL)
		return PENDING;
	if (ptr->status == DNS_VOID)
		return count_void(e);
	return map_asked(spf_ask_any_leads_back(&e->ask, ptr, &names));
}

static enum outcome
match_exists(struct eval *e, const struct spf_term *term, const char *domain)
{
	char name[HOSTNAME_MAX + 1];
	const struct dns_answer *answer;
	enum outcome known;

	known = begin_lookup(e, term, domain, name);
	return known == MATCH ? look_up_term(e, name, DNS_A, &answer) : known;
}

static enum outcome
match_term(struct eval *e, const struct spf_term *term, const char *domain, int depth)
{
	switch (term->mechanism) {
	case SPF_MECH_ALL:
		return MATCH;
	case SPF_MECH_INCLUDE:
		return match_include(e, term, domain, depth);
	case SPF_MECH_A:
		return match_a(e, term, domain);
	case SPF_MECH_MX:
		return match_mx(e, term, domain);
	case SPF_MECH_PTR:
		return match_ptr(e, term, domain);
	case SPF_MECH_IP4:
	case SPF_MECH_IP6:
		return cidr_contains(&term->net, &e->req->ip) ? MATCH : NO_MATCH;
	case SPF_MECH_EXISTS:
		return match_exists(e, term, domain);
	}
	return NO_MATCH;
}

static const char *
get_outcome_name(enum outcome outcome)
{
	static const char *const names[] = { "no match", "match", "temperror", "permerror",
		"waiting" };

	return names[outcome];
}

/* trace_term - call match_term and record the outcome and the cost */
static enum outcome
trace_term(struct eval *e, const struct spf_term *term, const char *domain, int depth)
{
	size_t step = spf_trace_step(e->req->trace, (unsigned)depth, domain, term->text);
	struct spf_cost before = e->cost;
	enum outcome outcome = match_term(e, term, domain, depth);

	spf_trace_outcome(e->req->trace, step, get_outcome_name(outcome));
	spf_trace_cost(e->req->trace, step, before, e->cost);
	e->step = step;
	return outcome;
}

static enum spf_result
map_qualifier(char qualifier)
{
	switch (qualifier) {
	case '-':
		return SPF_FAIL;
	case '~':
		return SPF_SOFTFAIL;
	case '?':
		return SPF_NEUTRAL;
	default:
		return SPF_PASS;
	}
}

static struct host_result
make_host_result(const struct eval *e, enum spf_result result)
{
	struct host_result r = { e->ask.pending, result };

	return r;
}

/* note_term - store the term that decided, if it is in the outermost record */
static void
note_term(struct eval *e, struct text term, int depth)
{
	if (depth == 0 && !e->ask.pending)
		printable(e->verdict->mechanism, sizeof(e->verdict->mechanism), term.s, term.len);
}

static struct host_result
conclude_match(struct eval *e, const struct spf_record *record, const struct spf_term *term,
    const char *domain, int depth)
{
	note_term(e, term->text, depth);
	if (depth == 0) {
		e->exp = record->exp;
		strlcpy(e->exp_domain, domain, sizeof(e->exp_domain));
	}
	return make_host_result(e, map_qualifier(term->qualifier));
}

/* get_modifier_text - the whole modifier; its value is the end of it */
static struct text
get_modifier_text(const char *name, struct text value)
{
	size_t len = strlen(name) + 1; /* with its '=' */
	struct text text = { value.s - len, value.len + len };

	return text;
}

#define NO_REDIRECT "redirect to a domain without a record"

static struct host_result
follow_redirect(struct eval *e, const struct spf_record *record, const char *domain, int depth)
{
	char name[HOSTNAME_MAX + 1];
	struct host_result inner;

	if (!count_lookup(e)) {
		refuse_lookup(e);
		return make_host_result(e, SPF_PERMERROR);
	}
	if (expand_term_target(e, record->redirect, domain, name) == MATCH) {
		inner = check_host(e, name, depth);
	} else { /* NO_MATCH: the name never matches, so there is no record */
		name[0] = '\0';
		inner = make_host_result(e, SPF_NONE);
	}
	if (!inner.pending && inner.result == SPF_NONE) {
		if (name[0] == '\0')
			note_problem(e, PERMERROR, NO_REDIRECT);
		else
			note_name_problem(e, NO_REDIRECT, ":", name);
		inner.result = SPF_PERMERROR;
	}
	return inner;
}

/* trace_redirect - call follow_redirect and record the cost */
static struct host_result
trace_redirect(struct eval *e, const struct spf_record *record, const char *domain, int depth)
{
	struct text text = get_modifier_text("redirect", record->redirect);
	struct spf_cost before = e->cost;
	struct host_result result;
	size_t step;

	step = e->step = spf_trace_step(e->req->trace, (unsigned)depth, domain, text);
	spf_trace_outcome(e->req->trace, step, "followed");
	result = follow_redirect(e, record, domain, depth);
	spf_trace_cost(e->req->trace, step, before, e->cost);
	return result;
}

/* walk_record - evaluate the terms of one record from left to right (4.6.2) */
static struct host_result
walk_record(struct eval *e, const struct spf_record *record, const char *domain, int depth)
{
	static const struct text none = { "default", 7 };
	size_t i;

	for (i = 0; i < record->n; i++) {
		const struct spf_term *term = &record->terms[i];
		enum outcome outcome = e->req->trace == NULL ? match_term(e, term, domain, depth)
							     : trace_term(e, term, domain, depth);

		switch (outcome) {
		case NO_MATCH:
		case PENDING:
			continue;
		case MATCH:
			return conclude_match(e, record, term, domain, depth);
		case TEMPERROR:
		case PERMERROR:
			note_term(e, term->text, depth);
			return make_host_result(
			    e, outcome == TEMPERROR ? SPF_TEMPERROR : SPF_PERMERROR);
		}
	}
	if (record->redirect.s != NULL)
		return trace_redirect(e, record, domain, depth);
	note_term(e, none, depth);
	e->step = SPF_TRACE_STEPS;
	return make_host_result(e, SPF_NEUTRAL);
}

/* trace_invalid_term - record the term for which a record is invalid */
static void
trace_invalid_term(struct eval *e, struct text term, const char *domain, int depth)
{
	if (term.len == 0)
		return;
	e->step = spf_trace_step(e->req->trace, (unsigned)depth, domain, term);
	spf_trace_outcome(e->req->trace, e->step, get_outcome_name(PERMERROR));
	spf_trace_cost(e->req->trace, e->step, e->cost, e->cost);
}

static struct host_result
evaluate_record_set(struct eval *e, const struct spf_record_set *set, const char *domain, int depth)
{
	if (set->n == 0)
		return make_host_result(e, SPF_NONE);
	if (set->n > 1) {
		note_record_problem(e, "more than one SPF record", " at", domain);
		return make_host_result(e, SPF_PERMERROR);
	}
	if (!set->valid) {
		trace_invalid_term(e, set->at, domain, depth);
		note_record_problem(e, set->error, " in the record of", domain);
		note_term(e, set->at, depth);
		return make_host_result(e, SPF_PERMERROR);
	}
	if (!e->started)
		e->verdict->no_mail = set->no_mail;
	e->started = true;
	return walk_record(e, &set->record, domain, depth);
}

/* Nested includes. Each costs one of lookup_limit; this is a second limit for the stack. */
#define DEPTH_MAX 100

static struct host_result
check_host(struct eval *e, const char *domain, int depth)
{
	static const struct text record = { "", 0 };
	struct dns_answer *answer;

	if (depth > DEPTH_MAX || !spf_answers_is_domain(domain, strlen(domain)))
		return make_host_result(e, SPF_NONE);
	if (e->req->trace != NULL)
		e->step = spf_trace_step(e->req->trace, (unsigned)depth, domain, record);
	answer = spf_ask(&e->ask, domain, DNS_TXT);
	if (answer == NULL)
		return make_host_result(e, SPF_NONE);
	if (e->req->trace != NULL)
		spf_trace_outcome(e->req->trace, e->step, dns_status_name(answer->status));
	switch (answer->status) {
	case DNS_FOUND:
		return evaluate_record_set(e, spf_record_set_of(answer), domain, depth);
	case DNS_VOID:
		return make_host_result(e, SPF_NONE);
	default:
		note_dns_problem(e, answer, domain, DNS_TXT);
		return make_host_result(e, SPF_TEMPERROR);
	}
}

/*
 * read_explanation - the text of the one TXT record, if it is printable ASCII (6.2)
 *
 * False with a reason in *problem, which is "" if there is no record.
 */
static bool
read_explanation(const struct dns_answer *answer, struct text *text, const char **problem)
{
	size_t i;

	*problem = "";
	if (answer->status != DNS_FOUND)
		return false;
	*problem = "more than one TXT record";
	if (answer->n != 1)
		return false;
	text->s = answer->rr[0].data;
	text->len = answer->rr[0].len;
	*problem = "not printable ASCII";
	for (i = 0; i < text->len; i++)
		if (!ascii_isgraph(text->s[i]) && text->s[i] != ' ')
			return false;
	return spf_macro_is_valid(*text, true, problem);
}

/* ask_explanation - the answer that has the explanation; NULL with *done: false while it is missing */
static const struct dns_answer *
ask_explanation(struct eval *e, bool *done)
{
	char name[HOSTNAME_MAX + 1];
	const struct dns_answer *answer;
	size_t step =
	    spf_trace_step(e->req->trace, 0, e->exp_domain, get_modifier_text("exp", e->exp));
	enum outcome known = expand_term_target(e, e->exp, e->exp_domain, name);

	*done = known != PENDING;
	if (known == PENDING)
		return NULL;
	if (known != MATCH || !spf_answers_is_name(name, strlen(name))) {
		spf_trace_outcome(e->req->trace, step, "no name");
		return NULL;
	}
	answer = spf_ask(&e->ask, name, DNS_TXT);
	*done = answer != NULL;
	if (answer != NULL)
		spf_trace_outcome(e->req->trace, step, dns_status_name(answer->status));
	return answer;
}

/*
 * fetch_explanation - fetch and expand the explanation of a fail; false while an answer is missing
 *
 * Its lookups count for no limit. After an error the verdict has no explanation.
 */
static bool
fetch_explanation(struct eval *e)
{
	struct spf_macro_values values;
	struct text text;
	const char *problem;
	bool done;
	const struct dns_answer *answer = ask_explanation(e, &done);
	size_t len;

	e->verdict->explained = true;
	if (answer == NULL)
		return done;
	if (!read_explanation(answer, &text, &problem)) {
		spf_trace_problem(e->req->trace, problem);
		return true;
	}
	spf_ask_macro_values(&e->ask, e->exp_domain, &values);
	if (spf_macro_uses(text, "p") &&
	    (values.validated = spf_ask_validated_name(&e->ask, e->exp_domain)) == NULL)
		return false;
	/* The values of the macros come from the client. */
	len = spf_macro_expand_text(text, &values, e->verdict->explanation);
	printable_text(
	    e->verdict->explanation, sizeof(e->verdict->explanation), e->verdict->explanation, len);
	return true;
}

/* conclude_verdict - of a pass without missing answers */
static void
conclude_verdict(const struct eval *e, enum spf_result result)
{
	struct spf_verdict *verdict = e->verdict;

	verdict->result = verdict->native = result;
	verdict->lookups = e->cost.lookups;
	verdict->voids = e->cost.voids;
	spf_trace_decide(e->req->trace, e->step);
	verdict->security = e->ask.security;
	verdict->varies = e->ask.varies;
	if (e->ask.saturated) {
		spf_verdict_saturate(verdict);
		return;
	}
	if (!e->has_problem || (result != SPF_TEMPERROR && result != SPF_PERMERROR))
		verdict->problem[0] = '\0';
}

bool
spf_eval(const struct spf_request *req, struct spf_answers *answers, struct spf_verdict *verdict)
{
	struct eval e = { .req = req, .verdict = verdict };
	char domain[HOSTNAME_MAX + 1];
	struct host_result r;

	spf_verdict_init(verdict);
	spf_trace_begin(req->trace);
	if (!spf_request_domain(req, domain))
		return true; /* SPF_NONE */
	e.domain = domain;
	spf_ask_init(&e.ask, req, answers);
	r = check_host(&e, domain, 0);
	if (r.pending)
		return false;
	conclude_verdict(&e, r.result);
	if (verdict->result == SPF_FAIL && req->explain && e.exp.s != NULL)
		return fetch_explanation(&e);
	return true;
}
