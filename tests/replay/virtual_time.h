/* SPDX-License-Identifier: ISC */
/*
 * virtual_time - the time of a story. It passes only in steps of the story.
 *
 * libevent, the log and the services call clock_gettime(3). virtual_time.c defines that function,
 * and a function that a program defines is used by its shared libraries, too. So a deadline of
 * twenty seconds expires as soon as the story has advanced by twenty seconds, and no test waits.
 */
#ifndef TESTS_REPLAY_VIRTUAL_TIME_H
#define TESTS_REPLAY_VIRTUAL_TIME_H

#include <stdbool.h>
#include <stdint.h>

#include "common/clock.h"

/* The clock of the services. */
extern const struct clock virtual_time_clock;

/*
 * Begins a story at this unix time. The monotonic clock continues an hour after the end of the
 * previous story: it never goes back, and rate limits of warnings have expired.
 */
void virtual_time_begin(time_t wall);
void virtual_time_end(void);

/* The monotonic clock, in milliseconds. */
uint64_t virtual_time_now(void);

/* Advances the time to that moment. */
void virtual_time_pass(uint64_t now);

/* Gets and sets the real-time clock; no time passes. */
time_t virtual_time_wall(void);
void virtual_time_set_wall(time_t);

#endif
