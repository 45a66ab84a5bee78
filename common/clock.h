/* SPDX-License-Identifier: ISC */
/*
 * clock - the time as a parameter.
 *
 * The daemon passes the system's clock to its services. A test passes a clock that it sets.
 */
#ifndef COMMON_CLOCK_H
#define COMMON_CLOCK_H

#include <stdint.h>
#include <time.h>

struct clock {
	time_t (*wall)(void *arg);      /* Unix time */
	uint64_t (*elapsed)(void *arg); /* milliseconds from an arbitrary start; never decreases */
	void *arg;
};

/* time(2), and CLOCK_MONOTONIC. */
extern const struct clock clock_system;

/* The Unix time. */
static inline time_t
clock_wall(const struct clock *clock)
{
	return clock->wall(clock->arg);
}

/* A time in milliseconds that never decreases. Only differences have a meaning. */
static inline uint64_t
clock_elapsed(const struct clock *clock)
{
	return clock->elapsed(clock->arg);
}

#endif
