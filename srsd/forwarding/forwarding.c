/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "common/idna.h"
#include "srsd/forwarding/forwarding.h"
#include "srsd/srs/srs_addr.h"
#include "srsd/srs/srs_domains.h"

const char *
forwarding_kind_name(enum forwarding_kind kind)
{
	static const char *const names[FORWARDING_KINDS] = {
		[FORWARDING_BOUNCE] = "bounce",
		[FORWARDING_OWN_SRS] = "own-srs",
		[FORWARDING_OWN] = "own",
		[FORWARDING_INCOMING] = "incoming",
		[FORWARDING_RELAYED] = "relayed",
		[FORWARDING_REDIRECTED] = "redirected",
		[FORWARDING_FORWARD] = "forward",
	};

	return names[kind];
}

const char *
forwarding_auth_name(enum forwarding_auth auth)
{
	static const char *const names[] = {
		[FORWARDING_UNCHECKED] = "unchecked",
		[FORWARDING_PASS] = "pass",
		[FORWARDING_FAIL] = "fail",
	};

	return names[auth];
}

const char *
forwarding_reason_name(enum forwarding_reason reason)
{
	static const char *const names[] = {
		[FORWARDING_USUAL] = NULL,
		[FORWARDING_ALIGNED] = "aligned",
		[FORWARDING_UNAUTHENTICATED] = "unauthenticated",
		[FORWARDING_TRUSTS_US] = "no-rewrite",
		[FORWARDING_HOLD_FULL] = "hold-limit",
	};

	return names[reason];
}

/* read_domain - in lower-case A-labels; "" for a text that is not a domain */
static void
read_domain(char domain[HOSTNAME_MAX + 1], const char *s, size_t len)
{
	len = idna_to_ascii(domain, s, hostname_length(s, len));
	domain[len] = '\0';
	hostname_lower(domain, len);
}

/* read_fact - of an address in external form; addr is invalid unless it is MAILADDR_OK */
static enum srs_fact
read_fact(const struct srs_context *context, const struct mailaddr *addr)
{
	const struct mailaddr_parts parts = { addr->local, addr->local_len, addr->domain,
		addr->domain_len };

	return srs_rewrite_fact(context, &parts);
}

/* read_incomplete - the domain and the fact of an address that Postfix completes, such as a%x.org */
static enum srs_fact
read_incomplete(
    char domain[HOSTNAME_MAX + 1], const struct srs_context *context, struct text address)
{
	struct mailaddr_parts parts;

	mailaddr_split(&parts, address.s, address.len);
	read_domain(domain, parts.domain, parts.domain_len);
	return srs_rewrite_fact(context, &parts);
}

/* is_own_recipient - is it of domains, or completed with a domain of this host? */
static bool
is_own_recipient(const struct settings *settings, const char *domain)
{
	return strchr(domain, '.') == NULL ||
	       domainset_contains(settings->own_domains, domain, strlen(domain));
}

static bool
is_same_path(struct text a, struct text b)
{
	return a.len == b.len && strncasecmp(a.s, b.s, a.len) == 0;
}

/*
 * leads_to - does an SRS address of ours lead to this recipient?
 *
 * The reverse map leaves the SRS address in ORCPT. But a stranger can write any ORCPT, and nothing
 * counts guesses there. So the hash may make a difference only for mail to the very sender in the
 * address: that sender can get an address that verifies anyway.
 */
static bool
leads_to(const struct srs_context *context, struct text original, struct text rcpt)
{
	struct srs_result result;
	struct mailaddr addr;
	char address[MAILADDR_SIZE];
	const char *error;
	size_t len;

	if (mailaddr_parse_external(&addr, rcpt.s, rcpt.len) != MAILADDR_OK)
		return false;
	len = mailaddr_format(address, addr.local, addr.local_len, addr.domain, addr.domain_len);
	srs_rewrite_reverse(&result, context, original.s, original.len);
	if (result.verdict == SRS_UNKNOWN_ALIAS)
		srs_rewrite_restore(&result, context, (struct text){ address, len }, &error);
	return result.verdict == SRS_REWRITTEN && result.len == len &&
	       strncasecmp(result.address, address, len) == 0;
}

/* read_original - the domain of ORCPT, and whether it is the SRS address that led to RCPT */
static void
read_original(struct forwarding_recipient *recipient, const struct srs_context *context,
    struct text rcpt, struct text original)
{
	struct mailaddr addr;

	if (mailaddr_parse_external(&addr, original.s, original.len) != MAILADDR_OK)
		return;
	read_domain(recipient->domain, addr.domain, addr.domain_len);
	recipient->was_reversed =
	    read_fact(context, &addr) == SRS_FACT_VALID && leads_to(context, original, rcpt);
}

/* is_forwarded - was the message addressed to one of domains, and not to an SRS address? */
static bool
is_forwarded(const struct forwarding_recipient *recipient, const struct settings *settings,
    struct text original)
{
	if (recipient->domain[0] == '\0' || srs_addr_tag(original.s, original.len) != -1)
		return false;
	return srs_domains_is_literal(settings, text_of(recipient->domain));
}

/* is_relayed_to - is the recipient in relay-domains, or an SRS address that returns to us? */
static bool
is_relayed_to(const struct forwarding_recipient *recipient, const struct settings *settings,
    const char *domain)
{
	size_t len = strlen(domain);

	return recipient->fact != SRS_FACT_FOREIGN ||
	       domainset_contains(settings->relays, domain, len) ||
	       domainset_contains(settings->srs_domains, domain, len);
}

static bool
is_apart(const struct settings *settings, bool is_valid, const char *domain)
{
	return is_valid && settings->unauthenticated_domain[0] != '\0' &&
	       strcasecmp(domain, settings->unauthenticated_domain) == 0;
}

void
forwarding_read_recipient(struct forwarding_recipient *recipient, const struct srs_context *context,
    struct text rcpt, struct text original, bool incoming)
{
	const struct settings *settings = context->settings;
	char domain[HOSTNAME_MAX + 1] = "";
	struct mailaddr addr;

	memset(recipient, 0, sizeof(*recipient));
	if (mailaddr_parse_external(&addr, rcpt.s, rcpt.len) == MAILADDR_OK) {
		recipient->fact = read_fact(context, &addr);
		read_domain(domain, addr.domain, addr.domain_len);
	} else {
		recipient->fact = read_incomplete(domain, context, rcpt);
	}
	read_original(recipient, context, rcpt, original);
	recipient->trusts_us = domainset_contains(settings->no_rewrite, domain, strlen(domain));
	recipient->returns_apart = is_apart(settings, recipient->fact == SRS_FACT_VALID, domain) ||
				   is_apart(settings, recipient->was_reversed, recipient->domain);
	if (is_relayed_to(recipient, settings, domain))
		recipient->kind = FORWARDING_RELAYED;
	else if (incoming && is_own_recipient(settings, domain))
		recipient->kind = FORWARDING_INCOMING;
	else if (is_forwarded(recipient, settings, original))
		recipient->kind = FORWARDING_FORWARD;
	else
		recipient->kind = FORWARDING_REDIRECTED;
	recipient->is_unknown =
	    recipient->kind == FORWARDING_REDIRECTED && recipient->domain[0] != '\0' &&
	    srs_addr_tag(original.s, original.len) == -1 && !is_same_path(rcpt, original);
}

static enum forwarding_kind
classify_sender(const struct settings *settings, const struct mailaddr *addr, enum srs_fact fact)
{
	if (fact != SRS_FACT_FOREIGN)
		return fact == SRS_FACT_VALID ? FORWARDING_OWN_SRS : FORWARDING_OWN;
	if (!settings->always_rewrite &&
	    domainset_contains(settings->own_domains, addr->domain, addr->domain_len))
		return FORWARDING_OWN;
	return FORWARDING_REDIRECTED;
}

static bool
is_own_text(const struct settings *settings, struct text sender)
{
	const char *at = memrchr(sender.s, '@', sender.len);
	size_t len = at == NULL ? 0 : (size_t)(sender.s + sender.len - at) - 1;

	return len > 0 &&
	       domainset_contains(settings->own_domains, at + 1, hostname_length(at + 1, len));
}

void
forwarding_start(
    struct forwarding_envelope *envelope, const struct srs_context *context, struct text sender)
{
	struct mailaddr addr;
	enum srs_fact fact;

	memset(envelope, 0, sizeof(*envelope));
	envelope->deciding.kind = FORWARDING_RELAYED; /* without a recipient, nothing is signed */
	envelope->claims_own = is_own_text(context->settings, sender);
	switch (mailaddr_parse_external(&addr, sender.s, sender.len)) {
	case MAILADDR_OK:
		fact = read_fact(context, &addr);
		envelope->sender = classify_sender(context->settings, &addr, fact);
		envelope->has_srs_sender = fact != SRS_FACT_FOREIGN;
		memcpy(envelope->sender_local, addr.local, addr.local_len);
		read_domain(envelope->sender_domain, addr.domain, addr.domain_len);
		break;
	case MAILADDR_NULL:
		envelope->sender = FORWARDING_BOUNCE;
		break;
	case MAILADDR_INVALID:
	case MAILADDR_TOO_LONG:
		envelope->sender = FORWARDING_REDIRECTED; /* the lookup says why it is kept */
		break;
	}
}

/* rank_recipient - the one with the highest rank decides */
static unsigned
rank_recipient(const struct forwarding_recipient *recipient)
{
	return recipient->trusts_us ? 0 : recipient->kind;
}

bool
forwarding_add(struct forwarding_envelope *envelope, const struct forwarding_recipient *recipient)
{
	const struct forwarding_recipient *deciding = &envelope->deciding;
	bool first = envelope->recipients++ == 0;

	if (first)
		envelope->returned = recipient->was_reversed;
	else
		envelope->differ |= rank_recipient(recipient) != rank_recipient(deciding) ||
				    strcmp(recipient->domain, deciding->domain) != 0;
	if (!first && rank_recipient(recipient) <= rank_recipient(deciding))
		return false;
	envelope->deciding = *recipient;
	return true;
}

/*
 * is_sender_forged - is the sender one of domains, and not authenticated?
 *
 * A sender of ours that is not an address is forged, unless it passes. Never with an SRS
 * address of ours: a wrong hash gets no other answer than a right one.
 */
static bool
is_sender_forged(const struct forwarding_envelope *envelope, enum forwarding_auth auth)
{
	if (envelope->claims_own && envelope->sender == FORWARDING_REDIRECTED &&
	    envelope->sender_domain[0] == '\0')
		return auth != FORWARDING_PASS;
	return envelope->sender == FORWARDING_OWN && !envelope->has_srs_sender &&
	       auth == FORWARDING_FAIL;
}

enum forwarding_kind
forwarding_judge(const struct forwarding_envelope *envelope, enum forwarding_auth auth)
{
	switch (envelope->sender) {
	case FORWARDING_BOUNCE:
	case FORWARDING_OWN_SRS:
		return envelope->sender;
	case FORWARDING_OWN:
		return is_sender_forged(envelope, auth) ? envelope->deciding.kind : FORWARDING_OWN;
	default:
		return envelope->deciding.kind;
	}
}

/*
 * is_signed_kind - is the sender of such mail rewritten?
 *
 * A forged sender of ours is never kept on mail that is not relayed: the SPF pass that it gets from
 * our address would be a DMARC pass for From:.
 */
static bool
is_signed_kind(enum forwarding_kind kind, const struct settings *settings, bool is_forged)
{
	return kind == FORWARDING_FORWARD ||
	       (kind == FORWARDING_REDIRECTED && (settings->rewrite_relayed || is_forged));
}

bool
forwarding_needs_candidate(const struct forwarding_envelope *envelope,
    const struct settings *settings, enum forwarding_auth auth)
{
	return strcmp(settings->per_domain, "off") != 0 && !envelope->deciding.trusts_us &&
	       forwarding_judge(envelope, auth) == FORWARDING_FORWARD &&
	       !(auth == FORWARDING_FAIL && (settings->unauthenticated == UNAUTHENTICATED_DOMAIN ||
						settings->unauthenticated == UNAUTHENTICATED_KEEP));
}

static void
sign_apart(struct forwarding_decision *decision, const struct settings *settings,
    enum forwarding_reason reason)
{
	if (settings->unauthenticated_domain[0] != '\0')
		decision->domain = settings->unauthenticated_domain;
	decision->reason = reason;
}

/* choose_signing_domain - the candidate, srs-domain, or the domain that is aligned with none of ours */
static void
choose_signing_domain(struct forwarding_decision *decision, const struct settings *settings,
    const struct forwarding_facts *facts)
{
	decision->domain = settings->srs_domain;
	if (facts->candidate[0] != '\0' && !facts->candidate_is_aligned) {
		decision->domain = facts->candidate;
		return;
	}
	if (facts->candidate[0] != '\0')
		decision->reason = FORWARDING_ALIGNED;
	if (facts->srs_domain_is_aligned)
		sign_apart(decision, settings, FORWARDING_ALIGNED);
}

/* set_apart - by the option unauthenticated */
static void
set_apart(struct forwarding_decision *decision, const struct settings *settings,
    const struct forwarding_facts *facts, bool is_forged)
{
	switch (settings->unauthenticated) {
	case UNAUTHENTICATED_REWRITE:
		break;
	case UNAUTHENTICATED_DOMAIN:
		sign_apart(decision, settings, FORWARDING_UNAUTHENTICATED);
		break;
	case UNAUTHENTICATED_KEEP:
		if (is_forged)
			break;
		decision->domain = NULL;
		decision->reason = FORWARDING_UNAUTHENTICATED;
		break;
	case UNAUTHENTICATED_HOLD:
		decision->hold = !facts->hold_is_full;
		decision->reason = FORWARDING_UNAUTHENTICATED;
		if (facts->hold_is_full)
			sign_apart(decision, settings, FORWARDING_HOLD_FULL);
		break;
	}
}

/* hold_bounce - a null sender that is not the bounce of something that we signed */
static void
hold_bounce(struct forwarding_decision *decision, const struct forwarding_envelope *envelope,
    const struct settings *settings, const struct forwarding_facts *facts)
{
	if (envelope->returned || facts->auth != FORWARDING_FAIL ||
	    settings->unauthenticated != UNAUTHENTICATED_HOLD)
		return;
	decision->hold = !facts->hold_is_full;
	decision->reason = facts->hold_is_full ? FORWARDING_HOLD_FULL : FORWARDING_UNAUTHENTICATED;
}

void
forwarding_decide(struct forwarding_decision *decision, const struct forwarding_envelope *envelope,
    const struct settings *settings, const struct forwarding_facts *facts)
{
	bool is_forged = is_sender_forged(envelope, facts->auth);

	memset(decision, 0, sizeof(*decision));
	decision->kind = forwarding_judge(envelope, facts->auth);
	if (decision->kind == FORWARDING_BOUNCE)
		hold_bounce(decision, envelope, settings, facts);
	if (!is_signed_kind(decision->kind, settings, is_forged))
		return;
	if (envelope->deciding.trusts_us) {
		decision->reason = FORWARDING_TRUSTS_US;
		return;
	}
	choose_signing_domain(decision, settings, facts);
	if (facts->auth == FORWARDING_FAIL)
		set_apart(decision, settings, facts, is_forged);
}

bool
forwarding_is_unsafe_unsigned(const struct forwarding_envelope *envelope,
    const struct settings *settings, enum forwarding_auth auth)
{
	return envelope->claims_own && auth != FORWARDING_PASS && !settings->always_rewrite;
}
