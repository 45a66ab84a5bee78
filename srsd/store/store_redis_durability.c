/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/printable.h"
#include "srsd/store/store_redis_durability.h"
#include "srsd/store/store_redis_login.h"

/* A conversation with one server. */
struct redis_talk {
	struct store_resp *resp;
	int fd;
	const struct store_tls *tls;
	struct store_redis_login login;
	bool is_logged_in;
	size_t n_taken; /* parameters that are known */
	uint64_t deadline;
	struct store_redis_durability *durability;
	char *problem; /* of STORE_PROBLEM_SIZE */
};

const char *
store_redis_parameter_name(enum store_redis_parameter parameter)
{
	static const char *const names[STORE_REDIS_PARAMETERS] = {
		[STORE_REDIS_MAXMEMORY_POLICY] = "maxmemory-policy",
		[STORE_REDIS_APPENDONLY] = "appendonly",
		[STORE_REDIS_APPENDFSYNC] = "appendfsync",
	};

	return names[parameter];
}

/* is_config_word - of a configuration: 1 to STORE_REDIS_VALUE_SIZE - 1 letters, digits and hyphens */
static bool
is_config_word(struct text text)
{
	size_t i;

	for (i = 0; i < text.len; i++)
		if (strchr("abcdefghijklmnopqrstuvwxyz0123456789-", text.s[i]) == NULL ||
		    text.s[i] == '\0')
			return false;
	return text.len > 0 && text.len < STORE_REDIS_VALUE_SIZE;
}

void
store_redis_durability_take(struct store_redis_durability *durability,
    enum store_redis_parameter parameter, const struct store_resp_reply *reply)
{
	const char *name = store_redis_parameter_name(parameter);
	char *value = durability->value[parameter];

	strlcpy(value, STORE_REDIS_UNKNOWN, STORE_REDIS_VALUE_SIZE);
	if (reply->kind != STORE_RESP_LIST || reply->n != 2 || !text_is(reply->list[0], name) ||
	    !is_config_word(reply->list[1]))
		return;
	memcpy(value, reply->list[1].s, reply->list[1].len);
	value[reply->list[1].len] = '\0';
}

static bool
add_questions(struct redis_talk *talk)
{
	struct text words[] = { { "CONFIG", 6 }, { "GET", 3 }, { NULL, 0 } };
	size_t i;

	if (!store_redis_login_add(&talk->login, talk->resp))
		return false;
	for (i = 0; i < STORE_REDIS_PARAMETERS; i++) {
		words[2].s = store_redis_parameter_name((enum store_redis_parameter)i);
		words[2].len = strlen(words[2].s);
		if (!store_resp_add(talk->resp, words, 3))
			return false;
	}
	return true;
}

/* wait_for_socket - the events of poll(2); false: it is too late */
static bool
wait_for_socket(const struct redis_talk *talk, short *events)
{
	struct pollfd pfd = { .fd = talk->fd, .events = POLLIN };
	uint64_t now = clock_elapsed(&clock_system);
	int n;

	if (store_resp_wants_write(talk->resp))
		pfd.events |= POLLOUT;
	if (now >= talk->deadline)
		return false;
	n = poll(&pfd, 1, (int)(talk->deadline - now));
	*events = n == 1 ? pfd.revents : 0;
	return n > 0 || (n == -1 && errno == EINTR);
}

/* take_answer - 1: it was the last. 0: one more is due. -1: the login failed, see problem */
static int
take_answer(struct redis_talk *talk, const struct store_resp_reply *reply)
{
	int taken;

	if (!talk->is_logged_in) {
		taken = store_redis_login_take(&talk->login, reply, talk->problem);
		talk->is_logged_in = taken == 1;
		return taken == -1 ? -1 : 0;
	}
	store_redis_durability_take(
	    talk->durability, (enum store_redis_parameter)talk->n_taken, reply);
	return ++talk->n_taken == STORE_REDIS_PARAMETERS ? 1 : 0;
}

/* read_answers - as take_answer(); also -1 with *error for a failed connection */
static int
read_answers(struct redis_talk *talk, const char **error)
{
	struct store_resp_reply reply;
	int got, taken = 0;

	if (store_resp_read(talk->resp, error) == -1)
		return -1;
	while (taken == 0 && (got = store_resp_next(talk->resp, &reply, error)) != 0)
		taken = got == -1 ? -1 : take_answer(talk, &reply);
	return taken;
}

/* hold_talk - until all is answered, or something fails, with *error or the problem of the login */
static bool
hold_talk(struct redis_talk *talk, const char **error)
{
	short events;
	int taken = 0;

	while (taken == 0) {
		if (!wait_for_socket(talk, &events)) {
			*error = "no answer in time";
			return false;
		}
		if ((events & POLLOUT) && !store_resp_write(talk->resp, error))
			return false;
		if (events & ~POLLOUT)
			taken = read_answers(talk, error);
	}
	return taken == 1;
}

static bool
start_talk(struct redis_talk *talk, const struct endpoint_addr *addr, const char **error)
{
	talk->is_logged_in = false;
	talk->n_taken = 0;
	talk->fd = store_resp_connect(addr);
	if (talk->fd == -1) {
		*error = strerror(errno);
		return false;
	}
	talk->resp = store_resp_new(talk->fd);
	if (talk->resp == NULL || !add_questions(talk)) {
		*error = "out of memory";
		return false;
	}
	return talk->tls == NULL || store_resp_use_tls(talk->resp, talk->tls, error);
}

/* talk_to - one of the addresses; false with the problem */
static bool
talk_to(struct redis_talk *talk, const struct endpoint_addr *addr)
{
	const char *error = NULL;
	bool is_answered = start_talk(talk, addr, &error) && hold_talk(talk, &error);

	if (error != NULL && !is_answered)
		printable_text(talk->problem, STORE_PROBLEM_SIZE, error, strlen(error));
	store_resp_free(&talk->resp);
	return is_answered;
}

bool
store_redis_durability_ask(const struct store_redis_settings *settings,
    struct store_redis_durability *durability, char problem[STORE_PROBLEM_SIZE])
{
	struct redis_talk talk = {
		.tls = settings->tls,
		.login = { settings->user, settings->password, false },
		.deadline = clock_elapsed(&clock_system) + settings->patience_ms,
		.durability = durability,
		.problem = problem,
	};
	size_t i;

	strlcpy(problem, "the server has no address", STORE_PROBLEM_SIZE);
	for (i = 0; i < settings->endpoint.n; i++)
		if (talk_to(&talk, &settings->endpoint.addr[i]))
			return true;
	return false;
}
