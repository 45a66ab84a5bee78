/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

#include "common/printable.h"
#include "common/xmalloc.h"
#include "srsd/store/store_redis.h"
#include "srsd/store/store_redis_login.h"
#include "srsd/store/store_resp.h"

#define KEY_PREFIX "PostSRSd/"
#define KEY_SIZE (sizeof(KEY_PREFIX) + STORE_ALIAS_LEN)

/* Milliseconds between two attempts to connect. */
#define PAUSE_MIN 100
#define PAUSE_MAX 5000

/* Requests without a reply. The front answers late ones and puts others, so there can be more than
 * it has open. */
#define SENT_MAX (2 * STORE_IN_FLIGHT_MAX)

/* Replies that are handled in one turn of the loop, so that other events do not wait. */
#define TURN_MAX 64

/* Bytes of the server's name in a problem. */
#define NAME_SHOWN 80

enum redis_state {
	REDIS_PAUSING, /* until the next attempt */
	REDIS_ASKING,  /* for a socket */
	REDIS_LOGIN,   /* connecting, then logging in */
	REDIS_READY,
};

struct sent_request {
	uint64_t number;
	enum store_operation operation;
};

struct store_redis {
	struct store_backend backend; /* the first member */
	struct store *store;
	struct event_base *base;
	struct clock clock;
	struct store_redis_settings settings;
	char *name, *user, *password; /* those of the settings */
	enum redis_state state;
	struct store_resp *resp; /* NULL: no socket */
	struct store_redis_login login;
	struct event *readable, *writable; /* of the socket */
	struct event *timer;               /* ends the pause, or the patience */
	unsigned pause_ms;
	size_t next_addr;
	bool has_replies;                  /* more were read than one turn handles */
	bool is_failing[STORE_OPERATIONS]; /* the last reply was an error */
	uint64_t heard;                    /* when bytes came, or became due */
	struct sent_request *sent; /* a ring of SENT_MAX: requests in the order of their replies */
	size_t first_sent, n_sent;
};

static void
set_redis_timer(struct store_redis *redis, unsigned ms)
{
	const struct timeval tv = { ms / 1000, (suseconds_t)(ms % 1000) * 1000 };

	event_add(redis->timer, &tv);
}

static void
close_socket(struct store_redis *redis)
{
	if (redis->readable != NULL)
		event_free(redis->readable);
	if (redis->writable != NULL)
		event_free(redis->writable);
	redis->readable = redis->writable = NULL;
	store_resp_free(&redis->resp);
	redis->n_sent = 0;
	redis->has_replies = false;
	memset(redis->is_failing, 0, sizeof(redis->is_failing));
}

/* describe_problem - the name of the server, and its text or ours */
static void
describe_problem(
    const struct store_redis *redis, struct text reason, char problem[STORE_PROBLEM_SIZE])
{
	char text[STORE_PROBLEM_SIZE - NAME_SHOWN - 2];

	printable_text(text, sizeof(text), reason.s, reason.len);
	snprintf(problem, STORE_PROBLEM_SIZE, "%.*s: %s", NAME_SHOWN, redis->name, text);
}

/*
 * lose_connection - close it, and plan the next attempt
 *
 * The other addresses of the server are tried without a pause.
 */
static void
lose_connection(struct store_redis *redis, const char *problem)
{
	char shown[STORE_PROBLEM_SIZE];
	bool was_ready = redis->state == REDIS_READY;

	describe_problem(redis, text_of(problem), shown);
	close_socket(redis);
	redis->state = REDIS_PAUSING;
	redis->next_addr = was_ready ? 0 : redis->next_addr + 1;
	if (!was_ready && redis->next_addr < redis->settings.endpoint.n) {
		set_redis_timer(redis, 0);
	} else {
		redis->next_addr = 0;
		set_redis_timer(redis, redis->pause_ms);
		redis->pause_ms = redis->pause_ms > PAUSE_MAX / 2 ? PAUSE_MAX : 2 * redis->pause_ms;
	}
	store_lost(redis->store, shown);
}

static void
answer_failed(struct store_redis *redis, uint64_t number, struct text reason)
{
	char problem[STORE_PROBLEM_SIZE];

	describe_problem(redis, reason, problem);
	store_answer(redis->store, number, STORE_FAILED, (struct text){ "", 0 }, problem);
}

/* fail_request - one that cannot be sent, or has no valid reply; static text */
static void
fail_request(struct store_redis *redis, uint64_t number, const char *reason)
{
	answer_failed(redis, number, text_of(reason));
}

/* note_error - for the state of the store; an error of gets does not end with a put, for example */
static void
note_error(struct store_redis *redis, enum store_operation operation, struct text error)
{
	char problem[STORE_PROBLEM_SIZE];

	redis->is_failing[operation] = true;
	describe_problem(redis, error, problem);
	store_set_problem(redis->store, problem);
}

static void
note_success(struct store_redis *redis, enum store_operation operation)
{
	if (!redis->is_failing[operation])
		return;
	redis->is_failing[operation] = false;
	if (!redis->is_failing[STORE_PUT] && !redis->is_failing[STORE_GET])
		store_set_problem(redis->store, NULL);
}

static struct sent_request
take_sent(struct store_redis *redis)
{
	struct sent_request sent = redis->sent[redis->first_sent];

	redis->first_sent = (redis->first_sent + 1) % SENT_MAX;
	redis->n_sent--;
	return sent;
}

/*
 * answer_request - by the reply of the server
 *
 * False: it is not a reply to this request, so all that follow would be answers to other requests.
 */
static bool
answer_request(struct store_redis *redis, const struct store_resp_reply *reply)
{
	struct sent_request sent = take_sent(redis);
	struct text none = { "", 0 };

	redis->pause_ms = PAUSE_MIN;
	if (reply->kind == STORE_RESP_ERROR)
		note_error(redis, sent.operation, reply->text);
	else
		note_success(redis, sent.operation);
	if (reply->kind == STORE_RESP_ERROR) {
		answer_failed(redis, sent.number, reply->text);
	} else if (sent.operation == STORE_PUT && reply->kind == STORE_RESP_STATUS &&
		   text_is(reply->text, "OK")) {
		store_answer(redis->store, sent.number, STORE_DONE, none, NULL);
	} else if (sent.operation == STORE_GET && reply->kind == STORE_RESP_NIL) {
		store_answer(redis->store, sent.number, STORE_MISSING, none, NULL);
	} else if (sent.operation == STORE_GET && reply->kind == STORE_RESP_TEXT) {
		store_answer(redis->store, sent.number, STORE_DONE, reply->text, NULL);
	} else {
		fail_request(redis, sent.number, "the reply does not belong to the request");
		return false;
	}
	return true;
}

/* take_login - 1: there is a connection. 0: not yet. -1: it was lost */
static int
take_login(struct store_redis *redis, const struct store_resp_reply *reply)
{
	char problem[STORE_PROBLEM_SIZE];
	int taken = store_redis_login_take(&redis->login, reply, problem);

	if (taken == 0)
		return 0;
	if (taken == -1) {
		lose_connection(redis, problem);
		return -1;
	}
	redis->state = REDIS_READY;
	event_del(redis->timer);
	store_connected(redis->store);
	return 1;
}

/* take_reply - false: the connection was lost */
static bool
take_reply(struct store_redis *redis, const struct store_resp_reply *reply)
{
	if (redis->state != REDIS_READY)
		return take_login(redis, reply) != -1;
	if (redis->n_sent == 0) {
		lose_connection(redis, "the server sent a reply to no request");
		return false;
	}
	if (answer_request(redis, reply))
		return true;
	lose_connection(redis, "the server sent a reply that does not belong to its request");
	return false;
}

/*
 * take_some_replies - of those that were read; the rest waits for the next turn of the loop
 *
 * A reply that cannot be read belongs to the first request. It is answered, so that it is not sent
 * again to end the next connection in the same way.
 */
static void
take_some_replies(struct store_redis *redis)
{
	struct store_resp_reply reply;
	unsigned n = 0;
	const char *error;
	int got = 1;

	while (n++ < TURN_MAX && (got = store_resp_next(redis->resp, &reply, &error)) == 1)
		if (!take_reply(redis, &reply))
			return;
	redis->has_replies = got == 1;
	if (got == 1)
		event_active(redis->readable, EV_READ, 0);
	if (got != -1)
		return;
	if (redis->n_sent > 0)
		fail_request(redis, take_sent(redis).number, error);
	lose_connection(redis, error);
}

static void
handle_readable(evutil_socket_t fd, short events, void *arg)
{
	struct store_redis *redis = arg;
	const char *error;
	int got;

	(void)fd;
	(void)events;
	if (redis->has_replies) {
		take_some_replies(redis);
		return;
	}
	got = store_resp_read(redis->resp, &error);
	if (got == -1) {
		lose_connection(redis, error);
		return;
	}
	if (store_resp_wants_write(redis->resp))
		event_add(redis->writable, NULL);
	if (got == 1) {
		redis->heard = clock_elapsed(&redis->clock);
		take_some_replies(redis);
	}
}

static void
handle_writable(evutil_socket_t fd, short events, void *arg)
{
	struct store_redis *redis = arg;
	const char *error;

	(void)fd;
	(void)events;
	if (!store_resp_write(redis->resp, &error))
		lose_connection(redis, error);
	else if (store_resp_wants_write(redis->resp))
		event_add(redis->writable, NULL);
}

/* use_socket - log in over it; the result of connecting shows when it is written to */
static void
use_socket(struct store_redis *redis, int fd)
{
	const char *error = "out of memory";

	redis->resp = store_resp_new(fd);
	redis->login = (struct store_redis_login){ redis->user, redis->password, false };
	redis->state = REDIS_LOGIN;
	if (redis->resp == NULL || !store_redis_login_add(&redis->login, redis->resp) ||
	    (redis->settings.tls != NULL &&
		!store_resp_use_tls(redis->resp, redis->settings.tls, &error))) {
		lose_connection(redis, error);
		return;
	}
	redis->readable = event_new(redis->base, fd, EV_READ | EV_PERSIST, handle_readable, redis);
	redis->writable = event_new(redis->base, fd, EV_WRITE, handle_writable, redis);
	event_add(redis->readable, NULL);
	event_add(redis->writable, NULL);
	set_redis_timer(redis, redis->settings.patience_ms);
}

static void
start_connection(struct store_redis *redis)
{
	int fd;

	if (redis->settings.ask_socket != NULL) {
		redis->state = REDIS_ASKING;
		set_redis_timer(redis, redis->settings.patience_ms);
		redis->settings.ask_socket(redis->settings.ask_arg);
		return;
	}
	fd = store_resp_connect(&redis->settings.endpoint.addr[redis->next_addr]);
	if (fd == -1)
		lose_connection(redis, strerror(errno));
	else
		use_socket(redis, fd);
}

/* watch_silence - of a server that owes replies */
static void
watch_silence(struct store_redis *redis)
{
	uint64_t silent = clock_elapsed(&redis->clock) - redis->heard;

	if (redis->n_sent == 0)
		return;
	if (silent >= redis->settings.patience_ms)
		lose_connection(redis, "the server has stopped answering");
	else
		set_redis_timer(redis, redis->settings.patience_ms - (unsigned)silent);
}

static void
handle_timer(evutil_socket_t fd, short events, void *arg)
{
	struct store_redis *redis = arg;

	(void)fd;
	(void)events;
	switch (redis->state) {
	case REDIS_PAUSING:
		start_connection(redis);
		break;
	case REDIS_ASKING:
	case REDIS_LOGIN:
		lose_connection(redis, "no connection in time");
		break;
	case REDIS_READY:
		watch_silence(redis);
		break;
	}
}

void
store_redis_attach(struct store_backend *backend, int fd, const char *problem)
{
	struct store_redis *redis = (struct store_redis *)backend;

	if (redis->state == REDIS_ASKING && fd != -1)
		use_socket(redis, fd);
	else if (redis->state == REDIS_ASKING)
		lose_connection(redis, problem);
	else if (fd != -1)
		close(fd);
}

static bool
add_get(struct store_redis *redis, struct text key)
{
	const struct text words[] = { { "GET", 3 }, key };

	return store_resp_add(redis->resp, words, 2);
}

/* add_set - the server counts the seconds itself, so that its clock may differ from ours */
static bool
add_set(struct store_redis *redis, struct text key, const struct store_request *request)
{
	long long left = (long long)request->expires - (long long)clock_wall(&redis->clock);
	struct text words[] = { { "SET", 3 }, key, request->address, { "EX", 2 }, { NULL, 0 } };
	char seconds[24];

	/* Zero is an error, and would not replace an earlier row. */
	snprintf(seconds, sizeof(seconds), "%lld", left > 0 ? left : 1);
	words[4] = text_of(seconds);
	return store_resp_add(redis->resp, words, 5);
}

static void
send_redis_request(struct store_backend *backend, const struct store_request *request)
{
	struct store_redis *redis = (struct store_redis *)backend;
	size_t last = (redis->first_sent + redis->n_sent) % SENT_MAX;
	char key[KEY_SIZE];
	struct text text = { key, KEY_SIZE - 1 };

	snprintf(key, sizeof(key), KEY_PREFIX "%s", request->alias);
	if (redis->n_sent == SENT_MAX) {
		fail_request(redis, request->number, "too many requests are without a reply");
		return;
	}
	if (!(request->operation == STORE_PUT ? add_set(redis, text, request)
					      : add_get(redis, text))) {
		fail_request(redis, request->number, "out of memory");
		return;
	}
	if (redis->n_sent == 0) {
		redis->heard = clock_elapsed(&redis->clock);
		set_redis_timer(redis, redis->settings.patience_ms);
	}
	redis->sent[last] = (struct sent_request){ request->number, request->operation };
	redis->n_sent++;
	event_add(redis->writable, NULL);
}

static void
free_redis(struct store_backend *backend)
{
	struct store_redis *redis = (struct store_redis *)backend;

	close_socket(redis);
	event_free(redis->timer);
	free(redis->sent);
	free(redis->name);
	free(redis->user);
	if (redis->password != NULL)
		freezero(redis->password, strlen(redis->password));
	free(redis);
}

static const struct store_backend_ops redis_ops = { send_redis_request, free_redis };

struct store_backend *
store_redis_new(struct store *store, struct event_base *base, const struct clock *clock,
    const struct store_redis_settings *settings)
{
	struct store_redis *redis = xcalloc(1, sizeof(*redis));

	redis->backend.ops = &redis_ops;
	redis->store = store;
	redis->base = base;
	redis->clock = *clock;
	redis->settings = *settings;
	redis->settings.name = redis->name = xstrdup(settings->name);
	if (settings->user != NULL)
		redis->settings.user = redis->user = xstrdup(settings->user);
	if (settings->password != NULL)
		redis->settings.password = redis->password = xstrdup(settings->password);
	redis->sent = xcalloc(SENT_MAX, sizeof(*redis->sent));
	redis->pause_ms = PAUSE_MIN;
	redis->timer = event_new(base, -1, 0, handle_timer, redis);
	set_redis_timer(redis, 0);
	store_set_backend(store, &redis->backend);
	return &redis->backend;
}
