/* SPDX-License-Identifier: ISC */
/*
 * virtual_time - the time of a story: it passes when the story says so.
 *
 * libevent, the log and the services ask clock_gettime(3), each for itself, and virtual_time.c
 * defines that function: what a program defines, its shared libraries take too. So a deadline of
 * twenty seconds is over as soon as the story has gone twenty seconds on, and nobody waits.
 */
#ifndef TESTS_REPLAY_VIRTUAL_TIME_H
#define TESTS_REPLAY_VIRTUAL_TIME_H

#include <stdbool.h>
#include <stdint.h>

#include "common/clock.h"

/* What the services are handed. */
extern const struct clock virtual_time_clock;

/*
 * A story begins, at this unix time. The time since the start goes on from the story before, by an
 * hour: it never goes back, and who warns once a minute may warn again.
 */
void virtual_time_begin(time_t wall);
void virtual_time_end(void);

/* Milliseconds since the start. */
uint64_t virtual_time_now(void);

/* Time passes up to that moment. */
void virtual_time_pass(uint64_t now);

/* Somebody sets the clock on the wall; no time passes. */
time_t virtual_time_wall(void);
void virtual_time_set_wall(time_t);

#endif
