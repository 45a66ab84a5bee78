/* SPDX-License-Identifier: ISC */
/*
 * priority - whose turn it is first in the event loop.
 *
 * A map lookup takes microseconds, and Postfix holds a delivery up for it. A check of mail from a
 * domain that nobody asked about yet takes a hundred times as much, and many of them can be ready
 * at once. So lookups go first; the loop looks for them between any two others, at the latest after
 * PRIORITY_SLICE_MS. How much of that a service may use up, precedence.h says.
 *
 * Answers of the DNS go before new requests: what was begun gets done.
 *
 * libevent serves nobody while somebody more urgent is ready. Events that nobody has ranked, those
 * of libunbound and all timers, have the middle one of its priorities.
 */
#ifndef SRSD_PRIORITY_H
#define SRSD_PRIORITY_H

enum priority {
	PRIORITY_LOOKUPS,
	PRIORITY_DNS,
	PRIORITY_REQUESTS,
	PRIORITIES,
};

#define PRIORITY_SLICE_MS 1

#endif
