/* SPDX-License-Identifier: ISC */
/*
 * clock - what time it is, as a parameter: the daemon hands its services the system's clock, a
 * test hands them one that it turns by hand.
 */
#ifndef COMMON_CLOCK_H
#define COMMON_CLOCK_H

#include <stdint.h>
#include <time.h>

struct clock {
	time_t (*wall)(void *arg);      /* unix time */
	uint64_t (*elapsed)(void *arg); /* milliseconds since some moment; never goes back */
	void *arg;
};

extern const struct clock clock_system;

static inline time_t
clock_wall(const struct clock *clock)
{
	return clock->wall(clock->arg);
}

static inline uint64_t
clock_elapsed(const struct clock *clock)
{
	return clock->elapsed(clock->arg);
}

#endif
