/* SPDX-License-Identifier: ISC */
/*
 * fake_network - the DNS of a story: stands in for spf/dns/resolver.c, whose functions it defines, down
 * to what that does beside libunbound: the cache, the counters, a resolver that retires.
 *
 * A question is answered with what the zone says when it is asked, after the delay that the zone
 * says, in virtual time. All that is asked is noted, in rounds: what was asked together, before
 * anything else happened.
 */
#ifndef TESTS_REPLAY_FAKE_NETWORK_H
#define TESTS_REPLAY_FAKE_NETWORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct evbuffer;
struct zone;

/* A story begins: an empty zone, nothing asked. */
void fake_network_begin(void);

/* Ends it; false when a question is still out, for nobody. */
bool fake_network_end(void);

/* Another zone from now on, which is the network's to free. */
void fake_network_set_zone(struct zone *);

/* What is asked from here on is another round. */
void fake_network_round(void);

/* When the next answer is due; false when none is. */
bool fake_network_due(uint64_t *ms);

/* Gives all answers that are due; true when there were some. */
bool fake_network_deliver(uint64_t now);

/*
 * The questions of the next round, sorted, "A mx.test TXT x.test"; or those that were cancelled and
 * not told of yet. NULL: none. The caller frees.
 */
char *fake_network_asked(void);
char *fake_network_cancelled(void);

#endif
