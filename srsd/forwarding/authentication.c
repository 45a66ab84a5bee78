/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "srsd/forwarding/authentication.h"
#include "srsd/forwarding/verdict_token.h"

/* cut_first_label - of a name of several labels; the whole name has no dot */
static struct text
cut_first_label(struct text domain)
{
	const char *dot = domain.len == 0 ? NULL : memchr(domain.s, '.', domain.len);

	if (dot != NULL)
		domain.len = (size_t)(dot - domain.s);
	return domain;
}

/*
 * verify_completed - for a MAIL FROM that Postfix has completed after the gate
 *
 * Our gate sees "ceo", or "ceo@mail", and we see ceo@mail.example.org (append_at_myorigin,
 * append_dot_mydomain). Nothing authenticates such a sender, whatever the result in the token.
 */
static int
verify_completed(struct verdict_token *verdict, const struct srs_keys *keys, struct text token,
    struct text local, struct text domain, time_t now)
{
	static const struct text none = { "", 0 };
	int found = 0;

	if (domain.len > 0)
		found = verdict_token_verify(verdict, keys, token, local, none, now);
	if (found == 0 && domain.len > 0)
		found =
		    verdict_token_verify(verdict, keys, token, local, cut_first_label(domain), now);
	if (found == 1)
		verdict->result = SPF_NONE;
	return found;
}

/* find_verdict - the topmost token of this MAIL FROM: 1 found, 0 none, -1 it is not known */
static int
find_verdict(struct verdict_token *verdict, const struct mail_headers *headers,
    const struct srs_keys *keys, struct text local, struct text domain, time_t now)
{
	struct text token;
	int found = 0;
	size_t i;

	for (i = 0; keys != NULL && found == 0 && i < headers->n_tokens; i++) {
		token = text_of(headers->token[i]);
		found = verdict_token_verify(verdict, keys, token, local, domain, now);
		if (found == 0)
			found = verify_completed(verdict, keys, token, local, domain, now);
	}
	return found;
}

static bool
is_passing(const struct verdict_token *verdict, enum spf_identity identity)
{
	return verdict->identity == identity && verdict->result == SPF_PASS;
}

bool
authentication_judge(enum forwarding_auth *auth, const struct mail_headers *headers,
    const struct srs_keys *keys, const struct forwarding_envelope *envelope, time_t now)
{
	const struct text local = { envelope->sender_local, strlen(envelope->sender_local) };
	const struct text domain = { envelope->sender_domain, strlen(envelope->sender_domain) };
	bool is_null = envelope->sender == FORWARDING_BOUNCE;
	struct verdict_token verdict;
	int found = find_verdict(&verdict, headers, keys, local, domain, now);

	if (found == -1)
		return false;
	if (found == 1 && is_passing(&verdict, is_null ? SPF_IDENTITY_HELO : SPF_IDENTITY_MAILFROM))
		*auth = FORWARDING_PASS;
	else if (is_null ? mail_headers_dmarc_pass_all(headers)
			 : mail_headers_pass(headers, local, domain))
		*auth = FORWARDING_PASS;
	else
		*auth = found == 1 ? FORWARDING_FAIL : FORWARDING_UNCHECKED;
	return true;
}

void
authentication_set_alignment(struct forwarding_facts *facts, const struct mail_headers *headers,
    const struct forwarding_envelope *envelope, const struct settings *settings)
{
	facts->candidate_is_aligned = facts->srs_domain_is_aligned = false;
	if (envelope->sender == FORWARDING_BOUNCE)
		return; /* it is not signed */
	if (facts->candidate[0] != '\0')
		facts->candidate_is_aligned = mail_headers_mislead(headers, facts->candidate);
	if (settings->unauthenticated_domain[0] != '\0')
		facts->srs_domain_is_aligned = mail_headers_mislead(headers, settings->srs_domain);
}
