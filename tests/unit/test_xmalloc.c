/* SPDX-License-Identifier: ISC */
#include "tests/unit/log_capture.h"

#include <sys/wait.h>

#include <errno.h>
#include <unistd.h>
#include <wchar.h>

#include "common/xmalloc.h"

/* AddressSanitizer then returns NULL as well. */
const char *__asan_default_options(void);

const char *
__asan_default_options(void)
{
	return "allocator_may_return_null=1";
}

static void
test_xcalloc_is_zeroed(void **state)
{
	char *p = xcalloc(100, 3);
	size_t i;

	(void)state;
	for (i = 0; i < 300; i++)
		assert_int_equal(p[i], 0);
	free(p);
}

static void
test_xreallocarray_keeps(void **state)
{
	char *p = xreallocarray(NULL, 4, 1);

	(void)state;
	memcpy(p, "four", 4);
	p = xreallocarray(p, 1000, 10);
	assert_memory_equal(p, "four", 4);
	memset(p, 'x', 10000);
	p = xrealloc(p, 20000);
	assert_int_equal(p[9999], 'x');
	memset(p, 'y', 20000);
	free(p);
}

static void
test_copies(void **state)
{
	char *p = xstrdup("text");

	(void)state;
	assert_string_equal(p, "text");
	free(p);
	p = xstrndup("text", 2);
	assert_string_equal(p, "te");
	free(p);
	p = xstrndup("text", 20);
	assert_string_equal(p, "text");
	free(p);
	p = xmalloc(4);
	memcpy(p, "text", 4);
	free(p);
}

static void
test_xasprintf(void **state)
{
	char *p;

	(void)state;
	assert_int_equal(xasprintf(&p, "%s-%d", "text", 7), 6);
	assert_string_equal(p, "text-7");
	free(p);
}

/* Sizes that no machine has. */
static volatile size_t huge = SIZE_MAX / 4;

/* vasprintf(3) cannot convert it, and so fails as it does without memory, but at once. */
static const wchar_t no_character[] = { 0x7fffffff, 0 };

static void
need_malloc(void)
{
	xmalloc(huge);
}

static void
need_calloc(void)
{
	xcalloc(huge, 3);
}

static void
need_realloc(void)
{
	xrealloc(NULL, huge);
}

static void
need_reallocarray(void)
{
	xreallocarray(NULL, huge, 8);
}

static void
need_asprintf(void)
{
	char *text;

	xasprintf(&text, "%ls", no_character);
}

static void
need_library(void)
{
	errno = 0;
	xmalloc_failed("libnone");
}

/* Memory that cannot be had ends the process, with a message. */
static void
test_exhausted(void **state)
{
	static const struct {
		const char *name;
		void (*need)(void);
		const char *want;
	} rows[] = {
		{ "malloc", need_malloc, "fatal: malloc of " },
		{ "calloc", need_calloc, "fatal: calloc of " },
		{ "realloc", need_realloc, "fatal: realloc to " },
		{ "reallocarray", need_reallocarray, "fatal: reallocarray of " },
		{ "vasprintf", need_asprintf, "fatal: vasprintf" },
		{ "library", need_library, "fatal: libnone: Cannot allocate memory" },
	};
	int status;
	size_t i;
	pid_t pid;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		log_capture_begin();
		pid = fork();
		if (pid == 0) {
			rows[i].need();
			_exit(0);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		unit_true(rows[i].name, "ends", WIFEXITED(status) && WEXITSTATUS(status) == 1);
		unit_holds(rows[i].name, "log", log_capture_end(), rows[i].want);
	}
	unit_end();
}

/* The service manager has to start the daemon again, whatever other errors at the start mean. */
static void
test_exit_status(void **state)
{
	static void (*const needs[])(void) = { need_malloc, need_library };
	int status;
	size_t i;
	pid_t pid;

	(void)state;
	for (i = 0; i < COUNT(needs); i++) {
		log_capture_begin();
		pid = fork();
		if (pid == 0) {
			log_fatal_status(78);
			needs[i]();
			_exit(0);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		unit_int(unit_row("%zu", i), "status", WEXITSTATUS(status), 1);
		log_capture_end();
	}
	unit_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_xcalloc_is_zeroed),
		cmocka_unit_test(test_xreallocarray_keeps),
		cmocka_unit_test(test_copies),
		cmocka_unit_test(test_xasprintf),
		UNIT_DIR_TEST(test_exhausted),
		UNIT_DIR_TEST(test_exit_status),
	};

	return cmocka_run_group_tests_name("xmalloc", tests, NULL, NULL);
}
