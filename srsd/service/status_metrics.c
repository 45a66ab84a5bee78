/* SPDX-License-Identifier: ISC */
#include "common/buffer.h"
#include "srsd/service/status.h"

struct page {
	struct buffer *out;
	bool openmetrics;
};

/* family - the head of a family of metrics */
static void
family(const struct page *page, const char *name, const char *type, const char *help)
{
	const char *total = !page->openmetrics && type[0] == 'c' /* counter */ ? "_total" : "";

	buffer_printf(page->out, "# HELP srsd_%s%s %s\n# TYPE srsd_%s%s %s\n", name, total, help,
	    name, total, type);
}

static void
number(const struct page *page, const char *name, uint64_t value)
{
	buffer_printf(page->out, "srsd_%s %llu\n", name, (unsigned long long)value);
}

/* labelled - a value with a label; values of labels are our own words */
static void
labelled(
    const struct page *page, const char *name, const char *label, const char *text, uint64_t value)
{
	buffer_printf(
	    page->out, "srsd_%s{%s=\"%s\"} %llu\n", name, label, text, (unsigned long long)value);
}

static void
put_lookups(const struct page *page, const struct stats *stats)
{
	int map, i;

	family(page, "lookups", "counter", "Lookups in the maps, by result.");
	for (map = 0; map < MAP_KINDS; map++) {
		for (i = 0; i < SRS_VERDICTS; i++)
			buffer_printf(page->out,
			    "srsd_lookups_total{map=\"%s\",result=\"%s\"} %llu\n",
			    service_kind_name((enum service_kind)map),
			    i == SRS_REWRITTEN ? "rewritten"
					       : srs_verdict_word((enum srs_verdict)i),
			    (unsigned long long)stats->lookups[map][i]);
		buffer_printf(page->out,
		    "srsd_lookups_total{map=\"%s\",result=\"not-a-request\"} %llu\n",
		    service_kind_name((enum service_kind)map),
		    (unsigned long long)stats->malformed[map]);
	}
}

static void
put_policy(const struct page *page, const struct stats *stats)
{
	int i, j;

	family(page, "policy", "counter", "Answers of the policy service.");
	for (i = 0; i < GATE_KINDS; i++)
		labelled(page, "policy_total", "action", gate_kind_name((enum gate_kind)i),
		    stats->policy[i]);
	family(page, "spf", "counter", "SPF verdicts.");
	for (i = 0; i < SPF_IDENTITIES; i++)
		for (j = 0; j < SPF_RESULTS; j++)
			buffer_printf(page->out,
			    "srsd_spf_total{identity=\"%s\",result=\"%s\"} %llu\n",
			    spf_identity_name((enum spf_identity)i),
			    spf_result_name((enum spf_result)j),
			    (unsigned long long)stats->spf[i][j]);
}

static void
put_seconds(const struct page *page, const struct stats *stats)
{
	static const unsigned bounds[] = STATS_BOUNDS;
	uint64_t sum = 0;
	int i;

	family(page, "spf_seconds", "histogram", "How long SPF checks took.");
	for (i = 0; i < STATS_BUCKETS - 1; i++) {
		sum += stats->spf_seconds[i];
		buffer_printf(page->out, "srsd_spf_seconds_bucket{le=\"%.3f\"} %llu\n",
		    bounds[i] / 1000.0, (unsigned long long)sum);
	}
	sum += stats->spf_seconds[i];
	labelled(page, "spf_seconds_bucket", "le", "+Inf", sum);
	buffer_printf(page->out, "srsd_spf_seconds_sum %.3f\n", (double)stats->spf_ms / 1000);
	number(page, "spf_seconds_count", sum);
}

static void
put_dns(const struct page *page, const struct resolver_counts *dns)
{
	family(page, "dns_queries", "counter", "Questions to the DNS, by outcome.");
	labelled(page, "dns_queries_total", "outcome", "cached", dns->cached);
	labelled(page, "dns_queries_total", "outcome", "found", dns->found);
	labelled(page, "dns_queries_total", "outcome", "none", dns->none);
	labelled(page, "dns_queries_total", "outcome", "failed", dns->failed);
	labelled(page, "dns_queries_total", "outcome", "cancelled", dns->cancelled);
}

static void
put_srs(const struct page *page, const struct status *status)
{
	const uint64_t *reverse = status->stats->lookups[MAP_REVERSE];
	size_t i;

	family(page, "srs_refused", "counter",
	    "SRS addresses that were refused by the reverse map and at RCPT.");
	labelled(page, "srs_refused_total", "reason", "bad-hash", reverse[SRS_BAD_HASH]);
	labelled(page, "srs_refused_total", "reason", "malformed", reverse[SRS_MALFORMED]);
	labelled(page, "srs_refused_total", "reason", "expired", reverse[SRS_EXPIRED]);
	labelled(page, "srs_refused_total", "reason", "rcpt-forged", status->stats->forged);
	labelled(page, "srs_refused_total", "reason", "rcpt-expired", status->stats->expired);
	family(page, "srs_guesses", "counter",
	    "SRS addresses with a wrong hash whose answer showed it, from all clients.");
	number(page, "srs_guesses_total", status->stats->guesses);
	family(page, "secret_verified", "counter",
	    "SRS addresses that a secret has verified, by its fingerprint.");
	for (i = 0; i < srs_keys_count(status->keys); i++)
		labelled(page, "secret_verified_total", "secret",
		    srs_keys_fingerprint(status->keys, i), srs_keys_verified(status->keys, i));
}

void
status_metrics(const struct status *status, bool openmetrics, struct buffer *out)
{
	struct page page = { out, openmetrics };
	int i;

	put_lookups(&page, status->stats);
	put_policy(&page, status->stats);
	put_seconds(&page, status->stats);
	put_dns(&page, &status->stats->dns);
	put_srs(&page, status);
	family(&page, "connections", "gauge", "Connections that are open.");
	for (i = 0; i < SERVICE_KINDS; i++)
		labelled(&page, "connections", "service", service_kind_name((enum service_kind)i),
		    status->connections[i]);
	family(&page, "connection_limit", "gauge",
	    "Connections that each of forward, reverse and policy may have.");
	number(&page, "connection_limit", status->connection_limit);
	family(&page, "checks_in_flight", "gauge", "SPF checks that wait for the DNS.");
	number(&page, "checks_in_flight", status->inflight.checks);
	family(&page, "questions_in_flight", "gauge", "Questions that wait for the DNS.");
	number(&page, "questions_in_flight", status->inflight.places);
	family(&page, "saturated", "counter",
	    "SPF checks that were cut off because too many questions waited; their mail was deferred.");
	number(&page, "saturated_total", status->inflight.cut);
	family(&page, "engine_restarts", "counter", "Engines that died and were replaced.");
	number(&page, "engine_restarts_total", status->restarts);
	family(&page, "reload_refused", "gauge",
	    "1 when the last reload was refused, so that files and settings differ.");
	number(&page, "reload_refused", status->stats->reload_refused);
	family(&page, "build_info", "gauge", "The version that runs.");
	labelled(&page, "build_info", "version", PACKAGE_VERSION, 1);
	if (openmetrics)
		buffer_printf(out, "# EOF\n");
}
