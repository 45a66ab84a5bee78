/* SPDX-License-Identifier: ISC */
/*
 * spf_allow - the allow-lists that need the DNS. A client on one of them is not refused.
 *
 *	helo-whitelist		the HELO name is listed and has the client's address
 *	domain-whitelist	the SPF record of a listed domain passes the client
 *	domain-whitelist-ptr	a validated name of the client is in a listed domain (whole labels)
 *
 * The function is restarted like an evaluator, see spf_verdict.h. It is called only for mail that
 * would be refused, so that accepted mail does not pay for it. Pure.
 */
#ifndef SPF_SPF_ALLOW_H
#define SPF_SPF_ALLOW_H

#include <stdbool.h>

#include "conf/settings.h"
#include "spf/spf_answers.h"
#include "spf/spf_verdict.h"

/* True if one of the three lists has an entry. */
bool spf_allow_is_wanted(const struct spf_settings *spf);

/* The result of the lists. */
struct spf_allowed {
	const char
	    *word;    /* the option of the list that has the client, static; NULL: no list has */
	bool unknown; /* no list has the client, but the DNS failed for one of them */
};

/*
 * Returns true with the result in *allowed, and false while answers are wanted. It uses only the
 * address, the HELO name, the limits and the receiver of the request.
 */
bool spf_allow_eval(const struct spf_settings *spf, const struct spf_request *req,
    struct spf_answers *answers, struct spf_allowed *allowed);

#endif
