/* SPDX-License-Identifier: ISC */
/*
 * store_redis_durability - what a Redis server promises about rows that it has acknowledged, by its
 * configuration. For `srsctl check`: it waits for the answers.
 *
 * A row that was acknowledged survives a crash only with `appendonly yes` and `appendfsync always`.
 * Any maxmemory-policy except noeviction removes rows when memory runs short.
 */
#ifndef SRSD_STORE_STORE_REDIS_DURABILITY_H
#define SRSD_STORE_STORE_REDIS_DURABILITY_H

#include <stdbool.h>

#include "srsd/store/store.h"
#include "srsd/store/store_redis.h"
#include "srsd/store/store_resp.h"

#define STORE_REDIS_VALUE_SIZE 32

/* A value that the server does not report, as with an ACL that forbids CONFIG. */
#define STORE_REDIS_UNKNOWN "unknown"

/* In the order in which they are asked for. */
enum store_redis_parameter {
	STORE_REDIS_MAXMEMORY_POLICY,
	STORE_REDIS_APPENDONLY,
	STORE_REDIS_APPENDFSYNC,
	STORE_REDIS_PARAMETERS,
};

struct store_redis_durability {
	char value[STORE_REDIS_PARAMETERS][STORE_REDIS_VALUE_SIZE];
};

/* The name of a parameter in the server's configuration. */
const char *store_redis_parameter_name(enum store_redis_parameter parameter);

/*
 * Copies the value out of a reply to CONFIG GET of the parameter. Anything but a list of its name
 * and a word is STORE_REDIS_UNKNOWN.
 */
void store_redis_durability_take(struct store_redis_durability *durability,
    enum store_redis_parameter parameter, const struct store_resp_reply *reply);

/*
 * Asks the server at the first of its addresses that accepts a connection; patience_ms is the time
 * for all together. False: it could not be asked, with the reason in problem, printable.
 */
bool store_redis_durability_ask(const struct store_redis_settings *settings,
    struct store_redis_durability *durability, char problem[STORE_PROBLEM_SIZE]);

#endif
