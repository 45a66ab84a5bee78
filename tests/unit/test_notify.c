/* SPDX-License-Identifier: ISC */
#include "tests/unit/unit_dir.h"

#include <sys/socket.h>
#include <sys/un.h>

#include "common/log.h"
#include "common/notify.h"

/* listen_as_manager - a datagram socket as a service manager has it */
static int
listen_as_manager(const struct sockaddr_un *sun, size_t len)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	assert_int_not_equal(fd, -1);
	assert_int_equal(bind(fd, (const struct sockaddr *)sun, (socklen_t)len), 0);
	return fd;
}

/* open_path - a manager in the directory of the test, and notify connected to it */
static int
open_path(void)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd;

	strlcpy(sun.sun_path, unit_path("notify"), sizeof(sun.sun_path));
	fd = listen_as_manager(&sun, sizeof(sun));
	setenv("NOTIFY_SOCKET", sun.sun_path, 1);
	notify_open();
	return fd;
}

/* received - the next datagram, or "" */
static const char *
received(int fd)
{
	static char text[200];
	ssize_t n = recv(fd, text, sizeof(text) - 1, 0);

	text[n > 0 ? n : 0] = '\0';
	return text;
}

static void
test_states(void **state)
{
	int fd = open_path();

	(void)state;
	assert_null(getenv("NOTIFY_SOCKET"));
	notify_send("READY=1");
	notify_send("RELOADING=1\nMONOTONIC_USEC=12");
	assert_string_equal(received(fd), "READY=1");
	assert_string_equal(received(fd), "RELOADING=1\nMONOTONIC_USEC=12");
	assert_string_equal(received(fd), "");
	notify_close();
	close(fd);
}

static void
test_abstract_socket(void **state)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	char name[60];
	size_t len;
	int fd;

	(void)state;
	len = (size_t)snprintf(name, sizeof(name), "@srsd-unit-notify-%ld", (long)getpid());
	memcpy(sun.sun_path + 1, name + 1, len - 1);
	fd = listen_as_manager(&sun, offsetof(struct sockaddr_un, sun_path) + len);
	setenv("NOTIFY_SOCKET", name, 1);
	notify_open();
	notify_send("STOPPING=1");
	assert_string_equal(received(fd), "STOPPING=1");
	notify_close();
	close(fd);
}

static void
test_nothing_after_close(void **state)
{
	int fd = open_path();

	(void)state;
	notify_close();
	notify_send("READY=1");
	assert_string_equal(received(fd), "");
	notify_close();
	close(fd);
}

static void
test_no_manager(void **state)
{
	(void)state;
	unsetenv("NOTIFY_SOCKET");
	notify_open();
	notify_send("READY=1");
	notify_close();
	setenv("NOTIFY_SOCKET", "", 1);
	notify_open();
	notify_send("READY=1");
	notify_close();
}

static void
test_bad_paths(void **state)
{
	char *longest = unit_fill('/', 300);
	const char *const rows[] = { "relative/path", "vsock:2:1234", longest,
		"/nonexistent-directory/notify" };
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		setenv("NOTIFY_SOCKET", rows[i], 1);
		notify_open();
		notify_send("READY=1");
		notify_close();
	}
	free(longest);
}

/* A manager that does not read, and one that has exited, block no caller. */
static void
test_never_waits(void **state)
{
	int fd = open_path(), i;

	(void)state;
	for (i = 0; i < 1500; i++)
		notify_send("WATCHDOG=1");
	assert_string_equal(received(fd), "WATCHDOG=1");
	close(fd);
	notify_send("WATCHDOG=1");
	notify_close();
}

/* A manager that was busy when a reload ended must not take us for reloading for ever. */
static void
test_said_again(void **state)
{
	int fd = open_path();

	(void)state;
	while (!notify_pending())
		notify_send("RELOADING=1");
	notify_send("READY=1");
	notify_send("WATCHDOG=1");
	notify_retry();
	assert_true(notify_pending());
	while (strcmp(received(fd), "RELOADING=1") == 0)
		;
	notify_retry();
	assert_false(notify_pending());
	assert_string_equal(received(fd), "READY=1");
	assert_string_equal(received(fd), "");
	notify_close();
	close(fd);
}

/* The warnings of the failing cases stay in the log's buffer, which is not flushed. */
static int
keep_log_quiet(void **state)
{
	(void)state;
	log_open(LOG_SINK_STDERR, "unit");
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_DIR_TEST(test_states),
		cmocka_unit_test(test_abstract_socket),
		UNIT_DIR_TEST(test_nothing_after_close),
		cmocka_unit_test(test_no_manager),
		cmocka_unit_test(test_bad_paths),
		UNIT_DIR_TEST(test_never_waits),
		UNIT_DIR_TEST(test_said_again),
	};

	return cmocka_run_group_tests_name("notify", tests, keep_log_quiet, NULL);
}
