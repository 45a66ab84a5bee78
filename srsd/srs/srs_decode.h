/* SPDX-License-Identifier: ISC */
/*
 * srs_decode - what an SRS address says about itself, whether the reverse map accepts it or not.
 * Pure.
 *
 * Only a correct hash proves any of it. No hash is computed here, so that a correct one cannot
 * leak.
 */
#ifndef SRSD_SRS_SRS_DECODE_H
#define SRSD_SRS_SRS_DECODE_H

#include <stdbool.h>

#include "common/mailaddr.h"
#include "srsd/srs/srs_addr.h"
#include "srsd/srs/srs_alias.h"
#include "srsd/srs/srs_rewrite.h"

/* Whether the hash is correct, from the result of the reverse map. */
enum srs_decoded_hash {
	SRS_DECODED_HASH_UNKNOWN,   /* not verified: not a domain of ours, or libcrypto failed */
	SRS_DECODED_HASH_RIGHT,     /* srs_result.secret made it */
	SRS_DECODED_HASH_WRONG,     /* no secret made it */
	SRS_DECODED_HASH_TOO_SHORT, /* shorter than hash-minimum */
	SRS_DECODED_HASH_TOO_LONG,
};

struct srs_decoded {
	enum srs_addr_kind kind; /* NONE: nothing else is set; MALFORMED: no part is known */
	enum srs_decoded_hash hash;
	/* The address that it leads back to, in external form; "" if it has an alias, or too long. */
	char sender[MAILADDR_SIZE];
	/* SRS1: the sender in the SRS0 address of the other host; "" if that has another form. */
	char original[MAILADDR_SIZE];
	char alias[SRS_ALIAS_KEY_SIZE]; /* the key in the envelope store; "" without one */
	/* The day of the stamp, of an SRS0 address or of that within SRS1. */
	bool has_day;
	int day;     /* since 1970: the latest one that the stamp can mean, up to tomorrow */
	int expired; /* days since it expired; 0 if it has not, and for SRS1, which does not expire */
};

/*
 * Decodes an address in external form. result is that of srs_rewrite_reverse for it, in the same
 * context.
 */
void srs_decode(struct srs_decoded *decoded, const struct srs_context *context, const char *key,
    size_t len, const struct srs_result *result);

/* The result for the hash as a word: "unknown", "right", "wrong", "too short" or "too long". */
const char *srs_decoded_hash_name(enum srs_decoded_hash hash);

#endif
