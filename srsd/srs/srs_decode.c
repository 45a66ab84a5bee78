/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "common/day.h"
#include "srsd/srs/srs_decode.h"
#include "srsd/srs/srs_stamp.h"

const char *
srs_decoded_hash_name(enum srs_decoded_hash hash)
{
	static const char *const names[] = { "unknown", "right", "wrong", "too short", "too long" };

	return names[hash];
}

/* judge_decoded_hash - the reason why the reverse map accepts the hash or not */
static enum srs_decoded_hash
judge_decoded_hash(
    const struct settings *settings, const struct srs_addr *srs, const struct srs_result *result)
{
	if (result->secret >= 0)
		return SRS_DECODED_HASH_RIGHT;
	if (result->verdict != SRS_BAD_HASH)
		return SRS_DECODED_HASH_UNKNOWN;
	if (srs->hash.len < (size_t)settings->hash_minimum)
		return SRS_DECODED_HASH_TOO_SHORT;
	return srs->hash.len > SRS_MAC_LEN ? SRS_DECODED_HASH_TOO_LONG : SRS_DECODED_HASH_WRONG;
}

static void
decode_stamp(struct srs_decoded *decoded, const struct srs_context *context, struct text stamp)
{
	unsigned day;

	if (!srs_stamp_read(&day, stamp.s, stamp.len))
		return;
	decoded->has_day = true;
	decoded->day = (int)srs_stamp_date(day, context->now);
}

static void
decode_srs0(
    struct srs_decoded *decoded, const struct srs_context *context, const struct srs_addr *srs)
{
	int expires;

	if (!text_is(srs->host, SRS_ALIAS_HOST))
		mailaddr_format(
		    decoded->sender, srs->user.s, srs->user.len, srs->host.s, srs->host.len);
	else if (!srs_alias_parse(srs->host, srs->user, decoded->alias))
		decoded->alias[0] = '\0';
	decode_stamp(decoded, context, srs->stamp);
	expires = decoded->day + context->settings->max_age;
	if (decoded->has_day && day_of(context->now) > expires)
		decoded->expired = day_of(context->now) - expires;
}

/* decode_srs1 - the SRS0 address of the other host, and what that says */
static void
decode_srs1(
    struct srs_decoded *decoded, const struct srs_context *context, const struct srs_addr *srs)
{
	char local[MAILADDR_SIZE] = "SRS0";
	size_t len = SRS_TAG_LEN + srs->user.len;
	struct srs_addr inner;

	if (len >= sizeof(local))
		return;
	memcpy(local + SRS_TAG_LEN, srs->user.s, srs->user.len);
	mailaddr_format(decoded->sender, local, len, srs->host.s, srs->host.len);
	if (srs_addr_parse(&inner, local, len) != SRS_ADDR_SRS0)
		return;
	mailaddr_format(
	    decoded->original, inner.user.s, inner.user.len, inner.host.s, inner.host.len);
	decode_stamp(decoded, context, inner.stamp);
}

void
srs_decode(struct srs_decoded *decoded, const struct srs_context *context, const char *key,
    size_t len, const struct srs_result *result)
{
	struct mailaddr addr;
	struct srs_addr srs;

	memset(decoded, 0, sizeof(*decoded));
	if (mailaddr_parse_external(&addr, key, len) != MAILADDR_OK)
		return;
	decoded->kind = srs_addr_parse(&srs, addr.local, addr.local_len);
	if (decoded->kind != SRS_ADDR_SRS0 && decoded->kind != SRS_ADDR_SRS1)
		return;
	decoded->hash = judge_decoded_hash(context->settings, &srs, result);
	if (decoded->kind == SRS_ADDR_SRS0)
		decode_srs0(decoded, context, &srs);
	else
		decode_srs1(decoded, context, &srs);
}
