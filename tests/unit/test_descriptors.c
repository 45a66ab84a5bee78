/* SPDX-License-Identifier: ISC */
#include "tests/unit/log_capture.h"

#include <sys/wait.h>

#include "srsd/descriptors.h"

static void
test_bound(void **state)
{
	static const struct {
		rlim_t most;
		int limit;
		unsigned want;
	} rows[] = {
		{ 1792 + 5000, 1000, 1000 },
		{ 1792 + 4999, 1000, 999 },
		{ 1792 + 4995, 1000, 999 },
		{ 1792 + 4994, 1000, 998 },
		{ 1024, 1000, 102 },
		{ 1024, 102, 102 },
		{ 64, 1000, 6 },
		{ 64, 4, 4 },
		{ 1000000, 1000000, 199641 },
		{ RLIM_INFINITY, 1000000, 1000000 },
	};
	const char *row, *log;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		row = unit_row("%llu for %d", (unsigned long long)rows[i].most, rows[i].limit);
		log_capture_begin();
		unit_int(row, "connections", descriptors_bound(rows[i].most, rows[i].limit),
		    rows[i].want);
		/* It is called each time that the metrics are read. */
		unit_text(row, "logged", log_capture_end(), "");
		log_capture_begin();
		descriptors_warn(rows[i].most, rows[i].limit);
		log = log_capture_end();
		unit_int(row, "warned", log[0] != '\0', rows[i].want != (unsigned)rows[i].limit);
	}
	unit_end();
}

/* raised - in a child: what there may be after all, when there was this before */
static rlim_t
raised(rlim_t soft, rlim_t hard, int connection_limit)
{
	struct rlimit rl = { soft, hard };
	rlim_t got = 0;
	int ends[2];
	pid_t pid;

	assert_int_equal(pipe(ends), 0);
	pid = fork();
	if (pid == 0) {
		if (setrlimit(RLIMIT_NOFILE, &rl) == -1)
			_exit(1);
		descriptors_raise(connection_limit);
		got = descriptors_most();
		_exit(write(ends[1], &got, sizeof(got)) != sizeof(got));
	}
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	close(ends[1]);
	assert_int_equal(read(ends[0], &got, sizeof(got)), sizeof(got));
	close(ends[0]);
	return got;
}

static void
test_raised(void **state)
{
	rlim_t got = raised(64, 64, 1);

	(void)state;
	/* Not every root may: a container's may not. */
	assert_true(got == 64 || (got == 1792 + 5 && geteuid() == 0));
	assert_int_equal(raised(64, 8000, 1000), 8000);
	/* A reload may want more. */
	assert_int_equal(raised(64, 8000, 10), 8000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_DIR_TEST(test_bound),
		cmocka_unit_test(test_raised),
	};

	return cmocka_run_group_tests_name("descriptors", tests, NULL, NULL);
}
