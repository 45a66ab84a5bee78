/* SPDX-License-Identifier: ISC */
/*
 * store_sqlite_file - reads database files of SQLite for srsctl: the rows of a postsrsd 2 database,
 * and the health and a copy of our own.
 *
 * SECURITY: both files may be hostile, so the caller works without privileges and in a sandbox.
 * Views, triggers and functions in the file are disabled.
 */
#ifndef SRSD_STORE_STORE_SQLITE_FILE_H
#define SRSD_STORE_STORE_SQLITE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/text.h"
#include "srsd/store/store.h"

struct store_sqlite_file;

/* A row; the texts are valid until the next call. */
struct store_sqlite_row {
	int64_t id;
	struct text alias;   /* any bytes */
	struct text address; /* any bytes */
	int64_t expires;
};

/*
 * Opens the contents of a file, which may be a private mapping of it: the header is changed. No file
 * is opened, and none is needed later. bytes outlive the handle. NULL: problem has the reason.
 */
struct store_sqlite_file *store_sqlite_file_open(
    unsigned char *bytes, size_t len, char problem[STORE_PROBLEM_SIZE]);

/* Frees it, and sets *file to NULL; it may be NULL. */
void store_sqlite_file_close(struct store_sqlite_file **file);

/* Begins to read after the row with this id. False: problem has the reason. */
bool store_sqlite_file_seek(
    struct store_sqlite_file *file, int64_t after, char problem[STORE_PROBLEM_SIZE]);

/* 1: the next row. 0: the last one has been read. -1: problem has the reason. */
int store_sqlite_file_next(
    struct store_sqlite_file *file, struct store_sqlite_row *row, char problem[STORE_PROBLEM_SIZE]);

enum store_sqlite_health {
	STORE_SQLITE_SOUND,
	STORE_SQLITE_DAMAGED,    /* problem has the first fault */
	STORE_SQLITE_UNREADABLE, /* problem has the reason */
	STORE_SQLITE_UNFINISHED, /* the time was too short */
};

struct store_sqlite_report {
	enum store_sqlite_health health;
	bool has_wal;   /* the journal is a WAL */
	bool has_table; /* the table of the aliases is there */
	char problem[STORE_PROBLEM_SIZE];
};

/*
 * Looks for damage (PRAGMA quick_check) in a database that may be in use, for ms milliseconds at
 * most. Creates no database.
 */
void store_sqlite_file_check(const char *path, unsigned ms, struct store_sqlite_report *report);

/*
 * Writes a copy of a database, which may be in use, to the open file to: the rows that were
 * committed when it started, and no journal. The copy is first made in the file PATH.copy, which
 * must not exist and does not remain, and examined there. Returns the number of its rows; -1:
 * problem has the reason.
 */
int64_t store_sqlite_file_copy(const char *path, int to, char problem[STORE_PROBLEM_SIZE]);

#endif
