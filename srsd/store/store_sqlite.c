/* SPDX-License-Identifier: ISC */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sqlite3.h>

#include "common/xmalloc.h"
#include "srsd/store/store_sqlite.h"

/* Memory for pages, in KiB: the inner nodes of both indexes of a million rows. */
#define CACHE_KIB "8192"

/* A WAL that readers made longer is cut to this size, in bytes. */
#define WAL_KEPT "67108864"

enum store_statement {
	STATEMENT_BEGIN,
	STATEMENT_COMMIT,
	STATEMENT_ROLLBACK,
	STATEMENT_FIND,
	STATEMENT_INSERT,
	STATEMENT_UPDATE,
	STATEMENT_GET,
	STATEMENT_EXPIRE,
	STATEMENT_COUNT,
	STATEMENTS,
};

static const char *const statements[STATEMENTS] = {
	[STATEMENT_BEGIN] = "BEGIN IMMEDIATE",
	[STATEMENT_COMMIT] = "COMMIT",
	[STATEMENT_ROLLBACK] = "ROLLBACK",
	[STATEMENT_FIND] = "SELECT rowid FROM kv WHERE k = ?1",
	[STATEMENT_INSERT] = "INSERT INTO kv (k, v, lt) VALUES (?1, ?2, ?3)",
	/* The row of one alias is read by all that have it, so its life is never shortened. */
	[STATEMENT_UPDATE] = "UPDATE kv SET v = ?2, lt = max(lt, ?3) WHERE rowid = ?4",
	[STATEMENT_GET] = "SELECT v FROM kv WHERE k = ?1",
	[STATEMENT_EXPIRE] = "DELETE FROM kv WHERE rowid IN"
			     " (SELECT rowid FROM kv WHERE lt < ?1 LIMIT ?2)",
	[STATEMENT_COUNT] = "SELECT count(*), max(r) FROM"
			    " (SELECT rowid AS r FROM kv WHERE rowid > ?1 ORDER BY rowid LIMIT ?2)",
};

/*
 * A database of another program may have triggers and views, and their code would run here.
 * Temporary files are not needed. If a mapped file is truncated, reading it raises a signal.
 */
static const char *const settings[] = {
	"PRAGMA trusted_schema = OFF",
	"PRAGMA cell_size_check = ON",
	"PRAGMA mmap_size = 0",
	"PRAGMA temp_store = MEMORY",
	"PRAGMA cache_size = -" CACHE_KIB,
	"PRAGMA journal_size_limit = " WAL_KEPT,
	"PRAGMA synchronous = FULL",
};

static const char *const tables[] = {
	"CREATE TABLE IF NOT EXISTS kv"
	" (k TEXT NOT NULL UNIQUE ON CONFLICT REPLACE, v TEXT NOT NULL, lt INTEGER NOT NULL)",
	"CREATE INDEX IF NOT EXISTS ltidx ON kv (lt)",
};

/* Bytes of a WAL: its header, and what each page has besides its bytes. */
#define WAL_HEAD 32
#define WAL_PAGE_HEAD 24

struct store_sqlite {
	sqlite3 *handle;
	char *path;     /* of the database */
	char *wal_path; /* of its WAL */
	int64_t page_size;
	off_t size;   /* of the database file, when last seen */
	dev_t device; /* of the WAL, once settled */
	ino_t inode;
	sqlite3_stmt *statement[STATEMENTS];
	int64_t limit;
	bool settled; /* the WAL has nothing of an earlier process, or of an earlier handle */
	bool counted;
	int64_t cursor;  /* rows up to this rowid are counted, while not all are */
	int64_t rows;    /* counted so far */
	int64_t pending; /* rows that the transaction adds */
	int wal_pages;
	char problem[STORE_PROBLEM_SIZE];
};

static enum store_sqlite_result
classify_error(int code)
{
	switch (code & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return STORE_SQLITE_BUSY;
	case SQLITE_FULL:
	case SQLITE_NOMEM:
	case SQLITE_TOOBIG:
	case SQLITE_CONSTRAINT:
		return STORE_SQLITE_FAILED;
	default:
		return STORE_SQLITE_BROKEN;
	}
}

/* set_problem - the words of SQLite for its last error, and those of the system */
static enum store_sqlite_result
set_problem(struct store_sqlite *db)
{
	int error = sqlite3_system_errno(db->handle);
	int code = sqlite3_extended_errcode(db->handle);
	bool of_system = (code & 0xff) == SQLITE_IOERR || (code & 0xff) == SQLITE_CANTOPEN;

	snprintf(db->problem, sizeof(db->problem), "%s%s%s", sqlite3_errmsg(db->handle),
	    of_system && error != 0 ? ": " : "", of_system && error != 0 ? strerror(error) : "");
	return classify_error(code);
}

/* step_statement - one that returns no row; its parameters are bound */
static enum store_sqlite_result
step_statement(struct store_sqlite *db, enum store_statement which)
{
	sqlite3_stmt *statement = db->statement[which];
	enum store_sqlite_result result = STORE_SQLITE_OK;

	if (sqlite3_step(statement) != SQLITE_DONE)
		result = set_problem(db);
	sqlite3_reset(statement);
	return result;
}

static void
bind_text(sqlite3_stmt *statement, int at, const char *s, size_t len)
{
	sqlite3_bind_text(statement, at, s, (int)len, SQLITE_STATIC);
}

static int
note_wal_pages(void *arg, sqlite3 *handle, const char *name, int pages)
{
	struct store_sqlite *db = arg;

	(void)handle;
	(void)name;
	db->wal_pages = pages;
	return SQLITE_OK;
}

/* create_file - SQLite gives the mode of the database to its WAL; and the name must be durable */
static bool
create_file(const char *path, char problem[STORE_PROBLEM_SIZE])
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	char *copy;
	bool ok;

	if (fd == -1 && errno == EEXIST)
		return true;
	if (fd == -1) {
		strlcpy(problem, strerror(errno), STORE_PROBLEM_SIZE);
		return false;
	}
	close(fd);
	copy = xstrdup(path);
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(copy);
	ok = fd != -1 && fsync(fd) == 0;
	if (!ok)
		strlcpy(problem, strerror(errno), STORE_PROBLEM_SIZE);
	if (fd != -1)
		close(fd);
	return ok;
}

/* set_up_handle - limits of what the file may make SQLite do */
static void
set_up_handle(struct store_sqlite *db)
{
	sqlite3_extended_result_codes(db->handle, 1);
	sqlite3_busy_timeout(db->handle, 0);
	sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(db->handle, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
	sqlite3_db_config(db->handle, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
	/* Instead of the hook that writes the WAL to the database file as a part of a commit. */
	sqlite3_wal_hook(db->handle, note_wal_pages, db);
}

/* enter_wal - the mode is a property of the file; it is not an error if it cannot be changed */
static bool
enter_wal(struct store_sqlite *db)
{
	sqlite3_stmt *statement = NULL;
	const char *mode = NULL;
	bool ok = false;

	if (sqlite3_prepare_v2(db->handle, "PRAGMA journal_mode = WAL", -1, &statement, NULL) ==
		SQLITE_OK &&
	    sqlite3_step(statement) == SQLITE_ROW) {
		mode = (const char *)sqlite3_column_text(statement, 0);
		ok = mode != NULL && strcmp(mode, "wal") == 0;
		if (!ok)
			strlcpy(db->problem, "the journal mode cannot be set to WAL",
			    sizeof(db->problem));
	} else {
		set_problem(db);
	}
	sqlite3_finalize(statement);
	return ok;
}

static bool
prepare_statements(struct store_sqlite *db)
{
	size_t i;

	for (i = 0; i < STATEMENTS; i++)
		if (sqlite3_prepare_v3(db->handle, statements[i], -1, SQLITE_PREPARE_PERSISTENT,
			&db->statement[i], NULL) != SQLITE_OK) {
			set_problem(db);
			return false;
		}
	return true;
}

static bool
run_statements(struct store_sqlite *db, const char *const *sql, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (sqlite3_exec(db->handle, sql[i], NULL, NULL, NULL) != SQLITE_OK) {
			set_problem(db);
			return false;
		}
	return true;
}

static bool
read_page_size(struct store_sqlite *db)
{
	sqlite3_stmt *statement = NULL;
	bool ok =
	    sqlite3_prepare_v2(db->handle, "PRAGMA page_size", -1, &statement, NULL) == SQLITE_OK &&
	    sqlite3_step(statement) == SQLITE_ROW;

	if (ok)
		db->page_size = sqlite3_column_int64(statement, 0);
	else
		set_problem(db);
	sqlite3_finalize(statement);
	return ok;
}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static bool
set_up_database(struct store_sqlite *db, bool create)
{
	set_up_handle(db);
	return enter_wal(db) && run_statements(db, settings, COUNT(settings)) &&
	       (!create || run_statements(db, tables, COUNT(tables))) && read_page_size(db) &&
	       prepare_statements(db);
}

struct store_sqlite *
store_sqlite_open(const char *path, int64_t limit, bool create, char problem[STORE_PROBLEM_SIZE])
{
	struct store_sqlite *db;
	const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;
	bool ok;

	/* Other names mean something else to SQLite, such as a database in memory. */
	if (path[0] != '/') {
		strlcpy(problem, "the path is not absolute", STORE_PROBLEM_SIZE);
		return NULL;
	}
	if (create && !create_file(path, problem))
		return NULL;
	db = xcalloc(1, sizeof(*db));
	db->limit = limit;
	db->path = xstrdup(path);
	xasprintf(&db->wal_path, "%s-wal", path);
	ok = sqlite3_open_v2(path, &db->handle, flags, NULL) == SQLITE_OK;
	if (!ok && db->handle != NULL)
		set_problem(db);
	if (ok && set_up_database(db, create))
		return db;
	strlcpy(problem, db->problem, STORE_PROBLEM_SIZE);
	store_sqlite_close(&db);
	return NULL;
}

void
store_sqlite_close(struct store_sqlite **dbp)
{
	struct store_sqlite *db = *dbp;
	size_t i;

	if (db == NULL)
		return;
	for (i = 0; i < STATEMENTS; i++)
		sqlite3_finalize(db->statement[i]);
	sqlite3_close(db->handle);
	free(db->path);
	free(db->wal_path);
	free(db);
	*dbp = NULL;
}

const char *
store_sqlite_problem(const struct store_sqlite *db)
{
	return db->problem;
}

/* settle_wal - everything that an earlier WAL has, into the database file, and an empty WAL */
static enum store_sqlite_result
settle_wal(struct store_sqlite *db)
{
	struct stat wal;

	if (db->settled)
		return STORE_SQLITE_OK;
	if (sqlite3_wal_checkpoint_v2(db->handle, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL) !=
	    SQLITE_OK)
		return set_problem(db);
	db->wal_pages = 0;
	if (stat(db->wal_path, &wal) == 0) {
		db->device = wal.st_dev;
		db->inode = wal.st_ino;
	}
	db->settled = true;
	return STORE_SQLITE_OK;
}

/*
 * lose_files - the rows of the WAL that have no other place go into the database file, wherever that
 * is now; and what is in its place next does not get them
 */
static enum store_sqlite_result
lose_files(struct store_sqlite *db, const char *problem)
{
	(void)sqlite3_wal_checkpoint_v2(db->handle, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	strlcpy(db->problem, problem, sizeof(db->problem));
	return STORE_SQLITE_BROKEN;
}

/* lose_bytes - of a file that was cut: SQLite must not move pages that may be missing */
static enum store_sqlite_result
lose_bytes(struct store_sqlite *db, const char *problem)
{
	sqlite3_db_config(db->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	strlcpy(db->problem, problem, sizeof(db->problem));
	return STORE_SQLITE_BROKEN;
}

enum store_sqlite_result
store_sqlite_verify(struct store_sqlite *db)
{
	const off_t least = WAL_HEAD + db->wal_pages * (WAL_PAGE_HEAD + db->page_size);
	struct stat file, wal;
	int moved = 0;

	sqlite3_file_control(db->handle, "main", SQLITE_FCNTL_HAS_MOVED, &moved);
	if (moved || stat(db->path, &file) == -1)
		return lose_files(db, "the database file was moved or deleted");
	if (file.st_size < db->size)
		return lose_bytes(db, "the database file was truncated by another program");
	db->size = file.st_size;
	if (!db->settled)
		return STORE_SQLITE_OK;
	if (stat(db->wal_path, &wal) == -1 || wal.st_dev != db->device || wal.st_ino != db->inode)
		return lose_files(db, "the WAL of the database was moved or deleted");
	if (db->wal_pages > 0 && wal.st_size < least)
		return lose_bytes(db, "the WAL of the database was truncated by another program");
	return STORE_SQLITE_OK;
}

enum store_sqlite_result
store_sqlite_begin(struct store_sqlite *db)
{
	enum store_sqlite_result result = store_sqlite_verify(db);

	if (result == STORE_SQLITE_OK)
		result = settle_wal(db);
	return result == STORE_SQLITE_OK ? step_statement(db, STATEMENT_BEGIN) : result;
}

/* find_row - the rowid of an alias, 0 when it has none; the alias is bound by the caller */
static enum store_sqlite_result
find_row(struct store_sqlite *db, const char *alias, int64_t *row)
{
	sqlite3_stmt *statement = db->statement[STATEMENT_FIND];
	enum store_sqlite_result result = STORE_SQLITE_OK;
	int code;

	bind_text(statement, 1, alias, strlen(alias));
	code = sqlite3_step(statement);
	if (code == SQLITE_ROW)
		*row = sqlite3_column_int64(statement, 0);
	else if (code == SQLITE_DONE)
		result = STORE_SQLITE_MISSING;
	else
		result = set_problem(db);
	sqlite3_reset(statement);
	return result;
}

enum store_sqlite_result
store_sqlite_put(struct store_sqlite *db, const char *alias, struct text address, int64_t expires)
{
	enum store_statement which = STATEMENT_UPDATE;
	enum store_sqlite_result result;
	int64_t row = 0;

	result = find_row(db, alias, &row);
	if (result == STORE_SQLITE_MISSING) {
		if (db->rows + db->pending >= db->limit)
			return STORE_SQLITE_FULL;
		which = STATEMENT_INSERT;
	} else if (result != STORE_SQLITE_OK) {
		return result;
	}
	bind_text(db->statement[which], 1, alias, strlen(alias));
	bind_text(db->statement[which], 2, address.s, address.len);
	sqlite3_bind_int64(db->statement[which], 3, expires);
	if (which == STATEMENT_UPDATE)
		sqlite3_bind_int64(db->statement[which], 4, row);
	result = step_statement(db, which);
	/* A new row has the highest rowid: a count that is in progress will reach it. */
	if (result == STORE_SQLITE_OK && which == STATEMENT_INSERT && db->counted)
		db->pending++;
	return result;
}

enum store_sqlite_result
store_sqlite_commit(struct store_sqlite *db)
{
	enum store_sqlite_result result = step_statement(db, STATEMENT_COMMIT);

	if (result == STORE_SQLITE_OK) {
		db->rows += db->pending;
		db->pending = 0;
		result = store_sqlite_verify(db);
	} else {
		store_sqlite_rollback(db);
	}
	return result;
}

void
store_sqlite_rollback(struct store_sqlite *db)
{
	char problem[STORE_PROBLEM_SIZE];

	/* Some errors roll back by themselves. */
	if (!sqlite3_get_autocommit(db->handle)) {
		strlcpy(problem, db->problem, sizeof(problem));
		step_statement(db, STATEMENT_ROLLBACK);
		strlcpy(db->problem, problem, sizeof(db->problem));
	}
	db->pending = 0;
}

/* read_address - the column of a row */
static enum store_sqlite_result
read_address(struct store_sqlite *db, sqlite3_stmt *statement, char *address, size_t *len)
{
	const void *bytes = sqlite3_column_blob(statement, 0);
	int n = sqlite3_column_bytes(statement, 0);

	if (bytes == NULL || n <= 0 || n > STORE_ADDRESS_MAX) {
		strlcpy(
		    db->problem, "the row of the alias has no valid address", sizeof(db->problem));
		return STORE_SQLITE_FAILED;
	}
	memcpy(address, bytes, (size_t)n);
	*len = (size_t)n;
	return STORE_SQLITE_OK;
}

enum store_sqlite_result
store_sqlite_get(
    struct store_sqlite *db, const char *alias, char address[STORE_ADDRESS_MAX], size_t *len)
{
	sqlite3_stmt *statement = db->statement[STATEMENT_GET];
	enum store_sqlite_result result;
	int code;

	bind_text(statement, 1, alias, strlen(alias));
	code = sqlite3_step(statement);
	if (code == SQLITE_ROW)
		result = read_address(db, statement, address, len);
	else if (code == SQLITE_DONE)
		result = STORE_SQLITE_MISSING;
	else
		result = set_problem(db);
	sqlite3_reset(statement);
	return result;
}

enum store_sqlite_result
store_sqlite_expire(struct store_sqlite *db, time_t now, unsigned max, unsigned *deleted)
{
	enum store_sqlite_result result;

	*deleted = 0;
	if (!db->counted || !db->settled)
		return STORE_SQLITE_OK;
	sqlite3_bind_int64(db->statement[STATEMENT_EXPIRE], 1, now);
	sqlite3_bind_int64(db->statement[STATEMENT_EXPIRE], 2, max);
	result = step_statement(db, STATEMENT_EXPIRE);
	if (result == STORE_SQLITE_OK)
		*deleted = (unsigned)sqlite3_changes(db->handle);
	db->rows -= db->rows < *deleted ? db->rows : *deleted;
	return result;
}

int64_t
store_sqlite_rows(const struct store_sqlite *db)
{
	return db->counted ? db->rows : STORE_ROWS_UNKNOWN;
}

enum store_sqlite_result
store_sqlite_count(struct store_sqlite *db, unsigned max)
{
	sqlite3_stmt *statement = db->statement[STATEMENT_COUNT];
	enum store_sqlite_result result = STORE_SQLITE_OK;
	int64_t n;

	if (db->counted)
		return STORE_SQLITE_OK;
	sqlite3_bind_int64(statement, 1, db->cursor);
	sqlite3_bind_int64(statement, 2, max);
	if (sqlite3_step(statement) == SQLITE_ROW) {
		n = sqlite3_column_int64(statement, 0);
		db->rows += n;
		db->counted = n < max;
		if (n > 0)
			db->cursor = sqlite3_column_int64(statement, 1);
	} else {
		result = set_problem(db);
	}
	sqlite3_reset(statement);
	return result;
}

enum store_sqlite_result
store_sqlite_checkpoint(struct store_sqlite *db)
{
	if (db->wal_pages < STORE_SQLITE_WAL_PAGES)
		return STORE_SQLITE_OK;
	db->wal_pages = 0;
	if (sqlite3_wal_checkpoint_v2(db->handle, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL) ==
	    SQLITE_OK)
		return STORE_SQLITE_OK;
	return set_problem(db);
}
