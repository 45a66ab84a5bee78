/* SPDX-License-Identifier: ISC */
/*
 * status - the state of the engine at one moment, and its two forms: JSON for srsctl status, and
 * text for Prometheus.
 */
#ifndef SRSD_SERVICE_STATUS_H
#define SRSD_SERVICE_STATUS_H

#include <sys/types.h>

#include <stddef.h>
#include <time.h>

#include <jansson.h>

#include "conf/settings.h"
#include "spf/spf_inflight.h"
#include "srsd/service/forward_counts.h"
#include "srsd/service/service_kind.h"
#include "srsd/service/stats.h"
#include "srsd/srs/srs_keys.h"
#include "srsd/store/store.h"

struct buffer;
struct candidates;

/* The nameservers. */
struct status_dns {
	const char *plan;    /* see spf/dns/resolver_plan.h */
	time_t last_answer;  /* 0: none yet */
	time_t outage_since; /* 0: there is no outage */
};

/*
 * The pointers are valid until the engine next returns to its loop. listeners is a reference that
 * the reader releases; the engine owns the rest.
 */
struct status {
	time_t now;
	const char *config; /* the configuration file; NULL: it is unknown */
	const char *log;    /* where the log goes; NULL: the same */
	pid_t monitor;
	const char
	    *reload_error; /* why the last reload was refused, printable; NULL or "": unknown */
	const struct settings *settings;
	const struct srs_keys *keys;
	const struct stats *stats;
	unsigned connections[SERVICE_KINDS];
	uint64_t refused[SERVICE_KINDS];     /* connections that clients does not permit */
	unsigned connection_limit;           /* of each service for Postfix */
	json_t *listeners;                   /* {"forward": ["inet:127.0.0.1:10001"], ...} */
	struct spf_inflight_report inflight; /* checks and queries that wait for the DNS */
	size_t cached;                       /* names in the DNS cache */
	struct status_dns dns;
	const struct store_counts *store;      /* NULL: no envelope-database */
	const struct candidates *candidates;   /* NULL: per-domain is off */
	const struct forward_counts *forwards; /* NULL: no milter */
	unsigned restarts;                     /* engines that were replaced after a crash */
};

/*
 * The status as an object for srsctl, a new reference. Programs read the members, so that none of
 * them may change its name or meaning. Lookups have members for rewritten and for the verdicts that
 * happened.
 *
 * { "version": "0.2.0", "pid": 1, "monitor_pid": 1, "config": "/etc/srsd/srsd.conf",
 *   "log": "the journal", "uptime": 7, "srs_domain": "...", "domains": 3,
 *   "sections": 0, "engine_restarts": 0, "listeners": {...},
 *   "inactive": [{"what": "SPF refuses nothing", "option": "spf test-only"}, ...],
 *   "connections": {"forward": 1, ...},
 *   "connections_refused": {"forward": 0, ...},
 *   "lookups": {"forward": {"rewritten": 1, ...}, "reverse": {...}},
 *   "policy": {"dunno": 1, ...},
 *   "milter": {"forward": {"rewritten": 1, ...}, ...}, without kinds and results that never happened
 *   "forwards": null or {"since": 1700000000, "total": {"forwarded": 9, "unauthenticated": 1,
 *       "bounced": 0}, "running_hour": {...}, "last_hour": {...},
 *       "domains": [{"domain": "...", "since": ..., "total": ..., ...}, the busiest one first]},
 *   "spf": {"helo": {"pass": 1, ...}, "mailfrom": {...}},
 *   "dns": {"cached": 1, "found": 1, "none": 0, "failed": 0, "timeout": 0, "cancelled": 0,
 *       "names": 5},
 *   "nameservers": {"servers": ["192.0.2.53", ...], "from": "nameservers", "resolv.conf" or
 *       "root servers", "last_answer": null or 1700000000, "outage_since": null or 1700000000},
 *   "checks_in_flight": 0, "questions_in_flight": 0, "cut_off": 0,
 *   "saturated": null or {"network": "192.0.2.1", "network_questions": 64,
 *       "domain": "example.org", "domain_questions": 64},
 *   "store": null or {"database": "sqlite:/...", "connected": true, "problem": null or "...",
 *       "rows": null or 12, "limit": 10000000, "open": 0, "known": 3, "lost": 0, "errors": 0,
 *       "put": {"done": 12, "full": 0, "failed": 0}, "get": {"done": 1, "missing": 0, "failed": 0}},
 *   "candidates": null or as in candidate_report.h,
 *   "secrets": [{"fingerprint": "...", "verified": 1}, ...],
 *   "reload": null or {"at": 1700000000, "refused": false, "error": null or "...",
 *       "count": 1},
 *   "settings": as in settings_report.h }
 */
json_t *status_json(const struct status *status);

/*
 * Appends the metrics of srsd(8) to out, in the format of OpenMetrics or in the older one of
 * Prometheus. OpenMetrics names a family of counters without "_total", and ends with "# EOF".
 */
void status_metrics(const struct status *status, bool openmetrics, struct buffer *out);

#endif
