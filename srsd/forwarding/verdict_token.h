/* SPDX-License-Identifier: ISC */
/*
 * verdict_token - a text that the gate puts into its header, so that the milter of the next hop can
 * believe the SPF result in it. Pure.
 *
 *	DAY "." IDENTITY RESULT "." CLIENT "." MAC
 *
 *	DAY		of the gate, as an SRS stamp (srs_stamp.h)
 *	IDENTITY	h (helo) or m (mailfrom)
 *	RESULT		a lower-case letter: n none, u neutral, p pass, f fail, s softfail,
 *			t temperror, e permerror
 *	CLIENT		its address, 8 or 32 hexadecimal digits
 *	MAC		32 characters of base32hex: HMAC-SHA256 over all of these, over the number
 *			of the day, which the stamp has modulo 1024, and over MAIL FROM
 *			(srs_mac_verdict). The first secret makes it, all secrets verify it.
 *
 * MAIL FROM is the local part and the domain, without ASCII case and with the domain in A-labels,
 * so that it is the same in the internal form of the policy service and in the external form of
 * the milter (common/mailaddr.h). The null sender has two empty texts, and the identity helo.
 *
 * SECURITY: a token proves that our gate gave this result to this MAIL FROM and client on that day.
 * It does not cover the message. A recipient of a forwarded message has its header, and may send
 * another message from the same MAIL FROM with it, on the same days. So a reader uses the topmost
 * token that verifies: our gate adds its header to each message that it evaluates, above what the
 * client wrote.
 */
#ifndef SRSD_FORWARDING_VERDICT_TOKEN_H
#define SRSD_FORWARDING_VERDICT_TOKEN_H

#include <stdbool.h>
#include <time.h>

#include "common/ipaddr.h"
#include "common/text.h"
#include "spf/spf_verdict.h"
#include "srsd/srs/srs_keys.h"

/* A token is a dot-atom (RFC 5322, 3.2.3) and a token of RFC 2045, and its room with a NUL. */
#define VERDICT_TOKEN_SIZE 73

/* A message may wait in the queue for five days (maximal_queue_lifetime), over six midnights. */
#define VERDICT_TOKEN_DAYS 6

/* The contents of a token. */
struct verdict_token {
	enum spf_identity identity;
	enum spf_result result;
	struct ipaddr client;
};

/*
 * Writes the token for a MAIL FROM, and a NUL. local is without quotes, domain in U-labels or
 * A-labels. The client has an address. False when libcrypto failed: then there is no token.
 */
bool verdict_token_make(char out[VERDICT_TOKEN_SIZE], const struct srs_keys *keys,
    struct text local, struct text domain, const struct verdict_token *token, time_t now);

/*
 * Is a text, of any bytes and length, a token that one of the secrets made for this MAIL FROM, at
 * most VERDICT_TOKEN_DAYS days ago or, by a clock that differs, tomorrow?
 *	1	yes: *token has its contents
 *	0	no; *token is undefined
 *	-1	it is not known: libcrypto failed
 * The comparison takes constant time.
 */
int verdict_token_verify(struct verdict_token *token, const struct srs_keys *keys, struct text text,
    struct text local, struct text domain, time_t now);

#endif
