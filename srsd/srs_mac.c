/* SPDX-License-Identifier: ISC */
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/ascii.h"
#include "common/xmalloc.h"
#include "srsd/srs_mac.h"

#define SHA1_LEN 20
#define CHUNK 128
#define SECRET_BYTES 24

/* What is hashed for a fingerprint. SRS addresses are signed with another hash function, so that
 * nobody can have a fingerprint signed, nor learn a signature from one. */
static const char fingerprint_label[] = "srsd secret fingerprint";

struct srs_mac {
	EVP_MAC_CTX *ctx; /* keyed */
};

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

struct srs_mac *
srs_mac_new(const void *secret, size_t len)
{
	static char sha1[] = "SHA1";
	struct srs_mac *mac = xcalloc(1, sizeof(*mac));

	mac->ctx = new_hmac(sha1, secret, len);
	if (mac->ctx == NULL)
		srs_mac_free(&mac);
	return mac;
}

void
srs_mac_free(struct srs_mac **mac)
{
	if (*mac == NULL)
		return;
	EVP_MAC_CTX_free((*mac)->ctx); /* cleanses the key */
	free(*mac);
	*mac = NULL;
}

static bool
update_lower(EVP_MAC_CTX *ctx, const char *data, size_t len)
{
	char lower[CHUNK];
	size_t i, n;

	for (; len > 0; data += n, len -= n) {
		n = len < sizeof(lower) ? len : sizeof(lower);
		for (i = 0; i < n; i++)
			lower[i] = ascii_tolower(data[i]);
		if (!EVP_MAC_update(ctx, (unsigned char *)lower, n))
			return false;
	}
	return true;
}

bool
srs_mac_digest(
    struct srs_mac *mac, const struct srs_mac_part *parts, size_t n, char digest[SRS_MAC_LEN + 1])
{
	unsigned char raw[EVP_MAX_MD_SIZE], text[SRS_MAC_LEN + 2];
	size_t i, len;

	if (!EVP_MAC_init(mac->ctx, NULL, 0, NULL))
		return false;
	for (i = 0; i < n; i++)
		if (!update_lower(mac->ctx, parts[i].data, parts[i].len))
			return false;
	if (!EVP_MAC_final(mac->ctx, raw, &len, sizeof(raw)) || len != SHA1_LEN)
		return false;
	EVP_EncodeBlock(text, raw, SHA1_LEN);
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
