/* SPDX-License-Identifier: ISC */
/*
 * srs_mac - the hash of an SRS address, in one of two forms, over ASCII-lowercased parts. The only
 * user of libcrypto.
 *
 *	compatible	base64 of HMAC-SHA1 over the parts with nothing between them, as postsrsd
 *			and Mail::SRS have it. Parts that are divided elsewhere have the same
 *			hash.
 *	separated	HMAC-SHA256 over each part after its length (four bytes, the highest one
 *			first), in base64 with 0 for '+' and 1 for '/': letters and digits alone,
 *			of which none is likelier than a letter, 1 in 32, already was.
 *
 * A secret is scheduled once, when it is read; each digest restarts from the keyed state, which
 * costs a third of keying it again.
 *
 * The HMAC-SHA256 of a secret also serves for other things, such as fingerprints. What is hashed
 * for them begins with a letter, and an address with the zero byte of a length, so that no value of
 * one kind is a value of the other.
 */
#ifndef SRSD_SRS_SRS_MAC_H
#define SRSD_SRS_SRS_MAC_H

#include <stdbool.h>
#include <stddef.h>

#include "common/text.h"

/*
 * Characters of a whole digest: of the compatible form 20 bytes in base64 without the '=' that
 * fills it up, and as many of the other.
 */
#define SRS_MAC_LEN 27

enum srs_mac_form {
	SRS_MAC_COMPATIBLE,
	SRS_MAC_SEPARATED,
};

struct srs_mac;

/* NULL when libcrypto refuses. The secret is not kept. */
struct srs_mac *srs_mac_new(const void *secret, size_t len);
void srs_mac_free(struct srs_mac **);

/*
 * Hashes the parts of an address, each shorter than 4 GiB. Writes all SRS_MAC_LEN characters and a
 * NUL. False when libcrypto fails: then there is no digest, and nothing may be signed or count as
 * verified.
 */
bool srs_mac_digest(const struct srs_mac *mac, enum srs_mac_form form, const struct text *parts,
    size_t n, char digest[SRS_MAC_LEN + 1]);

/*
 * True when hash is the beginning of the digest: in constant time for its length, without case
 * (mail systems fold it), '-' for '+' and '_' for '/' (postsrsd 2.2.6 and later).
 */
bool srs_mac_matches(const char digest[SRS_MAC_LEN + 1], const char *hash, size_t len);

/*
 * A name for a secret that may be shown: the first 12 hexadecimal digits of HMAC-SHA256, keyed with
 * the secret, of a fixed text. False when libcrypto fails.
 */
#define SRS_MAC_FINGERPRINT_LEN 12
bool srs_mac_fingerprint(
    const void *secret, size_t len, char fingerprint[SRS_MAC_FINGERPRINT_LEN + 1]);

/* Makes a secret of 24 random bytes, in base64. False when there is no randomness. */
#define SRS_MAC_SECRET_LEN 32
bool srs_mac_new_secret(char secret[SRS_MAC_SECRET_LEN + 1]);

/* Bytes of an alias (srs_alias.h), and of SHA-1. */
#define SRS_MAC_ALIAS_SIZE 20

/*
 * Writes the bytes of the alias of an address: the first ones of HMAC-SHA256, keyed with the
 * secret, of "srsd alias", a NUL and the address as it is. False when libcrypto fails.
 */
bool srs_mac_alias(
    const struct srs_mac *mac, struct text address, unsigned char alias[SRS_MAC_ALIAS_SIZE]);

/* Writes the SHA-1 of a text. False when libcrypto fails. */
bool srs_mac_sha1(struct text text, unsigned char digest[SRS_MAC_ALIAS_SIZE]);

#endif
