/* SPDX-License-Identifier: ISC */
/*
 * spf_near_miss - TXT records that look like SPF records, but are not.
 *
 * An SPF record begins with "v=spf1", followed by a blank or by nothing (RFC 7208, 4.5). Editors,
 * web forms and word processors put other characters before, into or after these six, often
 * invisible ones: a no-break space, a byte order mark, typographic quotes. The domain then has no
 * record. The result is none, without any hint at the reason. Pure.
 */
#ifndef SPF_SPF_NEAR_MISS_H
#define SPF_SPF_NEAR_MISS_H

#include <stdbool.h>
#include <stddef.h>

#define SPF_NEAR_MISS_SIZE 160

/*
 * Returns true if a text is not an SPF record but was meant to be one. hint then describes the
 * first difference in visible ASCII: "looks like an SPF record, but byte 7 is 0xC2 0xA0 (no-break
 * space); a blank has to follow v=spf1". Bytes are counted from 1. Returns false for SPF records
 * and for all other texts.
 */
bool spf_near_miss(char hint[SPF_NEAR_MISS_SIZE], const char *text, size_t len);

#endif
