/* SPDX-License-Identifier: ISC */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "common/ascii.h"
#include "common/idna.h"
#include "common/mailaddr.h"
#include "common/printable.h"
#include "spf/spf_allow.h"
#include "srsd/service/gate.h"

/* A domain in a refusal; whole in nearly all cases. */
#define DOMAIN_SIZE 101

const char *
gate_kind_name(enum gate_kind kind)
{
	static const char *const names[] = { "dunno", "prepend", "reject", "defer" };

	return names[kind];
}

/* use_ascii - a name in A-labels, as it is looked up; one that has none stays as it is */
static void
use_ascii(struct text *name, char ascii[HOSTNAME_MAX + 1])
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

/* take_address - the two parts of an address as Postfix will take it */
static void
take_address(struct text address, struct text *local, struct text *domain)
{
	struct mailaddr_parts parts;

	mailaddr_split(&parts, address.s, address.len);
	local->s = parts.local;
	local->len = parts.local_len;
	domain->s = parts.domain;
	domain->len = parts.domain_len;
}

void
gate_query_init(struct gate_query *q, const struct policy_request *req)
{
	struct text sender = req->sender;

	memset(q, 0, offsetof(struct gate_query, ascii_domain));
	q->req = req;
	if (!ipaddr_parse(&q->client, req->client_address.s, req->client_address.len))
		q->client.family = 0;
	q->helo.s = req->helo_name.s;
	q->helo.len = hostname_length(req->helo_name.s, req->helo_name.len);
	use_ascii(&q->helo, q->ascii_helo);
	take_address(req->recipient, &q->recipient_local, &q->recipient_domain);
	q->null_sender = sender.len == 0 || text_is(sender, "<>");
	if (q->null_sender)
		return;
	take_address(sender, &q->sender_local, &q->sender_domain);
	use_ascii(&q->sender_domain, q->ascii_domain);
}

bool
gate_is_at(const struct gate_query *q, const char *state)
{
	return text_is(q->req->protocol_state, state);
}

static bool
in_networks(const struct cidr_list *list, const struct ipaddr *ip)
{
	size_t i;

	for (i = 0; i < list->n; i++)
		if (cidr_contains(&list->net[i], ip))
			return true;
	return false;
}

/* in_domains - whole labels: x.org holds a.x.org, .x.org holds only a.x.org */
static bool
in_domains(const struct text_list *list, struct text name)
{
	char ascii_entry[HOSTNAME_MAX + 1];
	size_t i;

	for (i = 0; i < list->n; i++) {
		bool below = list->text[i][0] == '.';
		struct text entry = { list->text[i] + below, strlen(list->text[i]) - below };

		use_ascii(&entry, ascii_entry);
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
	return in_networks(&spf->skip_addresses, &q->client) ? "skip-addresses" : NULL;
}

bool
gate_guards_nat(const struct gate_query *q, const struct settings *settings)
{
	return settings->spf.nat_guard && settings->prospective.family == 0 &&
	       ipaddr_is_private(&q->client);
}

static bool
dunno(struct gate_action *action, const char *exempt)
{
	action->kind = GATE_DUNNO;
	action->why = exempt;
	strlcpy(action->text, "DUNNO", sizeof(action->text));
	return true;
}

/* A refusal that the SRS facts alone decide, and its word for the log. */
struct srs_refusal {
	enum gate_kind kind;
	const char *text;
	const char *why;
};

static const struct srs_refusal guessing = { GATE_DEFER, "450 4.7.1 try again later",
	"guess-limit" };
static const struct srs_refusal overused = { GATE_DEFER, "450 4.7.1 try again later",
	"daily-limit" };

static void
put_srs_refusal(struct gate_action *action, const struct srs_refusal *refusal)
{
	action->kind = refusal->kind;
	action->why = refusal->why;
	strlcpy(action->text, refusal->text, sizeof(action->text));
}

/*
 * refuse_recipient - the refusal, or NULL when nothing speaks against the recipient
 *
 * Without an HMAC an SRS address of ours cannot be judged: its mail is deferred, because a refusal
 * might be wrong.
 */
static const struct srs_refusal *
refuse_recipient(const struct gate_query *q, const struct spf_settings *spf)
{
	static const struct srs_refusal unknown = { GATE_DEFER, "451 4.3.0 try again later",
		"no-hmac" };
	static const struct srs_refusal forged = { GATE_REJECT, "550 5.1.1 unknown SRS address",
		"srs-forged" };
	static const struct srs_refusal expired = { GATE_REJECT, "550 5.1.1 expired SRS address",
		"srs-expired" };
	static const struct srs_refusal reject_nonnull = { GATE_REJECT,
		"550 5.7.1 SRS address takes bounces only", "srs-nonnull" };
	static const struct srs_refusal defer_nonnull = { GATE_DEFER,
		"450 4.7.1 SRS address takes bounces only", "srs-nonnull" };

	if (q->srs.recipient == SRS_FACT_UNKNOWN || q->srs.sender == SRS_FACT_UNKNOWN)
		return &unknown;
	if (q->srs.recipient == SRS_FACT_FOREIGN)
		return NULL;
	if (q->srs.guessing || q->srs.overused)
		return q->srs.guessing ? &guessing : &overused;
	if (q->srs.recipient != SRS_FACT_VALID) {
		if (spf->srs_forged != SRS_FORGED_REJECT)
			return NULL;
		return q->srs.recipient == SRS_FACT_EXPIRED ? &expired : &forged;
	}
	if (q->null_sender || spf->srs_nonnull == SRS_NONNULL_CHECK)
		return NULL;
	return spf->srs_nonnull == SRS_NONNULL_REJECT ? &reject_nonnull : &defer_nonnull;
}

/* judge_recipient - what the recipient alone decides; false: nothing, go on */
static bool
judge_recipient(
    const struct gate_query *q, const struct spf_settings *spf, struct gate_action *action)
{
	const struct srs_refusal *refusal = refuse_recipient(q, spf);

	if (refusal != NULL && spf->test_only)
		action->would = gate_kind_name(refusal->kind);
	if (refusal != NULL && !spf->test_only) {
		put_srs_refusal(action, refusal);
		return true;
	}
	return refusal == NULL && q->srs.recipient == SRS_FACT_VALID && q->null_sender &&
	       dunno(action, "srs-bounce");
}

/*
 * doubt_sender - the answer in the place of a refusal that would show whether the sender's hash is
 * right, or NULL
 *
 * What srs-sender spares a sender that verifies would tell a client that guesses, without a
 * recipient that could be counted. And an address that comes from very many networks has become
 * public. Such senders are judged like any other, and a refusal is not final.
 */
static const struct srs_refusal *
doubt_sender(const struct gate_query *q, const struct spf_settings *spf)
{
	if (q->srs.sender == SRS_FACT_FOREIGN || q->srs.sender == SRS_FACT_UNKNOWN ||
	    spf->srs_sender == SRS_SENDER_CHECK)
		return NULL;
	if (q->srs.sender_guessing)
		return &guessing;
	return q->srs.sender_overused ? &overused : NULL;
}

/* spares_sender - does srs-sender, set to this, spare the sender what others get? */
static bool
spares_sender(const struct gate_query *q, const struct spf_settings *spf, enum srs_sender how)
{
	return q->srs.sender == SRS_FACT_VALID && spf->srs_sender == how &&
	       doubt_sender(q, spf) == NULL;
}

static bool
is_srs_skip(const struct gate_query *q, const struct spf_settings *spf)
{
	return spares_sender(q, spf, SRS_SENDER_SKIP);
}

/* find_helo_reject - which HELO results refuse this message */
static enum spf_reject
find_helo_reject(const struct gate_query *q, const struct spf_settings *spf)
{
	enum spf_reject reject = spf->helo_reject;

	if (q->null_sender && spf->null_sender_reject != SPF_REJECT_AS_HELO)
		reject = spf->null_sender_reject;
	if (in_domains(&spf->reject_not_pass_domains, q->helo))
		return SPF_REJECT_NOT_PASS;
	if (reject == SPF_REJECT_NULL)
		return q->null_sender ? SPF_REJECT_FAIL : SPF_REJECT_NEVER;
	return reject;
}

static enum spf_reject
find_mailfrom_reject(const struct gate_query *q, const struct spf_settings *spf)
{
	if (in_domains(&spf->reject_not_pass_domains, q->sender_domain))
		return SPF_REJECT_NOT_PASS;
	return spf->mail_from_reject;
}

/* make_plan - a HELO name is looked up when it can refuse, or when its result is shown */
static void
make_plan(const struct gate_query *q, const struct spf_settings *spf, struct gate_plan *plan)
{
	enum spf_reject helo = find_helo_reject(q, spf);
	bool shown =
	    q->null_sender || spf->header == SPF_HEADER_AUTHRES || spf->header == SPF_HEADER_BOTH;

	plan->helo = helo != SPF_REJECT_NOCHECK && (helo != SPF_REJECT_NEVER || shown);
	plan->mailfrom = !q->null_sender && find_mailfrom_reject(q, spf) != SPF_REJECT_NOCHECK;
}

bool
gate_before(const struct gate_query *q, const struct settings *settings, struct gate_action *action,
    struct gate_plan *plan)
{
	const struct spf_settings *spf = &settings->spf;
	const char *exempt = gate_exemption(q, settings);

	memset(action, 0, sizeof(*action));
	memset(plan, 0, sizeof(*plan));
	if (exempt != NULL)
		return dunno(action, exempt);
	if (judge_recipient(q, spf, action))
		return true;
	if (!gate_is_at(q, "RCPT"))
		return dunno(action, "state");
	if (in_networks(&spf->whitelist, &q->client))
		return dunno(action, "whitelist");
	make_plan(q, spf, plan);
	if (!plan->helo && !plan->mailfrom)
		return dunno(action, "no-check");
	if (is_srs_skip(q, spf))
		plan->mailfrom = false;
	return false;
}

enum gate_header
gate_header_due(const struct settings *settings, unsigned nth)
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

/* One identity, judged. */
struct judgement {
	enum gate_kind kind; /* GATE_DUNNO: nothing against it */
	const char *code;
};

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

static struct judgement
judge(const struct spf_settings *spf, enum spf_reject reject, const struct spf_verdict *verdict)
{
	static const struct judgement clear = { GATE_DUNNO, "" };
	static const struct judgement not_allowed = { GATE_REJECT, "550 5.7.23" };
	static const struct judgement permerror = { GATE_REJECT, "550 5.7.24" };
	static const struct judgement temperror = { GATE_DEFER, "451 4.7.24" };
	static const struct judgement saturated = { GATE_DEFER, "451 4.4.3" };

	if (verdict->saturated)
		return saturated;
	if (reject == SPF_REJECT_NEVER || reject == SPF_REJECT_NOCHECK)
		return clear;
	if (verdict->result == SPF_TEMPERROR && spf->temperror_defer)
		return temperror;
	if (spf->no_mail && !(verdict->result == SPF_FAIL && verdict->no_mail))
		return clear;
	if (verdict->result == SPF_PERMERROR && spf->permerror_reject)
		return permerror;
	if (!is_refused_at(reject, verdict->result))
		return clear;
	return not_allowed;
}

/* put_reason - our words for a result, about a client and a domain */
static void
put_reason(char *buf, size_t size, const struct spf_verdict *verdict, const char *client,
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
		snprintf(buf, size, "the DNS of %s does not answer", domain);
		break;
	default:
		snprintf(buf, size, "%s is not allowed to send mail for %s", client, domain);
		break;
	}
}

/* What stands for the names in a reason-message. */
struct reason_words {
	const char *name;
	const char *text;
};

/* fill_template - reason-message with its {names} replaced, cut when it gets too long */
static void
fill_template(char *buf, size_t size, const char *template, const struct reason_words *words)
{
	const struct reason_words *w;
	size_t n = 0;

	while (*template != '\0' && n + 1 < size) {
		for (w = words; w->name != NULL; w++)
			if (strncmp(template, w->name, strlen(w->name)) == 0)
				break;
		if (w->name == NULL) {
			buf[n++] = *template ++;
			continue;
		}
		n += strlcpy(buf + n, w->text, size - n);
		if (n >= size)
			n = size - 1;
		template += strlen(w->name);
	}
	buf[n] = '\0';
}

#define DEFAULT_REASON_MESSAGE "SPF {identity} check failed: {reason}"

static void
put_refusal(const struct gate_query *q, const struct spf_settings *spf, enum spf_identity identity,
    const struct spf_verdict *verdict, struct judgement j, struct gate_action *action)
{
	struct text name = identity == SPF_IDENTITY_HELO ? q->helo : q->sender_domain;
	char client[IPADDR_TEXT_SIZE], domain[DOMAIN_SIZE], reason[256], text[GATE_TEXT_SIZE];
	struct reason_words words[] = {
		{ "{result}", spf_result_name(verdict->result) },
		{ "{reason}", reason },
		{ "{identity}", identity == SPF_IDENTITY_HELO ? "HELO" : "MAIL FROM" },
		{ "{client}", client },
		{ NULL, NULL },
	};

	ipaddr_format(&q->client, client);
	printable(domain, sizeof(domain), name.s, name.len);
	put_reason(reason, sizeof(reason), verdict, client, domain);
	fill_template(text, sizeof(text),
	    spf->reason_message[0] == '\0' ? DEFAULT_REASON_MESSAGE : spf->reason_message, words);
	if (spf->use_exp && verdict->result == SPF_FAIL && verdict->explanation[0] != '\0') {
		strlcat(text, "; its owner says: ", sizeof(text));
		strlcat(text, verdict->explanation, sizeof(text));
	}
	snprintf(action->text, sizeof(action->text), "%s %.*s", j.code,
	    (int)(sizeof(action->text) - strlen(j.code) - 2), text);
	action->kind = j.kind;
}

static void
put_header(const struct gate_query *q, const struct settings *settings, const struct spf_header *h,
    const enum spf_result *helo, enum gate_header due, struct gate_action *action)
{
	static const char verb[] = "PREPEND ";
	char *header = action->text + sizeof(verb) - 1;

	memcpy(action->text, verb, sizeof(verb) - 1);
	switch (due) {
	case GATE_HEADER_NONE:
		dunno(action, action->why);
		return;
	case GATE_HEADER_RECEIVED:
		spf_header_received(header, h);
		break;
	case GATE_HEADER_AUTHRES:
		spf_header_authres(
		    header, settings->spf.authserv_id, h, q->null_sender ? NULL : helo);
		break;
	}
	action->kind = GATE_PREPEND;
}

static struct text
receiver(const struct gate_query *q, const struct spf_settings *spf)
{
	static const struct text hidden = { NULL, 0 };

	return spf->hide_receiver || q->recipient_domain.len == 0 ? hidden : q->recipient_domain;
}

static void
init_header(struct spf_header *h, const struct gate_query *q, const struct settings *settings)
{
	memset(h, 0, sizeof(*h));
	h->mechanism = h->problem = "";
	h->client = settings->prospective.family != 0 ? &settings->prospective : &q->client;
	h->helo = q->helo;
	h->domain = q->sender_domain;
	h->receiver = receiver(q, &settings->spf);
	/* Of a sender in U-labels the domain alone: what stands behind its @ is not ASCII. */
	if (q->sender_domain.s == q->ascii_domain)
		h->sender = q->sender_domain;
	else if (!q->null_sender)
		h->sender = q->req->sender;
}

/* show_verdict - the sender's in the header; HELO's when nothing else was evaluated */
static void
show_verdict(struct spf_header *h, const struct spf_verdicts *v)
{
	const struct spf_verdict *shown = v->has_mailfrom ? &v->mailfrom : &v->helo;

	h->identity = v->has_mailfrom ? SPF_IDENTITY_MAILFROM : SPF_IDENTITY_HELO;
	h->result = shown->result;
	h->mechanism = shown->mechanism;
	h->problem = shown->problem;
}

/*
 * spared - why a refusal is held back, whatever test-only says; or NULL
 *
 * nat-guard spares no verdict that our own bounds have cut off: load would let mail in unchecked.
 */
static const char *
spared(const struct gate_query *q, const struct settings *settings, const struct spf_verdicts *v,
    struct gate_action *action)
{
	const struct spf_settings *spf = &settings->spf;

	if (spares_sender(q, spf, SRS_SENDER_NO_REJECT))
		return "srs-sender";
	/* The hash cannot be checked at the moment, and a refusal cannot be taken back. */
	if (q->srs.sender == SRS_FACT_UNKNOWN && spf->srs_sender != SRS_SENDER_CHECK)
		return "srs-sender";
	if (!gate_guards_nat(q, settings) || !spf_verdicts_are_final(v))
		return v->allowed;
	action->nat_guarded = true;
	return "nat-guard";
}

/*
 * deferral_of - what is answered in the place of a refusal that rests on something we do not know
 *
 * Our own bounds have cut a check off, or an allow-list that may spare the client could not be
 * asked. NULL: neither.
 */
static const struct srs_refusal *
deferral_of(struct judgement j, const struct spf_verdicts *v, const struct spf_verdict *verdict)
{
	static const struct srs_refusal saturated = { GATE_DEFER,
		"451 4.4.3 too many SPF checks wait for the DNS, try again later", "saturated" };
	static const struct srs_refusal unasked = { GATE_DEFER,
		"451 4.4.3 the DNS does not answer for our allow-list, try again later",
		"allow-list" };

	if (verdict->saturated)
		return &saturated;
	return j.kind == GATE_REJECT && v->allowed_unknown ? &unasked : NULL;
}

/* The judgement that counts, and whose it is. HELO's comes first. */
static struct judgement
judge_both(const struct gate_query *q, const struct spf_settings *spf, const struct spf_verdicts *v,
    enum spf_identity *identity)
{
	struct judgement j = { GATE_DUNNO, "" };

	*identity = SPF_IDENTITY_HELO;
	if (v->has_helo)
		j = judge(spf, find_helo_reject(q, spf), &v->helo);
	if (j.kind != GATE_DUNNO || !v->has_mailfrom || is_srs_skip(q, spf))
		return j;
	*identity = SPF_IDENTITY_MAILFROM;
	return judge(spf, find_mailfrom_reject(q, spf), &v->mailfrom);
}

bool
gate_asks_allowed(
    const struct gate_query *q, const struct settings *settings, const struct spf_verdicts *v)
{
	struct gate_action action;
	enum spf_identity identity;

	if (v->has_allowed || !spf_allow_is_wanted(&settings->spf))
		return false;
	return judge_both(q, &settings->spf, v, &identity).kind != GATE_DUNNO &&
	       spared(q, settings, v, &action) == NULL;
}

/* The subject of the texts is the address that was evaluated. */
static struct gate_query
evaluated_query(const struct gate_query *q, const struct settings *settings)
{
	struct gate_query copy = *q;

	if (settings->prospective.family != 0)
		copy.client = settings->prospective;
	return copy;
}

/* What test-only holds back, as the header's comment tells it. */
#define COMMENT_SIZE 64

/* test_only - note what would have been answered: code is that of a refusal */
static void
test_only(struct gate_action *action, enum gate_kind kind, const char *code, const char *whom,
    char comment[COMMENT_SIZE])
{
	/* "NNN N.N.NN", and perhaps a text behind it */
	int len = (int)strcspn(strchr(code, ' ') + 1, " ") + 4;

	action->would = gate_kind_name(kind);
	snprintf(
	    comment, COMMENT_SIZE, "test-only, would be answered %.*s for %s", len, code, whom);
}

/*
 * judge_unspared - the judgement that counts and is not spared; GATE_DUNNO: nothing speaks against
 * the message, or action->why says what spares it
 *
 * *doubt: the answer in its place, see doubt_sender and deferral_of; or NULL.
 */
static struct judgement
judge_unspared(const struct gate_query *q, const struct settings *settings,
    const struct spf_verdicts *v, const struct srs_refusal **doubt, struct gate_action *action)
{
	static const struct judgement clear = { GATE_DUNNO, "" };
	struct judgement j = judge_both(q, &settings->spf, v, &action->identity);

	*doubt = NULL;
	if (j.kind == GATE_DUNNO)
		return j;
	action->why = spared(q, settings, v, action);
	if (action->why != NULL)
		return clear;
	*doubt = doubt_sender(q, &settings->spf);
	if (*doubt == NULL)
		*doubt = deferral_of(
		    j, v, action->identity == SPF_IDENTITY_HELO ? &v->helo : &v->mailfrom);
	if (*doubt != NULL) {
		j.kind = (*doubt)->kind;
		j.code = (*doubt)->text;
	}
	return j;
}

static void
refuse_message(const struct gate_query *q, const struct settings *settings,
    const struct spf_verdicts *v, struct judgement j, const struct srs_refusal *doubt,
    struct gate_action *action)
{
	struct gate_query subject = evaluated_query(q, settings);

	if (doubt != NULL)
		put_srs_refusal(action, doubt);
	else
		put_refusal(&subject, &settings->spf, action->identity,
		    action->identity == SPF_IDENTITY_HELO ? &v->helo : &v->mailfrom, j, action);
}

/* describe_result - identity and result of the header, and its comment */
static void
describe_result(const struct gate_query *q, const struct spf_settings *spf,
    const struct spf_verdicts *v, struct spf_header *h, char comment[2 * COMMENT_SIZE])
{
	if (is_srs_skip(q, spf)) {
		h->identity = SPF_IDENTITY_MAILFROM;
		h->result = SPF_NONE;
		strlcpy(comment, "SRS-verified sender of ours, not evaluated", 2 * COMMENT_SIZE);
		return;
	}
	show_verdict(h, v);
	comment[0] = '\0';
}

/* compose_comment - of the header: what it is about, and what test-only held back */
static void
compose_comment(char comment[2 * COMMENT_SIZE], const char *held_back, enum spf_identity identity)
{
	if (held_back[0] == '\0' && comment[0] == '\0') {
		strlcpy(comment, spf_identity_name(identity), 2 * COMMENT_SIZE);
		return;
	}
	if (held_back[0] != '\0' && comment[0] != '\0')
		strlcat(comment, "; ", 2 * COMMENT_SIZE);
	strlcat(comment, held_back, 2 * COMMENT_SIZE);
}

/* note_held_back - in test-only mode, what the answer would have been; its words for the comment */
static void
note_held_back(const struct gate_query *q, const struct spf_settings *spf, struct judgement j,
    struct gate_action *action, char held_back[COMMENT_SIZE])
{
	const struct srs_refusal *recipient = spf->test_only ? refuse_recipient(q, spf) : NULL;

	held_back[0] = '\0';
	if (recipient != NULL)
		test_only(action, recipient->kind, recipient->text, "recipient", held_back);
	else if (j.kind != GATE_DUNNO)
		test_only(action, j.kind, j.code, spf_identity_name(action->identity), held_back);
	if (action->would != NULL && action->why == NULL)
		action->why = "test-only";
}

void
gate_after(const struct gate_query *q, const struct settings *settings,
    const struct spf_verdicts *v, enum gate_header due, struct gate_action *action)
{
	const struct spf_settings *spf = &settings->spf;
	char held_back[COMMENT_SIZE], comment[2 * COMMENT_SIZE];
	const struct srs_refusal *doubt;
	struct spf_header h;
	struct judgement j;
	bool skip = is_srs_skip(q, spf);

	memset(action, 0, sizeof(*action));
	j = judge_unspared(q, settings, v, &doubt, action);
	if (j.kind != GATE_DUNNO && !spf->test_only) {
		refuse_message(q, settings, v, j, doubt, action);
		return;
	}
	if (skip && j.kind == GATE_DUNNO && action->why == NULL) {
		action->identity = SPF_IDENTITY_MAILFROM;
		action->why = "srs-sender";
	}
	note_held_back(q, spf, j, action, held_back);
	init_header(&h, q, settings);
	describe_result(q, spf, v, &h, comment);
	compose_comment(comment, held_back, h.identity);
	h.comment = comment;
	/* A HELO result is never shown as if it were the sender's. */
	if (h.identity == SPF_IDENTITY_HELO && !q->null_sender)
		due = GATE_HEADER_NONE;
	put_header(q, settings, &h, v->has_helo ? &v->helo.result : NULL, due, action);
}
