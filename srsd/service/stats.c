/* SPDX-License-Identifier: ISC */
#include "srsd/service/stats.h"

void
stats_count_check(struct stats *stats, uint64_t ms)
{
	static const uint64_t bounds[] = STATS_BOUNDS;
	unsigned i;

	for (i = 0; i < STATS_BUCKETS - 1 && ms > bounds[i]; i++)
		;
	stats->spf_seconds[i]++;
	stats->spf_ms += ms;
}
