/* SPDX-License-Identifier: ISC */
/*
 * srs_budget - how much a stranger may try with SRS addresses.
 *
 * A hash of four characters that is compared without case is worth about 20 bits: at a thousand
 * recipients a second it is guessed within the hour, and then we relay to anybody. And anybody who
 * has seen a valid address can send to its owner through us until it expires. So bad hashes are
 * counted for each client, and uses for each original address.
 *
 * GUESSES, within an hour. limit is srs-guess-limit.
 *	a client	an IPv4 address or IPv6 /64: limit, and one more for each distinct original
 *			address whose bounce it brings (up to five times the limit), so that some
 *			forgeries sent through a relay do not stop the bounces that it brings
 *	an IPv6 /48	16 times limit: tunnel brokers hand out /48s
 *	all clients	100 times limit; past it an operator is warned, and no answer changes
 *
 * A sender is judged by its verdict, which may take a while. Until then every SRS sender of ours is
 * pending, whatever its hash, and the next senders of the client are judged as if the pending ones
 * were guesses: many connections buy no more guesses than one.
 *
 * USES, within a day, of one original address: the sender that was signed, whatever stamp, split of
 * host and user, spelling or hash length its SRS address has. limit is srs-daily-limit.
 *	mail with a sender	limit
 *	bounces			50 times limit: one newsletter draws many honest bounces
 *	a client		20 of each kind, so that no client uses up what others bring
 *	an IPv6 /48		80 of each kind
 *	as a sender		from limit networks: IPv4 addresses and IPv6 /48s
 *
 * An IPv4 client behind NAT64 (64:ff9b::/96, RFC 6052) counts as that IPv4 address.
 *
 * All tables are bounded; the oldest entries go first. Pure: now is the caller's.
 */
#ifndef SRSD_SRS_SRS_BUDGET_H
#define SRSD_SRS_SRS_BUDGET_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "common/ipaddr.h"

#define SRS_BUDGET_EARNED_FACTOR 5
#define SRS_BUDGET_WIDE_FACTOR 16
#define SRS_BUDGET_ALL_FACTOR 100
#define SRS_BUDGET_BOUNCE_FACTOR 50
#define SRS_BUDGET_SHARE 20
#define SRS_BUDGET_WIDE_SHARE 80

struct srs_budget;

struct srs_budget *srs_budget_new(void);
void srs_budget_free(struct srs_budget **budget);

/*
 * Counts a bad hash. client NULL: one that has no budget of its own, which counts for all clients
 * alone.
 */
void srs_budget_guess(struct srs_budget *budget, const struct ipaddr *client, time_t now);

/* An SRS sender of ours waits for its verdict, and no longer does; in pairs. */
void srs_budget_sender_begins(struct srs_budget *budget, const struct ipaddr *client, time_t now);
void srs_budget_sender_ends(struct srs_budget *budget, const struct ipaddr *client, time_t now);

/* How many bad hashes came from the client's /32 or /64 in this hour; NULL: from all clients. */
unsigned srs_budget_guesses(struct srs_budget *budget, const struct ipaddr *client, time_t now);

/* True when the client, or its /48, is over its limit of guesses; limit 0: never. */
bool srs_budget_is_guessing(
    struct srs_budget *budget, const struct ipaddr *client, unsigned limit, time_t now);

/*
 * The same with the client's pending senders counted as guesses: whether the answer to a sender may
 * depend on its hash.
 */
bool srs_budget_doubts_senders(
    struct srs_budget *budget, const struct ipaddr *client, unsigned limit, time_t now);

/*
 * True for the first of these warnings within an hour: about a client or its /48 that is over its
 * limit, and (client NULL) about all clients together.
 */
bool srs_budget_warns_of(
    struct srs_budget *budget, const struct ipaddr *client, unsigned limit, time_t now);

/* What mail does with an SRS address of ours. */
enum srs_use {
	SRS_USE_BOUNCE, /* null sender, to the address */
	SRS_USE_MAIL,   /* with a sender, to the address */
	SRS_USE_SENDER, /* from the address */
};

/* One use: a local part that verified, by a client; client NULL: one without a share of its own. */
struct srs_budget_use {
	enum srs_use use;
	const struct ipaddr *client;
	const char *local;
	size_t len;
};

/*
 * True when the address has been used up for this client in this way, so that one more use is to
 * wait; limit 0: never.
 */
bool srs_budget_is_used_up(
    struct srs_budget *budget, const struct srs_budget_use *use, unsigned limit, time_t now);

/*
 * Counts a use. A bounce also raises the limit of guesses of its client. True when this one used up
 * the bounces of the address for all clients: worth a warning, once a day.
 */
bool srs_budget_use(
    struct srs_budget *budget, const struct srs_budget_use *use, unsigned limit, time_t now);

#endif
