/* SPDX-License-Identifier: ISC */
/*
 * srs_mac - the hash of an SRS address, in one of two forms, over ASCII-lowercased parts. Pure.
 * Only srs_mac_new_secret uses randomness. This is the only file that uses libcrypto.
 *
 *	compatible	base64 of HMAC-SHA1 over the parts without separators, as in postsrsd and
 *			Mail::SRS. Bytes that are divided differently into parts have the same
 *			hash.
 *	separated	HMAC-SHA256 over each part after its length (four bytes, most significant
 *			first), in base64 with 0 for '+' and 1 for '/': letters and digits only.
 *			Compared without case, 0, 1 and each letter have a frequency of 1 in 32.
 *
 * A secret is scheduled once, when it is read. Each digest continues from the keyed state, which
 * costs a third of scheduling the secret again.
 *
 * The HMAC-SHA256 of a secret also serves for other purposes, such as fingerprints. Their input
 * begins with a letter, and that of an address with the zero byte of a length, so that no value of
 * one kind is a value of the other.
 */
#ifndef SRSD_SRS_SRS_MAC_H
#define SRSD_SRS_SRS_MAC_H

#include <stdbool.h>
#include <stddef.h>

#include "common/text.h"

/*
 * Characters of a whole digest: 20 bytes in base64 without the final '=' in the compatible form,
 * and as many characters in the other.
 */
#define SRS_MAC_LEN 27

enum srs_mac_form {
	SRS_MAC_COMPATIBLE,
	SRS_MAC_SEPARATED,
};

struct srs_mac;

/* NULL when libcrypto refuses. The secret is not needed afterwards. */
struct srs_mac *srs_mac_new(const void *secret, size_t len);

/* Wipes it. Sets *mac to NULL; it may be NULL. */
void srs_mac_free(struct srs_mac **mac);

/*
 * Hashes the n parts of an address, each shorter than 4 GiB. Writes all SRS_MAC_LEN characters and
 * a NUL. False when libcrypto fails: then there is no digest, and the caller must neither sign an
 * address nor accept one.
 */
bool srs_mac_digest(const struct srs_mac *mac, enum srs_mac_form form, const struct text *parts,
    size_t n, char digest[SRS_MAC_LEN + 1]);

/*
 * True when the len bytes of hash, 1 to SRS_MAC_LEN, are the beginning of the digest. The time
 * depends on len only. Case does not matter, because mail systems change it, and '-' stands for '+'
 * and '_' for '/' (postsrsd 2.2.6 and later).
 */
bool srs_mac_matches(const char digest[SRS_MAC_LEN + 1], const char *hash, size_t len);

/*
 * Writes a name for a secret that may be shown: the first 12 hexadecimal digits of HMAC-SHA256,
 * keyed with the secret, of a fixed text. False when libcrypto fails.
 */
#define SRS_MAC_FINGERPRINT_LEN 12
bool srs_mac_fingerprint(
    const void *secret, size_t len, char fingerprint[SRS_MAC_FINGERPRINT_LEN + 1]);

/* Generates a secret of 24 random bytes, in base64. False when there is no randomness. */
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

/* Bytes of the mac of a verdict (srsd/forwarding/verdict_token.h). */
#define SRS_MAC_VERDICT_SIZE 20

/*
 * Writes the first bytes of HMAC-SHA256, keyed with the secret, of "srsd verdict", a NUL, and each
 * of the n parts in ASCII lower case after its length, as in the separated form. False when
 * libcrypto fails.
 */
bool srs_mac_verdict(const struct srs_mac *mac, const struct text *parts, size_t n,
    unsigned char verdict[SRS_MAC_VERDICT_SIZE]);

/* True when two texts of len bytes are the same. The time depends on len only. */
bool srs_mac_is_same(const char *a, const char *b, size_t len);

/* Writes the SHA-1 of a text. False when libcrypto fails. */
bool srs_mac_sha1(struct text text, unsigned char digest[SRS_MAC_ALIAS_SIZE]);

#endif
