/* SPDX-License-Identifier: ISC */
#include <sys/file.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sqlite3.h>

#include "common/clock.h"
#include "common/xmalloc.h"
#include "srsd/store/store_sqlite_file.h"

/* Steps of SQLite's virtual machine between two looks at the clock. */
#define PROGRESS_STEPS 10000

/* Milliseconds that a copy waits for a lock. */
#define COPY_LOCK_MS 10000

/* Bytes of a value; longer ones are an error. */
#define VALUE_MAX 65536

/*
 * Bytes 18 and 19 of the file: the versions of the format for writing and reading. 2 is a WAL, which
 * a database in memory cannot have; 1 is the same format without it.
 */
#define HEADER_SIZE 100
#define FORMAT_AT 18
#define FORMAT_WAL 2
#define FORMAT_JOURNAL 1

struct store_sqlite_file {
	sqlite3 *handle;
	sqlite3_stmt *rows;
};

static void
copy_message(sqlite3 *handle, char problem[STORE_PROBLEM_SIZE])
{
	strlcpy(
	    problem, handle == NULL ? "out of memory" : sqlite3_errmsg(handle), STORE_PROBLEM_SIZE);
}

/* restrict_handle - limits of what the file may make SQLite do */
static void
restrict_handle(sqlite3 *handle)
{
	sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
	sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
	sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_limit(handle, SQLITE_LIMIT_LENGTH, VALUE_MAX);
	sqlite3_limit(handle, SQLITE_LIMIT_ATTACHED, 0);
	sqlite3_exec(handle, "PRAGMA cell_size_check = ON", NULL, NULL, NULL);
	sqlite3_exec(handle, "PRAGMA temp_store = MEMORY", NULL, NULL, NULL);
}

static bool
load_bytes(sqlite3 *handle, unsigned char *bytes, size_t len)
{
	if (len >= HEADER_SIZE && bytes[FORMAT_AT] == FORMAT_WAL)
		bytes[FORMAT_AT] = bytes[FORMAT_AT + 1] = FORMAT_JOURNAL;
	return sqlite3_deserialize(handle, "main", bytes, (sqlite3_int64)len, (sqlite3_int64)len,
		   SQLITE_DESERIALIZE_READONLY) == SQLITE_OK;
}

struct store_sqlite_file *
store_sqlite_file_open(unsigned char *bytes, size_t len, char problem[STORE_PROBLEM_SIZE])
{
	static const char rows[] = "SELECT rowid, k, v, lt FROM kv WHERE rowid > ?1 ORDER BY rowid";
	struct store_sqlite_file *file = xcalloc(1, sizeof(*file));

	if (sqlite3_open_v2(":memory:", &file->handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
		NULL) == SQLITE_OK &&
	    load_bytes(file->handle, bytes, len)) {
		restrict_handle(file->handle);
		if (sqlite3_prepare_v2(file->handle, rows, -1, &file->rows, NULL) == SQLITE_OK)
			return file;
	}
	copy_message(file->handle, problem);
	store_sqlite_file_close(&file);
	return NULL;
}

void
store_sqlite_file_close(struct store_sqlite_file **filep)
{
	struct store_sqlite_file *file = *filep;

	*filep = NULL;
	if (file == NULL)
		return;
	sqlite3_finalize(file->rows);
	sqlite3_close(file->handle);
	free(file);
}

bool
store_sqlite_file_seek(
    struct store_sqlite_file *file, int64_t after, char problem[STORE_PROBLEM_SIZE])
{
	sqlite3_reset(file->rows);
	if (sqlite3_bind_int64(file->rows, 1, after) == SQLITE_OK)
		return true;
	copy_message(file->handle, problem);
	return false;
}

static struct text
read_column(sqlite3_stmt *statement, int column)
{
	const char *bytes = (const char *)sqlite3_column_text(statement, column);
	int n = sqlite3_column_bytes(statement, column);

	return bytes == NULL ? (struct text){ "", 0 } : (struct text){ bytes, (size_t)n };
}

int
store_sqlite_file_next(
    struct store_sqlite_file *file, struct store_sqlite_row *row, char problem[STORE_PROBLEM_SIZE])
{
	int code = sqlite3_step(file->rows);

	if (code == SQLITE_DONE)
		return 0;
	if (code != SQLITE_ROW) {
		copy_message(file->handle, problem);
		return -1;
	}
	row->id = sqlite3_column_int64(file->rows, 0);
	row->alias = read_column(file->rows, 1);
	row->address = read_column(file->rows, 2);
	row->expires = sqlite3_column_int64(file->rows, 3);
	return 1;
}

static int
is_out_of_time(void *arg)
{
	return clock_elapsed(&clock_system) >= *(const uint64_t *)arg;
}

/* read_first_word - the first column of the first row; false: an error */
static bool
read_first_word(sqlite3 *handle, const char *sql, char word[STORE_PROBLEM_SIZE])
{
	sqlite3_stmt *statement = NULL;
	int code = sqlite3_prepare_v2(handle, sql, -1, &statement, NULL);
	const char *text;

	word[0] = '\0';
	if (code == SQLITE_OK)
		code = sqlite3_step(statement);
	if (code == SQLITE_ROW) {
		text = (const char *)sqlite3_column_text(statement, 0);
		strlcpy(word, text == NULL ? "" : text, STORE_PROBLEM_SIZE);
	}
	sqlite3_finalize(statement);
	return code == SQLITE_ROW || code == SQLITE_DONE;
}

/* examine_handle - sets the report, except for the text of an error */
static bool
examine_handle(sqlite3 *handle, struct store_sqlite_report *report)
{
	char word[STORE_PROBLEM_SIZE];

	if (!read_first_word(handle, "PRAGMA journal_mode", word))
		return false;
	report->has_wal = strcmp(word, "wal") == 0;
	if (!read_first_word(handle,
		"SELECT name FROM sqlite_schema WHERE type = 'table' AND name = 'kv'", word))
		return false;
	report->has_table = word[0] != '\0';
	if (!read_first_word(handle, "PRAGMA quick_check(1)", word))
		return false;
	report->health = strcmp(word, "ok") == 0 ? STORE_SQLITE_SOUND : STORE_SQLITE_DAMAGED;
	if (report->health == STORE_SQLITE_DAMAGED)
		strlcpy(report->problem, word, sizeof(report->problem));
	return true;
}

static enum store_sqlite_health
classify_failure(int code)
{
	switch (code & 0xff) {
	case SQLITE_INTERRUPT:
	case SQLITE_BUSY:
		return STORE_SQLITE_UNFINISHED;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return STORE_SQLITE_DAMAGED;
	default:
		return STORE_SQLITE_UNREADABLE;
	}
}

void
store_sqlite_file_check(const char *path, unsigned ms, struct store_sqlite_report *report)
{
	uint64_t until = clock_elapsed(&clock_system) + ms;
	sqlite3 *handle = NULL;
	int code;

	memset(report, 0, sizeof(*report));
	/* A reader of a WAL writes to the index next to it. */
	code = sqlite3_open_v2(path, &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
	if (code == SQLITE_OK) {
		restrict_handle(handle);
		sqlite3_busy_timeout(handle, (int)ms);
		sqlite3_progress_handler(handle, PROGRESS_STEPS, is_out_of_time, &until);
	}
	if (code != SQLITE_OK || !examine_handle(handle, report)) {
		report->health = classify_failure(sqlite3_errcode(handle));
		copy_message(handle, report->problem);
	}
	sqlite3_close(handle);
}

/* write_copy - all committed rows of the database, into an empty file */
static bool
write_copy(const char *path, const char *copy, char problem[STORE_PROBLEM_SIZE])
{
	sqlite3 *handle = NULL;
	sqlite3_stmt *statement = NULL;
	bool ok = sqlite3_open_v2(path, &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
		      NULL) == SQLITE_OK;

	if (ok) {
		restrict_handle(handle);
		/* SQLite attaches the new file. */
		sqlite3_limit(handle, SQLITE_LIMIT_ATTACHED, 1);
		sqlite3_busy_timeout(handle, COPY_LOCK_MS);
		ok = sqlite3_prepare_v2(handle, "VACUUM INTO ?1", -1, &statement, NULL) ==
			 SQLITE_OK &&
		     sqlite3_bind_text(statement, 1, copy, -1, SQLITE_STATIC) == SQLITE_OK &&
		     sqlite3_step(statement) == SQLITE_DONE;
	}
	if (!ok)
		copy_message(handle, problem);
	sqlite3_finalize(statement);
	sqlite3_close(handle);
	return ok;
}

/* count_copy - the number of rows in a sound copy; -1: problem has the reason */
static int64_t
count_copy(const char *copy, char problem[STORE_PROBLEM_SIZE])
{
	char word[STORE_PROBLEM_SIZE], number[STORE_PROBLEM_SIZE];
	sqlite3 *handle = NULL;
	bool ok = sqlite3_open_v2(
		      copy, &handle, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL) == SQLITE_OK;
	int64_t rows = -1;

	if (ok) {
		restrict_handle(handle);
		ok = read_first_word(handle, "PRAGMA quick_check(1)", word) &&
		     read_first_word(handle, "SELECT count(*) FROM kv", number);
	}
	if (!ok)
		copy_message(handle, problem);
	else if (strcmp(word, "ok") != 0)
		strlcpy(problem, word, STORE_PROBLEM_SIZE);
	else
		rows = strtoll(number, NULL, 10);
	sqlite3_close(handle);
	return rows;
}

/* write_all - false: errno is set */
static bool
write_all(int to, const char *bytes, size_t len)
{
	ssize_t n;

	while (len > 0) {
		n = write(to, bytes, len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return false;
		bytes += n;
		len -= (size_t)n;
	}
	return true;
}

/* move_bytes - from the beginning of a file to another one, and to the disk; false: errno is set */
static bool
move_bytes(int from, int to)
{
	char bytes[65536];
	ssize_t n;

	while ((n = read(from, bytes, sizeof(bytes))) != 0)
		if ((n == -1 && errno != EINTR) || (n > 0 && !write_all(to, bytes, (size_t)n)))
			return false;
	return fsync(to) == 0;
}

/* fill_copy - copies path into the empty file copy, and that to the open file */
static int64_t
fill_copy(const char *path, const char *copy, int from, int to, char problem[STORE_PROBLEM_SIZE])
{
	int64_t rows;

	if (!write_copy(path, copy, problem))
		return -1;
	rows = count_copy(copy, problem);
	if (rows == -1 || move_bytes(from, to))
		return rows;
	strlcpy(problem, strerror(errno), STORE_PROBLEM_SIZE);
	return -1;
}

/* create_copy - an empty file, locked while it is used; -1: errno is set */
static int
create_copy(const char *copy)
{
	int fd = open(copy, O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd != -1)
		(void)flock(fd, LOCK_EX | LOCK_NB);
	return fd;
}

/* remove_stale_copy - of a process that was killed; false with EEXIST: it is in use */
static bool
remove_stale_copy(const char *copy)
{
	int fd = open(copy, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
	bool stale = fd != -1 && flock(fd, LOCK_EX | LOCK_NB) == 0 && unlink(copy) == 0;

	if (fd != -1)
		close(fd);
	errno = EEXIST;
	return stale;
}

int64_t
store_sqlite_file_copy(const char *path, int to, char problem[STORE_PROBLEM_SIZE])
{
	char copy[PATH_MAX];
	int64_t rows;
	int from;

	if (snprintf(copy, sizeof(copy), "%s.copy", path) >= (int)sizeof(copy)) {
		strlcpy(problem, strerror(ENAMETOOLONG), STORE_PROBLEM_SIZE);
		return -1;
	}
	from = create_copy(copy);
	if (from == -1 && errno == EEXIST && remove_stale_copy(copy))
		from = create_copy(copy);
	if (from == -1) {
		strlcpy(problem,
		    errno == EEXIST ? "another copy is being made; wait until it is complete"
				    : strerror(errno),
		    STORE_PROBLEM_SIZE);
		return -1;
	}
	rows = fill_copy(path, copy, from, to, problem);
	unlink(copy);
	close(from);
	return rows;
}
