/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "common/ascii.h"
#include "common/base32hex.h"
#include "common/hostname.h"
#include "common/idna.h"
#include "srsd/forwarding/verdict_token.h"
#include "srsd/srs/srs_stamp.h"

#define MAC_LEN BASE32HEX_LEN(SRS_MAC_VERDICT_SIZE)

/* The parts before the client, and all parts but the client. */
#define CODES_LEN 2
#define HEAD_LEN (SRS_STAMP_LEN + 1 + CODES_LEN + 1)
#define FRAME_LEN (HEAD_LEN + 1 + MAC_LEN)

#define CLIENT_MAX (2 * 16)

_Static_assert(
    VERDICT_TOKEN_SIZE >= FRAME_LEN + CLIENT_MAX + 1, "a token with an IPv6 address fits");

/* Decimal digits of the number of a day. */
#define DATE_LEN 10

static const char identity_letters[SPF_IDENTITIES] = { 'h', 'm' };
static const char result_letters[SPF_RESULTS] = { 'n', 'u', 'p', 'f', 's', 't', 'e' };

/* The parts of a token as they are in its text. */
struct token_text {
	struct text stamp, codes, client, mac;
};

static struct text
cut_token_part(struct text text, size_t begin, size_t len)
{
	struct text part = { text.s + begin, len };

	return part;
}

/* split_token - by the lengths of its parts; false: it has other lengths */
static bool
split_token(struct token_text *t, struct text text)
{
	size_t client_len;

	if (text.len != FRAME_LEN + 8 && text.len != FRAME_LEN + CLIENT_MAX)
		return false;
	client_len = text.len - FRAME_LEN;
	t->stamp = cut_token_part(text, 0, SRS_STAMP_LEN);
	t->codes = cut_token_part(text, SRS_STAMP_LEN + 1, CODES_LEN);
	t->client = cut_token_part(text, HEAD_LEN, client_len);
	t->mac = cut_token_part(text, HEAD_LEN + client_len + 1, MAC_LEN);
	return text.s[SRS_STAMP_LEN] == '.' && text.s[HEAD_LEN - 1] == '.' &&
	       text.s[HEAD_LEN + client_len] == '.';
}

static bool
read_codes(struct verdict_token *token, struct text codes)
{
	const char *identity = memchr(identity_letters, codes.s[0], SPF_IDENTITIES);
	const char *result = memchr(result_letters, codes.s[1], SPF_RESULTS);

	if (identity == NULL || result == NULL)
		return false;
	token->identity = (enum spf_identity)(identity - identity_letters);
	token->result = (enum spf_result)(result - result_letters);
	return true;
}

/* read_hex_digit - of lower case; -1 for any other character */
static int
read_hex_digit(char c)
{
	if (ascii_isdigit(c))
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool
read_client(struct ipaddr *client, struct text hex)
{
	uint8_t bytes[CLIENT_MAX / 2];
	int high, low;
	size_t i;

	for (i = 0; i < hex.len / 2; i++) {
		high = read_hex_digit(hex.s[2 * i]);
		low = read_hex_digit(hex.s[2 * i + 1]);
		if (high == -1 || low == -1)
			return false;
		bytes[i] = (uint8_t)(high << 4 | low);
	}
	ipaddr_from_bytes(client, hex.len == CLIENT_MAX ? AF_INET6 : AF_INET, bytes);
	return true;
}

static size_t
write_client(char hex[CLIENT_MAX], const struct ipaddr *client)
{
	static const char digits[] = "0123456789abcdef";
	size_t i, n = ipaddr_size(client);

	for (i = 0; i < n; i++) {
		hex[2 * i] = digits[client->bytes[i] >> 4];
		hex[2 * i + 1] = digits[client->bytes[i] & 15];
	}
	return 2 * n;
}

/* convert_domain - to A-labels, without a trailing dot; unchanged if it has none */
static struct text
convert_domain(char ascii[HOSTNAME_MAX + 1], struct text domain)
{
	struct text made = { ascii, 0 };

	domain.len = hostname_length(domain.s, domain.len);
	if (ascii_only(domain.s, domain.len))
		return domain;
	made.len = idna_to_ascii(ascii, domain.s, domain.len);
	return made.len > 0 ? made : domain;
}

/* What the MAC of a token covers. */
struct token_parts {
	struct text part[5];
	char date[DATE_LEN];
	char ascii[HOSTNAME_MAX + 1];
};

/* list_token_parts - date: the number of the day */
static void
list_token_parts(struct token_parts *parts, unsigned date, const struct token_text *t,
    struct text local, struct text domain)
{
	size_t i;

	for (i = DATE_LEN; i-- > 0; date /= 10)
		parts->date[i] = (char)('0' + date % 10);
	parts->part[0] = (struct text){ parts->date, DATE_LEN };
	parts->part[1] = t->codes;
	parts->part[2] = t->client;
	parts->part[3] = convert_domain(parts->ascii, domain);
	parts->part[4] = local;
}

static bool
write_token_mac(char text[MAC_LEN], const struct srs_mac *mac, const struct token_parts *parts)
{
	unsigned char raw[SRS_MAC_VERDICT_SIZE];

	if (!srs_mac_verdict(mac, parts->part, sizeof(parts->part) / sizeof(parts->part[0]), raw))
		return false;
	base32hex_encode(text, raw, sizeof(raw));
	return true;
}

bool
verdict_token_make(char out[VERDICT_TOKEN_SIZE], const struct srs_keys *keys, struct text local,
    struct text domain, const struct verdict_token *token, time_t now)
{
	unsigned today = srs_stamp_day(now);
	struct token_parts parts;
	struct token_text t;
	size_t len;

	srs_stamp_write(today, out);
	out[SRS_STAMP_LEN] = '.';
	out[SRS_STAMP_LEN + 1] = identity_letters[token->identity];
	out[SRS_STAMP_LEN + 2] = result_letters[token->result];
	out[HEAD_LEN - 1] = '.';
	len = HEAD_LEN + write_client(out + HEAD_LEN, &token->client);
	out[len++] = '.';
	out[len + MAC_LEN] = '\0';
	if (!split_token(&t, (struct text){ out, len + MAC_LEN }))
		return false;
	list_token_parts(&parts, srs_stamp_date(today, now), &t, local, domain);
	return write_token_mac(out + len, srs_keys_mac(keys, 0), &parts);
}

int
verdict_token_verify(struct verdict_token *token, const struct srs_keys *keys, struct text text,
    struct text local, struct text domain, time_t now)
{
	struct token_parts parts;
	struct token_text t;
	char want[MAC_LEN];
	unsigned day;
	size_t i;

	if (!split_token(&t, text) || !srs_stamp_read(&day, t.stamp.s, t.stamp.len) ||
	    !srs_stamp_is_current(day, srs_stamp_day(now), VERDICT_TOKEN_DAYS) ||
	    !read_codes(token, t.codes) || !read_client(&token->client, t.client))
		return 0;
	list_token_parts(&parts, srs_stamp_date(day, now), &t, local, domain);
	for (i = 0; i < srs_keys_count(keys); i++) {
		if (!write_token_mac(want, srs_keys_mac(keys, i), &parts))
			return -1;
		if (srs_mac_is_same(t.mac.s, want, MAC_LEN))
			return 1;
	}
	return 0;
}
