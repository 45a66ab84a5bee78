/* SPDX-License-Identifier: ISC */
#include "tests/unit/unit_dir.h"

#include <sys/resource.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "common/filewatch.h"

static struct filewatch *watch;

static int
begin(void **state)
{
	if (unit_dir_make(state) != 0)
		return -1;
	watch = filewatch_new(unit_path("file"));
	return watch == NULL ? -1 : 0;
}

static int
end(void **state)
{
	static const char *const files[] = { "run/target", "run/other", "net/target",
		"run/resolved/target" };
	static const char *const directories[] = { "run/resolved", "run", "net" };
	size_t i;

	for (i = 0; i < COUNT(files); i++)
		unlink(unit_path(files[i]));
	for (i = 0; i < COUNT(directories); i++)
		rmdir(unit_path(directories[i]));
	filewatch_free(&watch);
	if (watch != NULL)
		return -1;
	return unit_dir_remove(state);
}

/* is_told - does poll(2) wake up? */
static bool
is_told(void)
{
	struct pollfd pfd = { .fd = filewatch_fd(watch), .events = POLLIN };

	return poll(&pfd, 1, 0) == 1;
}

static void
replace(const char *name)
{
	char old[UNIT_DIR_SIZE + 10];

	strcpy(old, unit_write("new", "x", 1, 0600));
	assert_int_equal(rename(old, unit_path(name)), 0);
}

static void
test_written(void **state)
{
	(void)state;
	assert_false(filewatch_changed(watch));
	unit_write("file", "a", 1, 0600);
	assert_true(is_told());
	assert_true(filewatch_changed(watch));
	assert_false(is_told());
	assert_false(filewatch_changed(watch));
}

static void
test_replaced(void **state)
{
	(void)state;
	replace("file");
	assert_true(filewatch_changed(watch));
	replace("file");
	assert_true(filewatch_changed(watch));
	assert_false(filewatch_changed(watch));
}

static void
test_others(void **state)
{
	(void)state;
	unit_write("file.bak", "a", 1, 0600);
	unit_write("fil", "a", 1, 0600);
	replace("other");
	assert_false(filewatch_changed(watch));
	assert_false(is_told());
}

/* test_removed - while an operator replaces the file, its absence is not reported */
static void
test_removed(void **state)
{
	(void)state;
	unit_write("file", "a", 1, 0600);
	assert_true(filewatch_changed(watch));
	assert_int_equal(unlink(unit_path("file")), 0);
	assert_false(filewatch_changed(watch));
}

/* test_much - more news than are read at once, ours among them */
static void
test_much(void **state)
{
	unsigned i;

	(void)state;
	for (i = 0; i < 400; i++)
		unit_write(i % 2 ? "one" : "two", "a", 1, 0600);
	assert_false(filewatch_changed(watch));
	for (i = 0; i < 400; i++)
		unit_write(i == 7 ? "file" : i % 2 ? "one" : "two", "a", 1, 0600);
	assert_true(filewatch_changed(watch));
	assert_false(is_told());
}

/* Links as systemd-resolved and resolvconf make them: file -> link -> run/target, one of them absolute. */
static void
make_links(void)
{
	assert_int_equal(mkdir(unit_path("run"), 0700), 0);
	unit_write("run/target", "a", 1, 0600);
	assert_int_equal(symlink("run/target", unit_path("link")), 0);
	assert_int_equal(symlink(unit_path("link"), unit_path("file")), 0);
	assert_true(filewatch_changed(watch));
	assert_false(filewatch_changed(watch));
}

static void
test_target_written(void **state)
{
	(void)state;
	make_links();
	unit_write("run/target", "b", 1, 0600);
	assert_true(filewatch_changed(watch));
	assert_false(filewatch_changed(watch));
	unit_write("run/other", "b", 1, 0600);
	assert_false(filewatch_changed(watch));
}

static void
test_target_replaced(void **state)
{
	(void)state;
	make_links();
	replace("run/target");
	assert_true(filewatch_changed(watch));
	replace("run/target");
	assert_true(filewatch_changed(watch));
	assert_false(filewatch_changed(watch));
}

/* test_link_replaced - from then on the new target counts, and the old one does not */
static void
test_link_replaced(void **state)
{
	char new[UNIT_DIR_SIZE + 10];

	(void)state;
	make_links();
	assert_int_equal(mkdir(unit_path("net"), 0700), 0);
	unit_write("net/target", "b", 1, 0600);
	strcpy(new, unit_path("new-link"));
	assert_int_equal(symlink("net/target", new), 0);
	assert_int_equal(rename(new, unit_path("link")), 0);
	assert_true(filewatch_changed(watch));
	unit_write("run/target", "b", 1, 0600);
	assert_false(filewatch_changed(watch));
	unit_write("net/target", "c", 1, 0600);
	assert_true(filewatch_changed(watch));
}

/* test_link_to_nowhere - the directory of the target is created later */
static void
test_link_to_nowhere(void **state)
{
	(void)state;
	assert_int_equal(symlink("run/resolved/target", unit_path("file")), 0);
	assert_true(filewatch_changed(watch));
	assert_int_equal(mkdir(unit_path("run"), 0700), 0);
	assert_true(filewatch_changed(watch));
	assert_int_equal(mkdir(unit_path("run/resolved"), 0700), 0);
	assert_true(filewatch_changed(watch));
	unit_write("run/resolved/target", "a", 1, 0600);
	assert_true(filewatch_changed(watch));
	assert_false(filewatch_changed(watch));
	/* And removed, as when a service stops, and created again. */
	assert_int_equal(unlink(unit_path("run/resolved/target")), 0);
	assert_int_equal(rmdir(unit_path("run/resolved")), 0);
	assert_false(filewatch_changed(watch));
	assert_int_equal(mkdir(unit_path("run/resolved"), 0700), 0);
	assert_true(filewatch_changed(watch));
	unit_write("run/resolved/target", "b", 1, 0600);
	assert_true(filewatch_changed(watch));
}

static void
test_ring_of_links(void **state)
{
	(void)state;
	assert_int_equal(symlink("ring", unit_path("file")), 0);
	assert_int_equal(symlink("file", unit_path("ring")), 0);
	assert_true(filewatch_changed(watch));
	assert_false(filewatch_changed(watch));
}

/* test_unfinished - a file that is being written is not complete */
static void
test_unfinished(void **state)
{
	int fd = open(unit_path("file"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	(void)state;
	assert_int_not_equal(fd, -1);
	assert_false(filewatch_changed(watch));
	close(fd);
	assert_true(filewatch_changed(watch));
}

static void
test_no_folder(void **state)
{
	struct filewatch *none;

	(void)state;
	errno = 0;
	none = filewatch_new(unit_path("none/file"));
	assert_null(none);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(filewatch_fd(NULL), -1);
	filewatch_free(&none);
}

/* The error is that of inotify, not a later one. */
static void
test_no_descriptor(void **state)
{
	struct rlimit limit, none;
	struct filewatch *refused;
	int error;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	none = limit;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	refused = filewatch_new(unit_path("file"));
	error = errno;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_null(refused);
	assert_int_equal(error, EMFILE);
}

#define WATCH_TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WATCH_TEST(test_written),
		WATCH_TEST(test_replaced),
		WATCH_TEST(test_others),
		WATCH_TEST(test_removed),
		WATCH_TEST(test_much),
		WATCH_TEST(test_target_written),
		WATCH_TEST(test_target_replaced),
		WATCH_TEST(test_link_replaced),
		WATCH_TEST(test_link_to_nowhere),
		WATCH_TEST(test_ring_of_links),
		WATCH_TEST(test_unfinished),
		WATCH_TEST(test_no_folder),
		WATCH_TEST(test_no_descriptor),
	};

	return cmocka_run_group_tests_name("filewatch", tests, NULL, NULL);
}
