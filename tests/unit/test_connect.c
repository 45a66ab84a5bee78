/* SPDX-License-Identifier: ISC */
/*
 * A service that is missing, one that accepts no connection, and one that reads nothing.
 */
#include "tests/unit/unit.h"
#include "tests/unit/unit_dir.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <errno.h>
#include <poll.h>

#include "common/clock.h"
#include "srsd/ctl/connect.h"

#define LONG_MS 60000
#define SHORT_MS 50

/* listen_at - a unix socket in the test's directory */
static int
listen_at(const char *path, int backlog)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strlcpy(un.sun_path, path, sizeof(un.sun_path));
	assert_int_equal(bind(fd, (struct sockaddr *)&un, sizeof(un)), 0);
	assert_int_equal(listen(fd, backlog), 0);
	return fd;
}

static uint64_t
deadline(int ms)
{
	return clock_elapsed(&clock_system) + (unsigned)ms;
}

static void
test_missing(void **state)
{
	char longest[sizeof(((struct sockaddr_un *)NULL)->sun_path) + 1];
	const char *error;

	(void)state;
	memset(longest, 'x', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	assert_int_equal(connect_unix(unit_path("none"), LONG_MS, &error), -1);
	unit_int("missing", "errno", errno, ENOENT);
	unit_text("missing", "error", error, strerror(ENOENT));
	assert_int_equal(connect_unix(longest, LONG_MS, &error), -1);
	unit_int("long", "errno", errno, ENAMETOOLONG);
	unit_text("long", "error", error, strerror(ENAMETOOLONG));
	assert_int_equal(connect_endpoint("inet:127.0.0.1:1", LONG_MS, &error), -1);
	unit_int("refused", "errno", errno, ECONNREFUSED);
	unit_text("refused", "error", error, strerror(ECONNREFUSED));
	assert_int_equal(connect_endpoint("nonsense", LONG_MS, &error), -1);
	unit_int("nonsense", "errno", errno, 0);
	assert_true(error[0] != '\0');
	unit_end();
}

static void
check_flags(const char *row, int fd)
{
	assert_int_not_equal(fd, -1);
	unit_true(row, "non-blocking", (fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
	unit_true(row, "close-on-exec", (fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
	close(fd);
}

static void
test_connected(void **state)
{
	char endpoint[UNIT_DIR_SIZE + 300];
	const char *error;
	int server;

	(void)state;
	snprintf(endpoint, sizeof(endpoint), "unix:%s", unit_path("socket"));
	server = listen_at(endpoint + 5, 2);
	check_flags("path", connect_unix(endpoint + 5, LONG_MS, &error));
	check_flags("endpoint", connect_endpoint(endpoint, LONG_MS, &error));
	close(server);
	unit_end();
}

/* Linux lets one connection more than the backlog wait. */
static void
test_full_backlog(void **state)
{
	const char *path = unit_path("socket"), *error;
	int server = listen_at(path, 0), first = connect_unix(path, LONG_MS, &error);

	(void)state;
	assert_int_not_equal(first, -1);
	assert_int_equal(connect_unix(path, SHORT_MS, &error), -1);
	unit_int("full", "errno", errno, ETIMEDOUT);
	unit_text("full", "error", error, strerror(ETIMEDOUT));
	close(first);
	close(server);
	unit_end();
}

static void
test_send_and_wait(void **state)
{
	char *much = unit_fill('x', 4 << 20), buf[16];
	const char *error = "";
	int pair[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
	assert_true(connect_send(pair[0], "hello", 5, deadline(LONG_MS), &error));
	assert_true(connect_wait(pair[1], POLLIN, deadline(LONG_MS), &error));
	unit_int("hello", "bytes", read(pair[1], buf, sizeof(buf)), 5);

	unit_true("silent", "timeout", !connect_wait(pair[1], POLLIN, deadline(SHORT_MS), &error));
	unit_text("silent", "error", error, "no answer in time");
	unit_true("late", "timeout", !connect_wait(pair[0], POLLOUT, 0, &error));

	unit_true(
	    "deaf", "timeout", !connect_send(pair[0], much, 4 << 20, deadline(SHORT_MS), &error));
	unit_text("deaf", "error", error, "no answer in time");

	close(pair[1]);
	unit_true("gone", "sent", !connect_send(pair[0], "x", 1, deadline(LONG_MS), &error));
	unit_text("gone", "error", error, strerror(EPIPE));
	close(pair[0]);
	free(much);
	unit_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_DIR_TEST(test_missing),
		UNIT_DIR_TEST(test_connected),
		UNIT_DIR_TEST(test_full_backlog),
		cmocka_unit_test(test_send_and_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
