/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <string.h>

#include "common/printable.h"
#include "srsd/store/store_redis_login.h"

bool
store_redis_login_add(struct store_redis_login *login, struct store_resp *resp)
{
	const struct text ping = { "PING", 4 };
	struct text auth[3] = { { "AUTH", 4 } };
	size_t n = 1;

	login->knows_user = login->password == NULL;
	if (login->password != NULL) {
		if (login->user != NULL)
			auth[n++] = text_of(login->user);
		auth[n++] = text_of(login->password);
		if (!store_resp_add(resp, auth, n))
			return false;
	}
	return store_resp_add(resp, &ping, 1);
}

/* code_length - of the first word of an error, such as NOAUTH */
static size_t
code_length(struct text error)
{
	size_t n = 0;

	while (n < error.len && ((error.s[n] >= 'A' && error.s[n] <= 'Z') || error.s[n] == '_'))
		n++;
	return n;
}

/*
 * describe_refusal - the text of an error, without the password
 *
 * A server without AUTH quotes the arguments of the unknown command.
 */
static void
describe_refusal(
    const struct store_redis_login *login, struct text error, char problem[STORE_PROBLEM_SIZE])
{
	char shown[STORE_PROBLEM_SIZE - sizeof("AUTH is refused: ")];

	if (!login->knows_user &&
	    memmem(error.s, error.len, login->password, strlen(login->password)) != NULL)
		error.len = code_length(error);
	printable_text(shown, sizeof(shown), error.s, error.len);
	snprintf(problem, STORE_PROBLEM_SIZE, "%s is refused: %s",
	    login->knows_user ? "PING" : "AUTH", shown);
}

/* is_harmless - an error of PING that does not keep the server from other commands */
static bool
is_harmless(struct text error)
{
	static const char *const codes[] = { "MISCONF", "NOPERM", "BUSY", "MASTERDOWN" };
	struct text code = { error.s, code_length(error) };
	size_t i;

	for (i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (text_is(code, codes[i]))
			return true;
	return false;
}

int
store_redis_login_take(struct store_redis_login *login, const struct store_resp_reply *reply,
    char problem[STORE_PROBLEM_SIZE])
{
	bool is_ok = reply->kind == STORE_RESP_STATUS &&
		     text_is(reply->text, login->knows_user ? "PONG" : "OK");

	if (reply->kind == STORE_RESP_ERROR && !(login->knows_user && is_harmless(reply->text))) {
		describe_refusal(login, reply->text, problem);
		return -1;
	}
	if (reply->kind != STORE_RESP_ERROR && !is_ok) {
		strlcpy(
		    problem, "the server does not answer like a Redis server", STORE_PROBLEM_SIZE);
		return -1;
	}
	if (login->knows_user)
		return 1;
	login->knows_user = true;
	return 0;
}
