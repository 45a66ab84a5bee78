/* SPDX-License-Identifier: ISC */
/*
 * fake_network - the DNS of a story. It defines the functions of spf/dns/resolver.c, including the
 * parts that do not depend on libunbound: the cache, the counters, a resolver that retires.
 *
 * A query is answered from the zone at the time of the query, after the delay that the zone gives,
 * in virtual time. Queries are recorded in rounds: a round is the queries that were sent together,
 * before anything else happened.
 */
#ifndef TESTS_REPLAY_FAKE_NETWORK_H
#define TESTS_REPLAY_FAKE_NETWORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct evbuffer;
struct zone;

/* Begins a story: an empty zone, no queries. */
void fake_network_begin(void);

/* Ends the story; false if a query is still pending. */
bool fake_network_end(void);

/* Replaces the zone. The network owns the new one. */
void fake_network_set_zone(struct zone *);

/* Starts another round: the queries from here on. */
void fake_network_round(void);

/* Gets the time at which the next answer is due; false if no query is pending. */
bool fake_network_due(uint64_t *ms);

/* Delivers all answers that are due; true if there were any. */
bool fake_network_deliver(uint64_t now);

/*
 * The queries of the next round, sorted, "A mx.test TXT x.test"; or those that were cancelled since
 * the last call. NULL: no such query. The caller frees the text.
 */
char *fake_network_asked(void);
char *fake_network_cancelled(void);

#endif
