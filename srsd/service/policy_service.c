/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/buffer.h"
#include "common/line.h"
#include "common/log.h"
#include "common/printable.h"
#include "common/xmalloc.h"
#include "conf/spf_sections.h"
#include "spf/spf_check.h"
#include "srsd/postfix/policy_proto.h"
#include "srsd/service/gate.h"
#include "srsd/service/gate_check.h"
#include "srsd/service/policy_charge.h"
#include "srsd/service/policy_service.h"
#include "srsd/srs/srs_rewrite.h"

/*
 * While a request is evaluated, its bytes remain with the host. They are parsed again when the
 * verdict is known, so that a session needs no copy of them.
 */
struct policy_session {
	struct session session;
	const struct session_host *host;
	struct policy_service *service;
	struct policy_parser parser;
	struct spf_check *check; /* of the request at the beginning of the input */
	uint64_t started;        /* the time of its arrival, in milliseconds */
	/* Of a request that waits. It keeps the settings that it began with, despite a reload. */
	struct settings *settings; /* NULL: no request waits */
	struct gate_srs_facts srs;
	struct ipaddr client;
};

/* A decision, and the facts for its log line. */
struct policy_decision {
	const struct gate_query *query;
	const struct gate_action *action;
	const struct spf_verdicts *verdicts; /* NULL: nothing was evaluated */
	struct gate_plan evaluated;          /* the identities that were evaluated for it */
	bool replayed;                       /* the verdicts are those of an earlier recipient */
	bool dnssec;                         /* answers are validated */
	size_t questions;
	uint64_t ms;
};

static inline void
put_policy_word(struct line *line, const char *name, const char *value)
{
	line_put(line, name);
	line_put(line, value);
}

static inline void
put_policy_text(struct line *line, const char *name, struct text value)
{
	line_put(line, name);
	line_put_untrusted(line, value.s, value.len);
}

/* get_shown_verdict - the one that decided; NULL: nothing was evaluated */
static const struct spf_verdict *
get_shown_verdict(const struct policy_decision *d)
{
	if (d->verdicts == NULL || (!d->verdicts->has_helo && !d->verdicts->has_mailfrom))
		return NULL;
	return d->action->identity == SPF_IDENTITY_HELO ? &d->verdicts->helo
							: &d->verdicts->mailfrom;
}

static void
put_policy_verdict(struct line *line, const struct policy_decision *d)
{
	const struct spf_verdict *v = get_shown_verdict(d);

	if (v == NULL)
		return;
	put_policy_word(line, " result=", spf_result_name(v->result));
	put_policy_word(line, " identity=", spf_identity_name(d->action->identity));
	if (v->mechanism[0] != '\0')
		put_policy_word(line, " mechanism=", v->mechanism);
	if (v->differs)
		put_policy_word(line, " native=", spf_result_name(v->native));
	if (d->dnssec)
		put_policy_word(line, " dnssec=", dns_security_name(v->security));
	if (v->problem[0] != '\0') {
		put_policy_word(line, " problem=\"", v->problem);
		line_put(line, "\"");
	}
}

static void
put_policy_action(struct line *line, const struct policy_decision *d)
{
	put_policy_word(line, " action=", gate_kind_name(d->action->kind));
	if (d->action->kind == GATE_RESTRICTION)
		put_policy_word(line, " class=", d->action->text);
	if (d->action->reason != NULL)
		put_policy_word(
		    line, gate_refuses(d->action) ? " reason=" : " exempt=", d->action->reason);
	if (d->action->held_back != NULL)
		put_policy_word(line, " would=", d->action->held_back);
	if (d->query->req->queue_id.len > 0)
		put_policy_text(line, " queue=", d->query->req->queue_id);
	if (d->replayed)
		line_put(line, " replayed=yes");
	line_put(line, " time=");
	line_put_number(line, d->ms);
	line_put(line, "ms dns=");
	line_put_number(line, d->questions);
	if (d->query->section != NULL) {
		const char *name = d->query->section->name;

		line_put(line, " section=");
		line_put_untrusted(line, name, strlen(name));
	}
}

/* is_probe - from srsctl check? Postfix itself chooses the instance of a request. */
static bool
is_probe(const struct policy_request *req)
{
	const size_t len = strlen(POLICY_PROBE);

	return req->instance.len > len && memcmp(req->instance.s, POLICY_PROBE, len) == 0;
}

static void
warn_of_nat(const struct policy_request *req)
{
	static struct log_limit limit;
	char client[PRINTABLE_SIZE];

	if (!log_allows(&limit))
		return;
	printable(client, sizeof(client), req->client_address.s, req->client_address.len);
	log_warnx("nat-guard client=%s has a private address and would have been refused; do all "
		  "clients appear with this address? See skip-addresses and nat-guard",
	    client);
}

static void
log_policy_decision(const struct policy_decision *d)
{
	const struct policy_request *req = d->query->req;
	struct line line;

	line_begin(&line, "policy");
	put_policy_text(&line, " client=", req->client_address);
	put_policy_text(&line, " helo=", req->helo_name);
	put_policy_text(&line, " sender=<", req->sender);
	put_policy_text(&line, "> recipient=<", req->recipient);
	line_put(&line, ">");
	put_policy_verdict(&line, d);
	put_policy_action(&line, d);
	if (is_probe(req))
		line_put(&line, " probe=yes");
	log_line(&line);
	if (d->action->nat_guarded)
		warn_of_nat(req);
}

/* remember_decision - for srsctl recent */
static void
remember_decision(struct recent *recent, const struct policy_decision *d, time_t now)
{
	struct recent_decision *record = recent_begin(recent, RECENT_POLICY, now);
	const struct policy_request *req = d->query->req;
	const struct spf_verdict *v = get_shown_verdict(d);

	if (record == NULL)
		return;
	record->action = gate_kind_name(d->action->kind);
	record->reason = d->action->reason;
	record->would = d->action->held_back;
	record->refused = gate_refuses(d->action);
	record->ms = (uint32_t)d->ms;
	recent_put(record, RECENT_QUEUE, req->queue_id.s, req->queue_id.len);
	recent_put(record, RECENT_CLIENT, req->client_address.s, req->client_address.len);
	if (v != NULL && d->action->identity == SPF_IDENTITY_HELO)
		recent_put(record, RECENT_HELO, req->helo_name.s, req->helo_name.len);
	recent_put(record, RECENT_SENDER, req->sender.s, req->sender.len);
	recent_put(record, RECENT_RECIPIENT, req->recipient.s, req->recipient.len);
	if (v != NULL) {
		record->result = spf_result_name(v->result);
		record->identity = spf_identity_name(d->action->identity);
		recent_put(record, RECENT_MECHANISM, v->mechanism, strlen(v->mechanism));
	}
	recent_end(recent);
}

/* get_request_settings - those that the current request began with */
static struct settings *
get_request_settings(const struct policy_session *s)
{
	return s->settings != NULL ? s->settings : s->service->settings;
}

static struct srs_context
make_policy_context(const struct policy_session *s, const struct policy_request *req)
{
	const struct srs_context context = { .settings = get_request_settings(s),
		.keys = s->service->keys,
		.now = clock_wall(s->service->clock),
		.uncounted = is_probe(req) };

	return context;
}

/* remember_request - keep its settings and facts until the DNS has answered */
static void
remember_request(struct policy_session *s, const struct gate_query *q)
{
	if (s->settings == NULL)
		s->settings = settings_ref(s->service->settings);
	s->srs = q->srs;
	s->client = q->client;
}

static void
make_gate_query(
    struct gate_query *q, const struct policy_session *s, const struct policy_request *req)
{
	const struct srs_context context = make_policy_context(s, req);

	gate_query_init(q, req, context.settings);
	if (s->settings != NULL)
		q->srs = s->srs;
	else
		gate_check_facts(q, &context);
}

static struct policy_charge
make_charge(const struct policy_session *s)
{
	struct policy_charge charge = {
		.budget = s->service->budget,
		.stats = s->service->stats,
		.settings = get_request_settings(s),
		.now = clock_wall(s->service->clock),
	};

	if (charge.settings->milter.n > 0)
		charge.charged = s->service->charged;
	return charge;
}

static void
send_policy_action(struct buffer *out, const struct gate_action *action)
{
	struct line line;

	line_begin(&line, "action=");
	line_put(&line, action->text);
	line_put(&line, "\n\n");
	buffer_add(out, line.text, line.len);
}

static void
count_check_time(struct stats *stats, uint64_t ms)
{
	static const uint64_t bounds[] = STATS_BOUNDS;
	unsigned i;

	for (i = 0; i < STATS_BUCKETS - 1 && ms > bounds[i]; i++)
		;
	stats->spf_seconds[i]++;
	stats->spf_ms += ms;
}

/* count_policy_decision - with the verdicts that were evaluated for it */
static void
count_policy_decision(struct stats *stats, const struct policy_decision *d)
{
	const struct spf_verdicts *v = d->verdicts;

	stats->policy[d->action->kind]++;
	if (d->action->kind == GATE_REJECT && d->verdicts == NULL) {
		stats->forged += d->query->srs.recipient == SRS_FACT_FORGED;
		stats->expired += d->query->srs.recipient == SRS_FACT_EXPIRED;
	}
	if (!d->evaluated.helo && !d->evaluated.mailfrom)
		return;
	if (d->evaluated.helo)
		stats->spf[SPF_IDENTITY_HELO][v->helo.result]++;
	if (d->evaluated.mailfrom)
		stats->spf[SPF_IDENTITY_MAILFROM][v->mailfrom.result]++;
	count_check_time(stats, d->ms);
}

static void
send_policy_decision(struct policy_session *s, struct policy_decision *d, struct buffer *out)
{
	struct policy_charge charge = make_charge(s);

	d->ms = clock_elapsed(s->service->clock) - s->started;
	d->dnssec = get_request_settings(s)->dnssec;
	if (!is_probe(d->query->req)) {
		count_policy_decision(s->service->stats, d);
		remember_decision(s->service->recent, d, charge.now);
	}
	policy_charge_answer(&charge, d->query, d->action);
	send_policy_action(out, d->action);
	log_policy_decision(d);
}

/*
 * answer_from_verdicts - with the next header; message has the number of earlier ones, or is NULL
 *
 * Only a header that was added counts: if the first recipient of a message is refused, the message
 * still gets one with the second.
 */
static void
answer_from_verdicts(struct policy_session *s, struct policy_decision *d,
    struct message_facts *message, struct buffer *out)
{
	const struct srs_context context = make_policy_context(s, d->query->req);
	enum gate_header header =
	    gate_nth_header(context.settings, message == NULL ? 0 : message->headers);
	char token[VERDICT_TOKEN_SIZE];
	struct gate_action action;

	gate_after(d->query, context.settings, d->verdicts, header,
	    gate_check_token(token, d->query, &context, d->verdicts, header), &action);
	if (message != NULL && action.kind == GATE_PREPEND)
		message->headers++;
	d->action = &action;
	send_policy_decision(s, d, out);
}

/* remember_verdicts - for the other recipients, without the result of lists of a section */
static void
remember_verdicts(struct message_facts *message, const struct spf_verdicts *verdicts)
{
	spf_verdicts_copy(&message->verdicts, verdicts);
	if (verdicts->allowed_in_section)
		spf_verdicts_forget_allowed(&message->verdicts);
}

/* charge_sender - for a wrong hash, which counts once for a message; message may be NULL */
static void
charge_sender(struct policy_session *s, const struct policy_decision *d,
    struct message_facts *message, struct gate_query *q)
{
	struct policy_charge charge;
	bool seen;

	if (q->srs.sender == SRS_FACT_FOREIGN)
		return;
	charge = make_charge(s);
	seen = d->evaluated.mailfrom && spf_check_used_network(s->check, SPF_IDENTITY_MAILFROM);
	q->srs.sender_counted = message != NULL && message->sender_counted;
	policy_charge_verdicts(&charge, d->verdicts, seen, q);
	if (message != NULL)
		message->sender_counted = q->srs.sender_counted;
}

/* get_evaluated - the identities that the check of the request evaluates */
static struct gate_plan
get_evaluated(const struct policy_session *s)
{
	struct gate_plan evaluated = { spf_check_evaluates(s->check, SPF_IDENTITY_HELO),
		spf_check_evaluates(s->check, SPF_IDENTITY_MAILFROM) };

	return evaluated;
}

/*
 * finish_policy_check - remember the verdicts and answer the request
 *
 * False when the allow-lists have to be looked up first, which has to wait for the DNS.
 */
static bool
finish_policy_check(struct policy_session *s, struct gate_query *q, struct buffer *out)
{
	struct policy_service *service = s->service;
	struct policy_decision d = { .query = q,
		.verdicts = spf_check_verdicts(s->check),
		.evaluated = get_evaluated(s),
		.questions = spf_check_questions(s->check) };
	const struct settings *settings = get_request_settings(s);
	time_t now = clock_wall(service->clock);
	struct message_facts *message;

	d.replayed = !d.evaluated.helo && !d.evaluated.mailfrom;
	if (gate_needs_allow_lists(q, settings, d.verdicts)) {
		spf_check_allow(s->check, gate_allow_lists(q, settings));
		if (!spf_check_is_done(s->check))
			return false;
		d.questions = spf_check_questions(s->check);
	}
	message = message_memory_find(service->messages, q->req, now);
	if (spf_verdicts_are_final(d.verdicts)) {
		if (message == NULL)
			message = message_memory_add(service->messages, q->req, now);
		if (message != NULL)
			remember_verdicts(message, d.verdicts);
	}
	charge_sender(s, &d, message, q);
	answer_from_verdicts(s, &d, message, out);
	spf_check_free(&s->check);
	settings_free(&s->settings);
	return true;
}

static void
wake_policy_session(void *arg)
{
	struct policy_session *s = arg;

	s->host->wake(s->host->arg);
}

/*
 * start_policy_check - of what is not known from an earlier recipient; true when it is finished at
 * once. known may be NULL.
 */
static bool
start_policy_check(struct policy_session *s, const struct gate_query *q,
    const struct gate_plan *plan, const struct spf_verdicts *known)
{
	struct policy_service *service = s->service;
	struct spf_check_request req =
	    gate_check_request(q, service->settings, plan, known, clock_wall(service->clock));

	req.remember = true;
	s->check =
	    spf_check_start(&service->checker, service->settings, &req, wake_policy_session, s);
	return spf_check_is_done(s->check);
}

/* give_second_header - at DATA, to a message that has got only the first of two headers */
static bool
give_second_header(struct policy_session *s, const struct gate_query *q, struct buffer *out)
{
	struct policy_service *service = s->service;
	struct policy_decision d = { .query = q, .replayed = true };
	struct message_facts *message;

	if (service->settings->spf.header != SPF_HEADER_BOTH || q->req->protocol_state.len != 4 ||
	    memcmp(q->req->protocol_state.s, "DATA", 4) != 0)
		return false;
	message = message_memory_find(service->messages, q->req, clock_wall(service->clock));
	if (message == NULL || message->headers != 1)
		return false;
	d.verdicts = &message->verdicts;
	answer_from_verdicts(s, &d, message, out);
	return true;
}

/* covers_gate_plan - were its identities evaluated? A skipped MAIL FROM was not */
static bool
covers_gate_plan(const struct spf_verdicts *verdicts, const struct gate_plan *plan)
{
	return (verdicts->has_helo || !plan->helo) && (verdicts->has_mailfrom || !plan->mailfrom);
}

/* start_policy_request - answer a new request; false: it has to wait for the DNS */
static bool
start_policy_request(struct policy_session *s, struct gate_query *q, struct buffer *out)
{
	struct policy_charge charge = make_charge(s);
	struct policy_service *service = s->service;
	struct policy_decision d = { .query = q };
	const struct spf_verdicts *known;
	struct message_facts *message;
	struct gate_action action;
	struct gate_plan plan;

	s->started = clock_elapsed(service->clock);
	if (give_second_header(s, q, out))
		return true;
	policy_charge_request(&charge, q);
	if (gate_before(q, service->settings, &action, &plan)) {
		policy_charge_end(&charge, q);
		d.action = &action;
		send_policy_decision(s, &d, out);
		return true;
	}
	message = message_memory_find(service->messages, q->req, clock_wall(service->clock));
	if (message != NULL && covers_gate_plan(&message->verdicts, &plan) &&
	    !gate_needs_allow_lists(q, service->settings, &message->verdicts)) {
		d.verdicts = &message->verdicts;
		d.replayed = true;
		charge_sender(s, &d, message, q);
		answer_from_verdicts(s, &d, message, out);
		return true;
	}
	known = message == NULL ? NULL : &message->verdicts;
	return start_policy_check(s, q, &plan, known) && finish_policy_check(s, q, out);
}

static void
log_policy_error(const char *error)
{
	static struct log_limit limit;

	if (log_allows(&limit))
		log_warnx("policy request refused, connection closed: %s", error);
}

static enum session_state
policy_session_input(
    struct session *session, const char *data, size_t len, size_t *used, struct buffer *out)
{
	struct policy_session *s = (struct policy_session *)session;
	struct policy_request req;
	struct gate_query q;
	const char *error;
	size_t n;
	int got;

	*used = 0;
	for (;;) {
		got = policy_parse(&s->parser, data + *used, len - *used, &n, &req, &error);
		if (got == -1) {
			log_policy_error(error);
			return SESSION_CLOSE;
		}
		if (got == 0)
			return SESSION_READING;
		make_gate_query(&q, s, &req);
		if (s->check != NULL ? !finish_policy_check(s, &q, out)
				     : !start_policy_request(s, &q, out)) {
			remember_request(s, &q);
			return SESSION_BUSY;
		}
		*used += n;
	}
}

static void
policy_session_close(struct session *session)
{
	struct policy_session *s = (struct policy_session *)session;

	if (s->settings != NULL)
		policy_charge_leave(
		    s->service->budget, &s->client, &s->srs, clock_wall(s->service->clock));
	spf_check_free(&s->check);
	settings_free(&s->settings);
	free(s);
}

static const struct session_ops policy_session_ops = {
	.input = policy_session_input,
	.close = policy_session_close,
};

struct session *
policy_session_open(void *service, const struct session_host *host)
{
	struct policy_session *s = xcalloc(1, sizeof(*s));

	s->session.ops = &policy_session_ops;
	s->host = host;
	s->service = service;
	return &s->session;
}
