/* SPDX-License-Identifier: ISC */
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <stdlib.h>
#include <string.h>

#include "common/ascii.h"
#include "common/xmalloc.h"
#include "srsd/srs_mac.h"

#define SHA1_LEN 20
#define CHUNK 128

struct srs_mac {
	EVP_MAC_CTX *ctx; /* keyed */
};

struct srs_mac *
srs_mac_new(const void *secret, size_t len)
{
	static char sha1[] = "SHA1";
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, sha1, 0),
		OSSL_PARAM_construct_end(),
	};
	EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	struct srs_mac *mac = xcalloc(1, sizeof(*mac));

	if (hmac != NULL)
		mac->ctx = EVP_MAC_CTX_new(hmac);
	EVP_MAC_free(hmac);
	if (mac->ctx == NULL || !EVP_MAC_init(mac->ctx, secret, len, params))
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
