/* SPDX-License-Identifier: ISC */
/*
 * precedence - how often an urgent service goes before all others (srsd/priority.h).
 *
 * It does so PRECEDENCE_MAX times in a window, which needs a millisecond or two, so most of the
 * time is left to the others under any load (5,000 urgent requests a second). Beyond that, its
 * clients take turns with all others. A window lasts at least PRECEDENCE_WINDOW_MS, and until every
 * client that was ready at its start has had a turn: on a slow machine, urgent requests alone could
 * fill the whole window.
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
	uint64_t window; /* start of the present window, in milliseconds */
	unsigned given;  /* urgent turns in it */
	bool others_had_turn;
	struct event turn; /* runs after all clients that were ready at the start of the window */
};

void precedence_init(struct precedence *p, struct event_base *base);

/*
 * Counts a turn of an urgent client, and returns the rank (enum priority) for its next one. now:
 * milliseconds of any monotonic clock.
 */
int precedence_next(struct precedence *p, uint64_t now);

/* Removes the event from the loop. Call it before the memory is freed. */
void precedence_end(struct precedence *p);

#endif
