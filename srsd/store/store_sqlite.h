/* SPDX-License-Identifier: ISC */
/*
 * store_sqlite - the table of aliases in an SQLite database.
 *
 * The table is that of postsrsd 2, so that its database is used as it is:
 *
 *	CREATE TABLE kv (k TEXT UNIQUE ON CONFLICT REPLACE, v TEXT, lt INTEGER)
 *
 * k is the alias, v the address, and lt the unix time after which the row may be deleted.
 *
 * The functions block while the disk works, so they are for the store process alone.
 *
 * DURABILITY. The journal is a WAL and synchronous is FULL: a commit returns after the WAL was
 * written to the disk. When the disk reports an error of a write or a sync, the kernel may have
 * dropped the pages, and later syncs succeed without them. Such an error therefore makes the handle
 * broken, and the caller opens the database again. The first transaction after an opening begins
 * with an empty WAL: everything that is in it is first written to the database file. Until then
 * another process that reads keeps it BUSY.
 *
 * FILES. A database or WAL that another program has moved, deleted or cut is BROKEN, at the latest
 * when a transaction is committed: what is written to a file without a name is lost. The rows of
 * the WAL are then in the database file, wherever it is, if that was possible.
 */
#ifndef SRSD_STORE_STORE_SQLITE_H
#define SRSD_STORE_STORE_SQLITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "common/text.h"
#include "srsd/store/store.h"

struct store_sqlite;

/* A WAL of more pages is written to the database file by store_sqlite_checkpoint(). */
#define STORE_SQLITE_WAL_PAGES 1000

enum store_sqlite_result {
	STORE_SQLITE_OK,
	STORE_SQLITE_MISSING, /* get: the table was read and has no such alias */
	STORE_SQLITE_FULL,    /* put: the limit of rows is reached */
	STORE_SQLITE_BUSY,    /* another process has a lock; the same call may succeed later */
	STORE_SQLITE_FAILED, /* cannot read or cannot write; store_sqlite_problem() has the reason */
	STORE_SQLITE_BROKEN, /* likewise, and the database has to be opened again */
};

/*
 * Opens a database, in a directory that exists. limit: the number of rows that a put may reach, > 0.
 * create: a file that does not exist is created with mode 0600, and a missing table in it;
 * otherwise that is a failure. NULL: problem has the reason, in words.
 */
struct store_sqlite *store_sqlite_open(
    const char *path, int64_t limit, bool create, char problem[STORE_PROBLEM_SIZE]);

/* Closes a database, rolling back what was not committed. Sets *db to NULL; it may be NULL. */
void store_sqlite_close(struct store_sqlite **db);

/* The reason of the last result that was not OK, MISSING or FULL; valid until the next call. */
const char *store_sqlite_problem(const struct store_sqlite *db);

/*
 * Looks whether the files are still those that were opened: OK or BROKEN. The writing functions do
 * so too.
 */
enum store_sqlite_result store_sqlite_verify(struct store_sqlite *db);

/*
 * Begins to write: OK, BUSY, FAILED or BROKEN. After OK, the transaction ends with
 * store_sqlite_commit() or store_sqlite_rollback().
 */
enum store_sqlite_result store_sqlite_begin(struct store_sqlite *db);

/*
 * Puts a row into the transaction: OK, FULL, FAILED or BROKEN. The row that the alias has already gets
 * the new address, and the later one of the two times.
 */
enum store_sqlite_result store_sqlite_put(
    struct store_sqlite *db, const char *alias, struct text address, int64_t expires);

/*
 * OK: all rows of the transaction are durable. FAILED or BROKEN: it was rolled back, or may have
 * been.
 */
enum store_sqlite_result store_sqlite_commit(struct store_sqlite *db);

void store_sqlite_rollback(struct store_sqlite *db);

/*
 * Reads the address of an alias: OK, MISSING, BUSY, FAILED or BROKEN. An address that is longer
 * than the buffer, or not a text, is FAILED.
 */
enum store_sqlite_result store_sqlite_get(
    struct store_sqlite *db, const char *alias, char address[STORE_ADDRESS_MAX], size_t *len);

/*
 * Deletes at most max rows that expired before now, in a transaction of its own. *deleted is their
 * number; when it is max, there may be more. Does nothing before the rows are counted, and before the
 * first transaction.
 */
enum store_sqlite_result store_sqlite_expire(
    struct store_sqlite *db, time_t now, unsigned max, unsigned *deleted);

/*
 * The number of rows, or STORE_ROWS_UNKNOWN before they are counted. Rows that another process
 * writes or deletes are not in it.
 */
int64_t store_sqlite_rows(const struct store_sqlite *db);

/*
 * Counts at most max rows more of those that were there at the opening. Large tables need many
 * calls. After the last one store_sqlite_rows() knows the number.
 */
enum store_sqlite_result store_sqlite_count(struct store_sqlite *db, unsigned max);

/*
 * Writes the pages of a long WAL to the database file, as far as no reader needs them there. Does
 * nothing while the WAL is short.
 */
enum store_sqlite_result store_sqlite_checkpoint(struct store_sqlite *db);

#endif
