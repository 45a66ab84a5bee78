/* SPDX-License-Identifier: ISC */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "common/ascii.h"
#include "common/idna.h"
#include "common/mailaddr.h"
#include "conf/spf_sections.h"
#include "spf/spf_allow.h"
#include "srsd/service/gate.h"
#include "srsd/service/gate_refusal.h"
#include "srsd/service/gate_steps.h"

/* A reason that also has a counter and a warning of its own. */
static const char nat_guard[] = "nat-guard";

/* Bytes of a header's comment, and of its part about a refusal that test-only holds back. */
#define HELD_BACK_SIZE 64
#define COMMENT_SIZE (2 * HELD_BACK_SIZE)

const char *
gate_kind_name(enum gate_kind kind)
{
	static const char *const names[] = { "dunno", "prepend", "reject", "defer", "restriction" };

	return names[kind];
}

bool
gate_refuses(const struct gate_action *action)
{
	return action->kind == GATE_REJECT || action->kind == GATE_DEFER;
}

/* convert_to_ascii - a name to A-labels, as it is looked up; without A-labels it is unchanged */
static void
convert_to_ascii(struct text *name, char ascii[HOSTNAME_MAX + 1])
{
	size_t len;

	if (ascii_only(name->s, name->len))
		return;
	len = idna_to_ascii(ascii, name->s, name->len);
	if (len == 0)
		return;
	name->s = ascii;
	name->len = len;
}

/* split_address - the two parts of an address as Postfix will interpret them */
static void
split_address(struct text address, struct text *local, struct text *domain)
{
	struct mailaddr_parts parts;

	mailaddr_split(&parts, address.s, address.len);
	local->s = parts.local;
	local->len = parts.local_len;
	domain->s = parts.domain;
	domain->len = parts.domain_len;
}

void
gate_query_init(
    struct gate_query *q, const struct policy_request *req, const struct settings *settings)
{
	struct text sender = req->sender;

	memset(q, 0, offsetof(struct gate_query, ascii_domain));
	q->req = req;
	if (!ipaddr_parse(&q->client, req->client_address.s, req->client_address.len))
		q->client.family = 0;
	q->helo.s = req->helo_name.s;
	q->helo.len = hostname_length(req->helo_name.s, req->helo_name.len);
	convert_to_ascii(&q->helo, q->ascii_helo);
	split_address(req->recipient, &q->recipient_local, &q->recipient_domain);
	if (settings->sections != NULL)
		q->section =
		    spf_sections_find(settings->sections, q->recipient_local, q->recipient_domain);
	q->spf = q->section != NULL ? &q->section->spf : &settings->spf;
	q->null_sender = sender.len == 0 || text_is(sender, "<>");
	if (q->null_sender)
		return;
	split_address(sender, &q->sender_local, &q->sender_domain);
	convert_to_ascii(&q->sender_domain, q->ascii_domain);
}

bool
gate_is_at(const struct gate_query *q, const char *state)
{
	return text_is(q->req->protocol_state, state);
}

/* is_in_domains - by whole labels: a.x.org matches x.org and .x.org, x.org does not match .x.org */
static bool
is_in_domains(const struct text_list *list, struct text name)
{
	char ascii_entry[HOSTNAME_MAX + 1];
	size_t i;

	for (i = 0; i < list->n; i++) {
		bool below = list->text[i][0] == '.';
		struct text entry = { list->text[i] + below, strlen(list->text[i]) - below };

		convert_to_ascii(&entry, ascii_entry);
		if (hostname_is_within(name.s, name.len, entry.s, entry.len) &&
		    (!below || name.len > entry.len))
			return true;
	}
	return false;
}

const char *
gate_exemption(const struct gate_query *q, const struct settings *settings)
{
	const struct spf_settings *spf = &settings->spf;

	if (!gate_is_at(q, "RCPT") && !gate_is_at(q, "VRFY"))
		return "state";
	if (q->req->sasl_username.len > 0)
		return "authenticated";
	if (q->client.family == 0)
		return "no-client-address";
	return settings_list_contains(&spf->skip_addresses, &q->client) ? "skip-addresses" : NULL;
}

bool
gate_guards_nat(const struct gate_query *q, const struct settings *settings)
{
	return settings->spf.nat_guard && settings->prospective.family == 0 &&
	       ipaddr_is_private(&q->client);
}

/* note_gate_step - inline, because the requests of Postfix have no list */
static inline void
note_gate_step(const struct gate_query *q, enum gate_step_kind kind, bool applies,
    enum gate_refusal refusal, const char *word)
{
	const struct gate_step step = { kind, applies, refusal, word };

	if (q->steps != NULL)
		gate_steps_add(q->steps, step);
}

/* put_dunno - always true, for a caller that has decided */
static bool
put_dunno(struct gate_action *action, const char *reason)
{
	action->kind = GATE_DUNNO;
	action->reason = reason;
	strlcpy(action->text, "DUNNO", sizeof(action->text));
	return true;
}

/* put_refusal - subject may be NULL for a refusal that is not for an SPF verdict */
static void
put_refusal(struct gate_action *action, enum gate_refusal refusal, const struct spf_settings *spf,
    const struct gate_refusal_subject *subject)
{
	action->kind = gate_refusal_kind(refusal);
	action->reason = gate_refusal_word(refusal);
	gate_refusal_write(refusal, spf, subject, action->text);
}

/*
 * judge_recipient - by its SRS fact alone
 *
 * Without an HMAC an SRS address of ours cannot be judged: its mail is deferred, because a refusal
 * might be wrong.
 */
static enum gate_refusal
judge_recipient(const struct gate_query *q, const struct spf_settings *spf)
{
	if (q->srs.recipient == SRS_FACT_UNKNOWN || q->srs.sender == SRS_FACT_UNKNOWN)
		return GATE_REFUSAL_NO_HMAC;
	if (q->srs.recipient == SRS_FACT_FOREIGN)
		return GATE_REFUSAL_NONE;
	if (q->srs.guessing || q->srs.overused)
		return q->srs.guessing ? GATE_REFUSAL_GUESSING : GATE_REFUSAL_OVERUSED;
	if (q->srs.recipient != SRS_FACT_VALID) {
		if (spf->srs_forged != SRS_FORGED_REJECT)
			return GATE_REFUSAL_NONE;
		return q->srs.recipient == SRS_FACT_EXPIRED ? GATE_REFUSAL_EXPIRED
							    : GATE_REFUSAL_FORGED;
	}
	if (q->null_sender || spf->srs_nonnull == SRS_NONNULL_CHECK)
		return GATE_REFUSAL_NONE;
	return spf->srs_nonnull == SRS_NONNULL_REJECT ? GATE_REFUSAL_NONNULL
						      : GATE_REFUSAL_NONNULL_DEFER;
}

/* decide_by_recipient - the answer if the recipient alone decides it; false: it does not */
static bool
decide_by_recipient(
    const struct gate_query *q, const struct spf_settings *spf, struct gate_action *action)
{
	enum gate_refusal refusal = judge_recipient(q, spf);
	bool is_bounce =
	    refusal == GATE_REFUSAL_NONE && q->srs.recipient == SRS_FACT_VALID && q->null_sender;

	note_gate_step(q, GATE_STEP_RECIPIENT,
	    is_bounce || (refusal != GATE_REFUSAL_NONE && !spf->test_only), refusal, NULL);
	if (refusal == GATE_REFUSAL_NONE)
		return is_bounce && put_dunno(action, "srs-bounce");
	if (spf->test_only) {
		action->held_back = gate_kind_name(gate_refusal_kind(refusal));
		return false;
	}
	put_refusal(action, refusal, spf, NULL);
	return true;
}

bool
gate_before_recipient(const struct gate_query *q, const struct settings *settings,
    struct gate_action *action, char held_back[GATE_TEXT_SIZE])
{
	const struct spf_settings *spf = &settings->spf;

	memset(action, 0, sizeof(*action));
	held_back[0] = '\0';
	if (decide_by_recipient(q, spf, action))
		return true;
	if (action->held_back != NULL)
		gate_refusal_write(judge_recipient(q, spf), spf, NULL, held_back);
	return false;
}

/*
 * doubt_sender - the refusal to use instead of one that would show whether the sender's hash is
 * right, or GATE_REFUSAL_NONE
 *
 * A sender that verifies is spared by srs-sender. The difference would show right hashes to a
 * client that guesses, without a recipient that could be counted. And an address that comes from
 * very many networks has become public. Such senders are judged like any other, but a refusal is
 * not final.
 */
static enum gate_refusal
doubt_sender(const struct gate_query *q, const struct spf_settings *spf)
{
	if (q->srs.sender == SRS_FACT_FOREIGN || q->srs.sender == SRS_FACT_UNKNOWN ||
	    spf->srs_sender == SRS_SENDER_CHECK)
		return GATE_REFUSAL_NONE;
	if (q->srs.sender_guessing)
		return GATE_REFUSAL_GUESSING;
	return q->srs.sender_overused ? GATE_REFUSAL_OVERUSED : GATE_REFUSAL_NONE;
}

/* is_sender_spared - by this value of srs-sender? */
static bool
is_sender_spared(const struct gate_query *q, const struct spf_settings *spf, enum srs_sender value)
{
	return q->srs.sender == SRS_FACT_VALID && spf->srs_sender == value &&
	       doubt_sender(q, spf) == GATE_REFUSAL_NONE;
}

static bool
is_mailfrom_skipped(const struct gate_query *q, const struct spf_settings *spf)
{
	return is_sender_spared(q, spf, SRS_SENDER_SKIP);
}

/* find_helo_reject - the HELO results that refuse this message */
static enum spf_reject
find_helo_reject(const struct gate_query *q, const struct spf_settings *spf)
{
	enum spf_reject reject = spf->helo_reject;

	if (q->null_sender && spf->null_sender_reject != SPF_REJECT_AS_HELO)
		reject = spf->null_sender_reject;
	if (is_in_domains(&spf->reject_not_pass_domains, q->helo))
		return SPF_REJECT_NOT_PASS;
	if (reject == SPF_REJECT_NULL)
		return q->null_sender ? SPF_REJECT_FAIL : SPF_REJECT_NEVER;
	return reject;
}

static enum spf_reject
find_mailfrom_reject(const struct gate_query *q, const struct spf_settings *spf)
{
	if (is_in_domains(&spf->reject_not_pass_domains, q->sender_domain))
		return SPF_REJECT_NOT_PASS;
	return spf->mail_from_reject;
}

/* make_plan - a HELO name is evaluated when it can refuse, or when its result is used otherwise */
static void
make_plan(const struct gate_query *q, const struct spf_settings *spf, struct gate_plan *plan)
{
	enum spf_reject helo = find_helo_reject(q, spf);
	bool used = q->null_sender || spf->header == SPF_HEADER_AUTHRES ||
		    spf->header == SPF_HEADER_BOTH || spf->helo_pass_restriction[0] != '\0';

	plan->helo = helo != SPF_REJECT_NOCHECK && (helo != SPF_REJECT_NEVER || used);
	plan->mailfrom = !q->null_sender && find_mailfrom_reject(q, spf) != SPF_REJECT_NOCHECK;
}

/* skip_mailfrom - if the sender is spared the evaluation */
static void
skip_mailfrom(const struct gate_query *q, struct gate_plan *plan)
{
	bool skipped = is_mailfrom_skipped(q, q->spf);

	note_gate_step(q, GATE_STEP_SENDER_SKIPPED, skipped, GATE_REFUSAL_NONE, NULL);
	if (skipped)
		plan->mailfrom = false;
}

bool
gate_before(const struct gate_query *q, const struct settings *settings, struct gate_action *action,
    struct gate_plan *plan)
{
	const char *exempt = gate_exemption(q, settings);
	bool listed;

	memset(action, 0, sizeof(*action));
	memset(plan, 0, sizeof(*plan));
	note_gate_step(q, GATE_STEP_EXEMPT, exempt != NULL, GATE_REFUSAL_NONE, exempt);
	if (exempt != NULL)
		return put_dunno(action, exempt);
	if (decide_by_recipient(q, &settings->spf, action))
		return true;
	if (!gate_is_at(q, "RCPT"))
		return put_dunno(action, "state");
	listed = settings_list_contains(&q->spf->whitelist, &q->client);
	note_gate_step(q, GATE_STEP_WHITELIST, listed, GATE_REFUSAL_NONE, NULL);
	if (listed)
		return put_dunno(action, "whitelist");
	make_plan(q, q->spf, plan);
	note_gate_step(
	    q, GATE_STEP_NO_CHECK, !plan->helo && !plan->mailfrom, GATE_REFUSAL_NONE, NULL);
	if (!plan->helo && !plan->mailfrom)
		return put_dunno(action, "no-check");
	skip_mailfrom(q, plan);
	return false;
}

enum gate_header
gate_nth_header(const struct settings *settings, unsigned nth)
{
	switch (settings->spf.header) {
	case SPF_HEADER_RECEIVED:
		return nth == 0 ? GATE_HEADER_RECEIVED : GATE_HEADER_NONE;
	case SPF_HEADER_AUTHRES:
		return nth == 0 ? GATE_HEADER_AUTHRES : GATE_HEADER_NONE;
	case SPF_HEADER_BOTH:
		if (nth > 1)
			return GATE_HEADER_NONE;
		return nth == 0 ? GATE_HEADER_RECEIVED : GATE_HEADER_AUTHRES;
	default:
		return GATE_HEADER_NONE;
	}
}

static bool
is_refused_at(enum spf_reject reject, enum spf_result result)
{
	switch (result) {
	case SPF_FAIL:
		return reject <= SPF_REJECT_FAIL;
	case SPF_SOFTFAIL:
		return reject <= SPF_REJECT_SOFTFAIL;
	case SPF_NEUTRAL:
		return reject == SPF_REJECT_NOT_PASS;
	default:
		return false;
	}
}

static enum gate_refusal
judge_verdict(
    const struct spf_settings *spf, enum spf_reject reject, const struct spf_verdict *verdict)
{
	if (verdict->saturated)
		return GATE_REFUSAL_SATURATED;
	if (reject == SPF_REJECT_NEVER || reject == SPF_REJECT_NOCHECK)
		return GATE_REFUSAL_NONE;
	if (verdict->result == SPF_TEMPERROR && spf->temperror_defer)
		return GATE_REFUSAL_TEMPERROR;
	if (spf->no_mail && !(verdict->result == SPF_FAIL && verdict->no_mail))
		return GATE_REFUSAL_NONE;
	if (verdict->result == SPF_PERMERROR && spf->permerror_reject)
		return GATE_REFUSAL_PERMERROR;
	return is_refused_at(reject, verdict->result) ? GATE_REFUSAL_SPF : GATE_REFUSAL_NONE;
}

/* judge_verdicts - HELO first; *identity is the one that the result is about */
static enum gate_refusal
judge_verdicts(const struct gate_query *q, const struct spf_settings *spf,
    const struct spf_verdicts *v, enum spf_identity *identity)
{
	enum gate_refusal refusal = GATE_REFUSAL_NONE;

	*identity = SPF_IDENTITY_HELO;
	if (v->has_helo) {
		refusal = judge_verdict(spf, find_helo_reject(q, spf), &v->helo);
		note_gate_step(q, GATE_STEP_HELO, refusal != GATE_REFUSAL_NONE, refusal, NULL);
	}
	if (refusal != GATE_REFUSAL_NONE || !v->has_mailfrom || is_mailfrom_skipped(q, spf))
		return refusal;
	*identity = SPF_IDENTITY_MAILFROM;
	refusal = judge_verdict(spf, find_mailfrom_reject(q, spf), &v->mailfrom);
	note_gate_step(q, GATE_STEP_MAILFROM, refusal != GATE_REFUSAL_NONE, refusal, NULL);
	return refusal;
}

static bool
has_lists_in_section(const struct gate_query *q)
{
	return q->section != NULL && q->section->own_lists;
}

/* has_allow_list_result - were the lists of this recipient looked up? */
static bool
has_allow_list_result(const struct gate_query *q, const struct spf_verdicts *v)
{
	return v->has_allowed && v->allowed_in_section == has_lists_in_section(q);
}

/*
 * find_spare_reason - the reason why a message is spared its refusal, as a word; NULL: it is not
 *
 * nat-guard spares no verdict that our own bounds have cut off. Otherwise load would let mail in
 * unchecked.
 */
static const char *
find_spare_reason(
    const struct gate_query *q, const struct settings *settings, const struct spf_verdicts *v)
{
	const struct spf_settings *spf = q->spf;

	if (is_sender_spared(q, spf, SRS_SENDER_NO_REJECT))
		return "srs-sender";
	/* The hash cannot be checked at the moment, and a refusal would be final. */
	if (q->srs.sender == SRS_FACT_UNKNOWN && spf->srs_sender != SRS_SENDER_CHECK)
		return "srs-sender";
	if (gate_guards_nat(q, settings) && spf_verdicts_are_final(v))
		return nat_guard;
	return has_allow_list_result(q, v) ? v->allowed : NULL;
}

bool
gate_needs_allow_lists(
    const struct gate_query *q, const struct settings *settings, const struct spf_verdicts *v)
{
	enum spf_identity identity;

	if (has_allow_list_result(q, v) || !spf_allow_is_wanted(q->spf))
		return false;
	return judge_verdicts(q, q->spf, v, &identity) != GATE_REFUSAL_NONE &&
	       find_spare_reason(q, settings, v) == NULL;
}

const struct spf_settings *
gate_allow_lists(const struct gate_query *q, const struct settings *settings)
{
	return has_lists_in_section(q) ? q->spf : &settings->spf;
}

/*
 * decide_refusal - the refusal that the verdicts lead to, after all that may spare or soften it
 *
 * Sets identity, reason and nat_guarded of the action.
 */
static enum gate_refusal
decide_refusal(const struct gate_query *q, const struct settings *settings,
    const struct spf_verdicts *v, struct gate_action *action)
{
	enum gate_refusal refusal = judge_verdicts(q, q->spf, v, &action->identity), doubt;

	if (refusal == GATE_REFUSAL_NONE)
		return GATE_REFUSAL_NONE;
	action->reason = find_spare_reason(q, settings, v);
	action->nat_guarded = action->reason == nat_guard;
	note_gate_step(q, GATE_STEP_SPARED, action->reason != NULL, refusal, action->reason);
	if (action->reason != NULL)
		return GATE_REFUSAL_NONE;
	doubt = doubt_sender(q, q->spf);
	note_gate_step(q, GATE_STEP_SENDER_LIMIT, doubt != GATE_REFUSAL_NONE, doubt, NULL);
	if (doubt != GATE_REFUSAL_NONE)
		return doubt;
	if (gate_refusal_kind(refusal) != GATE_REJECT || !has_allow_list_result(q, v))
		return refusal;
	if (v->allowed_unknown)
		refusal = GATE_REFUSAL_ALLOW_LIST;
	note_gate_step(q, GATE_STEP_ALLOW_LIST, v->allowed_unknown, refusal, NULL);
	return refusal;
}

const struct ipaddr *
gate_evaluated_client(const struct gate_query *q, const struct settings *settings)
{
	return settings->prospective.family != 0 ? &settings->prospective : &q->client;
}

static void
refuse_message(const struct gate_query *q, const struct settings *settings,
    const struct spf_verdicts *v, enum gate_refusal refusal, struct gate_action *action)
{
	bool is_helo = action->identity == SPF_IDENTITY_HELO;
	const struct gate_refusal_subject subject = {
		.identity = action->identity,
		.verdict = is_helo ? &v->helo : &v->mailfrom,
		.client = gate_evaluated_client(q, settings),
		.name = is_helo ? q->helo : q->sender_domain,
		.sender = q->null_sender ? (struct text){ "", 0 } : q->req->sender,
	};

	put_refusal(action, refusal, q->spf, &subject);
}

static struct text
get_shown_receiver(const struct gate_query *q, const struct spf_settings *spf)
{
	static const struct text hidden = { NULL, 0 };

	return spf->hide_receiver || q->recipient_domain.len == 0 ? hidden : q->recipient_domain;
}

static void
init_header(struct spf_header *h, const struct gate_query *q, const struct settings *settings)
{
	memset(h, 0, sizeof(*h));
	h->mechanism = h->problem = "";
	h->client = gate_evaluated_client(q, settings);
	h->helo = q->helo;
	h->domain = q->sender_domain;
	h->receiver = get_shown_receiver(q, &settings->spf);
	/* Of a sender in U-labels the domain alone: in the sender it is not ASCII. */
	if (q->sender_domain.s == q->ascii_domain)
		h->sender = q->sender_domain;
	else if (!q->null_sender)
		h->sender = q->req->sender;
}

bool
gate_shown_verdict(const struct gate_query *q, const struct settings *settings,
    const struct spf_verdicts *v, struct verdict_token *shown)
{
	bool skipped = is_mailfrom_skipped(q, &settings->spf);

	shown->client = *gate_evaluated_client(q, settings);
	shown->identity = SPF_IDENTITY_MAILFROM;
	if (skipped) {
		shown->result = SPF_NONE;
	} else if (v->has_mailfrom) {
		shown->result = v->mailfrom.result;
	} else {
		shown->identity = SPF_IDENTITY_HELO;
		shown->result = v->helo.result;
	}
	/* A HELO result is never shown as if it were the sender's. */
	return shown->identity == SPF_IDENTITY_MAILFROM || q->null_sender;
}

/* show_reasons - those of the verdict that is shown */
static void
show_reasons(struct spf_header *h, const struct spf_verdicts *v)
{
	const struct spf_verdict *shown =
	    h->identity == SPF_IDENTITY_MAILFROM ? &v->mailfrom : &v->helo;

	h->mechanism = shown->mechanism;
	h->problem = shown->problem;
}

/* write_comment - of the header: its subject, and the refusal that test-only holds back or "" */
static void
write_comment(char comment[COMMENT_SIZE], bool skipped, enum spf_identity identity,
    const char held_back[HELD_BACK_SIZE])
{
	if (skipped)
		snprintf(comment, COMMENT_SIZE, "SRS-verified sender of ours, not evaluated%s%s",
		    held_back[0] == '\0' ? "" : "; ", held_back);
	else
		strlcpy(comment, held_back[0] == '\0' ? spf_identity_name(identity) : held_back,
		    COMMENT_SIZE);
}

static void
note_held_back(struct gate_action *action, enum gate_kind kind)
{
	action->held_back = gate_kind_name(kind);
	if (action->reason == NULL)
		action->reason = "test-only";
}

/* hold_back - note the refusal that test-only holds back, and write it for the comment */
static void
hold_back(struct gate_action *action, enum gate_refusal refusal, const char *subject,
    char text[HELD_BACK_SIZE])
{
	note_held_back(action, gate_refusal_kind(refusal));
	snprintf(text, HELD_BACK_SIZE, "test-only, would be answered %s for %s",
	    gate_refusal_code(refusal), subject);
}

/*
 * hold_back_refusal - the one that decides without test-only: that of the recipient comes first
 *
 * It is for its SRS facts, which no section changes. A section changes no header either: what it
 * holds back is logged only.
 */
static void
hold_back_refusal(const struct gate_query *q, const struct settings *settings,
    enum gate_refusal of_verdicts, struct gate_action *action, char text[HELD_BACK_SIZE])
{
	enum gate_refusal of_recipient =
	    settings->spf.test_only ? judge_recipient(q, &settings->spf) : GATE_REFUSAL_NONE;
	enum gate_refusal held = of_recipient != GATE_REFUSAL_NONE ? of_recipient : of_verdicts;

	note_gate_step(q, GATE_STEP_TEST_ONLY, held != GATE_REFUSAL_NONE, held, NULL);
	if (of_recipient != GATE_REFUSAL_NONE)
		hold_back(action, of_recipient, "recipient", text);
	else if (of_verdicts != GATE_REFUSAL_NONE)
		hold_back(action, of_verdicts, spf_identity_name(action->identity), text);
	if (q->section != NULL)
		text[0] = '\0';
}

static void
put_header(const struct gate_query *q, const struct settings *settings, const struct spf_header *h,
    const enum spf_result *helo, enum gate_header header, struct gate_action *action)
{
	static const char verb[] = "PREPEND ";
	char *to = action->text + sizeof(verb) - 1;

	memcpy(action->text, verb, sizeof(verb) - 1);
	switch (header) {
	case GATE_HEADER_NONE:
		put_dunno(action, action->reason);
		return;
	case GATE_HEADER_RECEIVED:
		spf_header_received(to, h);
		break;
	case GATE_HEADER_AUTHRES:
		spf_header_authres(to, settings->spf.authserv_id, h, q->null_sender ? NULL : helo);
		break;
	}
	action->kind = GATE_PREPEND;
}

/* accept_message - with the header; held_back: of test-only, or "" */
static void
accept_message(const struct gate_query *q, const struct settings *settings,
    const struct spf_verdicts *v, const char held_back[HELD_BACK_SIZE], enum gate_header header,
    const char *token, struct gate_action *action)
{
	bool skipped = is_mailfrom_skipped(q, &settings->spf);
	struct verdict_token shown;
	char comment[COMMENT_SIZE];
	struct spf_header h;

	init_header(&h, q, settings);
	if (!gate_shown_verdict(q, settings, v, &shown))
		header = GATE_HEADER_NONE;
	h.identity = shown.identity;
	h.result = shown.result;
	h.token = token;
	if (!skipped)
		show_reasons(&h, v);
	write_comment(comment, skipped, h.identity, held_back);
	h.comment = comment;
	put_header(q, settings, &h, v->has_helo ? &v->helo.result : NULL, header, action);
}

static bool
is_checked_pass(bool evaluated, const struct spf_verdict *verdict, enum spf_reject reject)
{
	return evaluated && verdict->result == SPF_PASS && reject != SPF_REJECT_NOCHECK;
}

/*
 * find_pass_restriction - the restriction class for a message that passes, or ""; *identity passed
 *
 * MAIL FROM comes first. A pass of an identity that is not checked for this recipient does not
 * count, although it may be known from another one.
 */
static const char *
find_pass_restriction(
    const struct gate_query *q, const struct spf_verdicts *v, enum spf_identity *identity)
{
	const struct spf_settings *spf = q->spf;
	const char *helo = spf->helo_pass_restriction, *mailfrom = spf->mail_from_pass_restriction;

	*identity = SPF_IDENTITY_MAILFROM;
	if (mailfrom[0] != '\0' && !is_mailfrom_skipped(q, spf) &&
	    is_checked_pass(v->has_mailfrom, &v->mailfrom, find_mailfrom_reject(q, spf)))
		return mailfrom;
	*identity = SPF_IDENTITY_HELO;
	if (helo[0] != '\0' && is_checked_pass(v->has_helo, &v->helo, find_helo_reject(q, spf)))
		return helo;
	return "";
}

/* answer_restriction - instead of the header; false: this message has no class */
static bool
answer_restriction(
    const struct gate_query *q, const struct spf_verdicts *v, struct gate_action *action)
{
	enum spf_identity identity;
	const char *class = find_pass_restriction(q, v, &identity);

	note_gate_step(
	    q, GATE_STEP_CLASS, class[0] != '\0' && !q->spf->test_only, GATE_REFUSAL_NONE, class);
	if (class[0] == '\0')
		return false;
	if (q->spf->test_only) {
		note_held_back(action, GATE_RESTRICTION);
		return false;
	}
	action->kind = GATE_RESTRICTION;
	action->identity = identity;
	strlcpy(action->text, class, sizeof(action->text));
	return true;
}

void
gate_after(const struct gate_query *q, const struct settings *settings,
    const struct spf_verdicts *v, enum gate_header header, const char *token,
    struct gate_action *action)
{
	const struct spf_settings *spf = q->spf;
	bool at_rcpt = gate_is_at(q, "RCPT");
	char held_back[HELD_BACK_SIZE] = "";
	enum gate_refusal refusal;

	memset(action, 0, sizeof(*action));
	refusal = decide_refusal(q, settings, v, action);
	if (refusal != GATE_REFUSAL_NONE && !spf->test_only && at_rcpt) {
		refuse_message(q, settings, v, refusal, action);
		return;
	}
	if (refusal == GATE_REFUSAL_NONE && action->reason == NULL && is_mailfrom_skipped(q, spf)) {
		action->identity = SPF_IDENTITY_MAILFROM;
		action->reason = "srs-sender";
	}
	if (refusal == GATE_REFUSAL_NONE && at_rcpt && answer_restriction(q, v, action))
		return;
	if (spf->test_only || settings->spf.test_only)
		hold_back_refusal(q, settings, refusal, action, held_back);
	accept_message(q, settings, v, held_back, header, token, action);
}
