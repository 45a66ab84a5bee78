/* SPDX-License-Identifier: ISC */
#include "tests/unit/store_case.h"
#include "tests/unit/unit_dir.h"

#include <sys/file.h>

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include "common/file.h"
#include "srsd/store/store_sqlite_file.h"

#define DATABASE "other.sqlite"
#define COPY "backup.sqlite"
#define FILE_MAX ((size_t)16 * 1024 * 1024)
#define CHECK_MS 20000

/* As postsrsd 2 creates it. */
#define SCHEMA                                                                     \
	"CREATE TABLE kv (k TEXT UNIQUE ON CONFLICT REPLACE, v TEXT, lt INTEGER);" \
	"CREATE INDEX ltidx ON kv (lt);"
#define ROWS "INSERT INTO kv VALUES ('A@1', 'a@x.test', 10), ('B@1', 'b@x.test', 20);"

static char problem[STORE_PROBLEM_SIZE];

static void
make_database(const char *sql)
{
	char *error = NULL;
	sqlite3 *handle;

	unlink(unit_path(DATABASE));
	assert_int_equal(sqlite3_open(unit_path(DATABASE), &handle), SQLITE_OK);
	if (sqlite3_exec(handle, sql, NULL, NULL, &error) != SQLITE_OK)
		fail_msg("%s: %s", sql, error);
	sqlite3_close(handle);
}

static void
read_database(struct file *file)
{
	const char *why = NULL;

	assert_true(file_read(file, unit_path(DATABASE), FILE_MAX, &why));
}

/* list_rows - "ALIAS ADDRESS EXPIRES; " of each row after one, and the problem */
static void
list_rows(struct file *file, int64_t after, char *list, size_t size)
{
	struct store_sqlite_file *db;
	struct store_sqlite_row row;
	size_t len = 0;
	int got = -1;

	problem[0] = list[0] = '\0';
	db = store_sqlite_file_open((unsigned char *)file->data, file->len, problem);
	if (db == NULL)
		return;
	if (store_sqlite_file_seek(db, after, problem))
		while ((got = store_sqlite_file_next(db, &row, problem)) == 1 && len < size)
			len += (size_t)snprintf(list + len, size - len, "%.*s %.*s %lld; ",
			    (int)row.alias.len, row.alias.s, (int)row.address.len, row.address.s,
			    (long long)row.expires);
	unit_int("rows", "end", got, problem[0] == '\0' ? 0 : -1);
	store_sqlite_file_close(&db);
	assert_null(db);
}

static void
check_rows(const char *row, const char *sql, int64_t after, const char *want, const char *why)
{
	char list[1000];
	struct file file;

	make_database(sql);
	read_database(&file);
	list_rows(&file, after, list, sizeof(list));
	file_free(&file);
	unit_text(row, "rows", list, want);
	unit_holds(row, "problem", problem, why);
}

static void
test_rows(void **state)
{
	(void)state;
	check_rows("both", SCHEMA ROWS, 0, "A@1 a@x.test 10; B@1 b@x.test 20; ", "");
	check_rows("after", SCHEMA ROWS, 1, "B@1 b@x.test 20; ", "");
	check_rows("end", SCHEMA ROWS, INT64_MAX, "", "");
	check_rows("empty", SCHEMA, 0, "", "");
	check_rows("wal", "PRAGMA journal_mode = WAL;" SCHEMA ROWS, 1, "B@1 b@x.test 20; ", "");
	check_rows("nulls", SCHEMA "INSERT INTO kv VALUES (NULL, NULL, NULL);", 0, "  0; ", "");
	check_rows("types", SCHEMA "INSERT INTO kv VALUES (1, x'41', 'x');", 0, "1 A 0; ", "");
	check_rows("other", "CREATE TABLE t (x)", 0, "", "no such table: kv");
	check_rows("columns", "CREATE TABLE kv (x)", 0, "", "no such column");
	check_rows(
	    "view", "CREATE TABLE t (k, v, lt); CREATE VIEW kv AS SELECT * FROM t", 0, "", "");
	assert_string_not_equal(problem, "");
	check_rows(
	    "long", SCHEMA "INSERT INTO kv VALUES ('A@1', zeroblob(70000), 1);", 0, "", "too big");
	unit_end();
}

/* Bytes that are not a database, and a database with any byte changed. */
static void
test_hostile(void **state)
{
	char list[1000];
	struct file file;
	size_t i;

	(void)state;
	make_database(SCHEMA ROWS);
	read_database(&file);
	for (i = 0; i < file.len; i += 7) {
		file.data[i] ^= 0x5a;
		list_rows(&file, 0, list, sizeof(list));
		file.data[i] ^= 0x5a;
	}
	file.len = 50;
	list_rows(&file, 0, list, sizeof(list));
	assert_string_not_equal(problem, "");
	memset(file.data, 'x', file.len);
	list_rows(&file, 0, list, sizeof(list));
	assert_string_not_equal(problem, "");
	file_free(&file);
	unit_end();
}

static void
check_health(const char *row, enum store_sqlite_health health, bool has_wal, bool has_table)
{
	struct store_sqlite_report report;

	store_sqlite_file_check(unit_path(DATABASE), CHECK_MS, &report);
	unit_int(row, "health", report.health, health);
	unit_int(row, "wal", report.has_wal, has_wal);
	unit_int(row, "table", report.has_table, has_table);
	unit_int(row, "problem", report.problem[0] != '\0', health != STORE_SQLITE_SOUND);
}

static void
test_health(void **state)
{
	(void)state;
	unlink(unit_path(DATABASE));
	check_health("missing", STORE_SQLITE_UNREADABLE, false, false);
	make_database(SCHEMA ROWS);
	check_health("sound", STORE_SQLITE_SOUND, false, true);
	make_database("PRAGMA journal_mode = WAL;" SCHEMA ROWS);
	check_health("wal", STORE_SQLITE_SOUND, true, true);
	make_database("CREATE TABLE t (x)");
	check_health("other", STORE_SQLITE_SOUND, false, false);
	unit_write(DATABASE, BYTES("this is a text and no database at all, and a long one"), 0600);
	check_health("text", STORE_SQLITE_DAMAGED, false, false);
	unit_end();
}

static void
test_damage(void **state)
{
	struct store_sqlite_report report;
	struct file file;

	(void)state;
	make_database(SCHEMA ROWS);
	read_database(&file);
	memset(file.data + file.len - 60, 0xff, 60);
	unit_write(DATABASE, file.data, file.len, 0600);
	file_free(&file);
	store_sqlite_file_check(unit_path(DATABASE), CHECK_MS, &report);
	assert_int_equal(report.health, STORE_SQLITE_DAMAGED);
	assert_string_not_equal(report.problem, "");
	unit_end();
}

/* copy_database - the number of rows in the copy; its file is COPY */
static int64_t
copy_database(void)
{
	int64_t rows;
	int to;

	unlink(unit_path(COPY));
	to = open(unit_path(COPY), O_WRONLY | O_CREAT | O_EXCL, 0600);
	assert_int_not_equal(to, -1);
	problem[0] = '\0';
	rows = store_sqlite_file_copy(unit_path(DATABASE), to, problem);
	close(to);
	return rows;
}

static void
check_copy_list(const char *row, const char *want)
{
	const char *why = NULL;
	char list[1000];
	struct file file;

	assert_true(file_read(&file, unit_path(COPY), FILE_MAX, &why));
	list_rows(&file, 0, list, sizeof(list));
	file_free(&file);
	unit_text(row, "rows", list, want);
}

/* While another process has the database open, with rows in the WAL and in a transaction. */
static void
test_copy_in_use(void **state)
{
	sqlite3 *writer;

	(void)state;
	make_database("PRAGMA journal_mode = WAL;" SCHEMA);
	assert_int_equal(sqlite3_open(unit_path(DATABASE), &writer), SQLITE_OK);
	assert_int_equal(sqlite3_exec(writer,
			     "PRAGMA wal_autocheckpoint = 0;" ROWS
			     "BEGIN; INSERT INTO kv VALUES ('C@1', 'c@x.test', 30)",
			     NULL, NULL, NULL),
	    SQLITE_OK);
	unit_int("in use", "rows", copy_database(), 2);
	check_copy_list("in use", "A@1 a@x.test 10; B@1 b@x.test 20; ");
	assert_int_equal(sqlite3_exec(writer, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(writer);
	unit_int("later", "rows", copy_database(), 3);
	unit_int("later", "other file", access(unit_path(DATABASE ".copy"), F_OK), -1);
	unit_end();
}

static void
test_copy_failures(void **state)
{
	struct file file;
	int other;

	(void)state;
	unlink(unit_path(DATABASE));
	unit_int("missing", "rows", copy_database(), -1);
	unit_holds("missing", "problem", problem, "unable to open");
	make_database("CREATE TABLE t (x)");
	unit_int("other", "rows", copy_database(), -1);
	unit_holds("other", "problem", problem, "no such table");
	make_database(SCHEMA ROWS);
	read_database(&file);
	memset(file.data + file.len - 60, 0xff, 60);
	unit_write(DATABASE, file.data, file.len, 0600);
	file_free(&file);
	unit_int("damaged", "rows", copy_database(), -1);
	unit_int("damaged", "problem", problem[0] != '\0', 1);
	make_database(SCHEMA ROWS);
	unit_write(DATABASE ".copy", BYTES("the copy of another process"), 0600);
	other = open(unit_path(DATABASE ".copy"), O_RDONLY);
	assert_int_equal(flock(other, LOCK_EX), 0);
	unit_int("twice", "rows", copy_database(), -1);
	unit_holds("twice", "problem", problem, "another copy is being made");
	unit_int("twice", "other file", access(unit_path(DATABASE ".copy"), F_OK), 0);
	close(other);
	unit_int("killed", "rows", copy_database(), 2);
	unit_int("killed", "other file", access(unit_path(DATABASE ".copy"), F_OK), -1);
	unit_end();
}

#define FILE_TEST(test) cmocka_unit_test_setup_teardown(test, unit_dir_make, unit_dir_remove)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FILE_TEST(test_rows),
		FILE_TEST(test_hostile),
		FILE_TEST(test_health),
		FILE_TEST(test_damage),
		FILE_TEST(test_copy_in_use),
		FILE_TEST(test_copy_failures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
