/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "common/printable.h"
#include "common/xmalloc.h"
#include "conf/spf_sections.h"
#include "srsd/service/gate_check.h"
#include "srsd/service/gate_explain.h"
#include "srsd/service/gate_steps.h"
#include "srsd/service/policy_charge.h"

/* The query points into the request and into itself, so that none of them moves. */
struct gate_explain {
	const struct policy_service *service;
	struct settings *settings; /* those at the beginning */
	json_t *texts;             /* the request, which has the bytes */
	struct policy_request request;
	struct gate_query query;
	struct gate_steps steps;
	struct gate_action action;
	struct spf_check *check; /* NULL: nothing has to be evaluated */
};

static struct srs_context
make_explain_context(const struct gate_explain *explain)
{
	const struct srs_context context = { .settings = explain->settings,
		.keys = explain->service->keys,
		.now = clock_wall(explain->service->clock),
		.uncounted = true };

	return context;
}

static struct policy_charge
make_dry_charge(const struct gate_explain *explain)
{
	const struct policy_charge charge = { .budget = explain->service->budget,
		.stats = explain->service->stats,
		.settings = explain->settings,
		.now = clock_wall(explain->service->clock),
		.dry = true };

	return charge;
}

/* is_policy_value - may it be in a line of the policy protocol? */
static bool
is_policy_value(struct text value)
{
	return value.len <= GATE_EXPLAIN_TEXT_MAX && !printable_has_control(value.s, value.len);
}

/* read_explain_text - a missing member is empty; false: it is not a value of the policy protocol */
static bool
read_explain_text(struct text *text, const json_t *request, const char *name)
{
	const json_t *value = json_object_get(request, name);

	*text = (struct text){ "", 0 };
	if (value == NULL)
		return true;
	if (!json_is_string(value))
		return false;
	text->s = json_string_value(value);
	text->len = json_string_length(value);
	return is_policy_value(*text);
}

/* read_explain_request - false with a reason */
static bool
read_explain_request(struct policy_request *req, const json_t *request, const char **error)
{
	struct ipaddr client;

	memset(req, 0, sizeof(*req));
	req->protocol_state = text_of("RCPT");
	*error = "client, sender, recipient and helo are texts of at most 1024 bytes, without "
		 "control characters";
	if (!read_explain_text(&req->client_address, request, "client") ||
	    !read_explain_text(&req->sender, request, "sender") ||
	    !read_explain_text(&req->recipient, request, "recipient") ||
	    !read_explain_text(&req->helo_name, request, "helo"))
		return false;
	*error = "client: not an IPv4 or IPv6 address";
	if (!ipaddr_parse(&client, req->client_address.s, req->client_address.len))
		return false;
	*error = "no recipient";
	return req->recipient.len > 0;
}

/* start_decision - the part of the gate before an evaluation, and the evaluation */
static void
start_decision(struct gate_explain *explain, void (*wake)(void *arg), void *arg)
{
	const struct policy_service *service = explain->service;
	const struct srs_context context = make_explain_context(explain);
	const struct policy_charge charge = make_dry_charge(explain);
	struct gate_query *q = &explain->query;
	struct spf_check_request req;
	struct gate_plan plan;

	gate_query_init(q, &explain->request, explain->settings);
	gate_check_facts(q, &context);
	policy_charge_request(&charge, q);
	q->steps = &explain->steps;
	if (gate_before(q, explain->settings, &explain->action, &plan))
		return;
	req = gate_check_request(q, explain->settings, &plan, NULL, context.now);
	explain->check = spf_check_start(&service->checker, explain->settings, &req, wake, arg);
}

struct gate_explain *
gate_explain_start(const struct policy_service *service, const json_t *request,
    void (*wake)(void *arg), void *arg, const char **error)
{
	struct gate_explain *explain = xcalloc(1, sizeof(*explain));

	explain->service = service;
	explain->settings = settings_ref(service->settings);
	explain->texts = json_deep_copy(request);
	if (read_explain_request(&explain->request, explain->texts, error))
		start_decision(explain, wake, arg);
	else
		gate_explain_free(&explain);
	return explain;
}

/* finish_decision - by the verdicts; false: the DNS has not answered yet */
static bool
finish_decision(struct gate_explain *explain)
{
	const struct srs_context context = make_explain_context(explain);
	const struct policy_charge charge = make_dry_charge(explain);
	enum gate_header header = gate_nth_header(explain->settings, 0);
	struct gate_query *q = &explain->query;
	char token[VERDICT_TOKEN_SIZE];
	const struct spf_verdicts *v;

	if (!spf_check_is_done(explain->check))
		return false;
	v = spf_check_verdicts(explain->check);
	q->steps = NULL; /* this asks the questions of gate_after, too */
	if (gate_needs_allow_lists(q, explain->settings, v)) {
		spf_check_allow(explain->check, gate_allow_lists(q, explain->settings));
		if (!spf_check_is_done(explain->check))
			return false;
	}
	policy_charge_verdicts(&charge, v, false, q);
	q->steps = &explain->steps;
	gate_after(q, explain->settings, v, header, gate_check_token(token, q, &context, v, header),
	    &explain->action);
	return true;
}

static json_t *
report_gate_steps(const struct gate_explain *explain)
{
	const struct policy_service *service = explain->service;
	const struct gate_steps_subject subject = { .query = &explain->query,
		.settings = explain->settings,
		.verdicts = explain->check == NULL ? NULL : spf_check_verdicts(explain->check),
		.guesses = srs_budget_guesses(
		    service->budget, &explain->query.client, clock_wall(service->clock)) };
	char text[GATE_STEPS_TEXT_SIZE];
	json_t *list = json_array();
	const struct gate_step *step;

	for (step = explain->steps.step; step < explain->steps.step + explain->steps.n; step++) {
		gate_steps_describe(text, step, &subject);
		json_array_append_new(
		    list, json_pack("{s:s, s:b, s:s}", "step", gate_steps_name(step->kind),
			      "applies", step->applies, "text", text));
	}
	return list;
}

static void
report_identity(json_t *list, const struct gate_explain *explain, enum spf_identity identity)
{
	const struct spf_verdicts *all = spf_check_verdicts(explain->check);
	const struct spf_verdict *v = identity == SPF_IDENTITY_HELO ? &all->helo : &all->mailfrom;
	char domain[PRINTABLE_SIZE];
	const char *evaluated = spf_check_domain(explain->check, identity);
	json_t *object;

	if (!spf_check_evaluates(explain->check, identity))
		return;
	printable(domain, sizeof(domain), evaluated, strlen(evaluated));
	object = json_pack("{s:s, s:s, s:s}", "identity", spf_identity_name(identity), "domain",
	    domain, "result", spf_result_name(v->result));
	if (v->mechanism[0] != '\0')
		json_object_set_new(object, "mechanism", json_string(v->mechanism));
	if (v->problem[0] != '\0')
		json_object_set_new(object, "problem", json_string(v->problem));
	json_array_append_new(list, object);
}

static json_t *
report_evaluated(const struct gate_explain *explain)
{
	json_t *list = json_array();

	if (explain->check == NULL)
		return list;
	report_identity(list, explain, SPF_IDENTITY_HELO);
	report_identity(list, explain, SPF_IDENTITY_MAILFROM);
	return list;
}

static void
report_action(json_t *report, const struct gate_action *action)
{
	json_object_set_new(report, "action", json_string(gate_kind_name(action->kind)));
	if (action->reason != NULL)
		json_object_set_new(report, "reason", json_string(action->reason));
	if (action->held_back != NULL)
		json_object_set_new(report, "would", json_string(action->held_back));
	json_object_set_new(report, "answer", json_string(action->text));
}

json_t *
gate_explain_report(struct gate_explain *explain)
{
	static const char *const names[] = { "client", "sender", "recipient", "helo" };
	const struct spf_section *section = explain->query.section;
	json_t *report;
	size_t i;

	if (explain->check != NULL && !finish_decision(explain))
		return NULL;
	report = json_object();
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		json_object_set(report, names[i], json_object_get(explain->texts, names[i]));
	if (section != NULL)
		json_object_set_new(report, "section", json_string(section->name));
	json_object_set_new(report, "steps", report_gate_steps(explain));
	json_object_set_new(report, "identities", report_evaluated(explain));
	report_action(report, &explain->action);
	return report;
}

void
gate_explain_free(struct gate_explain **explainp)
{
	struct gate_explain *explain = *explainp;

	*explainp = NULL;
	if (explain == NULL)
		return;
	spf_check_free(&explain->check);
	settings_free(&explain->settings);
	json_decref(explain->texts);
	free(explain);
}
