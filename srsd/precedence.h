/* SPDX-License-Identifier: ISC */
/*
 * precedence - how often an urgent service goes before all others (srsd/priority.h).
 *
 * PRECEDENCE_MAX times in a window: a millisecond or two, so that the others have most of the time,
 * however much is asked of it (5,000 a second). Past that its clients take their turn with the
 * rest. A window lasts PRECEDENCE_WINDOW_MS at least, and in any case until all who were ready at
 * its begin have had a turn: on a machine that gives us little time, the precedence alone could
 * take up all of it.
 */
#ifndef SRSD_PRECEDENCE_H
#define SRSD_PRECEDENCE_H

#include <stdbool.h>
#include <stdint.h>

#include <event2/event_struct.h>

#include "srsd/priority.h"

#define PRECEDENCE_WINDOW_MS 10
#define PRECEDENCE_MAX 50

struct precedence {
	uint64_t window; /* when the present one began */
	unsigned given;  /* in this window */
	bool others_had_turn;
	struct event turn; /* behind all who were ready when the window began */
};

void precedence_init(struct precedence *, struct event_base *);

/*
 * The rank (enum priority) that a client served now has when it comes again; now: milliseconds of
 * any clock.
 */
int precedence_next(struct precedence *, uint64_t now);

/* It is not to be used any more. */
void precedence_end(struct precedence *);

#endif
