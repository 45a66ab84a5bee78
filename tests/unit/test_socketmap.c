/* SPDX-License-Identifier: ISC */
#include "tests/unit/unit.h"

#include "common/mailaddr.h"
#include "srsd/postfix/socketmap.h"

#define NO_LENGTH "-1 Invalid query: no length at the beginning of the netstring.;"
#define LEADING_ZERO "-1 Invalid query: leading zero in the length of the netstring.;"
#define NO_COLON "-1 Invalid query: no colon after the length of the netstring.;"
#define TOO_LONG "-1 Invalid query: more than 100000 bytes.;"
#define NO_COMMA "-1 Invalid query: no comma at the end of the netstring.;"
#define NO_MAP "0 Invalid query: no map name; send: MAP KEY.;"
#define NO_KEY "0 Invalid query: no key; send: MAP KEY.;"

/*
 * The results for some input: "1 MAP|KEY;" for each request, "0 REASON;" for a payload that is not
 * one, and "-1 REASON;" for an error that closes the connection.
 */
struct transcript {
	size_t len;
	bool closed;
	char text[20000];
};

static void
record_request(struct transcript *t, const struct socketmap_request *req)
{
	char map[1000], key[5000];

	unit_visible(map, sizeof(map), req->map.s, req->map.len);
	unit_visible(key, sizeof(key), req->key.s, req->key.len);
	t->len +=
	    (size_t)snprintf(t->text + t->len, sizeof(t->text) - t->len, "1 %s|%s;", map, key);
	assert_in_range(t->len, 1, sizeof(t->text) - 1);
}

static void
record_error(struct transcript *t, int got, const char *error)
{
	t->len +=
	    (size_t)snprintf(t->text + t->len, sizeof(t->text) - t->len, "%d %s;", got, error);
	assert_in_range(t->len, 1, sizeof(t->text) - 1);
}

/* parse_available - the requests in the bytes received so far; returns how many are used */
static size_t
parse_available(struct transcript *t, const char *data, size_t len)
{
	struct socketmap_request req;
	struct text payload;
	size_t used, done;
	const char *error;
	int got = 1;

	for (done = 0; got == 1; done += used) {
		got = socketmap_parse(data + done, len - done, &used, &payload, &error);
		if (got != 1)
			assert_int_equal(used, 0);
		if (got == -1)
			record_error(t, got, error);
		else if (got == 1 && socketmap_split(payload, &req, &error))
			record_request(t, &req);
		else if (got == 1)
			record_error(t, 0, error);
	}
	t->closed = got == -1;
	return done;
}

/* parse_steps - as a host does: the bytes that were not used come again, with those that follow */
static const char *
parse_steps(const char *data, size_t len, size_t first, size_t step)
{
	static struct transcript t;
	size_t begin = 0, end;
	char *copy;

	memset(&t, 0, sizeof(t));
	for (end = first; begin < len && !t.closed; end += step) {
		end = end > len ? len : end;
		copy = unit_copy(data + begin, end - begin);
		begin += parse_available(&t, copy, end - begin);
		free(copy);
		if (end == len)
			break;
	}
	return t.text;
}

/* check_splits - the results are the same whole, byte by byte, and for all splits into two */
static void
check_splits(const char *data, size_t len, const char *want)
{
	size_t i;

	unit_text(data, "whole", parse_steps(data, len, len, len), want);
	unit_text(data, "byte by byte", parse_steps(data, len, 1, 1), want);
	for (i = 0; i < len && unit_differences == 0; i++)
		unit_text(data, unit_row("split at %zu", i), parse_steps(data, len, i, len), want);
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
		check_splits(rows[i].data, rows[i].len, rows[i].want);
	unit_end();
}

static void
test_requests(void **state)
{
	static const struct request_row rows[] = {
		{ BYTES("16:forward a@x.test,"), "1 forward|a@x.test;" },
		{ BYTES("9:reverse x,"), "1 reverse|x;" },
		{ BYTES("3:m k,"), "1 m|k;" },
		{ BYTES("10:forward \"\","), "1 forward|\"\";" },
		{ BYTES("25:forward \"jane roe\"@x.test,"), "1 forward|\"jane roe\"@x.test;" },
		{ BYTES("17:forward \303\274@x.test,"), "1 forward|\\xc3\\xbc@x.test;" },
	};

	(void)state;
	check_requests(rows, COUNT(rows));
}

/* A key is any bytes: also those that end other things. */
static void
test_keys(void **state)
{
	static const struct request_row rows[] = {
		{ BYTES("5:m  k ,"), "1 m| k ;" },
		{ BYTES("3:m  ,"), "1 m| ;" },
		{ BYTES("3:m \0,"), "1 m|\\x00;" },
		{ BYTES("5:m a\0b,"), "1 m|a\\x00b;" },
		{ BYTES("6:m 1:a,,"), "1 m|1:a,;" },
		{ BYTES("3:m ,,"), "1 m|,;" },
		{ BYTES("5:m \r\n\t,"), "1 m|\\x0d\\x0a\\x09;" },
		{ BYTES("4:m \377\200,"), "1 m|\\xff\\x80;" },
		{ BYTES("5:m\0\t k,"), "1 m\\x00\\x09|k;" },
	};

	(void)state;
	check_requests(rows, COUNT(rows));
}

/* The netstring is right, its payload is not a request, and the next request is answered. */
static void
test_not_requests(void **state)
{
	static const struct request_row rows[] = {
		{ BYTES("0:,"), NO_MAP },
		{ BYTES("1: ,"), NO_MAP },
		{ BYTES("2: k,"), NO_MAP },
		{ BYTES("1:m,"), NO_KEY },
		{ BYTES("2:m ,"), NO_KEY },
		{ BYTES("7:forward,"), NO_KEY },
		{ BYTES("3:m\tk,"), NO_KEY },
		{ BYTES("3:m\0k,"), NO_KEY },
		{ BYTES("0:,3:m k,"), NO_MAP "1 m|k;" },
		{ BYTES("3:m k,8:forward ,2: k,3:m l,"), "1 m|k;" NO_KEY NO_MAP "1 m|l;" },
	};

	(void)state;
	check_requests(rows, COUNT(rows));
}

/* No byte after such an error is interpreted. */
static void
test_not_netstrings(void **state)
{
	static const struct request_row rows[] = {
		{ BYTES(":"), NO_LENGTH },
		{ BYTES(":m k,"), NO_LENGTH },
		{ BYTES("m k,3:m k,"), NO_LENGTH },
		{ BYTES("-1:,"), NO_LENGTH },
		{ BYTES("+3:m k,"), NO_LENGTH },
		{ BYTES(" 3:m k,"), NO_LENGTH },
		{ BYTES("\0003:m k,"), NO_LENGTH },
		{ BYTES("\2633:m k,"), NO_LENGTH },
		{ BYTES("get a@x.test\n"), NO_LENGTH },
		{ BYTES("00:,"), LEADING_ZERO },
		{ BYTES("00"), LEADING_ZERO },
		{ BYTES("03:m k,"), LEADING_ZERO },
		{ BYTES("000000003:m k,"), LEADING_ZERO },
		{ BYTES("3"), "" },
		{ BYTES("3;m k,"), NO_COLON },
		{ BYTES("3 :m k,"), NO_COLON },
		{ BYTES("3,"), NO_COLON },
		{ BYTES("3\0:m k,"), NO_COLON },
		{ BYTES("0x3:m k,"), NO_COLON },
		{ BYTES("3.0:m k,"), NO_COLON },
		{ BYTES("3:m k3:m k,"), NO_COMMA },
		{ BYTES("3:m k\n"), NO_COMMA },
		{ BYTES("3:m k\0"), NO_COMMA },
		{ BYTES("0:x"), NO_COMMA },
		{ BYTES("2:m k,"), NO_COMMA },
		{ BYTES("3:m k,4:m k,3:m k,"), "1 m|k;" NO_COMMA },
		{ BYTES("3:m k,\n3:m k,"), "1 m|k;" NO_LENGTH },
	};

	(void)state;
	check_requests(rows, COUNT(rows));
}

static void
test_pipelined(void **state)
{
	static const struct request_row rows[] = {
		{ BYTES("3:a 1,3:b 2,3:a 3,"), "1 a|1;1 b|2;1 a|3;" },
		{ BYTES("3:a 1,3:b 2,3:a"), "1 a|1;1 b|2;" },
		{ BYTES("3:a 1,0"), "1 a|1;" },
		{ BYTES("3:a 1,4:b 22,5:c 333,10:d 12345678,"),
		    "1 a|1;1 b|22;1 c|333;1 d|12345678;" },
	};

	(void)state;
	check_requests(rows, COUNT(rows));
}

static void
test_incomplete(void **state)
{
	static const struct request_row rows[] = {
		{ BYTES(""), "" },
		{ BYTES("0"), "" },
		{ BYTES("0:"), "" },
		{ BYTES("1"), "" },
		{ BYTES("100000"), "" },
		{ BYTES("100000:m k,"), "" },
		{ BYTES("3:"), "" },
		{ BYTES("3:m"), "" },
		{ BYTES("3:m k"), "" },
	};

	(void)state;
	check_requests(rows, COUNT(rows));
}

/* A length over the limit is refused at the digit that exceeds it, and does not wrap round. */
static void
test_lengths_over_the_limit(void **state)
{
	static const struct request_row rows[] = {
		{ BYTES("100001"), TOO_LONG },
		{ BYTES("100001:m k"), TOO_LONG },
		{ BYTES("999999:m k"), TOO_LONG },
		{ BYTES("1000000"), TOO_LONG },
		{ BYTES("4294967299:m k,"), TOO_LONG },
		{ BYTES("18446744073709551619:m k,"), TOO_LONG },
		{ BYTES("99999999999999999999999999999999999999999999:"), TOO_LONG },
		{ BYTES("3:m k,200000:m k,"), "1 m|k;" TOO_LONG },
	};

	(void)state;
	check_requests(rows, COUNT(rows));
}

/* check_key_of - a key of n bytes arrives whole, as does the request after it */
static void
check_key_of(size_t n)
{
	char *data = malloc(SOCKETMAP_REQUEST_MAX + 20), *payload;
	struct socketmap_request req;
	struct text got;
	const char *error;
	size_t len, used;

	assert_non_null(data);
	len = (size_t)sprintf(data, "%zu:m ", n + 2);
	payload = data + len;
	memset(payload, 'k', n);
	memcpy(payload + n, ",3:m l,", 7);
	len += n + 7;
	assert_int_equal(socketmap_parse(data, len - 7, &used, &got, &error), 0);
	assert_int_equal(socketmap_parse(data, len, &used, &got, &error), 1);
	assert_int_equal(used, len - 6);
	assert_true(socketmap_split(got, &req, &error));
	assert_ptr_equal(req.key.s, payload);
	assert_int_equal(req.key.len, n);
	assert_int_equal(socketmap_parse(data + used, len - used, &used, &got, &error), 1);
	assert_true(text_is(got, "m l"));
	free(data);
}

static void
test_long_keys(void **state)
{
	(void)state;
	check_key_of(8);
	check_key_of(97);
	check_key_of(1024);
	check_key_of(65536);
	check_key_of(SOCKETMAP_PAYLOAD_MAX - 3);
	check_key_of(SOCKETMAP_PAYLOAD_MAX - 2);
}

/* The longest request has as many bytes as the header promises. */
static void
test_longest_request(void **state)
{
	char *data = unit_fill('k', SOCKETMAP_REQUEST_MAX);
	struct text payload;
	const char *error;
	size_t used;

	(void)state;
	memcpy(data, "100000:", 7);
	data[SOCKETMAP_REQUEST_MAX - 1] = ',';
	assert_int_equal(
	    socketmap_parse(data, SOCKETMAP_REQUEST_MAX - 1, &used, &payload, &error), 0);
	assert_int_equal(socketmap_parse(data, SOCKETMAP_REQUEST_MAX, &used, &payload, &error), 1);
	assert_int_equal(used, SOCKETMAP_REQUEST_MAX);
	assert_int_equal(payload.len, SOCKETMAP_PAYLOAD_MAX);
	free(data);
}

/* Any bytes, however they are divided, have one result. */
static void
test_garbage(void **state)
{
	static const char alphabet[] = "00112233::,,m k \n\377";
	char data[60], whole[20000];
	uint64_t seed = 10003;
	size_t i, j, n;

	(void)state;
	for (i = 0; i < 50000; i++) {
		n = 1 + unit_random(&seed, sizeof(data) - 1);
		for (j = 0; j < n; j++)
			data[j] = alphabet[unit_random(&seed, sizeof(alphabet))];
		strlcpy(whole, parse_steps(data, n, n, n), sizeof(whole));
		unit_text("garbage", unit_row("%zu", i),
		    parse_steps(data, n, 1 + unit_random(&seed, 9), 1 + unit_random(&seed, 9)),
		    whole);
	}
	unit_end();
}

static void
test_replies(void **state)
{
	static const struct {
		enum socketmap_status status;
		const char *text;
		size_t len;
		const char *want;
		size_t want_len;
	} rows[] = {
		{ SOCKETMAP_OK, BYTES("a@x.test"), BYTES("11:OK a@x.test,") },
		{ SOCKETMAP_OK, BYTES("\"jane roe\"@x.test"), BYTES("20:OK \"jane roe\"@x.test,") },
		{ SOCKETMAP_OK, BYTES("\303\274@x,%25"), BYTES("11:OK \303\274@x,%25,") },
		{ SOCKETMAP_OK, BYTES("123456"), BYTES("9:OK 123456,") },
		{ SOCKETMAP_OK, BYTES("1234567"), BYTES("10:OK 1234567,") },
		{ SOCKETMAP_OK, BYTES("a\0b"), BYTES("6:OK a\0b,") },
		{ SOCKETMAP_NOTFOUND, BYTES("Not an SRS address."),
		    BYTES("28:NOTFOUND Not an SRS address.,") },
		{ SOCKETMAP_NOTFOUND, BYTES(""), BYTES("9:NOTFOUND ,") },
		{ SOCKETMAP_NOTFOUND, NULL, 0, BYTES("9:NOTFOUND ,") },
		{ SOCKETMAP_TEMP, BYTES("try again"), BYTES("14:TEMP try again,") },
		{ SOCKETMAP_PERM, BYTES("Invalid map."), BYTES("17:PERM Invalid map.,") },
	};
	char *buf, *copy;
	size_t i, len;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		buf = malloc(SOCKETMAP_REPLY_SIZE);
		copy = rows[i].text == NULL ? NULL : unit_copy(rows[i].text, rows[i].len);
		len = socketmap_reply(buf, rows[i].status, copy, rows[i].len);
		unit_bytes(rows[i].want, "reply", buf, len, rows[i].want, rows[i].want_len);
		free(copy);
		free(buf);
	}
	unit_end();
}

/* check_reply_of - a reply with a text of n bytes fits, and is one netstring */
static void
check_reply_of(enum socketmap_status status, const char *word, size_t n)
{
	char *buf = malloc(SOCKETMAP_REPLY_SIZE), *text = unit_fill('t', n);
	struct text payload = { NULL, 0 };
	const char *error, *row = unit_row("%s%zu", word, n);
	size_t len, used = 0;

	len = socketmap_reply(buf, status, text, n);
	assert_in_range(len, n + strlen(word) + 3, SOCKETMAP_REPLY_SIZE);
	unit_int(row, "parsed", socketmap_parse(buf, len, &used, &payload, &error), 1);
	unit_int(row, "used", (int)used, (int)len);
	unit_bytes(row, "word", payload.s, strlen(word), word, strlen(word));
	unit_bytes(row, "text", payload.s + strlen(word), payload.len - strlen(word), text, n);
	free(buf);
	free(text);
}

static void
test_replies_at_length(void **state)
{
	static const size_t lengths[] = { 0, 1, 90, 91, 94, 95, 96, 97, MAILADDR_MAX, 990, 991, 994,
		995, 996, 997, SOCKETMAP_TEXT_MAX - 1, SOCKETMAP_TEXT_MAX };
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(lengths); i++) {
		check_reply_of(SOCKETMAP_OK, "OK ", lengths[i]);
		check_reply_of(SOCKETMAP_NOTFOUND, "NOTFOUND ", lengths[i]);
		check_reply_of(SOCKETMAP_TEMP, "TEMP ", lengths[i]);
		check_reply_of(SOCKETMAP_PERM, "PERM ", lengths[i]);
	}
	unit_end();
}

/* A text that is too long is not cut: half an address is another address. */
static void
test_reply_too_long(void **state)
{
	char *buf = unit_fill('.', SOCKETMAP_REPLY_SIZE), *text = unit_fill('t', 200000);
	char *untouched = unit_fill('.', SOCKETMAP_REPLY_SIZE);

	(void)state;
	assert_int_equal(socketmap_reply(buf, SOCKETMAP_OK, text, SOCKETMAP_TEXT_MAX + 1), 0);
	assert_int_equal(socketmap_reply(buf, SOCKETMAP_NOTFOUND, text, 200000), 0);
	assert_int_equal(socketmap_reply(buf, SOCKETMAP_OK, text, SIZE_MAX), 0);
	assert_memory_equal(buf, untouched, SOCKETMAP_REPLY_SIZE);
	free(buf);
	free(untouched);
	free(text);
}

/* The beginning of a long payload, which is all that a caller has to keep. */
static void
test_long(void **state)
{
	static const struct {
		const char *head;
		size_t kept; /* bytes of the payload that are there */
		bool is_long;
		size_t rest;
	} rows[] = {
		{ "4096:", 4096, false, 0 },
		{ "4097:", 4095, false, 0 },
		{ "4097:", 4096, true, 2 },
		{ "4097:", 4097, true, 2 },
		{ "100000:", 4096, true, 100000 - 4096 + 1 },
		{ "100001:", 4096, false, 0 },
		{ "04097:", 4096, false, 0 },
		{ "4097;", 4096, false, 0 },
	};
	struct text payload;
	size_t i, used, rest, head;
	char *data, *fill = unit_fill('k', 5000);
	const char *row;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		row = unit_row("%s and %zu bytes", rows[i].head, rows[i].kept);
		head = strlen(rows[i].head);
		data = malloc(head + rows[i].kept);
		assert_non_null(data);
		memcpy(data, rows[i].head, head);
		memcpy(data + head, fill, rows[i].kept);
		used = rest = 0;
		unit_int(row, "long",
		    socketmap_parse_long(data, head + rows[i].kept, &used, &payload, &rest),
		    rows[i].is_long);
		unit_true(row, "rest", rest == rows[i].rest);
		if (rows[i].is_long) {
			unit_true(row, "used", used == head + SOCKETMAP_KEPT_MAX);
			unit_true(row, "payload", payload.len == SOCKETMAP_KEPT_MAX);
			assert_ptr_equal(payload.s, data + head);
		}
		free(data);
	}
	free(fill);
	unit_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_requests),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_not_requests),
		cmocka_unit_test(test_not_netstrings),
		cmocka_unit_test(test_pipelined),
		cmocka_unit_test(test_incomplete),
		cmocka_unit_test(test_lengths_over_the_limit),
		cmocka_unit_test(test_long_keys),
		cmocka_unit_test(test_longest_request),
		cmocka_unit_test(test_garbage),
		cmocka_unit_test(test_replies),
		cmocka_unit_test(test_replies_at_length),
		cmocka_unit_test(test_reply_too_long),
	};

	return cmocka_run_group_tests_name("socketmap", tests, NULL, NULL);
}
