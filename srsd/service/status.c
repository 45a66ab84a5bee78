/* SPDX-License-Identifier: ISC */
#include <string.h>
#include <unistd.h>

#include "common/printable.h"
#include "conf/settings_report.h"
#include "conf/spf_sections.h"
#include "spf/spf_report.h"
#include "srsd/service/candidate_report.h"
#include "srsd/service/status.h"

static void
put_json_number(json_t *object, const char *name, uint64_t value)
{
	json_object_set_new(object, name, json_integer((json_int_t)value));
}

/* make_lookup_counts - of one map, by verdict, without verdicts that never happened */
static json_t *
make_lookup_counts(const struct stats *stats, enum map_kind kind)
{
	json_t *object = json_object();
	int i;

	for (i = 0; i < SRS_VERDICTS; i++)
		if (i == SRS_REWRITTEN || stats->lookups[kind][i] > 0)
			put_json_number(
			    object, srs_verdict_word((enum srs_verdict)i), stats->lookups[kind][i]);
	if (stats->malformed[kind] > 0)
		put_json_number(object, STATS_NOT_A_REQUEST, stats->malformed[kind]);
	return object;
}

static json_t *
make_policy_counts(const struct stats *stats)
{
	json_t *object = json_object();
	int i;

	for (i = 0; i < GATE_KINDS; i++)
		put_json_number(object, gate_kind_name((enum gate_kind)i), stats->policy[i]);
	return object;
}

/* make_milter_counts - by kind and result, without those that never happened */
static json_t *
make_milter_counts(const struct stats *stats)
{
	json_t *object = json_object(), *results;
	int i, j;

	for (i = 0; i < FORWARDING_KINDS; i++) {
		results = json_object();
		for (j = 0; j < MILTER_RESULTS; j++)
			if (stats->milter[i][j] > 0)
				put_json_number(results, milter_result_name((enum milter_result)j),
				    stats->milter[i][j]);
		if (json_object_size(results) > 0)
			json_object_set(
			    object, forwarding_kind_name((enum forwarding_kind)i), results);
		json_decref(results);
	}
	return object;
}

static json_t *
list_forward_events(const uint64_t counts[FORWARD_EVENTS])
{
	json_t *object = json_object();
	int i;

	for (i = 0; i < FORWARD_EVENTS; i++)
		put_json_number(object, forward_event_name((enum forward_event)i), counts[i]);
	return object;
}

static void
put_forward_numbers(json_t *object, const struct forward_numbers *numbers)
{
	put_json_number(object, "since", (uint64_t)numbers->since);
	json_object_set_new(object, "total", list_forward_events(numbers->total));
	json_object_set_new(object, "running_hour", list_forward_events(numbers->running_hour));
	json_object_set_new(object, "last_hour", list_forward_events(numbers->last_hour));
}

/* append_forward_domain - a visitor of forward_counts_visit */
static void
append_forward_domain(const char *domain, const struct forward_numbers *numbers, void *list)
{
	char shown[PRINTABLE_SIZE];
	json_t *object = json_object();

	printable(shown, sizeof(shown), domain, strlen(domain));
	json_object_set_new(object, "domain", json_string(shown));
	put_forward_numbers(object, numbers);
	json_array_append_new(list, object);
}

static json_t *
describe_forwards(const struct status *status)
{
	json_t *object, *domains;
	struct forward_numbers all;

	if (status->forwards == NULL)
		return json_null();
	object = json_object();
	domains = json_array();
	forward_counts_all(status->forwards, status->now, &all);
	put_forward_numbers(object, &all);
	forward_counts_visit(status->forwards, status->now, append_forward_domain, domains);
	json_object_set_new(object, "domains", domains);
	return object;
}

static json_t *
make_result_counts(const struct stats *stats, enum spf_identity identity)
{
	json_t *object = json_object();
	int i;

	for (i = 0; i < SPF_RESULTS; i++)
		put_json_number(
		    object, spf_result_name((enum spf_result)i), stats->spf[identity][i]);
	return object;
}

/* make_text - null for NULL, and for bytes that are not UTF-8 */
static json_t *
make_text(const char *text)
{
	json_t *value = text == NULL ? NULL : json_string(text);

	return value == NULL ? json_null() : value;
}

/* make_time - null for 0, which means never */
static json_t *
make_time(time_t time)
{
	return time == 0 ? json_null() : json_integer((json_int_t)time);
}

static json_t *
describe_nameservers(const struct status *status)
{
	bool configured = status->settings->nameservers.n > 0;
	json_t *object = json_object(), *list = spf_report_nameservers(status->dns.plan);

	json_object_set_new(object, "from",
	    json_string(json_array_size(list) == 0 ? "root servers"
			: configured               ? "nameservers"
						   : "resolv.conf"));
	json_object_set_new(object, "servers", list);
	json_object_set_new(object, "last_answer", make_time(status->dns.last_answer));
	json_object_set_new(object, "outage_since", make_time(status->dns.outage_since));
	return object;
}

static json_t *
make_dns_counts(const struct status *status)
{
	json_t *object = json_object();

	put_json_number(object, "cached", status->stats->dns.cached);
	put_json_number(object, "found", status->stats->dns.found);
	put_json_number(object, "none", status->stats->dns.none);
	put_json_number(object, "failed", status->stats->dns.failed);
	put_json_number(object, "timeout", status->stats->dns.timeout);
	put_json_number(object, "cancelled", status->stats->dns.cancelled);
	put_json_number(object, "names", status->cached);
	return object;
}

static json_t *
list_secrets(const struct srs_keys *keys)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < srs_keys_count(keys); i++)
		json_array_append_new(
		    list, json_pack("{s:s, s:I}", "fingerprint", srs_keys_fingerprint(keys, i),
			      "verified", (json_int_t)srs_keys_verified(keys, i)));
	return list;
}

static json_t *
make_connection_counts(const struct status *status)
{
	json_t *object = json_object();
	int i;

	for (i = 0; i < SERVICE_KINDS; i++)
		put_json_number(
		    object, service_kind_name((enum service_kind)i), status->connections[i]);
	return object;
}

static json_t *
make_refusal_counts(const struct status *status)
{
	json_t *object = json_object();
	int i;

	for (i = 0; i < SERVICE_KINDS; i++)
		put_json_number(
		    object, service_kind_name((enum service_kind)i), status->refused[i]);
	return object;
}

static json_t *
describe_reload(const struct status *status)
{
	const struct stats *stats = status->stats;
	const char *error = status->reload_error;

	if (stats->reloaded == 0)
		return json_null();
	return json_pack("{s:I, s:b, s:o, s:I}", "at", (json_int_t)stats->reloaded, "refused",
	    stats->reload_refused, "error",
	    error == NULL || error[0] == '\0' ? json_null() : json_string(error), "count",
	    (json_int_t)stats->reloads);
}

/* describe_saturation - while checks are cut off: the network and domain with most DNS queries */
static json_t *
describe_saturation(const struct spf_inflight_report *inflight)
{
	char domain[PRINTABLE_SIZE];

	if (!inflight->saturated)
		return json_null();
	printable(domain, sizeof(domain), inflight->domain, strlen(inflight->domain));
	return json_pack("{s:s, s:I, s:s, s:I}", "network", inflight->network, "network_questions",
	    (json_int_t)inflight->of_network, "domain", domain, "domain_questions",
	    (json_int_t)inflight->of_domain);
}

/* count_store_answers - of one operation; a get is never full, and a put never missing */
static json_t *
count_store_answers(const struct store_counts *counts, enum store_operation operation)
{
	enum store_outcome never = operation == STORE_PUT ? STORE_MISSING : STORE_FULL, outcome;
	json_t *object = json_object();

	for (outcome = 0; outcome < STORE_OUTCOMES; outcome++)
		if (outcome != never)
			put_json_number(object, store_outcome_word(outcome),
			    counts->answered[operation][outcome]);
	return object;
}

static json_t *
describe_store(const struct status *status)
{
	const struct store_counts *counts = status->store;
	const struct settings *settings = status->settings;
	json_t *object;

	if (counts == NULL)
		return json_null();
	object = json_object();
	json_object_set_new(object, "database", json_string(settings->envelope_database));
	json_object_set_new(object, "connected", json_boolean(counts->connected));
	json_object_set_new(object, "problem",
	    counts->problem[0] == '\0' ? json_null() : json_string(counts->problem));
	json_object_set_new(object, "rows",
	    counts->rows == STORE_ROWS_UNKNOWN ? json_null() : json_integer(counts->rows));
	put_json_number(object, "limit", (uint64_t)settings->envelope_limit);
	put_json_number(object, "open", counts->open);
	put_json_number(object, "known", counts->known);
	put_json_number(object, "lost", counts->lost);
	put_json_number(object, "errors",
	    counts->answered[STORE_PUT][STORE_FAILED] + counts->answered[STORE_GET][STORE_FAILED]);
	json_object_set_new(object, "put", count_store_answers(counts, STORE_PUT));
	json_object_set_new(object, "get", count_store_answers(counts, STORE_GET));
	return object;
}

/* append_inactive - a part of the work that an option disables */
static void
append_inactive(json_t *list, bool disabled, const char *what, const char *option)
{
	if (disabled)
		json_array_append_new(
		    list, json_pack("{s:s, s:s}", "what", what, "option", option));
}

static json_t *
list_inactive(const struct settings *settings)
{
	const struct spf_settings *spf = &settings->spf;
	json_t *list = json_array();

	append_inactive(list, spf->test_only, "SPF refuses nothing", "spf test-only");
	append_inactive(list, settings_refuse_no_result(spf), "SPF refuses nothing",
	    "spf helo-reject and mail-from-reject");
	append_inactive(list, spf->helo_reject == SPF_REJECT_NOCHECK, "HELO is not checked",
	    "spf helo-reject = no-check");
	append_inactive(list, spf->mail_from_reject == SPF_REJECT_NOCHECK,
	    "MAIL FROM is not checked", "spf mail-from-reject = no-check");
	append_inactive(list, settings->milter.n > 0 && settings->milter_test_only,
	    "the milter changes nothing", "milter-test-only");
	return list;
}

json_t *
status_json(const struct status *status)
{
	json_t *object = json_object();

	json_object_set_new(object, "version", json_string(PACKAGE_VERSION));
	put_json_number(object, "pid", (uint64_t)getpid());
	put_json_number(object, "monitor_pid", (uint64_t)status->monitor);
	json_object_set_new(object, "config", make_text(status->config));
	json_object_set_new(object, "log", make_text(status->log));
	put_json_number(object, "uptime",
	    status->now > status->stats->started ? (uint64_t)(status->now - status->stats->started)
						 : 0);
	json_object_set_new(object, "srs_domain", json_string(status->settings->srs_domain));
	put_json_number(object, "domains", domainset_size(status->settings->own_domains));
	put_json_number(object, "sections", spf_sections_count(status->settings->sections));
	put_json_number(object, "engine_restarts", status->restarts);
	json_object_set(object, "listeners", status->listeners);
	json_object_set_new(object, "inactive", list_inactive(status->settings));
	json_object_set_new(object, "connections", make_connection_counts(status));
	json_object_set_new(object, "connections_refused", make_refusal_counts(status));
	json_object_set_new(object, "lookups",
	    json_pack("{s:o, s:o}", "forward", make_lookup_counts(status->stats, MAP_FORWARD),
		"reverse", make_lookup_counts(status->stats, MAP_REVERSE)));
	json_object_set_new(object, "policy", make_policy_counts(status->stats));
	json_object_set_new(object, "milter", make_milter_counts(status->stats));
	json_object_set_new(object, "forwards", describe_forwards(status));
	json_object_set_new(object, "spf",
	    json_pack("{s:o, s:o}", "helo", make_result_counts(status->stats, SPF_IDENTITY_HELO),
		"mailfrom", make_result_counts(status->stats, SPF_IDENTITY_MAILFROM)));
	json_object_set_new(object, "dns", make_dns_counts(status));
	json_object_set_new(object, "nameservers", describe_nameservers(status));
	put_json_number(object, "checks_in_flight", status->inflight.checks);
	put_json_number(object, "questions_in_flight", status->inflight.places);
	put_json_number(object, "cut_off", status->inflight.cut);
	json_object_set_new(object, "saturated", describe_saturation(&status->inflight));
	json_object_set_new(object, "store", describe_store(status));
	json_object_set_new(object, "candidates",
	    status->candidates == NULL ? json_null() : candidate_report_json(status->candidates));
	json_object_set_new(object, "secrets", list_secrets(status->keys));
	json_object_set_new(object, "reload", describe_reload(status));
	json_object_set_new(object, "settings", settings_report(status->settings));
	return object;
}
