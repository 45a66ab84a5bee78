/* SPDX-License-Identifier: ISC */
#include "tests/unit/unit.h"

#include "common/printable.h"
#include "spf/spf_header.h"

static struct text
text(const char *s)
{
	struct text t = { s, strlen(s) };

	return t;
}

static struct ipaddr
address(const char *s)
{
	struct ipaddr ip;

	assert_true(ipaddr_parse(&ip, s, strlen(s)));
	return ip;
}

/* An ordinary header; tests change what they are about. */
static struct spf_header
make_header(const struct ipaddr *client)
{
	struct spf_header h = {
		.identity = SPF_IDENTITY_MAILFROM,
		.result = SPF_PASS,
		.comment = "mailfrom",
		.mechanism = "",
		.problem = "",
		.client = client,
		.helo = text("out.relay.test"),
		.sender = text("jane@example.test"),
		.domain = text("example.test"),
	};

	return h;
}

static void
check_received(const char *row, const struct spf_header *h, const char *want)
{
	char buf[SPF_HEADER_SIZE];
	size_t len = spf_header_received(buf, h);

	unit_text(row, "header", buf, want);
	unit_int(row, "length", (int)len, (int)strlen(want));
}

static void
check_authres(
    const char *row, const struct spf_header *h, const enum spf_result *helo, const char *want)
{
	char buf[SPF_HEADER_SIZE];
	size_t len = spf_header_authres(buf, "mx.receiver.test", h, helo);

	unit_text(row, "header", buf, want);
	unit_int(row, "length", (int)len, (int)strlen(want));
}

static void
test_identity_names(void **state)
{
	(void)state;
	assert_string_equal(spf_identity_name(SPF_IDENTITY_HELO), "helo");
	assert_string_equal(spf_identity_name(SPF_IDENTITY_MAILFROM), "mailfrom");
}

static void
test_received(void **state)
{
	struct ipaddr ip = address("192.0.2.1");
	struct spf_header h = make_header(&ip);

	(void)state;
	check_received("mail from", &h,
	    "Received-SPF: Pass (mailfrom) client-ip=192.0.2.1; "
	    "helo=out.relay.test; envelope-from=\"jane@example.test\"; receiver=<UNKNOWN>; identity=mailfrom");
	h.identity = SPF_IDENTITY_HELO;
	h.comment = "helo";
	h.sender.len = h.domain.len = 0;
	check_received("null sender", &h,
	    "Received-SPF: Pass (helo) client-ip=192.0.2.1; "
	    "helo=out.relay.test; envelope-from=\"<>\"; receiver=<UNKNOWN>; identity=helo");
	unit_end();
}

static void
test_received_result_words(void **state)
{
	static const struct {
		enum spf_result result;
		const char *want;
	} rows[] = {
		{ SPF_NONE, "Received-SPF: None (" },
		{ SPF_NEUTRAL, "Received-SPF: Neutral (" },
		{ SPF_PASS, "Received-SPF: Pass (" },
		{ SPF_FAIL, "Received-SPF: Fail (" },
		{ SPF_SOFTFAIL, "Received-SPF: Softfail (" },
		{ SPF_TEMPERROR, "Received-SPF: Temperror (" },
		{ SPF_PERMERROR, "Received-SPF: Permerror (" },
	};
	struct ipaddr ip = address("192.0.2.1");
	struct spf_header h = make_header(&ip);
	char buf[SPF_HEADER_SIZE];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		h.result = rows[i].result;
		spf_header_received(buf, &h);
		unit_bytes(rows[i].want, "begins", buf, strlen(rows[i].want), rows[i].want,
		    strlen(rows[i].want));
	}
	unit_end();
}

static void
test_received_values(void **state)
{
	struct ipaddr ip = address("2001:db8::1");
	struct spf_header h = make_header(&ip);

	(void)state;
	h.comment = "our own words";
	h.receiver = text("example.net");
	check_received("IPv6, receiver", &h,
	    "Received-SPF: Pass (our own words) client-ip=\"2001:db8::1\"; "
	    "helo=out.relay.test; envelope-from=\"jane@example.test\"; receiver=example.net; identity=mailfrom");
	h.receiver = text("");
	check_received("empty receiver", &h,
	    "Received-SPF: Pass (our own words) client-ip=\"2001:db8::1\"; "
	    "helo=out.relay.test; envelope-from=\"jane@example.test\"; receiver=\"\"; identity=mailfrom");
	unit_end();
}

struct value_row {
	const char *value;
	size_t len;
	const char *want;
};

/* Values as they follow "helo=". */
static const struct value_row value_rows[] = {
	{ BYTES("mx.test"), "mx.test" },
	{ BYTES("MX-1_a.Test"), "MX-1_a.Test" },
	{ BYTES("x"), "x" },
	{ BYTES("192.0.2.1"), "192.0.2.1" },
	{ BYTES(""), "\"\"" },
	{ BYTES("[192.0.2.1]"), "\"[192.0.2.1]\"" },
	{ BYTES(".mx.test"), "\".mx.test\"" },
	{ BYTES("mx.test."), "\"mx.test.\"" },
	{ BYTES("mx..test"), "\"mx..test\"" },
	{ BYTES("a b"), "\"a b\"" },
	{ BYTES("a;b"), "\"a\\;b\"" },
	{ BYTES("a=b"), "\"a\\=b\"" },
	{ BYTES("(a)"), "\"\\(a\\)\"" },
	{ BYTES("(a"), "\"\\(a\"" },
	{ BYTES("a\"b"), "\"a\\\"b\"" },
	{ BYTES("a\\b"), "\"a\\\\b\"" },
	{ BYTES("\""), "\"\\\"\"" },
	{ BYTES("mx.test\nX-Spam: no"), "\"mx.test?X-Spam: no\"" },
	{ BYTES("mx.test\r\n"), "\"mx.test??\"" },
	{ BYTES("mx\0test"), "\"mx?test\"" },
	{ BYTES("b\303\274cher.test"), "\"b??cher.test\"" },
	{ BYTES("a\tb\177"), "\"a?b?\"" },
	{ BYTES("x; receiver=me"), "\"x\\; receiver\\=me\"" },
	{ BYTES("x\"; receiver=\"me"), "\"x\\\"\\; receiver\\=\\\"me\"" },
	{ BYTES("x\\\"; receiver=me"), "\"x\\\\\\\"\\; receiver\\=me\"" },
};

static void
test_received_quoting(void **state)
{
	struct ipaddr ip = address("192.0.2.1");
	struct spf_header h = make_header(&ip);
	char want[SPF_HEADER_SIZE];
	size_t i;
	char *copy;

	(void)state;
	for (i = 0; i < COUNT(value_rows); i++) {
		h.helo.s = copy = unit_copy(value_rows[i].value, value_rows[i].len);
		h.helo.len = value_rows[i].len;
		snprintf(want, sizeof(want),
		    "Received-SPF: Pass (mailfrom) client-ip=192.0.2.1; "
		    "helo=%s; envelope-from=\"jane@example.test\"; receiver=<UNKNOWN>; identity=mailfrom",
		    value_rows[i].want);
		check_received(value_rows[i].value, &h, want);
		free(copy);
	}
	unit_end();
}

static void
test_received_sender_quoting(void **state)
{
	static const struct value_row rows[] = {
		{ BYTES("a@x.test"), "\"a@x.test\"" },
		{ BYTES("nobody"), "nobody" },
		{ BYTES("jane roe@x.test"), "\"jane roe@x.test\"" },
		{ BYTES("a\"b@x.test"), "\"a\\\"b@x.test\"" },
		{ BYTES("a\n\n@x.test"), "\"a??@x.test\"" },
		{ BYTES("a\"; helo=x; b=\"@x.test"), "\"a\\\"\\; helo\\=x\\; b\\=\\\"@x.test\"" },
		{ BYTES("SRS0=xxxx=AA=y.test=a@x.test"),
		    "\"SRS0\\=xxxx\\=AA\\=y.test\\=a@x.test\"" },
		{ BYTES("a(b@x.test"), "\"a\\(b@x.test\"" },
		{ BYTES("a,b'<@x.test"), "\"a,b'<@x.test\"" },
		{ BYTES("a@[192.0.2.1]"), "\"a@[192.0.2.1]\"" },
		/* OpenDMARC would see y.test in these domains. */
		{ BYTES("a@y.test,.x.test"), "\"a@y.test?.x.test\"" },
		{ BYTES("a@y.test'<\"(\\;=.x.test"), "\"a@y.test???????.x.test\"" },
		{ BYTES("a@b\303\274cher.test"), "\"a@b??cher.test\"" },
		/* And in these senders: their domain stands for them. */
		{ BYTES("a@y.test@x.test"), "alone.test" },
		{ BYTES("a@y.test\"@x.test"), "alone.test" },
		{ BYTES("@@"), "alone.test" },
	};
	struct ipaddr ip = address("192.0.2.1");
	struct spf_header h = make_header(&ip);
	char want[SPF_HEADER_SIZE];
	size_t i;

	(void)state;
	h.domain = text("alone.test");
	for (i = 0; i < COUNT(rows); i++) {
		h.sender = (struct text){ rows[i].value, rows[i].len };
		snprintf(want, sizeof(want),
		    "Received-SPF: Pass (mailfrom) client-ip=192.0.2.1; "
		    "helo=out.relay.test; envelope-from=%s; receiver=<UNKNOWN>; identity=mailfrom",
		    rows[i].want);
		check_received(rows[i].value, &h, want);
	}
	unit_end();
}

static void
test_authres(void **state)
{
	struct ipaddr ip = address("192.0.2.1");
	struct spf_header h = make_header(&ip);
	enum spf_result helo = SPF_FAIL;

	(void)state;
	check_authres("mail from", &h, NULL,
	    "Authentication-Results: mx.receiver.test; spf=pass smtp.mailfrom=example.test");
	check_authres("and HELO", &h, &helo,
	    "Authentication-Results: mx.receiver.test; spf=fail smtp.helo=out.relay.test; spf=pass smtp.mailfrom=example.test");
	helo = SPF_NONE;
	check_authres("and HELO without a record", &h, &helo,
	    "Authentication-Results: mx.receiver.test; spf=pass smtp.mailfrom=example.test");
	h.comment = "our own words";
	check_authres("comment", &h, NULL,
	    "Authentication-Results: mx.receiver.test; spf=pass (our own words) "
	    "smtp.mailfrom=example.test");
	h.identity = SPF_IDENTITY_HELO;
	h.comment = "helo";
	h.result = SPF_PERMERROR;
	check_authres("HELO alone", &h, NULL,
	    "Authentication-Results: mx.receiver.test; spf=permerror smtp.helo=out.relay.test");
	unit_end();
}

static void
test_authres_result_words(void **state)
{
	static const char *const words[SPF_RESULTS] = { "none", "neutral", "pass", "fail",
		"softfail", "temperror", "permerror" };
	struct ipaddr ip = address("192.0.2.1");
	struct spf_header h = make_header(&ip);
	char buf[SPF_HEADER_SIZE];
	enum spf_result helo;
	int i;

	(void)state;
	for (i = 0; i < SPF_RESULTS; i++) {
		h.result = (enum spf_result)i;
		helo = (enum spf_result)(SPF_RESULTS - 1 - i);
		spf_header_authres(buf, "id", &h, &helo);
		unit_holds(words[i], "sender", buf, unit_row("; spf=%s smtp.mail", words[i]));
		if (helo != SPF_NONE)
			unit_holds(words[i], "HELO", buf,
			    unit_row("id; spf=%s smtp.helo", words[SPF_RESULTS - 1 - i]));
		else
			unit_true(words[i], "no HELO", strstr(buf, "smtp.helo") == NULL);
	}
	unit_end();
}

static void
test_authres_quoting(void **state)
{
	static const struct {
		const char *value;
		size_t len;
		const char *helo;
		const char *domain;
	} rows[] = {
		{ BYTES("mx.test"), "mx.test", "mx.test" },
		{ BYTES("MX-1_a.Test"), "MX-1_a.Test", "MX-1_a.Test" },
		{ BYTES(""), "\"\"", "\"\"" },
		{ BYTES("[192.0.2.1]"), "\"[192.0.2.1]\"", "\"[192.0.2.1]\"" },
		{ BYTES("[IPv6:2001:db8::1]"), "\"[IPv6:2001:db8::1]\"", "\"[IPv6:2001:db8::1]\"" },
		{ BYTES("mx..test"), "\"mx..test\"", "\"mx..test\"" },
		{ BYTES("a b"), "\"a b\"", "\"a b\"" },
		{ BYTES("x;spf=pass"), "\"x?spf?pass\"", "\"x?spf?pass\"" },
		{ BYTES("(a)"), "\"?a?\"", "\"?a?\"" },
		{ BYTES("a\"b"), "\"a\\\"b\"", "\"a?b\"" },
		{ BYTES("a\\b"), "\"a\\\\b\"", "\"a?b\"" },
		{ BYTES("y.test,.x.test"), "\"y.test,.x.test\"", "\"y.test?.x.test\"" },
		{ BYTES("y.test'.x.test"), "\"y.test'.x.test\"", "\"y.test?.x.test\"" },
		{ BYTES("mx.test\r\n"), "\"mx.test??\"", "\"mx.test??\"" },
		{ BYTES("mx\0test"), "\"mx?test\"", "\"mx?test\"" },
		{ BYTES("b\303\274cher.test"), "\"b??cher.test\"", "\"b??cher.test\"" },
	};
	struct ipaddr ip = address("192.0.2.1");
	struct spf_header h = make_header(&ip);
	enum spf_result helo = SPF_PASS;
	char want[SPF_HEADER_SIZE];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		h.domain = h.helo = (struct text){ rows[i].value, rows[i].len };
		snprintf(want, sizeof(want),
		    "Authentication-Results: mx.receiver.test; spf=pass smtp.helo=%s; "
		    "spf=pass smtp.mailfrom=%s",
		    rows[i].helo, rows[i].domain);
		check_authres(rows[i].value, &h, &helo, want);
		h.identity = SPF_IDENTITY_HELO;
		h.comment = "helo";
		snprintf(want, sizeof(want),
		    "Authentication-Results: mx.receiver.test; spf=pass smtp.helo=%s",
		    rows[i].helo);
		check_authres(rows[i].value, &h, NULL, want);
		h = make_header(&ip);
	}
	unit_end();
}

/*
 * skip_value - skip a dot-atom, <UNKNOWN> or a quoted-string; NULL if the text begins with none of
 * them. This second parser of the grammar examines headers that no table lists.
 */
static const char *
skip_value(const char *s)
{
	size_t n;

	if (strncmp(s, "<UNKNOWN>", 9) == 0)
		return s + 9;
	if (*s != '"') {
		n = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.");
		return n == 0 ? NULL : s + n;
	}
	for (s++; *s != '"'; s++) {
		if (*s == '\\')
			s++;
		if (*s < ' ' || *s > '~')
			return NULL;
	}
	return s + 1;
}

/* A token as long as a real one. */
#define TOKEN_39 "G3.mf.20010db8000000000000000000000001."
#define TOKEN TOKEN_39 "A8TBAA2EMQJQ99V7OUFCFQ7RPVL9U0F1"

/* skip_key - step over "KEY=VALUE"; NULL when it is not there */
static const char *
skip_key(const char *s, const char *key)
{
	size_t n = strlen(key);

	return s != NULL && strncmp(s, key, n) == 0 ? skip_value(s + n) : NULL;
}

/* skip_token - step over the token, if the header has it, which is never cut */
static const char *
skip_token(const char *s, const char *key)
{
	size_t n = strlen(key);

	if (s == NULL || strncmp(s, key, n) != 0)
		return s;
	return strncmp(s + n, TOKEN, strlen(TOKEN)) == 0 ? s + n + strlen(TOKEN) : NULL;
}

/* skip_text - step over the text, if it is there */
static const char *
skip_text(const char *s, const char *text)
{
	size_t n = strlen(text);

	return s != NULL && strncmp(s, text, n) == 0 ? s + n : s;
}

/* is_received - is this a whole Received-SPF header with the keys that it has to have? */
static bool
is_received(const char *s)
{
	const char *const begin = "Received-SPF: Permerror", *const keys[] = {
		"; helo=", "; envelope-from=", "; receiver="
	};
	size_t i;

	if (strncmp(s, begin, strlen(begin)) != 0)
		return false;
	s = skip_text(s + strlen(begin), " (our words)");
	s = skip_key(s, " client-ip=");
	for (i = 0; i < COUNT(keys); i++) {
		if (i == 1 || (s != NULL && strncmp(s, keys[i], strlen(keys[i])) == 0))
			s = skip_key(s, keys[i]);
	}
	if (s != NULL && strncmp(s, "; mechanism=", 12) == 0)
		s = skip_key(s, "; mechanism=");
	if (s != NULL && strncmp(s, "; problem=", 10) == 0)
		s = skip_key(s, "; problem=");
	s = skip_token(s, "; x-srsd=");
	s = skip_key(s, "; identity=");
	return s != NULL && *s == '\0';
}

static bool
is_authres(const char *s, const char *id)
{
	const char *const begin = "Authentication-Results: ", *helo = "; spf=temperror smtp.helo=";

	if (strncmp(s, begin, strlen(begin)) != 0)
		return false;
	s += strlen(begin);
	if (strncmp(s, id, strlen(id)) != 0)
		return false;
	s += strlen(id);
	if (strncmp(s, helo, strlen(helo)) == 0)
		s = skip_key(s, helo);
	if (s != NULL && strncmp(s, "; spf=permerror", 15) == 0)
		s += 15;
	if (s != NULL && strncmp(s, " (our words)", 12) == 0)
		s += 12;
	s = skip_token(s, " policy.x-srsd=");
	s = skip_key(s, " smtp.mailfrom=");
	return s != NULL && *s == '\0';
}

/* fill_value - one of the values that a hostile client sends */
static struct text
fill_value(uint64_t *seed, char *buf, size_t max)
{
	static const char *const alphabets[] = { "n", "ab.-_", "\"\\", "\\", "a\"",
		"\001\377 ;=", "@x.test", "a\n\r\"\\;=()<>" };
	const char *alphabet = alphabets[unit_random(seed, COUNT(alphabets))];
	size_t i, n = unit_random(seed, 3) == 0 ? max : unit_random(seed, (unsigned)max);
	struct text t = { buf, n };

	for (i = 0; i < n; i++)
		buf[i] = alphabet[unit_random(seed, (unsigned)strlen(alphabet))];
	return t;
}

static void
test_shape_of_any_length(void **state)
{
	static const unsigned lengths[] = { 20, 60, 90, 140, 255, 300, 8192, 10000 };
	struct ipaddr ip = address("2001:db8:1111:2222:3333:4444:5555:6666");
	struct spf_header h = make_header(&ip);
	char *values[4], mechanism[128], buf[SPF_HEADER_SIZE];
	enum spf_result helo = SPF_TEMPERROR;
	uint64_t seed = 5321;
	unsigned i, j, max;
	size_t len;

	(void)state;
	h.result = SPF_PERMERROR;
	h.comment = "our words";
	for (j = 0; j < 4; j++)
		values[j] = unit_fill('x', 10000);
	for (i = 0; i < 4000; i++) {
		max = lengths[i % COUNT(lengths)];
		h.helo = fill_value(&seed, values[0], max);
		h.sender = fill_value(&seed, values[1], max);
		h.domain = fill_value(&seed, values[2], max);
		h.receiver = fill_value(&seed, values[3], max);
		if (i % 2 == 0)
			h.receiver.s = NULL;
		printable_text(mechanism, sizeof(mechanism), h.helo.s, h.helo.len);
		h.mechanism = i % 3 == 0 ? "" : mechanism;
		h.problem = i % 5 == 0 ? "" : "too many DNS lookups that found nothing";
		h.token = i % 7 < 3 ? NULL : TOKEN;
		len = spf_header_received(buf, &h);
		unit_int(buf, "length", (int)len, (int)strlen(buf));
		unit_true(buf, "is a Received-SPF header", is_received(buf));
		unit_int(buf, "token", strstr(buf, TOKEN) != NULL, h.token != NULL);
		len = spf_header_authres(buf, "mx.receiver.test", &h, &helo);
		unit_int(buf, "length", (int)len, (int)strlen(buf));
		unit_true(buf, "is an Authentication-Results header",
		    is_authres(buf, "mx.receiver.test"));
		unit_int(buf, "token", strstr(buf, TOKEN) != NULL, h.token != NULL);
	}
	for (j = 0; j < 4; j++)
		free(values[j]);
	unit_end();
}

static void
test_long_authserv_id(void **state)
{
	struct ipaddr ip = address("192.0.2.1");
	struct spf_header h = make_header(&ip);
	char *id = unit_fill('i', 253), *name = unit_fill('n', 253), buf[SPF_HEADER_SIZE];
	enum spf_result helo = SPF_TEMPERROR;

	(void)state;
	h.result = SPF_PERMERROR;
	h.comment = "our words";
	h.helo = h.domain = text(name);
	spf_header_authres(buf, id, &h, &helo);
	unit_true(buf, "is an Authentication-Results header", is_authres(buf, id));
	h.identity = SPF_IDENTITY_HELO;
	spf_header_authres(buf, id, &h, NULL);
	unit_holds(
	    "helo", "is whole up to its name", buf, unit_row("; spf=permerror smtp.helo=\"...n"));
	unit_int("helo", "takes all the room", (int)strlen(buf), SPF_HEADER_SIZE - 1);
	free(id);
	free(name);
	unit_end();
}

/*
 * A name that is cut keeps its right end, which shows its owner, and cannot be mistaken for another
 * name.
 */
static void
test_cut_names(void **state)
{
	struct ipaddr ip = address("192.0.2.1");
	struct spf_header h = make_header(&ip);
	char *long_name = unit_fill('a', 253), buf[SPF_HEADER_SIZE];

	(void)state;
	memcpy(long_name + 253 - 11, ".bank.test.", 11);
	long_name[252] = '\0';
	h.helo = h.domain = h.sender = text(long_name);
	spf_header_received(buf, &h);
	unit_holds("helo", "header", buf, ".bank.test\"; envelope-from=");
	unit_holds("helo", "header", buf, " helo=\"...aaa");
	spf_header_authres(buf, long_name, &h, NULL);
	unit_holds("domain", "header", buf, "smtp.mailfrom=\"...aaa");
	unit_holds("domain", "header", buf, "aaa.bank.test\"");
	free(long_name);
	long_name = unit_fill('a', 1000);
	memcpy(long_name + 1000 - 10, ".bank.test", 10);
	h.domain = text(long_name);
	spf_header_authres(buf, "id", &h, NULL);
	unit_holds("1,000 bytes", "header", buf, "aaa.bank.test\"");
	free(long_name);
	unit_end();
}

/* Nothing is cut or left out of a header that has room for it. */
static void
test_room(void **state)
{
	struct ipaddr ip = address("192.0.2.1");
	struct spf_header h = make_header(&ip);
	enum spf_result helo = SPF_FAIL;
	char *name = unit_fill('h', 300), buf[SPF_HEADER_SIZE];
	size_t n, bare;

	(void)state;
	h.mechanism = "-all";
	h.problem = "none";
	h.receiver = text("example.net");
	h.helo = text("");
	bare = spf_header_received(buf, &h) - strlen("\"\"");
	for (n = 1; bare + n < SPF_HEADER_SIZE; n++) {
		h.helo = (struct text){ name, n };
		unit_int("received", "length", (int)spf_header_received(buf, &h), (int)(bare + n));
	}
	h.helo.len = n;
	spf_header_received(buf, &h);
	unit_holds("one more", "receiver", buf, "; receiver=<UNKNOWN>; mechanism=-all; ");
	unit_holds("one more", "HELO", buf, unit_row("; helo=%.*s; ", (int)n, name));
	h.helo.len += 3; /* receiver=<UNKNOWN> is two bytes shorter than example.net */
	unit_int("cut", "length", (int)spf_header_received(buf, &h), SPF_HEADER_SIZE - 1);
	unit_holds("cut", "HELO", buf, "; helo=\"...hhh");
	h.helo = text("");
	bare = spf_header_authres(buf, "mx.receiver.test", &h, &helo) - strlen("\"\"");
	for (n = 1; bare + n < SPF_HEADER_SIZE; n++) {
		h.helo = (struct text){ name, n };
		unit_int("authres", "length",
		    (int)spf_header_authres(buf, "mx.receiver.test", &h, &helo), (int)(bare + n));
	}
	free(name);
	unit_end();
}

/* The order in which a header that is too long does without its parts. */
static void
test_what_is_left_out(void **state)
{
	static const struct {
		size_t sender;
		bool mechanism, problem, domain_alone;
	} rows[] = {
		{ 20, true, true, false },
		{ 50, true, true, false },
		{ 100, false, true, false },
		{ 150, false, true, false },
		{ 170, false, false, false },
		{ 190, false, false, false },
		{ 250, false, false, true },
	};
	struct ipaddr ip = address("2001:db8:1111:2222:3333:4444:5555:6666");
	struct spf_header h = make_header(&ip);
	char *name = unit_fill('h', 253), buf[SPF_HEADER_SIZE], sender[300];
	const char *row;
	size_t i;

	(void)state;
	h.helo = text(name);
	h.receiver = text("example.net");
	h.mechanism = "include:_spf.provider.test";
	h.problem = "too many DNS lookups that found nothing";
	for (i = 0; i < COUNT(rows); i++) {
		snprintf(sender, sizeof(sender), "%.*s@example.test",
		    (int)(rows[i].sender - strlen("@example.test")), name);
		h.sender = text(sender);
		spf_header_received(buf, &h);
		row = unit_row("sender of %zu", rows[i].sender);
		unit_holds(row, "receiver", buf, "; receiver=<UNKNOWN>");
		unit_int(row, "mechanism", strstr(buf, "; mechanism=") != NULL, rows[i].mechanism);
		unit_int(row, "problem", strstr(buf, "; problem=") != NULL, rows[i].problem);
		unit_int(row, "domain alone", strstr(buf, "; envelope-from=example.test; ") != NULL,
		    rows[i].domain_alone);
	}
	free(name);
	unit_end();
}

/* Everything else makes room for the token. */
static void
test_token(void **state)
{
	struct ipaddr ip = address("192.0.2.1");
	struct spf_header h = make_header(&ip);
	enum spf_result helo = SPF_FAIL;

	(void)state;
	h.token = TOKEN;
	check_received("received", &h,
	    "Received-SPF: Pass (mailfrom) client-ip=192.0.2.1; helo=out.relay.test; "
	    "envelope-from=\"jane@example.test\"; receiver=<UNKNOWN>; x-srsd=" TOKEN
	    "; identity=mailfrom");
	check_authres("authres", &h, &helo,
	    "Authentication-Results: mx.receiver.test; spf=fail smtp.helo=out.relay.test; "
	    "spf=pass policy.x-srsd=" TOKEN " smtp.mailfrom=example.test");
	h.mechanism = "mx";
	h.problem = "SERVFAIL for the TXT records of x.test";
	check_received("with reasons", &h,
	    "Received-SPF: Pass (mailfrom) client-ip=192.0.2.1; helo=out.relay.test; "
	    "envelope-from=\"jane@example.test\"; receiver=<UNKNOWN>; mechanism=mx; "
	    "problem=\"SERVFAIL for the TXT records of x.test\"; x-srsd=" TOKEN
	    "; identity=mailfrom");
	h.identity = SPF_IDENTITY_HELO;
	h.sender = h.domain = text("");
	h.comment = "helo";
	h.mechanism = h.problem = "";
	check_received("null sender", &h,
	    "Received-SPF: Pass (helo) client-ip=192.0.2.1; helo=out.relay.test; "
	    "envelope-from=\"<>\"; receiver=<UNKNOWN>; x-srsd=" TOKEN "; identity=helo");
	check_authres("null sender", &h, NULL,
	    "Authentication-Results: mx.receiver.test; spf=pass policy.x-srsd=" TOKEN
	    " smtp.helo=out.relay.test");
	unit_end();
}

/* Only a name of this host that leaves no room is a reason to leave it out. */
static void
test_token_and_long_names(void **state)
{
	struct ipaddr ip = address("2001:db8:1111:2222:3333:4444:5555:6666");
	struct spf_header h = make_header(&ip);
	char *name = unit_fill('n', 253), *id = unit_fill('i', 253), buf[SPF_HEADER_SIZE];
	size_t n;

	(void)state;
	h.result = SPF_PERMERROR;
	h.comment = "SRS-verified sender of ours, not evaluated; test-only, would be answered "
		    "550 5.1.1 for recipient";
	h.token = TOKEN;
	h.helo = h.domain = h.sender = text(name);
	h.mechanism = "include:_spf.provider.test";
	h.problem = "too many DNS lookups that found nothing";
	spf_header_received(buf, &h);
	unit_holds("received", "header", buf, "n\"; x-srsd=" TOKEN "; identity");
	for (n = 1; n <= 253; n++) {
		id[n] = '\0';
		spf_header_authres(buf, id, &h, NULL);
		unit_int(buf, "token", strstr(buf, " policy.x-srsd=" TOKEN) != NULL, n <= 239);
		unit_holds(buf, "name", buf, " smtp.mailfrom=\"...");
		id[n] = 'i';
	}
	unit_holds("253", "room for the name", buf, "=\"...nnnnnnnn");
	free(name);
	free(id);
	unit_end();
}

/* A domain is shown whole if everything else but the token can make room for it. */
static void
test_longest_domain(void **state)
{
	static const struct {
		const char *client;
		const char *token;
		size_t whole; /* up to this size */
	} rows[] = {
		{ "192.0.2.1", NULL, 253 },
		{ "2001:db8:1111:2222:3333:4444:5555:6666", NULL, 253 },
		{ "192.0.2.1", "G3.mp.c0000201.A8TBAA2EMQJQ99V7OUFCFQ7RPVL9U0F1", 253 },
		{ "2001:db8:1111:2222:3333:4444:5555:6666", TOKEN, 199 },
	};
	char *name = unit_fill('n', 253), *local = unit_fill('l', 64);
	char sender[400], want[400], buf[SPF_HEADER_SIZE];
	size_t i, n;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		struct ipaddr ip = address(rows[i].client);
		struct spf_header h = make_header(&ip);

		h.token = rows[i].token;
		h.mechanism = "include:_spf.provider.test";
		h.receiver = h.helo = text(name);
		for (n = 1; n <= rows[i].whole; n++) {
			h.domain = (struct text){ name, n };
			snprintf(sender, sizeof(sender), "%s@%.*s", local, (int)n, name);
			h.sender = text(sender);
			spf_header_received(buf, &h);
			snprintf(want, sizeof(want), "; envelope-from=%.*s; ", (int)n, name);
			if (strstr(buf, "@") == NULL)
				unit_holds(rows[i].client, "header", buf, want);
			if (h.token != NULL)
				unit_holds(rows[i].client, "header", buf, h.token);
		}
	}
	free(name);
	free(local);
	unit_end();
}

static void
test_reasons(void **state)
{
	static const struct {
		const char *mechanism;
		const char *problem;
		const char *want;
	} rows[] = {
		{ "-all", "", "; mechanism=-all; identity=" },
		{ "?all", "", "; mechanism=\"?all\"; identity=" },
		{ "default", "", "; mechanism=default; identity=" },
		{ "ip6:2001:db8::/32", "", "; mechanism=\"ip6:2001:db8::/32\"; identity=" },
		{ "a:%{d};identity=\"x\"", "",
		    "; mechanism=\"a:%{d}\\;identity\\=\\\"x\\\"\"; identity=" },
		{ "", "SERVFAIL for the TXT records of x.test",
		    "; problem=\"SERVFAIL for the TXT records of x.test\"; identity=" },
		{ "mx", "more than 10 MX hosts",
		    "; mechanism=mx; problem=\"more than 10 MX hosts\"; identity=" },
	};
	struct ipaddr ip = address("192.0.2.1");
	struct spf_header h = make_header(&ip);
	char buf[SPF_HEADER_SIZE];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		h.mechanism = rows[i].mechanism;
		h.problem = rows[i].problem;
		spf_header_received(buf, &h);
		unit_holds(rows[i].want, "header", buf,
		    unit_row("receiver=<UNKNOWN>%smailfrom", rows[i].want));
	}
	unit_end();
}

/* A sender is shown whole, or only as its domain: half an address would be another address. */
static void
test_long_senders(void **state)
{
	struct ipaddr ip = address("2001:db8:1111:2222:3333:4444:5555:6666");
	struct spf_header h = make_header(&ip);
	char sender[300], buf[SPF_HEADER_SIZE], *local = unit_fill('l', 254);
	size_t n;

	(void)state;
	h.helo = text(local);
	for (n = 1; n < 254; n++) {
		snprintf(sender, sizeof(sender), "%.*s@example.test", (int)n, local);
		h.sender = text(sender);
		spf_header_received(buf, &h);
		if (strstr(buf, "envelope-from=example.test; ") == NULL)
			unit_holds(sender, "header", buf, unit_row("; envelope-from=\"%s", sender));
		unit_true(sender, "short ones are whole",
		    n > 64 || strstr(buf, "envelope-from=example.test; ") == NULL);
	}
	memset(local, '"', 253);
	for (n = 1; n < 253; n++) {
		snprintf(sender, sizeof(sender), "%.*s@example.test", (int)n, local);
		h.sender = text(sender);
		spf_header_received(buf, &h);
		if (strstr(buf, "envelope-from=example.test; ") == NULL)
			unit_holds(sender, "header", buf, "\\\"@example.test\"; ");
	}
	free(local);
	unit_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_identity_names),
		cmocka_unit_test(test_received),
		cmocka_unit_test(test_received_result_words),
		cmocka_unit_test(test_received_values),
		cmocka_unit_test(test_received_quoting),
		cmocka_unit_test(test_received_sender_quoting),
		cmocka_unit_test(test_authres),
		cmocka_unit_test(test_authres_result_words),
		cmocka_unit_test(test_authres_quoting),
		cmocka_unit_test(test_shape_of_any_length),
		cmocka_unit_test(test_long_authserv_id),
		cmocka_unit_test(test_cut_names),
		cmocka_unit_test(test_room),
		cmocka_unit_test(test_what_is_left_out),
		cmocka_unit_test(test_token),
		cmocka_unit_test(test_token_and_long_names),
		cmocka_unit_test(test_longest_domain),
		cmocka_unit_test(test_reasons),
		cmocka_unit_test(test_long_senders),
	};

	return cmocka_run_group_tests_name("spf_header", tests, NULL, NULL);
}
