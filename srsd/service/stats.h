/* SPDX-License-Identifier: ISC */
/*
 * stats - the counters of the services, for srsctl status and the metrics page. They begin at zero
 * with each engine.
 */
#ifndef SRSD_SERVICE_STATS_H
#define SRSD_SERVICE_STATS_H

#include <stdint.h>
#include <time.h>

#include "spf/dns/resolver.h"
#include "spf/spf_header.h"
#include "spf/spf_verdict.h"
#include "srsd/forwarding/forwarding.h"
#include "srsd/service/gate.h"
#include "srsd/service/milter_result.h"
#include "srsd/service/service_kind.h"
#include "srsd/srs/srs_rewrite.h"

/* Upper bounds of the histogram of checks, in milliseconds; the last bucket has no bound. */
#define STATS_BOUNDS                                      \
	{                                                 \
		1, 5, 10, 50, 100, 500, 1000, 5000, 20000 \
	}
#define STATS_BUCKETS 10

/* The word for lookups that were not requests of tcp_table; the others have srs_verdict_word. */
#define STATS_NOT_A_REQUEST "not-a-request"

struct stats {
	time_t started;
	uint64_t lookups[MAP_KINDS][SRS_VERDICTS];
	uint64_t malformed[MAP_KINDS]; /* lines that were not a request of tcp_table */
	uint64_t malformed_socketmap;  /* netstrings that were not a request, and other bytes */
	uint64_t policy[GATE_KINDS];
	uint64_t milter[FORWARDING_KINDS][MILTER_RESULTS];
	uint64_t forged, expired; /* recipients that the policy service refused */
	uint64_t guesses;         /* bad hashes that were counted as guesses */
	uint64_t spf[SPF_IDENTITIES][SPF_RESULTS];
	uint64_t spf_seconds[STATS_BUCKETS]; /* checks by time; each is in one bucket only */
	uint64_t spf_ms;                     /* the time of all checks together */
	struct resolver_counts dns;
	time_t reloaded;     /* the time of the last attempt to reload; 0: never */
	bool reload_refused; /* that attempt failed */
	uint64_t reloads;    /* attempts */
};

#endif
