/* SPDX-License-Identifier: ISC */
/*
 * authentication - whether the sender of a message that leaves is authenticated. Pure.
 *
 *	pass		our gate gave spf=pass to this MAIL FROM, or a trusted header has spf=pass
 *			for it, or dkim=pass or dmarc=pass for its organizational domain
 *	fail		our gate gave another result, and nothing passes
 *	unchecked	our gate gave none, and nothing passes
 *
 * The verdict of our gate is the topmost token that verifies for exactly this MAIL FROM
 * (verdict_token.h), wherever its header is. A client may omit the domain, or all of it but its first
 * label, and Postfix completes it after our gate: then the token is of the incomplete MAIL FROM, and
 * no pass. A message without a sender is judged by its HELO name and by dmarc=pass for all of its
 * From: domains.
 */
#ifndef SRSD_FORWARDING_AUTHENTICATION_H
#define SRSD_FORWARDING_AUTHENTICATION_H

#include <stdbool.h>
#include <time.h>

#include "srsd/forwarding/forwarding.h"
#include "srsd/forwarding/mail_headers.h"
#include "srsd/srs/srs_keys.h"

/*
 * Judges a message with a complete header. False when libcrypto failed: *auth is then undefined.
 * If keys is NULL, tokens cannot be verified, and are ignored.
 */
bool authentication_judge(enum forwarding_auth *auth, const struct mail_headers *headers,
    const struct srs_keys *keys, const struct forwarding_envelope *envelope, time_t now);

/*
 * Sets what From: says about the SRS domains that a message may be signed under. auth and candidate
 * of the facts must be set.
 */
void authentication_set_alignment(struct forwarding_facts *facts,
    const struct mail_headers *headers, const struct forwarding_envelope *envelope,
    const struct settings *settings);

#endif
