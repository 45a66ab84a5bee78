/* SPDX-License-Identifier: ISC */
#include "tests/unit/log_capture.h"
#include "tests/unit/srs_case.h"
#include "tests/unit/unit_fds.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <arpa/inet.h>
#include <netinet/in.h>

#include "srsd/listeners.h"

static struct settings *settings;
static struct listeners *current;
static struct identity id;
static char error[500];
static unsigned fds_before;

/* set - the endpoints of a service: sockets in the directory with these names, up to a NULL */
static void
set(const char *option, const char *const *names)
{
	char texts[8][UNIT_DIR_SIZE + 60], why[OPTION_ERROR_SIZE];
	const char *values[8];
	size_t n;

	for (n = 0; names[n] != NULL; n++) {
		snprintf(texts[n], sizeof(texts[n]), "unix:%s", unit_path(names[n]));
		values[n] = texts[n];
	}
	if (!option_set(settings, option_find(NULL, option), values, n, why))
		fail_msg("%s: %s", option, why);
}

#define SET(option, ...) set(option, (const char *const[]){ __VA_ARGS__ })

static int
begin(void **state)
{
	if (unit_dir_make(state) != 0)
		return -1;
	fds_before = unit_fds();
	settings = srs_settings();
	id.uid = geteuid();
	id.gid = getegid();
	SET("forward", "f1", "f2", NULL);
	SET("reverse", "r", NULL);
	SET("policy", "p", NULL);
	srs_set(settings, "control", "none");
	srs_set(settings, "metrics", "none");
	current = listeners_handed_over();
	error[0] = '\0';
	return current->n == 0 ? 0 : -1;
}

static int
end(void **state)
{
	listeners_free(&current, NULL);
	settings_free(&settings);
	if (unit_fds() != fds_before)
		return -1;
	return unit_dir_remove(state);
}

#define LISTENERS_TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

static struct listeners *
plan(void)
{
	return listeners_plan(current, settings, &id, NULL, error, sizeof(error));
}

/* replan - replace the current set by the one that the settings require now */
static void
replan(void)
{
	struct listeners *next = plan();

	if (next == NULL)
		fail_msg("%s", error);
	listeners_free(&current, next);
	assert_null(current);
	current = next;
}

/* listed - the services and sockets of a set, as "forward f1, policy p" */
static const char *
listed(const struct listeners *l)
{
	static char text[500];
	size_t i, n = 0;

	text[0] = '\0';
	for (i = 0; i < l->n; i++) {
		const char *name = strrchr(l->listener[i].endpoint, '/');

		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s %s", i == 0 ? "" : ", ",
		    service_kind_name(l->listener[i].service),
		    name == NULL ? l->listener[i].endpoint : name + 1);
	}
	return text;
}

/* can_connect - does a socket of the directory accept connections? */
static bool
can_connect(const char *name)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool ok;

	snprintf(un.sun_path, sizeof(un.sun_path), "%s", unit_path(name));
	ok = connect(fd, (struct sockaddr *)&un, sizeof(un)) == 0;
	close(fd);
	return ok;
}

/* listening - a socket of another program in the directory */
static int
listening(const char *name)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(un.sun_path, sizeof(un.sun_path), "%s", unit_path(name));
	assert_int_equal(bind(fd, (struct sockaddr *)&un, sizeof(un)), 0);
	assert_int_equal(listen(fd, 5), 0);
	return fd;
}

static void
test_first(void **state)
{
	size_t i, k;

	(void)state;
	replan();
	assert_string_equal(listed(current), "forward f1, forward f2, reverse r, policy p");
	assert_int_equal(unit_fds(), fds_before + 4);
	for (i = 0; i < current->n; i++) {
		assert_true(fcntl(current->listener[i].fd, F_GETFD) & FD_CLOEXEC);
		assert_true(fcntl(current->listener[i].fd, F_GETFL) & O_NONBLOCK);
		assert_true(listeners_hold(current, current->listener[i].id));
		for (k = 0; k < i; k++)
			assert_int_not_equal(current->listener[i].id, current->listener[k].id);
	}
	assert_false(listeners_hold(current, UINT32_MAX));
	assert_true(can_connect("f1") && can_connect("f2") && can_connect("r") && can_connect("p"));
}

static void
test_same_again(void **state)
{
	struct listener before[4];
	size_t i;

	(void)state;
	replan();
	memcpy(before, current->listener, sizeof(before));
	replan();
	assert_int_equal(current->n, 4);
	for (i = 0; i < 4; i++) {
		assert_int_equal(current->listener[i].id, before[i].id);
		assert_int_equal(current->listener[i].fd, before[i].fd);
	}
	assert_int_equal(unit_fds(), fds_before + 4);
	assert_true(can_connect("f1") && can_connect("f2") && can_connect("r") && can_connect("p"));
}

static void
test_come_and_go(void **state)
{
	uint32_t gone, kept, last;

	(void)state;
	replan();
	gone = current->listener[0].id;
	kept = current->listener[1].id;
	last = current->listener[3].id;
	SET("forward", "f3", "f2", NULL);
	replan();
	assert_string_equal(listed(current), "forward f3, forward f2, reverse r, policy p");
	assert_false(listeners_hold(current, gone));
	assert_true(listeners_hold(current, kept));
	assert_true(current->listener[0].id > last);
	assert_false(can_connect("f1"));
	assert_true(can_connect("f2") && can_connect("f3"));
	/* No endpoint, and then the first one again, with a new id. */
	SET("forward", NULL);
	replan();
	assert_string_equal(listed(current), "reverse r, policy p");
	assert_false(can_connect("f2"));
	SET("forward", "f1", NULL);
	replan();
	assert_int_not_equal(current->listener[0].id, gone);
	assert_true(can_connect("f1"));
	assert_int_equal(unit_fds(), fds_before + 3);
}

/* A plan that is not carried out: new sockets are closed, and the current ones stay. */
static void
test_given_up(void **state)
{
	struct listeners *next;

	(void)state;
	replan();
	SET("forward", "f2", "f3", NULL);
	next = plan();
	assert_non_null(next);
	assert_true(can_connect("f3"));
	assert_int_equal(unit_fds(), fds_before + 5);
	listeners_free(&next, current);
	assert_null(next);
	assert_int_equal(unit_fds(), fds_before + 4);
	assert_false(can_connect("f3"));
	assert_true(can_connect("f1") && can_connect("f2"));
}

/* Two services swap their sockets: none is closed, so that no client is refused. */
static void
test_swap(void **state)
{
	struct listener before[4];

	(void)state;
	replan();
	memcpy(before, current->listener, sizeof(before));
	SET("forward", "r", "f2", NULL);
	SET("reverse", "f1", NULL);
	replan();
	assert_string_equal(listed(current), "forward r, forward f2, reverse f1, policy p");
	assert_int_equal(current->listener[1].id, before[1].id);
	assert_true(current->listener[0].id > before[3].id);
	assert_true(current->listener[2].id > before[3].id);
	assert_true(endpoint_covers(&current->listener[0].addr, &before[2].addr));
	assert_int_equal(unit_fds(), fds_before + 4);
	assert_true(can_connect("f1") && can_connect("f2") && can_connect("r") && can_connect("p"));
}

/* choose_port - one that is unused */
static unsigned
choose_port(void)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(in);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&in, len), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&in, &len), 0);
	close(fd);
	return ntohs(in.sin_port);
}

static int
connect_to(const char *address, unsigned port)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(inet_pton(AF_INET, address, &in.sin_addr), 1);
	if (connect(fd, (struct sockaddr *)&in, sizeof(in)) == -1) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Between one address and all: the new socket listens before the old one is closed. */
static void
test_wildcard(void **state)
{
	static const char *const addresses[] = { "127.0.0.1", "0.0.0.0", "127.0.0.2", "0.0.0.0" };
	unsigned port = choose_port();
	struct listeners *next;
	char text[40];
	size_t i;
	int fd;

	(void)state;
	srs_set(settings, "clients", "127.0.0.0/8");
	SET("forward", NULL);
	for (i = 0; i < COUNT(addresses); i++) {
		snprintf(text, sizeof(text), "inet:%s:%u", addresses[i], port);
		srs_set(settings, "forward", text);
		next = plan();
		if (next == NULL)
			fail_msg("%s: %s", addresses[i], error);
		listeners_free(&current, next);
		current = next;
		fd = connect_to("127.0.0.2", port);
		unit_int(addresses[i], "127.0.0.2 answers", fd != -1, i > 0);
		if (fd != -1)
			close(fd);
	}
	/* No other process can share the port. */
	snprintf(text, sizeof(text), "inet:127.0.0.1:%u", port);
	next = listeners_handed_over();
	srs_set(settings, "forward", text);
	assert_null(listeners_plan(next, settings, &id, NULL, error, sizeof(error)));
	snprintf(text, sizeof(text), "See: ss -ltnp sport = :%u", port);
	unit_holds("taken", "error", error, text);
	listeners_free(&next, NULL);
	unit_end();
}

/* One endpoint that cannot be opened, at any position: nothing is opened, and nothing closed. */
static void
test_failure(void **state)
{
	static const struct {
		const char *option, *bad, *why;
	} rows[] = {
		{ "forward", "none/socket", "forward: unix:" },
		{ "reverse", "none/socket", "reverse: unix:" },
		{ "policy", "none/socket", "policy: unix:" },
		{ "policy", "none/socket", "none/socket: No such file or directory; create the" },
		{ "policy", "f2", "/f2: forward listens there, because of its endpoint unix:" },
		{ "policy", "alive", "alive: Address already in use; if the file is a socket" },
		{ "policy", "file", "file: Address already in use; if the file is a socket" },
		{ "policy", "c", "c: Address already in use; srsd itself listens there" },
	};
	char control[UNIT_DIR_SIZE + 20];
	size_t i;
	int other = listening("alive");

	(void)state;
	snprintf(control, sizeof(control), "unix:%s", unit_path("c"));
	srs_set(settings, "control", control);
	replan();
	srs_set(settings, "control", "none");
	unit_write("file", BYTES("text"), 0600);
	for (i = 0; i < COUNT(rows); i++) {
		SET("forward", "f3", "f2", NULL);
		SET("reverse", "r2", NULL);
		SET("policy", "p2", NULL);
		SET(rows[i].option, "new", rows[i].bad, NULL);
		assert_null(plan());
		unit_holds(rows[i].bad, "error", error, rows[i].why);
		unit_int(rows[i].bad, "descriptors", unit_fds(), fds_before + 6);
		unit_true(rows[i].bad, "new ones are closed",
		    !can_connect("new") && !can_connect("f3") && !can_connect("r2"));
		unit_true(rows[i].bad, "old ones stay",
		    can_connect("f1") && can_connect("f2") && can_connect("r"));
	}
	close(other);
	unit_end();
}

static void
test_control(void **state)
{
	char endpoint[UNIT_DIR_SIZE + 20];
	struct stat st;
	uint32_t number;

	(void)state;
	snprintf(endpoint, sizeof(endpoint), "unix:%s", unit_path("c"));
	srs_set(settings, "control", endpoint);
	replan();
	assert_string_equal(
	    listed(current), "forward f1, forward f2, reverse r, policy p, control c");
	assert_int_equal(stat(unit_path("c"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	number = current->listener[4].id;
	replan();
	assert_int_equal(current->listener[4].id, number);
	assert_true(can_connect("c"));
	srs_set(settings, "control", "none");
	replan();
	assert_string_equal(listed(current), "forward f1, forward f2, reverse r, policy p");
	assert_false(can_connect("c"));
}

/* Mail does not depend on it. */
static void
test_control_that_cannot_be(void **state)
{
	char endpoint[UNIT_DIR_SIZE + 20];

	(void)state;
	snprintf(endpoint, sizeof(endpoint), "unix:%s", unit_path("no/such/c"));
	srs_set(settings, "control", endpoint);
	log_capture_begin();
	replan();
	unit_holds("log", "warning", log_capture_end(), "srsctl cannot connect to this daemon");
	assert_string_equal(listed(current), "forward f1, forward f2, reverse r, policy p");
	unit_end();
}

/* -- sockets of a service manager -- */

/* hand_over - in a child: n descriptors from 3 on, and the variables that describe them */
static void
hand_over(const int *fds, int n, const char *names, pid_t pid)
{
	char text[20];
	int i, high[8];

	for (i = 0; i < n; i++)
		high[i] = fcntl(fds[i], F_DUPFD, 100);
	for (i = 0; i < n; i++)
		dup2(high[i], 3 + i);
	snprintf(text, sizeof(text), "%d", (int)pid);
	setenv("LISTEN_PID", text, 1);
	snprintf(text, sizeof(text), "%d", n);
	setenv("LISTEN_FDS", text, 1);
	if (names != NULL)
		setenv("LISTEN_FDNAMES", names, 1);
}

/* status_of - the exit status of a child, and its output */
static int
status_of(pid_t pid)
{
	int status;

	assert_int_not_equal(pid, -1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

/* take_two - 0 if everything is right, or the number of the check that failed */
static int
take_two(const int *fds)
{
	struct listeners *handed, *next;

	hand_over(fds, 2, "policy:forward", getpid());
	handed = listeners_handed_over();
	if (strcmp(listed(handed), "policy LISTEN_FDS, forward LISTEN_FDS") != 0)
		return 1;
	if (handed->listener[0].fd != 3 || handed->listener[1].fd != 4)
		return 2;
	if (!(fcntl(3, F_GETFD) & FD_CLOEXEC) || !(fcntl(4, F_GETFL) & O_NONBLOCK))
		return 3;
	if (getenv("LISTEN_PID") || getenv("LISTEN_FDS") || getenv("LISTEN_FDNAMES"))
		return 4;
	/* They replace the configured endpoints, now and after each reload. */
	next = listeners_plan(handed, settings, &id, NULL, error, sizeof(error));
	listeners_free(&handed, next);
	if (next == NULL ||
	    strcmp(listed(next), "forward LISTEN_FDS, reverse r, policy LISTEN_FDS") != 0)
		return 5;
	handed = next;
	next = listeners_plan(handed, settings, &id, NULL, error, sizeof(error));
	listeners_free(&handed, next);
	if (next == NULL ||
	    strcmp(listed(next), "forward LISTEN_FDS, reverse r, policy LISTEN_FDS") != 0)
		return 6;
	if (next->listener[0].fd != 4 || next->listener[2].fd != 3)
		return 7;
	listeners_free(&next, NULL);
	return fcntl(3, F_GETFD) == -1 && fcntl(4, F_GETFD) == -1 ? 0 : 8;
}

static void
test_handed_over(void **state)
{
	int fds[] = { listening("one"), listening("two") };
	pid_t pid = fork();

	(void)state;
	if (pid == 0)
		_exit(take_two(fds));
	assert_int_equal(status_of(pid), 0);
	assert_true(can_connect("one"));
	close(fds[0]);
	close(fds[1]);
}

/*
 * take_optional - services that settings may disable; this does not affect sockets from the manager
 */
static int
take_optional(const int *fds, int n)
{
	struct listeners *handed, *next;
	int i;

	hand_over(fds, n, "control:metrics:milter", getpid());
	handed = listeners_handed_over();
	next = listeners_plan(handed, settings, &id, NULL, error, sizeof(error));
	for (i = 0; i < n; i++)
		if (next == NULL || !listeners_hold(next, handed->listener[i].id))
			return 1 + i;
	return handed->listener[2].service == SERVICE_MILTER ? 0 : 1 + n;
}

static void
test_optional_ones_handed_over(void **state)
{
	int fds[] = { listening("one"), listening("two"), listening("three") };
	pid_t pid = fork();

	(void)state;
	if (pid == 0)
		_exit(take_optional(fds, COUNT(fds)));
	assert_int_equal(status_of(pid), 0);
	close(fds[0]);
	close(fds[1]);
	close(fds[2]);
}

static void
test_handed_to_somebody_else(void **state)
{
	int fd = listening("one");
	pid_t pid = fork();

	(void)state;
	if (pid == 0) {
		hand_over(&fd, 1, "forward", getppid());
		_exit(listeners_handed_over()->n != 0);
	}
	assert_int_equal(status_of(pid), 0);
	close(fd);
}

static void
test_handed_wrongly(void **state)
{
	static const struct {
		const char *names;
		const char *why;
		bool file;
	} rows[] = {
		{ NULL, "'' is not a service", false },
		{ "", "'' is not a service", false },
		{ "Forward", "'Forward' is not a service", false },
		{ "forward ", "'forward ' is not a service", false },
		{ "unknown", "'unknown' is not a service", false },
		{ "milters",
		    "'milters' is not a service; use forward, reverse, policy, socketmap, "
		    "milter, control or metrics",
		    false },
		{ "forward", "descriptor 3 is not a listening socket", true },
	};
	int fd = listening("one"), file;
	size_t i;
	pid_t pid;

	(void)state;
	file = open(unit_write("file", BYTES("x"), 0600), O_RDONLY);
	for (i = 0; i < COUNT(rows); i++) {
		log_capture_begin();
		pid = fork();
		if (pid == 0) {
			hand_over(rows[i].file ? &file : &fd, 1, rows[i].names, getpid());
			listeners_handed_over();
			_exit(0);
		}
		unit_true(rows[i].why, "ends with an error", status_of(pid) != 0);
		unit_holds(rows[i].why, "log", log_capture_end(), rows[i].why);
	}
	close(fd);
	close(file);
	unit_end();
}

static void
test_free_of_nothing(void **state)
{
	struct listeners *none = NULL;

	(void)state;
	listeners_free(&none, NULL);
	listeners_free(&none, current);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		LISTENERS_TEST(test_first),
		LISTENERS_TEST(test_same_again),
		LISTENERS_TEST(test_come_and_go),
		LISTENERS_TEST(test_given_up),
		LISTENERS_TEST(test_swap),
		LISTENERS_TEST(test_wildcard),
		LISTENERS_TEST(test_failure),
		LISTENERS_TEST(test_control),
		LISTENERS_TEST(test_control_that_cannot_be),
		LISTENERS_TEST(test_handed_over),
		LISTENERS_TEST(test_optional_ones_handed_over),
		LISTENERS_TEST(test_handed_to_somebody_else),
		LISTENERS_TEST(test_handed_wrongly),
		LISTENERS_TEST(test_free_of_nothing),
	};

	return cmocka_run_group_tests_name("listeners", tests, NULL, NULL);
}
