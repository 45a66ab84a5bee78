/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/xmalloc.h"
#include "srsd/service/control.h"
#include "srsd/service/control_store.h"
#include "srsd/service/map_lookup.h"
#include "srsd/srs/srs_alias.h"
#include "srsd/store/store.h"

static const char no_database[] = "no envelope-database is set";

/* A question of a store-put. */
struct control_put {
	struct control_store *owner;
	struct store_question *question;
};

struct control_store {
	const struct control_service *service;
	void (*wake)(void *arg);
	void *arg;
	struct srs_result result;        /* of a reverse */
	char alias[SRS_ALIAS_KEY_SIZE];  /* of a get */
	struct store_question *question; /* of both */
	json_t *reply;
	bool is_done;
	/* of a put */
	struct control_put *puts;
	size_t n_puts, open;
	unsigned answers[STORE_OUTCOMES], refused, expired;
	unsigned of_postsrsd2; /* rows that only a SHA-1 vouches for */
	char problem[STORE_PROBLEM_SIZE];
};

static struct srs_context
make_control_context(const struct control_service *service)
{
	struct srs_context context = { .settings = service->settings,
		.keys = service->keys,
		.now = clock_wall(service->clock),
		.uncounted = true };

	return context;
}

static struct control_store *
make_request(const struct control_service *service, void (*wake)(void *arg), void *arg)
{
	struct control_store *request = xcalloc(1, sizeof(*request));

	request->service = service;
	request->wake = wake;
	request->arg = arg;
	return request;
}

static void
finish_request(struct control_store *request)
{
	request->is_done = true;
	request->wake(request->arg);
}

/* set_store_error - a temporary one: the store was not read, or has a row that is not believed */
static void
set_store_error(struct control_store *request, const char *what, const char *problem)
{
	char text[STORE_PROBLEM_SIZE + 64];

	snprintf(text, sizeof(text), "%s: %s", what, problem);
	json_object_clear(request->reply);
	json_object_set_new(request->reply, "error", json_string(text));
}

static void
set_unreadable(struct control_store *request, const struct store_reply *reply)
{
	set_store_error(request, "the envelope database cannot be read",
	    reply->problem == NULL ? "unexpected answer" : reply->problem);
}

static void
set_unknown_alias(struct control_store *request)
{
	json_object_set_new(
	    request->reply, "reason", json_string(srs_verdict_text(SRS_UNKNOWN_ALIAS)));
}

/* set_restored_sender - if the map would believe the row */
static void
set_restored_sender(struct control_store *request, struct text address)
{
	const struct srs_context context = make_control_context(request->service);
	struct srs_result *result = &request->result;
	const char *error;

	srs_rewrite_restore(result, &context, address, &error);
	if (result->verdict == SRS_REWRITTEN)
		json_object_set_new(
		    request->reply, "address", json_stringn(result->address, result->len));
	else
		set_store_error(request, "the envelope database has a wrong row", error);
}

static void
on_reverse_answered(void *arg, const struct store_reply *reply)
{
	struct control_store *request = arg;

	request->question = NULL;
	if (reply->outcome == STORE_DONE)
		set_restored_sender(request, reply->address);
	else if (reply->outcome == STORE_MISSING)
		set_unknown_alias(request);
	else
		set_unreadable(request, reply);
	finish_request(request);
}

struct control_store *
control_store_reverse(const struct control_service *service, const struct srs_result *result,
    json_t *reply, void (*wake)(void *arg), void *arg)
{
	struct control_store *request = make_request(service, wake, arg);

	request->result = *result;
	request->reply = reply;
	request->question = store_get(service->store, result->alias, on_reverse_answered, request);
	return request;
}

/* describe_maker - what an alias was made with: a secret, or postsrsd 2; null: neither */
static json_t *
describe_maker(const struct control_service *service, struct text alias, struct text address)
{
	int secret = srs_alias_verify(service->keys, alias, address);

	if (secret >= 0)
		return json_string(srs_keys_fingerprint(service->keys, (size_t)secret));
	return srs_alias_verify_sha1(alias, address) == 1 ? json_string("postsrsd 2") : json_null();
}

static void
on_row_found(void *arg, const struct store_reply *reply)
{
	struct control_store *request = arg;
	const struct text alias = { request->alias, strlen(request->alias) };
	json_t *address;

	request->question = NULL;
	if (reply->outcome == STORE_DONE) {
		/* NULL when it is not UTF-8. */
		address = json_stringn(reply->address.s, reply->address.len);
		json_object_set_new(
		    request->reply, "address", address == NULL ? json_null() : address);
		json_object_set_new(request->reply, "made_by",
		    describe_maker(request->service, alias, reply->address));
	} else if (reply->outcome == STORE_MISSING) {
		set_unknown_alias(request);
	} else {
		set_unreadable(request, reply);
	}
	finish_request(request);
}

struct control_store *
control_store_get(const struct control_service *service, const json_t *request,
    void (*wake)(void *arg), void *arg, const char **error)
{
	const json_t *alias = json_object_get(request, "alias");
	char key[SRS_ALIAS_KEY_SIZE];
	struct control_store *get;

	*error = "not an alias: " SRS_ALIAS_FORMS;
	if (!json_is_string(alias) ||
	    !srs_alias_find(json_string_value(alias), json_string_length(alias), key))
		return NULL;
	*error = no_database;
	if (service->store == NULL)
		return NULL;
	get = make_request(service, wake, arg);
	strlcpy(get->alias, key, sizeof(get->alias));
	get->reply = json_pack("{s:s}", "alias", key);
	get->question = store_get(service->store, key, on_row_found, get);
	return get;
}

/* make_put_reply - how many rows ended in which way */
static json_t *
make_put_reply(const struct control_store *request)
{
	return json_pack("{s:i, s:i, s:i, s:i, s:i, s:i, s:s}", "done",
	    (int)request->answers[STORE_DONE], "full", (int)request->answers[STORE_FULL], "failed",
	    (int)request->answers[STORE_FAILED], "refused", (int)request->refused, "expired",
	    (int)request->expired, "postsrsd2", (int)request->of_postsrsd2, "problem",
	    request->problem);
}

static void
finish_puts(struct control_store *request)
{
	if (request->open > 0)
		return;
	request->reply = make_put_reply(request);
	finish_request(request);
}

static void
on_row_stored(void *arg, const struct store_reply *reply)
{
	struct control_put *put = arg;
	struct control_store *request = put->owner;

	put->question = NULL;
	request->open--;
	request->answers[reply->outcome]++;
	if (reply->problem != NULL)
		strlcpy(request->problem, reply->problem, sizeof(request->problem));
	finish_puts(request);
}

enum row_maker {
	ROW_OF_A_STRANGER, /* the alias was not made from the address */
	ROW_OF_POSTSRSD2,
	ROW_OF_OURS, /* as in a backup of our own database */
};

static enum row_maker
find_row_maker(const struct control_service *service, struct text alias, struct text address)
{
	struct mailaddr sender;

	if (!store_is_alias(alias.s, alias.len) || memchr(address.s, '\0', address.len) != NULL ||
	    mailaddr_parse_external(&sender, address.s, address.len) != MAILADDR_OK)
		return ROW_OF_A_STRANGER;
	if (srs_alias_verify(service->keys, alias, address) >= 0)
		return ROW_OF_OURS;
	return srs_alias_verify_sha1(alias, address) == 1 ? ROW_OF_POSTSRSD2 : ROW_OF_A_STRANGER;
}

/* put_row - a row that is not believed, or no longer valid, is only counted */
static void
put_row(struct control_store *request, const json_t *row)
{
	const struct control_service *service = request->service;
	const json_t *alias = json_array_get(row, 0), *address = json_array_get(row, 1);
	const struct text key = { json_string_value(alias), json_string_length(alias) };
	const struct text sender = { json_string_value(address), json_string_length(address) };
	time_t now = clock_wall(service->clock),
	       most = map_lookup_row_expiry(service->settings, now);
	json_int_t expires = json_integer_value(json_array_get(row, 2));
	struct control_put *put = &request->puts[request->n_puts];
	enum row_maker maker = key.s == NULL || sender.s == NULL
				   ? ROW_OF_A_STRANGER
				   : find_row_maker(service, key, sender);

	if (maker == ROW_OF_A_STRANGER) {
		request->refused++;
	} else if (expires <= now) {
		request->expired++;
	} else {
		request->of_postsrsd2 += maker == ROW_OF_POSTSRSD2;
		put->owner = request;
		request->n_puts++;
		request->open++;
		put->question = store_put(service->store, key.s, sender,
		    expires < most ? (time_t)expires : most, on_row_stored, put);
	}
}

struct control_store *
control_store_put(const struct control_service *service, const json_t *request,
    void (*wake)(void *arg), void *arg, const char **error)
{
	const json_t *rows = json_object_get(request, "rows"), *row;
	struct control_store *put;
	size_t i;

	*error = "rows is not a list, or has too many elements";
	if (!json_is_array(rows) || json_array_size(rows) > CONTROL_STORE_ROWS_MAX)
		return NULL;
	*error = no_database;
	if (service->store == NULL)
		return NULL;
	put = make_request(service, wake, arg);
	put->puts = xcalloc(json_array_size(rows) + 1, sizeof(*put->puts));
	json_array_foreach (rows, i, row)
		put_row(put, row);
	if (put->open == 0) { /* the caller looks at once */
		put->reply = make_put_reply(put);
		put->is_done = true;
	}
	return put;
}

json_t *
control_store_report(const struct control_store *request)
{
	return request->is_done ? json_incref(request->reply) : NULL;
}

void
control_store_free(struct control_store **requestp)
{
	struct control_store *request = *requestp;
	size_t i;

	*requestp = NULL;
	if (request == NULL)
		return;
	store_cancel(&request->question);
	for (i = 0; i < request->n_puts; i++)
		store_cancel(&request->puts[i].question);
	free(request->puts);
	json_decref(request->reply);
	free(request);
}
