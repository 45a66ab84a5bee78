/* SPDX-License-Identifier: ISC */
/*
 * srs_alias - short names for senders in the envelope store. Pure.
 *
 *	key of the store:	ALIAS "@1"
 *	SRS address:		SRS0 SEP hash = stamp = 1 = ALIAS @ srs-domain
 *	ALIAS:			base32hex (RFC 4648, section 7) of 20 bytes: 32 characters, without
 *				padding, in upper case
 *
 * That is the form of postsrsd 2, so that its database and its addresses remain valid. An alias of
 * ours and one of postsrsd 2 look alike, but are made from different bytes:
 *
 *	ours		the first 20 bytes of HMAC-SHA256, keyed with a secret, of "srsd alias",
 *			a NUL and the address
 *	postsrsd 2	SHA-1 of the address
 *
 * Both use the address byte for byte as Postfix sent it, in external form: case is not folded.
 *
 * SECURITY: the hash of the SRS address covers the alias, not the sender that the store has for it.
 * A process that can write to the store could redirect bounces. So an address from the store
 * counts only if the alias verifies for it. SHA-1 has no secret: anyone can compute an alias of
 * that form for an address of their choice, and can find the address of an alias by guessing.
 */
#ifndef SRSD_SRS_SRS_ALIAS_H
#define SRSD_SRS_SRS_ALIAS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/text.h"
#include "srsd/srs/srs_keys.h"

/* The host part of an SRS address with an alias. No mail domain has this name. */
#define SRS_ALIAS_HOST "1"

/* Characters of an alias, which is the beginning of its key. */
#define SRS_ALIAS_LEN 32

/* Characters of a key, and room for it and a NUL. */
#define SRS_ALIAS_KEY_LEN (SRS_ALIAS_LEN + 2)
#define SRS_ALIAS_KEY_SIZE (SRS_ALIAS_KEY_LEN + 1)

/*
 * Makes the alias of an address with the first secret, and writes its key and a NUL. False when
 * libcrypto failed: then there is no alias.
 */
bool srs_alias_make(const struct srs_keys *keys, struct text address, char key[SRS_ALIAS_KEY_SIZE]);

/*
 * Is a key, of any bytes, that of an alias of ours for an address? Returns the number of the
 * secret, from 0, SRS_KEYS_NONE when no secret made this alias for this address, or
 * SRS_KEYS_FAILED when libcrypto failed, so that it is not known. The comparison takes constant
 * time. Nothing is added to the counts of the keys: the hash of the SRS address has been counted.
 */
int srs_alias_verify(const struct srs_keys *keys, struct text key, struct text address);

/* Is it the key of postsrsd 2 for an address? 1 yes, 0 no, -1 when libcrypto failed. */
int srs_alias_verify_sha1(struct text key, struct text address);

/*
 * Reads the host and the user of an SRS0 address (srs_addr.h). True when they have the form of an
 * alias: writes its key and a NUL. The alias may arrive in lower case, because mail systems fold
 * it; the key is in upper case. False for other users of the host "1" too, which the store cannot
 * have.
 */
bool srs_alias_parse(struct text host, struct text user, char key[SRS_ALIAS_KEY_SIZE]);

/* The texts that srs_alias_find accepts, for its callers' errors. */
#define SRS_ALIAS_FORMS "32 letters and digits, or an SRS address that contains them"

/*
 * Finds the alias in a text that a user typed: the alias, its key, or an SRS address that
 * contains it. True: writes the key and a NUL.
 */
bool srs_alias_find(const char *s, size_t len, char key[SRS_ALIAS_KEY_SIZE]);

#endif
