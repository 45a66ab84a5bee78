/* SPDX-License-Identifier: ISC */
#include <stddef.h>
#include <string.h>

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

/* The explanation is the largest part of a verdict and rarely used: only its first byte is set. */

void
spf_verdict_init(struct spf_verdict *verdict)
{
	memset(verdict, 0, offsetof(struct spf_verdict, explanation) + 1);
	verdict->problem = "";
	verdict->security = DNS_INSECURE;
}

void
spf_verdict_saturate(struct spf_verdict *verdict)
{
	verdict->result = verdict->native = verdict->libspf2 = SPF_TEMPERROR;
	verdict->saturated = true;
	verdict->differs = false;
	verdict->problem = "saturated: too many pending DNS queries";
	verdict->explanation[0] = '\0';
}

static void
copy_verdict(struct spf_verdict *to, const struct spf_verdict *from)
{
	memcpy(to, from, offsetof(struct spf_verdict, explanation) + strlen(from->explanation) + 1);
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
