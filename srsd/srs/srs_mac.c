/* SPDX-License-Identifier: ISC */
/*
 * Addresses are signed with SHA1_* and SHA256_*, which libcrypto calls deprecated, and not with
 * EVP_MAC. For each digest EVP_MAC copies its state on the heap twice, which costs three times as
 * much as the hashing, and before 3.0.3 a keyed context cannot be used a second time.
 */
#define OPENSSL_SUPPRESS_DEPRECATED

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/ascii.h"
#include "common/xmalloc.h"
#include "srsd/srs/srs_mac.h"

#define CHUNK 128

/* RFC 2104 */
#define INNER_PAD 0x36
#define OUTER_PAD 0x5c
#define SECRET_BYTES 24

/* Bytes of a digest that base64 encodes, and of the length before a part. */
#define RAW_SIZE 21
#define LENGTH_SIZE 4

/* The text that is hashed for a fingerprint; see the top of srs_mac.h. */
static const char fingerprint_label[] = "srsd secret fingerprint";

/* The states of both hash functions after the first block, which is made from the key. */
struct srs_mac {
	SHA_CTX inner, outer;
	SHA256_CTX inner256, outer256;
};

/* pad_key - make the first block of a hash */
static void
pad_key(unsigned char block[SHA_CBLOCK], const unsigned char key[SHA_CBLOCK], unsigned char pad)
{
	size_t i;

	for (i = 0; i < SHA_CBLOCK; i++)
		block[i] = key[i] ^ pad;
}

static bool
start_sha1(SHA_CTX *ctx, const unsigned char key[SHA_CBLOCK], unsigned char pad)
{
	unsigned char block[SHA_CBLOCK];
	bool ok;

	pad_key(block, key, pad);
	ok = SHA1_Init(ctx) && SHA1_Update(ctx, block, sizeof(block));
	OPENSSL_cleanse(block, sizeof(block));
	return ok;
}

static bool
start_sha256(SHA256_CTX *ctx, const unsigned char key[SHA256_CBLOCK], unsigned char pad)
{
	unsigned char block[SHA256_CBLOCK];
	bool ok;

	pad_key(block, key, pad);
	ok = SHA256_Init(ctx) && SHA256_Update(ctx, block, sizeof(block));
	OPENSSL_cleanse(block, sizeof(block));
	return ok;
}

static bool
schedule_sha1(struct srs_mac *mac, const void *secret, size_t len)
{
	unsigned char key[SHA_CBLOCK] = { 0 };
	bool ok = true;

	if (len <= sizeof(key))
		memcpy(key, secret, len);
	else
		ok = SHA1(secret, len, key) != NULL;
	ok = ok && start_sha1(&mac->inner, key, INNER_PAD) &&
	     start_sha1(&mac->outer, key, OUTER_PAD);
	OPENSSL_cleanse(key, sizeof(key));
	return ok;
}

static bool
schedule_sha256(struct srs_mac *mac, const void *secret, size_t len)
{
	unsigned char key[SHA256_CBLOCK] = { 0 };
	bool ok = true;

	if (len <= sizeof(key))
		memcpy(key, secret, len);
	else
		ok = SHA256(secret, len, key) != NULL;
	ok = ok && start_sha256(&mac->inner256, key, INNER_PAD) &&
	     start_sha256(&mac->outer256, key, OUTER_PAD);
	OPENSSL_cleanse(key, sizeof(key));
	return ok;
}

struct srs_mac *
srs_mac_new(const void *secret, size_t len)
{
	struct srs_mac *mac = xcalloc(1, sizeof(*mac));

	if (!schedule_sha1(mac, secret, len) || !schedule_sha256(mac, secret, len))
		srs_mac_free(&mac);
	return mac;
}

void
srs_mac_free(struct srs_mac **mac)
{
	if (*mac == NULL)
		return;
	freezero(*mac, sizeof(**mac));
	*mac = NULL;
}

/* lower_hash_chunk - write the next bytes of a part in lower case; returns their number */
static size_t
lower_hash_chunk(char lower[CHUNK], const char *data, size_t len)
{
	size_t i, n = len < CHUNK ? len : CHUNK;

	for (i = 0; i < n; i++)
		lower[i] = ascii_tolower(data[i]);
	return n;
}

static bool
update_sha1(SHA_CTX *ctx, const char *data, size_t len)
{
	char lower[CHUNK];
	size_t n;

	for (; len > 0; data += n, len -= n) {
		n = lower_hash_chunk(lower, data, len);
		if (!SHA1_Update(ctx, lower, n))
			return false;
	}
	return true;
}

/* update_sha256 - with the length of a part, and the part */
static bool
update_sha256(SHA256_CTX *ctx, const char *data, size_t len)
{
	unsigned char length[LENGTH_SIZE] = { (unsigned char)(len >> 24),
		(unsigned char)(len >> 16), (unsigned char)(len >> 8), (unsigned char)len };
	char lower[CHUNK];
	size_t n;

	if (!SHA256_Update(ctx, length, sizeof(length)))
		return false;
	for (; len > 0; data += n, len -= n) {
		n = lower_hash_chunk(lower, data, len);
		if (!SHA256_Update(ctx, lower, n))
			return false;
	}
	return true;
}

static bool
digest_sha1(
    const struct srs_mac *mac, const struct text *parts, size_t n, unsigned char raw[RAW_SIZE])
{
	SHA_CTX inner = mac->inner, outer = mac->outer;
	bool ok = true;
	size_t i;

	raw[RAW_SIZE - 1] = 0;
	for (i = 0; ok && i < n; i++)
		ok = update_sha1(&inner, parts[i].s, parts[i].len);
	ok = ok && SHA1_Final(raw, &inner) && SHA1_Update(&outer, raw, SHA_DIGEST_LENGTH) &&
	     SHA1_Final(raw, &outer);
	/* An attacker could sign with these states. */
	OPENSSL_cleanse(&inner, sizeof(inner));
	OPENSSL_cleanse(&outer, sizeof(outer));
	return ok;
}

/*
 * finish_sha256 - write the first n bytes of an HMAC, unless ok is false
 *
 * Wipes the states: an attacker could sign with them.
 */
static bool
finish_sha256(bool ok, SHA256_CTX *inner, SHA256_CTX *outer, unsigned char *raw, size_t n)
{
	unsigned char whole[SHA256_DIGEST_LENGTH];

	ok = ok && SHA256_Final(whole, inner) && SHA256_Update(outer, whole, sizeof(whole)) &&
	     SHA256_Final(whole, outer);
	OPENSSL_cleanse(inner, sizeof(*inner));
	OPENSSL_cleanse(outer, sizeof(*outer));
	if (ok)
		memcpy(raw, whole, n);
	return ok;
}

static bool
digest_sha256(
    const struct srs_mac *mac, const struct text *parts, size_t n, unsigned char raw[RAW_SIZE])
{
	SHA256_CTX inner = mac->inner256, outer = mac->outer256;
	bool ok = true;
	size_t i;

	for (i = 0; ok && i < n; i++)
		ok = update_sha256(&inner, parts[i].s, parts[i].len);
	return finish_sha256(ok, &inner, &outer, raw, RAW_SIZE);
}

/* replace_signs - '+' and '/', which some sites refuse, by digits, which become more frequent */
static void
replace_signs(char *digest)
{
	for (; *digest != '\0'; digest++)
		*digest = *digest == '+' ? '0' : *digest == '/' ? '1' : *digest;
}

bool
srs_mac_digest(const struct srs_mac *mac, enum srs_mac_form form, const struct text *parts,
    size_t n, char digest[SRS_MAC_LEN + 1])
{
	unsigned char raw[RAW_SIZE], text[SRS_MAC_LEN + 2];

	if (form == SRS_MAC_COMPATIBLE ? !digest_sha1(mac, parts, n, raw)
				       : !digest_sha256(mac, parts, n, raw))
		return false;
	EVP_EncodeBlock(text, raw, sizeof(raw));
	memcpy(digest, text, SRS_MAC_LEN);
	digest[SRS_MAC_LEN] = '\0';
	if (form == SRS_MAC_SEPARATED)
		replace_signs(digest);
	return true;
}

static char
fold_hash_char(char c)
{
	if (c == '-')
		return '+';
	if (c == '_')
		return '/';
	return ascii_tolower(c);
}

bool
srs_mac_matches(const char digest[SRS_MAC_LEN + 1], const char *hash, size_t len)
{
	char want[SRS_MAC_LEN], got[SRS_MAC_LEN];
	size_t i;

	if (len == 0 || len > SRS_MAC_LEN)
		return false;
	for (i = 0; i < len; i++) {
		want[i] = fold_hash_char(digest[i]);
		got[i] = fold_hash_char(hash[i]);
	}
	return CRYPTO_memcmp(want, got, len) == 0;
}

/* new_hmac - a keyed context; NULL when libcrypto refuses */
static EVP_MAC_CTX *
new_hmac(char *hash, const void *secret, size_t len)
{
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, hash, 0),
		OSSL_PARAM_construct_end(),
	};
	EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	EVP_MAC_CTX *ctx = hmac == NULL ? NULL : EVP_MAC_CTX_new(hmac);

	EVP_MAC_free(hmac);
	if (ctx != NULL && EVP_MAC_init(ctx, secret, len, params))
		return ctx;
	EVP_MAC_CTX_free(ctx);
	return NULL;
}

bool
srs_mac_fingerprint(const void *secret, size_t len, char fingerprint[SRS_MAC_FINGERPRINT_LEN + 1])
{
	static char sha256[] = "SHA256";
	EVP_MAC_CTX *ctx = new_hmac(sha256, secret, len);
	unsigned char raw[EVP_MAX_MD_SIZE];
	size_t i, raw_len;
	bool ok;

	ok = ctx != NULL &&
	     EVP_MAC_update(
		 ctx, (const unsigned char *)fingerprint_label, sizeof(fingerprint_label) - 1) &&
	     EVP_MAC_final(ctx, raw, &raw_len, sizeof(raw)) &&
	     raw_len >= SRS_MAC_FINGERPRINT_LEN / 2;
	EVP_MAC_CTX_free(ctx);
	for (i = 0; ok && i < SRS_MAC_FINGERPRINT_LEN / 2; i++)
		snprintf(fingerprint + 2 * i, 3, "%02x", raw[i]);
	return ok;
}

bool
srs_mac_new_secret(char secret[SRS_MAC_SECRET_LEN + 1])
{
	unsigned char raw[SECRET_BYTES];

	if (RAND_priv_bytes(raw, sizeof(raw)) != 1)
		return false;
	EVP_EncodeBlock((unsigned char *)secret, raw, sizeof(raw));
	OPENSSL_cleanse(raw, sizeof(raw));
	return true;
}

bool
srs_mac_alias(
    const struct srs_mac *mac, struct text address, unsigned char alias[SRS_MAC_ALIAS_SIZE])
{
	/* With its NUL; see the top of srs_mac.h. */
	static const char label[] = "srsd alias";
	SHA256_CTX inner = mac->inner256, outer = mac->outer256;
	bool ok;

	ok = SHA256_Update(&inner, label, sizeof(label)) &&
	     SHA256_Update(&inner, address.s, address.len);
	return finish_sha256(ok, &inner, &outer, alias, SRS_MAC_ALIAS_SIZE);
}

bool
srs_mac_verdict(const struct srs_mac *mac, const struct text *parts, size_t n,
    unsigned char verdict[SRS_MAC_VERDICT_SIZE])
{
	static const char label[] = "srsd verdict";
	SHA256_CTX inner = mac->inner256, outer = mac->outer256;
	bool ok = SHA256_Update(&inner, label, sizeof(label));
	size_t i;

	for (i = 0; ok && i < n; i++)
		ok = update_sha256(&inner, parts[i].s, parts[i].len);
	return finish_sha256(ok, &inner, &outer, verdict, SRS_MAC_VERDICT_SIZE);
}

bool
srs_mac_is_same(const char *a, const char *b, size_t len)
{
	return CRYPTO_memcmp(a, b, len) == 0;
}

bool
srs_mac_sha1(struct text text, unsigned char digest[SRS_MAC_ALIAS_SIZE])
{
	return SHA1((const unsigned char *)text.s, text.len, digest) != NULL;
}
