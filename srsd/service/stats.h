/* SPDX-License-Identifier: ISC */
/*
 * stats - what the services count, for srsctl status and the metrics page. Counters begin at zero
 * with each engine.
 */
#ifndef SRSD_SERVICE_STATS_H
#define SRSD_SERVICE_STATS_H

#include <stdint.h>
#include <time.h>

#include "spf/dns/resolver.h"
#include "spf/spf_header.h"
#include "spf/spf_verdict.h"
#include "srsd/service/gate.h"
#include "srsd/service/service_kind.h"
#include "srsd/srs/srs_rewrite.h"

/* Upper bounds of the histogram of checks, in milliseconds; one more for all above. */
#define STATS_BOUNDS                                      \
	{                                                 \
		1, 5, 10, 50, 100, 500, 1000, 5000, 20000 \
	}
#define STATS_BUCKETS 10

/* The word for lookups that were no request of tcp_table; the others have srs_verdict_word. */
#define STATS_NOT_A_REQUEST "not-a-request"

struct stats {
	time_t started;
	uint64_t lookups[MAP_KINDS][SRS_VERDICTS];
	uint64_t malformed[MAP_KINDS]; /* no request of tcp_table */
	uint64_t policy[GATE_KINDS];
	uint64_t forged, expired; /* recipients of the policy service that were refused */
	uint64_t guesses;         /* bad hashes that were counted as guesses */
	uint64_t spf[SPF_IDENTITIES][SPF_RESULTS];
	uint64_t spf_seconds[STATS_BUCKETS]; /* how many checks took that long, each counted once */
	uint64_t spf_ms;                     /* of all checks together */
	struct resolver_counts dns;
	time_t reloaded; /* when the last reload was tried; 0: never */
	bool reload_refused;
	uint64_t reloads;
};

#endif
