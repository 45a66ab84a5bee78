/* SPDX-License-Identifier: ISC */
#include "tests/unit/unit_dir.h"

#include <errno.h>

#include "common/file.h"

static void
test_reads_whole(void **state)
{
	static const struct {
		const char *data;
		size_t len;
	} rows[] = {
		{ BYTES("") },
		{ BYTES("x") },
		{ BYTES("one\ntwo\n") },
		{ BYTES("no newline at the end") },
		{ BYTES("a\0b\0\0") },
		{ BYTES("\377\376\r\n\t") },
	};
	struct file file;
	const char *error;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		unit_write("file", rows[i].data, rows[i].len, 0600);
		assert_true(file_read(&file, unit_path("file"), 100, &error));
		unit_bytes(rows[i].data, "bytes", file.data, file.len, rows[i].data, rows[i].len);
		unit_int(rows[i].data, "NUL after it", file.data[file.len], '\0');
		unit_int(rows[i].data, "st_size", file.st.st_size, (long long)rows[i].len);
		file_free(&file);
	}
	unit_end();
}

static void
test_size_limit(void **state)
{
	char *data = unit_fill('d', 5000);
	struct file file;
	const char *error = NULL;

	(void)state;
	unit_write("file", data, 5000, 0600);
	assert_false(file_read(&file, unit_path("file"), 4999, &error));
	assert_string_equal(error, "too large");
	assert_null(file.data);
	assert_true(file_read(&file, unit_path("file"), 5000, &error));
	assert_int_equal(file.len, 5000);
	assert_memory_equal(file.data, data, 5000);
	file_free(&file);
	free(data);
}

static void
test_status_is_of_the_file(void **state)
{
	struct file file;
	const char *error;

	(void)state;
	unit_write("file", BYTES("x"), 0640);
	assert_true(file_read(&file, unit_path("file"), 10, &error));
	assert_int_equal(file.st.st_mode & 07777, 0640);
	assert_int_equal(file.st.st_uid, geteuid());
	file_free(&file);
}

static void
test_missing(void **state)
{
	struct file file;
	const char *error = NULL;

	(void)state;
	assert_false(file_read(&file, unit_path("none"), 10, &error));
	assert_string_equal(error, strerror(ENOENT));
	assert_null(file.data);
	assert_int_equal(file.len, 0);
}

static void
test_no_regular_files(void **state)
{
	struct file file;
	const char *error = NULL;

	(void)state;
	assert_false(file_read(&file, unit_dir, 10, &error));
	assert_string_equal(error, "not a regular file");
	error = NULL;
	assert_false(file_read(&file, "/dev/null", 10, &error));
	assert_string_equal(error, "not a regular file");
}

/* It has no writer: a blocking open(2) would never return. */
static void
test_fifo_does_not_block(void **state)
{
	struct file file;
	const char *error = NULL;

	(void)state;
	assert_int_equal(mkfifo(unit_path("fifo"), 0600), 0);
	assert_false(file_read(&file, unit_path("fifo"), 10, &error));
	assert_string_equal(error, "not a regular file");
}

/* test_ends_early - a file of sysfs has fewer bytes than its size, like one that is being truncated */
static void
test_ends_early(void **state)
{
	static const char path[] = "/sys/devices/system/cpu/online";
	struct file file;
	const char *error;

	(void)state;
	if (access(path, R_OK) == -1)
		return; /* cmocka reports skip() as a failure */
	assert_true(file_read(&file, path, 1024 * 1024, &error));
	assert_in_range(file.len, 1, (size_t)file.st.st_size - 1);
	assert_int_equal(strlen(file.data), file.len);
	file_free(&file);
}

static void
test_free_twice(void **state)
{
	struct file file;
	const char *error;

	(void)state;
	unit_write("file", BYTES("secret"), 0600);
	assert_true(file_read(&file, unit_path("file"), 10, &error));
	file_free(&file);
	assert_null(file.data);
	assert_int_equal(file.len, 0);
	file_free(&file);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_DIR_TEST(test_reads_whole),
		UNIT_DIR_TEST(test_size_limit),
		UNIT_DIR_TEST(test_status_is_of_the_file),
		UNIT_DIR_TEST(test_missing),
		UNIT_DIR_TEST(test_no_regular_files),
		UNIT_DIR_TEST(test_fifo_does_not_block),
		UNIT_DIR_TEST(test_ends_early),
		UNIT_DIR_TEST(test_free_twice),
	};

	return cmocka_run_group_tests_name("file", tests, NULL, NULL);
}
