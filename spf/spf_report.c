/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "common/printable.h"
#include "spf/spf_near_miss.h"
#include "spf/spf_record.h"
#include "spf/dns/dns_servers.h"
#include "spf/spf_report.h"
#include "spf/spf_term_hint.h"

/* The largest numbers of records of an answer, and of bytes of each. */
#define RECORDS_MAX 50
#define TEXT_MAX 1000

/* put_report_member - set a member; json_object_set_new frees the value if it fails */
static void
put_report_member(json_t *object, const char *name, json_t *value)
{
	json_object_set_new(object, name, value);
}

/* make_visible_text - untrusted bytes as a text that is safe for terminals */
static json_t *
make_visible_text(const char *s, size_t len)
{
	char text[TEXT_MAX + 1];

	return json_string(printable_text(text, sizeof(text), s, len));
}

static json_t *
make_visible_string(const char *s)
{
	return make_visible_text(s, strlen(s));
}

static json_t *
report_rr(const struct dns_rr *rr, enum dns_type type)
{
	char ip[IPADDR_TEXT_SIZE];

	if (type != DNS_A && type != DNS_AAAA)
		return make_visible_text(rr->data, rr->len);
	ipaddr_format(&rr->ip, ip);
	return json_string(ip);
}

static json_t *
report_rrs(const struct dns_answer *reply, enum dns_type type)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < reply->n && i < RECORDS_MAX; i++)
		json_array_append_new(list, report_rr(&reply->rr[i], type));
	if (reply->n > RECORDS_MAX)
		json_array_append_new(list, json_string("..."));
	return list;
}

static json_t *
report_answer(const struct spf_answer *answer)
{
	const struct dns_answer *reply = answer->given_up ? NULL : answer->reply;
	json_t *object = json_object();

	put_report_member(object, "name", make_visible_string(answer->name));
	put_report_member(object, "type", json_string(dns_type_name(answer->type)));
	put_report_member(object, "status",
	    json_string(reply == NULL ? "waiting" : dns_status_name(reply->status)));
	put_report_member(object, "asked_ms", json_integer((json_int_t)answer->asked_ms));
	if (reply == NULL)
		return object;
	if (reply->no_name)
		put_report_member(object, "no_name", json_true());
	put_report_member(object, "records", report_rrs(reply, answer->type));
	put_report_member(object, "ttl", json_integer(reply->ttl));
	put_report_member(object, "dnssec", json_string(dns_security_name(reply->security)));
	put_report_member(object, "cached", json_boolean(answer->at_once));
	put_report_member(object, "given", json_boolean(answer->given));
	put_report_member(object, "answered_ms", json_integer((json_int_t)answer->answered_ms));
	return object;
}

/* put_ignored_hint - if a valid SPF record has a term that is ignored */
static void
put_ignored_hint(json_t *object, const struct dns_rr *rr)
{
	char hint[SPF_TERM_HINT_SIZE];

	if (spf_term_hint_ignored(hint, rr->data, rr->len))
		put_report_member(object, "hint", json_string(hint));
}

/*
 * put_record_hint - of the TXT records of a domain
 *
 * The other TXT records of a domain that has an SPF record were not meant to be one.
 */
static void
put_record_hint(json_t *object, const struct dns_answer *reply)
{
	char hint[SPF_NEAR_MISS_SIZE];
	size_t i;

	for (i = 0; i < reply->n; i++)
		if (spf_record_is_spf(reply->rr[i].data, reply->rr[i].len)) {
			put_ignored_hint(object, &reply->rr[i]);
			return;
		}
	for (i = 0; i < reply->n; i++) {
		if (!spf_near_miss(hint, reply->rr[i].data, reply->rr[i].len))
			continue;
		put_report_member(object, "hint", json_string(hint));
		return;
	}
}

/* put_term_hint - the trace has a term in visible ASCII, which is enough for a hint */
static void
put_term_hint(json_t *object, const char *term)
{
	char hint[SPF_TERM_HINT_SIZE];

	if (spf_term_hint(hint, term, strlen(term)))
		put_report_member(object, "hint", json_string(hint));
}

static void
put_step_cost(json_t *object, const struct spf_step *step)
{
	put_report_member(object, "lookups", json_integer(step->cost.lookups));
	put_report_member(object, "lookups_total", json_integer(step->total.lookups));
	put_report_member(object, "voids", json_integer(step->cost.voids));
	put_report_member(object, "voids_total", json_integer(step->total.voids));
}

static json_t *
report_step(const struct spf_step *step)
{
	json_t *object = json_object(), *dns = json_array();
	size_t i;

	for (i = 0; i < step->n; i++)
		json_array_append_new(dns, report_answer(step->asked[i]));
	put_report_member(object, "depth", json_integer(step->depth));
	put_report_member(object, "domain", make_visible_string(step->domain));
	put_report_member(object, "term", make_visible_string(step->term));
	put_report_member(object, "outcome", json_string(step->outcome));
	put_report_member(object, "problem", json_string(step->problem));
	put_report_member(object, "decides", json_boolean(step->decides));
	if (step->term[0] != '\0') {
		put_step_cost(object, step);
		put_term_hint(object, step->term);
	} else if (step->n > 0 && step->asked[0]->type == DNS_TXT &&
		   step->asked[0]->reply != NULL) {
		put_record_hint(object, step->asked[0]->reply);
	}
	put_report_member(object, "dns", dns);
	return object;
}

static json_t *
report_steps(const struct spf_trace *trace)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; trace != NULL && i < trace->n; i++)
		json_array_append_new(list, report_step(&trace->step[i]));
	return list;
}

static void
put_evaluators(json_t *object, const struct spf_verdict *v)
{
	put_report_member(object, "native", json_string(spf_result_name(v->native)));
	put_report_member(object, "libspf2", json_string(spf_result_name(v->libspf2)));
	put_report_member(object, "engines_agree", json_boolean(!v->differs));
}

static void
put_limits(json_t *object, const struct spf_verdict *v, struct spf_cost limit)
{
	put_report_member(object, "lookups", json_integer(v->lookups));
	put_report_member(object, "lookup_limit", json_integer(limit.lookups));
	put_report_member(object, "voids", json_integer(v->voids));
	put_report_member(object, "void_limit", json_integer(limit.voids));
}

json_t *
spf_report(const struct spf_check *check, enum spf_identity identity, enum spf_evaluator evaluator)
{
	const struct spf_verdicts *all = spf_check_verdicts(check);
	bool helo = identity == SPF_IDENTITY_HELO;
	const struct spf_verdict *v = helo ? &all->helo : &all->mailfrom;
	json_t *object;

	if (helo ? !all->has_helo : !all->has_mailfrom)
		return NULL;
	object = json_object();
	put_report_member(object, "identity", json_string(spf_identity_name(identity)));
	put_report_member(object, "domain", make_visible_string(spf_check_domain(check, identity)));
	put_report_member(object, "result", json_string(spf_result_name(v->result)));
	put_report_member(object, "mechanism", make_visible_string(v->mechanism));
	put_report_member(object, "problem", make_visible_string(v->problem));
	put_report_member(object, "explanation", make_visible_string(v->explanation));
	put_report_member(object, "dnssec", json_string(dns_security_name(v->security)));
	put_report_member(
	    object, "time_ms", json_integer((json_int_t)spf_check_ms(check, identity)));
	put_report_member(object, "varies", json_boolean(v->varies));
	put_limits(object, v, spf_check_limits(check, identity));
	if (evaluator != SPF_EVALUATOR_NATIVE)
		put_evaluators(object, v);
	put_report_member(object, "terms", report_steps(spf_check_trace(check, identity)));
	return object;
}

json_t *
spf_report_nameservers(const char *plan)
{
	char server[DNS_SERVERS_ONE_SIZE];
	json_t *list = json_array();

	while (dns_servers_next(&plan, server))
		json_array_append_new(list, json_string(server));
	return list;
}
