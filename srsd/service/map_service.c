/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "common/buffer.h"
#include "common/line.h"
#include "common/log.h"
#include "common/xmalloc.h"
#include "srsd/postfix/tcptable.h"
#include "srsd/service/map_service.h"
#include "srsd/srs/srs_addr.h"
#include "srsd/srs/srs_rewrite.h"

/* RFC 5321, 4.5.3.1.1. Longer ones are made, because most servers accept them, and are logged. */
#define LOCAL_PART_MAX 64

struct map_session {
	struct session session;
	const struct map_service *service;
	struct tcptable_parser parser;
};

static bool
is_local_part_long(const struct srs_result *result)
{
	const char *at = memrchr(result->address, '@', result->len);

	return at != NULL && at - result->address > LOCAL_PART_MAX;
}

static void
put_rewritten(struct line *line, enum map_kind kind, const struct srs_result *result)
{
	line_put(line, "> to=<");
	line_put_untrusted(line, result->address, result->len);
	line_put(line, "> result=rewritten");
	if (kind == MAP_REVERSE) {
		line_put(line, " secret=");
		line_put_number(line, (unsigned)result->secret + 1);
	} else if (is_local_part_long(result)) {
		line_put(line, " note=local-part-over-64");
	}
}

static void
put_unchanged(struct line *line, const char *result, enum srs_verdict verdict)
{
	line_put(line, "> result=");
	line_put(line, result);
	line_put(line, " reason=");
	line_put(line, srs_verdict_word(verdict));
}

/* get_result_word - for a key that was not rewritten */
static const char *
get_result_word(enum srs_verdict verdict)
{
	switch (verdict) {
	case SRS_BAD_HASH:
	case SRS_EXPIRED:
	case SRS_MALFORMED:
		return "refused";
	case SRS_UNAVAILABLE:
		return "deferred";
	default:
		return "kept";
	}
}

/* is_whole_address - Postfix also looks up the local part alone, and "@domain" */
static bool
is_whole_address(const struct tcptable_request *req)
{
	const char *at = memchr(req->key, '@', req->len);

	return at != NULL && at > req->key;
}

/*
 * is_routine_lookup - logged with -v only?
 *
 * A sender that should be rewritten and cannot be is not routine, because its mail leaves without a
 * signature. Nor is an SRS recipient in a domain that is not ours, because it may be missing in
 * reverse-domains.
 */
static bool
is_routine_lookup(const struct tcptable_request *req, enum srs_verdict verdict)
{
	switch (verdict) {
	case SRS_ALREADY_OURS:
	case SRS_LOCAL_DOMAIN:
	case SRS_NULL_SENDER:
	case SRS_NOT_SRS:
		return true;
	case SRS_NOT_ADDRESS:
		return !is_whole_address(req);
	default:
		return false;
	}
}

static void
log_map_lookup(
    enum map_kind kind, const struct tcptable_request *req, const struct srs_result *result)
{
	struct line line;

	if (is_routine_lookup(req, result->verdict) && !log_debugging())
		return;
	line_begin(&line, map_kind_name(kind));
	line_put(&line, " from=<");
	line_put_untrusted(&line, req->key, req->len);
	if (result->verdict == SRS_REWRITTEN)
		put_rewritten(&line, kind, result);
	else
		put_unchanged(&line, get_result_word(result->verdict), result->verdict);
	log_line(&line);
}

/* judge_overlong_key - an overlong key is not an address */
static void
judge_overlong_key(
    enum map_kind kind, const struct tcptable_request *req, struct srs_result *result)
{
	if (kind == MAP_FORWARD)
		result->verdict = SRS_TOO_LONG;
	else if (srs_addr_tag(req->key, req->len) == -1)
		result->verdict = SRS_NOT_SRS;
	else
		result->verdict = SRS_MALFORMED;
}

static void
rewrite_key(const struct map_service *service, const struct tcptable_request *req,
    struct srs_result *result)
{
	const struct srs_context context = { service->settings, service->keys,
		clock_wall(service->clock) };

	if (req->overlong)
		judge_overlong_key(service->kind, req, result);
	else if (service->kind == MAP_FORWARD)
		srs_rewrite_forward(result, &context, req->key, req->len);
	else
		srs_rewrite_reverse(result, &context, req->key, req->len);
}

static void
answer_key(
    const struct map_service *service, const struct tcptable_request *req, struct buffer *out)
{
	char reply[TCPTABLE_REPLY_SIZE];
	struct srs_result result;
	size_t len;

	rewrite_key(service, req, &result);
	service->stats->lookups[service->kind][result.verdict]++;
	log_map_lookup(service->kind, req, &result);
	if (result.verdict == SRS_REWRITTEN)
		len = tcptable_found(reply, result.address, result.len);
	else
		len = tcptable_refusal(reply, result.verdict == SRS_UNAVAILABLE ? 400 : 500,
		    srs_verdict_text(result.verdict));
	buffer_add(out, reply, len);
}

static void
answer_bad_request(const struct map_service *service, const char *error, struct buffer *out)
{
	char reply[TCPTABLE_REPLY_SIZE];

	service->stats->malformed[service->kind]++;
	log_debug("%s malformed request: %s", map_kind_name(service->kind), error);
	buffer_add(out, reply, tcptable_refusal(reply, 400, error));
}

static enum session_state
map_session_input(
    struct session *session, const char *data, size_t len, size_t *used, struct buffer *out)
{
	struct map_session *map = (struct map_session *)session;
	struct tcptable_request req;
	const char *error;
	size_t n;
	int got;

	for (*used = 0; *used < len; *used += n) {
		got = tcptable_parse(&map->parser, data + *used, len - *used, &n, &req, &error);
		if (got == 1)
			answer_key(map->service, &req, out);
		else if (got == -1)
			answer_bad_request(map->service, error, out);
	}
	return SESSION_READING;
}

static void
map_session_close(struct session *session)
{
	free(session);
}

static const struct session_ops map_session_ops = {
	.input = map_session_input,
	.close = map_session_close,
};

struct session *
map_session_open(void *service, const struct session_host *host)
{
	struct map_session *map = xmalloc(sizeof(*map));

	(void)host; /* a map is never busy */
	map->session.ops = &map_session_ops;
	map->service = service;
	tcptable_init(&map->parser);
	return &map->session;
}
