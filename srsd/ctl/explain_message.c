/* SPDX-License-Identifier: ISC */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/attributes.h"
#include "common/mailaddr.h"
#include "common/printable.h"
#include "common/xmalloc.h"
#include "srsd/ctl/explain_message.h"
#include "srsd/ctl/mail_fields.h"
#include "srsd/forwarding/authentication.h"
#include "srsd/forwarding/forwarding.h"
#include "srsd/forwarding/mail_headers.h"
#include "srsd/forwarding/verdict_token.h"
#include "srsd/postfix/orcpt.h"
#include "srsd/srs/srs_domains.h"
#include "srsd/srs/srs_rewrite.h"

/* Bytes of a text of ours, which may have names of the message in it. */
#define TEXT_SIZE 1024

struct explanation {
	const struct explain_request *request;
	struct offline *offline;
	struct srs_keys *invented; /* instead of the secrets; NULL: they are known */
	struct srs_context context;
	struct mail_headers headers;
	struct text sender, recipient, original; /* s is NULL: not known */
	struct orcpt orcpt;
	struct forwarding_recipient deciding;
	struct forwarding_envelope envelope;
	enum forwarding_auth auth;
	char candidate[HOSTNAME_MAX + 1]; /* "": none, or it is not usable */
	struct forwarding_decision decision;
	json_t *reply, *notes;
};

static struct text
make_argument_text(const char *s)
{
	struct text text = { s, s == NULL ? 0 : strlen(s) };

	return text;
}

/* make_shown_text - of any bytes: a new reference */
static json_t *
make_shown_text(struct text text)
{
	char *copy = xcalloc(1, text.len + 1);
	json_t *shown;
	size_t i;

	for (i = 0; i < text.len; i++)
		copy[i] = text.s[i] == '\0' ? '?' : text.s[i];
	shown = json_string(printable_utf8(copy));
	free(copy);
	return shown;
}

static void
put_explained(struct explanation *e, const char *name, struct text text)
{
	json_object_set_new(e->reply, name, text.s == NULL ? json_null() : make_shown_text(text));
}

PRINTF_LIKE(3, 4)
static void
put_formatted(struct explanation *e, const char *name, const char *fmt, ...)
{
	char text[TEXT_SIZE];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	put_explained(e, name, make_argument_text(text));
}

PRINTF_LIKE(2, 3)
static void
add_note(struct explanation *e, const char *fmt, ...)
{
	char text[TEXT_SIZE];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	json_array_append_new(e->notes, make_shown_text(make_argument_text(text)));
}

/* The header. */

static bool
is_field_name(struct text name, const char *word)
{
	return name.len == strlen(word) && strncasecmp(name.s, word, name.len) == 0;
}

/* strip_address - without blanks around it and without angle brackets */
static struct text
strip_address(struct text text)
{
	while (text.len > 0 && strchr(" \t\n", text.s[0]) != NULL) {
		text.s++;
		text.len--;
	}
	while (text.len > 0 && strchr(" \t\n", text.s[text.len - 1]) != NULL)
		text.len--;
	if (text.len >= 2 && text.s[0] == '<' && text.s[text.len - 1] == '>') {
		text.s++;
		text.len -= 2;
	}
	return text;
}

/* use_field - what a delivery agent wrote, unless the command line or a field above it has it */
static void
use_field(struct explanation *e, struct text name, struct text value)
{
	struct text *address =
	    is_field_name(name, "Return-Path")    ? &e->sender
	    : is_field_name(name, "Delivered-To") ? &e->recipient
	    : is_field_name(name, "X-Original-To") || is_field_name(name, "Original-Recipient")
		? &e->original
		: NULL;

	if (address != NULL && address->s == NULL)
		*address = strip_address(value);
}

static void
read_header(struct explanation *e)
{
	struct mail_fields fields;
	struct text name, value;

	mail_headers_init(&e->headers, e->context.settings, e->request->hostname);
	mail_fields_init(&fields, e->request->message, e->request->len);
	while (mail_fields_next(&fields, &name, &value)) {
		mail_headers_add(&e->headers, name, value);
		use_field(e, name, value);
	}
	mail_headers_finish(&e->headers);
}

/* decode_original - the value of ORCPT, or an address as it is */
static struct text
decode_original(struct explanation *e)
{
	if (e->original.s == NULL || memchr(e->original.s, ';', e->original.len) == NULL ||
	    !orcpt_parse(&e->orcpt, e->original))
		return e->original;
	return (struct text){ e->orcpt.address, e->orcpt.len };
}

/* read_addresses - false with an error in the reply: one is missing */
static bool
read_addresses(struct explanation *e)
{
	e->sender = make_argument_text(e->request->sender);
	e->recipient = make_argument_text(e->request->recipient);
	e->original = make_argument_text(e->request->original);
	read_header(e);
	if (e->sender.s == NULL || e->recipient.s == NULL) {
		put_formatted(e, "error", "the message has no field %s: give --%s",
		    e->sender.s == NULL ? "Return-Path" : "Delivered-To",
		    e->sender.s == NULL ? "sender" : "recipient");
		return false;
	}
	e->sender = strip_address(e->sender);
	e->recipient = strip_address(e->recipient);
	e->original = decode_original(e);
	if (e->original.s != NULL)
		e->original = strip_address(e->original);
	put_explained(e, "sender", e->sender);
	put_explained(e, "recipient", e->recipient);
	put_explained(e, "orcpt", e->original);
	return true;
}

/* Authentication. */

/* find_token - the topmost one that verifies, as authentication_judge does */
static bool
find_token(const struct explanation *e, struct verdict_token *token)
{
	const struct text local = make_argument_text(e->envelope.sender_local),
			  domain = make_argument_text(e->envelope.sender_domain);
	size_t i;

	for (i = 0; e->invented == NULL && i < e->headers.n_tokens; i++)
		if (verdict_token_verify(token, e->context.keys,
			make_argument_text(e->headers.token[i]), local, domain,
			e->context.now) == 1)
			return true;
	return false;
}

/* describe_trusted_pass - the first trusted result that authenticates the sender */
static bool
describe_trusted_pass(const struct explanation *e, char text[TEXT_SIZE])
{
	static const char *const forms[] = {
		[MAIL_HEADERS_SPF] = "spf=pass smtp.mailfrom",
		[MAIL_HEADERS_DKIM] = "dkim=pass header.d",
		[MAIL_HEADERS_DMARC] = "dmarc=pass header.from",
	};
	const struct text local = make_argument_text(e->envelope.sender_local),
			  domain = make_argument_text(e->envelope.sender_domain);
	struct mail_headers one = e->headers;
	size_t i;

	one.n_results = 1;
	for (i = 0; i < e->headers.n_results; i++) {
		one.result[0] = e->headers.result[i];
		if (e->envelope.sender == FORWARDING_BOUNCE
			? one.result[0].method != MAIL_HEADERS_DMARC
			: !mail_headers_pass(&one, local, domain))
			continue;
		snprintf(text, TEXT_SIZE, "a trusted Authentication-Results field has %s=%s",
		    forms[one.result[0].method], one.result[0].name);
		return true;
	}
	return false;
}

static void
describe_token(const struct verdict_token *token, char text[TEXT_SIZE])
{
	char client[IPADDR_TEXT_SIZE];

	ipaddr_format(&token->client, client);
	snprintf(text, TEXT_SIZE, "the policy service has found SPF %s for %s and client %s",
	    spf_result_name(token->result), spf_identity_name(token->identity), client);
}

/* is_passing_token - of the identity that counts for this sender */
static bool
is_passing_token(const struct explanation *e, const struct verdict_token *token)
{
	enum spf_identity needed =
	    e->envelope.sender == FORWARDING_BOUNCE ? SPF_IDENTITY_HELO : SPF_IDENTITY_MAILFROM;

	return token->result == SPF_PASS && token->identity == needed;
}

static void
explain_authentication(struct explanation *e)
{
	struct verdict_token token;
	char text[TEXT_SIZE] = "";
	bool found = find_token(e, &token);

	put_formatted(e, "auth", "%s", forwarding_auth_name(e->auth));
	if (found)
		describe_token(&token, text);
	switch (e->auth) {
	case FORWARDING_PASS:
		if (!found || !is_passing_token(e, &token))
			describe_trusted_pass(e, text);
		put_formatted(e, "auth_why", "%s", text);
		break;
	case FORWARDING_FAIL:
		put_formatted(e, "auth_why", "%s, and no trusted result is a pass", text);
		break;
	case FORWARDING_UNCHECKED:
		put_formatted(e, "auth_why", "%s, and no trusted result is a pass for the sender",
		    e->headers.n_tokens == 0
			? "no header field is from the policy service"
			: "no header field is from the policy service for this sender");
		break;
	}
}

/* note_header - why fields of the header do not count */
static void
note_header(struct explanation *e)
{
	if (e->invented != NULL && e->headers.n_tokens > 0)
		add_note(e,
		    "%zu token%s of Received-SPF or Authentication-Results could not be "
		    "verified",
		    e->headers.n_tokens, e->headers.n_tokens == 1 ? "" : "s");
	if (e->context.settings->trusted_authserv_ids.n > 0 &&
	    e->headers.place != MAIL_HEADERS_TRUSTED)
		add_note(e,
		    "no Authentication-Results field is believed: the topmost Received field "
		    "was not written by smtpd of this host");
}

/* list_from_domains - null if no option needs them, so that they were not read */
static void
list_from_domains(struct explanation *e)
{
	const struct mailbox_domains *from = &e->headers.from;
	json_t *list = json_array();
	size_t i;

	if (!e->headers.reads_from) {
		json_object_set_new(e->reply, "from_problem", json_null());
		json_object_set_new(e->reply, "from", json_null());
		json_decref(list);
		return;
	}
	for (i = 0; i < from->n; i++)
		json_array_append_new(list, make_shown_text(make_argument_text(from->domain[i])));
	json_object_set_new(e->reply, "from", list);
	put_explained(e, "from_problem",
	    make_argument_text(from->unknown != NULL ? from->unknown
			       : !from->has_field    ? "the message has no From: field"
						     : NULL));
}

/* The kind. */

/* is_incoming_client - would this host be a stranger on the public smtpd? */
static bool
is_incoming_client(const struct explain_request *request)
{
	return request->client.family != 0 &&
	       !settings_list_contains(&request->settings->spf.skip_addresses, &request->client);
}

static void
explain_redirected(struct explanation *e)
{
	const char *domain = e->deciding.domain;

	if (e->deciding.is_unknown)
		put_formatted(e, "why",
		    "the message was addressed to %s, which domains does not list by name", domain);
	else if (e->original.s == NULL || e->original.len == 0)
		put_formatted(e, "why", "a foreign sender and recipient, without ORCPT");
	else
		put_formatted(
		    e, "why", "a foreign sender and recipient, and ORCPT is not in domains");
}

static void
explain_kind(struct explanation *e)
{
	put_formatted(e, "kind", "%s", forwarding_kind_name(e->decision.kind));
	switch (e->decision.kind) {
	case FORWARDING_BOUNCE:
		put_formatted(e, "why", "the sender is null");
		break;
	case FORWARDING_OWN_SRS:
		put_formatted(e, "why", "the sender is an SRS address of this host");
		break;
	case FORWARDING_OWN:
		put_formatted(e, "why", "the sender is in domains, or an SRS domain");
		break;
	case FORWARDING_INCOMING:
		put_formatted(e, "why",
		    "the client is not in skip-addresses, and the recipient is in domains: aliases "
		    "are not expanded yet");
		break;
	case FORWARDING_RELAYED:
		put_formatted(e, "why",
		    "a foreign sender, and the recipient is in relay-domains or an SRS domain");
		break;
	case FORWARDING_FORWARD:
		put_formatted(e, "why",
		    "a foreign sender and recipient, and the message was addressed to %s",
		    e->deciding.domain);
		break;
	case FORWARDING_REDIRECTED:
		explain_redirected(e);
		break;
	}
	put_explained(e, "domain",
	    make_argument_text(e->decision.kind == FORWARDING_FORWARD ? e->deciding.domain : NULL));
	if (e->envelope.sender == FORWARDING_OWN && e->decision.kind != FORWARDING_OWN)
		add_note(e, "the sender is in domains, but is not authenticated");
}

/* The domain. */

/* find_candidate - of per-domain, if it decides and is usable */
static void
find_candidate(struct explanation *e)
{
	const struct settings *settings = e->context.settings;
	char text[CANDIDATE_TEXT_SIZE];
	bool usable;

	if (!forwarding_needs_candidate(&e->envelope, settings, e->auth) ||
	    !srs_domains_candidate(settings, settings->per_domain,
		make_argument_text(e->deciding.domain), e->candidate)) {
		e->candidate[0] = '\0';
		put_explained(e, "candidate", make_argument_text(NULL));
		put_explained(e, "candidate_state", make_argument_text(NULL));
		return;
	}
	usable = e->offline != NULL && offline_candidate(e->offline, e->candidate, text);
	put_explained(e, "candidate", make_argument_text(e->candidate));
	put_explained(e, "candidate_state",
	    make_argument_text(e->offline == NULL ? "the DNS was not queried" : text));
	if (!usable)
		e->candidate[0] = '\0';
}

static void
decide_as_milter(struct explanation *e)
{
	const struct settings *settings = e->context.settings;
	struct forwarding_facts facts = { .auth = e->auth, .candidate = e->candidate };

	authentication_set_alignment(&facts, &e->headers, &e->envelope, settings);
	forwarding_decide(&e->decision, &e->envelope, settings, &facts);
}

/* describe_usual_domain - nothing speaks against it */
static const char *
describe_usual_domain(const struct explanation *e)
{
	const char *domain = e->decision.domain;

	if (domain == NULL && e->decision.kind == FORWARDING_REDIRECTED)
		return "rewrite-relayed is false";
	if (domain == NULL)
		return NULL;
	return domain == e->candidate ? "per-domain" : "srs-domain";
}

static const char *
describe_reason(const struct explanation *e)
{
	switch (e->decision.reason) {
	case FORWARDING_ALIGNED:
		return "From: may be aligned with the domain that would be used otherwise, and no "
		       "trusted result is dmarc=pass for it";
	case FORWARDING_UNAUTHENTICATED:
		return "the sender is not authenticated, and the option unauthenticated applies";
	case FORWARDING_TRUSTS_US:
		return "the recipient is in no-rewrite-recipients";
	case FORWARDING_HOLD_FULL:
		return "hold-limit is 0";
	case FORWARDING_USUAL:
		break;
	}
	return describe_usual_domain(e);
}

static void
explain_domain(struct explanation *e)
{
	put_explained(e, "srs_domain", make_argument_text(e->decision.domain));
	put_explained(e, "reason", make_argument_text(forwarding_reason_name(e->decision.reason)));
	put_explained(e, "reason_why", make_argument_text(describe_reason(e)));
	if (e->decision.hold)
		add_note(e,
		    "Postfix puts the message into its hold queue, unless hold-limit messages "
		    "were held within the hour");
}

/* The recipient. */

static void
explain_reversal(struct explanation *e)
{
	struct srs_result result;

	srs_rewrite_reverse(&result, &e->context, e->recipient.s, e->recipient.len);
	if (result.verdict == SRS_REWRITTEN)
		add_note(
		    e, "the recipient is an SRS address, and is replaced by <%s>", result.address);
	else
		add_note(e, "the recipient is an SRS address whose sender is in envelope-database");
}

static bool
is_refused(const struct explanation *e)
{
	return (e->deciding.fact == SRS_FACT_FORGED || e->deciding.fact == SRS_FACT_EXPIRED) &&
	       e->context.settings->spf.srs_forged == SRS_FORGED_REJECT;
}

/* note_recipient - if it is an SRS address of ours */
static void
note_recipient(struct explanation *e)
{
	if (e->deciding.fact == SRS_FACT_FOREIGN)
		return;
	if (e->invented != NULL)
		add_note(e, "the recipient is an SRS address, which could not be verified");
	else if (e->deciding.fact == SRS_FACT_VALID)
		explain_reversal(e);
	else
		add_note(e, "the recipient is an SRS address that is %s",
		    e->deciding.fact == SRS_FACT_EXPIRED ? "expired" : "forged");
}

/* The sender. */

static void
sign_under(const struct explanation *e, const char *domain, struct srs_result *result, bool *stored)
{
	struct srs_envelope row;

	srs_rewrite_sign(result, &e->context, domain, e->sender.s, e->sender.len);
	switch (srs_rewrite_envelope(&row, &e->context, e->sender.s, e->sender.len, result)) {
	case 1:
		*stored = true;
		srs_rewrite_alias(result, &e->context, domain, row.alias);
		break;
	case -1:
		result->verdict = SRS_UNAVAILABLE;
		break;
	default:
		*stored = false;
		break;
	}
}

static void
sign_as_milter(const struct explanation *e, struct srs_result *result, bool *stored)
{
	const char *srs_domain = e->context.settings->srs_domain;

	sign_under(e, e->decision.domain, result, stored);
	if (result->verdict == SRS_TOO_LONG && e->decision.domain == e->candidate &&
	    !mail_headers_mislead(&e->headers, srs_domain))
		sign_under(e, srs_domain, result, stored);
}

static void
explain_signed(struct explanation *e, const struct srs_result *result, bool stored)
{
	if (result->verdict != SRS_REWRITTEN) {
		add_note(
		    e, "the sender cannot be rewritten: %s", srs_verdict_text(result->verdict));
		put_explained(e, "mail_from", e->sender);
		return;
	}
	if (stored)
		add_note(e, "the milter stores the sender in envelope-database");
	if (e->invented != NULL)
		put_explained(e, "mail_from", make_argument_text(NULL));
	else
		put_explained(e, "mail_from", (struct text){ result->address, result->len });
}

static const char *
choose_result_word(const struct explanation *e, enum srs_verdict verdict)
{
	if (e->invented == NULL && is_refused(e))
		return "refused";
	if (e->decision.hold)
		return "held";
	if (e->decision.domain == NULL)
		return e->deciding.fact == SRS_FACT_VALID ? "reversed" : "kept";
	if (verdict == SRS_REWRITTEN)
		return "rewritten";
	if (srs_verdict_is_temporary(verdict))
		return "deferred";
	return forwarding_is_unsafe_unsigned(&e->envelope, e->context.settings, e->auth) ? "held"
											 : "kept";
}

static void
explain_sender(struct explanation *e)
{
	struct srs_result result = { .verdict = SRS_ALREADY_OURS };
	bool stored = false;

	if (e->decision.domain != NULL) {
		sign_as_milter(e, &result, &stored);
		explain_signed(e, &result, stored);
	} else {
		put_explained(e, "mail_from", e->sender);
	}
	put_formatted(e, "result", "%s", choose_result_word(e, result.verdict));
}

/* note_settings - what keeps the milter from doing this */
static void
note_settings(struct explanation *e)
{
	const struct settings *settings = e->context.settings;

	if (e->invented != NULL)
		add_note(e, "nothing was verified or signed: %s", e->request->keys_error);
	if (settings->milter.n == 0)
		add_note(e, "the configuration has no milter");
	if (settings->milter_test_only)
		add_note(e, "with milter-test-only the milter changes nothing");
}

/* use_keys - the secrets, or an invented one that verifies nothing */
static void
use_keys(struct explanation *e)
{
	const char *error;
	unsigned line = 0;
	char secret[33];
	size_t i;

	if (e->request->keys == NULL) {
		for (i = 0; i < sizeof(secret) - 1; i++)
			secret[i] = (char)('a' + arc4random_uniform(26));
		secret[i] = '\0';
		e->invented = srs_keys_parse(secret, sizeof(secret) - 1, &line, &error);
	}
	e->context.keys = e->request->keys != NULL ? e->request->keys : e->invented;
}

static void
explain_envelope(struct explanation *e)
{
	const struct text none = { "", 0 };

	forwarding_start(&e->envelope, &e->context, e->sender);
	forwarding_read_recipient(&e->deciding, &e->context, e->recipient,
	    e->original.s == NULL ? none : e->original, is_incoming_client(e->request));
	forwarding_add(&e->envelope, &e->deciding);
	if (!authentication_judge(&e->auth, &e->headers,
		e->invented == NULL ? e->context.keys : NULL, &e->envelope, e->context.now))
		add_note(e, "libcrypto failed: tokens were not verified");
	find_candidate(e);
	decide_as_milter(e);
	explain_kind(e);
	explain_authentication(e);
	list_from_domains(e);
	explain_domain(e);
	explain_sender(e);
	note_recipient(e);
	note_header(e);
	note_settings(e);
}

static void
put_client(struct explanation *e)
{
	char client[IPADDR_TEXT_SIZE];

	if (e->request->client.family != 0)
		ipaddr_format(&e->request->client, client);
	put_explained(
	    e, "client", make_argument_text(e->request->client.family == 0 ? NULL : client));
}

json_t *
explain_message(struct offline *offline, const struct explain_request *request)
{
	struct explanation e = {
		.request = request,
		.offline = offline,
		.context = { .settings = request->settings, .now = request->now },
		.auth = FORWARDING_UNCHECKED,
		.reply = json_object(),
		.notes = json_array(),
	};

	use_keys(&e);
	if (e.context.keys != NULL && read_addresses(&e)) {
		put_client(&e);
		explain_envelope(&e);
		json_object_set(e.reply, "notes", e.notes);
	}
	json_decref(e.notes);
	srs_keys_free(&e.invented);
	return e.reply;
}
