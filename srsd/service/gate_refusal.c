/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <string.h>

#include "common/ascii.h"
#include "common/printable.h"
#include "srsd/service/gate_refusal.h"

/* A domain in a refusal; whole in nearly all cases. */
#define DOMAIN_SIZE 101

/* A value of {sender} or {domain}: most addresses without escapes in the local part are whole. */
#define URL_VALUE_SIZE 201

#define DEFAULT_REASON_MESSAGE "SPF {identity} check failed: {reason}"

static const struct {
	enum gate_kind kind;
	const char *code;
	const char *text; /* NULL: that of an SPF verdict */
	const char *word;
} refusals[] = {
	[GATE_REFUSAL_NONE] = { GATE_DUNNO, "", "", NULL },
	[GATE_REFUSAL_NO_HMAC] = { GATE_DEFER, "451 4.3.0", "try again later", "no-hmac" },
	[GATE_REFUSAL_GUESSING] = { GATE_DEFER, "450 4.7.1", "try again later", "guess-limit" },
	[GATE_REFUSAL_OVERUSED] = { GATE_DEFER, "450 4.7.1", "try again later", "daily-limit" },
	[GATE_REFUSAL_FORGED] = { GATE_REJECT, "550 5.1.1", "unknown SRS address", "srs-forged" },
	[GATE_REFUSAL_EXPIRED] = { GATE_REJECT, "550 5.1.1", "expired SRS address", "srs-expired" },
	[GATE_REFUSAL_NONNULL] = { GATE_REJECT, "550 5.7.1", "SRS address takes bounces only",
	    "srs-nonnull" },
	[GATE_REFUSAL_NONNULL_DEFER] = { GATE_DEFER, "450 4.7.1", "SRS address takes bounces only",
	    "srs-nonnull" },
	[GATE_REFUSAL_SATURATED] = { GATE_DEFER, "451 4.4.3",
	    "too many SPF checks wait for the DNS, try again later", "saturated" },
	[GATE_REFUSAL_ALLOW_LIST] = { GATE_DEFER, "451 4.4.3",
	    "the DNS does not answer for our allow-list, try again later", "allow-list" },
	[GATE_REFUSAL_SPF] = { GATE_REJECT, "550 5.7.23", NULL, NULL },
	[GATE_REFUSAL_PERMERROR] = { GATE_REJECT, "550 5.7.24", NULL, NULL },
	[GATE_REFUSAL_TEMPERROR] = { GATE_DEFER, "451 4.7.24", NULL, NULL },
};

enum gate_kind
gate_refusal_kind(enum gate_refusal refusal)
{
	return refusals[refusal].kind;
}

const char *
gate_refusal_code(enum gate_refusal refusal)
{
	return refusals[refusal].code;
}

const char *
gate_refusal_word(enum gate_refusal refusal)
{
	return refusals[refusal].word;
}

/* describe_verdict - the {reason}: a result in our own words, about a client and a domain */
static void
describe_verdict(char *buf, size_t size, const struct spf_verdict *verdict, const char *client,
    const char *domain)
{
	switch (verdict->result) {
	case SPF_SOFTFAIL:
		snprintf(
		    buf, size, "%s is probably not allowed to send mail for %s", client, domain);
		break;
	case SPF_NEUTRAL:
		snprintf(buf, size, "%s does not say that %s may send its mail", domain, client);
		break;
	case SPF_PERMERROR:
		snprintf(
		    buf, size, "the SPF record of %s cannot be used: %s", domain, verdict->problem);
		break;
	case SPF_TEMPERROR:
		snprintf(buf, size, "a DNS lookup for %s failed: %s", domain, verdict->problem);
		break;
	default:
		snprintf(buf, size, "%s is not allowed to send mail for %s", client, domain);
		break;
	}
}

/*
 * escape_for_url - a text for any part of a URL (RFC 3986, 2.1); '@' is allowed in all but the host
 *
 * A text that does not fit is cut between two characters.
 */
static void
escape_for_url(char buf[URL_VALUE_SIZE], struct text text)
{
	static const char digits[] = "0123456789ABCDEF";
	size_t i, n = 0;

	for (i = 0; i < text.len && n + 3 < URL_VALUE_SIZE; i++) {
		unsigned char c = (unsigned char)text.s[i];

		if (ascii_isalnum((char)c) || (c != '\0' && strchr("-._~@", c) != NULL)) {
			buf[n++] = (char)c;
			continue;
		}
		buf[n++] = '%';
		buf[n++] = digits[c >> 4];
		buf[n++] = digits[c & 15];
	}
	buf[n] = '\0';
}

/* The values of the names in reason-message. */
struct reason_word {
	const char *name;
	const char *value;
};

/* fill_reason_message - reason-message with its {names} replaced, cut when it gets too long */
static void
fill_reason_message(char *buf, size_t size, const char *template, const struct reason_word *words)
{
	const struct reason_word *w;
	size_t n = 0;

	while (*template != '\0' && n + 1 < size) {
		for (w = words; w->name != NULL; w++)
			if (strncmp(template, w->name, strlen(w->name)) == 0)
				break;
		if (w->name == NULL) {
			buf[n++] = *template ++;
			continue;
		}
		n += strlcpy(buf + n, w->value, size - n);
		if (n >= size)
			n = size - 1;
		template += strlen(w->name);
	}
	buf[n] = '\0';
}

/* write_verdict_text - what follows the code in a refusal for an SPF verdict */
static void
write_verdict_text(const struct spf_settings *spf, const struct gate_refusal_subject *subject,
    char text[GATE_TEXT_SIZE])
{
	const struct spf_verdict *verdict = subject->verdict;
	char client[IPADDR_TEXT_SIZE], domain[DOMAIN_SIZE],
	    reason[DOMAIN_SIZE + SPF_PROBLEM_SIZE + 64];
	char sender_in_url[URL_VALUE_SIZE], domain_in_url[URL_VALUE_SIZE];
	const struct reason_word words[] = {
		{ "{result}", spf_result_name(verdict->result) },
		{ "{reason}", reason },
		{ "{identity}", subject->identity == SPF_IDENTITY_HELO ? "HELO" : "MAIL FROM" },
		{ "{client}", client },
		{ "{sender}", sender_in_url },
		{ "{domain}", domain_in_url },
		{ NULL, NULL },
	};

	ipaddr_format(subject->client, client);
	printable(domain, sizeof(domain), subject->name.s, subject->name.len);
	escape_for_url(sender_in_url, subject->sender);
	escape_for_url(domain_in_url, subject->name);
	describe_verdict(reason, sizeof(reason), verdict, client, domain);
	fill_reason_message(text, GATE_TEXT_SIZE,
	    spf->reason_message[0] == '\0' ? DEFAULT_REASON_MESSAGE : spf->reason_message, words);
	if (spf->use_exp && verdict->result == SPF_FAIL && verdict->explanation[0] != '\0') {
		strlcat(text, "; its owner says: ", GATE_TEXT_SIZE);
		strlcat(text, verdict->explanation, GATE_TEXT_SIZE);
	}
}

void
gate_refusal_write(enum gate_refusal refusal, const struct spf_settings *spf,
    const struct gate_refusal_subject *subject, char text[GATE_TEXT_SIZE])
{
	const char *code = refusals[refusal].code, *words = refusals[refusal].text;
	char verdict_text[GATE_TEXT_SIZE];

	if (words == NULL) {
		write_verdict_text(spf, subject, verdict_text);
		words = verdict_text;
	}
	snprintf(
	    text, GATE_TEXT_SIZE, "%s %.*s", code, (int)(GATE_TEXT_SIZE - strlen(code) - 2), words);
}
