/* SPDX-License-Identifier: ISC */
/*
 * The backend between a front that notes what it hears, and a server that sends what a case wants,
 * over loopback, all in one event loop. Time passes only in the backend's own timers.
 */
#include "tests/unit/unit.h"

#include <sys/socket.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <signal.h>
#include <unistd.h>

#include <event2/event.h>

#include "common/buffer.h"
#include "common/xmalloc.h"
#include "srsd/store/store_redis.h"
#include "srsd/store/store_resp.h"

#define ALIAS "0123456789ABCDEFGHIJKLMNOPQRSTUV@1"
#define COMMANDS 8 /* the last ones are kept */
#define OPEN_MAX_HERE 100
#define NOW 1000000

/* The front, in place of store.c. */
struct store {
	struct store_backend *backend;
	struct buffer heard; /* all that the backend reported */
	unsigned n_connected, n_lost, n_answered;
	char problem[STORE_PROBLEM_SIZE];
	bool is_connected;
	struct store_request open[OPEN_MAX_HERE];
	size_t n_open;
};

/* The server. */
struct server {
	struct event_base *base;
	int listener, fd; /* of the connection, or -1 */
	unsigned n_accepted;
	struct event *acceptable, *readable;
	struct buffer in, out;
	struct event *sender; /* of out, byte by byte */
	unsigned n_commands, n_skipped;
	char command[COMMANDS][200]; /* its words, each with a blank after it */
	const char *const *replies;  /* to GET and SET, in order; NULL ends them, "" closes */
	const char *login;           /* the reply to PING */
	const char *auth;            /* the reply to AUTH */
	bool byte_by_byte;
};

static struct store front;
static struct server server;
static uint64_t now_ms;

static time_t
read_wall(void *arg)
{
	(void)arg;
	return NOW;
}

static uint64_t
read_elapsed(void *arg)
{
	(void)arg;
	return clock_elapsed(&clock_system) + now_ms;
}

static const struct clock test_clock = { read_wall, read_elapsed, NULL };

void
store_set_backend(struct store *store, struct store_backend *backend)
{
	store->backend = backend;
}

void
store_connected(struct store *store)
{
	size_t i, n = store->n_open;

	assert_false(store->is_connected);
	store->is_connected = true;
	store->n_connected++;
	for (i = 0; i < n; i++)
		store->backend->ops->send_request(store->backend, &store->open[i]);
}

void
store_lost(struct store *store, const char *problem)
{
	store->is_connected = false;
	store->n_lost++;
	buffer_printf(&store->heard, "lost %s;", problem);
}

void
store_answer(struct store *store, uint64_t number, enum store_outcome outcome, struct text address,
    const char *problem)
{
	size_t i;

	store->n_answered++;
	buffer_printf(&store->heard, "%u=%s%.*s;", (unsigned)number,
	    outcome == STORE_DONE      ? "done "
	    : outcome == STORE_MISSING ? "missing"
				       : problem,
	    (int)address.len, address.s);
	for (i = 0; i < store->n_open; i++)
		if (store->open[i].number == number)
			store->open[i] = store->open[--store->n_open];
}

void
store_set_problem(struct store *store, const char *problem)
{
	strlcpy(store->problem, problem == NULL ? "" : problem, sizeof(store->problem));
}

/* ask - open a question, and send it as the front does */
static void
ask(uint64_t number, enum store_operation operation, const char *address)
{
	struct store_request *request = &front.open[front.n_open++];

	assert_true(front.n_open <= OPEN_MAX_HERE);
	*request = (struct store_request){ number, operation, ALIAS,
		{ address, address == NULL ? 0 : strlen(address) }, NOW + 100 };
	if (front.is_connected)
		front.backend->ops->send_request(front.backend, request);
}

static void
close_connection(void)
{
	if (server.readable != NULL)
		event_free(server.readable);
	if (server.fd != -1)
		close(server.fd);
	server.readable = NULL;
	server.fd = -1;
	buffer_clear(&server.in);
	buffer_clear(&server.out);
}

/* send_byte - one each turn of the loop, so that the backend reads each by itself */
static void
send_byte(evutil_socket_t fd, short events, void *arg)
{
	const struct timeval now = { 0, 0 };

	(void)fd;
	(void)events;
	(void)arg;
	if (server.out.len == 0)
		return;
	assert_int_equal(write(server.fd, server.out.data, 1), 1);
	memmove(server.out.data, server.out.data + 1, --server.out.len);
	event_add(server.sender, &now);
}

static void
send_reply(const char *reply)
{
	const struct timeval now = { 0, 0 };

	if (server.byte_by_byte) {
		buffer_add(&server.out, reply, strlen(reply));
		event_add(server.sender, &now);
		return;
	}
	assert_int_equal(write(server.fd, reply, strlen(reply)), strlen(reply));
}

static void
answer_command(const char *command)
{
	const char *reply = NULL;

	if (strncmp(command, "AUTH ", 5) == 0)
		reply = server.auth;
	else if (strncmp(command, "PING ", 5) == 0)
		reply = server.login;
	else if (server.replies != NULL && *server.replies != NULL)
		reply = *server.replies++;
	if (reply == NULL)
		return;
	if (reply[0] == '\0')
		close_connection();
	else
		send_reply(reply);
}

/* take_command - the next one that came whole: "*N" and N texts, each after its length */
static bool
take_command(void)
{
	char *at = server.in.data, *end = at + server.in.len, *line;
	char *out = server.command[server.n_commands % COMMANDS];
	unsigned long words, len, i;

	if (server.in.len == 0 || memchr(at, '\n', server.in.len) == NULL)
		return false;
	assert_int_equal(*at, '*');
	words = strtoul(at + 1, &at, 10);
	at += 2;
	out[0] = '\0';
	for (i = 0; i < words; i++) {
		line = memchr(at, '\n', (size_t)(end - at));
		if (line == NULL)
			return false;
		assert_int_equal(*at, '$');
		len = strtoul(at + 1, NULL, 10);
		at = line + 1;
		if ((size_t)(end - at) < len + 2)
			return false;
		snprintf(out + strlen(out), 200 - strlen(out), "%.*s ", (int)len, at);
		at += len + 2;
	}
	memmove(server.in.data, at, (size_t)(end - at));
	server.in.len = (size_t)(end - at);
	server.n_commands++;
	return true;
}

static void
serve_connection(evutil_socket_t fd, short events, void *arg)
{
	char bytes[4096];
	ssize_t n = read(fd, bytes, sizeof(bytes) - 1);

	(void)events;
	(void)arg;
	if (n <= 0) {
		close_connection();
		return;
	}
	bytes[n] = '\0';
	buffer_add(&server.in, bytes, (size_t)n);
	buffer_add(&server.in, "", 1); /* an end for strtoul(3) */
	server.in.len--;
	while (server.fd != -1 && take_command())
		answer_command(server.command[(server.n_commands - 1) % COMMANDS]);
}

static void
accept_connection(evutil_socket_t fd, short events, void *arg)
{
	int on = 1;

	(void)events;
	(void)arg;
	close_connection();
	server.fd = accept4(fd, NULL, NULL, SOCK_NONBLOCK);
	if (server.fd == -1)
		return;
	setsockopt(server.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	server.n_accepted++;
	server.readable =
	    event_new(server.base, server.fd, EV_READ | EV_PERSIST, serve_connection, NULL);
	event_add(server.readable, NULL);
}

static int
listen_on_loopback(struct endpoint *endpoint)
{
	struct sockaddr_in *in = &endpoint->addr[0].u.in;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	memset(endpoint, 0, sizeof(*endpoint));
	endpoint->n = 1;
	endpoint->addr[0].len = sizeof(*in);
	in->sin_family = AF_INET;
	in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(fd, &endpoint->addr[0].u.sa, sizeof(*in)), 0);
	assert_int_equal(listen(fd, 10), 0);
	assert_int_equal(getsockname(fd, &endpoint->addr[0].u.sa, &endpoint->addr[0].len), 0);
	return fd;
}

static struct store_redis_settings settings;

static int
set_up(void **state)
{
	(void)state;
	memset(&front, 0, sizeof(front));
	memset(&server, 0, sizeof(server));
	memset(&settings, 0, sizeof(settings));
	server.base = event_base_new();
	server.fd = -1;
	server.login = "+PONG\r\n";
	server.auth = "+OK\r\n";
	server.listener = listen_on_loopback(&settings.endpoint);
	server.acceptable =
	    event_new(server.base, server.listener, EV_READ | EV_PERSIST, accept_connection, NULL);
	event_add(server.acceptable, NULL);
	server.sender = evtimer_new(server.base, send_byte, NULL);
	settings.name = "redis:test";
	settings.patience_ms = 5000;
	now_ms = 0;
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	if (front.backend != NULL)
		front.backend->ops->free_backend(front.backend);
	close_connection();
	event_free(server.acceptable);
	event_free(server.sender);
	close(server.listener);
	event_base_free(server.base);
	buffer_free(&front.heard);
	buffer_free(&server.in);
	buffer_free(&server.out);
	return 0;
}

static void
start_backend(void)
{
	struct store_backend *backend =
	    store_redis_new(&front, server.base, &test_clock, &settings);

	assert_ptr_equal(backend, front.backend);
}

static void
end_wait(evutil_socket_t fd, short events, void *arg)
{
	(void)fd;
	(void)events;
	*(bool *)arg = true;
}

/* run_until - a counter has a value; the test fails when that takes more than 20 s */
static void
run_until(const unsigned *counter, unsigned value)
{
	const struct timeval patience = { 20, 0 };
	bool is_late = false;
	struct event *timer = evtimer_new(server.base, end_wait, &is_late);

	evtimer_add(timer, &patience);
	while (*counter < value && !is_late)
		event_base_loop(server.base, EVLOOP_ONCE);
	event_free(timer);
	if (is_late)
		print_error("heard <%.*s>\n", (int)front.heard.len, front.heard.data);
	assert_false(is_late);
}

static void
expect_heard(const char *row, const char *want)
{
	unit_bytes(row, "heard", front.heard.data, front.heard.len, want, strlen(want));
	buffer_clear(&front.heard);
}

static void
test_commands(void **state)
{
	static const char *const replies[] = { "+OK\r\n", "$5\r\na@b.c\r\n", "$-1\r\n", NULL };

	(void)state;
	settings.user = "u";
	settings.password = "p w";
	server.replies = replies;
	start_backend();
	run_until(&front.n_connected, 1);
	ask(1, STORE_PUT, "a@b.c");
	ask(2, STORE_GET, NULL);
	ask(3, STORE_GET, NULL);
	run_until(&front.n_answered, 3);
	assert_string_equal(server.command[0], "AUTH u p w ");
	assert_string_equal(server.command[1], "PING ");
	assert_string_equal(server.command[2], "SET PostSRSd/" ALIAS " a@b.c EX 100 ");
	assert_string_equal(server.command[3], "GET PostSRSd/" ALIAS " ");
	assert_int_equal(server.n_commands, 5);
	expect_heard("commands", "1=done ;2=done a@b.c;3=missing;");
	unit_end();
}

/* test_expired - a row that is at its end already is written nevertheless: seconds must be > 0 */
static void
test_expired(void **state)
{
	static const char *const replies[] = { "+OK\r\n", NULL };

	(void)state;
	server.replies = replies;
	ask(1, STORE_PUT, "a@b.c");
	front.open[0].expires = NOW - 5;
	start_backend();
	run_until(&front.n_answered, 1);
	assert_string_equal(server.command[1], "SET PostSRSd/" ALIAS " a@b.c EX 1 ");
}

#define LOST "lost redis:test: "
#define STRANGE                                                        \
	"1=redis:test: the reply does not belong to the request;" LOST \
	"the server sent a reply that does not belong to its request;"

/* A reply to one request, and what is reported. */
static const struct {
	const char *name;
	enum store_operation operation;
	const char *reply, *want;
} rows[] = {
	{ "put", STORE_PUT, "+OK\r\n", "1=done ;" },
	{ "get", STORE_GET, "$1\r\nx\r\n", "1=done x;" },
	{ "get of bytes", STORE_GET, "$6\r\nx\xff\x01\r\ny\r\n", "1=done x\xff\x01\r\ny;" },
	{ "get of nothing", STORE_GET, "$0\r\n\r\n", "1=done ;" },
	{ "missing", STORE_GET, "$-1\r\n", "1=missing;" },
	{ "OOM", STORE_PUT, "-OOM command not allowed when used memory > 'maxmemory'.\r\n",
	    "1=redis:test: OOM command not allowed when used memory > 'maxmemory'.;" },
	{ "NOAUTH", STORE_GET, "-NOAUTH Authentication required.\r\n",
	    "1=redis:test: NOAUTH Authentication required.;" },
	{ "NOPERM", STORE_PUT, "-NOPERM this user has no permissions to run the 'set' command\r\n",
	    "1=redis:test: NOPERM this user has no permissions to run the 'set' command;" },
	{ "READONLY", STORE_PUT, "-READONLY You can't write against a read only replica.\r\n",
	    "1=redis:test: READONLY You can't write against a read only replica.;" },
	{ "LOADING", STORE_GET, "-LOADING Redis is loading\r\n",
	    "1=redis:test: LOADING Redis is loading;" },
	{ "MISCONF", STORE_PUT, "-MISCONF Errors writing to the AOF file\r\n",
	    "1=redis:test: MISCONF Errors writing to the AOF file;" },
	{ "MOVED", STORE_GET, "-MOVED 3999 127.0.0.1:6381\r\n",
	    "1=redis:test: MOVED 3999 127.0.0.1:6381;" },
	{ "an empty error", STORE_PUT, "-\r\n", "1=redis:test: ;" },
	{ "an error with controls", STORE_PUT, "-ERR \x1b[2J\t\xc3\xa4\r\n",
	    "1=redis:test: ERR ?[2J???;" },
	{ "put: another status", STORE_PUT, "+QUEUED\r\n", STRANGE },
	{ "put: nil", STORE_PUT, "$-1\r\n", STRANGE },
	{ "put: a text", STORE_PUT, "$2\r\nOK\r\n", STRANGE },
	{ "put: a number", STORE_PUT, ":1\r\n", STRANGE },
	{ "get: a status", STORE_GET, "+OK\r\n", STRANGE },
	{ "get: a number", STORE_GET, ":1\r\n", STRANGE },
	{ "get: a list", STORE_GET, "*1\r\n$1\r\nx\r\n", STRANGE },
	{ "get: an empty list", STORE_GET, "*0\r\n", STRANGE },
	{ "nesting", STORE_GET, "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n",
	    "1=redis:test: the server sent a nested list;" LOST "the server sent a nested list;" },
	{ "a huge list", STORE_GET, "*2147483647\r\n",
	    "1=redis:test: the server sent a list that is too long;" LOST
	    "the server sent a list that is too long;" },
	{ "no RESP", STORE_GET, "\x16\x03\x01",
	    "1=redis:test: Protocol error, got \"\\x16\" as reply type byte;" LOST
	    "Protocol error, got \"\\x16\" as reply type byte;" },
	{ "a reply too many", STORE_PUT, "+OK\r\n+OK\r\n",
	    "1=done ;" LOST "the server sent a reply to no request;" },
	{ "closed", STORE_PUT, "", LOST "Server closed the connection;" },
};

static void
check_row(size_t i, bool byte_by_byte)
{
	const char *const replies[] = { rows[i].reply, NULL };
	bool is_lost = strstr(rows[i].want, "lost") != NULL;

	set_up(NULL);
	server.replies = replies;
	server.byte_by_byte = byte_by_byte;
	start_backend();
	run_until(&front.n_connected, 1);
	ask(1, rows[i].operation, "a@b.c");
	if (is_lost)
		run_until(&front.n_lost, 1);
	else
		run_until(&front.n_answered, 1);
	expect_heard(rows[i].name, rows[i].want);
	unit_int(rows[i].name, "connected", front.is_connected, !is_lost);
	tear_down(NULL);
}

static void
test_replies(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++)
		check_row(i, false);
	unit_end();
}

/* test_split_replies - the same; after an error the server could not send the rest */
static void
test_split_replies(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++)
		if (strstr(rows[i].want, "lost") == NULL)
			check_row(i, true);
	unit_end();
}

/* test_again - what was open when the connection broke is sent over the next one */
static void
test_again(void **state)
{
	static const char *const replies[] = { "+OK\r\n", "", "$1\r\nx\r\n", "$-1\r\n", "+OK\r\n",
		NULL };

	(void)state;
	server.replies = replies;
	ask(1, STORE_PUT, "a@b.c");
	ask(2, STORE_GET, NULL);
	ask(3, STORE_GET, NULL);
	start_backend();
	run_until(&front.n_lost, 1);
	ask(4, STORE_PUT, "d@e.f");
	run_until(&front.n_answered, 4);
	assert_int_equal(front.n_connected, 2);
	assert_int_equal(server.n_accepted, 2);
	expect_heard("again", "1=done ;" LOST "Server closed the connection;"
			      "3=done x;2=missing;4=done ;");
	unit_end();
}

/* test_partial_reply - a connection that closes in the middle of a reply has not answered */
static void
test_partial_reply(void **state)
{
	static const char *const replies[] = { "$5\r\na@b", "", "$5\r\na@b.c\r\n", "$-1\r\n",
		NULL };

	(void)state;
	server.replies = replies;
	ask(1, STORE_GET, NULL);
	ask(2, STORE_GET, NULL);
	start_backend();
	run_until(&front.n_answered, 2);
	expect_heard("partial", LOST "Server closed the connection;1=done a@b.c;2=missing;");
	unit_end();
}

/* test_poison - a request whose reply ends the connection is answered; the others are sent again */
static void
test_poison(void **state)
{
	static const char *const replies[] = { "*1\r\n*1\r\n", "$1\r\ny\r\n", "$1\r\nx\r\n", NULL };

	(void)state;
	server.replies = replies;
	ask(1, STORE_GET, NULL);
	ask(2, STORE_GET, NULL);
	start_backend();
	run_until(&front.n_answered, 2);
	expect_heard("poison", "1=redis:test: the server sent a nested list;" LOST
			       "the server sent a nested list;2=done x;");
	assert_int_equal(server.n_accepted, 2);
	unit_end();
}

/* test_huge_text - announced with 512 MiB: it ends before much of it was read */
static void
test_huge_text(void **state)
{
	char *fill = unit_fill('x', 1 << 16);
	static const char *const replies[] = { "$536870912\r\n", NULL };
	size_t sent = 0;
	ssize_t n;

	(void)state;
	server.replies = replies;
	ask(1, STORE_GET, NULL);
	start_backend();
	run_until(&server.n_commands, 2);
	while (front.n_lost == 0) {
		n = write(server.fd, fill, 1 << 16);
		sent += n > 0 ? (size_t)n : 0;
		event_base_loop(server.base, EVLOOP_NONBLOCK);
	}
	assert_in_range(sent, 1, 32 << 20);
	expect_heard("huge", "1=redis:test: the server sent a text that is too long;" LOST
			     "the server sent a text that is too long;");
	free(fill);
	unit_end();
}

static void
test_refused_login(void **state)
{
	(void)state;
	settings.password = "secret";
	server.auth = "-WRONGPASS invalid username-password pair\r\n";
	ask(1, STORE_PUT, "a@b.c");
	start_backend();
	run_until(&front.n_lost, 2);
	assert_int_equal(front.n_connected, 0);
	expect_heard("login", LOST "AUTH is refused: WRONGPASS invalid username-password pair;" LOST
				   "AUTH is refused: WRONGPASS invalid username-password pair;");
	server.auth = "+OK\r\n";
	run_until(&front.n_connected, 1);
	unit_end();
}

/* test_strange_login - another server than Redis, at each of the two commands */
static void
test_strange_login(void **state)
{
	(void)state;
	settings.password = "secret";
	server.auth = "+PONG\r\n";
	start_backend();
	run_until(&front.n_lost, 1);
	expect_heard("AUTH", LOST "the server does not answer like a Redis server;");
	server.auth = "+OK\r\n";
	server.login = ":1\r\n";
	run_until(&front.n_lost, 2);
	expect_heard("PING", LOST "the server does not answer like a Redis server;");
	server.login = "+PONG\r\n";
	run_until(&front.n_connected, 1);
	unit_end();
}

/* test_no_server - refused; then there is one */
static void
test_no_server(void **state)
{
	struct endpoint dead;

	(void)state;
	close(listen_on_loopback(&dead));
	dead.addr[1] = settings.endpoint.addr[0];
	dead.n = 1;
	settings.endpoint = dead;
	start_backend();
	run_until(&front.n_lost, 2);
	expect_heard("refused", LOST "Connection refused;" LOST "Connection refused;");
	unit_end();
}

/* test_addresses - the second one is tried at once, and the first one again after that */
static void
test_addresses(void **state)
{
	struct endpoint dead;

	(void)state;
	close(listen_on_loopback(&dead));
	dead.addr[1] = settings.endpoint.addr[0];
	dead.n = 2;
	settings.endpoint = dead;
	start_backend();
	run_until(&front.n_connected, 1);
	expect_heard("first", LOST "Connection refused;");
	close_connection();
	run_until(&front.n_connected, 2);
	expect_heard("again", LOST "Server closed the connection;" LOST "Connection refused;");
	unit_end();
}

/* test_silence - a server that has stopped answering; one that owes nothing may be silent */
static void
test_silence(void **state)
{
	static const char *const replies[] = { "+OK\r\n", NULL };
	unsigned never = 0;

	(void)state;
	settings.patience_ms = 50;
	server.replies = replies;
	ask(1, STORE_PUT, "a@b.c");
	start_backend();
	run_until(&front.n_answered, 1);
	while (event_base_loop(server.base, EVLOOP_NONBLOCK) == 0 && never++ < 1000)
		continue;
	now_ms += 1000;
	assert_int_equal(front.n_lost, 0);
	ask(2, STORE_PUT, "a@b.c");
	run_until(&front.n_lost, 1);
	expect_heard("silence", "1=done ;" LOST "the server has stopped answering;");
	run_until(&front.n_connected, 2);
	unit_end();
}

static void
test_silent_login(void **state)
{
	(void)state;
	settings.patience_ms = 50;
	server.login = NULL;
	start_backend();
	run_until(&front.n_lost, 1);
	expect_heard("silent", LOST "no connection in time;");
	unit_end();
}

/* test_bound - a server that never answers makes the backend hold no more than its bound */
static void
test_bound(void **state)
{
	struct store_request request = { 7, STORE_GET, ALIAS, { "", 0 }, 0 };
	unsigned i;

	(void)state;
	start_backend();
	run_until(&front.n_connected, 1);
	for (i = 0; i < 2 * STORE_IN_FLIGHT_MAX; i++)
		front.backend->ops->send_request(front.backend, &request);
	assert_int_equal(front.n_answered, 0);
	front.backend->ops->send_request(front.backend, &request);
	expect_heard("bound", "7=redis:test: too many requests are without a reply;");
	unit_end();
}

/* test_order - many, with answers in between, around the end of the ring */
static void
test_order(void **state)
{
	static const char *const replies[] = { "$1\r\na\r\n", "+OK\r\n", "$-1\r\n", NULL };
	unsigned turn;

	(void)state;
	start_backend();
	run_until(&front.n_connected, 1);
	for (turn = 0; turn < 12000; turn++) {
		server.replies = replies;
		ask(1, STORE_GET, NULL);
		ask(2, STORE_PUT, "a");
		ask(3, STORE_GET, NULL);
		run_until(&front.n_answered, 3 * turn + 3);
		expect_heard("order", "1=done a;2=done ;3=missing;");
	}
	unit_end();
}

/* test_turns - many replies at once are taken in several turns, in their order */
static void
test_turns(void **state)
{
	const char *replies[101] = { NULL };
	struct buffer want = { 0 };
	char texts[100][20];
	unsigned i, turns = 0;

	(void)state;
	for (i = 0; i < 100; i++) {
		snprintf(texts[i], sizeof(texts[i]), "$2\r\n%02u\r\n", i);
		replies[i] = texts[i];
		ask(i + 1, STORE_GET, NULL);
		buffer_printf(&want, "%u=done %02u;", i + 1, i);
	}
	server.replies = replies;
	start_backend();
	while (front.n_answered < 64)
		event_base_loop(server.base, EVLOOP_ONCE);
	while (front.n_answered < 100 && turns++ < 100)
		event_base_loop(server.base, EVLOOP_NONBLOCK);
	unit_bytes("turns", "heard", front.heard.data, front.heard.len, want.data, want.len);
	buffer_free(&want);
	unit_end();
}

/* test_problem - that of a put does not end with a get */
static void
test_problem(void **state)
{
	static const char *const replies[] = { "-OOM x\r\n", "$-1\r\n", "-LOADING y\r\n", "+OK\r\n",
		"$-1\r\n", NULL };
	static const struct {
		enum store_operation operation;
		const char *problem;
	} steps[] = {
		{ STORE_PUT, "redis:test: OOM x" },
		{ STORE_GET, "redis:test: OOM x" },
		{ STORE_GET, "redis:test: LOADING y" },
		{ STORE_PUT, "redis:test: LOADING y" },
		{ STORE_GET, "" },
	};
	unsigned i;

	(void)state;
	server.replies = replies;
	start_backend();
	run_until(&front.n_connected, 1);
	for (i = 0; i < COUNT(steps); i++) {
		ask(i + 1, steps[i].operation, "a@b.c");
		run_until(&front.n_answered, i + 1);
		unit_text(unit_row("step %u", i), "problem", front.problem, steps[i].problem);
	}
	unit_end();
}

static unsigned n_asked;

static void
note_asked(void *arg)
{
	assert_ptr_equal(arg, &front);
	n_asked++;
}

static int
connect_to_server(void)
{
	int fd = store_resp_connect(&settings.endpoint.addr[0]);

	assert_int_not_equal(fd, -1);
	return fd;
}

/* test_handed_socket - the backend asks for its socket */
static void
test_handed_socket(void **state)
{
	(void)state;
	n_asked = 0;
	settings.ask_socket = note_asked;
	settings.ask_arg = &front;
	start_backend();
	store_redis_attach(front.backend, connect_to_server(), NULL);
	run_until(&n_asked, 1);
	assert_int_equal(front.n_connected, 0);
	store_redis_attach(front.backend, -1, "no such file");
	expect_heard("none", LOST "no such file;");
	run_until(&n_asked, 2);
	store_redis_attach(front.backend, connect_to_server(), NULL);
	run_until(&front.n_connected, 1);
	store_redis_attach(front.backend, connect_to_server(), NULL);
	store_redis_attach(front.backend, -1, "late");
	assert_true(front.is_connected);
	unit_end();
}

static void
test_socket_that_never_comes(void **state)
{
	(void)state;
	n_asked = 0;
	settings.ask_socket = note_asked;
	settings.ask_arg = &front;
	settings.patience_ms = 50;
	start_backend();
	run_until(&n_asked, 2);
	expect_heard("never", LOST "no connection in time;");
	unit_end();
}

/* test_freed - with requests in flight, and before it has connected */
static void
test_freed(void **state)
{
	(void)state;
	ask(1, STORE_PUT, "a@b.c");
	start_backend();
	run_until(&server.n_commands, 2);
	front.backend->ops->free_backend(front.backend);
	start_backend();
	expect_heard("free", "");
	unit_end();
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_commands),
		CASE(test_expired),
		cmocka_unit_test(test_replies),
		cmocka_unit_test(test_split_replies),
		CASE(test_again),
		CASE(test_partial_reply),
		CASE(test_poison),
		CASE(test_huge_text),
		CASE(test_refused_login),
		CASE(test_strange_login),
		CASE(test_no_server),
		CASE(test_addresses),
		CASE(test_silence),
		CASE(test_silent_login),
		CASE(test_bound),
		CASE(test_order),
		CASE(test_turns),
		CASE(test_problem),
		CASE(test_handed_socket),
		CASE(test_socket_that_never_comes),
		CASE(test_freed),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests_name("store_redis", tests, NULL, NULL);
}
