/* SPDX-License-Identifier: ISC */
/*
 * fake_store - the envelope store of a story: a backend (srsd/store/store_backend.h) that keeps its
 * rows in memory, and that works or fails as the story says.
 *
 * Each envelope-database has rows of its own, which stay when the services use another one.
 * Requests are answered in fake_store_deliver(), in their order, so never within the call that
 * asks. Deadlines are those of the front, in virtual time.
 */
#ifndef TESTS_REPLAY_FAKE_STORE_H
#define TESTS_REPLAY_FAKE_STORE_H

#include <sys/queue.h>

#include <stdbool.h>
#include <stddef.h>

#include "srsd/service/services.h"
#include "srsd/store/store.h"

enum fake_store_mode {
	FAKE_STORE_ANSWERING,
	FAKE_STORE_SILENT,  /* requests wait until it answers again */
	FAKE_STORE_FULL,    /* puts are STORE_FULL */
	FAKE_STORE_FAILING, /* all is STORE_FAILED */
};

#define FAKE_STORE_NAME_SIZE 200

struct fake_backend;

struct fake_store {
	enum fake_store_mode mode;
	char *problem; /* of FAKE_STORE_FAILING and of a lost connection; or NULL */
	bool lost;     /* no connection */
	unsigned requests[STORE_OPERATIONS]; /* that arrived since they were last taken */
	struct fake_backend *backend;        /* NULL: the services have no database */
	char database[FAKE_STORE_NAME_SIZE]; /* that the services have opened last; "": not yet */
	LIST_HEAD(, fake_row) rows;          /* of all databases */
};

/* A store without rows that answers. */
void fake_store_begin(struct fake_store *fake);

/* Frees the rows; the services must be gone. */
void fake_store_end(struct fake_store *fake);

/* A services_open_store_fn; arg is the struct fake_store. */
services_open_store_fn fake_store_open;

/* Sets the mode; problem (len bytes) is for FAKE_STORE_FAILING. */
void fake_store_set_mode(
    struct fake_store *fake, enum fake_store_mode mode, const char *problem, size_t len);

/* Loses the connection, with what has not been answered; problem has len bytes. */
void fake_store_lose(struct fake_store *fake, const char *problem, size_t len);

/* Connects again. */
void fake_store_connect(struct fake_store *fake);

/*
 * Writes a row into the database in use, as another program would. It does not expire. alias
 * (STORE_ALIAS_LEN characters) and address are copied. False when there is no database.
 */
bool fake_store_write(struct fake_store *fake, const char *alias, struct text address);

/* Removes a row of the database in use; false when there is none. */
bool fake_store_remove(struct fake_store *fake, const char *alias);

/* The rows of the database in use. */
size_t fake_store_rows(const struct fake_store *fake);

/* The requests that arrived since the last call; a repeated one counts again. */
unsigned fake_store_take(struct fake_store *fake, enum store_operation operation);

/* Connects, and answers what has arrived; true when something was done. */
bool fake_store_deliver(struct fake_store *fake);

#endif
