/* SPDX-License-Identifier: ISC */
#include "tests/unit/unit.h"

#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "common/standard_files.h"

/* wait_child - returns the exit status */
static int
wait_child(pid_t pid)
{
	int status = -1;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* write_output - print text several times to a file; returns the error, or NULL */
static const char *
write_output(const char *path, const char *text, int times)
{
	const char *error = NULL;
	int fd = open(path, O_WRONLY);

	if (fd == -1 || dup2(fd, STDOUT_FILENO) == -1)
		return "the test has failed";
	while (times-- > 0)
		fputs(text, stdout);
	return standard_files_end_output(&error) ? NULL : error;
}

static void
test_output(void **state)
{
	static const struct {
		const char *path, *text, *error;
		int times;
	} rows[] = {
		{ "/dev/null", "some text\n", NULL, 1 },
		{ "/dev/null", "some text\n", NULL, 10000 },
		{ "/dev/null", "", NULL, 1 },
		{ "/dev/full", "", NULL, 1 },
		{ "/dev/full", "some text\n", "No space left on device", 1 },
		{ "/dev/full", "some text\n", "No space left on device", 10000 },
	};
	const char *error;
	pid_t pid;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		fflush(NULL);
		pid = fork();
		assert_int_not_equal(pid, -1);
		if (pid == 0) {
			error = write_output(rows[i].path, rows[i].text, rows[i].times);
			if ((error == NULL) != (rows[i].error == NULL))
				_exit(1);
			_exit(error != NULL && strcmp(error, rows[i].error) != 0);
		}
		unit_int(rows[i].path, "status", wait_child(pid), 0);
	}
	unit_end();
}

/* An error that no later write repeats is still an error. */
static void
test_earlier_error(void **state)
{
	const char *error = NULL;
	pid_t pid;

	(void)state;
	fflush(NULL);
	pid = fork();
	assert_int_not_equal(pid, -1);
	if (pid == 0) {
		dup2(open("/dev/full", O_WRONLY), STDOUT_FILENO);
		fputs("text", stdout);
		if (standard_files_flush_output())
			_exit(1);
		dup2(open("/dev/null", O_WRONLY), STDOUT_FILENO);
		if (standard_files_flush_output())
			_exit(2);
		if (standard_files_end_output(&error))
			_exit(3);
		_exit(strcmp(error, "No space left on device") == 0 ? 0 : 4);
	}
	assert_int_equal(wait_child(pid), 0);
}

/* The bits of closed are the numbers of the files that are closed at the start. */
static void
test_closed_files(void **state)
{
	int closed, fd;
	pid_t pid;

	(void)state;
	for (closed = 0; closed < 8; closed++) {
		fflush(NULL);
		pid = fork();
		assert_int_not_equal(pid, -1);
		if (pid == 0) {
			for (fd = 0; fd < 3; fd++)
				if (closed & 1 << fd)
					close(fd);
			if (!standard_files_open())
				_exit(1);
			for (fd = 0; fd < 3; fd++)
				if (fcntl(fd, F_GETFD) == -1)
					_exit(2);
			if ((closed & 1 << STDOUT_FILENO) && write(STDOUT_FILENO, "x", 1) != -1)
				_exit(3);
			if ((closed & 1 << STDERR_FILENO) && write(STDERR_FILENO, "x", 1) != 1)
				_exit(4);
			_exit(0);
		}
		unit_int("closed", "status", wait_child(pid), 0);
	}
	unit_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_output),
		cmocka_unit_test(test_earlier_error),
		cmocka_unit_test(test_closed_files),
	};

	return cmocka_run_group_tests_name("standard_files", tests, NULL, NULL);
}
