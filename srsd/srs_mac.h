/* SPDX-License-Identifier: ISC */
/*
 * srs_mac - the hash of an SRS address: base64 of HMAC-SHA1 over ASCII-lowercased parts, nothing
 * between them. The only user of libcrypto.
 *
 * A secret is scheduled once, when it is read; each digest restarts from the keyed state, which
 * costs a third of keying it anew.
 */
#ifndef SRSD_SRS_MAC_H
#define SRSD_SRS_MAC_H

#include <stdbool.h>
#include <stddef.h>

/* Characters of a whole digest: 20 bytes in base64 without the '=' that fills it up. */
#define SRS_MAC_LEN 27

struct srs_mac;

/* What is hashed: up to three parts of an address. */
struct srs_mac_part {
	const char *data;
	size_t len;
};

/* NULL when libcrypto refuses. The secret is not kept. */
struct srs_mac *srs_mac_new(const void *secret, size_t len);
void srs_mac_free(struct srs_mac **);

/*
 * Writes all SRS_MAC_LEN characters and a NUL. False when libcrypto fails: then there is
 * no digest, and nothing may be signed or taken for verified.
 */
bool srs_mac_digest(
    struct srs_mac *, const struct srs_mac_part *, size_t n, char digest[SRS_MAC_LEN + 1]);

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

#endif
