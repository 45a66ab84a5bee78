/* SPDX-License-Identifier: ISC */
/*
 * restart_pause - the pause before a process of the daemon that has ended is started again. Pure.
 *
 * A process that lived for a while is replaced at once. The pauses after one that ended early are
 * doubled each time, up to RESTART_PAUSE_LONGEST_MS.
 */
#ifndef SRSD_RESTART_PAUSE_H
#define SRSD_RESTART_PAUSE_H

#include <stdint.h>

#define RESTART_EARLY_MS 1000 /* a process that lives longer is replaced without a pause */
#define RESTART_PAUSE_FIRST_MS 100
#define RESTART_PAUSE_LONGEST_MS 5000

/* The next pause, in milliseconds, after a process that lived so long; pause_ms was the last one. */
static inline unsigned
restart_pause_next(unsigned pause_ms, uint64_t lived_ms)
{
	if (lived_ms >= RESTART_EARLY_MS)
		return 0;
	if (pause_ms == 0)
		return RESTART_PAUSE_FIRST_MS;
	return 2 * pause_ms < RESTART_PAUSE_LONGEST_MS ? 2 * pause_ms : RESTART_PAUSE_LONGEST_MS;
}

#endif
