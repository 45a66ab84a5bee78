/* SPDX-License-Identifier: ISC */
/*
 * Each call is tried in a child of its own, for some of them are its end.
 */
#include "tests/unit/unit.h"

#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "common/sandbox.h"

/* end_of - how a child ends that does this in the sandbox */
static int
end_of(int (*act)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(sandbox_enter() ? act() : 99);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static int
do_abort(void)
{
	signal(SIGABRT, SIG_DFL);
	abort();
}

static int
do_signal_the_parent(void)
{
	return kill(getppid(), 0);
}

static int
do_fork(void)
{
	return fork() == -1;
}

static int
do_open(void)
{
	return open("/dev/null", O_RDONLY) == -1 && errno == EACCES ? 0 : 1;
}

/* A library that finds itself broken must not look like one that was taken over. */
static void
test_abort(void **state)
{
	int status = end_of(do_abort);

	(void)state;
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGABRT);
}

static void
test_violations(void **state)
{
	int (*const acts[])(void) = { do_signal_the_parent, do_fork };
	size_t i;
	int status;

	(void)state;
	for (i = 0; i < COUNT(acts); i++) {
		status = end_of(acts[i]);
		assert_true(WIFSIGNALED(status));
		assert_int_equal(WTERMSIG(status), SIGSYS);
	}
}

static void
test_no_file(void **state)
{
	int status = end_of(do_open);

	(void)state;
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

int
main(void)
{
#ifdef SRSD_TRACEABLE
	puts("1..0 # SKIP built with sanitizers, without a sandbox");
	return 0;
#else
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_abort),
		cmocka_unit_test(test_violations),
		cmocka_unit_test(test_no_file),
	};

	return cmocka_run_group_tests_name("sandbox", tests, NULL, NULL);
#endif
}
