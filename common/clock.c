/* SPDX-License-Identifier: ISC */
#include "common/clock.h"

static time_t
read_wall_clock(void *arg)
{
	(void)arg;
	return time(NULL);
}

static uint64_t
read_elapsed_clock(void *arg)
{
	struct timespec ts;

	(void)arg;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

const struct clock clock_system = { read_wall_clock, read_elapsed_clock, NULL };
