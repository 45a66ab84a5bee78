/* SPDX-License-Identifier: ISC */
#include "tests/unit/unit.h"

#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "common/buffer.h"
#include "srsd/store/store_redis_durability.h"
#include "srsd/store/store_redis_login.h"
#include "srsd/store/store_resp.h"

/* A connection, and the server's end of it. */
struct pair {
	struct store_resp *resp;
	int server;
};

static void
open_pair(struct pair *pair)
{
	int fd[2], size = 1 << 20;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd), 0);
	setsockopt(fd[1], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	pair->resp = store_resp_new(fd[0]);
	assert_non_null(pair->resp);
	pair->server = fd[1];
}

static void
close_pair(struct pair *pair)
{
	store_resp_free(&pair->resp);
	store_resp_free(&pair->resp);
	if (pair->server != -1)
		close(pair->server);
}

/* send_bytes - as the server */
static void
send_bytes(struct pair *pair, const char *s, size_t len)
{
	assert_int_equal(write(pair->server, s, len), len);
}

/* note_reply_text - a reply in one line of the transcript */
static void
note_reply_text(struct buffer *out, const struct store_resp_reply *reply)
{
	static const char kinds[] = { '+', '-', ':', '$', '0', '*' };
	size_t i;

	buffer_printf(out, "%c", kinds[reply->kind]);
	if (reply->kind == STORE_RESP_NUMBER)
		buffer_printf(out, "%lld", reply->number);
	if (reply->text.len > 0)
		buffer_add(out, reply->text.s, reply->text.len);
	for (i = 0; i < reply->n; i++)
		buffer_printf(out, "[%.*s]", (int)reply->list[i].len, reply->list[i].s);
	buffer_add(out, ";", 1);
}

/* read_all - all replies that are there, and the error that ends them, in brackets */
static bool
read_all(struct pair *pair, struct buffer *out)
{
	struct store_resp_reply reply;
	const char *error = NULL;
	int got;

	while ((got = store_resp_read(pair->resp, &error)) == 1) {
		while ((got = store_resp_next(pair->resp, &reply, &error)) == 1)
			note_reply_text(out, &reply);
		if (got == -1)
			break;
	}
	if (got == -1)
		buffer_printf(out, "(%s)", error);
	return got == 0;
}

#define RESP3 "(the server sent a RESP3 reply)"

static const struct {
	const char *name, *bytes;
	size_t len;
	const char *want;
	const char *other; /* what other releases of hiredis say, which know RESP3 */
} rows[] = {
	{ "status", BYTES("+OK\r\n"), "+OK;", NULL },
	{ "empty status", BYTES("+\r\n"), "+;", NULL },
	{ "error", BYTES("-OOM command not allowed\r\n"), "-OOM command not allowed;", NULL },
	{ "number", BYTES(":42\r\n:-1\r\n:0\r\n"), ":42;:-1;:0;", NULL },
	{ "text", BYTES("$5\r\na@b.c\r\n"), "$a@b.c;", NULL },
	{ "empty text", BYTES("$0\r\n\r\n"), "$;", NULL },
	{ "text with line ends", BYTES("$4\r\n\r\n+x\r\n"), "$\r\n+x;", NULL },
	{ "nil", BYTES("$-1\r\n"), "0;", NULL },
	{ "nil list", BYTES("*-1\r\n"), "0;", NULL },
	{ "empty list", BYTES("*0\r\n"), "*;", NULL },
	{ "list", BYTES("*2\r\n$1\r\na\r\n$2\r\nbc\r\n"), "*[a][bc];", NULL },
	{ "mixed list", BYTES("*4\r\n+a\r\n:1\r\n$-1\r\n-E\r\n"), "*[a][][][E];", NULL },
	{ "list of 16",
	    BYTES("*16\r\n"
		  "+a\r\n+b\r\n+c\r\n+d\r\n+a\r\n+b\r\n+c\r\n+d\r\n"
		  "+a\r\n+b\r\n+c\r\n+d\r\n+a\r\n+b\r\n+c\r\n+d\r\n"),
	    "*[a][b][c][d][a][b][c][d][a][b][c][d][a][b][c][d];", NULL },
	{ "pipelined", BYTES("+OK\r\n$-1\r\n$1\r\nx\r\n*1\r\n+y\r\n-E\r\n"), "+OK;0;$x;*[y];-E;",
	    NULL },
	{ "in the middle", BYTES("+OK\r\n$5\r\na@b"), "+OK;", NULL },
	{ "nothing", BYTES(""), "", NULL },
	/* hostile */
	{ "list of 17", BYTES("*17\r\n"), "(the server sent a list that is too long)", NULL },
	{ "list of two thousand million", BYTES("*2147483647\r\n"),
	    "(the server sent a list that is too long)", NULL },
	{ "list of more", BYTES("*99999999999\r\n"), "(Multi-bulk length out of range)",
	    "(the server sent a list that is too long)" },
	{ "list in a list", BYTES("*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n"),
	    "(the server sent a nested list)", NULL },
	{ "empty list in a list", BYTES("*1\r\n*0\r\n"), "(the server sent a nested list)", NULL },
	{ "negative list", BYTES("*-2\r\n"), "(Multi-bulk length out of range)", NULL },
	{ "negative text", BYTES("$-2\r\n"), "(Bulk string length out of range)", NULL },
	{ "number that is none", BYTES(":12x\r\n"), "(Bad integer value)", NULL },
	{ "number too large", BYTES(":99999999999999999999\r\n"), "(Bad integer value)", NULL },
	{ "length that is none", BYTES("$a\r\n"), "(Bad bulk string length)", NULL },
	{ "length too large", BYTES("$18446744073709551615\r\n"), "(Bad bulk string length)",
	    NULL },
	{ "not a Redis server", BYTES("HTTP/1.1 400 Bad Request\r\n"),
	    "(Protocol error, got \"H\" as reply type byte)", NULL },
	{ "replies before it", BYTES("+OK\r\nX"),
	    "+OK;(Protocol error, got \"X\" as reply type byte)", NULL },
	/* RESP3, which hiredis reads from 1.0 on */
	{ "map", BYTES("%1\r\n+a\r\n+b\r\n"), "(Protocol error, got \"%\" as reply type byte)",
	    RESP3 },
	{ "push", BYTES(">1\r\n+a\r\n"), "(Protocol error, got \">\" as reply type byte)", RESP3 },
	{ "set", BYTES("~1\r\n+a\r\n"), "(Protocol error, got \"~\" as reply type byte)", RESP3 },
	{ "double", BYTES(",1.5\r\n"), "(Protocol error, got \",\" as reply type byte)", RESP3 },
	{ "bool", BYTES("#t\r\n"), "(Protocol error, got \"#\" as reply type byte)", RESP3 },
	{ "verbatim", BYTES("=5\r\ntxt:a\r\n"), "(Protocol error, got \"=\" as reply type byte)",
	    RESP3 },
	{ "null", BYTES("_\r\n"), "(Protocol error, got \"_\" as reply type byte)", "0;" },
};

static void
check_transcript(const char *row, const char *how, const struct buffer *got, size_t i)
{
	const char *want = rows[i].want;

	if (rows[i].other != NULL && got->len == strlen(rows[i].other) &&
	    memcmp(got->data, rows[i].other, got->len) == 0)
		want = rows[i].other;
	unit_bytes(row, how, got->data, got->len, want, strlen(want));
}

static void
test_replies(void **state)
{
	struct buffer out = { 0 };
	struct pair pair;
	size_t i, at;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		open_pair(&pair);
		send_bytes(&pair, rows[i].bytes, rows[i].len);
		read_all(&pair, &out);
		check_transcript(rows[i].name, "whole", &out, i);
		buffer_clear(&out);
		close_pair(&pair);

		open_pair(&pair);
		for (at = 0; at < rows[i].len; at++) {
			send_bytes(&pair, rows[i].bytes + at, 1);
			if (!read_all(&pair, &out))
				break;
		}
		check_transcript(rows[i].name, "byte by byte", &out, i);
		buffer_clear(&out);
		close_pair(&pair);
	}
	buffer_free(&out);
	unit_end();
}

/* send_text - a text that is announced with one length, and sent with another */
static void
send_text(struct pair *pair, const char *announced, size_t len, struct buffer *out)
{
	char *fill = unit_fill('x', len);
	size_t at, n;
	bool goes_on = true;

	send_bytes(pair, announced, strlen(announced));
	for (at = 0; at < len && goes_on; at += n) {
		n = len - at < 4096 ? len - at : 4096;
		send_bytes(pair, fill + at, n);
		goes_on = read_all(pair, out);
	}
	free(fill);
}

/* test_long_texts - the longest is read; a longer one ends the connection before all of it came */
static void
test_long_texts(void **state)
{
	static const struct {
		const char *name, *announced;
		size_t len;
		const char *want;
	} texts[] = {
		{ "longest", "$65536\r\n", 65536, "" },
		{ "one more", "$65537\r\n", 65537, "" },
		{ "512 MiB", "$536870912\r\n", 1 << 20,
		    "(the server sent a text that is too long)" },
		{ "endless line", "+", 1 << 20, "(the server sent a text that is too long)" },
		{ "endless number", ":", 1 << 20, "(the server sent a text that is too long)" },
		{ "endless length", "$", 1 << 20, "(the server sent a text that is too long)" },
		{ "endless list", "*", 1 << 20, "(the server sent a text that is too long)" },
	};
	struct buffer out = { 0 };
	struct pair pair;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(texts); i++) {
		open_pair(&pair);
		send_text(&pair, texts[i].announced, texts[i].len, &out);
		unit_bytes(texts[i].name, "before its end", out.data, out.len, texts[i].want,
		    strlen(texts[i].want));
		if (texts[i].want[0] == '\0') {
			buffer_clear(&out);
			send_bytes(&pair, "\r\n", 2);
			read_all(&pair, &out);
			unit_int(texts[i].name, "is read", out.data[0] == '$', i == 0);
			unit_int(texts[i].name, "length", (long long)out.len, i == 0 ? 65538 : 41);
		}
		buffer_clear(&out);
		close_pair(&pair);
	}
	buffer_free(&out);
	unit_end();
}

/* test_longest_after_another - bytes of an earlier reply do not count */
static void
test_longest_after_another(void **state)
{
	struct buffer out = { 0 };
	struct pair pair;
	char *status = unit_fill('s', 900);

	(void)state;
	status[0] = '+';
	open_pair(&pair);
	send_bytes(&pair, status, 900);
	send_bytes(&pair, "\r\n", 2);
	assert_true(read_all(&pair, &out));
	buffer_clear(&out);
	send_text(&pair, "$65536\r\n", 65536, &out);
	unit_bytes("longest", "before its end", out.data, out.len, "", 0);
	send_bytes(&pair, "\r\n", 2);
	assert_true(read_all(&pair, &out));
	unit_int("longest", "length", (long long)out.len, 65538);
	close_pair(&pair);
	buffer_free(&out);
	free(status);
	unit_end();
}

/* test_many - what was read does not stay in memory, nor does it slow the reading down */
static void
test_many(void **state)
{
	struct buffer out = { 0 };
	struct pair pair;
	size_t i, n;

	(void)state;
	open_pair(&pair);
	for (n = 0, i = 0; i < 1000; i++) {
		send_bytes(&pair, BYTES("+OK\r\n$-1\r\n$3\r\na\0b\r\n:1\r\n"));
		assert_true(read_all(&pair, &out));
		n += out.len;
		buffer_clear(&out);
	}
	assert_int_equal(n, 1000 * strlen("+OK;0;$a.b;:1;"));
	close_pair(&pair);
	buffer_free(&out);
}

static void
test_commands(void **state)
{
	static const struct text set[] = { { "SET", 3 }, { "k", 1 }, { "a\0\r\n$", 5 }, { "EX", 2 },
		{ "10", 2 } };
	static const char want[] = "*5\r\n$3\r\nSET\r\n$1\r\nk\r\n$5\r\na\0\r\n$\r\n$2\r\nEX\r\n"
				   "$2\r\n10\r\n";
	struct pair pair;
	const char *error;
	char got[200];
	ssize_t n;

	(void)state;
	open_pair(&pair);
	assert_true(store_resp_add(pair.resp, set, COUNT(set)));
	assert_true(store_resp_write(pair.resp, &error));
	assert_false(store_resp_wants_write(pair.resp));
	assert_true(store_resp_write(pair.resp, &error));
	assert_false(store_resp_wants_write(pair.resp));
	n = read(pair.server, got, sizeof(got));
	unit_bytes("SET", "bytes", got, (size_t)n, want, sizeof(want) - 1);
	close_pair(&pair);
	unit_end();
}

/* test_command_before_the_reply - to the one before: it is to be written at once */
static void
test_command_before_the_reply(void **state)
{
	static const struct text ping[] = { { "PING", 4 } };
	static const char want[] = "*1\r\n$4\r\nPING\r\n*1\r\n$4\r\nPING\r\n";
	struct pair pair;
	const char *error;
	char got[200];
	ssize_t n;
	int i;

	(void)state;
	open_pair(&pair);
	for (i = 0; i < 2; i++) {
		assert_true(store_resp_add(pair.resp, ping, 1));
		assert_true(store_resp_wants_write(pair.resp));
		assert_true(store_resp_write(pair.resp, &error));
	}
	n = read(pair.server, got, sizeof(got));
	unit_bytes("PING", "bytes", got, (size_t)n, want, sizeof(want) - 1);
	close_pair(&pair);
	unit_end();
}

/* test_full_socket - the rest waits, and nothing is lost */
static void
test_full_socket(void **state)
{
	char *fill = unit_fill('v', 2000);
	const struct text words[] = { { "GET", 3 }, { fill, 2000 } };
	char got[1 << 16];
	struct pair pair;
	const char *error;
	size_t total = 0, i;
	ssize_t n;

	(void)state;
	open_pair(&pair);
	for (i = 0; i < 1000; i++)
		assert_true(store_resp_add(pair.resp, words, 2));
	assert_true(store_resp_write(pair.resp, &error));
	assert_true(store_resp_wants_write(pair.resp));
	while (total < 1000 * (size_t)(4 + 9 + 7 + 2002)) {
		n = read(pair.server, got, sizeof(got));
		if (n > 0)
			total += (size_t)n;
		assert_true(store_resp_write(pair.resp, &error));
	}
	assert_true(store_resp_write(pair.resp, &error));
	assert_false(store_resp_wants_write(pair.resp));
	assert_int_equal(total, 1000 * (4 + 9 + 7 + 2002));
	close_pair(&pair);
	free(fill);
}

static void
test_closed(void **state)
{
	const struct text ping = { "PING", 4 };
	struct pair pair;
	const char *error = NULL;

	(void)state;
	open_pair(&pair);
	assert_int_equal(store_resp_read(pair.resp, &error), 0);
	send_bytes(&pair, BYTES("$5\r\na@b"));
	close(pair.server);
	pair.server = -1;
	assert_int_equal(store_resp_read(pair.resp, &error), 1);
	assert_int_equal(store_resp_read(pair.resp, &error), -1);
	assert_string_equal(error, "Server closed the connection");
	close_pair(&pair);

	open_pair(&pair);
	close(pair.server);
	pair.server = -1;
	assert_true(store_resp_add(pair.resp, &ping, 1));
	assert_false(store_resp_write(pair.resp, &error));
	assert_string_equal(error, strerror(EPIPE));
	close_pair(&pair);
}

static void
test_login(void **state)
{
	static const struct {
		const char *user, *password;
		const char *replies;
		int want;
		const char *problem;
	} logins[] = {
		{ NULL, NULL, "+PONG\r\n", 1, "" },
		{ NULL, "secret", "+OK\r\n+PONG\r\n", 1, "" },
		{ "srsd", "secret", "+OK\r\n+PONG\r\n", 1, "" },
		{ NULL, NULL, "", 0, "" },
		{ NULL, "secret", "+OK\r\n", 0, "" },
		{ NULL, NULL, "-NOAUTH Authentication required.\r\n", -1,
		    "PING is refused: NOAUTH Authentication required." },
		{ NULL, NULL, "-LOADING Redis is loading the dataset in memory\r\n", -1,
		    "PING is refused: LOADING Redis is loading the dataset in memory" },
		{ NULL, NULL, "-ERR max number of clients reached\r\n", -1,
		    "PING is refused: ERR max number of clients reached" },
		{ NULL, NULL, "-MISCONF Redis is configured to save RDB snapshots\r\n", 1, "" },
		{ NULL, NULL, "-NOPERM this user has no permissions\r\n", 1, "" },
		{ NULL, NULL, "-MISCONFIGURED x\r\n", -1, "PING is refused: MISCONFIGURED x" },
		{ NULL, "secret", "-WRONGPASS invalid username-password pair\r\n", -1,
		    "AUTH is refused: WRONGPASS invalid username-password pair" },
		{ NULL, "secret", "-NOPERM x\r\n+PONG\r\n", -1, "AUTH is refused: NOPERM x" },
		/* The server quotes the password. */
		{ NULL, "secret", "-ERR unknown command `AUTH`, with args: `secret`,\r\n", -1,
		    "AUTH is refused: ERR" },
		{ NULL, "secret", "-A_Z@ secret\r\n", -1, "AUTH is refused: A_Z" },
		{ NULL, "secret", "-A[ secret\r\n", -1, "AUTH is refused: A" },
		{ NULL, "secret", "-secret\r\n", -1, "AUTH is refused: " },
		{ NULL, NULL, "-\x1b[31m\x01\r\n", -1, "PING is refused: ?[31m?" },
		{ NULL, NULL, "+OK\r\n", -1, "the server does not answer like a Redis server" },
		{ NULL, NULL, "$4\r\nPONG\r\n", -1,
		    "the server does not answer like a Redis server" },
		{ NULL, NULL, ":1\r\n", -1, "the server does not answer like a Redis server" },
		{ NULL, "secret", "+PONG\r\n", -1,
		    "the server does not answer like a Redis server" },
	};
	struct store_redis_login login;
	struct store_resp_reply reply;
	char problem[STORE_PROBLEM_SIZE];
	struct pair pair;
	const char *error;
	size_t i;
	int got;

	(void)state;
	for (i = 0; i < COUNT(logins); i++) {
		open_pair(&pair);
		login = (struct store_redis_login){ logins[i].user, logins[i].password, false };
		assert_true(store_redis_login_add(&login, pair.resp));
		send_bytes(&pair, logins[i].replies, strlen(logins[i].replies));
		problem[0] = '\0';
		store_resp_read(pair.resp, &error);
		got = 0;
		while (got == 0 && store_resp_next(pair.resp, &reply, &error) == 1)
			got = store_redis_login_take(&login, &reply, problem);
		unit_int(logins[i].replies, "login", got, logins[i].want);
		unit_text(logins[i].replies, "problem", problem, logins[i].problem);
		close_pair(&pair);
	}
	unit_end();
}

static void
test_login_commands(void **state)
{
	static const struct {
		const char *user, *password, *want;
	} logins[] = {
		{ NULL, NULL, "*1\r\n$4\r\nPING\r\n" },
		{ "ignored", NULL, "*1\r\n$4\r\nPING\r\n" },
		{ NULL, "p w", "*2\r\n$4\r\nAUTH\r\n$3\r\np w\r\n*1\r\n$4\r\nPING\r\n" },
		{ "u", "p", "*3\r\n$4\r\nAUTH\r\n$1\r\nu\r\n$1\r\np\r\n*1\r\n$4\r\nPING\r\n" },
	};
	struct store_redis_login login;
	struct pair pair;
	const char *error;
	char got[200];
	ssize_t n;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(logins); i++) {
		open_pair(&pair);
		login = (struct store_redis_login){ logins[i].user, logins[i].password, false };
		assert_true(store_redis_login_add(&login, pair.resp));
		assert_true(store_resp_write(pair.resp, &error));
		assert_false(store_resp_wants_write(pair.resp));
		n = read(pair.server, got, sizeof(got));
		unit_bytes(unit_row("login %zu", i), "bytes", got, (size_t)n, logins[i].want,
		    strlen(logins[i].want));
		close_pair(&pair);
	}
	unit_end();
}

static void
test_parameters(void **state)
{
	static const struct {
		const char *reply, *want;
	} values[] = {
		{ "*2\r\n$10\r\nappendonly\r\n$3\r\nyes\r\n", "yes" },
		{ "*2\r\n$10\r\nappendonly\r\n$31\r\nabcdefghijklmnopqrstuvwxyz01234\r\n",
		    "abcdefghijklmnopqrstuvwxyz01234" },
		{ "*2\r\n$10\r\nappendonly\r\n$32\r\nabcdefghijklmnopqrstuvwxyz012345\r\n",
		    "unknown" },
		{ "*2\r\n$10\r\nappendonly\r\n$2\r\n\x1b[\r\n", "unknown" },
		{ "*2\r\n$10\r\nappendonly\r\n$0\r\n\r\n", "unknown" },
		{ "*2\r\n$11\r\nappendfsync\r\n$3\r\nyes\r\n", "unknown" },
		{ "*0\r\n", "unknown" },
		{ "*1\r\n$10\r\nappendonly\r\n", "unknown" },
		{ "*2\r\n:1\r\n:2\r\n", "unknown" },
		{ "$-1\r\n", "unknown" },
		{ "+OK\r\n", "unknown" },
		{ "-NOPERM this user has no permissions to run the 'config|get' command\r\n",
		    "unknown" },
		{ "-ERR unknown command 'CONFIG'\r\n", "unknown" },
	};
	struct store_redis_durability durability;
	struct store_resp_reply reply;
	struct pair pair;
	const char *error;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(values); i++) {
		open_pair(&pair);
		send_bytes(&pair, values[i].reply, strlen(values[i].reply));
		assert_int_equal(store_resp_read(pair.resp, &error), 1);
		assert_int_equal(store_resp_next(pair.resp, &reply, &error), 1);
		store_redis_durability_take(&durability, STORE_REDIS_APPENDONLY, &reply);
		unit_text(values[i].reply, "value", durability.value[STORE_REDIS_APPENDONLY],
		    values[i].want);
		close_pair(&pair);
	}
	unit_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_replies),
		cmocka_unit_test(test_long_texts),
		cmocka_unit_test(test_longest_after_another),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_commands),
		cmocka_unit_test(test_command_before_the_reply),
		cmocka_unit_test(test_full_socket),
		cmocka_unit_test(test_closed),
		cmocka_unit_test(test_login),
		cmocka_unit_test(test_login_commands),
		cmocka_unit_test(test_parameters),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests_name("store_resp", tests, NULL, NULL);
}
