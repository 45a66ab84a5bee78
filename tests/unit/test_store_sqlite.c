/* SPDX-License-Identifier: ISC */
#include "tests/unit/store_case.h"
#include "tests/unit/unit_dir.h"

#include <sys/stat.h>

#include <unistd.h>

#include <sqlite3.h>

#include "srsd/store/store_sqlite.h"
#include "tests/unit/disk_case.h"

#define LIMIT 1000000
#define DATABASE "envelopes.sqlite"

static char problem[STORE_PROBLEM_SIZE];

static struct store_sqlite *
open_with_limit(int64_t limit)
{
	char path[UNIT_DIR_SIZE + 40];
	struct store_sqlite *db;

	snprintf(path, sizeof(path), "%s/%s", unit_dir, DATABASE);
	db = store_sqlite_open(path, limit, true, problem);
	if (db == NULL)
		print_error("open: %s\n", problem);
	assert_non_null(db);
	return db;
}

static struct store_sqlite *
open_database(void)
{
	return open_with_limit(LIMIT);
}

/* open_beside - a second connection, as another program has it */
static sqlite3 *
open_beside(void)
{
	sqlite3 *other;

	assert_int_equal(sqlite3_open(unit_path(DATABASE), &other), SQLITE_OK);
	return other;
}

static void
run_sql(sqlite3 *other, const char *sql)
{
	char *error = NULL;

	if (sqlite3_exec(other, sql, NULL, NULL, &error) != SQLITE_OK)
		fail_msg("%s: %s", sql, error);
}

/* read_text - the first column of the first row, or UNIT_NULL */
static const char *
read_text(sqlite3 *other, const char *sql)
{
	static char text[STORE_ADDRESS_MAX];
	sqlite3_stmt *statement;
	const char *column = NULL;

	assert_int_equal(sqlite3_prepare_v2(other, sql, -1, &statement, NULL), SQLITE_OK);
	if (sqlite3_step(statement) == SQLITE_ROW)
		column = (const char *)sqlite3_column_text(statement, 0);
	strlcpy(text, column == NULL ? UNIT_NULL : column, sizeof(text));
	sqlite3_finalize(statement);
	return text;
}

static void
put_rows(struct store_sqlite *db, unsigned from, unsigned to, int64_t expires)
{
	unsigned i;

	unit_int("put", "begin", store_sqlite_begin(db), STORE_SQLITE_OK);
	for (i = from; i < to; i++)
		unit_int("put", "put",
		    store_sqlite_put(db, store_case_alias(i), store_case_address(i), expires),
		    STORE_SQLITE_OK);
	unit_int("put", "commit", store_sqlite_commit(db), STORE_SQLITE_OK);
}

static void
check_row(const char *row, struct store_sqlite *db, unsigned i, enum store_sqlite_result want)
{
	char address[STORE_ADDRESS_MAX];
	size_t len = 0;

	unit_int(row, "get", store_sqlite_get(db, store_case_alias(i), address, &len), want);
	if (want == STORE_SQLITE_OK)
		unit_bytes(row, "address", address, len, store_case_address(i).s,
		    store_case_address(i).len);
}

static void
count_all(struct store_sqlite *db)
{
	while (store_sqlite_rows(db) == STORE_ROWS_UNKNOWN)
		assert_int_equal(store_sqlite_count(db, 1000), STORE_SQLITE_OK);
}

static void
test_put_and_get(void **state)
{
	struct store_sqlite *db = open_database();
	struct stat st;

	(void)state;
	check_row("empty", db, 1, STORE_SQLITE_MISSING);
	put_rows(db, 0, 10, 100);
	check_row("put", db, 3, STORE_SQLITE_OK);
	check_row("other", db, 10, STORE_SQLITE_MISSING);
	assert_int_equal(stat(unit_path(DATABASE), &st), 0);
	unit_int("file", "mode", st.st_mode & 07777, 0600);
	assert_int_equal(stat(unit_path(DATABASE "-wal"), &st), 0);
	unit_int("wal", "mode", st.st_mode & 07777, 0600);
	/* Of a transaction that is rolled back nothing remains. */
	unit_int("rollback", "begin", store_sqlite_begin(db), STORE_SQLITE_OK);
	store_sqlite_put(db, store_case_alias(11), store_case_address(11), 1);
	store_sqlite_rollback(db);
	check_row("rollback", db, 11, STORE_SQLITE_MISSING);
	store_sqlite_close(&db);
	assert_null(db);
	store_sqlite_close(&db);
	db = open_database();
	check_row("again", db, 3, STORE_SQLITE_OK);
	store_sqlite_close(&db);
	unit_end();
}

/* A put of an alias that is there: one row, the new address, and the later expiry. */
static void
test_replace(void **state)
{
	struct store_sqlite *db = open_database();
	sqlite3 *other = open_beside();
	char address[STORE_ADDRESS_MAX];
	size_t len;

	(void)state;
	put_rows(db, 1, 2, 100);
	unit_int("replace", "begin", store_sqlite_begin(db), STORE_SQLITE_OK);
	store_sqlite_put(db, store_case_alias(1), store_case_text("new@b"), 50);
	unit_int("replace", "commit", store_sqlite_commit(db), STORE_SQLITE_OK);
	store_sqlite_get(db, store_case_alias(1), address, &len);
	unit_bytes("replace", "address", address, len, BYTES("new@b"));
	unit_text("replace", "rows", read_text(other, "SELECT count(*) FROM kv"), "1");
	unit_text("replace", "lt", read_text(other, "SELECT lt FROM kv"), "100");
	put_rows(db, 1, 2, 200);
	unit_text("replace", "lt", read_text(other, "SELECT lt FROM kv"), "200");
	sqlite3_close(other);
	store_sqlite_close(&db);
	unit_end();
}

/* The schema and the rows of postsrsd 2, with its journal. */
static void
make_postsrsd_database(unsigned rows)
{
	sqlite3 *other = open_beside();
	char sql[STORE_ADDRESS_MAX + 200];
	unsigned i;

	run_sql(other,
	    "CREATE TABLE IF NOT EXISTS kv (k TEXT NOT NULL UNIQUE ON CONFLICT REPLACE,"
	    "v TEXT NOT NULL,lt INTEGER NOT NULL);CREATE INDEX IF NOT EXISTS ltidx ON kv (lt)");
	run_sql(other, "BEGIN");
	for (i = 0; i < rows; i++) {
		snprintf(sql, sizeof(sql), "INSERT INTO kv (k, v, lt) VALUES ('%s', '%.*s', %u)",
		    store_case_alias(i), (int)store_case_address(i).len, store_case_address(i).s,
		    1000 + i);
		run_sql(other, sql);
	}
	run_sql(other, "COMMIT");
	sqlite3_close(other);
}

static void
test_postsrsd_database(void **state)
{
	struct store_sqlite *db;
	sqlite3 *other;
	unsigned deleted;

	(void)state;
	make_postsrsd_database(2500);
	db = open_database();
	check_row("theirs", db, 0, STORE_SQLITE_OK);
	check_row("theirs", db, 2499, STORE_SQLITE_OK);
	put_rows(db, 2490, 2510, 5000);
	count_all(db);
	unit_int("counted", "rows", store_sqlite_rows(db), 2510);
	check_row("ours", db, 2505, STORE_SQLITE_OK);
	unit_int(
	    "expire", "expire", store_sqlite_expire(db, 1100, 10000, &deleted), STORE_SQLITE_OK);
	unit_int("expire", "deleted", deleted, 100);
	check_row("expired", db, 99, STORE_SQLITE_MISSING);
	check_row("not expired", db, 100, STORE_SQLITE_OK);
	/* It reads what is written here. */
	other = open_beside();
	unit_text("other", "journal", read_text(other, "PRAGMA journal_mode"), "wal");
	unit_text("other", "rows", read_text(other, "SELECT count(*) FROM kv"), "2410");
	unit_text("other", "indexes",
	    read_text(other, "SELECT count(*) FROM sqlite_master WHERE type = 'index'"), "2");
	sqlite3_close(other);
	store_sqlite_close(&db);
	unit_end();
}

static void
test_limit(void **state)
{
	struct store_sqlite *db = open_with_limit(10);

	(void)state;
	count_all(db);
	put_rows(db, 0, 9, 100);
	unit_int("limit", "begin", store_sqlite_begin(db), STORE_SQLITE_OK);
	unit_int("last", "put", store_sqlite_put(db, store_case_alias(9), store_case_address(9), 1),
	    STORE_SQLITE_OK);
	unit_int("one more", "put",
	    store_sqlite_put(db, store_case_alias(10), store_case_address(10), 1),
	    STORE_SQLITE_FULL);
	unit_int("there", "put",
	    store_sqlite_put(db, store_case_alias(3), store_case_address(3), 1), STORE_SQLITE_OK);
	unit_int("limit", "commit", store_sqlite_commit(db), STORE_SQLITE_OK);
	unit_int("limit", "rows", store_sqlite_rows(db), 10);
	check_row("one more", db, 10, STORE_SQLITE_MISSING);
	store_sqlite_close(&db);
	/* A table that is larger than the limit, before and after it is counted. */
	db = open_with_limit(5);
	unit_int("over", "begin", store_sqlite_begin(db), STORE_SQLITE_OK);
	unit_int("over", "counted in part", store_sqlite_count(db, 6), STORE_SQLITE_OK);
	unit_int("over", "rows", store_sqlite_rows(db), STORE_ROWS_UNKNOWN);
	unit_int("over", "put",
	    store_sqlite_put(db, store_case_alias(20), store_case_address(20), 1),
	    STORE_SQLITE_FULL);
	store_sqlite_rollback(db);
	count_all(db);
	unit_int("over", "rows", store_sqlite_rows(db), 10);
	store_sqlite_close(&db);
	/* What was rolled back takes up no room. */
	db = open_with_limit(12);
	count_all(db);
	unit_int("rolled back", "begin", store_sqlite_begin(db), STORE_SQLITE_OK);
	unit_int("rolled back", "put",
	    store_sqlite_put(db, store_case_alias(30), store_case_address(30), 1), STORE_SQLITE_OK);
	store_sqlite_rollback(db);
	put_rows(db, 31, 33, 1);
	unit_int("rolled back", "rows", store_sqlite_rows(db), 12);
	store_sqlite_close(&db);
	unit_end();
}

/* Rows that come and go while a large table is counted in portions. */
static void
test_count(void **state)
{
	struct store_sqlite *db;

	(void)state;
	make_postsrsd_database(100);
	db = open_database();
	unit_int("count", "begin", store_sqlite_count(db, 30), STORE_SQLITE_OK);
	put_rows(db, 100, 105, 1); /* new rows, and rows on both sides of the cursor */
	put_rows(db, 0, 3, 1);
	put_rows(db, 90, 93, 1);
	unit_int("count", "portion", store_sqlite_count(db, 30), STORE_SQLITE_OK);
	unit_int("count", "rows", store_sqlite_rows(db), STORE_ROWS_UNKNOWN);
	count_all(db);
	unit_int("count", "rows", store_sqlite_rows(db), 105);
	put_rows(db, 104, 107, 1);
	unit_int("count", "rows", store_sqlite_rows(db), 107);
	store_sqlite_close(&db);
	unit_end();
}

static void
test_expire(void **state)
{
	struct store_sqlite *db = open_database();
	unsigned deleted;

	(void)state;
	put_rows(db, 0, 20, 100);
	put_rows(db, 20, 30, 200);
	unit_int("uncounted", "expire", store_sqlite_expire(db, 150, 7, &deleted), STORE_SQLITE_OK);
	unit_int("uncounted", "deleted", deleted, 0);
	count_all(db);
	unit_int("too early", "expire", store_sqlite_expire(db, 100, 7, &deleted), STORE_SQLITE_OK);
	unit_int("too early", "deleted", deleted, 0);
	unit_int("portion", "expire", store_sqlite_expire(db, 101, 7, &deleted), STORE_SQLITE_OK);
	unit_int("portion", "deleted", deleted, 7);
	unit_int("portion", "rows", store_sqlite_rows(db), 23);
	unit_int("rest", "expire", store_sqlite_expire(db, 101, 100, &deleted), STORE_SQLITE_OK);
	unit_int("rest", "deleted", deleted, 13);
	unit_int("rest", "rows", store_sqlite_rows(db), 10);
	check_row("later", db, 25, STORE_SQLITE_OK);
	store_sqlite_close(&db);
	unit_end();
}

/* Another connection has the lock of a writer: puts are BUSY, and lookups work. */
static void
test_locked(void **state)
{
	struct store_sqlite *db = open_database();
	sqlite3 *other = open_beside();
	unsigned deleted;

	(void)state;
	put_rows(db, 0, 5, 100);
	count_all(db);
	run_sql(other, "BEGIN IMMEDIATE");
	unit_int("locked", "begin", store_sqlite_begin(db), STORE_SQLITE_BUSY);
	unit_holds("locked", "problem", store_sqlite_problem(db), "locked");
	unit_int(
	    "locked", "expire", store_sqlite_expire(db, 1000, 10, &deleted), STORE_SQLITE_BUSY);
	check_row("locked", db, 3, STORE_SQLITE_OK);
	check_row("locked", db, 7, STORE_SQLITE_MISSING);
	run_sql(other, "ROLLBACK");
	put_rows(db, 5, 6, 100);
	/* A reader is not in the way of a writer. */
	run_sql(other, "BEGIN; SELECT * FROM kv");
	put_rows(db, 6, 7, 100);
	run_sql(other, "ROLLBACK");
	sqlite3_close(other);
	store_sqlite_close(&db);
	unit_end();
}

/* A reader of an old state is in the way only before the first transaction. */
static void
test_settles(void **state)
{
	struct store_sqlite *db = open_database();
	sqlite3 *other = open_beside();

	(void)state;
	put_rows(db, 0, 5, 100);
	run_sql(other, "BEGIN; SELECT * FROM kv");
	store_sqlite_close(&db);
	db = open_database();
	unit_int("reader", "begin", store_sqlite_begin(db), STORE_SQLITE_BUSY);
	check_row("reader", db, 3, STORE_SQLITE_OK);
	run_sql(other, "ROLLBACK");
	put_rows(db, 5, 6, 100);
	sqlite3_close(other);
	store_sqlite_close(&db);
	unit_end();
}

static void
test_moved(void **state)
{
	struct store_sqlite *db = open_database();

	(void)state;
	put_rows(db, 0, 5, 100);
	assert_int_equal(unlink(unit_path(DATABASE)), 0);
	unit_int("deleted", "begin", store_sqlite_begin(db), STORE_SQLITE_BROKEN);
	unit_holds("deleted", "problem", store_sqlite_problem(db), "moved or deleted");
	store_sqlite_close(&db);
	assert_null(store_sqlite_open(unit_path(DATABASE), LIMIT, false, problem));
	unit_holds("deleted", "open", problem, "unable to open database file");
	unit_int("deleted", "exists", access(unit_path(DATABASE), F_OK), -1);
	db = open_database();
	check_row("new file", db, 0, STORE_SQLITE_MISSING);
	put_rows(db, 0, 1, 100);
	store_sqlite_close(&db);
	unit_end();
}

/* Another file, which is not smaller, is in the place of the database: its rows are not in there. */
static void
test_replaced(void **state)
{
	struct store_sqlite *db = open_database();
	const size_t size = (size_t)1024 * 1024;
	char *other = unit_fill('x', size);

	(void)state;
	put_rows(db, 0, 5, 100);
	assert_int_equal(rename(unit_path(DATABASE), unit_path("aside")), 0);
	unit_write(DATABASE, other, size, 0600);
	unit_int("replaced", "begin", store_sqlite_begin(db), STORE_SQLITE_BROKEN);
	unit_holds("replaced", "problem", store_sqlite_problem(db),
	    "the database file was moved or deleted");
	store_sqlite_close(&db);
	free(other);
	unit_end();
}

/* The file is deleted between the begin and the commit of a transaction: nothing is acknowledged. */
static void
test_moved_meanwhile(void **state)
{
	struct store_sqlite *db = open_database();

	(void)state;
	put_rows(db, 0, 5, 100);
	unit_int("deleted", "begin", store_sqlite_begin(db), STORE_SQLITE_OK);
	unit_int("deleted", "put",
	    store_sqlite_put(db, store_case_alias(5), store_case_address(5), 100), STORE_SQLITE_OK);
	assert_int_equal(unlink(unit_path(DATABASE)), 0);
	unit_int("deleted", "commit", store_sqlite_commit(db), STORE_SQLITE_BROKEN);
	unit_holds("deleted", "problem", store_sqlite_problem(db), "moved or deleted");
	store_sqlite_close(&db);
	unit_end();
}

/* A sync that fails breaks the handle; what was committed before is in the file. */
static void
test_sync_fails(void **state)
{
	struct store_sqlite *db = open_database();

	(void)state;
	put_rows(db, 0, 5, 100);
	unit_int("sync", "begin", store_sqlite_begin(db), STORE_SQLITE_OK);
	store_sqlite_put(db, store_case_alias(5), store_case_address(5), 1);
	disk_case->fails = true;
	unit_int("sync", "commit", store_sqlite_commit(db), STORE_SQLITE_BROKEN);
	unit_holds("sync", "problem", store_sqlite_problem(db), "disk I/O error");
	store_sqlite_close(&db);
	db = store_sqlite_open(unit_path(DATABASE), LIMIT, true, problem);
	if (db != NULL) {
		unit_int("still", "begin", store_sqlite_begin(db), STORE_SQLITE_BROKEN);
		store_sqlite_close(&db);
	}
	disk_case->fails = false;
	db = open_database();
	put_rows(db, 6, 7, 100);
	check_row("before", db, 4, STORE_SQLITE_OK);
	check_row("after", db, 6, STORE_SQLITE_OK);
	store_sqlite_close(&db);
	unit_end();
}

/* One sync for a transaction, however many rows it has; and none for a lookup. */
static void
test_syncs(void **state)
{
	struct store_sqlite *db = open_database();
	unsigned before;

	(void)state;
	put_rows(db, 0, 5, 100);
	before = disk_case->syncs;
	put_rows(db, 5, 6, 100);
	unit_int("one row", "syncs", disk_case->syncs - before, 1);
	before = disk_case->syncs;
	put_rows(db, 6, 206, 100);
	unit_int("200 rows", "syncs", disk_case->syncs - before, 1);
	before = disk_case->syncs;
	check_row("get", db, 100, STORE_SQLITE_OK);
	unit_int("get", "checkpoint", store_sqlite_checkpoint(db), STORE_SQLITE_OK);
	unit_int("get", "syncs", disk_case->syncs - before, 0);
	put_rows(db, 206, 30000, 100);
	before = disk_case->syncs;
	unit_int("long WAL", "checkpoint", store_sqlite_checkpoint(db), STORE_SQLITE_OK);
	unit_int("long WAL", "syncs", disk_case->syncs - before, 2);
	unit_int("short WAL", "checkpoint", store_sqlite_checkpoint(db), STORE_SQLITE_OK);
	unit_int("short WAL", "syncs", disk_case->syncs - before, 2);
	store_sqlite_close(&db);
	unit_end();
}

/* copy_file - its bytes at this moment, under another name in the directory */
static void
copy_file(const char *from, const char *to)
{
	static char bytes[1 << 16];
	char source[UNIT_DIR_SIZE + 300];
	FILE *in, *out;
	size_t n;

	strlcpy(source, unit_path(from), sizeof(source));
	in = fopen(source, "re");
	if (in == NULL)
		return;
	out = fopen(unit_path(to), "we");
	assert_non_null(out);
	while ((n = fread(bytes, 1, sizeof(bytes), in)) > 0)
		assert_int_equal(fwrite(bytes, 1, n, out), n);
	fclose(in);
	fclose(out);
}

/* keep_synced - a copy of the database or of its WAL as it is on the disk for certain */
static void
keep_synced(int fd)
{
	char link[40], path[UNIT_DIR_SIZE + 300];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path) - 1);
	if (n <= 0)
		return;
	path[n] = '\0';
	if (strcmp(path, unit_path(DATABASE)) == 0)
		copy_file(DATABASE, "synced");
	else if (strcmp(path, unit_path(DATABASE "-wal")) == 0)
		copy_file(DATABASE "-wal", "synced-wal");
}

/* count_rows_after_loss - of a database whose files lost what was not synced, each or both */
static unsigned
count_rows_after_loss(bool file_lost, bool wal_lost)
{
	unsigned rows = 0;
	sqlite3 *other;

	copy_file(file_lost ? "synced" : DATABASE, "after");
	copy_file(wal_lost ? "synced-wal" : DATABASE "-wal", "after-wal");
	unlink(unit_path("after-shm"));
	assert_int_equal(sqlite3_open(unit_path("after"), &other), SQLITE_OK);
	rows = (unsigned)atoi(read_text(other, "SELECT count(*) FROM kv"));
	unit_text("after", "integrity", read_text(other, "PRAGMA integrity_check"), "ok");
	/* Not a checkpoint of the copy, which the next call replaces. */
	sqlite3_close(other);
	unlink(unit_path("after-wal"));
	return rows;
}

/* The power fails after a commit: what was not synced may be on the disk, or not. */
static void
test_power_fails(void **state)
{
	struct store_sqlite *db;
	unsigned i, from, to = 0, loss;

	(void)state;
	disk_case_synced = keep_synced;
	db = open_database();
	for (i = 0; i < 60; i++) {
		from = to;
		to += i % 10 == 0 ? 3000 : 20;
		put_rows(db, from, to, 100);
		for (loss = 0; loss < 4; loss++)
			unit_int(unit_row("commit %u, loss %u", i, loss), "rows",
			    count_rows_after_loss(loss & 1, loss & 2), to);
		if (i % 3 == 0)
			continue;
		unit_int("checkpoint", "result", store_sqlite_checkpoint(db), STORE_SQLITE_OK);
		for (loss = 0; loss < 4; loss++)
			unit_int(unit_row("checkpoint %u, loss %u", i, loss), "rows",
			    count_rows_after_loss(loss & 1, loss & 2), to);
		if (i % 7 == 0) {
			store_sqlite_close(&db);
			db = open_database();
		}
	}
	store_sqlite_close(&db);
	disk_case_synced = NULL;
	unit_end();
}

/* What a file of another program may hold. */
static void
test_foreign_rows(void **state)
{
	struct store_sqlite *db;
	sqlite3 *other;
	char address[STORE_ADDRESS_MAX];
	size_t len;

	(void)state;
	other = open_beside();
	run_sql(other, "CREATE TABLE kv (k TEXT UNIQUE ON CONFLICT REPLACE, v TEXT, lt INTEGER)");
	run_sql(other, "INSERT INTO kv VALUES ('a', NULL, 1), ('b', '', 1), ('c', x'01ff', 1),"
		       " ('d', zeroblob(2048), 1), ('e', zeroblob(2049), 1), ('f', 5, 1)");
	run_sql(other, "CREATE TABLE log (x)");
	run_sql(other, "CREATE TRIGGER t AFTER INSERT ON kv BEGIN INSERT INTO log VALUES (1); END");
	sqlite3_close(other);
	db = open_database();
	unit_int("NULL", "get", store_sqlite_get(db, "a", address, &len), STORE_SQLITE_FAILED);
	unit_holds("NULL", "problem", store_sqlite_problem(db), "no valid address");
	unit_int("empty", "get", store_sqlite_get(db, "b", address, &len), STORE_SQLITE_FAILED);
	unit_int("blob", "get", store_sqlite_get(db, "c", address, &len), STORE_SQLITE_OK);
	unit_bytes("blob", "bytes", address, len, BYTES("\1\377"));
	unit_int("longest", "get", store_sqlite_get(db, "d", address, &len), STORE_SQLITE_OK);
	unit_int("too long", "get", store_sqlite_get(db, "e", address, &len), STORE_SQLITE_FAILED);
	unit_int("number", "get", store_sqlite_get(db, "f", address, &len), STORE_SQLITE_OK);
	put_rows(db, 0, 1, 5);
	store_sqlite_close(&db);
	other = open_beside();
	unit_text("trigger", "rows", read_text(other, "SELECT count(*) FROM log"), "0");
	sqlite3_close(other);
	unit_end();
}

/* flip_pages - make everything after the first page unreadable */
static void
flip_pages(const char *path)
{
	FILE *file = fopen(path, "r+e");
	char bytes[4096];
	long at;

	assert_non_null(file);
	memset(bytes, 0xa5, sizeof(bytes));
	for (at = 4096; at < 20L * 4096; at += 4096) {
		fseek(file, at, SEEK_SET);
		fwrite(bytes, 1, sizeof(bytes), file);
	}
	fclose(file);
}

static void
test_corrupt(void **state)
{
	struct store_sqlite *db = open_database();
	char address[STORE_ADDRESS_MAX];
	size_t len;

	(void)state;
	put_rows(db, 0, 500, 100);
	store_sqlite_close(&db);
	flip_pages(unit_path(DATABASE));
	db = open_database();
	unit_int("corrupt", "get", store_sqlite_get(db, store_case_alias(1), address, &len),
	    STORE_SQLITE_BROKEN);
	unit_int("corrupt", "begin", store_sqlite_begin(db), STORE_SQLITE_OK);
	unit_int("corrupt", "put",
	    store_sqlite_put(db, store_case_alias(1), store_case_address(1), 1),
	    STORE_SQLITE_BROKEN);
	store_sqlite_rollback(db);
	unit_holds("corrupt", "problem", store_sqlite_problem(db), "malformed");
	store_sqlite_close(&db);
	unit_end();
}

static void
test_open_fails(void **state)
{
	static const struct {
		const char *name, *problem;
	} rows[] = {
		{ "missing/envelopes.sqlite", "No such file or directory" },
		{ "text", "not a database" },
		{ "table", "no such column" },
	};
	struct store_sqlite *db;
	sqlite3 *other;
	size_t i;

	(void)state;
	unit_write("text", BYTES("domains = {}\n# a file of another kind, of some length\n"), 0600);
	assert_int_equal(sqlite3_open(unit_path("table"), &other), SQLITE_OK);
	run_sql(other, "CREATE TABLE kv (key TEXT)");
	sqlite3_close(other);
	for (i = 0; i < COUNT(rows); i++) {
		strlcpy(problem, "", sizeof(problem));
		db = store_sqlite_open(unit_path(rows[i].name), LIMIT, true, problem);
		unit_true(rows[i].name, "refused", db == NULL);
		unit_holds(rows[i].name, "problem", problem, rows[i].problem);
	}
	db = store_sqlite_open(unit_path("missing"), LIMIT, false, problem);
	unit_true("not created", "refused", db == NULL);
	unit_text("not created", "problem", problem,
	    "unable to open database file: No such file or directory");
	db = store_sqlite_open(":memory:", LIMIT, true, problem);
	unit_true("memory", "refused", db == NULL);
	unit_text("memory", "problem", problem, "the path is not absolute");
	unit_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_DIR_TEST(test_put_and_get),
		UNIT_DIR_TEST(test_replace),
		UNIT_DIR_TEST(test_postsrsd_database),
		UNIT_DIR_TEST(test_limit),
		UNIT_DIR_TEST(test_count),
		UNIT_DIR_TEST(test_expire),
		UNIT_DIR_TEST(test_locked),
		UNIT_DIR_TEST(test_settles),
		UNIT_DIR_TEST(test_moved),
		UNIT_DIR_TEST(test_replaced),
		UNIT_DIR_TEST(test_moved_meanwhile),
		UNIT_DIR_TEST(test_sync_fails),
		UNIT_DIR_TEST(test_syncs),
		UNIT_DIR_TEST(test_power_fails),
		UNIT_DIR_TEST(test_foreign_rows),
		UNIT_DIR_TEST(test_corrupt),
		UNIT_DIR_TEST(test_open_fails),
	};

	disk_case_start();
	return cmocka_run_group_tests_name("store_sqlite", tests, NULL, NULL);
}
