/* SPDX-License-Identifier: ISC */
#include "common/clock.h"

static time_t
system_wall(void *arg)
{
	(void)arg;
	return time(NULL);
}

static uint64_t
system_elapsed(void *arg)
{
	struct timespec ts;

	(void)arg;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

const struct clock clock_system = { system_wall, system_elapsed, NULL };
