/* SPDX-License-Identifier: ISC */
#include "common/buffer.h"
#include "srsd/service/status.h"

struct metrics_page {
	struct buffer *out;
	bool openmetrics;
};

/* put_family - the head of a family of metrics */
static void
put_family(const struct metrics_page *page, const char *name, const char *type, const char *help)
{
	const char *total = !page->openmetrics && type[0] == 'c' /* counter */ ? "_total" : "";

	buffer_printf(page->out, "# HELP srsd_%s%s %s\n# TYPE srsd_%s%s %s\n", name, total, help,
	    name, total, type);
}

static void
put_sample(const struct metrics_page *page, const char *name, uint64_t value)
{
	buffer_printf(page->out, "srsd_%s %llu\n", name, (unsigned long long)value);
}

/* put_labelled_sample - the value of the label is one of our own words, which needs no quoting */
static void
put_labelled_sample(const struct metrics_page *page, const char *name, const char *label,
    const char *text, uint64_t value)
{
	buffer_printf(
	    page->out, "srsd_%s{%s=\"%s\"} %llu\n", name, label, text, (unsigned long long)value);
}

static void
put_map_sample(const struct metrics_page *page, const char *map, const char *result, uint64_t value)
{
	buffer_printf(page->out, "srsd_lookups_total{map=\"%s\",result=\"%s\"} %llu\n", map, result,
	    (unsigned long long)value);
}

static void
put_lookups(const struct metrics_page *page, const struct stats *stats)
{
	enum map_kind map;
	int i;

	put_family(page, "lookups", "counter", "Lookups in the maps, by result.");
	for (map = 0; map < MAP_KINDS; map++) {
		for (i = 0; i < SRS_VERDICTS; i++)
			put_map_sample(page, map_kind_name(map),
			    srs_verdict_word((enum srs_verdict)i), stats->lookups[map][i]);
		put_map_sample(
		    page, map_kind_name(map), STATS_NOT_A_REQUEST, stats->malformed[map]);
	}
	put_map_sample(page, service_kind_name(SERVICE_SOCKETMAP), STATS_NOT_A_REQUEST,
	    stats->malformed_socketmap);
}

static void
put_policy(const struct metrics_page *page, const struct stats *stats)
{
	int i, j;

	put_family(page, "policy", "counter", "Replies of the policy service.");
	for (i = 0; i < GATE_KINDS; i++)
		put_labelled_sample(page, "policy_total", "action",
		    gate_kind_name((enum gate_kind)i), stats->policy[i]);
	put_family(page, "spf", "counter", "SPF verdicts.");
	for (i = 0; i < SPF_IDENTITIES; i++)
		for (j = 0; j < SPF_RESULTS; j++)
			buffer_printf(page->out,
			    "srsd_spf_total{identity=\"%s\",result=\"%s\"} %llu\n",
			    spf_identity_name((enum spf_identity)i),
			    spf_result_name((enum spf_result)j),
			    (unsigned long long)stats->spf[i][j]);
}

static void
put_milter(const struct metrics_page *page, const struct stats *stats)
{
	int i, j;

	put_family(page, "milter", "counter", "Messages and SRS recipients of the milter.");
	for (i = 0; i < FORWARDING_KINDS; i++)
		for (j = 0; j < MILTER_RESULTS; j++)
			buffer_printf(page->out,
			    "srsd_milter_total{kind=\"%s\",result=\"%s\"} %llu\n",
			    forwarding_kind_name((enum forwarding_kind)i),
			    milter_result_name((enum milter_result)j),
			    (unsigned long long)stats->milter[i][j]);
}

/* put_forwards - of all domains together: a label with a domain would have too many values */
static void
put_forwards(const struct metrics_page *page, const struct status *status)
{
	struct forward_numbers all = { .since = 0 };
	int i;

	if (status->forwards != NULL)
		forward_counts_all(status->forwards, status->now, &all);
	put_family(page, "forwards", "counter",
	    "Forwards, those whose sender was not authenticated, and their bounces.");
	for (i = 0; i < FORWARD_EVENTS; i++)
		put_labelled_sample(page, "forwards_total", "event",
		    forward_event_name((enum forward_event)i), all.total[i]);
}

static void
put_seconds(const struct metrics_page *page, const struct stats *stats)
{
	static const unsigned bounds[] = STATS_BOUNDS;
	uint64_t sum = 0;
	int i;

	put_family(page, "spf_seconds", "histogram", "How long SPF checks took.");
	for (i = 0; i < STATS_BUCKETS - 1; i++) {
		sum += stats->spf_seconds[i];
		buffer_printf(page->out, "srsd_spf_seconds_bucket{le=\"%.3f\"} %llu\n",
		    bounds[i] / 1000.0, (unsigned long long)sum);
	}
	sum += stats->spf_seconds[i];
	put_labelled_sample(page, "spf_seconds_bucket", "le", "+Inf", sum);
	buffer_printf(page->out, "srsd_spf_seconds_sum %.3f\n", (double)stats->spf_ms / 1000);
	put_sample(page, "spf_seconds_count", sum);
}

/* put_gauge - NaN for a value that is unknown: no alert fires for it */
static void
put_gauge(const struct metrics_page *page, const char *name, bool known, int64_t value)
{
	if (known)
		put_sample(page, name, (uint64_t)value);
	else
		buffer_printf(page->out, "srsd_%s NaN\n", name);
}

static void
put_dns(const struct metrics_page *page, const struct status *status)
{
	const struct resolver_counts *dns = &status->stats->dns;

	put_family(page, "dns_queries", "counter", "DNS queries, by outcome.");
	put_labelled_sample(page, "dns_queries_total", "outcome", "cached", dns->cached);
	put_labelled_sample(page, "dns_queries_total", "outcome", "found", dns->found);
	put_labelled_sample(page, "dns_queries_total", "outcome", "none", dns->none);
	put_labelled_sample(page, "dns_queries_total", "outcome", "failed", dns->failed);
	put_labelled_sample(page, "dns_queries_total", "outcome", "timeout", dns->timeout);
	put_labelled_sample(page, "dns_queries_total", "outcome", "cancelled", dns->cancelled);
	put_family(page, "dns_up", "gauge", "0 during an outage of the nameservers.");
	put_sample(page, "dns_up", status->dns.outage_since == 0);
	put_family(page, "dns_last_answer_timestamp_seconds", "gauge",
	    "Unix time of the last reply of a nameserver.");
	put_gauge(page, "dns_last_answer_timestamp_seconds", status->dns.last_answer != 0,
	    status->dns.last_answer);
}

static void
put_srs(const struct metrics_page *page, const struct status *status)
{
	static const enum srs_verdict refused[] = { SRS_BAD_HASH, SRS_MALFORMED, SRS_EXPIRED };
	const uint64_t *reverse = status->stats->lookups[MAP_REVERSE];
	size_t i;

	put_family(page, "srs_refused", "counter",
	    "SRS addresses that were refused by the reverse map and at RCPT.");
	for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		put_labelled_sample(page, "srs_refused_total", "reason",
		    srs_verdict_word(refused[i]), reverse[refused[i]]);
	put_labelled_sample(
	    page, "srs_refused_total", "reason", "rcpt-forged", status->stats->forged);
	put_labelled_sample(
	    page, "srs_refused_total", "reason", "rcpt-expired", status->stats->expired);
	put_family(page, "srs_guesses", "counter",
	    "SRS addresses with a wrong hash, if the answer revealed that it was wrong.");
	put_sample(page, "srs_guesses_total", status->stats->guesses);
	put_family(page, "secret_verified", "counter",
	    "SRS addresses that a secret has verified, by its fingerprint.");
	for (i = 0; i < srs_keys_count(status->keys); i++)
		put_labelled_sample(page, "secret_verified_total", "secret",
		    srs_keys_fingerprint(status->keys, i), srs_keys_verified(status->keys, i));
}

static void
put_store_seconds(const struct metrics_page *page, const struct store_counts *counts)
{
	static const unsigned bounds[] = STORE_BOUNDS;
	uint64_t sum = 0;
	int i;

	put_family(page, "store_seconds", "histogram",
	    "How long questions to the envelope database took.");
	for (i = 0; i < STORE_BUCKETS - 1; i++) {
		sum += counts->duration[i];
		buffer_printf(page->out, "srsd_store_seconds_bucket{le=\"%.3f\"} %llu\n",
		    bounds[i] / 1000.0, (unsigned long long)sum);
	}
	sum += counts->duration[i];
	put_labelled_sample(page, "store_seconds_bucket", "le", "+Inf", sum);
	buffer_printf(page->out, "srsd_store_seconds_sum %.3f\n", (double)counts->ms / 1000);
	put_sample(page, "store_seconds_count", sum);
}

static void
put_store_answers(const struct metrics_page *page, const struct store_counts *counts)
{
	enum store_operation operation;
	enum store_outcome outcome;

	put_family(page, "store", "counter", "Questions to the envelope database, by outcome.");
	for (operation = 0; operation < STORE_OPERATIONS; operation++)
		for (outcome = 0; outcome < STORE_OUTCOMES; outcome++)
			buffer_printf(page->out,
			    "srsd_store_total{operation=\"%s\",outcome=\"%s\"} %llu\n",
			    store_operation_word(operation), store_outcome_word(outcome),
			    (unsigned long long)counts->answered[operation][outcome]);
}

static void
put_store(const struct metrics_page *page, const struct status *status)
{
	static const struct store_counts none = { .rows = STORE_ROWS_UNKNOWN };
	const struct store_counts *counts = status->store == NULL ? &none : status->store;
	bool has_store = status->store != NULL;

	put_store_answers(page, counts);
	put_store_seconds(page, counts);
	put_family(page, "store_rows", "gauge", "Rows of the envelope database; NaN if not known.");
	put_gauge(page, "store_rows", counts->rows != STORE_ROWS_UNKNOWN, counts->rows);
	put_family(page, "store_limit", "gauge", "Rows that the envelope database may have.");
	put_gauge(page, "store_limit", has_store, status->settings->envelope_limit);
	put_family(page, "store_up", "gauge",
	    "1 while the envelope database is connected and reports no problem.");
	put_gauge(page, "store_up", has_store, counts->connected && counts->problem[0] == '\0');
	put_family(
	    page, "store_lost", "counter", "Connections to the envelope database that ended.");
	put_sample(page, "store_lost_total", counts->lost);
}

void
status_metrics(const struct status *status, bool openmetrics, struct buffer *out)
{
	struct metrics_page page = { out, openmetrics };
	int i;

	put_lookups(&page, status->stats);
	put_policy(&page, status->stats);
	put_milter(&page, status->stats);
	put_forwards(&page, status);
	put_seconds(&page, status->stats);
	put_dns(&page, status);
	put_srs(&page, status);
	put_store(&page, status);
	put_family(&page, "connections", "gauge", "Connections that are open.");
	for (i = 0; i < SERVICE_KINDS; i++)
		put_labelled_sample(&page, "connections", "service",
		    service_kind_name((enum service_kind)i), status->connections[i]);
	put_family(&page, "connection_limit", "gauge",
	    "Connections that each service for Postfix may have.");
	put_sample(&page, "connection_limit", status->connection_limit);
	put_family(&page, "checks_in_flight", "gauge", "SPF checks that wait for the DNS.");
	put_sample(&page, "checks_in_flight", status->inflight.checks);
	put_family(&page, "questions_in_flight", "gauge", "DNS queries that wait for an answer.");
	put_sample(&page, "questions_in_flight", status->inflight.places);
	put_family(&page, "saturated", "counter",
	    "SPF checks that were cut off because too many queries waited; their mail was deferred.");
	put_sample(&page, "saturated_total", status->inflight.cut);
	put_family(&page, "engine_restarts", "counter",
	    "Engines that exited unexpectedly and were replaced.");
	put_sample(&page, "engine_restarts_total", status->restarts);
	put_family(&page, "reload_refused", "gauge",
	    "1 if the last reload was refused, so that the files differ from the settings.");
	put_sample(&page, "reload_refused", status->stats->reload_refused);
	put_family(&page, "build_info", "gauge", "The running version.");
	put_labelled_sample(&page, "build_info", "version", PACKAGE_VERSION, 1);
	if (openmetrics)
		buffer_printf(out, "# EOF\n");
}
