/* SPDX-License-Identifier: ISC */
#include "tests/unit/log_capture.h"

#include <sys/socket.h>
#include <sys/wait.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <termios.h>
#include <time.h>

#include "common/line.h"

static void
test_levels(void **state)
{
	(void)state;
	log_capture_begin();
	log_info("plain %d", 1);
	log_warnx("odd %s", "thing");
	errno = ENOENT;
	log_warn("open %s", "x");
	assert_string_equal(log_capture_end(),
	    "unit: plain 1\n"
	    "unit: warning: odd thing\n"
	    "unit: warning: open x: No such file or directory\n");
}

static void
test_debug_only_when_asked_for(void **state)
{
	(void)state;
	log_capture_begin();
	log_debug("one");
	assert_false(log_debugging());
	log_verbose(1);
	log_debug("two");
	assert_true(log_debugging());
	log_verbose(0);
	log_debug("three");
	assert_false(log_debugging());
	assert_string_equal(log_capture_end(), "unit: debug: two\n");
}

static void
test_errno_stays(void **state)
{
	(void)state;
	log_capture_begin();
	errno = EBADF;
	log_warn("one");
	log_info("two");
	assert_int_equal(errno, EBADF);
	log_capture_end();
}

static void
test_ready_line(void **state)
{
	struct line line;

	(void)state;
	log_capture_begin();
	line_begin(&line, "map from=<%s");
	line_put(&line, "> a\nb");
	log_line(&line);
	assert_string_equal(log_capture_end(), "unit: map from=<%s> a?b\n");
}

static void
test_newline_never_passes(void **state)
{
	(void)state;
	log_capture_begin();
	log_info("one\ntwo");
	log_info("three\n");
	log_info("\n\n");
	log_warnx("%s", "four\nunit: five");
	assert_string_equal(log_capture_end(), "unit: one?two\n"
					       "unit: three?\n"
					       "unit: ??\n"
					       "unit: warning: four?unit: five\n");
}

static void
test_long_message_is_cut(void **state)
{
	char *text = unit_fill('t', 100000);
	const char *nl;

	(void)state;
	log_capture_begin();
	log_info("%s", text);
	errno = ENOENT;
	log_warn("%s", text);
	log_info("next");
	log_capture_end();
	nl = strchr(log_captured, '\n');
	assert_non_null(nl);
	assert_in_range(nl - log_captured, 1000, 2047);
	nl = strchr(nl + 1, '\n');
	assert_non_null(nl);
	assert_string_equal(nl + 1, "unit: next\n");
	free(text);
}

static void
test_longest_ready_line(void **state)
{
	char *text = unit_fill('t', LINE_SIZE);
	struct line line;

	(void)state;
	log_capture_begin();
	line_begin(&line, text);
	log_line(&line);
	log_info("next");
	log_capture_end();
	assert_int_equal(strlen(log_captured), 6 + LINE_SIZE + 1 + strlen("unit: next\n"));
	assert_string_equal(log_captured + 6 + LINE_SIZE, "\nunit: next\n");
	free(text);
}

static void
test_written_at_the_flush(void **state)
{
	(void)state;
	log_capture_begin();
	assert_false(log_pending());
	log_info("one");
	assert_true(log_pending());
	assert_string_equal(log_capture_read(), "");
	log_flush();
	assert_false(log_pending());
	assert_string_equal(log_capture_read(), "unit: one\n");
	log_info("two");
	assert_string_equal(log_capture_end(), "unit: one\nunit: two\n");
}

static void
test_open_writes_what_waits(void **state)
{
	(void)state;
	log_capture_begin();
	log_info("one");
	log_open(LOG_SINK_STDERR, "other");
	assert_string_equal(log_capture_read(), "unit: one\n");
	log_info("two");
	assert_string_equal(log_capture_end(), "unit: one\nother: two\n");
}

#define MANY 50000

/*
 * check_numbered - "unit: line N" for each N once, in order; lost lines are reported. Returns the
 * number of lines and the number of lost ones.
 */
static unsigned
check_numbered(char *text, unsigned *lost)
{
	unsigned n = 0, number, last = 0, some;
	char *line, *rest = text;

	*lost = 0;
	while ((line = strsep(&rest, "\n")) != NULL && rest != NULL) {
		if (sscanf(line, "unit: warning: log: %u lines lost", &some) == 1) {
			*lost += some;
			continue;
		}
		assert_int_equal(sscanf(line, "unit: line %u of", &number), 1);
		assert_true(n == 0 || number > last);
		last = number;
		n++;
	}
	assert_string_equal(line, "");
	return n;
}

static void
test_a_file_loses_nothing(void **state)
{
	unsigned i, lost;

	(void)state;
	log_capture_begin();
	for (i = 0; i < MANY; i++)
		log_info("line %u of a long story without an end", i);
	log_capture_end();
	assert_int_equal(check_numbered(log_captured, &lost), MANY);
	assert_int_equal(lost, 0);
}

/* take - read the bytes that a non-blocking descriptor has; returns whether there were any */
static bool
take(int fd, size_t *len)
{
	ssize_t n = read(fd, log_captured + *len, sizeof(log_captured) - 1 - *len);

	if (n > 0)
		*len += (size_t)n;
	log_captured[*len] = '\0';
	return n > 0;
}

/*
 * check_full_sink - much is logged while the sink is not read: no call blocks, and every line is
 * written or counted as lost
 */
static void
check_full_sink(int reader, int writer)
{
	unsigned i, n, lost;
	size_t len = 0;
	bool pending, whole;

	assert_int_equal(fcntl(reader, F_SETFL, O_NONBLOCK), 0);
	log_capture_to(writer);
	for (i = 0; i < MANY; i++)
		log_info("line %u of a long story that is not read", i);
	log_flush();
	pending = log_pending();
	while (take(reader, &len))
		;
	/* Another process may write now, and must not do so after half a line. */
	whole = len > 0 && log_captured[len - 1] == '\n';
	while (take(reader, &len) || log_pending())
		log_flush();
	log_capture_restore();
	assert_true(pending);
	assert_true(whole);
	n = check_numbered(log_captured, &lost);
	assert_in_range(lost, 1, MANY);
	assert_int_equal(n + lost, MANY);
}

static void
test_full_pipe(void **state)
{
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	check_full_sink(fds[0], fds[1]);
	close(fds[0]);
	close(fds[1]);
}

static void
test_full_socket(void **state)
{
	int fds[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	check_full_sink(fds[0], fds[1]);
	close(fds[0]);
	close(fds[1]);
}

/* take_lines - wait for them: what is written to a terminal reaches its other end a moment later */
static void
take_lines(int fd, size_t *len, const char *lines)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };

	while (*len < strlen(lines) && poll(&pfd, 1, 60000) == 1 && take(fd, len))
		continue;
}

/* test_terminal - no flush is needed, and a terminal whose output is stopped blocks no call */
static void
test_terminal(void **state)
{
	static const char two_lines[] = "unit: one\r\nunit: two\r\n";
	static const char all_lines[] = "unit: one\r\nunit: two\r\nunit: three\r\n";
	int leader = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC), terminal;
	bool at_once, stopped;
	size_t len = 0;

	(void)state;
	assert_int_equal(grantpt(leader), 0);
	assert_int_equal(unlockpt(leader), 0);
	terminal = open(ptsname(leader), O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_int_not_equal(terminal, -1);
	log_capture_to(terminal);
	log_info("one");
	log_info("two");
	at_once = !log_pending();
	take_lines(leader, &len, two_lines);
	tcflow(terminal, TCOOFF);
	log_info("three");
	stopped = log_pending() && !take(leader, &len);
	tcflow(terminal, TCOON);
	log_flush();
	take_lines(leader, &len, all_lines);
	log_capture_restore();
	close(terminal);
	close(leader);
	assert_true(at_once);
	assert_true(stopped);
	assert_string_equal(log_captured, all_lines);
}

/* set_journal_stream - JOURNAL_STREAM as systemd sets it for a file; an offset makes it wrong */
static void
set_journal_stream(int fd, unsigned offset)
{
	struct stat st;
	char value[64];

	assert_int_equal(fstat(fd, &st), 0);
	snprintf(value, sizeof(value), "%llu:%llu", (unsigned long long)st.st_dev,
	    (unsigned long long)st.st_ino + offset);
	assert_int_equal(setenv("JOURNAL_STREAM", value, 1), 0);
}

static void
test_priorities_for_the_journal(void **state)
{
	struct line line;
	size_t len = 0;
	int fds[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	set_journal_stream(fds[1], 0);
	log_capture_to(fds[1]);
	log_info("plain %d", 1);
	log_warnx("odd\nthing");
	errno = ENOENT;
	log_warn("open %s", "x");
	log_verbose(1);
	log_debug("two");
	log_verbose(0);
	line_begin(&line, "map from=<x>");
	log_line(&line);
	log_flush();
	log_capture_restore();
	unsetenv("JOURNAL_STREAM");
	close(fds[1]);
	while (take(fds[0], &len))
		;
	close(fds[0]);
	assert_string_equal(log_captured, "<6>plain 1\n"
					  "<4>warning: odd?thing\n"
					  "<4>warning: open x: No such file or directory\n"
					  "<7>debug: two\n"
					  "<6>map from=<x>\n");
}

/* A program may inherit the variable although its standard error was redirected. */
static void
test_journal_of_another(void **state)
{
	static const char *const values[] = { "", ":", "8", "8:", "x:y", "0:0" };
	size_t i;
	int fd;

	(void)state;
	fd = open(unit_path("log"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_int_not_equal(fd, -1);
	set_journal_stream(fd, 1);
	close(fd);
	log_capture_begin();
	log_warnx("odd");
	assert_string_equal(log_capture_end(), "unit: warning: odd\n");
	for (i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		assert_int_equal(setenv("JOURNAL_STREAM", values[i], 1), 0);
		log_capture_begin();
		log_warnx("odd");
		assert_string_equal(log_capture_end(), "unit: warning: odd\n");
	}
	unsetenv("JOURNAL_STREAM");
}

/* log_in_child - start a child whose standard error is a pipe; returns 0 in the child */
static pid_t
log_in_child(int *reader)
{
	int fds[2];
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	fflush(NULL);
	pid = fork();
	assert_int_not_equal(pid, -1);
	if (pid == 0) {
		close(fds[0]);
		dup2(fds[1], STDERR_FILENO);
		log_open(LOG_SINK_STDERR, "unit");
	}
	close(fds[1]);
	*reader = fds[0];
	return pid;
}

/* end_child - the output of the child, and its exit status */
static int
end_child(pid_t pid, int reader)
{
	size_t len = 0;
	int status;

	while (take(reader, &len))
		;
	close(reader);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void
test_close_waits_for_a_reader(void **state)
{
	int go[2], reader;
	unsigned i, lost;
	pid_t pid;
	char c;

	(void)state;
	assert_int_equal(pipe(go), 0);
	pid = log_in_child(&reader);
	if (pid == 0) {
		for (i = 0; i < 3000; i++)
			log_info("line %u of a long story with a late listener", i);
		log_flush();
		c = log_pending() ? 'p' : 'n';
		if (write(go[1], &c, 1) == 1)
			log_close();
		_exit(log_pending() ? 2 : 0);
	}
	/* The sink of the child is full by now; only then is it read. */
	assert_int_equal(read(go[0], &c, 1), 1);
	assert_int_equal(c, 'p');
	assert_int_equal(end_child(pid, reader), 0);
	assert_int_equal(check_numbered(log_captured, &lost), 3000);
	assert_int_equal(lost, 0);
	close(go[0]);
	close(go[1]);
}

/* The reader has closed the pipe: there is nothing to wait for. */
static void
test_close_without_a_reader(void **state)
{
	int fds[2];

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(pipe(fds), 0);
	log_capture_to(fds[1]);
	close(fds[1]);
	log_info("this is not read");
	close(fds[0]);
	log_close();
	log_capture_restore();
	assert_false(log_pending());
}

static void
test_fatal(void **state)
{
	int reader;
	pid_t pid = log_in_child(&reader);

	(void)state;
	if (pid == 0) {
		log_info("before");
		errno = ENOENT;
		fatal("cannot %s", "go on");
	}
	assert_int_equal(end_child(pid, reader), 1);
	assert_string_equal(
	    log_captured, "unit: before\nunit: fatal: cannot go on: No such file or directory\n");
}

static void
test_fatalx(void **state)
{
	int reader;
	pid_t pid = log_in_child(&reader);

	(void)state;
	if (pid == 0) {
		errno = ENOENT;
		fatalx("cannot go on");
	}
	assert_int_equal(end_child(pid, reader), 1);
	assert_string_equal(log_captured, "unit: fatal: cannot go on\n");
}

/* The reason why a daemon does not start is the last line. */
static void
test_fatal_in_the_journal(void **state)
{
	int fds[2];
	pid_t pid;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	fflush(NULL);
	pid = fork();
	assert_int_not_equal(pid, -1);
	if (pid == 0) {
		close(fds[0]);
		dup2(fds[1], STDERR_FILENO);
		set_journal_stream(fds[1], 0);
		log_open(LOG_SINK_STDERR, "unit");
		log_info("before");
		fatalx("no such option");
	}
	close(fds[1]);
	assert_int_equal(end_child(pid, fds[0]), 1);
	assert_string_equal(log_captured, "<6>before\n<2>fatal: no such option\n");
}

static void
test_limits(void **state)
{
	struct log_limit one = { 0 }, other = { 0 };
	int i;

	(void)state;
	assert_true(log_allows(&one));
	for (i = 0; i < 1000; i++)
		assert_false(log_allows(&one));
	assert_true(log_allows(&other));
	one.last -= 61;
	assert_true(log_allows(&one));
}

static void
test_hourly_limits(void **state)
{
	struct log_limit limit = { 0 };

	(void)state;
	assert_true(log_allows_hourly(&limit));
	assert_false(log_allows_hourly(&limit));
	limit.last -= 3590;
	assert_false(log_allows_hourly(&limit));
	limit.last -= 11;
	assert_true(log_allows_hourly(&limit));
	assert_false(log_allows_hourly(&limit));
}

/* In the child: no flag of the sink that was inherited changes. */
static int
change_reopened(int medium)
{
	log_open(LOG_SINK_STDERR, "unit");
	log_reopen();
	if (medium == O_APPEND)
		return fcntl(STDERR_FILENO, F_SETFL, 0) == -1;
	return fcntl(STDERR_FILENO, F_SETFL, O_NONBLOCK) == -1;
}

/* check_reopened - flags of standard error, before and after a child has set others */
static void
check_reopened(int sink, int medium)
{
	int before = fcntl(sink, F_GETFL), status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	assert_int_not_equal(pid, -1);
	if (pid == 0) {
		dup2(sink, STDERR_FILENO);
		_exit(change_reopened(medium));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(fcntl(sink, F_GETFL), before);
	close(sink);
}

static void
test_reopened_sink_is_not_shared(void **state)
{
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	check_reopened(fds[1], 0);
	close(fds[0]);
	check_reopened(open(unit_path("log"), O_WRONLY | O_CREAT | O_APPEND, 0600), O_APPEND);
}

/* Before log_open() there may be no event loop that flushes. First of all tests. */
static void
test_before_open(void **state)
{
	int fds[2];
	size_t len = 0;

	(void)state;
	assert_int_equal(pipe(fds), 0);
	log_capture_stderr = dup(STDERR_FILENO);
	dup2(fds[1], STDERR_FILENO);
	log_warnx("no configuration");
	set_journal_stream(fds[1], 0);
	log_warnx("no such option");
	unsetenv("JOURNAL_STREAM");
	log_capture_restore();
	close(fds[1]);
	while (take(fds[0], &len))
		;
	close(fds[0]);
	assert_string_equal(
	    log_captured, "srsd: warning: no configuration\n<4>warning: no such option\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_before_open),
		cmocka_unit_test(test_priorities_for_the_journal),
		UNIT_DIR_TEST(test_journal_of_another),
		UNIT_DIR_TEST(test_levels),
		UNIT_DIR_TEST(test_debug_only_when_asked_for),
		UNIT_DIR_TEST(test_errno_stays),
		UNIT_DIR_TEST(test_ready_line),
		UNIT_DIR_TEST(test_newline_never_passes),
		UNIT_DIR_TEST(test_long_message_is_cut),
		UNIT_DIR_TEST(test_longest_ready_line),
		UNIT_DIR_TEST(test_written_at_the_flush),
		UNIT_DIR_TEST(test_open_writes_what_waits),
		UNIT_DIR_TEST(test_a_file_loses_nothing),
		cmocka_unit_test(test_full_pipe),
		cmocka_unit_test(test_full_socket),
		cmocka_unit_test(test_terminal),
		cmocka_unit_test(test_close_waits_for_a_reader),
		cmocka_unit_test(test_close_without_a_reader),
		cmocka_unit_test(test_fatal),
		cmocka_unit_test(test_fatalx),
		cmocka_unit_test(test_fatal_in_the_journal),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_hourly_limits),
		UNIT_DIR_TEST(test_reopened_sink_is_not_shared),
	};

	return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
