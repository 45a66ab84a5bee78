/* SPDX-License-Identifier: ISC */
/*
 * Programs of a POSIX system run here. The one that does not end is killed after a short limit.
 */
#include "tests/unit/unit.h"
#include "tests/unit/unit_dir.h"

#include <sys/wait.h>

#include <errno.h>

#include "common/clock.h"
#include "srsd/ctl/program.h"

/* More than any of these programs takes. */
#define LONG_MS 60000
#define SHORT_MS 100

/* run_shell - run a script; false when it did not end */
static bool
run_shell(struct program *p, const char *script, int limit_ms, const char **error)
{
	const char *const argv[] = { "sh", "-c", script, NULL };

	return program_run_within(p, argv, limit_ms, error);
}

static void
test_output_and_status(void **state)
{
	static const struct {
		const char *script, *out, *err;
		int status;
	} rows[] = {
		{ "true", "", "", 0 },
		{ "echo one; echo two >&2", "one\n", "two\n", 0 },
		{ "printf no-newline; exit 3", "no-newline", "", 3 },
		{ "exit 126", "", "", 126 },
		{ "printf 'abcd' >&2; exit 126", "", "abcd", 126 },
		{ "kill -9 $$", "", "", -1 },
		{ "cat", "", "", 0 }, /* standard input is empty */
		{ "printf %s \"$LC_ALL\"", "C", "", 0 },
		{ "exec >&-; echo late >&2", "", "late\n", 0 },
	};
	struct program p;
	const char *error;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		if (!run_shell(&p, rows[i].script, LONG_MS, &error)) {
			unit_text(rows[i].script, "error", error, "");
			continue;
		}
		unit_text(rows[i].script, "out", p.out, rows[i].out);
		unit_text(rows[i].script, "err", p.err, rows[i].err);
		unit_int(rows[i].script, "status", p.status, rows[i].status);
		unit_int(rows[i].script, "cut", p.cut, false);
		unit_int(rows[i].script, "timed out", p.timed_out, false);
		program_free(&p);
	}
	unit_end();
}

static void
test_programs_that_cannot_start(void **state)
{
	static const char script[] = "#!/bin/sh\n";
	const char *const missing[] = { "srsd-has-no-such-program", NULL };
	const char *const directory[] = { "/tmp", NULL };
	const char *const forbidden[] = { unit_write("script", BYTES(script), 0600), NULL };
	const struct {
		const char *const *argv;
		int want;
	} rows[] = { { missing, ENOENT }, { directory, EACCES }, { forbidden, EACCES } };
	struct program p;
	const char *error;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		error = "";
		unit_int(rows[i].argv[0], "ran", program_run(&p, rows[i].argv, &error), false);
		unit_text(rows[i].argv[0], "error", error, strerror(rows[i].want));
		unit_int(rows[i].argv[0], "timed out", p.timed_out, false);
	}
	unit_end();
}

/* A program that keeps its output open, and one that has closed it. Neither becomes a zombie. */
static void
test_programs_that_do_not_end(void **state)
{
	uint64_t begin = clock_elapsed(&clock_system);
	const char *error = "";
	struct program p;

	(void)state;
	assert_false(run_shell(&p, "echo begun; exec sleep 1000", SHORT_MS, &error));
	unit_text("open", "error", error, "timed out");
	unit_true("open", "timed out", p.timed_out);
	assert_false(run_shell(&p, "exec cat /dev/zero", SHORT_MS, &error));
	unit_text("busy", "error", error, "timed out");
	assert_true(clock_elapsed(&clock_system) - begin < LONG_MS);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
	unit_end();
}

static void
test_output_bound(void **state)
{
	static const struct {
		const char *name, *script;
		bool cut;
	} rows[] = {
		{ "exact", "head -c 1048576 /dev/zero | tr '\\0' x", false },
		{ "longer", "head -c 1048577 /dev/zero | tr '\\0' x", true },
		{ "much longer", "head -c 8388608 /dev/zero | tr '\\0' x; echo end >&2", true },
	};
	const char *error;
	struct program p;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		assert_true(run_shell(&p, rows[i].script, LONG_MS, &error));
		unit_int(rows[i].name, "cut", p.cut, rows[i].cut);
		unit_int(rows[i].name, "status", p.status, 0);
		assert_true(strlen(p.out) <= PROGRAM_OUTPUT_MAX);
		assert_true(rows[i].cut || strlen(p.out) == PROGRAM_OUTPUT_MAX);
		if (i == 2)
			unit_text(rows[i].name, "err", p.err, "end\n");
		program_free(&p);
	}
	unit_end();
}

/* The directories are appended once, however often a program runs. */
static void
test_search_path(void **state)
{
	static const char *const rows[][2] = {
		{ "/bin:/usr/bin", "/bin:/usr/bin:/usr/sbin:/usr/local/sbin:/sbin" },
		{ NULL, "/usr/sbin:/usr/local/sbin:/sbin" },
	};
	const char *const argv[] = { "/bin/sh", "-c", "printf %s \"$PATH\"", NULL };
	char *before = getenv("PATH") == NULL ? NULL : strdup(getenv("PATH"));
	const char *error;
	struct program p;
	size_t i, turn;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		if (rows[i][0] == NULL)
			unsetenv("PATH");
		else
			setenv("PATH", rows[i][0], 1);
		for (turn = 0; turn < 2; turn++) {
			assert_true(program_run(&p, argv, &error));
			unit_text(
			    rows[i][0] == NULL ? UNIT_NULL : rows[i][0], "PATH", p.out, rows[i][1]);
			program_free(&p);
		}
	}
	if (before != NULL)
		setenv("PATH", before, 1);
	free(before);
	unit_end();
}

/* A descriptor that is close-on-exec does not reach the program. */
static void
test_descriptors(void **state)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	char script[100];
	const char *error;
	struct program p;

	(void)state;
	assert_int_not_equal(fd, -1);
	snprintf(script, sizeof(script), "[ ! -e /proc/$$/fd/%d ] || echo open", fd);
	assert_true(run_shell(&p, script, LONG_MS, &error));
	unit_text("close-on-exec", "descriptor", p.out, "");
	program_free(&p);
	close(fd);
	unit_end();
}

/* A text on standard input, and again nothing there. */
static void
test_input(void **state)
{
	static const char *const argv[] = { "cat", NULL };
	const char *error;
	struct program p;
	char *text = malloc(200001);

	(void)state;
	memset(text, 'x', 200000);
	text[200000] = '\0';
	assert_true(program_run_with_input(&p, argv, text, &error));
	unit_true("long", "input", strcmp(p.out, text) == 0);
	program_free(&p);
	free(text);
	assert_true(program_run_with_input(&p, argv, "", &error));
	unit_text("empty", "input", p.out, "");
	program_free(&p);
	assert_true(program_run(&p, argv, &error));
	unit_text("none", "input", p.out, "");
	program_free(&p);
	unit_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_output_and_status),
		UNIT_DIR_TEST(test_programs_that_cannot_start),
		cmocka_unit_test(test_programs_that_do_not_end),
		cmocka_unit_test(test_output_bound),
		cmocka_unit_test(test_search_path),
		cmocka_unit_test(test_descriptors),
		cmocka_unit_test(test_input),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
