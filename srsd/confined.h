/* SPDX-License-Identifier: ISC */
/*
 * confined - work on what strangers wrote, for a program that root runs: in a process of its own,
 * which gives up its privileges and enters the engine's sandbox first, and replies with one JSON
 * object.
 *
 * SECURITY: the reply may be an attacker's. It has at most REPLY_MAX bytes, and its texts are raw.
 * The process has no descriptor of its parent's but the pipe of the reply. In a build with
 * sanitizers it has no sandbox, and keeps standard error.
 */
#ifndef SRSD_CONFINED_H
#define SRSD_CONFINED_H

#include <jansson.h>

#include "common/privdrop.h"

struct confined_work {
	/* With the privileges of the caller: opens what is needed. NULL, or the reply if it fails.
	 */
	json_t *(*prepare)(void *arg);
	json_t *(*run)(void *arg); /* without them: the reply, an object; NULL is an error */
	void *arg;                 /* of both */
	unsigned seconds;          /* until it is killed */
};

#define CONFINED_ERROR_SIZE 160

/*
 * The reply, a new reference; NULL with one line in error, of less than CONFINED_ERROR_SIZE bytes,
 * when the process ends without one.
 */
json_t *confined_run(const struct confined_work *work, const struct identity *id, char *error);

#endif
