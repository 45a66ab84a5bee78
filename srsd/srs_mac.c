/* SPDX-License-Identifier: ISC */
/*
 * Addresses are signed with SHA1_*, which libcrypto calls deprecated, and not with EVP_MAC: that
 * copies its state on the heap twice for a digest, which costs three times what the hashing does,
 * and before 3.0.3 one that is keyed cannot be used a second time.
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
#include "srsd/srs_mac.h"

#define CHUNK 128

/* RFC 2104 */
#define INNER_PAD 0x36
#define OUTER_PAD 0x5c
#define SECRET_BYTES 24

/* What is hashed for a fingerprint. SRS addresses are signed with another hash function, so that
 * nobody can have a fingerprint signed, nor learn a signature from one. */
static const char fingerprint_label[] = "srsd secret fingerprint";

struct srs_mac {
	SHA_CTX inner, outer; /* behind the block that the key makes */
};

/* begin - a hash with its first block: the key, padded */
static bool
begin(SHA_CTX *ctx, const unsigned char key[SHA_CBLOCK], unsigned char pad)
{
	unsigned char block[SHA_CBLOCK];
	size_t i;
	bool ok;

	for (i = 0; i < sizeof(block); i++)
		block[i] = key[i] ^ pad;
	ok = SHA1_Init(ctx) && SHA1_Update(ctx, block, sizeof(block));
	OPENSSL_cleanse(block, sizeof(block));
	return ok;
}

struct srs_mac *
srs_mac_new(const void *secret, size_t len)
{
	struct srs_mac *mac = xcalloc(1, sizeof(*mac));
	unsigned char key[SHA_CBLOCK] = { 0 };
	bool ok = true;

	if (len <= sizeof(key))
		memcpy(key, secret, len);
	else
		ok = SHA1(secret, len, key) != NULL;
	if (!ok || !begin(&mac->inner, key, INNER_PAD) || !begin(&mac->outer, key, OUTER_PAD))
		srs_mac_free(&mac);
	OPENSSL_cleanse(key, sizeof(key));
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

static bool
update_lower(SHA_CTX *ctx, const char *data, size_t len)
{
	char lower[CHUNK];
	size_t i, n;

	for (; len > 0; data += n, len -= n) {
		n = len < sizeof(lower) ? len : sizeof(lower);
		for (i = 0; i < n; i++)
			lower[i] = ascii_tolower(data[i]);
		if (!SHA1_Update(ctx, lower, n))
			return false;
	}
	return true;
}

/* finish - of both hashes; raw is the HMAC */
static bool
finish(SHA_CTX *inner, SHA_CTX *outer, unsigned char raw[SHA_DIGEST_LENGTH])
{
	return SHA1_Final(raw, inner) && SHA1_Update(outer, raw, SHA_DIGEST_LENGTH) &&
	       SHA1_Final(raw, outer);
}

bool
srs_mac_digest(
    struct srs_mac *mac, const struct srs_mac_part *parts, size_t n, char digest[SRS_MAC_LEN + 1])
{
	unsigned char raw[SHA_DIGEST_LENGTH], text[SRS_MAC_LEN + 2];
	SHA_CTX inner = mac->inner, outer = mac->outer;
	bool ok = true;
	size_t i;

	for (i = 0; ok && i < n; i++)
		ok = update_lower(&inner, parts[i].data, parts[i].len);
	ok = ok && finish(&inner, &outer, raw);
	/* Who has these can sign. */
	OPENSSL_cleanse(&inner, sizeof(inner));
	OPENSSL_cleanse(&outer, sizeof(outer));
	if (!ok)
		return false;
	EVP_EncodeBlock(text, raw, sizeof(raw));
	memcpy(digest, text, SRS_MAC_LEN);
	digest[SRS_MAC_LEN] = '\0';
	return true;
}

static char
fold(char c)
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
		want[i] = fold(digest[i]);
		got[i] = fold(hash[i]);
	}
	return CRYPTO_memcmp(want, got, len) == 0;
}

/* new_hmac - keyed; NULL when libcrypto refuses */
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
