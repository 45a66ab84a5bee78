/* SPDX-License-Identifier: ISC */
/*
 * spf_allow - the allow-lists that need the DNS: is this client one of those who are not refused?
 *
 *	helo-whitelist		the HELO name is listed, and the client's address is one of its
 *	domain-whitelist	the SPF record of a listed domain passes the client
 *	domain-whitelist-ptr	a validated name of the client is in a listed domain (whole labels)
 *
 * A pure function that is replayed, as an engine is. It is asked only when there is a refusal to
 * be spared: no mail that is accepted pays for it.
 */
#ifndef SPF_SPF_ALLOW_H
#define SPF_SPF_ALLOW_H

#include <stdbool.h>

#include "conf/settings.h"
#include "spf/spf_answers.h"
#include "spf/spf_verdict.h"

/* True when one of the three lists has an entry. */
bool spf_allow_is_wanted(const struct spf_settings *);

/* What the lists say. */
struct spf_allowed {
	const char *word; /* the list that holds the client, an option's name; NULL: no list does */
	bool unknown;     /* no list does, but one could not be asked because the DNS failed */
};

/*
 * True with the answer in *allowed; false when answers of the DNS are wanted. Of the request the
 * address, the HELO name, the limits and the receiver count.
 */
bool spf_allow_eval(const struct spf_settings *, const struct spf_request *, struct spf_answers *,
    struct spf_allowed *allowed);

#endif
