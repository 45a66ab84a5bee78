/* SPDX-License-Identifier: ISC */
#include "tests/unit/unit_dir.h"

#include "common/pathowner.h"

#define SOMEBODY 54321
#define OTHER 54322
#define DAEMON 54323

/* make - a directory of that owner and mode below the directory of this test */
static const char *
make(const char *name, uid_t owner, mode_t mode)
{
	const char *path = unit_path(name);

	assert_int_equal(mkdir(path, 0755), 0);
	assert_int_equal(chown(path, owner, 0), 0);
	assert_int_equal(chmod(path, mode), 0);
	return path;
}

/* owner - of a file with that name below the directory of this test */
static uid_t
owner(const char *name)
{
	return pathowner(unit_path(name), DAEMON);
}

/* Only root can create directories of other users. */
static int
begin(void **state)
{
	if (unit_dir_make(state) != 0)
		return -1;
	if (geteuid() != 0)
		return 0;
	return chmod(unit_dir, 0755);
}

static int
end(void **state)
{
	static const char *const inner[] = { "sticky/roots", "open/roots", "users/roots",
		"users/others", "users/own" };
	size_t i;

	for (i = 0; i < COUNT(inner); i++)
		rmdir(unit_path(inner[i]));
	return unit_dir_remove(state);
}

static void
test_folders(void **state)
{
	(void)state;
	if (geteuid() != 0)
		return;
	make("roots", 0, 0755);
	make("sticky", 0, 01777);
	make("sticky/roots", 0, 0755);
	make("open", 0, 0777);
	make("open/roots", 0, 0755);
	make("group", 0, 0775);
	make("users", SOMEBODY, 0755);
	make("users/roots", 0, 0755);
	make("users/others", OTHER, 0755);
	assert_int_equal(owner("file"), 0);
	assert_int_equal(owner("roots/file"), 0);
	assert_int_equal(owner("roots/none/file"), 0);
	assert_int_equal(owner("sticky/file"), DAEMON);
	assert_int_equal(owner("sticky/roots/file"), 0);
	assert_int_equal(owner("open/file"), DAEMON);
	assert_int_equal(owner("open/roots/file"), DAEMON);
	assert_int_equal(owner("group/file"), DAEMON);
	assert_int_equal(owner("users/file"), SOMEBODY);
	assert_int_equal(owner("users//file"), SOMEBODY);
	assert_int_equal(owner("users/roots/file"), SOMEBODY);
	assert_int_equal(owner("users/others/file"), SOMEBODY);
	assert_int_equal(owner("users"), 0);
}

static void
test_links(void **state)
{
	(void)state;
	if (geteuid() != 0)
		return;
	make("roots", 0, 0755);
	make("users", SOMEBODY, 0755);
	assert_int_equal(symlink("roots", unit_path("to-roots")), 0);
	assert_int_equal(symlink("users", unit_path("to-users")), 0);
	assert_int_equal(symlink("roots", unit_path("theirs")), 0);
	assert_int_equal(lchown(unit_path("theirs"), OTHER, 0), 0);
	assert_int_equal(owner("to-roots/file"), 0);
	assert_int_equal(owner("to-users/file"), SOMEBODY);
	assert_int_equal(owner("theirs/file"), OTHER);
}

/*
 * Files that root creates with the rights of a user belong to that user. Where this user may not
 * create files, root creates none either.
 */
static void
test_act(void **state)
{
	struct stat st;

	(void)state;
	assert_true(pathowner_act(geteuid() == 0 ? SOMEBODY : geteuid(), getegid()));
	if (geteuid() != 0)
		return;
	assert_int_equal(mkdir(unit_path("none"), 0755), -1);
	assert_true(pathowner_act(0, 0));
	make("users", SOMEBODY, 0755);
	assert_true(pathowner_act(SOMEBODY, OTHER));
	assert_int_equal(mkdir(unit_path("users/own"), 0755), 0);
	assert_int_equal(lchown(unit_path("users/own"), 0, 0), -1);
	assert_true(pathowner_act(0, 0));
	assert_int_equal(stat(unit_path("users/own"), &st), 0);
	assert_int_equal(st.st_uid, SOMEBODY);
	assert_int_equal(st.st_gid, OTHER);
	assert_int_equal(lchown(unit_path("users/own"), 0, 0), 0);
}

#define PATH_TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		PATH_TEST(test_folders),
		PATH_TEST(test_links),
		PATH_TEST(test_act),
	};

	return cmocka_run_group_tests_name("pathowner", tests, NULL, NULL);
}
