/* SPDX-License-Identifier: ISC */
#include "tests/unit/unit_fds.h"

#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "common/channel.h"

#define TYPE_MAX 5

static int ours, theirs;
static unsigned fds_before;
static struct channel_message m;
static const char *error;

static int
begin(void **state)
{
	int end[2];

	(void)state;
	fds_before = unit_fds();
	if (!channel_pair(end))
		return -1;
	ours = end[0];
	theirs = end[1];
	memset(&m, 'x', sizeof(m));
	error = "untouched";
	return 0;
}

/* end - nothing stays open but the ends themselves */
static int
end(void **state)
{
	(void)state;
	if (ours != -1)
		close(ours);
	if (theirs != -1)
		close(theirs);
	return unit_fds() == fds_before ? 0 : -1;
}

#define CHANNEL_TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

/* The engine's end must not become a socket in the file system. */
static void
test_no_path(void **state)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX, .sun_path = "/tmp/srsd-test-channel" };
	int end[2] = { ours, theirs };
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		assert_int_equal(bind(end[i], (struct sockaddr *)&un, sizeof(un)), -1);
		assert_int_equal(errno, EINVAL);
	}
}

static int
receive(size_t max_fds)
{
	return channel_receive(ours, &m, TYPE_MAX, max_fds, &error);
}

static void
close_received(void)
{
	while (m.n_fds > 0)
		assert_int_equal(close(m.fd[--m.n_fds]), 0);
}

/* send_raw - bytes and descriptors as only an enemy sends them */
static void
send_raw(const void *data, size_t len, const int *fds, size_t n_fds)
{
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(250 * sizeof(int))];
	} control;
	struct iovec iov = { (void *)(uintptr_t)data, len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *cmsg;

	if (n_fds > 0) {
		memset(&control, 0, sizeof(control));
		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
		cmsg = CMSG_FIRSTHDR(&msg);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(n_fds * sizeof(int));
		memcpy(CMSG_DATA(cmsg), fds, n_fds * sizeof(int));
	}
	assert_int_equal(sendmsg(theirs, &msg, MSG_NOSIGNAL), len);
}

/* some_fds - so many times the same descriptor, which every process has */
static const int *
some_fds(void)
{
	static const int fds[250]; /* all of them 0 */

	return fds;
}

static void
test_pair(void **state)
{
	const int fds[] = { ours, theirs };
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(fds); i++) {
		assert_true(fcntl(fds[i], F_GETFD) & FD_CLOEXEC);
		assert_true(fcntl(fds[i], F_GETFL) & O_NONBLOCK);
	}
	assert_int_equal(receive(0), 0);
}

static void
test_messages(void **state)
{
	char *longest = unit_fill('t', CHANNEL_TEXT_MAX);
	const struct {
		uint32_t type, number;
		const char *text;
		const char *want;
	} rows[] = {
		{ 0, 0, NULL, "" },
		{ 0, 1, "", "" },
		{ TYPE_MAX, UINT32_MAX, "x", "x" },
		{ 3, 7, " +0:12 -4", " +0:12 -4" },
		{ 3, 7, "line\nand \x01\xff bytes", "line\nand \x01\xff bytes" },
		{ 2, 9, longest, longest },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++)
		assert_true(
		    channel_send(theirs, rows[i].type, rows[i].number, rows[i].text, NULL, 0));
	/* Each by itself, in their order. */
	for (i = 0; i < COUNT(rows); i++) {
		unit_int(rows[i].want, "received", receive(0), 1);
		unit_int(rows[i].want, "type", m.type, rows[i].type);
		unit_int(rows[i].want, "number", m.number, rows[i].number);
		unit_int(rows[i].want, "descriptors", (long long)m.n_fds, 0);
		unit_bytes(rows[i].want, "text", m.text, m.len, rows[i].want, strlen(rows[i].want));
		unit_int(rows[i].want, "NUL after it", m.text[m.len], '\0');
	}
	assert_int_equal(receive(0), 0);
	free(longest);
	unit_end();
}

/* A text that is too long is cut, so that the other end takes the message. */
static void
test_text_is_cut(void **state)
{
	char *text = unit_fill('t', CHANNEL_TEXT_MAX + 1);

	(void)state;
	assert_true(channel_send(theirs, 1, 1, text, NULL, 0));
	assert_int_equal(receive(0), 1);
	assert_int_equal(m.len, CHANNEL_TEXT_MAX);
	assert_memory_equal(m.text, text, CHANNEL_TEXT_MAX);
	free(text);
}

static void
test_unknown_types(void **state)
{
	static const uint32_t rows[] = { TYPE_MAX + 1, 255, 0x80000000, UINT32_MAX };
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		assert_true(channel_send(theirs, rows[i], 0, "text", some_fds(), 2));
		unit_int(unit_row("%u", rows[i]), "refused", receive(CHANNEL_FDS_MAX), -1);
		unit_text(unit_row("%u", rows[i]), "why", error, "a message of unknown type");
	}
	unit_end();
}

/*
 * Impossible messages, each with descriptors, none of which ends the channel: the descriptors are
 * closed.
 */
static void
test_nonsense(void **state)
{
	char *bytes = calloc(1, 65536);
	static const struct {
		size_t len;
		size_t fds;
		const char *why;
	} rows[] = {
		{ 1, 0, "a message of impossible size" },
		{ 7, 0, "a message of impossible size" },
		{ 7, 3, "a message of impossible size" },
		{ 8 + CHANNEL_TEXT_MAX + 1, 0, "a message of impossible size" },
		{ 8 + CHANNEL_TEXT_MAX + 1, 3, "a message of impossible size" },
		{ 65536, CHANNEL_FDS_MAX, "a message of impossible size" },
		{ 8, CHANNEL_FDS_MAX + 1, "a message of impossible size" },
		{ 8, 250, "a message of impossible size" },
		{ 9, 0, "a text with a NUL" },
		{ 8 + CHANNEL_TEXT_MAX, CHANNEL_FDS_MAX, "a text with a NUL" },
	};
	unsigned before = unit_fds();
	const char *row;
	size_t i;

	(void)state;
	assert_non_null(bytes);
	for (i = 0; i < COUNT(rows); i++) {
		row = unit_row("%zu bytes, %zu descriptors", rows[i].len, rows[i].fds);
		send_raw(bytes, rows[i].len, some_fds(), rows[i].fds);
		unit_int(row, "refused", receive(CHANNEL_FDS_MAX), -1);
		unit_text(row, "why", error, rows[i].why);
		unit_int(row, "descriptors", unit_fds(), before);
	}
	assert_int_equal(receive(0), 0);
	free(bytes);
	unit_end();
}

/* An empty one looks like the end of the other process, but for what it brings. */
static void
test_empty_message(void **state)
{
	unsigned before = unit_fds();

	(void)state;
	send_raw("", 0, some_fds(), 3);
	assert_int_equal(receive(CHANNEL_FDS_MAX), -1);
	assert_string_equal(error, "a message of impossible size");
	assert_int_equal(unit_fds(), before);
	send_raw("", 0, NULL, 0);
	assert_int_equal(receive(CHANNEL_FDS_MAX), -1);
	assert_null(error);
}

static void
test_nul_in_a_text(void **state)
{
	static const char message[] = "\1\0\0\0\2\0\0\0ab\0cd";

	(void)state;
	send_raw(message, sizeof(message) - 1, some_fds(), 1);
	assert_int_equal(receive(1), -1);
	assert_string_equal(error, "a text with a NUL");
}

static void
test_descriptors(void **state)
{
	static const size_t rows[] = { 1, 2, 3, CHANNEL_FDS_MAX - 1, CHANNEL_FDS_MAX };
	int pipe_fds[2], fds[CHANNEL_FDS_MAX];
	unsigned before;
	size_t i, k;
	char byte;

	(void)state;
	assert_int_equal(pipe(pipe_fds), 0);
	for (i = 0; i < CHANNEL_FDS_MAX; i++)
		fds[i] = pipe_fds[1];
	before = unit_fds();
	for (i = 0; i < COUNT(rows); i++) {
		assert_true(channel_send(theirs, 1, 1, "take these", fds, rows[i]));
		assert_int_equal(receive(rows[i]), 1);
		assert_int_equal(m.n_fds, rows[i]);
		assert_string_equal(m.text, "take these");
		for (k = 0; k < m.n_fds; k++) {
			assert_true(fcntl(m.fd[k], F_GETFD) & FD_CLOEXEC);
			assert_int_equal(write(m.fd[k], "x", 1), 1);
			assert_int_equal(read(pipe_fds[0], &byte, 1), 1);
		}
		assert_int_equal(unit_fds(), before + rows[i]);
		close_received();
		assert_int_equal(unit_fds(), before);
	}
	close(pipe_fds[0]);
	close(pipe_fds[1]);
}

static void
test_unasked_descriptors(void **state)
{
	static const struct {
		size_t sent, most;
	} rows[] = { { 1, 0 }, { CHANNEL_FDS_MAX, 0 }, { 2, 1 },
		{ CHANNEL_FDS_MAX, CHANNEL_FDS_MAX - 1 } };
	unsigned before = unit_fds();
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		assert_true(channel_send(theirs, 1, 1, NULL, some_fds(), rows[i].sent));
		assert_int_equal(receive(rows[i].most), -1);
		assert_string_equal(error, "unexpected descriptors");
		assert_int_equal(m.n_fds, 0);
		assert_int_equal(unit_fds(), before);
	}
}

static void
test_too_many_to_send(void **state)
{
	(void)state;
	assert_false(channel_send(theirs, 1, 1, NULL, some_fds(), CHANNEL_FDS_MAX + 1));
	assert_int_equal(errno, EMSGSIZE);
	assert_int_equal(receive(CHANNEL_FDS_MAX), 0);
}

/* What was sent before the end can still be read. */
static void
test_other_end_is_gone(void **state)
{
	(void)state;
	assert_true(channel_send(theirs, 1, 2, "last words", NULL, 0));
	close(theirs);
	theirs = -1;
	assert_int_equal(receive(0), 1);
	assert_string_equal(m.text, "last words");
	assert_int_equal(receive(0), -1);
	assert_null(error);
	assert_int_equal(receive(0), -1);
	assert_null(error);
	/* There is no SIGPIPE, although it is not ignored here. */
	assert_false(channel_send(ours, 1, 1, NULL, NULL, 0));
	assert_int_equal(errno, EPIPE);
}

static void
test_closed_with_unread_messages(void **state)
{
	(void)state;
	assert_true(channel_send(ours, 1, 1, "this is not read", NULL, 0));
	close(theirs);
	theirs = -1;
	assert_int_equal(receive(0), -1); /* ECONNRESET or an end, which does not matter */
	assert_null(error);
}

/*
 * The peer does not read: no call blocks, no accepted message is lost, and later there is room
 * again.
 */
static void
test_full(void **state)
{
	uint32_t sent = 0, i;

	(void)state;
	while (channel_send(theirs, 1, sent, "a line of some length", NULL, 0))
		assert_true(++sent < 1000000);
	assert_int_equal(errno, EAGAIN);
	assert_true(sent >= 10);
	for (i = 0; i < sent; i++) {
		assert_int_equal(receive(0), 1);
		assert_int_equal(m.number, i);
	}
	assert_int_equal(receive(0), 0);
	assert_true(channel_send(theirs, 1, sent, NULL, NULL, 0));
	assert_int_equal(receive(0), 1);
}

/* Descriptors that this process has no room for are an error, and those that came are closed. */
static void
test_no_room_for_descriptors(void **state)
{
	struct rlimit saved, few;
	int highest = dup(ours), got;
	unsigned before;

	(void)state;
	assert_int_not_equal(highest, -1);
	before = unit_fds();
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &saved), 0);
	few = saved;
	few.rlim_cur = (rlim_t)highest + 3;
	assert_true(channel_send(theirs, 1, 1, "text", some_fds(), 10));
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	got = receive(CHANNEL_FDS_MAX);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &saved), 0);
	assert_int_equal(got, -1);
	assert_string_equal(error, "a message of impossible size");
	assert_int_equal(unit_fds(), before);
	close(highest);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CHANNEL_TEST(test_no_path),
		CHANNEL_TEST(test_pair),
		CHANNEL_TEST(test_messages),
		CHANNEL_TEST(test_text_is_cut),
		CHANNEL_TEST(test_unknown_types),
		CHANNEL_TEST(test_nonsense),
		CHANNEL_TEST(test_empty_message),
		CHANNEL_TEST(test_nul_in_a_text),
		CHANNEL_TEST(test_descriptors),
		CHANNEL_TEST(test_unasked_descriptors),
		CHANNEL_TEST(test_too_many_to_send),
		CHANNEL_TEST(test_other_end_is_gone),
		CHANNEL_TEST(test_closed_with_unread_messages),
		CHANNEL_TEST(test_full),
		CHANNEL_TEST(test_no_room_for_descriptors),
	};

	return cmocka_run_group_tests_name("channel", tests, NULL, NULL);
}
