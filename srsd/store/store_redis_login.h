/* SPDX-License-Identifier: ISC */
/*
 * store_redis_login - the first commands of a connection to a Redis server: AUTH, if there is a
 * password, and PING. Until both are answered it is unknown if the server accepts others: it may
 * be loading its data, have too many clients, or not be a Redis server at all.
 */
#ifndef SRSD_STORE_STORE_REDIS_LOGIN_H
#define SRSD_STORE_STORE_REDIS_LOGIN_H

#include <stdbool.h>

#include "srsd/store/store.h"
#include "srsd/store/store_resp.h"

struct store_redis_login {
	const char *user;     /* of an ACL (Redis 6 and later); NULL: the default user */
	const char *password; /* NULL: no password, and user is ignored */
	bool knows_user;      /* the reply to AUTH has come; starts false */
};

/* Appends the commands to the output. False: out of memory. */
bool store_redis_login_add(struct store_redis_login *login, struct store_resp *resp);

/*
 * Handles a reply to these commands. 1: the server accepts commands. 0: one more reply is due. -1:
 * it does not, and problem has the reason, printable and without the password.
 */
int store_redis_login_take(struct store_redis_login *login, const struct store_resp_reply *reply,
    char problem[STORE_PROBLEM_SIZE]);

#endif
