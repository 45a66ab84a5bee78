/* SPDX-License-Identifier: ISC */
#include "tests/unit/unit_dir.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/endpoint.h"

static int missing_family = AF_UNSPEC;

/* socket_without - the program has it in the place of the C library's socket */
int socket_without(int family, int type, int protocol) __asm__("socket");

int
socket_without(int family, int type, int protocol)
{
	if (family == missing_family) {
		errno = EAFNOSUPPORT;
		return -1;
	}
	return (int)syscall(SYS_socket, family, type, protocol);
}

static void
test_valid_forms(void **state)
{
	static const char *const rows[] = { "inet:127.0.0.1:10001", "inet:0.0.0.0:1",
		"inet:192.0.2.1:65535", "inet:[::1]:10001", "inet:[2001:db8::1]:25",
		"inet:[fe80::1%eth0]:25", "inet:[127.0.0.1]:25", "inet:localhost:10001",
		"inet:mail.example.test:10001", "inet:*:10001", "unix:/run/srsd/forward", "unix:/a",
		"unix:/with space/and:colon" };
	const char *error;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		error = "";
		unit_true(rows[i], error, endpoint_is_valid(rows[i], &error));
	}
	unit_end();
}

static void
test_invalid_forms(void **state)
{
	static const struct {
		const char *text;
		const char *reason;
	} rows[] = {
		{ "", ENDPOINT_FORMS },
		{ "inet", ENDPOINT_FORMS },
		{ "inet:", ENDPOINT_FORMS },
		{ "inet:127.0.0.1", ENDPOINT_FORMS },
		{ "inet::10001", ENDPOINT_FORMS },
		{ "inet:[]:10001", ENDPOINT_FORMS },
		{ "inet:[::1:10001", ENDPOINT_FORMS },
		{ "inet:[::1]", ENDPOINT_FORMS },
		{ "inet:[::1]10001", ENDPOINT_FORMS },
		{ "inet:[zz::1]:10001", "the brackets do not contain an IPv6 address" },
		{ "inet:[2001:db8:1]:10001", "the brackets do not contain an IPv6 address" },
		{ "inet:[::1%0123456789012345678901234567890123456789]x:1", ENDPOINT_FORMS },
		{ "inet:[0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0]:1",
		    "the brackets do not contain an IPv6 address" },
		{ "127.0.0.1:10001", ENDPOINT_FORMS },
		{ "10001", ENDPOINT_FORMS },
		{ "INET:127.0.0.1:10001", ENDPOINT_FORMS },
		{ "tcp:127.0.0.1:10001", ENDPOINT_FORMS },
		{ " inet:127.0.0.1:10001", ENDPOINT_FORMS },
		{ "inet:::1:10001", "brackets" },
		{ "inet:2001:db8::1:10001", "brackets" },
		{ "inet:127.0.0.1:", "port" },
		{ "inet:127.0.0.1:0", "port" },
		{ "inet:127.0.0.1:65536", "port" },
		{ "inet:127.0.0.1:-1", "port" },
		{ "inet:127.0.0.1:smtp", "port" },
		{ "inet:127.0.0.1:10001x", "port" },
		{ "inet:127.0.0.1:4294967297", "port" },
		{ "unix:", "must begin with /" },
		{ "unix:run/srsd", "must begin with /" },
		{ "unix: /run/srsd", "must begin with /" },
	};
	const char *error;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		error = "";
		unit_true(rows[i].text, "refused", !endpoint_is_valid(rows[i].text, &error));
		unit_holds(rows[i].text, "reason", error, rows[i].reason);
	}
	unit_end();
}

static void
test_longest_texts(void **state)
{
	char *fill = unit_fill('p', 256), text[300];
	const char *error;

	(void)state;
	snprintf(text, sizeof(text), "unix:/%.106s", fill);
	unit_true("107 bytes of path", "valid", endpoint_is_valid(text, &error));
	snprintf(text, sizeof(text), "unix:/%.107s", fill);
	unit_true("108 bytes of path", "refused", !endpoint_is_valid(text, &error));
	unit_holds("108 bytes of path", "reason", error, "107");
	snprintf(text, sizeof(text), "inet:%.255s:1", fill);
	unit_true("255 bytes of host", "valid", endpoint_is_valid(text, &error));
	snprintf(text, sizeof(text), "inet:%.256s:1", fill);
	unit_true("256 bytes of host", "refused", !endpoint_is_valid(text, &error));
	free(fill);
	unit_end();
}

static void
test_parse_ipv4(void **state)
{
	struct endpoint ep;
	const char *error;

	(void)state;
	assert_true(endpoint_parse(&ep, "inet:127.0.0.1:10001", &error));
	assert_int_equal(ep.n, 1);
	assert_int_equal(ep.addr[0].len, sizeof(struct sockaddr_in));
	assert_int_equal(ep.addr[0].u.sa.sa_family, AF_INET);
	assert_int_equal(ntohs(ep.addr[0].u.in.sin_port), 10001);
	assert_int_equal(ntohl(ep.addr[0].u.in.sin_addr.s_addr), INADDR_LOOPBACK);
}

static void
test_parse_ipv6(void **state)
{
	struct endpoint ep;
	const char *error;

	(void)state;
	assert_true(endpoint_parse(&ep, "inet:[::1]:10002", &error));
	assert_int_equal(ep.n, 1);
	assert_int_equal(ep.addr[0].u.sa.sa_family, AF_INET6);
	assert_int_equal(ntohs(ep.addr[0].u.in6.sin6_port), 10002);
	assert_true(IN6_IS_ADDR_LOOPBACK(&ep.addr[0].u.in6.sin6_addr));
}

static void
test_parse_any_address(void **state)
{
	struct endpoint ep;
	const char *error;
	bool v4 = false;
	size_t i;

	(void)state;
	assert_true(endpoint_parse(&ep, "inet:*:10003", &error));
	assert_in_range(ep.n, 1, ENDPOINT_ADDRS);
	for (i = 0; i < ep.n; i++) {
		assert_true(endpoint_is_wildcard(&ep.addr[i]));
		if (ep.addr[i].u.sa.sa_family == AF_INET)
			v4 |= ep.addr[i].u.in.sin_addr.s_addr == htonl(INADDR_ANY);
	}
	assert_true(v4);
}

static void
test_wildcard(void **state)
{
	static const struct {
		const char *endpoint;
		bool want;
	} rows[] = {
		{ "inet:0.0.0.0:1", true },
		{ "inet:127.0.0.1:1", false },
		{ "inet:192.0.2.1:1", false },
		{ "unix:/run/srsd/policy", false },
	};
	struct endpoint ep;
	const char *error;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		assert_true(endpoint_parse(&ep, rows[i].endpoint, &error));
		unit_int(
		    rows[i].endpoint, "wildcard", endpoint_is_wildcard(&ep.addr[0]), rows[i].want);
	}
	unit_end();
}

static void
test_find_command(void **state)
{
	static const struct {
		const char *endpoint, *want;
	} rows[] = {
		{ "inet:127.0.0.1:10001", "ss -ltnp sport = :10001" },
		{ "inet:[::1]:65535", "ss -ltnp sport = :65535" },
		{ "unix:/run/srsd/policy", "ss -lxp src /run/srsd/policy" },
	};
	char text[ENDPOINT_COMMAND_SIZE];
	struct endpoint ep;
	const char *error;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		assert_true(endpoint_parse(&ep, rows[i].endpoint, &error));
		unit_text(rows[i].endpoint, "command", endpoint_find_command(&ep.addr[0], text),
		    rows[i].want);
	}
	unit_end();
}

static void
test_covers(void **state)
{
	static const struct {
		const char *a, *b;
		bool want, reverse;
	} rows[] = {
		{ "inet:127.0.0.1:1", "inet:127.0.0.1:1", true, true },
		{ "inet:127.0.0.1:1", "inet:127.0.0.1:2", false, false },
		{ "inet:127.0.0.1:1", "inet:127.0.0.2:1", false, false },
		{ "inet:0.0.0.0:1", "inet:127.0.0.1:1", true, false },
		{ "inet:0.0.0.0:1", "inet:0.0.0.0:1", true, true },
		{ "inet:0.0.0.0:1", "inet:127.0.0.1:2", false, false },
		{ "inet:0.0.0.0:1", "inet:[::1]:1", false, false },
		{ "inet:0.0.0.0:1", "inet:[::]:1", false, false },
		{ "inet:[::]:1", "inet:[::1]:1", true, false },
		{ "inet:[::1]:1", "inet:[0:0::1]:1", true, true },
		{ "inet:[::1]:1", "inet:[::2]:1", false, false },
		{ "unix:/none/a", "unix:/none/a", true, true },
		{ "unix:/none/a", "unix:/none/b", false, false },
		{ "unix:/dev/../dev/null", "unix:/dev/null", true, true },
		{ "unix:/none/a", "inet:0.0.0.0:1", false, false },
	};
	struct endpoint a, b;
	const char *error;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		assert_true(endpoint_parse(&a, rows[i].a, &error));
		assert_true(endpoint_parse(&b, rows[i].b, &error));
		unit_int(
		    rows[i].a, rows[i].b, endpoint_covers(&a.addr[0], &b.addr[0]), rows[i].want);
		unit_int(
		    rows[i].b, rows[i].a, endpoint_covers(&b.addr[0], &a.addr[0]), rows[i].reverse);
		unit_int(rows[i].a, "same", endpoint_is_same(&a.addr[0], &b.addr[0]),
		    rows[i].want && rows[i].reverse);
		unit_int(rows[i].a, "overlap", endpoint_overlaps(&a.addr[0], &b.addr[0]),
		    rows[i].want || rows[i].reverse);
	}
	unit_end();
}

/* A name stands for the addresses that can be bound. */
static void
test_missing_family(void **state)
{
	static const char *const names[] = { "inet:localhost:1", "inet:*:1" };
	const char *error = "";
	struct endpoint ep;
	size_t i, j;

	(void)state;
	for (i = 0; i < COUNT(names); i++) {
		missing_family = AF_INET6;
		unit_true(names[i], "IPv4 remains", endpoint_parse(&ep, names[i], &error));
		for (j = 0; j < ep.n; j++)
			unit_int(names[i], "family", ep.addr[j].u.sa.sa_family, AF_INET);
		missing_family = AF_INET;
		if (!endpoint_parse(&ep, names[i], &error))
			ep.n = 0;
		for (j = 0; j < ep.n; j++)
			unit_int(names[i], "family", ep.addr[j].u.sa.sa_family, AF_INET6);
	}
	unit_true("literal", "is not looked up", endpoint_parse(&ep, "inet:127.0.0.1:1", &error));
	missing_family = AF_UNSPEC;
	unit_end();
}

static void
test_parse_literal(void **state)
{
	static const struct {
		const char *endpoint;
		bool want;
	} rows[] = {
		{ "inet:127.0.0.1:10001", true },
		{ "inet:[127.0.0.1]:10001", true },
		{ "inet:[::1]:65535", true },
		{ "inet:0.0.0.0:1", true },
		{ "inet:localhost:1", false },
		{ "inet:*:1", false },
		{ "inet:[fe80::1%lo]:1", false },
		{ "inet:127.1:1", false },
		{ "inet:127.0.0.1", false },
		{ "unix:/run/srsd/policy", false },
		{ "none", false },
	};
	struct endpoint_addr addr;
	struct endpoint ep;
	const char *error;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		unit_int(rows[i].endpoint, "literal",
		    endpoint_parse_literal(&addr, rows[i].endpoint), rows[i].want);
		if (!rows[i].want)
			continue;
		assert_true(endpoint_parse(&ep, rows[i].endpoint, &error));
		unit_bytes(rows[i].endpoint, "address", (const char *)&addr.u, addr.len,
		    (const char *)&ep.addr[0].u, ep.addr[0].len);
	}
	unit_end();
}

static void
test_local(void **state)
{
	static const struct {
		const char *endpoint;
		bool want;
	} rows[] = {
		{ "unix:/run/srsd/policy", true },
		{ "inet:127.0.0.1:1", true },
		{ "inet:127.255.0.9:1", true },
		{ "inet:[127.0.0.1]:1", true },
		{ "inet:[::1]:1", true },
		{ "inet:[0:0::0:1]:1", true },
		{ "inet:[::ffff:127.0.0.1]:1", true },
		{ "inet:localhost:1", true },
		{ "inet:LocalHost:1", true },
		{ "inet:0.0.0.0:1", false },
		{ "inet:*:1", false },
		{ "inet:[::]:1", false },
		{ "inet:128.0.0.1:1", false },
		{ "inet:126.255.255.255:1", false },
		{ "inet:10.0.0.1:1", false },
		{ "inet:[::2]:1", false },
		{ "inet:[1::1]:1", false },
		{ "inet:[fe80::1%lo]:1", false },
		{ "inet:[::ffff:192.0.2.1]:1", false },
		{ "inet:127.example.org:1", false },
		{ "inet:localhost.example.org:1", false },
		{ "inet:mail:1", false },
		{ "inet:127.0.0.1", false },
		{ "none", false },
		{ "", false },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++)
		unit_int(
		    rows[i].endpoint, "local", endpoint_is_local(rows[i].endpoint), rows[i].want);
	unit_end();
}

static void
test_ip(void **state)
{
	static const struct {
		const char *endpoint;
		const char *want;
	} rows[] = {
		{ "inet:192.0.2.1:1", "192.0.2.1" },
		{ "inet:[::1]:1", "::1" },
		{ "inet:[::ffff:192.0.2.1]:1", "192.0.2.1" },
		{ "unix:/run/srsd/policy", "" },
	};
	char text[IPADDR_TEXT_SIZE];
	struct endpoint ep;
	struct ipaddr ip;
	const char *error;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		assert_true(endpoint_parse(&ep, rows[i].endpoint, &error));
		memset(&ip, 0, sizeof(ip));
		unit_int(rows[i].endpoint, "has an address", endpoint_ip(&ep.addr[0], &ip),
		    rows[i].want[0] != '\0');
		ipaddr_format(&ip, text);
		unit_text(rows[i].endpoint, "address", text, rows[i].want);
	}
	unit_end();
}

static void
test_parse_unix(void **state)
{
	struct endpoint ep;
	const char *error;

	(void)state;
	assert_true(endpoint_parse(&ep, "unix:/run/srsd/policy", &error));
	assert_int_equal(ep.n, 1);
	assert_int_equal(ep.addr[0].u.sa.sa_family, AF_UNIX);
	assert_string_equal(ep.addr[0].u.un.sun_path, "/run/srsd/policy");
}

static void
test_parse_refuses(void **state)
{
	struct endpoint ep;
	const char *error = NULL;

	(void)state;
	assert_false(endpoint_parse(&ep, "inet:127.0.0.1:0", &error));
	assert_non_null(error);
}

/* parse_any_port - an endpoint at an address, at a port that the kernel chooses */
static struct endpoint
parse_any_port(const char *text)
{
	struct endpoint ep;
	const char *error;

	assert_true(endpoint_parse(&ep, text, &error));
	ep.addr[0].u.in.sin_port = 0; /* the port is at the same place in sockaddr_in6 */
	return ep;
}

/* check_listening - a socket keeps the promises of endpoint_listen */
static void
check_listening(int fd)
{
	socklen_t len = sizeof(int);
	int on = 0;

	assert_int_not_equal(fd, -1);
	assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &on, &len), 0);
	assert_int_equal(on, 1);
	assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
}

/* can_connect - does a socket accept connections there? */
static bool
can_connect(const struct endpoint_addr *addr)
{
	int fd = socket(addr->u.sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool ok = connect(fd, &addr->u.sa, addr->len) == 0;
	int saved = errno;

	close(fd);
	errno = saved;
	return ok;
}

static void
test_listen_ipv4(void **state)
{
	struct endpoint ep = parse_any_port("inet:127.0.0.1:1");
	int fd = endpoint_listen(&ep.addr[0], geteuid(), getegid());

	(void)state;
	check_listening(fd);
	assert_int_equal(getsockname(fd, &ep.addr[0].u.sa, &ep.addr[0].len), 0);
	assert_int_not_equal(ep.addr[0].u.in.sin_port, 0);
	assert_true(can_connect(&ep.addr[0]));
	assert_int_equal(endpoint_listen(&ep.addr[0], geteuid(), getegid()), -1);
	assert_int_equal(errno, EADDRINUSE);
	close(fd);
}

static void
test_listen_ipv6(void **state)
{
	struct endpoint ep = parse_any_port("inet:[::1]:1");
	socklen_t len = sizeof(int);
	int only = 0, fd = endpoint_listen(&ep.addr[0], geteuid(), getegid());

	(void)state;
	if (fd == -1 && (errno == EADDRNOTAVAIL || errno == EAFNOSUPPORT))
		return; /* a machine without IPv6 */
	check_listening(fd);
	assert_int_equal(getsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, &len), 0);
	assert_int_equal(only, 1);
	close(fd);
}

/* count_queue - accept all connections that wait */
static unsigned
count_queue(int fd)
{
	unsigned n = 0;
	int client;

	while ((client = accept(fd, NULL, NULL)) != -1) {
		close(client);
		n++;
	}
	return n;
}

/* All addresses while 127.0.0.1 listens at the port, and the other way round. */
static void
test_listen_beside(void **state)
{
	static const char *const rows[][2] = {
		{ "inet:127.0.0.1:1", "inet:0.0.0.0:1" },
		{ "inet:0.0.0.0:1", "inet:127.0.0.1:1" },
	};
	struct endpoint old, new;
	int fd, beside;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		old = parse_any_port(rows[i][0]);
		new = parse_any_port(rows[i][1]);
		fd = endpoint_listen(&old.addr[0], geteuid(), getegid());
		check_listening(fd);
		assert_true(endpoint_address(fd, &old.addr[0]));
		new.addr[0].u.in.sin_port = old.addr[0].u.in.sin_port;
		assert_int_equal(endpoint_listen(&new.addr[0], geteuid(), getegid()), -1);
		assert_int_equal(errno, EADDRINUSE);
		beside = endpoint_listen_beside(&new.addr[0], &fd, 1);
		check_listening(beside);
		assert_int_equal(endpoint_listen(&new.addr[0], geteuid(), getegid()), -1);
		assert_int_equal(errno, EADDRINUSE);
		close(fd);
		assert_true(can_connect(&new.addr[0]));
		unit_int(rows[i][1], "connections", count_queue(beside), 1);
		close(beside);
	}
	unit_end();
}

/* A socket that leaves gets no further connection; the one for all addresses gets it. */
static void
test_hide(void **state)
{
	struct endpoint old = parse_any_port("inet:127.0.0.1:1"),
			new = parse_any_port("inet:0.0.0.0:1");
	int fd = endpoint_listen(&old.addr[0], geteuid(), getegid()), beside;

	(void)state;
	assert_true(endpoint_address(fd, &old.addr[0]));
	new.addr[0].u.in.sin_port = old.addr[0].u.in.sin_port;
	beside = endpoint_listen_beside(&new.addr[0], &fd, 1);
	assert_true(can_connect(&old.addr[0]));
	if (endpoint_hide(fd)) {
		assert_true(can_connect(&old.addr[0]));
		assert_int_equal(count_queue(beside), 1);
		close(beside);
		assert_false(can_connect(&old.addr[0]));
		assert_int_equal(errno, ECONNREFUSED);
	} else {
		close(beside);
	}
	assert_int_equal(count_queue(fd), 1);
	close(fd);
}

static struct endpoint
parse_socket(const char *path)
{
	struct endpoint ep;
	const char *error;
	char text[UNIT_DIR_SIZE + 20];

	snprintf(text, sizeof(text), "unix:%s", path);
	assert_true(endpoint_parse(&ep, text, &error));
	return ep;
}

/* check_described - as the endpoint at which the socket listens; an inet one ends with the port */
static void
check_described(const char *row, struct endpoint ep, const char *want)
{
	int fd = endpoint_listen(&ep.addr[0], geteuid(), getegid());
	char text[ENDPOINT_TEXT_SIZE], whole[ENDPOINT_TEXT_SIZE];

	if (fd == -1 && (errno == EADDRNOTAVAIL || errno == EAFNOSUPPORT))
		return; /* a machine without IPv6 */
	assert_int_not_equal(fd, -1);
	assert_int_equal(getsockname(fd, &ep.addr[0].u.sa, &ep.addr[0].len), 0);
	strlcpy(whole, want, sizeof(whole));
	if (ep.addr[0].u.sa.sa_family != AF_UNIX)
		snprintf(whole, sizeof(whole), "%s%u", want, ntohs(ep.addr[0].u.in.sin_port));
	unit_text(row, "described", endpoint_describe(fd, text), whole);
	close(fd);
}

static void
test_describe(void **state)
{
	char text[ENDPOINT_TEXT_SIZE], path[UNIT_DIR_SIZE + 20];
	int none[2];

	(void)state;
	check_described("IPv4", parse_any_port("inet:127.0.0.1:1"), "inet:127.0.0.1:");
	check_described("IPv6", parse_any_port("inet:[::1]:1"), "inet:[::1]:");
	snprintf(path, sizeof(path), "unix:%s", unit_path("socket"));
	check_described("unix", parse_socket(unit_path("socket")), path);
	assert_int_equal(pipe(none), 0);
	unit_text("pipe", "described", endpoint_describe(none[0], text), "?");
	close(none[0]);
	close(none[1]);
	unit_end();
}

static void
test_listen_unix(void **state)
{
	struct endpoint ep = parse_socket(unit_path("socket"));
	int fd = endpoint_listen(&ep.addr[0], geteuid(), getegid());
	struct stat st;

	(void)state;
	check_listening(fd);
	assert_true(can_connect(&ep.addr[0]));
	assert_int_equal(stat(unit_path("socket"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0666);
	close(fd);
}

static void
test_stale_socket_is_replaced(void **state)
{
	struct endpoint ep = parse_socket(unit_path("socket"));
	int fd = endpoint_listen(&ep.addr[0], geteuid(), getegid());

	(void)state;
	check_listening(fd);
	close(fd); /* its name stays */
	assert_false(can_connect(&ep.addr[0]));
	fd = endpoint_listen(&ep.addr[0], geteuid(), getegid());
	check_listening(fd);
	assert_true(can_connect(&ep.addr[0]));
	close(fd);
}

static void
test_live_socket_is_left_alone(void **state)
{
	struct endpoint ep = parse_socket(unit_path("socket"));
	int fd = endpoint_listen(&ep.addr[0], geteuid(), getegid());

	(void)state;
	check_listening(fd);
	assert_int_equal(endpoint_listen(&ep.addr[0], geteuid(), getegid()), -1);
	assert_int_equal(errno, EADDRINUSE);
	assert_true(can_connect(&ep.addr[0]));
	close(fd);
}

static void
test_other_file_is_left_alone(void **state)
{
	struct endpoint ep = parse_socket(unit_write("socket", BYTES("text"), 0600));
	struct stat st;

	(void)state;
	assert_int_equal(endpoint_listen(&ep.addr[0], geteuid(), getegid()), -1);
	assert_int_equal(errno, EADDRINUSE);
	assert_int_equal(stat(unit_path("socket"), &st), 0);
	assert_true(S_ISREG(st.st_mode));
	assert_int_equal(st.st_size, 4);
}

static void
test_no_such_folder(void **state)
{
	struct endpoint ep = parse_socket(unit_path("none/socket"));

	(void)state;
	assert_int_equal(endpoint_listen(&ep.addr[0], geteuid(), getegid()), -1);
	assert_int_equal(errno, ENOENT);
}

/* Any user except root and ours. */
#define SOMEBODY 65534

/* mode_of - owner, group and mode of a file in the directory, as "UID:GID MODE" */
static const char *
mode_of(const char *name)
{
	static char text[80];
	struct stat st;

	assert_int_equal(stat(unit_path(name), &st), 0);
	snprintf(text, sizeof(text), "%u:%u %04o", st.st_uid, st.st_gid, st.st_mode & 07777);
	return text;
}

static void
test_private_socket(void **state)
{
	struct endpoint ep = parse_socket(unit_path("socket"));
	mode_t before = umask(022);
	char want[80];
	int fd = endpoint_listen_private(&ep.addr[0], SOMEBODY, SOMEBODY);

	(void)state;
	assert_int_equal(umask(before), 022); /* it is unchanged */
	check_listening(fd);
	assert_true(can_connect(&ep.addr[0]));
	if (geteuid() == 0)
		snprintf(want, sizeof(want), "%u:%u 0600", SOMEBODY, SOMEBODY);
	else
		snprintf(want, sizeof(want), "%u:%u 0600", geteuid(), getegid());
	assert_string_equal(mode_of("socket"), want);
	close(fd);
}

/* Even with a umask of 0. */
static void
test_private_socket_with_an_open_umask(void **state)
{
	struct endpoint ep = parse_socket(unit_path("socket"));
	mode_t before = umask(0);
	int fd = endpoint_listen_private(&ep.addr[0], geteuid(), getegid());

	(void)state;
	assert_int_equal(umask(before), 0);
	check_listening(fd);
	assert_non_null(strstr(mode_of("socket"), " 0600"));
	close(fd);
}

static void
test_private_folder_is_made(void **state)
{
	struct endpoint ep = parse_socket(unit_path("run/socket"));
	mode_t before = umask(022);
	int fd = endpoint_listen_private(&ep.addr[0], SOMEBODY, SOMEBODY);

	(void)state;
	umask(before);
	check_listening(fd);
	assert_non_null(strstr(mode_of("run"), " 0755"));
	assert_true(can_connect(&ep.addr[0]));
	close(fd);
	/* A stale one in a directory that exists already. */
	fd = endpoint_listen_private(&ep.addr[0], SOMEBODY, SOMEBODY);
	check_listening(fd);
	close(fd);
	unlink(unit_path("run/socket"));
}

static void
test_private_folders_are_not_made(void **state)
{
	struct endpoint ep = parse_socket(unit_path("none/run/socket"));

	(void)state;
	assert_int_equal(endpoint_listen_private(&ep.addr[0], geteuid(), getegid()), -1);
	assert_int_equal(errno, ENOENT);
}

/*
 * In the directory of another user, root has the rights of that user: it does not change an owner,
 * and removes nothing that this user could not remove.
 */
static void
test_private_in_a_folder_of_its_user(void **state)
{
	struct endpoint ep = parse_socket(unit_path("socket"));
	int fd;

	(void)state;
	if (geteuid() != 0)
		return;
	assert_int_equal(chown(unit_dir, SOMEBODY, SOMEBODY), 0);
	fd = endpoint_listen_private(&ep.addr[0], SOMEBODY, SOMEBODY);
	check_listening(fd);
	close(fd);
	fd = endpoint_listen(&ep.addr[0], SOMEBODY, SOMEBODY);
	check_listening(fd);
	close(fd);
	/* A stale socket of root, where only the owner of a file may remove it. */
	assert_int_equal(lchown(unit_path("socket"), 0, 0), 0);
	assert_int_equal(chown(unit_dir, 0, 0), 0);
	assert_int_equal(chmod(unit_dir, 01777), 0);
	assert_int_equal(endpoint_listen_private(&ep.addr[0], SOMEBODY, SOMEBODY), -1);
	assert_int_equal(errno, EADDRINUSE);
	assert_int_equal(chmod(unit_dir, 0500), 0);
	assert_int_equal(chown(unit_dir, SOMEBODY, SOMEBODY), 0);
	assert_int_equal(unlink(unit_path("socket")), 0);
	assert_int_equal(endpoint_listen_private(&ep.addr[0], SOMEBODY, SOMEBODY), -1);
	assert_int_equal(errno, EACCES);
}

static void
test_private_leaves_others_alone(void **state)
{
	struct endpoint live = parse_socket(unit_path("live")),
			file = parse_socket(unit_write("file", BYTES("text"), 0640));
	mode_t before = umask(0);
	int fd = endpoint_listen(&live.addr[0], geteuid(), getegid());

	(void)state;
	umask(before);
	check_listening(fd);
	assert_int_equal(endpoint_listen_private(&live.addr[0], SOMEBODY, SOMEBODY), -1);
	assert_int_equal(errno, EADDRINUSE);
	assert_non_null(strstr(mode_of("live"), " 0666"));
	assert_true(can_connect(&live.addr[0]));
	assert_int_equal(endpoint_listen_private(&file.addr[0], SOMEBODY, SOMEBODY), -1);
	assert_int_equal(errno, EADDRINUSE);
	assert_non_null(strstr(mode_of("file"), " 0640"));
	close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_valid_forms),
		cmocka_unit_test(test_invalid_forms),
		cmocka_unit_test(test_longest_texts),
		cmocka_unit_test(test_parse_ipv4),
		cmocka_unit_test(test_parse_ipv6),
		cmocka_unit_test(test_parse_any_address),
		cmocka_unit_test(test_wildcard),
		cmocka_unit_test(test_find_command),
		cmocka_unit_test(test_covers),
		cmocka_unit_test(test_missing_family),
		cmocka_unit_test(test_parse_literal),
		cmocka_unit_test(test_local),
		cmocka_unit_test(test_ip),
		cmocka_unit_test(test_parse_unix),
		cmocka_unit_test(test_parse_refuses),
		cmocka_unit_test(test_listen_ipv4),
		cmocka_unit_test(test_listen_ipv6),
		cmocka_unit_test(test_listen_beside),
		cmocka_unit_test(test_hide),
		UNIT_DIR_TEST(test_describe),
		UNIT_DIR_TEST(test_listen_unix),
		UNIT_DIR_TEST(test_stale_socket_is_replaced),
		UNIT_DIR_TEST(test_live_socket_is_left_alone),
		UNIT_DIR_TEST(test_other_file_is_left_alone),
		UNIT_DIR_TEST(test_no_such_folder),
		UNIT_DIR_TEST(test_private_socket),
		UNIT_DIR_TEST(test_private_socket_with_an_open_umask),
		UNIT_DIR_TEST(test_private_folder_is_made),
		UNIT_DIR_TEST(test_private_folders_are_not_made),
		UNIT_DIR_TEST(test_private_in_a_folder_of_its_user),
		UNIT_DIR_TEST(test_private_leaves_others_alone),
	};

	return cmocka_run_group_tests_name("endpoint", tests, NULL, NULL);
}
