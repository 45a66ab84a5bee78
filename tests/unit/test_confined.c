/* SPDX-License-Identifier: ISC */
/*
 * Each work is one that a hostile child could do instead of what it was forked for.
 */
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "srsd/ctl/confined.h"
#include "srsd/ctl/reply.h"

/* The pipe, as confined.c has it. */
#define PIPE 3

static json_t *
prepare_nothing(void *arg)
{
	(void)arg;
	return NULL;
}

static json_t *
prepare_failure(void *arg)
{
	(void)arg;
	return confined_failure("no\x1b[2J resolver");
}

static json_t *
run_well(void *arg)
{
	return json_pack("{s:s, s:i}", "text", (const char *)arg, "uid", (int)geteuid());
}

/* count_open - descriptors besides the standard files and the pipe */
static int
count_open(void)
{
	int fd, n = 0;

	for (fd = PIPE + 1; fd < 100; fd++)
		n += fcntl(fd, F_GETFD) != -1;
	return n;
}

/* Descriptors of the parent's are closed, and the standard files are not its terminal. */
static json_t *
run_looking(void *arg)
{
	return json_pack("{s:i, s:b, s:b}", "open", count_open(), "own",
	    fcntl(*(int *)arg, F_GETFD) != -1, "terminal", isatty(STDIN_FILENO));
}

/* One that is handed over, under its number, and no other. */
static json_t *
run_writing(void *arg)
{
	return json_pack("{s:i, s:b}", "open", count_open(), "written",
	    write(CONFINED_KEPT_FD, arg, strlen(arg)) == (ssize_t)strlen(arg));
}

static json_t *
write_raw(const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(PIPE, data, len);

		if (n <= 0)
			break;
		data += n;
		len -= (size_t)n;
	}
	_exit(0);
}

static json_t *
run_hostile_failure(void *arg)
{
	static const char data[] = "{\"failure\":\"\\u001b]0;owned\\u0007\\u009b2J\"}\n";

	(void)arg;
	return write_raw(data, strlen(data));
}

static json_t *
run_nonsense(void *arg)
{
	(void)arg;
	return write_raw("[]\n", 3);
}

static json_t *
run_too_long(void *arg)
{
	char *data = unit_fill('x', 2 * REPLY_MAX);

	(void)arg;
	signal(SIGPIPE, SIG_IGN);
	return write_raw(data, 2 * REPLY_MAX);
}

static json_t *
run_half(void *arg)
{
	(void)arg;
	return write_raw("{\"a\":", 5);
}

static json_t *
run_null(void *arg)
{
	(void)arg;
	return NULL;
}

static json_t *
run_abort(void *arg)
{
	(void)arg;
	signal(SIGABRT, SIG_DFL);
	abort();
}

/* Sends nothing, or closes the pipe, and does not exit. */
static json_t *
run_forever(void *arg)
{
	if (arg != NULL)
		close(PIPE);
	while (poll(NULL, 0, -1) != 1)
		;
	return NULL;
}

static json_t *
run_violation(void *arg)
{
	(void)arg;
	fork();
	return NULL;
}

static char error[CONFINED_ERROR_SIZE];

static json_t *
confine_work(const struct confined_work *work)
{
	/* No user of the system's, and root needs no entry for it. */
	struct identity id = { geteuid() == 0 ? 54321 : geteuid(),
		geteuid() == 0 ? 54321 : getegid() };

	strlcpy(error, "untouched", sizeof(error));
	return confined_run(work, &id, error);
}

static json_t *
confine(json_t *(*prepare)(void *arg), json_t *(*run)(void *arg), void *arg, unsigned seconds)
{
	const struct confined_work work = {
		.prepare = prepare, .run = run, .arg = arg, .seconds = seconds, .doing = "is tested"
	};

	return confine_work(&work);
}

static void
test_reply(void **state)
{
	char text[] = "a\x1b\xc2\x9b";
	json_t *reply = confine(prepare_nothing, run_well, text, 60);

	(void)state;
	assert_non_null(reply);
	assert_string_equal(json_string_value(json_object_get(reply, "text")), text);
	assert_int_equal(
	    json_integer_value(json_object_get(reply, "uid")), geteuid() == 0 ? 54321 : geteuid());
	json_decref(reply);
}

static void
test_descriptors(void **state)
{
	int fd = fcntl(STDERR_FILENO, F_DUPFD, 50);
	json_t *reply = confine(prepare_nothing, run_looking, &fd, 60);

	(void)state;
	close(fd);
	assert_non_null(reply);
	assert_int_equal(json_integer_value(json_object_get(reply, "open")), 0);
	assert_false(json_is_true(json_object_get(reply, "own")));
	assert_false(json_is_true(json_object_get(reply, "terminal")));
	json_decref(reply);
}

/* check_kept - a descriptor that the parent has at this number */
static void
check_kept(int number)
{
	char text[] = "of the child", got[sizeof(text)] = "";
	int ends[2];
	struct confined_work work = {
		.run = run_writing, .arg = text, .seconds = 60, .doing = "is tested"
	};
	json_t *reply;

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	work.kept = fcntl(ends[1], F_DUPFD_CLOEXEC, number);
	close(ends[1]);
	reply = confine_work(&work);
	close(work.kept);
	assert_non_null(reply);
	assert_int_equal(json_integer_value(json_object_get(reply, "open")), 1);
	assert_true(json_is_true(json_object_get(reply, "written")));
	json_decref(reply);
	assert_int_equal(read(ends[0], got, sizeof(got)), strlen(text));
	assert_string_equal(got, text);
	close(ends[0]);
}

static void
test_kept_descriptor(void **state)
{
	(void)state;
	check_kept(PIPE);
	check_kept(CONFINED_KEPT_FD);
	check_kept(CONFINED_KEPT_FD + 1);
	check_kept(70);
}

static void
test_failures(void **state)
{
	static const struct {
		const char *name;
		json_t *(*prepare)(void *arg);
		json_t *(*run)(void *arg);
		const char *error;
	} rows[] = {
		{ "prepare", prepare_failure, run_well, "no?[2J resolver" },
		{ "hostile failure", prepare_nothing, run_hostile_failure, "?]0;owned??2J" },
		{ "nonsense", prepare_nothing, run_nonsense, "is tested sent an invalid reply" },
		{ "too long", prepare_nothing, run_too_long, "sent an invalid reply" },
		{ "half", prepare_nothing, run_half, "exited with status 0" },
		{ "null", prepare_nothing, run_null, "exited with status 1" },
		{ "abort", prepare_nothing, run_abort, "killed by signal 6 (Aborted)" },
	};
	char arg[] = "";
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		unit_true(rows[i].name, "no reply",
		    confine(rows[i].prepare, rows[i].run, arg, 60) == NULL);
		unit_holds(rows[i].name, "error", error, rows[i].error);
	}
	unit_end();
}

static void
test_it_lives_on(void **state)
{
	char arg[] = "";

	(void)state;
	assert_null(confine(prepare_nothing, run_forever, NULL, 1));
	assert_non_null(strstr(error, "timed out"));
	assert_null(confine(prepare_nothing, run_forever, arg, 60));
	assert_non_null(strstr(error, "killed by signal 9"));
}

static void
test_violation(void **state)
{
	(void)state;
#ifndef SRSD_TRACEABLE
	assert_null(confine(prepare_nothing, run_violation, NULL, 60));
	assert_non_null(strstr(error, "sandbox violation"));
#else
	(void)run_violation;
#endif
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reply),
		cmocka_unit_test(test_descriptors),
		cmocka_unit_test(test_kept_descriptor),
		cmocka_unit_test(test_failures),
		cmocka_unit_test(test_it_lives_on),
		cmocka_unit_test(test_violation),
	};

	return cmocka_run_group_tests_name("confined", tests, NULL, NULL);
}
