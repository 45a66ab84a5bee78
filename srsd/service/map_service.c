/* SPDX-License-Identifier: ISC */
#include <stdlib.h>

#include "common/buffer.h"
#include "common/log.h"
#include "common/xmalloc.h"
#include "srsd/postfix/tcptable.h"
#include "srsd/service/map_service.h"

struct map_session {
	struct session session;
	const struct map_service *service;
	const struct session_host *host;
	struct tcptable_parser parser;
	bool waits; /* for the store, with this request; its key is in the parser */
	struct tcptable_request req;
	struct map_lookup lookup;
};

static void
wake_map_session(void *arg)
{
	struct map_session *map = arg;

	map->host->wake(map->host->arg);
}

static void
append_map_reply(const struct srs_result *result, struct buffer *out)
{
	char reply[TCPTABLE_REPLY_SIZE];
	size_t len;

	if (result->verdict == SRS_REWRITTEN)
		len = tcptable_found(reply, result->address, result->len);
	else
		len = tcptable_refusal(reply, srs_verdict_is_temporary(result->verdict) ? 400 : 500,
		    srs_verdict_text(result->verdict));
	buffer_add(out, reply, len);
}

/* answer_key - false: the answer waits for the store */
static bool
answer_key(struct map_session *map, struct buffer *out)
{
	const struct text key = { map->req.key, map->req.len };

	map->lookup.probe = map->req.probe;
	map->waits = !map_lookup_run(&map->lookup, map->service, key, map->req.overlong);
	if (!map->waits)
		append_map_reply(&map->lookup.result, out);
	return !map->waits;
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
	const char *error;
	size_t n;
	int got;

	*used = 0;
	while (map->waits || *used < len) {
		got = 1;
		if (!map->waits) {
			got = tcptable_parse(
			    &map->parser, data + *used, len - *used, &n, &map->req, &error);
			*used += n;
		}
		if (got == -1)
			answer_bad_request(map->service, error, out);
		else if (got == 1 && !answer_key(map, out))
			return SESSION_BUSY;
	}
	return SESSION_READING;
}

static void
map_session_close(struct session *session)
{
	struct map_session *map = (struct map_session *)session;

	map_lookup_cancel(&map->lookup);
	free(map);
}

static const struct session_ops map_session_ops = {
	.input = map_session_input,
	.close = map_session_close,
};

struct session *
map_session_open(void *service, const struct session_host *host)
{
	struct map_session *map = xmalloc(sizeof(*map));

	map->session.ops = &map_session_ops;
	map->service = service;
	map->host = host;
	map->waits = false;
	tcptable_init(&map->parser);
	map_lookup_init(&map->lookup, wake_map_session, map);
	return &map->session;
}
