/* SPDX-License-Identifier: ISC */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "common/printable.h"
#include "spf/spf_answers.h"
#include "spf/spf_verdict.h"

const char *
spf_result_name(enum spf_result result)
{
	static const char *const names[SPF_RESULTS] = { "none", "neutral", "pass", "fail",
		"softfail", "temperror", "permerror" };

	return names[result];
}

const char *
spf_identity_name(enum spf_identity identity)
{
	return identity == SPF_IDENTITY_HELO ? "helo" : "mailfrom";
}

/*
 * The problem and the explanation are the largest parts of a verdict and rarely used: only their
 * first bytes are set.
 */

void
spf_verdict_init(struct spf_verdict *verdict)
{
	memset(verdict, 0, offsetof(struct spf_verdict, problem) + 1);
	verdict->explanation[0] = '\0';
	verdict->security = DNS_INSECURE;
}

void
spf_verdict_set_problem(struct spf_verdict *verdict, const char *text, const char *name)
{
	char shown[HOSTNAME_MAX + 1], *quote;

	if (name == NULL) {
		strlcpy(verdict->problem, text, sizeof(verdict->problem));
		return;
	}
	printable(shown, sizeof(shown), name, strlen(name));
	/* In the log, the problem is between quotes. */
	while ((quote = strchr(shown, '"')) != NULL)
		*quote = '?';
	snprintf(verdict->problem, sizeof(verdict->problem), "%s %s", text, shown);
}

void
spf_verdict_set_dns_problem(struct spf_verdict *verdict, const struct dns_answer *answer,
    const char *name, enum dns_type type)
{
	char text[SPF_PROBLEM_SIZE - HOSTNAME_MAX];

	snprintf(text, sizeof(text), "%s for the %s records of", dns_failure_text(answer),
	    dns_type_name(type));
	spf_verdict_set_problem(verdict, text, name);
}

void
spf_verdict_saturate(struct spf_verdict *verdict)
{
	verdict->result = verdict->native = verdict->libspf2 = SPF_TEMPERROR;
	verdict->saturated = true;
	verdict->differs = false;
	spf_verdict_set_problem(verdict, "saturated: too many pending DNS queries", NULL);
	verdict->explanation[0] = '\0';
}

static void
copy_verdict(struct spf_verdict *to, const struct spf_verdict *from)
{
	memcpy(to, from, offsetof(struct spf_verdict, problem));
	memcpy(to->problem, from->problem, strlen(from->problem) + 1);
	memcpy(to->explanation, from->explanation, strlen(from->explanation) + 1);
}

void
spf_verdicts_init(struct spf_verdicts *verdicts)
{
	verdicts->has_helo = verdicts->has_mailfrom = false;
	spf_verdicts_forget_allowed(verdicts);
	spf_verdict_init(&verdicts->helo);
	spf_verdict_init(&verdicts->mailfrom);
}

void
spf_verdicts_copy(struct spf_verdicts *to, const struct spf_verdicts *from)
{
	to->has_helo = from->has_helo;
	to->has_mailfrom = from->has_mailfrom;
	to->has_allowed = from->has_allowed;
	to->allowed_in_section = from->allowed_in_section;
	to->allowed = from->allowed;
	to->allowed_unknown = from->allowed_unknown;
	copy_verdict(&to->helo, &from->helo);
	copy_verdict(&to->mailfrom, &from->mailfrom);
}

void
spf_verdicts_forget_allowed(struct spf_verdicts *verdicts)
{
	verdicts->has_allowed = verdicts->allowed_in_section = verdicts->allowed_unknown = false;
	verdicts->allowed = NULL;
}

bool
spf_verdicts_are_final(const struct spf_verdicts *v)
{
	return !(v->has_helo && v->helo.saturated) && !(v->has_mailfrom && v->mailfrom.saturated) &&
	       !(v->has_allowed && v->allowed_unknown);
}

bool
spf_request_domain(const struct spf_request *req, char domain[HOSTNAME_MAX + 1])
{
	struct text name = req->domain;

	if (name.len > 0 && name.s[name.len - 1] == '.')
		name.len--;
	if (!spf_answers_is_domain(name.s, name.len) || name.s[0] == '[')
		return false;
	memcpy(domain, name.s, name.len);
	domain[name.len] = '\0';
	return true;
}
