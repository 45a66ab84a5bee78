/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "common/ascii.h"
#include "common/base32hex.h"
#include "common/mailaddr.h"
#include "srsd/srs/srs_addr.h"
#include "srsd/srs/srs_alias.h"
#include "srsd/srs/srs_mac.h"

_Static_assert(SRS_ALIAS_LEN == BASE32HEX_LEN(SRS_MAC_ALIAS_SIZE),
    "the bytes of an alias fill its characters");

/* encode_alias_key - the bytes of an alias in base32hex, and the end of the key */
static void
encode_alias_key(const unsigned char raw[SRS_MAC_ALIAS_SIZE], char key[SRS_ALIAS_KEY_SIZE])
{
	base32hex_encode(key, raw, SRS_MAC_ALIAS_SIZE);
	memcpy(key + SRS_ALIAS_LEN, "@" SRS_ALIAS_HOST, 3);
}

/* is_same_key - in constant time for keys of the right length */
static bool
is_same_key(struct text key, const char want[SRS_ALIAS_KEY_SIZE])
{
	return key.len == SRS_ALIAS_KEY_LEN && srs_mac_is_same(key.s, want, SRS_ALIAS_KEY_LEN);
}

/* make_alias_key - the key of an alias by one secret; false when libcrypto failed */
static bool
make_alias_key(const struct srs_mac *mac, struct text address, char key[SRS_ALIAS_KEY_SIZE])
{
	unsigned char raw[SRS_MAC_ALIAS_SIZE];

	if (!srs_mac_alias(mac, address, raw))
		return false;
	encode_alias_key(raw, key);
	return true;
}

bool
srs_alias_make(const struct srs_keys *keys, struct text address, char key[SRS_ALIAS_KEY_SIZE])
{
	return make_alias_key(srs_keys_mac(keys, 0), address, key);
}

int
srs_alias_verify(const struct srs_keys *keys, struct text key, struct text address)
{
	char want[SRS_ALIAS_KEY_SIZE];
	size_t i;

	for (i = 0; i < srs_keys_count(keys); i++) {
		if (!make_alias_key(srs_keys_mac(keys, i), address, want))
			return SRS_KEYS_FAILED;
		if (is_same_key(key, want))
			return (int)i;
	}
	return SRS_KEYS_NONE;
}

int
srs_alias_verify_sha1(struct text key, struct text address)
{
	unsigned char raw[SRS_MAC_ALIAS_SIZE];
	char want[SRS_ALIAS_KEY_SIZE];

	if (!srs_mac_sha1(address, raw))
		return -1;
	encode_alias_key(raw, want);
	return is_same_key(key, want);
}

/* upper_alias_char - a character of base32hex in upper case; NUL: not a character of it */
static char
upper_alias_char(char c)
{
	char lower = ascii_tolower(c);

	if (ascii_isdigit(c))
		return c;
	return lower >= 'a' && lower <= 'v' ? (char)(lower - 'a' + 'A') : '\0';
}

bool
srs_alias_parse(struct text host, struct text user, char key[SRS_ALIAS_KEY_SIZE])
{
	size_t i;

	if (!text_is(host, SRS_ALIAS_HOST) || user.len != SRS_ALIAS_LEN)
		return false;
	for (i = 0; i < SRS_ALIAS_LEN; i++) {
		key[i] = upper_alias_char(user.s[i]);
		if (key[i] == '\0')
			return false;
	}
	memcpy(key + SRS_ALIAS_LEN, "@" SRS_ALIAS_HOST, 3);
	return true;
}

bool
srs_alias_find(const char *s, size_t len, char key[SRS_ALIAS_KEY_SIZE])
{
	const struct text host = { SRS_ALIAS_HOST, strlen(SRS_ALIAS_HOST) };
	struct text user = { s, len };
	struct mailaddr addr;
	struct srs_addr srs;

	if (len == SRS_ALIAS_KEY_LEN && memcmp(s + SRS_ALIAS_LEN, "@1", 2) == 0)
		user.len = SRS_ALIAS_LEN;
	if (srs_alias_parse(host, user, key))
		return true;
	return mailaddr_parse_external(&addr, s, len) == MAILADDR_OK &&
	       srs_addr_parse(&srs, addr.local, addr.local_len) == SRS_ADDR_SRS0 &&
	       srs_alias_parse(srs.host, srs.user, key);
}
