/* SPDX-License-Identifier: ISC */
/*
 * A Redis server that is lost at each byte of a dialogue, in either direction, and then comes back:
 * each question gets its answer, once, and the right one. Each position has a store and a server of
 * its own, and all of them share an event loop, because a store pauses before it connects again.
 */
#include "tests/unit/store_case.h"

#include <sys/resource.h>
#include <sys/socket.h>
#include <netinet/in.h>

#include <signal.h>
#include <unistd.h>

#include "common/buffer.h"
#include "srsd/store/store_redis.h"

#define POSITIONS_MAX 1000
#define UNLIMITED SIZE_MAX
#define QUESTIONS 3

/* A store, its server, and how many bytes the first connection of the server lasts. */
struct dialogue {
	struct store *store;
	struct store_case_answer put, found, missing;
	int listener, fd; /* fd is -1: no connection */
	struct event *acceptable, *readable;
	struct buffer in;
	size_t may_read, may_write; /* after 0 bytes are left, the connection closes */
	size_t n_read, n_written;
	bool by_bytes; /* reads and writes single bytes */
	unsigned n_accepted;
};

static struct event_base *base;
static unsigned n_answered;

static void
end_connection(struct dialogue *d)
{
	if (d->fd == -1)
		return;
	event_free(d->readable);
	close(d->fd);
	d->fd = -1;
	buffer_clear(&d->in);
	d->may_read = d->may_write = UNLIMITED;
}

static void
write_reply(struct dialogue *d, const char *reply)
{
	size_t len = strlen(reply), step, at;

	if (len > d->may_write)
		len = d->may_write;
	step = d->by_bytes ? 1 : len;
	for (at = 0; at < len; at += step)
		assert_int_equal(send(d->fd, reply + at, step, MSG_NOSIGNAL), (ssize_t)step);
	d->n_written += len;
	if (d->may_write != UNLIMITED)
		d->may_write -= len;
	if (d->may_write == 0)
		end_connection(d);
}

/* answer_whole - the command at the beginning of what was read; false if its end is missing */
static bool
answer_whole(struct dialogue *d)
{
	static const struct {
		const char *word;
		unsigned lines; /* of the whole command */
	} commands[] = { { "PING", 3 }, { "SET", 11 }, { "GET", 5 } };
	char reply[200], *end = d->in.data;
	struct text found = store_case_address(2);
	size_t which, i;

	for (which = 0; which < COUNT(commands); which++) {
		char head[40];

		snprintf(head, sizeof(head), "\r\n%s\r\n", commands[which].word);
		if (memmem(d->in.data, d->in.len < 16 ? d->in.len : 16, head, strlen(head)) != NULL)
			break;
	}
	if (which == COUNT(commands))
		return false;
	for (i = 0; i < commands[which].lines; i++) {
		char *newline = memchr(end, '\n', (size_t)(d->in.data + d->in.len - end));

		if (newline == NULL)
			return false;
		end = newline + 1;
	}
	snprintf(reply, sizeof(reply),
	    which == 0   ? "+PONG\r\n"
	    : which == 1 ? "+OK\r\n"
			 : "$-1\r\n");
	if (which == 2 &&
	    memmem(d->in.data, (size_t)(end - d->in.data), store_case_alias(2), STORE_ALIAS_LEN))
		snprintf(
		    reply, sizeof(reply), "$%zu\r\n%.*s\r\n", found.len, (int)found.len, found.s);
	d->in.len -= (size_t)(end - d->in.data);
	memmove(d->in.data, end, d->in.len);
	write_reply(d, reply);
	return d->fd != -1 && d->in.len > 0;
}

static void
serve_dialogue(evutil_socket_t fd, short events, void *arg)
{
	struct dialogue *d = arg;
	char bytes[4096];
	size_t most = d->by_bytes ? 1 : sizeof(bytes);
	ssize_t n;

	(void)events;
	n = recv(fd, bytes, d->may_read < most ? d->may_read : most, MSG_DONTWAIT);
	if (n <= 0) {
		end_connection(d);
		return;
	}
	buffer_add(&d->in, bytes, (size_t)n);
	d->n_read += (size_t)n;
	if (d->may_read != UNLIMITED)
		d->may_read -= (size_t)n;
	while (answer_whole(d))
		;
	if (d->fd != -1 && d->may_read == 0)
		end_connection(d);
}

static void
accept_dialogue(evutil_socket_t fd, short events, void *arg)
{
	struct dialogue *d = arg;

	(void)events;
	assert_int_equal(d->fd, -1);
	d->fd = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	assert_int_not_equal(d->fd, -1);
	d->n_accepted++;
	d->readable = event_new(base, d->fd, EV_READ | EV_PERSIST, serve_dialogue, d);
	event_add(d->readable, NULL);
	if (d->may_read == 0 || d->may_write == 0)
		end_connection(d);
}

static void
listen_for(struct dialogue *d, struct endpoint *endpoint)
{
	struct sockaddr_in *in = &endpoint->addr[0].u.in;

	memset(endpoint, 0, sizeof(*endpoint));
	endpoint->n = 1;
	endpoint->addr[0].len = sizeof(*in);
	in->sin_family = AF_INET;
	in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	d->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert_int_not_equal(d->listener, -1);
	assert_int_equal(bind(d->listener, &endpoint->addr[0].u.sa, sizeof(*in)), 0);
	assert_int_equal(listen(d->listener, 2), 0);
	assert_int_equal(
	    getsockname(d->listener, &endpoint->addr[0].u.sa, &endpoint->addr[0].len), 0);
	d->acceptable = event_new(base, d->listener, EV_READ | EV_PERSIST, accept_dialogue, d);
	event_add(d->acceptable, NULL);
}

static void
count_answer(void *arg, const struct store_reply *reply)
{
	store_case_done(arg, reply);
	n_answered++;
}

/* start_dialogue - three questions to a server whose first connection lasts so long */
static void
start_dialogue(struct dialogue *d, size_t may_read, size_t may_write)
{
	struct store_redis_settings settings = { .name = "redis:test", .patience_ms = 30000 };

	memset(d, 0, sizeof(*d));
	d->fd = -1;
	d->may_read = may_read;
	d->may_write = may_write;
	listen_for(d, &settings.endpoint);
	d->store = store_new(base, &clock_system, 30000);
	store_redis_new(d->store, base, &clock_system, &settings);
	store_put(d->store, store_case_alias(1), store_case_address(1), 4000000000, count_answer,
	    &d->put);
	store_get(d->store, store_case_alias(2), count_answer, &d->found);
	store_get(d->store, store_case_alias(3), count_answer, &d->missing);
}

static void
end_dialogue(struct dialogue *d)
{
	store_free(&d->store);
	end_connection(d);
	event_free(d->acceptable);
	close(d->listener);
	buffer_free(&d->in);
}

static void
check_dialogue(const char *row, const struct dialogue *d)
{
	char address[STORE_ADDRESS_MAX + 1];

	snprintf(address, sizeof(address), "%.*s", (int)store_case_address(2).len,
	    store_case_address(2).s);
	store_case_check(row, &d->put, STORE_DONE, "", "");
	store_case_check(row, &d->found, STORE_DONE, address, "");
	store_case_check(row, &d->missing, STORE_MISSING, "", "");
}

static int
set_up(void **state)
{
	(void)state;
	base = event_base_new();
	n_answered = 0;
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	event_base_free(base);
	return 0;
}

/* test_slow - one byte at a time, in both directions */
static void
test_slow(void **state)
{
	struct dialogue d;

	(void)state;
	start_dialogue(&d, UNLIMITED, UNLIMITED);
	d.by_bytes = true;
	store_case_wait(base, &n_answered, QUESTIONS);
	check_dialogue("slow", &d);
	unit_int("slow", "connections", d.n_accepted, 1);
	end_dialogue(&d);
	unit_end();
}

/* measure_dialogue - the bytes of one that is not cut */
static void
measure_dialogue(size_t *read, size_t *written)
{
	struct dialogue d;

	start_dialogue(&d, UNLIMITED, UNLIMITED);
	store_case_wait(base, &n_answered, QUESTIONS);
	check_dialogue("whole", &d);
	*read = d.n_read;
	*written = d.n_written;
	end_dialogue(&d);
	n_answered = 0;
}

/* check_cuts - dialogues whose first connection ends after so many bytes, for each number */
static void
check_cuts(const char *what, size_t positions, bool in_requests)
{
	static struct dialogue all[POSITIONS_MAX];
	size_t i;

	assert_true(positions > 20 && positions <= POSITIONS_MAX);
	for (i = 0; i < positions; i++)
		start_dialogue(&all[i], in_requests ? i : UNLIMITED, in_requests ? UNLIMITED : i);
	store_case_wait(base, &n_answered, (unsigned)(QUESTIONS * positions));
	for (i = 0; i < positions; i++) {
		const char *row = unit_row("%s, cut after %zu bytes", what, i);

		check_dialogue(row, &all[i]);
		unit_int(row, "connections", all[i].n_accepted, 2);
		end_dialogue(&all[i]);
	}
	print_message("# %zu positions in the %s\n", positions, what);
}

static void
test_cut_requests(void **state)
{
	size_t read, written;

	(void)state;
	measure_dialogue(&read, &written);
	check_cuts("requests", read, true);
	unit_end();
}

static void
test_cut_replies(void **state)
{
	size_t read, written;

	(void)state;
	measure_dialogue(&read, &written);
	check_cuts("replies", written, false);
	unit_end();
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_slow),
		CASE(test_cut_requests),
		CASE(test_cut_replies),
	};
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests_name("store_redis_cut", tests, NULL, NULL);
}
