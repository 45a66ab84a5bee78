/* SPDX-License-Identifier: ISC */
/*
 * confined - a process without privileges, for the part of a program of root's that reads hostile
 * bytes. It gives up its privileges and enters the engine's sandbox before it begins, and replies
 * with one JSON object.
 *
 * SECURITY: the reply may come from an attacker. It has at most REPLY_MAX bytes, and its texts are
 * raw. Of its parent's descriptors the process has only the pipe for the reply. A build with
 * sanitizers has no sandbox, and the process keeps standard error.
 */
#ifndef SRSD_CTL_CONFINED_H
#define SRSD_CTL_CONFINED_H

#include <jansson.h>

#include "common/privdrop.h"

struct confined_work {
	/* Opens what the work needs, with the caller's privileges: NULL, or confined_failure. */
	json_t *(*prepare)(void *arg);
	/* Works without privileges: the reply, an object, or confined_failure. */
	json_t *(*run)(void *arg);
	void *arg;        /* of both */
	unsigned seconds; /* after which the process is killed */
};

#define CONFINED_ERROR_SIZE 1024

/* A reply that makes confined_run fail with this text. */
json_t *confined_failure(const char *error);

/*
 * Runs the work as that user. Its reply, a new reference to an object; NULL with one printable line
 * in error when the work failed, took too long, or the process ended without a reply.
 */
json_t *confined_run(
    const struct confined_work *work, const struct identity *id, char error[CONFINED_ERROR_SIZE]);

#endif
