/* SPDX-License-Identifier: ISC */
#include "tests/unit/unit.h"

#include "srsd/postfix/tcptable.h"

#define NOT_A_REQUEST "-1 not a request; send: get KEY;"
#define NO_KEY "-1 no key; send: get KEY;"
#define BAD_HEX "-1 % without two hexadecimal digits;"
#define BLANK "-1 blank in the key; send it as %20;"

/* The outcome for some input: "1 KEY;" or "-1 REASON;" for each request, in order. */
struct story {
	size_t len;
	char text[200000];
};

static void
tell(struct story *story, int got, const struct tcptable_request *req, const char *error)
{
	char shown[5000];

	if (got == 1)
		unit_visible(shown, sizeof(shown), req->key, req->len);
	story->len += (size_t)snprintf(story->text + story->len, sizeof(story->text) - story->len,
	    "%d %s%s%s;", got, got == 1 ? shown : error, got == 1 && req->overlong ? "..." : "",
	    got == 1 && req->probe ? " probe" : "");
}

/* feed - hand over one piece, in memory of just its length */
static void
feed(struct tcptable_parser *parser, const char *data, size_t len, struct story *story)
{
	char *copy = unit_copy(data, len);
	struct tcptable_request req;
	size_t used, done;
	const char *error;
	int got;

	for (done = 0; done < len; done += used) {
		got = tcptable_parse(parser, copy + done, len - done, &used, &req, &error);
		assert_in_range(used, 1, len - done);
		if (got != 0)
			tell(story, got, &req, error);
		else
			assert_int_equal(used, len - done);
	}
	free(copy);
}

static struct story *
parse_in_pieces(const char *data, size_t len, size_t first, size_t step)
{
	static struct story story;
	struct tcptable_parser parser;
	size_t begin = 0, end = first;

	story.len = 0;
	story.text[0] = '\0';
	tcptable_init(&parser);
	for (; begin < len; begin = end, end += step) {
		end = end > len ? len : end;
		feed(&parser, data + begin, end - begin, &story);
	}
	return &story;
}

/* check_splits - the story is the same whole, byte by byte, and for all splits into two */
static void
check_splits(const char *row, const char *data, size_t len, const char *want)
{
	size_t i;

	unit_text(row, "whole", parse_in_pieces(data, len, len, len)->text, want);
	unit_text(row, "byte by byte", parse_in_pieces(data, len, 1, 1)->text, want);
	for (i = 1; i < len && unit_differences == 0; i++)
		unit_text(row, unit_row("split at %zu", i),
		    parse_in_pieces(data, len, i, len)->text, want);
}

struct request_row {
	const char *data;
	size_t len;
	const char *want;
};

static void
check_requests(const struct request_row *rows, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		check_splits(rows[i].data, rows[i].data, rows[i].len, rows[i].want);
	unit_end();
}

static void
test_keys(void **state)
{
	static const struct request_row rows[] = {
		{ BYTES("get a@x.test\n"), "1 a@x.test;" },
		{ BYTES("get x\n"), "1 x;" },
		{ BYTES("get get\n"), "1 get;" },
		{ BYTES("get \"a\\b\"@x.test\n"), "1 \"a\\x5cb\"@x.test;" },
		{ BYTES("get SRS0=ab+/=AA=x.test=u@y.test\n"), "1 SRS0=ab+/=AA=x.test=u@y.test;" },
		{ BYTES("get \303\274@x.test\n"), "1 \\xc3\\xbc@x.test;" },
		{ BYTES("get \001\177\n"), "1 \\x01\\x7f;" },
		{ BYTES("get a\0b\n"), "1 a\\x00b;" },
	};

	(void)state;
	check_requests(rows, COUNT(rows));
}

static void
test_probes(void **state)
{
	static const struct request_row rows[] = {
		{ BYTES("check a@x.test\n"), "1 a@x.test probe;" },
		{ BYTES("check a%20b\r\nget c\n"), "1 a b probe;1 c;" },
		{ BYTES("get a\ncheck b\nget check\n"), "1 a;1 b probe;1 check;" },
		{ BYTES("check\ncheck \nchec a\nchecks a\nCheck a\n"),
		    NOT_A_REQUEST NO_KEY NOT_A_REQUEST NOT_A_REQUEST NOT_A_REQUEST },
	};

	(void)state;
	check_requests(rows, COUNT(rows));
}

static void
test_encoded_keys(void **state)
{
	static const struct request_row rows[] = {
		{ BYTES("get a%20b\n"), "1 a b;" },
		{ BYTES("get %61%40x\n"), "1 a@x;" },
		{ BYTES("get %25\n"), "1 %;" },
		{ BYTES("get %2541\n"), "1 %41;" },
		{ BYTES("get %0a%0d%00\n"), "1 \\x0a\\x0d\\x00;" },
		{ BYTES("get %00\n"), "1 \\x00;" },
		{ BYTES("get %fF%Ff\n"), "1 \\xff\\xff;" },
		{ BYTES("get a%09\n"), "1 a\\x09;" },
		{ BYTES("get %22jane%20roe%22@x.test\n"), "1 \"jane roe\"@x.test;" },
	};

	(void)state;
	check_requests(rows, COUNT(rows));
}

static void
test_line_ends(void **state)
{
	static const struct request_row rows[] = {
		{ BYTES("get a\r\n"), "1 a;" },
		{ BYTES("get a\r\nget b\nget c\r\n"), "1 a;1 b;1 c;" },
		{ BYTES("get a\r\r\n"), "1 a\\x0d;" },
		{ BYTES("get a\rb\n"), "1 a\\x0db;" },
		{ BYTES("get a\r%62\r\n"), "1 a\\x0db;" },
		{ BYTES("get %0d\r\n"), "1 \\x0d;" },
		{ BYTES("get \r\n"), NO_KEY },
		{ BYTES("\r\n"), NOT_A_REQUEST },
	};

	(void)state;
	check_requests(rows, COUNT(rows));
}

static void
test_no_requests(void **state)
{
	static const struct request_row rows[] = {
		{ BYTES("\n"), NOT_A_REQUEST },
		{ BYTES("g\n"), NOT_A_REQUEST },
		{ BYTES("get\n"), NOT_A_REQUEST },
		{ BYTES("get \n"), NO_KEY },
		{ BYTES("GET a\n"), NOT_A_REQUEST },
		{ BYTES("put a b\n"), NOT_A_REQUEST },
		{ BYTES(" get a\n"), NOT_A_REQUEST },
		{ BYTES("get\ta\n"), NOT_A_REQUEST },
		{ BYTES("getx a\n"), NOT_A_REQUEST },
		{ BYTES("EHLO client.test\n"), NOT_A_REQUEST },
		{ BYTES("\0\0\0\n"), NOT_A_REQUEST },
		{ BYTES("request=smtpd_access_policy\n"), NOT_A_REQUEST },
		{ BYTES("get a b\n"), BLANK },
		{ BYTES("get  a\n"), BLANK },
		{ BYTES("get a \n"), BLANK },
		{ BYTES("get a\tb\n"), BLANK },
		{ BYTES("get a%\n"), BAD_HEX },
		{ BYTES("get a%2\n"), BAD_HEX },
		{ BYTES("get a%2\r\n"), BAD_HEX },
		{ BYTES("get a%g0\n"), BAD_HEX },
		{ BYTES("get a%0g\n"), BAD_HEX },
		{ BYTES("get a%%20\n"), BAD_HEX },
		{ BYTES("get a% 20\n"), BAD_HEX },
		{ BYTES("get a%-1\n"), BAD_HEX },
	};

	(void)state;
	check_requests(rows, COUNT(rows));
}

/* One bad request is answered, and what follows is heard. */
static void
test_pipelined(void **state)
{
	static const struct request_row rows[] = {
		{ BYTES("get a\nget b\nget c\n"), "1 a;1 b;1 c;" },
		{ BYTES("get a\nrubbish\nget b\n"), "1 a;" NOT_A_REQUEST "1 b;" },
		{ BYTES("\n\nget b\n"), NOT_A_REQUEST NOT_A_REQUEST "1 b;" },
		{ BYTES("get a b get c\nget d\n"), BLANK "1 d;" },
		{ BYTES("get %\nget %zz%20\nget %41\n"), BAD_HEX BAD_HEX "1 A;" },
		{ BYTES("get a\nget b"), "1 a;" },
		{ BYTES("get a\r\n\r\nget b\r\n"), "1 a;" NOT_A_REQUEST "1 b;" },
	};

	(void)state;
	check_requests(rows, COUNT(rows));
}

static void
test_incomplete(void **state)
{
	static const struct request_row rows[] = {
		{ BYTES("g"), "" },
		{ BYTES("get "), "" },
		{ BYTES("get a"), "" },
		{ BYTES("get a\r"), "" },
		{ BYTES("get a%2"), "" },
		{ BYTES("rubbish"), "" },
	};

	(void)state;
	check_requests(rows, COUNT(rows));
}

/* make_request - "get KEY\nget b\n", with a key of n bytes; the caller frees it */
static char *
make_request(size_t n, size_t *len)
{
	char *data = unit_fill('k', n + 20);

	memcpy(data, "get ", 4);
	memcpy(data + 4 + n, "\nget b\n", 7);
	*len = 4 + n + 7;
	return data;
}

/* check_key - a key of n bytes: kept whole up to 1 KiB, and answered whatever its length is */
static void
check_key(size_t n, bool overlong)
{
	size_t kept = overlong ? TCPTABLE_KEY_MAX : n, len, i;
	char *data = make_request(n, &len), *key = unit_fill('k', kept), want[5100];
	static const size_t steps[] = { 1, 7, 1000, 4096, 65536 };

	snprintf(want, sizeof(want), "1 %s%s;1 b;", key, overlong ? "..." : "");
	unit_text(
	    unit_row("%zu bytes", n), "whole", parse_in_pieces(data, len, len, len)->text, want);
	for (i = 0; i < COUNT(steps); i++)
		unit_text(unit_row("%zu bytes", n), unit_row("in steps of %zu", steps[i]),
		    parse_in_pieces(data, len, steps[i], steps[i])->text, want);
	free(data);
	free(key);
}

static void
test_long_keys(void **state)
{
	(void)state;
	check_key(1023, false);
	check_key(1024, false);
	check_key(1025, true);
	check_key(4096, true);
	check_key(65531, true);
	check_key(TCPTABLE_LINE_MAX - 4, true);
	check_key(TCPTABLE_LINE_MAX - 3, true);
	check_key(TCPTABLE_LINE_MAX, true);
	check_key(TCPTABLE_LINE_MAX + 1, true);
	check_key(150000, true);
	unit_end();
}

/* A key on a line that never ends is answered once, and no more of it is stored. */
static void
test_endless_line(void **state)
{
	char *data = unit_fill('k', 500000), *key = unit_fill('k', TCPTABLE_KEY_MAX), want[2000];

	(void)state;
	memcpy(data, "get ", 4);
	snprintf(want, sizeof(want), "1 %s...;", key);
	unit_text("key", "whole", parse_in_pieces(data, 500000, 500000, 1)->text, want);
	unit_text("key", "in pieces", parse_in_pieces(data, 500000, 999, 999)->text, want);
	memcpy(data, "put ", 4);
	unit_text(
	    "no request", "whole", parse_in_pieces(data, 500000, 500000, 1)->text, NOT_A_REQUEST);
	memset(data, '%', 500000);
	memcpy(data, "get ", 4);
	unit_text("no hex", "whole", parse_in_pieces(data, 500000, 500000, 1)->text, BAD_HEX);
	free(data);
	free(key);
	unit_end();
}

/* It is the decoded key that counts: 1024 bytes may come as 3072. */
static void
test_long_encoded_keys(void **state)
{
	char *data = unit_fill('\0', 4000), *want = unit_fill('k', 2000);
	size_t i, len = 4;

	(void)state;
	memcpy(data, "get ", 4);
	for (i = 0; i < 1024; i++, len += 3)
		memcpy(data + len, "%6b", 3);
	memcpy(data + len, "\n", 1);
	memcpy(want, "1 ", 2);
	strcpy(want + 2 + 1024, ";");
	unit_text("1024", "whole", parse_in_pieces(data, len + 1, len + 1, 1)->text, want);
	unit_text("1024", "byte by byte", parse_in_pieces(data, len + 1, 1, 1)->text, want);
	memcpy(data + len, "%6b\n", 4);
	strcpy(want + 2 + 1024, "...;");
	unit_text("1025", "whole", parse_in_pieces(data, len + 4, len + 4, 1)->text, want);
	free(data);
	free(want);
	unit_end();
}

/* Whatever comes, in whatever pieces: the same story, and the parser lives. */
static void
test_garbage(void **state)
{
	static const char alphabet[] = "get \n\n\r%0aFz@\0\377\t";
	char data[300], whole[20000];
	uint64_t seed = 10001;
	size_t i, j, n;

	(void)state;
	for (i = 0; i < 20000; i++) {
		n = 1 + unit_random(&seed, 299);
		for (j = 0; j < n; j++)
			data[j] = alphabet[unit_random(&seed, sizeof(alphabet) - 1)];
		strlcpy(whole, parse_in_pieces(data, n, n, n)->text, sizeof(whole));
		unit_text("garbage", unit_row("%zu", i),
		    parse_in_pieces(data, n, 1 + unit_random(&seed, 40), 1 + unit_random(&seed, 40))
			->text,
		    whole);
	}
	unit_end();
}

static void
test_found(void **state)
{
	static const struct {
		const char *text;
		size_t len;
		const char *want;
	} rows[] = {
		{ BYTES("a@x.test"), "200 a@x.test\n" },
		{ BYTES("SRS0=+/ab=AA=x.test=u@y.test"), "200 SRS0=+/ab=AA=x.test=u@y.test\n" },
		{ BYTES("\"jane roe\"@x.test"), "200 \"jane%20roe\"@x.test\n" },
		{ BYTES("100%"), "200 100%25\n" },
		{ BYTES("a\nb\r\t"), "200 a%0ab%0d%09\n" },
		{ BYTES("a\0b"), "200 a%00b\n" },
		{ BYTES("\303\274\177"), "200 %c3%bc%7f\n" },
	};
	char buf[TCPTABLE_REPLY_SIZE];
	size_t i, len;
	char *copy;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		copy = unit_copy(rows[i].text, rows[i].len);
		len = tcptable_found(buf, copy, rows[i].len);
		unit_bytes(rows[i].text, "reply", buf, len, rows[i].want, strlen(rows[i].want));
		free(copy);
	}
	unit_end();
}

/* The longest address there is, every byte of it encoded. */
static void
test_found_at_length(void **state)
{
	char *buf = malloc(TCPTABLE_REPLY_SIZE), *text = unit_fill('\377', 5000);
	size_t len;

	(void)state;
	len = tcptable_found(buf, text, 254);
	assert_int_equal(len, 4 + 3 * 254 + 1);
	assert_memory_equal(buf + len - 4, "%ff\n", 4);
	len = tcptable_found(buf, text, 5000);
	assert_in_range(len, 4 + 3 * 254, TCPTABLE_REPLY_SIZE);
	assert_int_equal(buf[len - 1], '\n');
	free(buf);
	free(text);
}

static void
test_refusal(void **state)
{
	char buf[TCPTABLE_REPLY_SIZE], reason[2 * TCPTABLE_REPLY_SIZE] = "";

	(void)state;
	assert_int_equal(tcptable_refusal(buf, 500, "not an SRS address"), 23);
	assert_memory_equal(buf, "500 not an SRS address\n", 23);
	assert_int_equal(tcptable_refusal(buf, 400, "x"), 6);
	assert_memory_equal(buf, "400 x\n", 6);
	memset(reason, 'r', sizeof(reason) - 1);
	assert_int_equal(tcptable_refusal(buf, 500, reason), TCPTABLE_REPLY_SIZE);
	assert_memory_equal(buf, "500 rr", 6);
	assert_memory_equal(buf + TCPTABLE_REPLY_SIZE - 2, "r\n", 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_probes),
		cmocka_unit_test(test_encoded_keys),
		cmocka_unit_test(test_line_ends),
		cmocka_unit_test(test_no_requests),
		cmocka_unit_test(test_pipelined),
		cmocka_unit_test(test_incomplete),
		cmocka_unit_test(test_long_keys),
		cmocka_unit_test(test_endless_line),
		cmocka_unit_test(test_long_encoded_keys),
		cmocka_unit_test(test_garbage),
		cmocka_unit_test(test_found),
		cmocka_unit_test(test_found_at_length),
		cmocka_unit_test(test_refusal),
	};

	return cmocka_run_group_tests_name("tcptable", tests, NULL, NULL);
}
