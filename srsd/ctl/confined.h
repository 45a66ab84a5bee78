/* SPDX-License-Identifier: ISC */
/*
 * confined - a process without privileges, for the part of a program run by root that reads hostile
 * bytes. It drops its privileges and enters a sandbox before it starts work, and replies with one
 * JSON object.
 *
 * SECURITY: the reply may come from an attacker. It has at most REPLY_MAX bytes, and its texts are
 * not printable yet. The process inherits no descriptor but the pipe for the reply, and one that
 * the work may name. A build with sanitizers has no sandbox, and its process keeps standard error.
 */
#ifndef SRSD_CTL_CONFINED_H
#define SRSD_CTL_CONFINED_H

#include <stdbool.h>

#include <jansson.h>

#include "common/privdrop.h"

/* The number that a descriptor of the caller has in the process. */
#define CONFINED_KEPT_FD 4

struct confined_work {
	/* Opens files with the caller's privileges. Returns NULL, or confined_failure. May be NULL. */
	json_t *(*prepare)(void *arg);
	/* Works without privileges. Returns the reply, an object, or confined_failure. */
	json_t *(*run)(void *arg);
	void *arg;        /* for both */
	unsigned seconds; /* after which the process is killed */
	/* What the process does, such as "queries the DNS", for errors. */
	const char *doing;
	/*
	 * False: the sandbox of the engine, which opens no files. True: that of the store process,
	 * which opens files with the rights of the user.
	 */
	bool opens_files;
	/* A descriptor of the caller, above standard error, that the process keeps. 0: none. */
	int kept;
};

#define CONFINED_ERROR_SIZE 1024

/* Returns a reply that makes confined_run fail with this text. */
json_t *confined_failure(const char *error);

/*
 * Runs the work in a child process as the user id. Returns its reply, a new reference to an object;
 * or NULL with one printable line in error when the work failed or took too long, or when the
 * process exited without a reply.
 */
json_t *confined_run(
    const struct confined_work *work, const struct identity *id, char error[CONFINED_ERROR_SIZE]);

#endif
