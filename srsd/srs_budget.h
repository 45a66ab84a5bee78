/* SPDX-License-Identifier: ISC */
/*
 * srs_budget - how much a stranger may try with SRS addresses.
 *
 * A hash of four characters that is compared without case is worth about 20 bits: at a thousand
 * recipients a second it is guessed within the hour, and then we relay to anybody. And whoever has
 * seen a valid address can send to its owner through us until it expires. So bad hashes are
 * counted for each client, and uses for each address. Pure: now is the caller's.
 */
#ifndef SRSD_SRS_BUDGET_H
#define SRSD_SRS_BUDGET_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "common/ipaddr.h"

struct srs_budget;

struct srs_budget *srs_budget_new(void);
void srs_budget_free(struct srs_budget **);

/* One more bad hash from a client (its /32 or /64); returns how many there were this hour. */
unsigned srs_budget_guess(struct srs_budget *, const struct ipaddr *client, time_t now);

/* How many bad hashes came from a client this hour. */
unsigned srs_budget_guesses(struct srs_budget *, const struct ipaddr *client, time_t now);

/*
 * One more use of a valid address, in internal form; returns how many there were this day. All its
 * spellings count as one: case, separator and the two alphabets of the hash.
 */
unsigned srs_budget_use(struct srs_budget *, const char *address, size_t len, time_t now);

/* How many uses there were this day. */
unsigned srs_budget_uses(struct srs_budget *, const char *address, size_t len, time_t now);

#endif
