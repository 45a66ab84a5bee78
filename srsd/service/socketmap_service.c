/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "common/buffer.h"
#include "common/log.h"
#include "common/xmalloc.h"
#include "srsd/postfix/socketmap.h"
#include "srsd/service/map_lookup.h"
#include "srsd/service/socketmap_service.h"

struct socketmap_session {
	struct session session;
	const struct socketmap_service *service;
	const struct session_host *host;
	struct map_lookup lookup;
	size_t rest;            /* bytes of a long request that have not arrived */
	const char *long_error; /* of that request; NULL: its result is in lookup */
};

/* The words of postsrsd 2 where it has the case, for readers of Postfix's log. */
static const char *const reasons[SRS_VERDICTS] = {
	[SRS_REWRITTEN] = "",
	[SRS_ALREADY_OURS] = "Need not rewrite own SRS address.",
	[SRS_LOCAL_DOMAIN] = "Need not rewrite local domain.",
	[SRS_NULL_SENDER] = "Need not rewrite null sender.",
	[SRS_NOT_ADDRESS] = "No domain.",
	[SRS_TOO_LONG] = "Address too long.",
	[SRS_NOT_SRS] = "Not an SRS address.",
	[SRS_BAD_HASH] = "Hash invalid in SRS address.",
	[SRS_EXPIRED] = "Time stamp out of date.",
	[SRS_MALFORMED] = "Invalid SRS address.",
	[SRS_FOREIGN] = "Not an SRS address.",
	[SRS_UNKNOWN_ALIAS] = "Unknown alias.",
	[SRS_UNAVAILABLE] = "No HMAC from libcrypto.",
	[SRS_NO_STORE] = "Envelope database unavailable.",
};

static void
wake_socketmap_session(void *arg)
{
	struct socketmap_session *s = arg;

	s->host->wake(s->host->arg);
}

static void
append_socketmap_reply(
    struct buffer *out, enum socketmap_status status, const char *text, size_t len)
{
	char reply[SOCKETMAP_REPLY_SIZE];

	buffer_add(out, reply, socketmap_reply(reply, status, text, len));
}

static void
append_socketmap_result(struct buffer *out, const struct srs_result *result)
{
	const char *reason = reasons[result->verdict];

	if (result->verdict == SRS_REWRITTEN)
		append_socketmap_reply(out, SOCKETMAP_OK, result->address, result->len);
	else
		append_socketmap_reply(out,
		    srs_verdict_is_temporary(result->verdict) ? SOCKETMAP_TEMP : SOCKETMAP_NOTFOUND,
		    reason, strlen(reason));
}

static void
append_socketmap_error(
    const struct socketmap_service *service, const char *error, struct buffer *out)
{
	service->forward->stats->malformed_socketmap++;
	log_debug("socketmap malformed request: %s", error);
	append_socketmap_reply(out, SOCKETMAP_PERM, error, strlen(error));
}

/* remove_probe_prefix - from the name of the map; true: the request is a probe of srsctl check */
static bool
remove_probe_prefix(struct text *name)
{
	const size_t len = strlen(SOCKETMAP_PROBE);

	if (name->len <= len || memcmp(name->s, SOCKETMAP_PROBE, len) != 0)
		return false;
	name->s += len;
	name->len -= len;
	return true;
}

/* find_map - NULL: there is no map of this name */
static const struct map_service *
find_map(const struct socketmap_service *service, struct text name)
{
	if (text_is(name, map_kind_name(MAP_FORWARD)))
		return service->forward;
	return text_is(name, map_kind_name(MAP_REVERSE)) ? service->reverse : NULL;
}

/*
 * look_up_payload - false: the answer waits for the store. *error is the reason if it is no request
 *
 * A long one is looked up by its beginning, whether its end is there or not.
 */
static bool
look_up_payload(struct socketmap_session *s, struct text payload, const char **error)
{
	const bool is_long = payload.len > SOCKETMAP_KEPT_MAX || s->rest > 0;
	const struct map_service *map;
	struct socketmap_request req;

	if (payload.len > SOCKETMAP_KEPT_MAX)
		payload.len = SOCKETMAP_KEPT_MAX;
	if (!socketmap_split(payload, &req, error))
		return true;
	s->lookup.probe = remove_probe_prefix(&req.map);
	map = find_map(s->service, req.map);
	*error = map == NULL ? "Invalid map." : NULL;
	return map == NULL || map_lookup_run(&s->lookup, map, req.key, is_long);
}

static void
append_socketmap_answer(struct socketmap_session *s, const char *error, struct buffer *out)
{
	if (error != NULL)
		append_socketmap_error(s->service, error, out);
	else
		append_socketmap_result(out, &s->lookup.result);
}

/* drop_rest - of a long request, which is answered at its end; false: that is not a comma */
static bool
drop_rest(
    struct socketmap_session *s, const char *data, size_t len, size_t *used, struct buffer *out)
{
	size_t n = len - *used < s->rest ? len - *used : s->rest;

	*used += n;
	s->rest -= n;
	if (s->rest > 0)
		return true;
	if (data[*used - 1] != ',')
		return false;
	append_socketmap_answer(s, s->long_error, out);
	return true;
}

/* take_request - from the bytes that are there; *state is that of the session */
static bool
take_request(struct socketmap_session *s, const char *data, size_t len, size_t *used,
    struct buffer *out, enum session_state *state)
{
	const char *error = NULL;
	struct text payload;
	size_t n;
	int got = socketmap_parse(data, len, &n, &payload, &error);

	*state = got == 0 ? SESSION_READING : SESSION_CLOSE;
	if (got == -1)
		append_socketmap_error(s->service, error, out);
	if (got == -1 || (got == 0 && !socketmap_parse_long(data, len, &n, &payload, &s->rest)))
		return false;
	*state = SESSION_BUSY; /* the same request comes again */
	if (!look_up_payload(s, payload, &error))
		return false;
	*used += n;
	if (s->rest > 0)
		s->long_error = error;
	else
		append_socketmap_answer(s, error, out);
	return true;
}

static enum session_state
socketmap_session_input(
    struct session *session, const char *data, size_t len, size_t *used, struct buffer *out)
{
	struct socketmap_session *s = (struct socketmap_session *)session;
	enum session_state state;

	*used = 0;
	do {
		if (s->rest > 0 && !drop_rest(s, data, len, used, out)) {
			append_socketmap_error(s->service, SOCKETMAP_NO_COMMA, out);
			return SESSION_CLOSE;
		}
		if (s->rest > 0)
			return SESSION_READING;
	} while (take_request(s, data + *used, len - *used, used, out, &state));
	return state;
}

static void
socketmap_session_close(struct session *session)
{
	struct socketmap_session *s = (struct socketmap_session *)session;

	map_lookup_cancel(&s->lookup);
	free(s);
}

static const struct session_ops socketmap_session_ops = {
	.input = socketmap_session_input,
	.close = socketmap_session_close,
};

struct session *
socketmap_session_open(void *service, const struct session_host *host)
{
	struct socketmap_session *s = xmalloc(sizeof(*s));

	s->rest = 0;
	s->long_error = NULL;
	s->session.ops = &socketmap_session_ops;
	s->service = service;
	s->host = host;
	map_lookup_init(&s->lookup, wake_socketmap_session, s);
	return &s->session;
}
