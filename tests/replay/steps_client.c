/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include <event2/buffer.h>

#include "common/xmalloc.h"
#include "srsd/postfix/socketmap.h"
#include "tests/replay/mta.h"
#include "tests/replay/steps.h"
#include "tests/replay/text.h"

static struct client *
find(struct story *story, struct word name)
{
	struct client *client;

	LIST_FOREACH (client, &story->world.clients, next)
		if (word_is(name, client->name))
			return client;
	return NULL;
}

struct client *
steps_cut_client(struct story *story, struct word *line)
{
	struct client *client = NULL;
	struct word name;

	if (word_next(line, &name))
		client = find(story, name);
	if (client == NULL)
		story_fail(story, "no such client");
	return client;
}

struct client *
steps_open_client(struct story *story, struct word service, struct word name)
{
	struct client *client = NULL;
	char *text;

	if (!steps_start(story))
		return NULL;
	text = xstrndup(service.s, service.len);
	client = world_open(&story->world, text, name.s, name.len);
	free(text);
	if (client == NULL)
		story_fail(story, "no such service");
	return client;
}

bool
steps_send(struct story *story, struct client *client, const char *data, size_t len)
{
	client_send(client, data, len);
	world_settle(&story->world);
	return client->broken == NULL || story_fail(story, "%s: %s", client->name, client->broken);
}

static const char *
output(const struct client *client, size_t *len)
{
	*len = evbuffer_get_length(client->output);
	return *len == 0 ? NULL : (const char *)evbuffer_pullup(client->output, (ssize_t)*len);
}

/* keep_prepended - the header that the policy service adds, for a message to the milter */
static void
keep_prepended(struct story *story, const char *reply, size_t len)
{
	static const char before[] = "action=PREPEND ";
	const size_t n = strlen(before);
	const char *end;

	if (len <= n || memcmp(reply, before, n) != 0)
		return;
	end = memchr(reply, '\n', len);
	free(story->prepended);
	story->prepended = xstrndup(reply + n, (end == NULL ? len : (size_t)(end - reply)) - n);
}

static bool
expect_bytes(struct story *story, struct client *client, struct word want)
{
	size_t len;
	const char *got = output(client, &len);

	if (!story_compare(story, client->name, got, len, want))
		return false;
	keep_prepended(story, got, len);
	evbuffer_drain(client->output, len);
	return true;
}

const char *
steps_unread(const struct client *client, size_t *len)
{
	if (client->mta != NULL && mta_has_replies(client->mta))
		return mta_replies(client->mta, len);
	return output(client, len);
}

/* check_done - no bytes for the client are left */
static bool
check_done(struct story *story, const struct client *client)
{
	const struct word nothing = word_of_text("nothing");
	size_t len;
	const char *got = steps_unread(client, &len);

	return got == NULL || story_differs(story, client->name, got, len, nothing);
}

void
steps_leave(struct story *story, struct client *client)
{
	LIST_REMOVE(client, next);
	client_free(&client);
	world_settle(&story->world);
}

bool
step_open(struct story *story, struct word line)
{
	struct word service, name;

	if (!word_next(&line, &service) || !word_next(&line, &name))
		return story_fail(story, "open wants a service and a name for the client");
	if (find(story, name) != NULL)
		return story_fail(story, "there is such a client");
	return steps_open_client(story, service, name) != NULL;
}

bool
step_send(struct story *story, struct word line)
{
	struct client *client = steps_cut_client(story, &line);
	struct word rest = word_rest(line);
	const char *error;
	size_t n;
	char *bytes;
	bool ok;

	if (client == NULL)
		return false;
	bytes = text_bytes(rest.s, rest.len, &n, &error);
	if (bytes == NULL)
		return story_fail(story, "%s", error);
	ok = steps_send(story, client, bytes, n);
	free(bytes);
	return ok;
}

bool
step_expect(struct story *story, struct word line)
{
	struct client *client = steps_cut_client(story, &line);
	struct word want = word_rest(line);
	bool open;

	if (client == NULL)
		return false;
	open = word_is(want, "nothing");
	if (!open && !word_is(want, "closed"))
		return expect_bytes(story, client, want);
	if (!check_done(story, client))
		return false;
	if (open == (client->session != NULL))
		return true;
	return story_fail(story, "%s is %s", client->name, open ? "closed" : "open");
}

bool
step_close(struct story *story, struct word line)
{
	struct client *client = steps_cut_client(story, &line);

	if (client == NULL || !check_done(story, client))
		return false;
	steps_leave(story, client);
	return true;
}

bool
step_vanish(struct story *story, struct word line)
{
	struct client *client = steps_cut_client(story, &line);

	if (client == NULL)
		return false;
	steps_leave(story, client);
	return true;
}

/* The request and the reply of a step in the short form. */
struct exchange {
	const char *service;
	const char *before, *behind;             /* to send */
	const char *reply_before, *reply_behind; /* to expect */
};

/* wrapped - a text between two others; the caller frees it */
static char *
wrapped(const char *before, struct word text, const char *behind, size_t *len)
{
	size_t before_len = strlen(before), behind_len = strlen(behind);
	char *all = xmalloc(before_len + text.len + behind_len + 1);

	memcpy(all, before, before_len);
	memcpy(all + before_len, text.s, text.len);
	memcpy(all + before_len + text.len, behind, behind_len + 1);
	*len = before_len + text.len + behind_len;
	return all;
}

/* converse - one request and its reply, from a new client */
static bool
converse(
    struct story *story, const struct exchange *x, const char *data, size_t len, struct word want)
{
	struct word service = word_of_text(x->service);
	struct client *client = steps_open_client(story, service, service);
	struct word reply;
	bool ok;
	char *text;

	if (client == NULL)
		return false;
	text = wrapped(x->reply_before, want, x->reply_behind, &reply.len);
	reply.s = text;
	ok = steps_send(story, client, data, len) && expect_bytes(story, client, reply);
	free(text);
	steps_leave(story, client);
	return ok;
}

/* exchange - KEY -> REST */
static bool
exchange(struct story *story, const struct exchange *x, struct word line)
{
	const char *error;
	struct word want;
	char *text, *bytes;
	size_t len, n;
	bool ok;

	if (!word_cut_arrow(&line, &want))
		return story_fail(story, "%s wants: KEY -> REPLY", x->service);
	text = wrapped(x->before, word_rest(line), x->behind, &len);
	bytes = text_bytes(text, len, &n, &error);
	free(text);
	if (bytes == NULL)
		return story_fail(story, "%s", error);
	ok = converse(story, x, bytes, n, want);
	free(bytes);
	return ok;
}

bool
step_forward(struct story *story, struct word line)
{
	static const struct exchange x = { "forward", "get ", "\\n", "", "\\n" };

	return exchange(story, &x, line);
}

bool
step_reverse(struct story *story, struct word line)
{
	static const struct exchange x = { "reverse", "get ", "\\n", "", "\\n" };

	return exchange(story, &x, line);
}

/* expect_netstring - the reply is one netstring, with this payload */
static bool
expect_netstring(struct story *story, struct client *client, struct word want)
{
	size_t len, used;
	const char *got = output(client, &len), *error;
	struct text payload;

	if (got == NULL || socketmap_parse(got, len, &used, &payload, &error) != 1 || used != len)
		return story_differs(story, "socketmap", got, len, want);
	if (!story_compare(story, "socketmap", payload.s, payload.len, want))
		return false;
	evbuffer_drain(client->output, len);
	return true;
}

static bool
converse_socketmap(struct story *story, const char *payload, size_t len, struct word want)
{
	struct word service = word_of_text("socketmap");
	struct client *client = steps_open_client(story, service, service);
	char *head, *data;
	size_t n;
	bool ok;

	if (client == NULL)
		return false;
	xasprintf(&head, "%zu:", len);
	data = wrapped(head, word_of(payload, len), ",", &n);
	ok = steps_send(story, client, data, n) && expect_netstring(story, client, want);
	free(data);
	free(head);
	steps_leave(story, client);
	return ok;
}

bool
step_socketmap(struct story *story, struct word line)
{
	const char *error;
	struct word want;
	char *bytes;
	size_t n;
	bool ok;

	if (!word_cut_arrow(&line, &want))
		return story_fail(story, "socketmap wants: MAP KEY -> REPLY");
	line = word_rest(line);
	bytes = text_bytes(line.s, line.len, &n, &error);
	if (bytes == NULL)
		return story_fail(story, "%s", error);
	ok = converse_socketmap(story, bytes, n, want);
	free(bytes);
	return ok;
}

bool
step_control(struct story *story, struct word line)
{
	static const struct exchange x = { "control", "", "\\n", "", "\\n" };

	return exchange(story, &x, line);
}

/* An attribute of a policy request: its name, the name that stories use, and its default. */
struct attribute {
	const char *name;
	const char *alias;
	const char *value;
};

static const struct attribute attributes[] = {
	{ "request", "request", "smtpd_access_policy" },
	{ "protocol_state", "state", "RCPT" },
	{ "protocol_name", "protocol_name", "ESMTP" },
	{ "client_address", "client", "192.0.2.1" },
	{ "client_name", "client_name", "unknown" },
	{ "helo_name", "helo", "mx.relay.test" },
	{ "sender", "sender", "a@origin.test" },
	{ "recipient", "recipient", "b@local.test" },
	{ "recipient_count", "recipient_count", "0" },
	{ "queue_id", "queue", "" },
	{ "instance", "instance", "" },
	{ "size", "size", "0" },
	{ "sasl_username", "sasl", "" },
};

#define ATTRIBUTES (sizeof(attributes) / sizeof(attributes[0]))

bool
steps_split(struct word word, struct word *name, struct word *value)
{
	const char *eq = memchr(word.s, '=', word.len);

	if (eq == NULL)
		return false;
	*name = word_of(word.s, (size_t)(eq - word.s));
	*value = word_of(eq + 1, word.len - name->len - 1);
	return true;
}

static const struct attribute *
find_attribute(struct word name)
{
	size_t i;

	for (i = 0; i < ATTRIBUTES; i++)
		if (word_is(name, attributes[i].name) || word_is(name, attributes[i].alias))
			return &attributes[i];
	return NULL;
}

static bool
put_attribute(struct story *story, struct evbuffer *to, struct word name, struct word value)
{
	const char *error;
	size_t n;
	char *bytes = text_bytes(value.s, value.len, &n, &error);

	if (bytes == NULL)
		return story_fail(story, "%.*s: %s", (int)name.len, name.s, error);
	evbuffer_add(to, name.s, name.len);
	evbuffer_add(to, "=", 1);
	evbuffer_add(to, bytes, n);
	evbuffer_add(to, "\n", 1);
	free(bytes);
	return true;
}

/* put_known - an attribute of the table, with the value of the line or the default */
static bool
put_known(struct story *story, struct evbuffer *to, const struct attribute *a, struct word line)
{
	struct word name, value, word, chosen = word_of_text(a->value);

	while (word_next(&line, &word))
		if (steps_split(word, &name, &value) && find_attribute(name) == a)
			chosen = value;
	return put_attribute(story, to, word_of_text(a->name), chosen);
}

/* put_others - the attributes of the line that are not in the table */
static bool
put_others(struct story *story, struct evbuffer *to, struct word line)
{
	struct word word, name, value;

	while (word_next(&line, &word)) {
		if (!steps_split(word, &name, &value))
			return story_fail(story, "an attribute wants NAME=VALUE");
		if (find_attribute(name) == NULL && !put_attribute(story, to, name, value))
			return false;
	}
	return true;
}

/*
 * compose_request - the bytes that Postfix sends; the caller frees them; NULL: the story has failed
 */
static struct evbuffer *
compose_request(struct story *story, struct word line)
{
	struct evbuffer *request = evbuffer_new();
	bool ok = true;
	size_t i;

	for (i = 0; ok && i < ATTRIBUTES; i++)
		ok = put_known(story, request, &attributes[i], line);
	if (ok && put_others(story, request, line)) {
		evbuffer_add(request, "\n", 1);
		return request;
	}
	evbuffer_free(request);
	return NULL;
}

bool
step_ask(struct story *story, struct word line)
{
	struct client *client = steps_cut_client(story, &line);
	struct evbuffer *request = client == NULL ? NULL : compose_request(story, line);
	bool ok;

	if (request == NULL)
		return false;
	ok = steps_send(story, client, (const char *)evbuffer_pullup(request, -1),
	    evbuffer_get_length(request));
	evbuffer_free(request);
	return ok;
}

bool
step_policy(struct story *story, struct word line)
{
	static const struct exchange x = { "policy", "", "", "action=", "\\n\\n" };
	struct evbuffer *request;
	struct word want;
	bool ok;

	if (!word_cut_arrow(&line, &want))
		return story_fail(story, "policy wants: NAME=VALUE... -> ACTION");
	request = compose_request(story, line);
	if (request == NULL)
		return false;
	ok = converse(story, &x, (const char *)evbuffer_pullup(request, -1),
	    evbuffer_get_length(request), want);
	evbuffer_free(request);
	return ok;
}

bool
step_answer(struct story *story, struct word line)
{
	struct client *client = steps_cut_client(story, &line);
	struct word want = word_rest(line), reply;
	size_t len;
	const char *got, *end;
	char *text;
	bool ok;

	if (client == NULL)
		return false;
	got = output(client, &len);
	end = got == NULL ? NULL : memmem(got, len, "\n\n", 2);
	len = end == NULL ? len : (size_t)(end - got) + 2;
	text = wrapped("action=", want, "\\n\\n", &reply.len);
	reply.s = text;
	ok = story_compare(story, client->name, got, len, reply);
	free(text);
	if (ok) {
		keep_prepended(story, got, len);
		evbuffer_drain(client->output, len);
	}
	return ok;
}
