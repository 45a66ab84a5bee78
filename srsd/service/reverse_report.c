/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "common/day.h"
#include "srsd/service/gate.h"
#include "srsd/service/gate_check.h"
#include "srsd/service/reverse_report.h"
#include "srsd/srs/srs_decode.h"
#include "srsd/srs/srs_stamp.h"

static void
put_decoded_text(json_t *report, const char *name, const char *text)
{
	if (text[0] != '\0')
		json_object_set_new(report, name, json_string(text));
}

/* The number of days that a clock may be ahead, as far as the report considers it. */
#define DAYS_AHEAD 366

/* put_decoded_day - an expired stamp may also be one of the future, if a clock was wrong */
static void
put_decoded_day(json_t *report, const struct srs_decoded *decoded, int today)
{
	int ahead = decoded->day + SRS_STAMP_DAYS;
	char made[DAY_TEXT_SIZE];

	if (!decoded->has_day)
		return;
	day_format(made, decoded->day);
	json_object_set_new(report, "made", json_string(made));
	json_object_set_new(report, "expired_days", json_integer(decoded->expired));
	if (decoded->expired == 0 || ahead - today > DAYS_AHEAD)
		return;
	day_format(made, ahead);
	json_object_set_new(report, "ahead", json_string(made));
}

static json_t *
list_fingerprints(const struct srs_keys *keys)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < srs_keys_count(keys); i++)
		json_array_append_new(list, json_string(srs_keys_fingerprint(keys, i)));
	return list;
}

/* put_rcpt_answer - to a bounce */
static void
put_rcpt_answer(json_t *report, const struct srs_context *context, struct text address)
{
	struct policy_request req = { .protocol_state = text_of("RCPT") };
	char internal[2 * MAILADDR_SIZE], held_back[GATE_TEXT_SIZE];
	struct gate_action action;
	struct mailaddr addr;
	struct gate_query q;

	if (mailaddr_parse_external(&addr, address.s, address.len) != MAILADDR_OK)
		return;
	memcpy(internal, addr.local, addr.local_len);
	internal[addr.local_len] = '@';
	memcpy(internal + addr.local_len + 1, addr.domain, addr.domain_len);
	req.recipient = (struct text){ internal, addr.local_len + 1 + addr.domain_len };
	gate_query_init(&q, &req, context->settings);
	gate_check_facts(&q, context);
	if (gate_before_recipient(&q, context->settings, &action, held_back))
		json_object_set_new(report, "rcpt", json_string(action.text));
	put_decoded_text(report, "held_back", held_back);
}

json_t *
reverse_report(
    const struct srs_context *context, struct text address, const struct srs_result *result)
{
	struct srs_decoded decoded;
	json_t *report;

	srs_decode(&decoded, context, address.s, address.len, result);
	if (decoded.kind == SRS_ADDR_NONE)
		return NULL;
	report = json_object();
	put_decoded_text(report, "sender", decoded.sender);
	put_decoded_text(report, "original", decoded.original);
	put_decoded_text(report, "alias", decoded.alias);
	put_decoded_day(report, &decoded, day_of(context->now));
	if (decoded.kind != SRS_ADDR_MALFORMED)
		json_object_set_new(
		    report, "hash", json_string(srs_decoded_hash_name(decoded.hash)));
	if (decoded.hash == SRS_DECODED_HASH_WRONG)
		json_object_set_new(report, "tried", list_fingerprints(context->keys));
	put_rcpt_answer(report, context, address);
	return report;
}
