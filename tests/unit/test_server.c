/* SPDX-License-Identifier: ISC */
#include "tests/unit/log_capture.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <netinet/in.h>

#include <errno.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <event2/event.h>

#include "common/buffer.h"
#include "common/xmalloc.h"
#include "conf/settings.h"
#include "srsd/precedence.h"
#include "srsd/priority.h"
#include "srsd/server.h"

#define ROUNDS 20000

/* Sessions that answer nothing, and record the order of their turns. */
struct service {
	char letter;
	int answer; /* a descriptor that gets a byte for each request; -1: no descriptor */
	bool slow;  /* a request takes as long as a window of precedence */
};

struct session_of {
	struct session session;
	struct service *service;
};

static struct event_base *base;
static struct server *server;
static struct service urgent, patient;
static struct sockaddr_in urgent_address, patient_address;
static char turns[100];
static size_t n_turns;
static unsigned urgent_turns, patient_turns;

/* Where the clocks stand still, until a test lets time pass; zero while they run. */
static struct timespec still;

/* still_clock_gettime - the program has it in the place of the C library's clock_gettime */
int still_clock_gettime(clockid_t id, struct timespec *ts) __asm__("clock_gettime");

int
still_clock_gettime(clockid_t id, struct timespec *ts)
{
	if (still.tv_sec == 0)
		return (int)syscall(SYS_clock_gettime, id, ts);
	*ts = still;
	return 0;
}

static long
milliseconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &ts);
	return (long)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void
pass_window(void)
{
	long begin = milliseconds();

	while (milliseconds() - begin < 11)
		;
}

static enum session_state
input(struct session *session, const char *data, size_t len, size_t *used, struct buffer *out)
{
	struct service *service = ((struct session_of *)session)->service;

	(void)data;
	(void)out;
	if (n_turns < sizeof(turns) - 1)
		turns[n_turns++] = service->letter;
	if (service == &patient)
		patient_turns++;
	if (service->slow)
		pass_window();
	if (service->answer != -1 && patient_turns == 0 && urgent_turns++ < ROUNDS)
		assert_int_equal(write(service->answer, "x", 1), 1);
	*used = len;
	return SESSION_READING;
}

static void
close_session(struct session *session)
{
	free(session);
}

static struct session *
open_session(void *service, const struct session_host *host)
{
	static const struct session_ops ops = { input, close_session };
	struct session_of *s = xcalloc(1, sizeof(*s));

	(void)host;
	s->session.ops = &ops;
	s->service = service;
	return &s->session;
}

/* listen_for - let a service listen on an unused port */
static void
listen_for(struct service *service, char letter, bool is_urgent, struct sockaddr_in *address)
{
	socklen_t len = sizeof(*address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	service->letter = letter;
	service->answer = -1;
	service->slow = false;
	memset(address, 0, sizeof(*address));
	address->sin_family = AF_INET;
	address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(fd, (struct sockaddr *)address, len), 0);
	assert_int_equal(listen(fd, 10), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)address, &len), 0);
	server_add_listener(
	    server, server_add_service(server, "test", open_session, service, 0, is_urgent), 1, fd);
}

static int
begin(void **state)
{
	struct server_limits limits = { .connections = 10, .idle_seconds = 60 };

	(void)state;
	base = event_base_new();
	assert_int_equal(event_base_priority_init(base, PRIORITIES), 0);
	server = server_new(base, &limits);
	listen_for(&urgent, 'u', true, &urgent_address);
	listen_for(&patient, 'p', false, &patient_address);
	memset(turns, 0, sizeof(turns));
	n_turns = urgent_turns = patient_turns = 0;
	return 0;
}

static int
end(void **state)
{
	(void)state;
	server_free(&server);
	event_base_free(base);
	return 0;
}

/* client - a connection that the server has accepted */
static int
client(const struct sockaddr_in *address)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(connect(fd, (const struct sockaddr *)address, sizeof(*address)), 0);
	event_base_loop(base, EVLOOP_NONBLOCK);
	event_base_loop(base, EVLOOP_NONBLOCK);
	return fd;
}

static void
request(int fd)
{
	assert_int_equal(write(fd, "x", 1), 1);
}

/* Whichever client came first, the urgent one is answered first. */
static void
test_urgent_first(void **state)
{
	int p = client(&patient_address), u = client(&urgent_address), i;

	(void)state;
	request(p);
	request(u);
	for (i = 0; n_turns < 2 && i < ROUNDS; i++)
		event_base_loop(base, EVLOOP_NONBLOCK);
	assert_string_equal(turns, "up");
	close(p);
	close(u);
}

/* A client that always has its next request ready does not block the others for ever. */
static void
test_others_have_their_turn(void **state)
{
	int p = client(&patient_address), u = client(&urgent_address), i;

	(void)state;
	urgent.answer = u;
	request(u);
	request(p);
	for (i = 0; patient_turns == 0 && i < ROUNDS; i++)
		event_base_loop(base, EVLOOP_NONBLOCK);
	assert_int_equal(patient_turns, 1);
	assert_in_range(urgent_turns, 1, ROUNDS - 1);
	close(p);
	close(u);
}

/* A busy machine gives us little time: the clients still get their turns. */
static void
test_others_have_their_turn_when_all_is_slow(void **state)
{
	int p = client(&patient_address), u = client(&urgent_address), i;

	(void)state;
	urgent.answer = u;
	urgent.slow = true;
	request(u);
	request(p);
	for (i = 0; patient_turns == 0 && i < 200; i++)
		event_base_loop(base, EVLOOP_NONBLOCK);
	assert_int_equal(patient_turns, 1);
	close(p);
	close(u);
}

/* -- an accept(2) that fails -- */

static int
begin_in_dir(void **state)
{
	return unit_dir_make(state) == 0 ? begin(state) : -1;
}

static int
end_in_dir(void **state)
{
	return end(state) == 0 ? unit_dir_remove(state) : -1;
}

#define ACCEPT_TEST(test) cmocka_unit_test_setup_teardown(test, begin_in_dir, end_in_dir)

static int accept_error;
static unsigned accepts_to_fail, accepts_tried;

/* failing_accept4 - the program has it in the place of the C library's accept4 */
int failing_accept4(int fd, void *address, socklen_t *len, int flags) __asm__("accept4");

int
failing_accept4(int fd, void *address, socklen_t *len, int flags)
{
	accepts_tried++;
	if (accepts_to_fail > 0) {
		accepts_to_fail--;
		errno = accept_error;
		return -1;
	}
	return (int)syscall(SYS_accept4, fd, address, len, flags);
}

static void
fail_accepts(unsigned n, int error)
{
	accept_error = error;
	accepts_to_fail = n;
	accepts_tried = 0;
}

/* turn_times - run the loop as often as a client that waits would make it spin */
static void
turn_times(int n)
{
	while (n-- > 0)
		event_base_loop(base, EVLOOP_NONBLOCK);
}

/* A service without descriptors tries again at the next tick, while the others are served. */
static void
test_accept_fails(void **state)
{
	static const int errors[] = { EMFILE, ENFILE, ENOMEM, ENOBUFS };
	int p, u, round;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		log_capture_begin();
		fail_accepts(1, errors[i]);
		p = client(&patient_address);
		turn_times(100);
		unit_int(strerror(errors[i]), "tries before the tick", (int)accepts_tried, 1);
		u = client(&urgent_address);
		turns[n_turns = 0] = '\0';
		request(u);
		request(p);
		turn_times(100);
		turns[n_turns] = '\0';
		unit_text(strerror(errors[i]), "turns before the tick", turns, "u");
		for (round = 0; n_turns < 2 && round < 20; round++)
			event_base_loop(base, EVLOOP_ONCE);
		turns[n_turns] = '\0';
		unit_text(strerror(errors[i]), "turns", turns, "up");
		unit_true(strerror(errors[i]), "logged at most once a minute",
		    (strstr(log_capture_end(), "warning: test: accept: ") != NULL) == (i == 0));
		close(p);
		close(u);
		turn_times(3);
	}
}

/* An error of one connection does not delay the next. */
static void
test_accept_fails_once(void **state)
{
	static const int errors[] = { EAGAIN, EINTR, ECONNABORTED };
	size_t i;
	int p;

	(void)state;
	for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		log_capture_begin();
		fail_accepts(1, errors[i]);
		p = client(&patient_address);
		turns[n_turns = 0] = '\0';
		request(p);
		turn_times(10);
		turns[n_turns] = '\0';
		unit_text(strerror(errors[i]), "turns", turns, "p");
		unit_text(strerror(errors[i]), "log", log_capture_end(), "");
		close(p);
		turn_times(3);
	}
}

/* A full service accepts nobody at a tick, and says so once. */
static void
test_full_service_stays_paused(void **state)
{
	const struct server_limits one = { .connections = 1, .idle_seconds = 60 };
	const struct timeval ticks = { 2, 100000 };
	int first = client(&patient_address), second;
	const char *log, *line;

	(void)state;
	log_capture_begin();
	server_set_limits(server, &one);
	second = client(&patient_address);
	fail_accepts(0, 0);
	event_base_loopexit(base, &ticks);
	event_base_dispatch(base);
	log = log_capture_end();
	line = strstr(log, "connection-limit of 1 reached");
	assert_non_null(line);
	assert_null(strstr(line + 1, "connection-limit"));
	assert_int_equal(accepts_tried, 0);
	close(first);
	close(second);
}

/* -- replies, and when they are sent -- */

#define ECHOES 400    /* clients at a time */
#define KEPT_MAX 2048 /* bytes of a reply that is kept until the end of a turn */
#define BIG_REPLY 3000000

/*
 * Sessions that answer each line: "big N" with N bytes, "wait" only after go_on(), "bye" with the
 * end of the connection, any other line with itself. After "slow" the turn is over.
 */
struct echo {
	struct session session;
	const struct session_host *host;
	enum { ECHO_READS, ECHO_WAITS, ECHO_GOES_ON } stage;
};

static struct sockaddr_in echo_address;
static size_t n_waiting;
static struct echo *waiting[ECHOES];
static unsigned echoes_open;
/* Each call examines a client: has it got its answer already? */
static int looked_at = -1;
static unsigned looks, answered_looks;
static bool drained;
/* Requests without a reply: now, and the most at any time. */
static unsigned unanswered, most_unanswered;
/* The server's socket to which no byte can be sent; BREAKS_NEXT: the next one that is used. */
#define BREAKS_NONE (-1)
#define BREAKS_NEXT (-2)
static int broken = BREAKS_NONE;
static unsigned least_open; /* of echoes_open, at any request */

/* counted_send - the program has it in the place of the C library's send */
ssize_t counted_send(int fd, const void *data, size_t len, int flags) __asm__("send");

ssize_t
counted_send(int fd, const void *data, size_t len, int flags)
{
	if (unanswered > 0)
		unanswered--;
	if (broken == BREAKS_NEXT)
		broken = fd;
	if (broken == fd) {
		errno = EPIPE;
		return -1;
	}
	return (ssize_t)syscall(SYS_sendto, fd, data, len, flags, NULL, 0);
}

static void
look(void)
{
	char byte;

	if (looked_at == -1)
		return;
	looks++;
	answered_looks += recv(looked_at, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 1;
}

/* answer - answer one line; false if it has to wait */
static bool
answer(struct echo *e, const char *line, size_t len, struct buffer *out)
{
	char number[20] = "", *big;
	size_t n;

	if (e->stage == ECHO_WAITS)
		return false;
	if (len == 4 && memcmp(line, "wait", 4) == 0 && e->stage == ECHO_READS) {
		e->stage = ECHO_WAITS;
		waiting[n_waiting++] = e;
		return false;
	}
	e->stage = ECHO_READS;
	if (len > 4 && len < 20 && memcmp(line, "big ", 4) == 0) {
		memcpy(number, line + 4, len - 4);
		n = strtoul(number, NULL, 10);
		big = unit_fill('b', n);
		big[n - 1] = '\n';
		buffer_add(out, big, n);
		free(big);
	} else {
		buffer_add(out, line, len);
		buffer_add(out, "\n", 1);
	}
	return true;
}

static enum session_state
echo_input(struct session *session, const char *data, size_t len, size_t *used, struct buffer *out)
{
	struct echo *e = (struct echo *)session;
	const char *newline;

	look();
	if (echoes_open < least_open)
		least_open = echoes_open;
	if (++unanswered > most_unanswered)
		most_unanswered = unanswered;
	for (*used = 0; (newline = memchr(data + *used, '\n', len - *used)) != NULL;) {
		if (!answer(e, data + *used, (size_t)(newline - data) - *used, out))
			return SESSION_BUSY;
		if (newline - data >= 3 && memcmp(newline - 3, "bye", 3) == 0)
			return SESSION_CLOSE;
		*used = (size_t)(newline + 1 - data);
		if (*used < len && newline - data >= 4 && memcmp(newline - 4, "slow", 4) == 0)
			return SESSION_MORE;
	}
	return SESSION_READING;
}

static void
echo_close(struct session *session)
{
	size_t i;

	for (i = 0; i < n_waiting; i++)
		if (waiting[i] == (struct echo *)session)
			waiting[i] = waiting[--n_waiting];
	echoes_open--;
	free(session);
}

static struct session *
echo_open(void *service, const struct session_host *host)
{
	static const struct session_ops ops = { echo_input, echo_close };
	struct echo *e = xcalloc(1, sizeof(*e));

	(void)service;
	e->session.ops = &ops;
	e->host = host;
	echoes_open++;
	return &e->session;
}

/* go_on - let the session that has waited longest continue */
static void
go_on(void)
{
	struct echo *e = waiting[0];

	assert_true(n_waiting > 0);
	memmove(waiting, waiting + 1, --n_waiting * sizeof(waiting[0]));
	e->stage = ECHO_GOES_ON;
	e->host->wake(e->host->arg);
}

/* make_base - callbacks: the most in one turn of the loop; -1: any number */
static struct event_base *
make_base(int callbacks)
{
	struct event_config *config = event_config_new();
	struct event_base *made;

	event_config_set_max_dispatch_interval(config, NULL, callbacks, PRIORITY_DNS);
	made = event_base_new_with_config(config);
	event_config_free(config);
	event_base_priority_init(made, PRIORITIES);
	return made;
}

static int
begin_echo_service(bool is_urgent, int callbacks)
{
	struct server_limits limits = { .connections = ECHOES + 1, .idle_seconds = 60 };
	socklen_t len = sizeof(echo_address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	base = make_base(callbacks);
	server = server_new(base, &limits);
	memset(&echo_address, 0, sizeof(echo_address));
	echo_address.sin_family = AF_INET;
	echo_address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(fd, (struct sockaddr *)&echo_address, len) == -1 || listen(fd, ECHOES) == -1 ||
	    getsockname(fd, (struct sockaddr *)&echo_address, &len) == -1)
		return -1;
	server_add_listener(
	    server, server_add_service(server, "echo", echo_open, NULL, 0, is_urgent), 1, fd);
	n_waiting = 0;
	looked_at = -1;
	looks = answered_looks = 0;
	unanswered = most_unanswered = 0;
	drained = false;
	return 0;
}

static int
begin_echo(void **state)
{
	(void)state;
	return begin_echo_service(false, -1);
}

static int
begin_urgent_echo(void **state)
{
	(void)state;
	return begin_echo_service(true, -1);
}

/* begin_short_turns - a turn is over after each event, as after a millisecond in the daemon */
static int
begin_short_turns(void **state)
{
	(void)state;
	return begin_echo_service(false, 1);
}

static int
end_echo(void **state)
{
	(void)state;
	server_free(&server);
	event_base_free(base);
	return echoes_open == 0 ? 0 : -1;
}

#define ECHO_TEST(test) cmocka_unit_test_setup_teardown(test, begin_echo, end_echo)
#define SHORT_TEST(test) cmocka_unit_test_setup_teardown(test, begin_short_turns, end_echo)

/* turn - of the loop, until nothing is ready */
static void
turn(void)
{
	int i;

	for (i = 0; i < 3; i++)
		event_base_loop(base, EVLOOP_NONBLOCK);
}

/* connected - a client that the server has accepted; small: its buffer is */
static int
connected(bool small)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), size = 4096;

	if (small)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	assert_int_equal(connect(fd, (struct sockaddr *)&echo_address, sizeof(echo_address)), 0);
	turn();
	return fd;
}

static void
say(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

static void
connect_all(int *fd, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		fd[i] = connected(false);
}

/* request_all - each client sends a request before the next turn */
static void
request_all(const int *fd, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		say(fd[i], "request\n");
}

/* ready - wait for bytes or an end; the kernel may delay small messages */
static bool
ready(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };

	return poll(&pfd, 1, 5000) == 1;
}

/* check_hears - the client receives exactly these bytes */
static void
check_hears(int fd, const char *row, const char *want)
{
	char got[300];
	size_t n = 0;
	ssize_t piece;

	while (n < strlen(want) && ready(fd)) {
		piece = recv(fd, got + n, sizeof(got) - n, MSG_DONTWAIT);
		if (piece <= 0)
			break;
		n += (size_t)piece;
	}
	unit_bytes(row, "heard", got, n, want, strlen(want));
	unit_true(row, "and no more", recv(fd, got, 1, MSG_DONTWAIT) <= 0);
}

static bool
is_closed(int fd)
{
	char byte;

	return ready(fd) && recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

/* The second request of a turn is handled before the first reply goes out; both arrive. */
static void
test_two_in_one_turn(void **state)
{
	int one = connected(false), two = connected(false);

	(void)state;
	say(one, "first\n");
	say(two, "second\n");
	looked_at = one;
	turn();
	assert_int_equal(looks, 2);
	assert_int_equal(answered_looks, 0);
	check_hears(one, "one", "first\n");
	check_hears(two, "two", "second\n");
	/* The next turn behaves in the same way. */
	say(two, "third\n");
	say(one, "fourth\n");
	turn();
	check_hears(one, "one", "fourth\n");
	check_hears(two, "two", "third\n");
	close(one);
	close(two);
	unit_end();
}

/* The first four replies of a turn are sent before its end, the others together. */
static void
test_first_of_one_turn(void **state)
{
	int fd[10];
	size_t i, round;

	(void)state;
	connect_all(fd, COUNT(fd));
	for (round = 1; round <= 2; round++) {
		most_unanswered = 0;
		request_all(fd, COUNT(fd));
		turn();
		unit_int(unit_row("turn %zu", round), "unanswered", most_unanswered, 6);
		for (i = 0; i < COUNT(fd); i++)
			check_hears(fd[i], "client", "request\n");
	}
	for (i = 0; i < COUNT(fd); i++)
		close(fd[i]);
	unit_end();
}

/*
 * Of a broken connection, neither the other replies nor the other sessions notice anything: it is
 * closed when no session is being called.
 */
static void
test_broken_in_one_turn(void **state)
{
	int fd[10];
	unsigned closed = 0;
	size_t i;

	(void)state;
	connect_all(fd, COUNT(fd));
	request_all(fd, COUNT(fd));
	least_open = echoes_open;
	broken = BREAKS_NEXT;
	turn();
	broken = BREAKS_NONE;
	unit_int("during the turn", "open", least_open, COUNT(fd));
	unit_int("afterwards", "open", echoes_open, COUNT(fd) - 1);
	for (i = 0; i < COUNT(fd); i++) {
		if (is_closed(fd[i]))
			closed++;
		else
			check_hears(fd[i], "client", "request\n");
		close(fd[i]);
	}
	unit_int("clients", "closed", closed, 1);
	unit_end();
}

/* The clients of an urgent service are answered at once. */
static void
test_urgent_in_one_turn(void **state)
{
	int one = connected(false), two = connected(false);

	(void)state;
	pass_window();
	say(one, "first\n");
	say(two, "second\n");
	turn();
	assert_int_equal(most_unanswered, 1);
	check_hears(one, "one", "first\n");
	check_hears(two, "two", "second\n");
	close(one);
	close(two);
	unit_end();
}

/* Those that no longer have precedence wait for the end of the turn. */
static void
test_too_many_urgent_in_one_turn(void **state)
{
	static int fd[6 * PRECEDENCE_MAX];
	size_t i;

	(void)state;
	connect_all(fd, COUNT(fd));
	request_all(fd, COUNT(fd));
	turn_times(10);
	assert_true(most_unanswered > 1);
	for (i = 0; i < COUNT(fd); i++) {
		check_hears(fd[i], "client", "request\n");
		close(fd[i]);
	}
	unit_end();
}

/* More than can be kept until the end of a turn. */
static void
test_many_in_one_turn(void **state)
{
	static int fd[ECHOES];
	char text[40];
	size_t i;

	(void)state;
	for (i = 0; i < ECHOES; i++)
		fd[i] = connected(false);
	for (i = 0; i < ECHOES; i++) {
		snprintf(text, sizeof(text), "number %zu\n", i);
		say(fd[i], text);
	}
	turn();
	turn();
	for (i = 0; i < ECHOES; i++) {
		snprintf(text, sizeof(text), "number %zu\n", i);
		check_hears(fd[i], text, text);
		close(fd[i]);
	}
	unit_end();
}

/* read_reply - a small reply, then n bytes of a large one, which arrives in pieces, and no more */
static void
read_reply(int fd, const char *row, const char *small, size_t n)
{
	static char buffer[BIG_REPLY + 100];
	size_t got = 0, want = strlen(small) + n, i, b = 0;
	ssize_t piece;

	for (i = 0; got < want && i < 1000000; i++) {
		piece = recv(fd, buffer + got, sizeof(buffer) - got, MSG_DONTWAIT);
		got += piece > 0 ? (size_t)piece : 0;
		turn();
	}
	unit_int(row, "bytes", (long long)got, (long long)want);
	unit_bytes(row, "begins with", buffer, strlen(small), small, strlen(small));
	for (i = strlen(small); i < got; i++)
		b += buffer[i] == 'b';
	unit_true(row, "the large one", b + 10 >= n); /* except ends of lines */
	unit_true(row, "and no more", recv(fd, buffer, 1, MSG_DONTWAIT) <= 0);
}

static void
test_sizes(void **state)
{
	static const size_t rows[] = { 1, 2, KEPT_MAX - 1, KEPT_MAX, KEPT_MAX + 1, 2 * KEPT_MAX,
		65536, BIG_REPLY };
	int fd = connected(false), other = connected(false);
	char text[40];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		snprintf(text, sizeof(text), "big %zu\n", rows[i]);
		say(fd, text);
		say(other, "small\n");
		turn();
		check_hears(other, text, "small\n");
		if (rows[i] == 1)
			check_hears(fd, text, "\n");
		else
			read_reply(fd, text, "", rows[i]);
		say(fd, "next\n");
		turn();
		check_hears(fd, "next", "next\n");
	}
	close(fd);
	close(other);
	unit_end();
}

/* In order, whether the first one is kept, waits or is large. */
static void
test_pipelined(void **state)
{
	static const struct {
		const char *requests;
		unsigned waits;
		const char *replies;
	} rows[] = {
		{ "a\nb\nc\n", 0, "a\nb\nc\n" },
		{ "a\nwait\nb\n", 1, "a\nwait\nb\n" },
		{ "wait\nwait\na\n", 2, "wait\nwait\na\n" },
		{ "wait\n", 1, "wait\n" },
	};
	int fd = connected(false);
	unsigned k;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		say(fd, rows[i].requests);
		turn();
		for (k = 0; k < rows[i].waits; k++) {
			go_on();
			turn();
		}
		check_hears(fd, rows[i].requests, rows[i].replies);
	}
	/* In the middle of a request, and while the previous reply is kept. */
	say(fd, "a\nb");
	turn();
	say(fd, "b\nc\n");
	turn();
	check_hears(fd, "halves", "a\nbb\nc\n");
	say(fd, "small\nbig 5000\n");
	turn();
	read_reply(fd, "after a small one", "small\n", 5000);
	say(fd, "wait\nbig 5000\n");
	turn();
	go_on();
	turn();
	read_reply(fd, "after one that waited", "wait\n", 5000);
	close(fd);
	unit_end();
}

/*
 * Two replies to one client in one turn: to a request that was woken, and to one that came
 * meanwhile.
 */
static void
test_twice_in_one_turn(void **state)
{
	int fd = connected(false);

	(void)state;
	say(fd, "wait\n");
	turn();
	say(fd, "more\n");
	go_on(); /* and the reply is kept: the loop has not run */
	turn();
	check_hears(fd, "both", "wait\nmore\n");
	/* Woken twice without a turn between. */
	say(fd, "wait\nwait\nbig 2000\n");
	turn();
	go_on();
	go_on();
	turn();
	read_reply(fd, "woken", "wait\nwait\n", 2000);
	say(fd, "wait\nwait\nbig 3000\n");
	turn();
	go_on();
	go_on();
	turn();
	read_reply(fd, "woken, with a large one", "wait\nwait\n", 3000);
	close(fd);
	unit_end();
}

/* reset - close as a killed host does */
static void
reset(int fd)
{
	struct linger now = { 1, 0 };

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(fd);
}

/* Clients that disconnect, in either way, while their reply is kept; other clients get theirs. */
static void
test_gone_between(void **state)
{
	int gone, other = connected(false);
	size_t i;

	(void)state;
	for (i = 0; i < 4; i++) {
		gone = connected(false);
		say(gone, "wait\n");
		turn();
		say(other, "wait\n");
		turn();
		go_on(); /* its reply is kept */
		if (i % 2 == 0)
			reset(gone);
		else
			close(gone);
		go_on();
		if (i < 2)
			say(other, "more\n");
		turn();
		check_hears(other, unit_row("%zu", i), i < 2 ? "wait\nmore\n" : "wait\n");
		unit_int(unit_row("%zu", i), "connections", echoes_open, 1);
	}
	close(other);
	turn();
	assert_int_equal(echoes_open, 0);
	unit_end();
}

/* A session that ends the connection: a kept reply is sent before the last one. */
static void
test_last_words(void **state)
{
	int fd = connected(false);

	(void)state;
	say(fd, "wait\nbye\n");
	turn();
	go_on();
	turn();
	check_hears(fd, "all", "wait\nbye\n");
	assert_true(is_closed(fd));
	assert_int_equal(echoes_open, 0);
	close(fd);
	unit_end();
}

static void
on_drained(void *arg)
{
	assert_ptr_equal(arg, &drained);
	assert_false(drained);
	drained = true;
}

/* used - a client that has got one answer */
static int
used(void)
{
	int fd = connected(false);

	say(fd, "hello\n");
	turn();
	check_hears(fd, "used", "hello\n");
	return fd;
}

#define SLOW_LINES 50

/* say_slow_lines - requests in one write, of which each takes a turn */
static void
say_slow_lines(int fd, char text[5 * SLOW_LINES + 1])
{
	int i;

	for (i = 0; i < SLOW_LINES; i++)
		memcpy(text + 5 * (size_t)i, "slow\n", 6);
	say(fd, text);
}

/* run_turns - enough for all slow lines and the replies */
static void
run_turns(void)
{
	int i;

	for (i = 0; i < 5 * SLOW_LINES; i++)
		event_base_loop(base, EVLOOP_NONBLOCK);
}

/* A session that wants a turn for each request gets it after those of other clients. */
static void
test_turn_for_each(void **state)
{
	int slow = connected(false), other = connected(false);
	char text[5 * SLOW_LINES + 1];

	(void)state;
	looked_at = other;
	say_slow_lines(slow, text);
	say(other, "quick\n");
	run_turns();
	unit_int("turns", "of both", looks, SLOW_LINES + 1);
	unit_true("turns", "most of them later", answered_looks > SLOW_LINES / 2);
	check_hears(other, "other", "quick\n");
	check_hears(slow, "slow", text);
	/* After a request that waited, and with more bytes in the socket. */
	say(slow, "wait\nslow\na\n");
	turn();
	say(slow, "b\n");
	turn();
	go_on();
	run_turns();
	check_hears(slow, "waited", "wait\nslow\na\nb\n");
	close(slow);
	close(other);
	unit_end();
}

/* It gets none before its client has read the previous reply. */
static void
test_turn_of_a_slow_reader(void **state)
{
	int slow = connected(true);
	char text[80];
	unsigned before;

	(void)state;
	looked_at = slow;
	snprintf(text, sizeof(text), "slow\nbig %d\nslow\na\n", BIG_REPLY);
	say(slow, text);
	run_turns();
	before = looks;
	run_turns();
	unit_int("turns", "without room", looks, before);
	read_reply(slow, "all", "slow\n", BIG_REPLY + sizeof("slow\na\n") - 1);
	unit_int("turns", "in all", looks, before + 1);
	close(slow);
	unit_end();
}

/* The client leaves, and the server stops, between two turns of a session. */
static void
test_turn_after_the_end(void **state)
{
	int gone = used(), begun = used(), arrived = used();
	char text[5 * SLOW_LINES + 1];

	(void)state;
	say_slow_lines(gone, text);
	event_base_loop(base, EVLOOP_NONBLOCK);
	reset(gone);
	run_turns();
	unit_int("gone", "connections", echoes_open, 2);
	say_slow_lines(begun, text);
	event_base_loop(base, EVLOOP_NONBLOCK);
	say(arrived, "slow\nslow\n");
	server_drain(server, on_drained, &drained);
	run_turns();
	unit_true("drain", "ends", drained);
	check_hears(begun, "begun", text);
	check_hears(arrived, "arrived", "slow\nslow\n");
	assert_true(is_closed(begun) && is_closed(arrived));
	close(begun);
	close(arrived);
	unit_end();
}

/*
 * Replies that are kept, requests that have arrived and requests that wait are answered; then the
 * connection is closed.
 */
static void
test_drain(void **state)
{
	int kept = used(), both = used(), busy = used(), arrived = used(), idle = used();

	(void)state;
	say(kept, "wait\n");
	turn();
	say(both, "wait\n");
	turn();
	say(busy, "wait\n");
	turn();
	assert_int_equal(n_waiting, 3);
	/* Two of them have a reply that is not sent yet when the drain begins. */
	go_on();
	go_on();
	say(both, "more\n");
	say(arrived, "late\n");
	server_drain(server, on_drained, &drained);
	assert_false(drained);
	check_hears(kept, "kept", "wait\n");
	check_hears(both, "both", "wait\nmore\n");
	check_hears(arrived, "arrived", "late\n");
	assert_true(is_closed(kept) && is_closed(both) && is_closed(arrived) && is_closed(idle));
	assert_int_equal(echoes_open, 1);
	turn();
	go_on();
	turn();
	assert_true(drained);
	check_hears(busy, "busy", "wait\n");
	assert_true(is_closed(busy));
	close(kept);
	close(both);
	close(busy);
	close(arrived);
	close(idle);
	unit_end();
}

/* A new client may have a request on the way, so the drain waits for it, but not for long. */
static void
test_drain_with_newcomers(void **state)
{
	int there = connected(false), late = connected(false), silent = connected(false),
	    gone = connected(false);

	(void)state;
	say(there, "there\n");
	server_drain(server, on_drained, &drained);
	say(late, "late\n");
	close(gone);
	turn();
	check_hears(there, "there", "there\n");
	check_hears(late, "late", "late\n");
	assert_true(is_closed(there) && is_closed(late));
	assert_false(drained);
	assert_int_equal(echoes_open, 1);
	while (!drained)
		event_base_loop(base, EVLOOP_ONCE);
	assert_true(is_closed(silent));
	close(there);
	close(late);
	close(silent);
	unit_end();
}

/* add_echo_listener - for a new service of the server; sets echo_address */
static size_t
add_echo_listener(unsigned least_idle)
{
	size_t service = server_add_service(server, "echo", echo_open, NULL, least_idle, false);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	socklen_t len = sizeof(echo_address);

	echo_address.sin_port = 0;
	assert_int_equal(bind(fd, (struct sockaddr *)&echo_address, len), 0);
	assert_int_equal(listen(fd, ECHOES), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&echo_address, &len), 0);
	server_add_listener(server, service, (unsigned)service + 1, fd);
	return service;
}

/* pass - let seconds pass, and a tick come */
static void
pass(time_t seconds)
{
	still.tv_sec += seconds;
	turn();
}

/* check_open - which of the clients, by their letters, are connected? Those that are not end. */
static void
check_open(const char *row, const int *fd, size_t n, const char *want)
{
	char open[10] = "", byte;
	size_t i, len = 0;

	for (i = 0; i < n; i++)
		if (recv(fd[i], &byte, 1, MSG_DONTWAIT | MSG_PEEK) != 0)
			open[len++] = (char)('a' + i);
	unit_text(row, "open", open, want);
}

/*
 * A connection without a byte is closed after the limit of the server, or that of its service if it
 * is lower, but not before the least one of its service. Busy ones stay.
 */
static void
test_idle(void **state)
{
	int fd[6];
	size_t i;

	(void)state;
	clock_gettime(CLOCK_MONOTONIC, &still);
	fd[0] = connected(false); /* the limit of the server: 60 s */
	fd[1] = connected(false);
	fd[2] = connected(false);
	say(fd[2], "wait\n");
	server_limit_service(server, add_echo_listener(0), 10, 10);
	fd[3] = connected(false);
	server_limit_service(server, add_echo_listener(0), 10, 600);
	fd[4] = connected(false);
	add_echo_listener(1000);
	fd[5] = connected(false);
	pass(9);
	check_open("9 s", fd, COUNT(fd), "abcdef");
	pass(1);
	check_open("10 s", fd, COUNT(fd), "abcef");
	say(fd[1], "half a line");
	turn();
	pass(49);
	check_open("59 s", fd, COUNT(fd), "abcef");
	pass(1);
	check_open("60 s", fd, COUNT(fd), "bcf");
	pass(9);
	check_open("69 s", fd, COUNT(fd), "bcf");
	pass(1);
	check_open("70 s", fd, COUNT(fd), "cf");
	pass(929);
	check_open("999 s", fd, COUNT(fd), "cf");
	pass(1);
	check_open("1000 s", fd, COUNT(fd), "c");
	still.tv_sec = 0;
	for (i = 0; i < COUNT(fd); i++)
		close(fd[i]);
	turn();
	unit_end();
}

/* Connections that wait in the queue of a listener that is removed, even beyond the limit. */
static void
test_remove_listener(void **state)
{
	struct server_limits limits = { .connections = 2, .idle_seconds = 60 };
	int fd[5], late;
	size_t i;

	(void)state;
	server_set_limits(server, &limits);
	for (i = 0; i < COUNT(fd); i++) {
		fd[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		assert_int_equal(
		    connect(fd[i], (struct sockaddr *)&echo_address, sizeof(echo_address)), 0);
		say(fd[i], "hello\n");
	}
	turn();
	assert_int_equal(echoes_open, 2);
	server_remove_listener(server, 1);
	assert_int_equal(echoes_open, COUNT(fd));
	turn();
	for (i = 0; i < COUNT(fd); i++) {
		check_hears(fd[i], "client", "hello\n");
		close(fd[i]);
	}
	late = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(late, (struct sockaddr *)&echo_address, sizeof(echo_address)), -1);
	close(late);
	unit_end();
}

/* The drain ends when the slow client has read all of it. */
static void
test_drain_with_a_slow_reader(void **state)
{
	int slow = connected(true), kept = connected(false);
	char text[40];

	(void)state;
	snprintf(text, sizeof(text), "big %d\n", BIG_REPLY);
	say(slow, text);
	turn();
	say(kept, "wait\n");
	turn();
	go_on();
	server_drain(server, on_drained, &drained);
	check_hears(kept, "kept", "wait\n");
	assert_true(is_closed(kept));
	turn();
	assert_false(drained);
	read_reply(slow, "slow", "", BIG_REPLY);
	turn();
	assert_true(drained);
	assert_true(is_closed(slow));
	close(slow);
	close(kept);
	unit_end();
}

/*
 * A client that does not read its replies is not read any more; others are served, and it is
 * answered in the end.
 */
static void
test_slow_reader(void **state)
{
	int slow = connected(true), other = connected(false);
	char text[40];

	(void)state;
	snprintf(text, sizeof(text), "big %d\n", BIG_REPLY);
	say(slow, text);
	turn();
	looks = 0;
	looked_at = slow;
	say(slow, "big 10\nbig 10\n");
	turn();
	assert_int_equal(looks, 0);
	say(other, "small\n");
	turn();
	check_hears(other, "other", "small\n");
	read_reply(slow, "slow", "", BIG_REPLY + 20);
	assert_int_equal(looks, 2);
	close(slow);
	close(other);
	unit_end();
}

/* Woken while the previous reply still waits for room: its reply follows that one. */
static void
test_slow_reader_is_woken(void **state)
{
	int slow = connected(true);
	char text[80];

	(void)state;
	snprintf(text, sizeof(text), "begin\nbig %d\nwait\nbig 50\n", BIG_REPLY - 1000);
	say(slow, text);
	turn();
	assert_int_equal(n_waiting, 1);
	go_on();
	turn();
	read_reply(slow, "slow", "begin\n", BIG_REPLY - 1000 + sizeof("wait\n") - 1 + 50);
	say(slow, "more\n");
	turn();
	check_hears(slow, "afterwards", "more\n");
	close(slow);
	unit_end();
}

/* A slow reader that disconnects, or resets, with megabytes unsent. */
static void
test_slow_reader_leaves(void **state)
{
	char text[40];
	size_t i;
	int fd;

	(void)state;
	snprintf(text, sizeof(text), "big %d\n", BIG_REPLY);
	for (i = 0; i < 4; i++) {
		fd = connected(true);
		say(fd, text);
		turn();
		if (i < 2)
			say(fd, "more\n");
		if (i % 2 == 0)
			reset(fd);
		else
			close(fd);
		turn();
		turn();
		unit_int(unit_row("%zu", i), "connections", echoes_open, 0);
	}
	unit_end();
}

/* The server ends while replies are kept: they are sent all the same. */
static void
test_freed_with_kept_replies(void **state)
{
	int one = connected(false), two = connected(false);

	(void)state;
	say(one, "wait\n");
	say(two, "wait\n");
	turn();
	go_on();
	go_on();
	server_free(&server);
	assert_null(server);
	check_hears(one, "one", "wait\n");
	check_hears(two, "two", "wait\n");
	assert_true(is_closed(one) && is_closed(two));
	close(one);
	close(two);
	unit_end();
}

/* connect_from - a client with an address of this host */
static int
connect_from(uint32_t address)
{
	struct sockaddr_in from = { .sin_family = AF_INET, .sin_addr = { htonl(address) } };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&from, sizeof(from)), 0);
	assert_int_equal(
	    connect(fd, (const struct sockaddr *)&echo_address, sizeof(echo_address)), 0);
	turn();
	return fd;
}

static void
check_permitted(const char *row, uint32_t address, bool want)
{
	int fd = connect_from(address);

	if (want) {
		say(fd, "hello\n");
		turn();
		check_hears(fd, row, "hello\n");
	} else {
		unit_true(row, "is closed", is_closed(fd));
	}
	close(fd);
	turn();
}

/* Clients with other addresses are closed at once; the change of a reload counts from then on. */
static void
test_clients(void **state)
{
	struct cidr second = { { AF_INET, { 127, 0, 0, 2 } }, 32 };
	const struct cidr_list one = { 1, &second }, none = { 0, NULL };
	int early;

	(void)state;
	check_permitted("no list", 0x7f000001, true);
	early = connected(false);
	server_set_clients(server, 0, &one);
	check_permitted("in the list", 0x7f000002, true);
	assert_int_equal(server_refused(server, 0), 0);
	check_permitted("next to it", 0x7f000001, false);
	check_permitted("next to it", 0x7f000003, false);
	assert_int_equal(server_refused(server, 0), 2);
	say(early, "still here\n");
	turn();
	check_hears(early, "connected before", "still here\n");
	close(early);
	turn();
	assert_int_equal(server_connections(server, 0), 0);
	server_set_clients(server, 0, &none);
	check_permitted("empty list", 0x7f000002, false);
	server_set_clients(server, 0, NULL);
	check_permitted("no list again", 0x7f000001, true);
	unit_end();
}

/* One line in an hour, however many there are. */
static void
test_refused_clients_are_logged(void **state)
{
	const struct cidr_list none = { 0, NULL };
	int i;

	log_capture_take();
	server_set_clients(server, 0, &none);
	for (i = 0; i < 100; i++)
		close(connect_from(0x7f000009));
	(void)state;
	assert_int_equal(server_refused(server, 0), 100);
	assert_string_equal(log_capture_take(),
	    "unit: warning: echo: connection from 127.0.0.9 refused, because clients does not list it; "
	    "further ones are not logged for an hour\n");
}

/* A client of a unix socket has no address. */
static void
test_clients_of_a_unix_socket(void **state)
{
	const struct cidr_list none = { 0, NULL };
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)state;
	strlcpy(un.sun_path, unit_path("socket"), sizeof(un.sun_path));
	assert_int_equal(bind(fd, (struct sockaddr *)&un, sizeof(un)), 0);
	assert_int_equal(listen(fd, 1), 0);
	server_add_listener(server, 0, 2, fd);
	server_set_clients(server, 0, &none);
	assert_int_equal(connect(client, (struct sockaddr *)&un, sizeof(un)), 0);
	turn();
	say(client, "hello\n");
	turn();
	check_hears(client, "unix", "hello\n");
	assert_int_equal(server_refused(server, 0), 0);
	close(client);
	turn();
	unit_end();
}

static int
begin_echo_in_dir(void **state)
{
	return unit_dir_make(state) == 0 && begin_echo(state) == 0 ? 0 : -1;
}

static int
end_echo_in_dir(void **state)
{
	int result = end_echo(state);

	return unit_dir_remove(state) == 0 && result == 0 ? 0 : -1;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_urgent_first, begin, end),
		cmocka_unit_test_setup_teardown(
		    test_others_have_their_turn_when_all_is_slow, begin, end),
		cmocka_unit_test_setup_teardown(test_others_have_their_turn, begin, end),
		ACCEPT_TEST(test_accept_fails),
		ACCEPT_TEST(test_accept_fails_once),
		ACCEPT_TEST(test_full_service_stays_paused),
		ECHO_TEST(test_two_in_one_turn),
		ECHO_TEST(test_first_of_one_turn),
		ECHO_TEST(test_broken_in_one_turn),
		cmocka_unit_test_setup_teardown(
		    test_urgent_in_one_turn, begin_urgent_echo, end_echo),
		cmocka_unit_test_setup_teardown(
		    test_too_many_urgent_in_one_turn, begin_urgent_echo, end_echo),
		ECHO_TEST(test_many_in_one_turn),
		ECHO_TEST(test_sizes),
		ECHO_TEST(test_pipelined),
		ECHO_TEST(test_twice_in_one_turn),
		ECHO_TEST(test_gone_between),
		ECHO_TEST(test_last_words),
		SHORT_TEST(test_turn_for_each),
		SHORT_TEST(test_turn_of_a_slow_reader),
		SHORT_TEST(test_turn_after_the_end),
		ECHO_TEST(test_drain),
		ECHO_TEST(test_drain_with_newcomers),
		ECHO_TEST(test_drain_with_a_slow_reader),
		ECHO_TEST(test_idle),
		ECHO_TEST(test_remove_listener),
		ECHO_TEST(test_slow_reader),
		ECHO_TEST(test_slow_reader_is_woken),
		ECHO_TEST(test_slow_reader_leaves),
		ECHO_TEST(test_freed_with_kept_replies),
		ECHO_TEST(test_clients),
		cmocka_unit_test_setup_teardown(
		    test_refused_clients_are_logged, begin_echo_in_dir, end_echo_in_dir),
		cmocka_unit_test_setup_teardown(
		    test_clients_of_a_unix_socket, begin_echo_in_dir, end_echo_in_dir),
	};

	return cmocka_run_group_tests_name("server", tests, NULL, NULL);
}
