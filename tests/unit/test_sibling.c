/* SPDX-License-Identifier: ISC */
/*
 * Servers on loopback that send all their replies at once, or go on for ever. The servers after the
 * silent ones answer before the deadline, because no conversation waits for another.
 */
#include "tests/unit/unit.h"

#include <sys/socket.h>
#include <sys/wait.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "srsd/ctl/sibling.h"

#define ACCEPTS "220 mx\r\n250 mx\r\n250 ok\r\n250 ok\r\n550 no\r\n221 bye\r\n"
#define ACCEPTS_ALL "220 mx\r\n250 mx\r\n250 ok\r\n250 ok\r\n250 ok\r\n221 bye\r\n"
#define REFUSES "220 mx\r\n250-mx\r\n250 x\r\n250 ok\r\n550 5.1.1 unknown\r\n221 bye\r\n"

/* The deadline; much less than a test may take, and enough for the other conversations. */
#define DEADLINE_MS 1500

struct fake_server {
	char name[64];
	pid_t pid;
};

/* serve_replies - all at once; repeats them for ever if the client does not leave */
static void
serve_replies(int fd, const char *replies, bool endless)
{
	int client = accept(fd, NULL, NULL);
	char byte;

	signal(SIGPIPE, SIG_IGN);
	while (write(client, replies, strlen(replies)) >= 0 && endless)
		;
	while (read(client, &byte, 1) == 1)
		;
	_exit(0);
}

/* listen_on - returns the socket; it has the name of the sibling in server->name */
static int
listen_on(struct fake_server *server, int family)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	struct sockaddr *addr = family == AF_INET ? (void *)&in : (void *)&in6;
	socklen_t len = family == AF_INET ? sizeof(in) : sizeof(in6);
	int fd = socket(family, SOCK_STREAM, 0);

	if (fd == -1 || bind(fd, addr, len) == -1 || listen(fd, 8) == -1)
		return -1;
	assert_int_equal(getsockname(fd, addr, &len), 0);
	snprintf(server->name, sizeof(server->name),
	    family == AF_INET ? "127.0.0.1:%d" : "[::1]:%d",
	    ntohs(family == AF_INET ? in.sin_port : in6.sin6_port));
	return fd;
}

static bool
start_server(struct fake_server *server, int family, const char *replies, bool endless)
{
	int fd = listen_on(server, family);

	server->pid = 0;
	if (fd == -1)
		return false;
	if (replies != NULL) {
		server->pid = fork();
		if (server->pid == 0)
			serve_replies(fd, replies, endless);
		assert_true(server->pid > 0);
	}
	close(fd);
	return true;
}

static void
stop_server(struct fake_server *server)
{
	if (server->pid == 0)
		return;
	kill(server->pid, SIGKILL);
	waitpid(server->pid, NULL, 0);
}

static struct identity
identity_of_test(void)
{
	struct identity id = { geteuid(), getegid() };

	if (id.uid == 0)
		id = (struct identity){ 54321, 54321 };
	return id;
}

/* forget_nothing - in the confined process, before it reads */
static void
forget_nothing(void *arg)
{
	(void)arg;
}

static const struct {
	const char *replies; /* NULL: the port is closed */
	bool endless;
	int family;
	enum smtp_answer answer;
	const char *reason;
} rows[] = {
	{ ACCEPTS, false, AF_INET, SMTP_ACCEPTS, "RCPT TO with a wrong hash: 550 no" },
	{ ACCEPTS_ALL, false, AF_INET, SMTP_UNCLEAR, "RCPT TO with a wrong hash: 250 ok" },
	{ REFUSES, false, AF_INET, SMTP_REFUSES, "RCPT TO: 550 5.1.1 unknown" },
	{ NULL, false, AF_INET, SMTP_UNCLEAR, "Connection refused" },
	{ "", false, AF_INET, SMTP_UNCLEAR, "no reply in time" },
	{ "220 mx\r\n25", false, AF_INET, SMTP_UNCLEAR, "EHLO: no reply in time" },
	{ "220 mx ", true, AF_INET, SMTP_UNCLEAR, "a line that is too long" },
	{ "220-mx\r\n", true, AF_INET, SMTP_UNCLEAR, "a reply of too many lines" },
	{ "250-mx\r\n", true, AF_INET, SMTP_UNCLEAR, "a reply of too many lines" },
	{ REFUSES, true, AF_INET, SMTP_REFUSES, "RCPT TO: 550 5.1.1 unknown" },
	{ ACCEPTS, false, AF_INET6, SMTP_ACCEPTS, "RCPT TO with a wrong hash: 550 no" },
};

/* One more, whose name has no address. */
#define ROWS (COUNT(rows) + 1)

static void
test_answers(void **state)
{
	struct identity id = identity_of_test();
	const struct sibling_query query = { "srs.test", "SRS0=x@srs.test", "SRS0=y@srs.test", &id,
		DEADLINE_MS, forget_nothing, NULL };
	struct fake_server servers[ROWS] = { { .pid = 0 } };
	struct sibling siblings[ROWS];
	bool started[ROWS];
	size_t i;

	(void)state;
	for (i = 0; i < ROWS; i++) {
		snprintf(servers[i].name, sizeof(servers[i].name), "[fe80::1%%nothing]:25");
		started[i] = i < COUNT(rows) && start_server(&servers[i], rows[i].family,
						    rows[i].replies, rows[i].endless);
		siblings[i].name = servers[i].name;
	}
	sibling_ask(siblings, ROWS, &query);
	for (i = 0; i < COUNT(rows); i++) {
		stop_server(&servers[i]);
		if (!started[i] && rows[i].family == AF_INET6)
			continue; /* this machine has no IPv6 */
		unit_int(unit_row("%zu", i), "answer", siblings[i].answer, rows[i].answer);
		unit_text(unit_row("%zu", i), "reason", siblings[i].reason, rows[i].reason);
	}
	unit_int("no address", "answer", siblings[i].answer, SMTP_UNCLEAR);
	unit_true("no address", "has a reason", siblings[i].reason[0] != '\0');
	unit_end();
}

/* The process cannot become this user, so that it reads nothing from a server. */
static void
test_no_process(void **state)
{
	struct identity id = { (uid_t)-1, (gid_t)-1 };
	const struct sibling_query query = { "srs.test", "SRS0=x@srs.test", "SRS0=y@srs.test", &id,
		DEADLINE_MS, forget_nothing, NULL };
	struct sibling siblings[2] = { { .name = "127.0.0.1:1" }, { .name = "127.0.0.1:1" } };
	size_t i;

	(void)state;
	sibling_ask(siblings, 2, &query);
	for (i = 0; i < 2; i++) {
		assert_int_equal(siblings[i].answer, SMTP_UNCLEAR);
		assert_string_equal(siblings[i].reason, "cannot drop privileges");
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_no_process),
	};

	return cmocka_run_group_tests_name("sibling", tests, NULL, NULL);
}
