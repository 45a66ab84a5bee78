/* SPDX-License-Identifier: ISC */
/*
 * srs_budget - limits on guesses of SRS hashes and on uses of SRS addresses. Pure.
 *
 * A hash of four characters that is compared without case is worth about 20 bits. At a thousand
 * recipients per second it is guessed within an hour, and then we relay to any address. And any
 * host that has seen a valid address can send mail to its owner through us until it expires. So
 * bad hashes are counted for each client, and uses for each original address.
 *
 * GUESSES, within an hour. limit is srs-guess-limit.
 *	a client	an IPv4 address or IPv6 /64: limit, and one more for each distinct original
 *			address to which it delivers a bounce, up to five times the limit. So some
 *			forgeries sent through a relay do not stop the bounces that it delivers.
 *	an IPv6 /48	16 times limit: tunnel brokers assign /48s
 *	all clients	100 times limit; beyond it an operator is warned, and no answer changes
 *
 * The answer to a sender depends on its SPF verdict, which may take a while. Until then every SRS
 * sender of ours is pending, whatever its hash, and the next senders of the client are judged as if
 * the pending ones were guesses. So many connections allow no more guesses than one.
 *
 * USES, within a day, of one original address: the sender that was signed, whatever the stamp,
 * split of host and user, spelling or hash length of its SRS address. limit is srs-daily-limit.
 *	mail with a sender	limit
 *	bounces			50 times limit: one newsletter causes many honest bounces
 *	a client		20 of each kind, so that no client uses up the limit of the others
 *	an IPv6 /48		80 of each kind
 *	as a sender		from limit networks: IPv4 addresses and IPv6 /48s
 *
 * A client network is that of ipaddr_client_network: an IPv4 client of NAT64 counts as that IPv4
 * address. All tables are bounded, and the oldest entries are evicted first.
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

/* now is always in seconds since 1970. An address of a client has a family. */

struct srs_budget *srs_budget_new(void);

/* Sets *budget to NULL; it may be NULL. */
void srs_budget_free(struct srs_budget **budget);

/*
 * Counts a bad hash. client is NULL for one without a budget of its own: its guesses count only for
 * all clients together.
 */
void srs_budget_guess(struct srs_budget *budget, const struct ipaddr *client, time_t now);

/* Counts a pending SRS sender of ours, and removes it again once it has its verdict. */
void srs_budget_sender_begins(struct srs_budget *budget, const struct ipaddr *client, time_t now);
void srs_budget_sender_ends(struct srs_budget *budget, const struct ipaddr *client, time_t now);

/* The number of bad hashes of the client in the last hour; client NULL: of all clients. */
unsigned srs_budget_guesses(struct srs_budget *budget, const struct ipaddr *client, time_t now);

/*
 * True when the client or its /48 would be over its limit with so many more guesses. Never with
 * limit 0 or client NULL.
 */
bool srs_budget_is_guessing(struct srs_budget *budget, const struct ipaddr *client, unsigned more,
    unsigned limit, time_t now);

/*
 * The same with the client's pending senders counted as guesses. True: the answer to a sender must
 * not depend on its hash.
 */
bool srs_budget_doubts_senders(struct srs_budget *budget, const struct ipaddr *client,
    unsigned more, unsigned limit, time_t now);

/*
 * True when it is time for a warning, once an hour each: that a client or its /48 is over its
 * limit, and (client NULL) that all clients together are.
 */
bool srs_budget_warns_of(
    struct srs_budget *budget, const struct ipaddr *client, unsigned limit, time_t now);

/* How mail uses an SRS address of ours. */
enum srs_use {
	SRS_USE_BOUNCE, /* to the address, with the null sender */
	SRS_USE_MAIL,   /* to the address, with a sender */
	SRS_USE_SENDER, /* from the address */
};

/* One use. The caller owns what it points to. */
struct srs_budget_use {
	enum srs_use use;
	const struct ipaddr *client; /* NULL: one without a share of its own */
	const char *local;           /* the local part of an SRS address that verified */
	size_t len;                  /* of local */
};

/*
 * True when this client has used the address up in this way, so that one more use is to be
 * deferred. Never with limit 0.
 */
bool srs_budget_is_used_up(
    struct srs_budget *budget, const struct srs_budget_use *use, unsigned limit, time_t now);

/*
 * Counts a use. A bounce also raises the limit of guesses of its client. True when this bounce is
 * the last one that the address may receive from all clients today, which is worth a warning.
 */
bool srs_budget_use(
    struct srs_budget *budget, const struct srs_budget_use *use, unsigned limit, time_t now);

#endif
