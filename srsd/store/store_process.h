/* SPDX-License-Identifier: ISC */
/*
 * store_process - the process that has the database, because the engine must not wait for a disk.
 *
 * It reads the questions that have arrived, answers the lookups, and commits all puts together in
 * one transaction: however many they are, the disk is synced once (group commit). Only then are
 * they acknowledged. Between commits it moves pages from a long WAL to the database file, and
 * deletes expired rows, in small portions.
 *
 * A database that another process has locked delays puts, not lookups. When it stays locked for
 * wait_ms, the puts fail. A database that cannot be opened, or breaks, is opened again and again,
 * with pauses; questions fail meanwhile. One that has disappeared is not created again: an empty
 * one would answer that an alias is unknown, and good bounces would be refused.
 *
 * SECURITY: the engine may be hostile. A message that is not a question ends the process.
 */
#ifndef SRSD_STORE_STORE_PROCESS_H
#define SRSD_STORE_STORE_PROCESS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/clock.h"
#include "common/privdrop.h"

struct store_process_start {
	int fd;             /* connected stream socket to the engine; the process closes it */
	const char *path;   /* of the database, absolute, in a directory that exists */
	int64_t limit;      /* of rows, > 0 */
	bool create;        /* the file, when it does not exist at the first opening */
	bool *opened;       /* set to true when the database was opened; NULL: not needed */
	unsigned wait_ms;   /* until a put fails: the deadline of the engine's questions */
	unsigned steady_ms; /* of the clock, from the start or a step on, until rows expire by it */
	const struct clock *clock;       /* the wall clock by which rows expire */
	const struct identity *identity; /* to become before anything else; NULL: keep */
	bool sandbox;                    /* enter sandbox_enter_store() */
};

/*
 * Runs until the engine closes its end (returns 0), SIGTERM arrives (0, after the current commit),
 * or the engine violates the protocol (1). SIGINT and SIGHUP are ignored: a terminal and a service
 * manager send them to all processes of the daemon.
 *
 * A process that was forked for this calls it, and exits with the result. It has closed all
 * descriptors but fd and those of the log: the sandbox does not close them.
 */
int store_process_main(const struct store_process_start *start);

#endif
