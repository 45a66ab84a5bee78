/* SPDX-License-Identifier: ISC */
/*
 * spf_near_miss - TXT records that look like SPF records, but are none.
 *
 * A record is one when it begins with "v=spf1" and a blank or nothing follows (RFC 7208, 4.5).
 * What editors, web forms and word processors put before, into or after these six characters is
 * seldom visible: a no-break space, a byte order mark, typographic quotes. The domain then has no
 * policy, and the result is none, without a word about the reason.
 */
#ifndef SPF_SPF_NEAR_MISS_H
#define SPF_SPF_NEAR_MISS_H

#include <stdbool.h>
#include <stddef.h>

#define SPF_NEAR_MISS_SIZE 160

/*
 * True when a text is no SPF record, but was meant to be one; then hint says where it differs, in
 * visible ASCII: "looks like an SPF record, byte 7 is 0xC2 0xA0 (no-break space); a blank has to
 * follow v=spf1". Bytes are counted from 1. False for SPF records and for all other texts.
 */
bool spf_near_miss(char hint[SPF_NEAR_MISS_SIZE], const char *text, size_t len);

#endif
