/* SPDX-License-Identifier: ISC */
#include <string.h>
#include <strings.h>

#include "common/ascii.h"
#include "spf/spf_ask.h"
#include "spf/spf_trace.h"

void
spf_ask_init(struct spf_ask *ask, const struct spf_request *req, struct spf_answers *answers)
{
	ask->req = req;
	ask->answers = answers;
	ask->pending = ask->saturated = ask->varies = false;
	ask->security = DNS_SECURE;
}

/*
 * find_question - the table's answer for a query; NULL if there is no room for it
 *
 * A pass that is pending already only requests answers ahead.
 */
static struct spf_answer *
find_question(struct spf_ask *ask, const char *name, enum dns_type type)
{
	return ask->pending ? spf_answers_guess(ask->answers, name, type)
			    : spf_answers_get(ask->answers, name, type);
}

/* note_reply - the effects of an answer on a pass that is not pending */
static struct dns_answer *
note_reply(struct spf_ask *ask, struct dns_answer *reply)
{
	if (reply->security < ask->security)
		ask->security = reply->security;
	if (reply->status == DNS_ERROR && reply->failure == DNS_SATURATED)
		ask->saturated = true;
	return reply;
}

/* use_answer - its reply, or the one to use while that is missing; NULL makes the pass pending */
static struct dns_answer *
use_answer(struct spf_ask *ask, const struct spf_answer *answer, struct dns_answer *missing)
{
	struct dns_answer *reply = answer->reply != NULL ? answer->reply : missing;

	spf_trace_asked(ask->req->trace, answer);
	if (reply == NULL)
		ask->pending = true;
	return ask->pending ? reply : note_reply(ask, reply);
}

/* The reply to a query beyond SPF_ANSWERS_MAX. */
static struct dns_answer refused = { .status = DNS_ERROR, .security = DNS_INSECURE };

struct dns_answer *
spf_ask(struct spf_ask *ask, const char *name, enum dns_type type)
{
	struct spf_answer *answer = find_question(ask, name, type);

	if (answer == NULL)
		return ask->pending ? NULL : &refused;
	return use_answer(ask, answer, NULL);
}

struct dns_answer *
spf_ask_client(struct spf_ask *ask, const char *name, enum dns_type type)
{
	struct spf_answer *answer = find_question(ask, name, type);

	if (answer == NULL)
		return ask->pending ? NULL : &refused;
	answer->of_client = true;
	return use_answer(ask, answer, spf_answers_client_error(ask->answers));
}

enum dns_type
spf_ask_address_type(const struct spf_ask *ask)
{
	return ask->req->ip.family == AF_INET ? DNS_A : DNS_AAAA;
}

bool
spf_ask_holds_client(const struct spf_ask *ask, const struct dns_answer *answer, unsigned prefix)
{
	size_t i;

	for (i = 0; i < answer->n; i++)
		if (ipaddr_agree(&answer->rr[i].ip, &ask->req->ip, prefix))
			return true;
	return false;
}

void
spf_ask_reverse_name(const struct spf_request *req, char name[HOSTNAME_MAX + 1])
{
	static const char spec[] = "%{ir}.%{v}.arpa";
	struct text text = { spec, sizeof(spec) - 1 };
	struct spf_macro_values values = { .ip = &req->ip };

	spf_macro_expand_name(text, &values, name);
}

enum spf_asked
spf_ask_leads_back(struct spf_ask *ask, const struct dns_rr *rr, bool *failed)
{
	unsigned all_bits = ask->req->ip.family == AF_INET ? 32 : 128;
	const struct dns_answer *answer;

	if (!spf_answers_is_name(rr->data, rr->len))
		return SPF_ASKED_NO;
	answer = spf_ask_client(ask, rr->data, spf_ask_address_type(ask));
	if (answer == NULL)
		return SPF_ASKED_PENDING;
	if (failed != NULL && answer->status == DNS_ERROR)
		*failed = true;
	return answer->status == DNS_FOUND && spf_ask_holds_client(ask, answer, all_bits)
		   ? SPF_ASKED_YES
		   : SPF_ASKED_NO;
}

enum spf_asked
spf_ask_any_leads_back(
    struct spf_ask *ask, const struct dns_answer *ptr, struct spf_ask_names *names)
{
	const struct spf_ask before = *ask;
	enum spf_asked all = SPF_ASKED_NO, one;
	size_t i;

	for (i = 0; i < ptr->n && i < SPF_ASK_PTR_MAX; i++) {
		if (!names->counts(&ptr->rr[i], names->arg))
			continue;
		one = spf_ask_leads_back(ask, &ptr->rr[i], &names->failed);
		if (one == SPF_ASKED_YES) {
			/* The other names do not count: they cannot make the pass pending. */
			*ask = before;
			return spf_ask_leads_back(ask, &ptr->rr[i], NULL);
		}
		if (one == SPF_ASKED_PENDING)
			all = one;
	}
	return all;
}

/* rank_name - for %{p}: the domain itself, a name below it, any other */
static int
rank_name(const struct dns_rr *rr, const char *domain)
{
	if (strcasecmp(rr->data, domain) == 0)
		return 3;
	return hostname_is_within(rr->data, rr->len, domain, strlen(domain)) ? 2 : 1;
}

/*
 * is_better_name - of a higher rank, or smaller and of the same rank
 *
 * So the order of the records in an answer does not matter.
 */
static bool
is_better_name(const struct dns_rr *rr, const char *domain, const char *best, int best_rank)
{
	int own = rank_name(rr, domain);

	return own > best_rank || (own == best_rank && strcasecmp(rr->data, best) < 0);
}

const char *
spf_ask_validated_name(struct spf_ask *ask, const char *domain)
{
	char name[HOSTNAME_MAX + 1];
	const char *best = "unknown";
	bool missing = false;
	const struct dns_answer *ptr;
	size_t i;
	int best_rank = 0;

	spf_ask_reverse_name(ask->req, name);
	ptr = spf_ask_client(ask, name, DNS_PTR);
	if (ptr == NULL)
		return NULL;
	for (i = 0; ptr->status == DNS_FOUND && i < ptr->n && i < SPF_ASK_PTR_MAX; i++) {
		switch (spf_ask_leads_back(ask, &ptr->rr[i], NULL)) {
		case SPF_ASKED_PENDING:
			missing = true;
			break;
		case SPF_ASKED_YES:
			if (is_better_name(&ptr->rr[i], domain, best, best_rank)) {
				best_rank = rank_name(&ptr->rr[i], domain);
				best = ptr->rr[i].data;
			}
			break;
		case SPF_ASKED_NO:
			break;
		}
	}
	return missing ? NULL : best;
}

void
spf_ask_macro_values(const struct spf_ask *ask, const char *domain, struct spf_macro_values *values)
{
	static const char postmaster[] = "postmaster";
	struct text default_local = { postmaster, sizeof(postmaster) - 1 };
	const struct spf_request *req = ask->req;

	memset(values, 0, sizeof(*values));
	values->local = req->local.len == 0 ? default_local : req->local;
	values->sender_domain = req->domain;
	values->domain.s = domain;
	values->domain.len = strlen(domain);
	values->helo = req->helo;
	values->ip = &req->ip;
	values->receiver = req->receiver;
	values->now = req->now;
}

enum spf_asked
spf_ask_target(
    struct spf_ask *ask, struct text spec, const char *domain, char name[HOSTNAME_MAX + 1])
{
	const struct spf_request *req = ask->req;
	struct spf_macro_values values;

	if (spec.len == 0) {
		strlcpy(name, domain, HOSTNAME_MAX + 1);
		return SPF_ASKED_YES;
	}
	ask->varies |= spf_macro_uses(spec, "slh");
	spf_ask_macro_values(ask, domain, &values);
	if (!ascii_only(req->local.s, req->local.len) && spf_macro_uses(spec, "sl"))
		return SPF_ASKED_NO;
	if (spf_macro_uses(spec, "p")) {
		values.validated = spf_ask_validated_name(ask, domain);
		if (values.validated == NULL)
			return SPF_ASKED_PENDING;
	}
	spf_macro_expand_name(spec, &values, name);
	return SPF_ASKED_YES;
}
