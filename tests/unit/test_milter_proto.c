/* SPDX-License-Identifier: ISC */
#include "tests/unit/unit.h"

#include "common/buffer.h"
#include "srsd/postfix/milter_proto.h"

#define NO_COMMAND "-1 packet without a command;"
#define TOO_LONG "-1 packet over 16 MiB;"

/* The results for some input: "COMMAND payload;" for each packet, and "-1 REASON;" at an error. */
struct transcript {
	size_t len;
	bool closed;
	size_t drop; /* bytes that are still to be dropped */
	char text[20000];
};

static void
record_packet(struct transcript *t, const struct milter_packet *packet)
{
	char command[8], payload[1000];

	unit_visible(command, sizeof(command), &packet->command, 1);
	unit_visible(payload, sizeof(payload), packet->payload.s, packet->payload.len);
	t->len += (size_t)snprintf(t->text + t->len, sizeof(t->text) - t->len, "%s %s%s;", command,
	    payload, packet->rest > 0 ? " cut" : "");
	assert_in_range(t->len, 1, sizeof(t->text) - 1);
	t->drop = packet->rest;
}

/* drop_bytes - those of a packet that was cut; returns how many */
static size_t
drop_bytes(struct transcript *t, size_t len)
{
	size_t n = len < t->drop ? len : t->drop;

	t->drop -= n;
	return n;
}

/* parse_available - the packets in the bytes received so far; returns how many are used */
static size_t
parse_available(struct transcript *t, const char *data, size_t len)
{
	struct milter_packet packet;
	const char *error;
	size_t used, done = drop_bytes(t, len);
	int got = 1;

	while (got == 1) {
		got = milter_parse(data + done, len - done, &used, &packet, &error);
		if (got != 1)
			assert_int_equal(used, 0);
		if (got == -1)
			t->len += (size_t)snprintf(
			    t->text + t->len, sizeof(t->text) - t->len, "-1 %s;", error);
		if (got == 1)
			record_packet(t, &packet);
		done += used;
		done += drop_bytes(t, len - done);
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
	char row[400];
	size_t i;

	unit_visible(row, sizeof(row), data, len);
	unit_text(row, "whole", parse_steps(data, len, len, len), want);
	unit_text(row, "byte by byte", parse_steps(data, len, 1, 1), want);
	for (i = 0; i < len && unit_differences == 0; i++)
		unit_text(row, unit_row("split at %zu", i), parse_steps(data, len, i, len), want);
}

struct packet_row {
	const char *data;
	size_t len;
	const char *want;
};

static void
test_packets(void **state)
{
	static const struct packet_row rows[] = {
		{ BYTES(""), "" },
		{ BYTES("\0\0\0\1Q"), "Q ;" },
		{ BYTES("\0\0\0\1Q\0\0\0\1K"), "Q ;K ;" },
		{ BYTES("\0\0\0\4Ra\0b"), "R a\\x00b;" },
		{ BYTES("\0\0\0\2\0\0"), "\\x00 \\x00;" },
		{ BYTES("\0\0\0\2\377\377"), "\\xff \\xff;" },
		{ BYTES("\0\0\0\4Rabc\0\0\0\1N\0\0\0\1E"), "R abc;N ;E ;" },
		/* not complete */
		{ BYTES("\0"), "" },
		{ BYTES("\0\0\0\1"), "" },
		{ BYTES("\0\0\0\2R"), "" },
		{ BYTES("\0\0\0\1N\0\0\0"), "N ;" },
		{ BYTES("\0\0\1\0Rabc"), "" },
		/* not the protocol */
		{ BYTES("\0\0\0\0"), NO_COMMAND },
		{ BYTES("\0\0\0\1N\0\0\0\0\0\0\0\1N"), "N ;" NO_COMMAND },
		{ BYTES("\1\0\0\1R"), TOO_LONG },
		{ BYTES("\377\377\377\377R"), TOO_LONG },
		{ BYTES("\200\0\0\0R"), TOO_LONG },
		{ BYTES("GET / HTTP/1.0\r\n\r\n"), TOO_LONG },
		{ BYTES("EHLO x\r\n"), TOO_LONG },
		{ BYTES("\26\3\1\0\1"), TOO_LONG },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++)
		check_splits(rows[i].data, rows[i].len, rows[i].want);
	unit_end();
}

/* make_packet - of n bytes of payload 'p', and an EOH after it; the caller frees it */
static char *
make_packet(char command, size_t n, size_t *len)
{
	char *data = unit_fill('p', 4 + 1 + n + 5);
	size_t length = 1 + n, i;

	for (i = 0; i < 4; i++)
		data[i] = (char)(length >> (24 - 8 * i));
	data[4] = command;
	memcpy(data + 5 + n, "\0\0\0\1N", 5);
	*len = 5 + n + 5;
	return data;
}

/* check_packet_of - a payload of n bytes, kept as far as this */
static void
check_packet_of(char command, size_t n, size_t kept)
{
	size_t len, used, before = MILTER_HEAD_SIZE + 1 + kept;
	char *data = make_packet(command, n, &len);
	struct milter_packet packet;
	const char *error, *row = unit_row("%zu bytes", n);

	unit_int(row, "too early", milter_parse(data, before - 1, &used, &packet, &error), 0);
	unit_int(row, "used", (long long)used, 0);
	unit_int(row, "got", milter_parse(data, before, &used, &packet, &error), 1);
	unit_int(row, "used", (long long)used, (long long)before);
	unit_int(row, "kept", (long long)packet.payload.len, (long long)kept);
	unit_int(row, "rest", (long long)packet.rest, (long long)(n - kept));
	unit_int(row, "command", packet.command, command);
	assert_ptr_equal(packet.payload.s, data + 5);
	unit_int(row, "more", milter_parse(data, len, &used, &packet, &error), 1);
	unit_int(row, "used of more", (long long)used, (long long)before);
	unit_int(row, "next",
	    milter_parse(
		data + used + packet.rest, len - used - packet.rest, &used, &packet, &error),
	    1);
	unit_int(row, "next command", packet.command, MILTER_END_OF_HEADERS);
	free(data);
}

/* What is over the bound is dropped, and the session goes on. */
static void
test_long_packets(void **state)
{
	static const size_t most = MILTER_PACKET_MAX - MILTER_HEAD_SIZE - 1;

	(void)state;
	check_packet_of(MILTER_HEADER, 100, 100);
	check_packet_of(MILTER_HEADER, most - 1, most - 1);
	check_packet_of(MILTER_HEADER, most, most);
	check_packet_of(MILTER_HEADER, most + 1, most);
	check_packet_of(MILTER_BODY, 65535, most);
	check_packet_of('?', 102400, most);
	check_packet_of(MILTER_RCPT, 200000, most);
	check_packet_of(MILTER_HEADER, MILTER_LENGTH_MAX - 1, most);
	unit_end();
}

static void
test_packet_over_the_limit(void **state)
{
	struct milter_packet packet;
	const char *error;
	size_t used, len;
	char *data = make_packet(MILTER_HEADER, MILTER_LENGTH_MAX, &len);

	(void)state;
	assert_int_equal(milter_parse(data, 4, &used, &packet, &error), -1);
	assert_int_equal(milter_parse(data, len, &used, &packet, &error), -1);
	free(data);
}

/* A long packet, however its bytes are divided. */
static void
test_long_packet_in_pieces(void **state)
{
	size_t len;
	char *data = make_packet(MILTER_HEADER, 40000, &len);
	char whole[2000];

	(void)state;
	strlcpy(whole, parse_steps(data, len, len, len), sizeof(whole));
	unit_text("", "end", whole + strlen(whole) - 9, "p cut;N ;");
	unit_text("", "byte by byte", parse_steps(data, len, 1, 1), whole);
	unit_text("", "4096", parse_steps(data, len, 1, 4096), whole);
	unit_text("", "at its end", parse_steps(data, len, 40005, 1), whole);
	free(data);
	unit_end();
}

/* Any bytes, however they are divided, have one result. */
static void
test_garbage(void **state)
{
	static const char alphabet[] = "\0\0\0\0\0\0\1\1\2\3\4\5\10QRLNE<>\377";
	char data[60], whole[20000];
	uint64_t seed = 10003;
	size_t i, j, n;

	(void)state;
	for (i = 0; i < 30000; i++) {
		n = 1 + unit_random(&seed, sizeof(data) - 1);
		for (j = 0; j < n; j++)
			data[j] = alphabet[unit_random(&seed, sizeof(alphabet) - 1)];
		strlcpy(whole, parse_steps(data, n, n, n), sizeof(whole));
		unit_text("garbage", unit_row("%zu", i),
		    parse_steps(data, n, 1 + unit_random(&seed, 9), 1 + unit_random(&seed, 9)),
		    whole);
	}
	unit_end();
}

/* -- payloads */

/* make_payload - a packet with this payload in memory of its own; free_payload() frees it */
static struct milter_packet
make_payload(const char *s, size_t len)
{
	struct milter_packet packet = { 0 };

	packet.payload.s = unit_copy(s, len);
	packet.payload.len = len;
	return packet;
}

static void
free_payload(struct milter_packet *packet)
{
	free((char *)(uintptr_t)packet->payload.s);
}

static void
test_options(void **state)
{
	static const struct {
		const char *s;
		size_t len;
		bool ok;
		struct milter_options want;
	} rows[] = {
		{ BYTES("\0\0\0\6\0\0\1\377\0\37\377\377"), true, { 6, 0x1ff, 0x1fffff } },
		{ BYTES("\0\0\0\2\0\0\0\77\0\0\0\177"), true, { 2, 0x3f, 0x7f } },
		{ BYTES("\200\0\0\1\377\377\377\377\1\2\3\4"), true,
		    { 0x80000001, 0xffffffff, 0x01020304 } },
		{ BYTES("\0\0\0\6\0\0\1\377\0\37\377\377more"), true, { 6, 0x1ff, 0x1fffff } },
		{ BYTES("\0\0\0\6\0\0\1\377\0\37\377"), false, { 0, 0, 0 } },
		{ BYTES(""), false, { 0, 0, 0 } },
	};
	struct milter_options got;
	struct milter_packet packet;
	const char *error, *row;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		row = unit_row("%zu", i);
		error = NULL;
		packet = make_payload(rows[i].s, rows[i].len);
		unit_int(row, "ok", milter_parse_options(&packet, &got, &error), rows[i].ok);
		unit_int(row, "error", error != NULL, !rows[i].ok);
		if (rows[i].ok) {
			unit_int(row, "version", got.version, rows[i].want.version);
			unit_int(row, "actions", got.actions, rows[i].want.actions);
			unit_int(row, "steps", got.steps, rows[i].want.steps);
		}
		free_payload(&packet);
	}
	unit_end();
}

static void
test_clients(void **state)
{
	static const struct {
		const char *s;
		size_t len;
		const char *want;
	} rows[] = {
		{ BYTES("mx.test\0004\0\031192.0.2.1\0"), "mx.test 192.0.2.1 25" },
		{ BYTES("[192.0.2.1]\0004\377\377192.0.2.1\0"), "[192.0.2.1] 192.0.2.1 65535" },
		{ BYTES("mx.test\0006\0\0002001:db8::1\0"), "mx.test 2001:db8::1 0" },
		{ BYTES("mx.test\0006\0\0IPv6:2001:db8::1\0"), "mx.test 2001:db8::1 0" },
		{ BYTES("mx.test\0006\0\0ipv6:2001:db8::1\0"), "mx.test 2001:db8::1 0" },
		{ BYTES("mx.test\0006\0\0::ffff:192.0.2.1\0"), "mx.test 192.0.2.1 0" },
		{ BYTES("\0004\0\031192.0.2.1\0more"), " 192.0.2.1 25" },
		/* without an address */
		{ BYTES("unknown\0U"), "unknown  0" },
		{ BYTES("unknown\0Umore"), "unknown  0" },
		{ BYTES("localhost\0L\0\0/run/socket\0"), "localhost  0" },
		{ BYTES("localhost\0L\0\0127.0.0.1\0"), "localhost  10" },
		{ BYTES("localhost\0L\0\000127.0.0.1\0"), "localhost  0" },
		{ BYTES("mx.test\0004\0\031unknown\0"), "mx.test  25" },
		{ BYTES("mx.test\0004\0\031\0"), "mx.test  25" },
		{ BYTES("mx.test\0004\0\031192.0.2.256\0"), "mx.test  25" },
		{ BYTES("mx.test\0006\0\031IPv6:\0"), "mx.test  25" },
		{ BYTES("mx.test\0006\0\031IPv6:IPv6:::1\0"), "mx.test  25" },
		{ BYTES("mx.test\0?\0\031192.0.2.1\0"), "mx.test  25" },
		/* not complete */
		{ BYTES(""), "error" },
		{ BYTES("mx.test"), "error" },
		{ BYTES("mx.test\0"), "error" },
		{ BYTES("mx.test\0004"), "error" },
		{ BYTES("mx.test\0004\0"), "error" },
		{ BYTES("mx.test\0004\0\031"), "error" },
		{ BYTES("mx.test\0004\0\031192.0.2.1"), "error" },
	};
	char address[IPADDR_TEXT_SIZE], got[400], row[400];
	struct milter_client client;
	struct milter_packet packet;
	const char *error;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		unit_visible(row, sizeof(row), rows[i].s, rows[i].len);
		packet = make_payload(rows[i].s, rows[i].len);
		if (milter_parse_client(&packet, &client, &error)) {
			ipaddr_format(&client.address, address);
			snprintf(got, sizeof(got), "%.*s %s %u", (int)client.name.len,
			    client.name.s, address, client.port);
			unit_text(row, "client", got, rows[i].want);
		} else {
			unit_text(row, "client", "error", rows[i].want);
		}
		free_payload(&packet);
	}
	unit_end();
}

/* list_macros - as "COMMAND name=value,name=value," */
static void
list_macros(char *buf, size_t size, const struct milter_packet *packet)
{
	struct milter_macros macros;
	struct text name, value;
	const char *error;
	size_t len;

	if (!milter_parse_macros(packet, &macros, &error)) {
		snprintf(buf, size, "error");
		return;
	}
	len = (size_t)snprintf(buf, size, "%c ", macros.command);
	while (milter_next_macro(&macros, &name, &value))
		len += (size_t)snprintf(buf + len, size - len, "%.*s=%.*s,", (int)name.len, name.s,
		    (int)value.len, value.s);
}

static void
test_macros(void **state)
{
	static const struct packet_row rows[] = {
		{ BYTES("Mi\0004F1\0{auth_authen}\0alice\0"), "M i=4F1,auth_authen=alice," },
		{ BYTES("M{i}\0004F1\0"), "M i=4F1," },
		{ BYTES("C"), "C " },
		{ BYTES("Cj\0\0"), "C j=," },
		{ BYTES("C\0\0"), "C =," },
		{ BYTES("C{}\0x\0"), "C =x," },
		{ BYTES("C{\0x\0"), "C {=x," },
		{ BYTES("C}\0x\0{a\0y\0"), "C }=x,{a=y," },
		{ BYTES("Ci\0"), "C " },
		{ BYTES("Ci\0x"), "C " },
		{ BYTES("Ci\0x\0j\0"), "C i=x," },
		{ BYTES("Ci\0x\0j\0y"), "C i=x," },
		{ BYTES("Ci"), "C " },
		{ BYTES(""), "error" },
	};
	struct milter_packet packet;
	char got[400], row[400];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		unit_visible(row, sizeof(row), rows[i].data, rows[i].len);
		packet = make_payload(rows[i].data, rows[i].len);
		list_macros(got, sizeof(got), &packet);
		unit_text(row, "macros", got, rows[i].want);
		free_payload(&packet);
	}
	unit_end();
}

/* list_path - as "address|parameter|parameter|" */
static void
list_path(char *buf, size_t size, const struct milter_packet *packet)
{
	struct milter_path path;
	struct text parameter;
	const char *error = NULL;
	size_t len;

	if (!milter_parse_path(packet, &path, &error)) {
		snprintf(buf, size, "%s", error);
		return;
	}
	len = (size_t)snprintf(buf, size, "%.*s|", (int)path.address.len, path.address.s);
	while (milter_next_parameter(&path, &parameter))
		len += (size_t)snprintf(
		    buf + len, size - len, "%.*s|", (int)parameter.len, parameter.s);
}

static void
test_paths(void **state)
{
	static const struct packet_row rows[] = {
		{ BYTES("<a@x.test>\0"), "a@x.test|" },
		{ BYTES("<>\0"), "|" },
		{ BYTES("<a@x.test>\0SIZE=100\0BODY=8BITMIME\0"),
		    "a@x.test|SIZE=100|BODY=8BITMIME|" },
		{ BYTES("<\"a>b\"@x.test>\0"), "\"a>b\"@x.test|" },
		{ BYTES("<\"jane roe\"@x.test>\0"), "\"jane roe\"@x.test|" },
		{ BYTES("a@x.test\0NOTIFY=NEVER\0"), "a@x.test|NOTIFY=NEVER|" },
		{ BYTES("<a@x.test\0"), "<a@x.test|" },
		{ BYTES("a@x.test>\0"), "a@x.test>|" },
		{ BYTES("<<a@x.test>>\0"), "<a@x.test>|" },
		{ BYTES("<@r.test:a@x.test>\0"), "a@x.test|" },
		{ BYTES("@r.test,@s.test:a@x.test\0"), "a@x.test|" },
		{ BYTES("<@[IPv6:2001:db8::1]:a@x.test>\0"), "a@x.test|" },
		{ BYTES("<@r.test:>\0"), "|" },
		{ BYTES("<@r.test:@s.test:a@x.test>\0"), "a@x.test|" },
		{ BYTES("<@r.test:@[IPv6:2001:db8::1]:@x.test>\0"), "@x.test|" },
		{ BYTES("@r.test:@s.test:\0"), "|" },
		{ BYTES("<@x.test>\0"), "@x.test|" },
		{ BYTES("<\"@r:a\"@x.test>\0"), "\"@r:a\"@x.test|" },
		{ BYTES("<\0"), "<|" },
		{ BYTES("\0"), "|" },
		{ BYTES("\0\0\0"), "|||" },
		{ BYTES("<\303\274@x.test>\0SMTPUTF8\0"), "\303\274@x.test|SMTPUTF8|" },
		{ BYTES(""), "address or parameter without an end" },
		{ BYTES("<a@x.test>"), "address or parameter without an end" },
		{ BYTES("<a@x.test>\0SIZE"), "address or parameter without an end" },
	};
	struct milter_packet packet;
	char got[400], row[400];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		unit_visible(row, sizeof(row), rows[i].data, rows[i].len);
		packet = make_payload(rows[i].data, rows[i].len);
		list_path(got, sizeof(got), &packet);
		unit_text(row, "path", got, rows[i].want);
		packet.rest = 1;
		list_path(got, sizeof(got), &packet);
		unit_text(row, "cut", got, "address and parameters over 16 KiB");
		free_payload(&packet);
	}
	unit_end();
}

static void
test_parameter_by_name(void **state)
{
	static const struct packet_row rows[] = {
		{ BYTES("<a>\0ORCPT=rfc822;b\0"), "rfc822;b" },
		{ BYTES("<a>\0orcpt=rfc822;b\0"), "rfc822;b" },
		{ BYTES("<a>\0NOTIFY=NEVER\0OrCpT=rfc822;b\0"), "rfc822;b" },
		{ BYTES("<a>\0ORCPT=1\0ORCPT=2\0"), "1" },
		{ BYTES("<a>\0ORCPT=\0"), "" },
		{ BYTES("<a>\0ORCPT=a=b\0"), "a=b" },
		{ BYTES("<a>\0\0ORCPT=1\0"), "1" },
		{ BYTES("<a>\0"), UNIT_NULL },
		{ BYTES("<a>\0ORCPT\0"), UNIT_NULL },
		{ BYTES("<a>\0XORCPT=1\0ORCPTX=1\0ORCP=1\0"), UNIT_NULL },
		{ BYTES("<a>\0 ORCPT=1\0"), UNIT_NULL },
		{ BYTES("ORCPT=1\0"), UNIT_NULL },
	};
	struct milter_packet packet;
	struct milter_path path;
	struct text value, first;
	char got[400], row[400];
	const char *error;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		unit_visible(row, sizeof(row), rows[i].data, rows[i].len);
		packet = make_payload(rows[i].data, rows[i].len);
		assert_true(milter_parse_path(&packet, &path, &error));
		if (milter_find_parameter(&path, "ORCPT", &value))
			snprintf(got, sizeof(got), "%.*s", (int)value.len, value.s);
		else
			snprintf(got, sizeof(got), "%s", UNIT_NULL);
		unit_text(row, "value", got, rows[i].want);
		if (milter_next_parameter(&path, &first))
			unit_true(row, "place", first.s == packet.payload.s + 4);
		free_payload(&packet);
	}
	unit_end();
}

static void
test_headers(void **state)
{
	static const struct {
		const char *s;
		size_t len;
		size_t rest;
		const char *want;
	} rows[] = {
		{ BYTES("From\0a@x.test\0"), 0, "From:a@x.test" },
		{ BYTES("From\0a@x.test,\n\tb@x.test\0"), 0, "From:a@x.test,\n\tb@x.test" },
		{ BYTES("X\0\0"), 0, "X:" },
		{ BYTES("\0\0"), 0, ":" },
		{ BYTES("From\0a@x.te"), 7, "From:a@x.te cut" },
		{ BYTES("From\0"), 7, "From: cut" },
		{ BYTES("Fro"), 7, "Fro: cut" },
		{ BYTES(""), 7, ": cut" },
		{ BYTES(""), 0, "error" },
		{ BYTES("From"), 0, "error" },
		{ BYTES("From\0"), 0, "error" },
		{ BYTES("From\0a@x.test"), 0, "error" },
		{ BYTES("From\0a@x.test\0b"), 0, "error" },
		{ BYTES("From\0a@x.test\0b\0"), 0, "error" },
	};
	struct milter_header header;
	struct milter_packet packet;
	char got[400], row[400];
	const char *error;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		unit_visible(row, sizeof(row), rows[i].s, rows[i].len);
		packet = make_payload(rows[i].s, rows[i].len);
		packet.rest = rows[i].rest;
		if (milter_parse_header(&packet, &header, &error))
			snprintf(got, sizeof(got), "%.*s:%.*s%s", (int)header.name.len,
			    header.name.s, (int)header.value.len, header.value.s,
			    header.cut ? " cut" : "");
		else
			snprintf(got, sizeof(got), "error");
		unit_text(row, "header", got, rows[i].want);
		free_payload(&packet);
	}
	unit_end();
}

/* -- options */

#define POSTFIX_ACTIONS 0x1ff
#define POSTFIX_STEPS 0x1fffff

static void
test_agreement(void **state)
{
	static const struct {
		const char *row;
		struct milter_options offered;
		bool ok;
		struct milter_options want;
		bool can_rewrite;
	} rows[] = {
		{ "Postfix, version 6", { 6, POSTFIX_ACTIONS, POSTFIX_STEPS }, true,
		    { 6, 0x16c, 0x045392 }, true },
		{ "Postfix, version 4", { 4, POSTFIX_ACTIONS, 0x37f }, true, { 4, 0x16c, 0x312 },
		    true },
		{ "Postfix, version 3", { 3, POSTFIX_ACTIONS, 0x17f }, true, { 3, 0x16c, 0x112 },
		    true },
		{ "Postfix, version 2", { 2, POSTFIX_ACTIONS, 0x7f }, true, { 2, 0x16c, 0x12 },
		    true },
		{ "Sendmail 8.13", { 2, 0x3f, 0x7f }, true, { 2, 0x2c, 0x12 }, false },
		{ "nothing", { 6, 0, 0 }, true, { 6, 0, 0 }, false },
		{ "everything", { 7, 0xffffffff, 0xffffffff }, true, { 6, 0x16c, 0x045392 }, true },
		{ "version 1", { 1, 0xf, 0x3f }, false, { 0, 0, 0 }, false },
		{ "version 0", { 0, POSTFIX_ACTIONS, POSTFIX_STEPS }, false, { 0, 0, 0 }, false },
	};
	struct milter_options got;
	const char *row;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		row = rows[i].row;
		unit_int(row, "ok", milter_agree(&rows[i].offered, &got), rows[i].ok);
		if (!rows[i].ok)
			continue;
		unit_int(row, "version", got.version, rows[i].want.version);
		unit_int(row, "actions", got.actions, rows[i].want.actions);
		unit_int(row, "steps", got.steps, rows[i].want.steps);
		unit_int(row, "rewrite", milter_can_rewrite(&got), rows[i].can_rewrite);
	}
	unit_end();
}

static void
test_answered(void **state)
{
	static const struct {
		char command;
		uint32_t flag; /* without a reply, if this is agreed; 0: always with one */
		bool never;
	} rows[] = {
		{ MILTER_ABORT, 0, true },
		{ MILTER_MACROS, 0, true },
		{ MILTER_QUIT, 0, true },
		{ MILTER_QUIT_NEW, 0, true },
		{ MILTER_OPTIONS, 0, false },
		{ MILTER_END_OF_MESSAGE, 0, false },
		{ 'x', 0, false },
		{ '\0', 0, false },
		{ MILTER_CONNECT, MILTER_NR_CONNECT, false },
		{ MILTER_HELO, MILTER_NR_HELO, false },
		{ MILTER_MAIL, MILTER_NR_MAIL, false },
		{ MILTER_RCPT, MILTER_NR_RCPT, false },
		{ MILTER_DATA, MILTER_NR_DATA, false },
		{ MILTER_UNKNOWN, MILTER_NR_UNKNOWN, false },
		{ MILTER_HEADER, MILTER_NR_HEADER, false },
		{ MILTER_END_OF_HEADERS, MILTER_NR_END_OF_HEADERS, false },
		{ MILTER_BODY, MILTER_NR_BODY, false },
	};
	struct milter_options all = { 6, 0, 0xffffffff }, none = { 6, 0, 0 }, but;
	char row[8];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		unit_visible(row, sizeof(row), &rows[i].command, 1);
		unit_int(row, "nothing agreed", milter_is_answered(&none, rows[i].command),
		    !rows[i].never);
		unit_int(row, "all agreed", milter_is_answered(&all, rows[i].command),
		    !rows[i].never && rows[i].flag == 0);
		but = all;
		but.steps &= ~rows[i].flag;
		unit_int(
		    row, "all other", milter_is_answered(&but, rows[i].command), !rows[i].never);
	}
	unit_end();
}

/* -- replies */

static void
check_reply(struct buffer *out, const char *row, const char *want, size_t len)
{
	struct milter_packet packet;
	const char *error;
	size_t used = 0;

	unit_bytes(row, "reply", out->data, out->len, want, len);
	unit_int(row, "packet", milter_parse(out->data, out->len, &used, &packet, &error), 1);
	unit_int(row, "used", (long long)used, (long long)out->len);
	buffer_clear(out);
}

static void
test_replies(void **state)
{
	struct buffer out = { 0 };

	(void)state;
	milter_put_continue(&out);
	check_reply(&out, "continue", BYTES("\0\0\0\1c"));
	milter_put_accept(&out);
	check_reply(&out, "accept", BYTES("\0\0\0\1a"));
	milter_put_discard(&out);
	check_reply(&out, "discard", BYTES("\0\0\0\1d"));
	milter_put_tempfail(&out);
	check_reply(&out, "tempfail", BYTES("\0\0\0\1t"));
	milter_put_progress(&out);
	check_reply(&out, "progress", BYTES("\0\0\0\1p"));
	milter_put_sender(&out, BYTES("a@x.test"));
	check_reply(&out, "sender", BYTES("\0\0\0\14e<a@x.test>\0"));
	milter_put_sender(&out, NULL, 0);
	check_reply(&out, "null sender", BYTES("\0\0\0\4e<>\0"));
	milter_put_added_rcpt(&out, BYTES("a@x.test"));
	check_reply(&out, "added", BYTES("\0\0\0\14+<a@x.test>\0"));
	milter_put_deleted_rcpt(&out, BYTES("\"a b\"@x.test"));
	check_reply(&out, "deleted", BYTES("\0\0\0\20-<\"a b\"@x.test>\0"));
	milter_put_quarantine(&out, "held");
	check_reply(&out, "quarantine", BYTES("\0\0\0\6qheld\0"));
	milter_put_reply(&out, "550 5.1.1 no");
	check_reply(&out, "reply", BYTES("\0\0\0\16y550 5.1.1 no\0"));
	milter_put_reply(&out, "451 4.3.0 5%d%%");
	check_reply(&out, "percent", BYTES("\0\0\0\24y451 4.3.0 5%%d%%%%\0"));
	milter_put_reply(&out, "550 a\r\n550-b\t\303\274\177");
	check_reply(&out, "other bytes", BYTES("\0\0\0\22y550 a??550-b????\0"));
	buffer_free(&out);
	unit_end();
}

static void
test_replies_in_a_row(void **state)
{
	struct buffer out = { 0 };

	(void)state;
	milter_put_sender(&out, BYTES("a"));
	milter_put_continue(&out);
	unit_bytes("", "both", out.data, out.len, BYTES("\0\0\0\5e<a>\0\0\0\0\1c"));
	buffer_free(&out);
	unit_end();
}

/* A length of more than one byte. */
static void
test_long_reply(void **state)
{
	struct buffer out = { 0 };
	char *text = unit_fill('t', 70000);

	(void)state;
	memcpy(text, "550 ", 4);
	milter_put_reply(&out, text);
	unit_bytes("", "head", out.data, 9, BYTES("\0\1\021\162y550 "));
	unit_int("", "length", (long long)out.len, 4 + 1 + 70000 + 1);
	buffer_free(&out);
	free(text);
	unit_end();
}

static void
test_options_reply(void **state)
{
	struct milter_options lists = { 6, 0x16c, 0x045392 }, none = { 2, 0x2c, 0x12 };
	struct buffer out = { 0 };

	(void)state;
	milter_put_options(&out, &none);
	check_reply(&out, "no lists", BYTES("\0\0\0\15O\0\0\0\2\0\0\0\54\0\0\0\22"));
	milter_put_options(&out, &lists);
	check_reply(&out, "lists",
	    BYTES("\0\0\0\63O\0\0\0\6\0\0\1\154\0\4\123\222"
		  "\0\0\0\0j\0"
		  "\0\0\0\2i {auth_authen}\0"
		  "\0\0\0\3i\0"
		  "\0\0\0\5i\0"));
	buffer_free(&out);
	unit_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_packets),
		cmocka_unit_test(test_long_packets),
		cmocka_unit_test(test_packet_over_the_limit),
		cmocka_unit_test(test_long_packet_in_pieces),
		cmocka_unit_test(test_garbage),
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_clients),
		cmocka_unit_test(test_macros),
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_parameter_by_name),
		cmocka_unit_test(test_headers),
		cmocka_unit_test(test_agreement),
		cmocka_unit_test(test_answered),
		cmocka_unit_test(test_replies),
		cmocka_unit_test(test_replies_in_a_row),
		cmocka_unit_test(test_long_reply),
		cmocka_unit_test(test_options_reply),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
