/* SPDX-License-Identifier: ISC */
/*
 * map_lookup - one lookup in a map, for the sessions of tcp_table, of socketmap and of the milter.
 *
 * Most lookups have their result at once. A sender that belongs in the envelope store, and the
 * alias of a bounce, wait for the store:
 *
 *	forward		the address is given out only after the store has confirmed the sender
 *	reverse		"there is no such alias" and "the store cannot be read" are different results
 *
 * If the store has as many rows as envelope-limit allows, the sender is embedded in its address, as
 * far as it fits. Any other failure of the store is SRS_NO_STORE, which Postfix retries.
 *
 * A lookup that waits during a reload begins again with the new settings and keys. Otherwise its
 * address could have the alias of a secret that is gone, and no bounce to it could be restored.
 */
#ifndef SRSD_SERVICE_MAP_LOOKUP_H
#define SRSD_SERVICE_MAP_LOOKUP_H

#include <stdbool.h>

#include "common/clock.h"
#include "common/text.h"
#include "conf/settings.h"
#include "srsd/service/recent.h"
#include "srsd/service/service_kind.h"
#include "srsd/service/stats.h"
#include "srsd/srs/srs_keys.h"
#include "srsd/srs/srs_rewrite.h"
#include "srsd/store/store.h"

/*
 * A map. The owner may replace settings, keys and store between requests, and then increments
 * generation; sessions use the current ones with each request.
 */
struct map_service {
	enum map_kind kind;
	unsigned generation;
	const struct settings *settings;
	struct srs_keys *keys;
	struct store *store; /* or NULL */
	const struct clock *clock;
	struct stats *stats;
	struct recent *recent; /* or NULL */
};

/* A lookup of a session. The session uses result, stored and probe; the rest is private. */
struct map_lookup {
	struct srs_result result; /* valid after one of the functions below has returned true */
	const struct map_service *service;
	const char *domain; /* of the new address; NULL: srs-domain */
	struct srs_envelope envelope;
	struct store_question *question; /* or NULL */
	unsigned generation;             /* of the service, when the question was asked */
	bool answered; /* the store has answered, and the session has not run yet */
	bool stored;   /* the sender is in the store; valid with the result */
	bool probe;    /* set by the session for map_lookup_run: a probe of srsctl check */
	void (*wake)(void *arg);
	void *arg;
};

/*
 * Prepares the lookups of a session, one at a time. wake is called from the event loop when a
 * lookup that waits can continue.
 */
void map_lookup_init(struct map_lookup *lookup, void (*wake)(void *arg), void *arg);

/*
 * Looks a key up, counts and logs the result. A probe is not counted, and marked in the log. True:
 * the result is there. False: it waits for the store; call again with the same key and the same
 * service after wake. overlong: the key is only the beginning of a longer one.
 */
bool map_lookup_run(
    struct map_lookup *lookup, const struct map_service *service, struct text key, bool overlong);

/*
 * The same without a log line and a counter, for a session that has its own. The failures of the
 * store are logged.
 */
bool map_lookup_resolve(
    struct map_lookup *lookup, const struct map_service *service, struct text key, bool overlong);

/*
 * As map_lookup_resolve in the forward map, but the sender is signed under this domain, and one of
 * domains too (srs_rewrite_sign). domain has to exist until the result is there or the lookup is
 * cancelled; NULL stands for srs-domain. After a reload it may be another one than before.
 */
bool map_lookup_sign(struct map_lookup *lookup, const struct map_service *service, struct text key,
    const char *domain);

/* Gives a lookup up that waits: wake is not called. */
void map_lookup_cancel(struct map_lookup *lookup);

/*
 * The time after which a row of today may be deleted: its address is valid through its last day, and
 * through one more because of clocks that differ.
 */
time_t map_lookup_row_expiry(const struct settings *settings, time_t now);

#endif
