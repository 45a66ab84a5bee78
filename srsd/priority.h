/* SPDX-License-Identifier: ISC */
/*
 * priority - the order of events in the loop.
 *
 * A map lookup takes microseconds, and a delivery of Postfix waits for it. An SPF check for a domain
 * that is not cached costs a hundred times as much, and many of them can be ready at once. So
 * lookups go first: the loop looks for them between any two other events, and at the latest after
 * PRIORITY_SLICE_MS. precedence.h limits how much time lookups can use that way.
 *
 * DNS answers go before new requests, so that a check that has begun is completed.
 *
 * libevent runs no event while one of a higher priority is ready. Events without an explicit
 * priority, those of libunbound and all timers, have the middle one.
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
