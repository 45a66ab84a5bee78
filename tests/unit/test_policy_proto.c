/* SPDX-License-Identifier: ISC */
#include "tests/unit/unit.h"

#include "srsd/postfix/policy_proto.h"

#define REQUEST "request=smtpd_access_policy\n"

/*
 * describe - what a call came to: "1 rest|state|client|helo|sender|recipient|queue|instance|login",
 * rest being the bytes that were not used; good until the next call
 */
static const char *
describe(int got, size_t rest, const struct policy_request *req, const char *error)
{
	static char text[70000];
	const struct text *v[] = { &req->protocol_state, &req->client_address, &req->helo_name,
		&req->sender, &req->recipient, &req->queue_id, &req->instance,
		&req->sasl_username };
	size_t i, len;

	if (got != 1) {
		snprintf(text, sizeof(text), "%d %s", got, got == -1 ? error : "");
		return text;
	}
	len = (size_t)snprintf(text, sizeof(text), "1 %zu", rest);
	for (i = 0; i < COUNT(v); i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "|%.*s", (int)v[i]->len,
		    v[i]->len == 0 ? "" : v[i]->s);
	return text;
}

/*
 * feed - parse data in pieces that end at the multiples of step, from first on; each time in
 * memory that holds just what has come
 */
static const char *
feed(const char *data, size_t len, size_t first, size_t step)
{
	struct policy_parser parser = { 0 };
	struct policy_request req;
	const char *error = NULL, *result;
	size_t end = first, used = 0;
	char *copy;
	int got;

	for (;; end += step) {
		end = end > len ? len : end;
		copy = unit_copy(data, end);
		got = policy_parse(&parser, copy, end, &used, &req, &error);
		result = describe(got, len - used, &req, error);
		free(copy);
		if (got != 0 || end == len)
			break;
	}
	if (got == 1)
		unit_true(data, "parser is zeroed",
		    parser.scanned == 0 && parser.line == 0 && parser.attributes == 0);
	return result;
}

/* check_splits - the result is the same whole, byte by byte, and for all splits into two */
static void
check_splits(const char *row, const char *data, size_t len, const char *want)
{
	size_t i;

	unit_text(row, "whole", feed(data, len, len, len), want);
	unit_text(row, "byte by byte", feed(data, len, 1, 1), want);
	for (i = 0; i <= len && unit_differences == 0; i++)
		unit_text(row, unit_row("split at %zu", i), feed(data, len, i, len), want);
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
test_attributes(void **state)
{
	static const struct request_row rows[] = {
		{ BYTES(REQUEST "protocol_state=RCPT\nclient_address=192.0.2.1\n"
				"helo_name=mx.test\nsender=a@x.test\nrecipient=b@y.test\n"
				"queue_id=4ABC\ninstance=12.34\nsasl_username=jane\n\n"),
		    "1 0|RCPT|192.0.2.1|mx.test|a@x.test|b@y.test|4ABC|12.34|jane" },
		{ BYTES(REQUEST "\n"), "1 0||||||||" },
		{ BYTES(REQUEST "sender=\n\n"), "1 0||||||||" },
		{ BYTES("sender=a@x.test\n" REQUEST "\n"), "1 0||||a@x.test||||" },
		{ BYTES("helo_name=h\nprotocol_state=DATA\n" REQUEST "\n"), "1 0|DATA||h|||||" },
	};

	(void)state;
	check_requests(rows, COUNT(rows));
}

static void
test_values_as_they_are(void **state)
{
	static const struct request_row rows[] = {
		{ BYTES(REQUEST "sender=a=b@x.test\n\n"), "1 0||||a=b@x.test||||" },
		{ BYTES(REQUEST "sender==\n\n"), "1 0||||=||||" },
		{ BYTES(REQUEST "sender= a b \n\n"), "1 0|||| a b ||||" },
		{ BYTES(REQUEST "sender=%20<a>\"\\\n\n"), "1 0||||%20<a>\"\\||||" },
		{ BYTES(REQUEST "sender=\303\274\377\177\t\n\n"), "1 0||||\303\274\377\177\t||||" },
		{ BYTES(REQUEST "sender=a@x.test\r\n\n"), "1 0||||a@x.test\r||||" },
	};

	(void)state;
	check_requests(rows, COUNT(rows));
}

static void
test_last_one_counts(void **state)
{
	static const struct request_row rows[] = {
		{ BYTES(REQUEST "sender=a\nsender=b\n\n"), "1 0||||b||||" },
		{ BYTES(REQUEST "sender=a\nhelo_name=h\nsender=\n\n"), "1 0|||h|||||" },
		{ BYTES("request=other\n" REQUEST "\n"), "1 0||||||||" },
		{ BYTES(REQUEST "request=other\n\n"), "-1 no request=smtpd_access_policy" },
	};

	(void)state;
	check_requests(rows, COUNT(rows));
}

static void
test_unknown_attributes(void **state)
{
	static const struct request_row rows[] = {
		{ BYTES(REQUEST "size=12345\nccert_subject=\nstress=yes\nsender=a\n\n"),
		    "1 0||||a||||" },
		{ BYTES(REQUEST "Sender=a\nSENDER=b\nsender =c\n sender=d\n\n"), "1 0||||||||" },
		{ BYTES(REQUEST "sender2=a\nsende=b\n\n"), "1 0||||||||" },
		{ BYTES(REQUEST "=value\n\n"), "1 0||||||||" },
		{ BYTES(REQUEST "policy_context=sender=x\n\n"), "1 0||||||||" },
	};

	(void)state;
	check_requests(rows, COUNT(rows));
}

static void
test_no_requests(void **state)
{
	static const struct request_row rows[] = {
		{ BYTES("\n"), "-1 no request=smtpd_access_policy" },
		{ BYTES("sender=a@x.test\n\n"), "-1 no request=smtpd_access_policy" },
		{ BYTES("request=\n\n"), "-1 no request=smtpd_access_policy" },
		{ BYTES("request=smtpd_access_polic\n\n"), "-1 no request=smtpd_access_policy" },
		{ BYTES("request=smtpd_access_policy2\n\n"), "-1 no request=smtpd_access_policy" },
		{ BYTES("request=SMTPD_ACCESS_POLICY\n\n"), "-1 no request=smtpd_access_policy" },
		{ BYTES("request=smtpd_access_policy\r\n\n"), "-1 no request=smtpd_access_policy" },
		{ BYTES("Request=smtpd_access_policy\n\n"), "-1 no request=smtpd_access_policy" },
		{ BYTES(REQUEST "sender\n\n"), "-1 line without '='" },
		{ BYTES(REQUEST "\r\n\n"), "-1 CR at the end of a line" },
		{ BYTES("request=smtpd_access_policy\r\nsender=a@x.test\r\n\r\n"),
		    "-1 CR at the end of a line" },
		{ BYTES("GET / HTTP/1.1\r\n"), "-1 line without '='" },
		{ BYTES("no equals sign\nand one more\n"), "-1 line without '='" },
		{ BYTES(REQUEST " \n\n"), "-1 line without '='" },
		{ BYTES("EHLO client.test\n\n"), "-1 line without '='" },
		{ BYTES("get a@x.test\n\n"), "-1 line without '='" },
		{ BYTES(REQUEST "sender=a\0b\n\n"), "-1 NUL in an attribute" },
		{ BYTES(REQUEST "se\0nder=a\n\n"), "-1 NUL in an attribute" },
		{ BYTES(REQUEST "size=\0\n\n"), "-1 NUL in an attribute" },
		{ BYTES(REQUEST "sender=a\n\0\n\n"), "-1 line without '='" },
	};

	(void)state;
	check_requests(rows, COUNT(rows));
}

static void
test_incomplete(void **state)
{
	static const struct request_row rows[] = {
		{ BYTES(""), "0 " },
		{ BYTES("r"), "0 " },
		{ BYTES(REQUEST), "0 " },
		{ BYTES(REQUEST "sender"), "0 " },
		{ BYTES(REQUEST "sender=a\n"), "0 " },
		{ BYTES("\0\0\0"), "0 " },
	};

	(void)state;
	check_requests(rows, COUNT(rows));
}

/* Bytes after a request belong to the next one: they are neither used nor examined. */
static void
test_pipelined(void **state)
{
	static const char first[] = REQUEST "sender=a\n\n", second[] = REQUEST "sender=b\n\n";
	static const char both[] = REQUEST "sender=a\n\n" REQUEST "sender=b\n\n";
	struct policy_parser parser = { 0 };
	struct policy_request req;
	size_t used = 0, next = 0;
	const char *error;

	(void)state;
	assert_int_equal(policy_parse(&parser, both, strlen(both), &used, &req, &error), 1);
	assert_int_equal(used, strlen(first));
	assert_string_equal(describe(1, 0, &req, NULL), "1 0||||a||||");
	assert_int_equal(
	    policy_parse(&parser, both + used, strlen(both) - used, &next, &req, &error), 1);
	assert_int_equal(next, strlen(second));
	assert_string_equal(describe(1, 0, &req, NULL), "1 0||||b||||");
	check_splits("rubbish after it", BYTES(REQUEST "\n\0\0\0"), "1 3||||||||");
	unit_end();
}

/* Requests at a limit and one over it are too large for every split: a few must do. */
static void
check_large(const char *row, const char *data, size_t len, const char *want)
{
	size_t want_len = strlen(want);
	const char *got;
	size_t i;

	for (i = 0; i < 5; i++) {
		got = feed(data, len, len * i / 4, i == 0 ? 997 : len);
		unit_bytes(row, unit_row("split %zu", i), got,
		    strlen(got) < want_len ? strlen(got) : want_len, want, want_len);
	}
}

/* make_line - "sender=sss...\n", its length without NEWLINE len */
static size_t
put_line(char *buf, const char *name, size_t len)
{
	size_t n = (size_t)sprintf(buf, "%s=", name);

	memset(buf + n, 's', len - n);
	buf[len] = '\n';
	return len + 1;
}

static void
test_longest_line(void **state)
{
	char *data = unit_fill('\n', 20000);
	size_t head = strlen(REQUEST), len;

	(void)state;
	memcpy(data, REQUEST, head);
	len = head + put_line(data + head, "sender", POLICY_LINE_MAX);
	data[len++] = '\n';
	check_large("8192 bytes", data, len, "1 0|||");
	len = head + put_line(data + head, "sender", POLICY_LINE_MAX + 1);
	data[len++] = '\n';
	check_large("8193 bytes", data, len, "-1 line over 8 KiB");
	check_large("8193 bytes, no end", data, len - 2, "-1 line over 8 KiB");
	check_large("8192 bytes, no end", data, len - 3, "0 ");
	free(data);
	unit_end();
}

/* fill_request - a request of len bytes, with its empty line, in lines of 1024 bytes */
static void
fill_request(char *data, size_t len)
{
	size_t n = strlen(REQUEST), rest;

	memcpy(data, REQUEST, n);
	while (n < len - 1) {
		rest = len - 1 - n;
		n += put_line(data + n, "pad", rest > 2048 ? 1023 : rest - 1);
	}
	data[len - 1] = '\n';
}

static void
test_longest_request(void **state)
{
	char *data = malloc(POLICY_REQUEST_MAX + 100);

	(void)state;
	fill_request(data, POLICY_REQUEST_MAX + 1);
	check_large("64 KiB and the empty line", data, POLICY_REQUEST_MAX + 1, "1 0|");
	fill_request(data, POLICY_REQUEST_MAX);
	check_large("64 KiB", data, POLICY_REQUEST_MAX, "1 0|");
	fill_request(data, POLICY_REQUEST_MAX + 2);
	check_large("over it", data, POLICY_REQUEST_MAX + 2, "-1 request over 64 KiB");
	fill_request(data, POLICY_REQUEST_MAX + 100);
	check_large("far over it", data, POLICY_REQUEST_MAX + 100, "-1 request over 64 KiB");
	free(data);
	unit_end();
}

static void
test_most_attributes(void **state)
{
	char data[4000] = REQUEST;
	size_t len;
	int i;

	(void)state;
	for (i = 1; i < POLICY_ATTRIBUTES_MAX; i++)
		strcat(data, "a=b\n");
	len = strlen(data);
	data[len] = '\n';
	check_splits("128", data, len + 1, "1 0||||||||");
	strcpy(data + len, "a=b\n\n");
	check_splits("129", data, len + 5, "-1 more than 128 attributes");
	unit_end();
}

/* A client that never ends its request is stopped by some limit. */
static void
test_endless(void **state)
{
	char *data = unit_fill('=', 200000);
	size_t i;

	(void)state;
	check_large("no newline", data, 200000, "-1 line over 8 KiB");
	for (i = 1; i < 200000; i += 2)
		data[i] = '\n';
	check_large("short lines", data, 200000, "-1 more than 128 attributes");
	for (i = 0; i < 200000; i++)
		data[i] = i % 1000 == 999 ? '\n' : '=';
	check_large("long lines", data, 200000, "-1 request over 64 KiB");
	free(data);
	unit_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_attributes),
		cmocka_unit_test(test_values_as_they_are),
		cmocka_unit_test(test_last_one_counts),
		cmocka_unit_test(test_unknown_attributes),
		cmocka_unit_test(test_no_requests),
		cmocka_unit_test(test_incomplete),
		cmocka_unit_test(test_pipelined),
		cmocka_unit_test(test_longest_line),
		cmocka_unit_test(test_longest_request),
		cmocka_unit_test(test_most_attributes),
		cmocka_unit_test(test_endless),
	};

	return cmocka_run_group_tests_name("policy_proto", tests, NULL, NULL);
}
