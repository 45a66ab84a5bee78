/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "common/buffer.h"
#include "common/printable.h"
#include "common/xmalloc.h"
#include "spf/spf_query.h"
#include "srsd/service/control.h"
#include "srsd/service/control_recent.h"
#include "srsd/service/control_store.h"
#include "srsd/service/gate_explain.h"
#include "srsd/service/reverse_report.h"
#include "srsd/service/status.h"
#include "srsd/srs/srs_rewrite.h"

/* Bytes of an error text that is not UTF-8, once it is printable. */
#define CONTROL_ERROR_MAX 2048

/* The line of a request that waits remains with the host, and is used up by the reply. */
struct control_session {
	struct session session;
	TAILQ_ENTRY(control_session) next; /* while it waits for a reload */
	const struct session_host *host;
	struct control_service *service;
	/* The line at the beginning of the input waits for one of these. */
	struct spf_query *query;
	struct gate_explain *explain;
	struct control_store *stored;
	struct recent_question *recent;
	bool reloading;
	json_t *outcome; /* of the reload, until the reply */
	unsigned round;  /* of the service, at the time of the request for a reload */
	bool follows;    /* has a place of control_recent_ask */
};

/* put_json_reply - one line of JSON; takes over the reference */
static void
put_json_reply(struct buffer *out, json_t *reply)
{
	char *text = reply == NULL ? NULL : json_dumps(reply, JSON_COMPACT | JSON_ENSURE_ASCII);

	buffer_printf(out, "%s\n", text == NULL ? "{\"error\":\"out of memory\"}" : text);
	free(text);
	json_decref(reply);
}

static void
put_error_reply(struct buffer *out, const char *error)
{
	put_json_reply(out, json_pack("{s:s}", "error", error));
}

static void
wake_control_session(void *arg)
{
	struct control_session *s = arg;

	s->host->wake(s->host->arg);
}

static bool
is_session_waiting(const struct control_session *s)
{
	return s->query != NULL || s->explain != NULL || s->stored != NULL || s->recent != NULL ||
	       s->reloading || s->outcome != NULL;
}

/* put_pending_reply - answer the line that waits; false: woken for another reason, wait on */
static bool
put_pending_reply(struct control_session *s, struct buffer *out)
{
	json_t *report;

	if (s->query != NULL) {
		put_json_reply(out, spf_query_report(s->query));
		spf_query_free(&s->query);
	} else if (s->explain != NULL) {
		report = gate_explain_report(s->explain);
		if (report == NULL)
			return false;
		put_json_reply(out, report);
		gate_explain_free(&s->explain);
	} else if (s->stored != NULL) {
		report = control_store_report(s->stored);
		if (report == NULL)
			return false;
		put_json_reply(out, report);
		control_store_free(&s->stored);
	} else if (s->recent != NULL) {
		report = control_recent_report(s->recent);
		if (report == NULL)
			return false;
		put_json_reply(out, report);
		control_recent_free_question(&s->recent);
	} else if (s->outcome != NULL) {
		put_json_reply(out, s->outcome);
		s->outcome = NULL;
	} else {
		return false;
	}
	return true;
}

/* Each start function is true when the request is answered, and false when it has to wait. */

static bool
start_spf(struct control_session *s, const json_t *request, struct buffer *out)
{
	const struct control_service *service = s->service;
	const char *error;

	s->query = spf_query_start(service->checker, service->settings, request,
	    clock_wall(service->clock), wake_control_session, s, &error);
	if (s->query == NULL) {
		put_error_reply(out, error);
		return true;
	}
	return spf_query_is_done(s->query) && put_pending_reply(s, out);
}

static bool
start_explain(struct control_session *s, const json_t *request, struct buffer *out)
{
	const char *error;

	s->explain =
	    gate_explain_start(s->service->policy, request, wake_control_session, s, &error);
	if (s->explain == NULL) {
		put_error_reply(out, error);
		return true;
	}
	return put_pending_reply(s, out);
}

static bool
start_reload(struct control_session *s, const json_t *request, struct buffer *out)
{
	struct control_service *service = s->service;

	(void)request;
	if (!service->ask_reload(service->ask_reload_arg)) {
		put_error_reply(out, "cannot notify the monitor");
		return true;
	}
	s->reloading = true;
	s->round = service->round;
	TAILQ_INSERT_TAIL(&service->waiting, s, next);
	return false;
}

/* make_map_reply - the answer of a map, and its reason */
static json_t *
make_map_reply(const struct control_service *service, const struct srs_result *r)
{
	json_t *reply = json_object();

	if (r->verdict == SRS_REWRITTEN)
		json_object_set_new(reply, "address", json_stringn(r->address, r->len));
	else
		json_object_set_new(reply, "reason", json_string(srs_verdict_text(r->verdict)));
	if (r->verdict == SRS_FOREIGN)
		json_object_set_new(reply, "hint",
		    json_string("its domain is not an SRS domain of ours; see reverse-domains and "
				"per-domain-accept"));
	if (r->verdict == SRS_UNKNOWN_ALIAS && service->store == NULL)
		json_object_set_new(reply, "hint", json_string("no envelope-database is set"));
	if (r->secret >= 0)
		json_object_set_new(reply, "secret",
		    json_string(srs_keys_fingerprint(service->keys, (size_t)r->secret)));
	return reply;
}

/* read_address_member - the member of a request; without one, an error is the reply */
static bool
read_address_member(struct text *address, const json_t *request, struct buffer *out)
{
	const json_t *value = json_object_get(request, "address");

	if (!json_is_string(value)) {
		put_error_reply(out, "no address");
		return false;
	}
	address->s = json_string_value(value);
	address->len = json_string_length(value);
	return true;
}

/* make_operator_context - for a question of an operator, which is not mail */
static struct srs_context
make_operator_context(const struct control_service *service)
{
	struct srs_context context = { .settings = service->settings,
		.keys = service->keys,
		.now = clock_wall(service->clock),
		.uncounted = true };

	return context;
}

/* start_forward - as the map, except that no sender is stored */
static bool
start_forward(struct control_session *s, const json_t *request, struct buffer *out)
{
	const struct control_service *service = s->service;
	const struct srs_context context = make_operator_context(service);
	struct srs_envelope envelope;
	struct srs_result result;
	struct text address;
	json_t *reply;
	int belongs;

	if (!read_address_member(&address, request, out))
		return true;
	result.secret = SRS_KEYS_NONE;
	srs_rewrite_forward(&result, &context, address.s, address.len);
	belongs = srs_rewrite_envelope(&envelope, &context, address.s, address.len, &result);
	if (belongs == 1)
		srs_rewrite_alias(&result, &context, NULL, envelope.alias);
	else if (belongs == -1)
		result.verdict = SRS_UNAVAILABLE;
	reply = make_map_reply(service, &result);
	if (belongs == 1) {
		json_object_set_new(reply, "alias", json_string(envelope.alias));
		json_object_set_new(reply, "stored", json_false());
	}
	put_json_reply(out, reply);
	return true;
}

/* start_reverse - by the functions that the map itself uses */
static bool
start_reverse(struct control_session *s, const json_t *request, struct buffer *out)
{
	const struct control_service *service = s->service;
	const struct srs_context context = make_operator_context(service);
	struct srs_result result;
	struct text address;
	json_t *reply;

	if (!read_address_member(&address, request, out))
		return true;
	result.secret = SRS_KEYS_NONE;
	srs_rewrite_reverse(&result, &context, address.s, address.len);
	reply = make_map_reply(service, &result);
	json_object_set_new(reply, "decoded", reverse_report(&context, address, &result));
	if (result.verdict != SRS_UNKNOWN_ALIAS || service->store == NULL ||
	    result.alias[0] == '\0') {
		put_json_reply(out, reply);
		return true;
	}
	json_object_del(reply, "reason");
	s->stored = control_store_reverse(service, &result, reply, wake_control_session, s);
	return false;
}

/* start_store_request - error: the reason why it was not started */
static bool
start_store_request(
    struct control_session *s, struct control_store *started, const char *error, struct buffer *out)
{
	s->stored = started;
	if (started == NULL) {
		put_error_reply(out, error);
		return true;
	}
	return put_pending_reply(s, out);
}

static bool
start_store_get(struct control_session *s, const json_t *request, struct buffer *out)
{
	const char *error;
	struct control_store *started =
	    control_store_get(s->service, request, wake_control_session, s, &error);

	return start_store_request(s, started, error, out);
}

static bool
start_store_put(struct control_session *s, const json_t *request, struct buffer *out)
{
	const char *error;
	struct control_store *started =
	    control_store_put(s->service, request, wake_control_session, s, &error);

	return start_store_request(s, started, error, out);
}

static bool
start_store_forget(struct control_session *s, const json_t *request, struct buffer *out)
{
	(void)request;
	if (s->service->store == NULL) {
		put_error_reply(out, "no envelope-database is set");
		return true;
	}
	s->service->reopen_store(s->service->reopen_store_arg);
	put_json_reply(out, json_pack("{s:b}", "forgotten", 1));
	return true;
}

static bool
start_recent(struct control_session *s, const json_t *request, struct buffer *out)
{
	const char *error;

	s->recent = control_recent_ask(
	    s->service->recent, request, &s->follows, wake_control_session, s, &error);
	if (s->recent == NULL) {
		put_error_reply(out, error);
		return true;
	}
	return put_pending_reply(s, out);
}

static bool
start_top(struct control_session *s, const json_t *request, struct buffer *out)
{
	(void)request;
	put_json_reply(out, control_recent_top(s->service->recent));
	return true;
}

static bool
start_status(struct control_session *s, const json_t *request, struct buffer *out)
{
	struct status status;

	(void)request;
	s->service->read_status(s->service->read_status_arg, &status);
	put_json_reply(out, status_json(&status));
	json_decref(status.listeners);
	return true;
}

void
control_service_init(struct control_service *service)
{
	TAILQ_INIT(&service->waiting);
}

/* make_reload_outcome - error is NULL, or a text that may quote bytes that are not UTF-8 */
static json_t *
make_reload_outcome(const char *error)
{
	char text[CONTROL_ERROR_MAX + 1];
	json_t *reason;

	if (error == NULL)
		return json_pack("{s:b}", "reloaded", 1);
	reason = json_string(error);
	if (reason == NULL)
		reason = json_string(printable_text(text, sizeof(text), error, strlen(error)));
	return json_pack("{s:o}", "error", reason);
}

void
control_service_reloaded(struct control_service *service, const char *error)
{
	struct control_session *s;
	unsigned round = ++service->round;

	/*
	 * A session may request the next reload as soon as it is woken, and is then in a new round.
	 */
	while ((s = TAILQ_FIRST(&service->waiting)) != NULL && s->round != round) {
		TAILQ_REMOVE(&service->waiting, s, next);
		s->reloading = false;
		s->outcome = make_reload_outcome(error);
		s->host->wake(s->host->arg);
	}
}

static const struct {
	const char *name;
	bool (*start)(struct control_session *, const json_t *request, struct buffer *out);
} commands[] = {
	{ "explain", start_explain },
	{ "forward", start_forward },
	{ "recent", start_recent },
	{ "reload", start_reload },
	{ "reverse", start_reverse },
	{ "spf", start_spf },
	{ "status", start_status },
	{ "store-forget", start_store_forget },
	{ "store-get", start_store_get },
	{ "store-put", start_store_put },
	{ "top", start_top },
};

static bool
start_command(struct control_session *s, const json_t *request, struct buffer *out)
{
	const char *name = json_string_value(json_object_get(request, "command"));
	size_t i;

	for (i = 0; name != NULL && i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(commands[i].name, name) == 0)
			return commands[i].start(s, request, out);
	put_error_reply(out, "no such command");
	return true;
}

/* start_line - carry out the request in a line */
static bool
start_line(struct control_session *s, const char *line, size_t len, struct buffer *out)
{
	json_t *request = json_loadb(line, len, JSON_REJECT_DUPLICATES, NULL);
	bool done;

	if (!json_is_object(request)) {
		put_error_reply(out, "not a JSON object");
		done = true;
	} else {
		done = start_command(s, request, out);
	}
	json_decref(request);
	return done;
}

static enum session_state
control_session_input(
    struct session *session, const char *data, size_t len, size_t *used, struct buffer *out)
{
	struct control_session *s = (struct control_session *)session;
	const char *newline = memchr(data, '\n', len);

	*used = 0;
	if (newline == NULL && len <= CONTROL_LINE_MAX)
		return SESSION_READING;
	if (newline == NULL) {
		put_error_reply(out, "the line is too long");
		return SESSION_CLOSE;
	}
	if (is_session_waiting(s) ? !put_pending_reply(s, out)
				  : !start_line(s, data, (size_t)(newline - data), out))
		return SESSION_BUSY;
	*used = (size_t)(newline + 1 - data);
	return *used < len ? SESSION_MORE : SESSION_READING;
}

static void
control_session_close(struct session *session)
{
	struct control_session *s = (struct control_session *)session;

	if (s->reloading)
		TAILQ_REMOVE(&s->service->waiting, s, next);
	spf_query_free(&s->query);
	gate_explain_free(&s->explain);
	control_store_free(&s->stored);
	control_recent_free_question(&s->recent);
	control_recent_leave(s->service->recent, &s->follows);
	json_decref(s->outcome);
	free(s);
}

static const struct session_ops control_session_ops = {
	.input = control_session_input,
	.close = control_session_close,
};

struct session *
control_session_open(void *service, const struct session_host *host)
{
	struct control_session *s = xcalloc(1, sizeof(*s));

	s->session.ops = &control_session_ops;
	s->host = host;
	s->service = service;
	return &s->session;
}
