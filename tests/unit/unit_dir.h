/* SPDX-License-Identifier: ISC */
/*
 * unit_dir - a temporary directory for the files of a test: a fixture of cmocka that creates it
 * before each test and removes it, with all its files, after the test.
 */
#ifndef TESTS_UNIT_DIR_H
#define TESTS_UNIT_DIR_H

#include "tests/unit/unit.h"

#include <sys/stat.h>

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

/* Short enough for the name of a socket in the directory. */
#define UNIT_DIR_SIZE 80

static char unit_dir[UNIT_DIR_SIZE];

/* unit_path - the path of a file in the directory; valid until the call after the next */
static inline const char *
unit_path(const char *name)
{
	static char paths[2][UNIT_DIR_SIZE + 300];
	static unsigned turn;
	char *path = paths[turn++ % 2];

	snprintf(path, sizeof(paths[0]), "%s/%s", unit_dir, name);
	return path;
}

/*
 * unit_write - create a file with these bytes and this mode, whatever the umask; returns its path
 */
static inline const char *
unit_write(const char *name, const char *data, size_t len, mode_t mode)
{
	const char *path = unit_path(name);
	FILE *out;

	unlink(path); /* a read-only file would prevent the write for any user but root */
	out = fopen(path, "wxe");
	assert_non_null(out);
	assert_int_equal(fwrite(data, 1, len, out), len);
	assert_int_equal(fclose(out), 0);
	assert_int_equal(chmod(path, mode), 0);
	return path;
}

static inline int
unit_dir_make(void **state)
{
	const char *top = getenv("TMPDIR");

	(void)state;
	if (top == NULL || strlen(top) > UNIT_DIR_SIZE - 30)
		top = "/tmp";
	snprintf(unit_dir, sizeof(unit_dir), "%s/srsd-unit.XXXXXX", top);
	return mkdtemp(unit_dir) == NULL ? -1 : 0;
}

static inline int
unit_dir_remove(void **state)
{
	DIR *dir = opendir(unit_dir);
	struct dirent *entry;

	(void)state;
	if (dir == NULL)
		return -1;
	while ((entry = readdir(dir)) != NULL)
		if (unlinkat(dirfd(dir), entry->d_name, 0) == -1 && entry->d_name[0] != '.')
			unlinkat(dirfd(dir), entry->d_name, AT_REMOVEDIR);
	closedir(dir);
	return rmdir(unit_dir);
}

/* A test with a directory. */
#define UNIT_DIR_TEST(test) cmocka_unit_test_setup_teardown(test, unit_dir_make, unit_dir_remove)

#endif
