/* SPDX-License-Identifier: ISC */
#include "tests/unit/unit.h"

#include "common/mailaddr.h"

typedef enum mailaddr_status parse_fn(struct mailaddr *, const char *, size_t);

static enum mailaddr_status
parse(parse_fn *fn, struct mailaddr *addr, const char *s, size_t len)
{
	char *copy = unit_copy(s, len);
	enum mailaddr_status status = fn(addr, copy, len);

	free(copy);
	return status;
}

struct address_row {
	const char *text;
	size_t len;
	const char *local;
	const char *domain;
};

static void
check_addresses(parse_fn *fn, const struct address_row *rows, size_t n)
{
	struct mailaddr addr;
	size_t i;

	for (i = 0; i < n; i++) {
		memset(&addr, 0xaa, sizeof(addr));
		unit_int(rows[i].text, "status", parse(fn, &addr, rows[i].text, rows[i].len),
		    MAILADDR_OK);
		unit_text(rows[i].text, "local part", addr.local, rows[i].local);
		unit_int(
		    rows[i].text, "its length", (int)addr.local_len, (int)strlen(rows[i].local));
		unit_text(rows[i].text, "domain", addr.domain, rows[i].domain);
		unit_int(
		    rows[i].text, "its length", (int)addr.domain_len, (int)strlen(rows[i].domain));
	}
	unit_end();
}

static void
test_external(void **state)
{
	static const struct address_row rows[] = {
		{ BYTES("user@example.test"), "user", "example.test" },
		{ BYTES("User.Name+tag@Example.TEST"), "User.Name+tag", "Example.TEST" },
		{ BYTES("a=b@example.test"), "a=b", "example.test" },
		{ BYTES("u@x"), "u", "x" },
		{ BYTES("a@b@example.test"), "a@b", "example.test" },
		{ BYTES("a..b@example.test"), "a..b", "example.test" },
		{ BYTES("a b@example.test"), "a b", "example.test" },
		{ BYTES("<a@example.test"), "<a", "example.test" },
		{ BYTES("j\303\266rg@b\303\274cher.test"), "j\303\266rg", "b\303\274cher.test" },
		{ BYTES("\377@example.test"), "\377", "example.test" },
		{ BYTES("user@example.test."), "user", "example.test" },
	};

	(void)state;
	check_addresses(mailaddr_parse_external, rows, COUNT(rows));
}

static void
test_external_quoted(void **state)
{
	static const struct address_row rows[] = {
		{ BYTES("\"user\"@example.test"), "user", "example.test" },
		{ BYTES("\"jane roe\"@example.test"), "jane roe", "example.test" },
		{ BYTES("\"a@b\"@example.test"), "a@b", "example.test" },
		{ BYTES("\"@\"@example.test"), "@", "example.test" },
		{ BYTES("\"a@b.test\"@c@example.test"), "a@b.test@c", "example.test" },
		{ BYTES("\" \"@example.test"), " ", "example.test" },
		{ BYTES("jane.\"roe x\"@example.test"), "jane.roe x", "example.test" },
		{ BYTES("\"a\"\"b\"@example.test"), "ab", "example.test" },
		{ BYTES("\"x@y\".z@example.test"), "x@y.z", "example.test" },
	};

	(void)state;
	check_addresses(mailaddr_parse_external, rows, COUNT(rows));
}

static void
test_external_escaped(void **state)
{
	static const struct address_row rows[] = {
		{ BYTES("\"a\\\"b\"@example.test"), "a\"b", "example.test" },
		{ BYTES("\"a\\\\b\"@example.test"), "a\\b", "example.test" },
		{ BYTES("\"a\\\\\"@example.test"), "a\\", "example.test" },
		{ BYTES("\"\\\"\"@example.test"), "\"", "example.test" },
		{ BYTES("\"a\\@b\"@example.test"), "a@b", "example.test" },
		{ BYTES("a\\@b@example.test"), "a@b", "example.test" },
		{ BYTES("a\\\"b@example.test"), "a\"b", "example.test" },
		{ BYTES("a\\ b@example.test"), "a b", "example.test" },
		{ BYTES("\"\\x\"@example.test"), "x", "example.test" },
	};

	(void)state;
	check_addresses(mailaddr_parse_external, rows, COUNT(rows));
}

struct split_row {
	const char *text;
	const char *local;
	const char *domain;
};

static void
check_split(const struct split_row *row)
{
	char *copy = unit_copy(row->text, strlen(row->text)), local[100], domain[100];
	struct mailaddr_parts parts;

	mailaddr_split(&parts, copy, strlen(row->text));
	snprintf(local, sizeof(local), "%.*s", (int)parts.local_len, parts.local);
	snprintf(domain, sizeof(domain), "%.*s", (int)parts.domain_len, parts.domain);
	unit_text(row->text, "local part", local, row->local);
	unit_text(row->text, "domain", domain, row->domain);
	free(copy);
}

static void
test_split(void **state)
{
	static const struct split_row rows[] = {
		{ "user@example.test", "user", "example.test" },
		{ "jane roe@example.test", "jane roe", "example.test" },
		{ "a@b@example.test", "a@b", "example.test" },
		{ "a@b.test@c@example.test", "a@b.test@c", "example.test" },
		{ "@@example.test", "@", "example.test" },
		{ "a\"b@example.test", "a\"b", "example.test" },
		{ "\"@example.test", "\"", "example.test" },
		{ "a\\@example.test", "a\\", "example.test" },
		{ " @example.test", " ", "example.test" },
		{ "\303\266@b\303\274cher.test", "\303\266", "b\303\274cher.test" },
		/* A trailing dot is not part of a domain. Two dots are left to Postfix. */
		{ "user@example.test.", "user", "example.test" },
		{ "user@example.test..", "user", "example.test.." },
		{ "user@.", "user", "." },
		/* Without an '@', as trivial-rewrite(8) completes it. */
		{ "user", "user", "" },
		{ "user@", "user", "" },
		{ "@", "", "" },
		{ "", "", "" },
		{ "example.test!user", "user", "example.test" },
		{ "example.test.!user", "user", "example.test" },
		{ "a.test!b.test!user", "b.test!user", "a.test" },
		{ "!user", "user", "" },
		{ "user%example.test", "user", "example.test" },
		{ "user%example.test.", "user", "example.test" },
		{ "user%a.test%b.test", "user%a.test", "b.test" },
		{ "a.test!user%b.test", "user%b.test", "a.test" },
		/* With one they are part of the local part. */
		{ "a.test!user@example.test", "a.test!user", "example.test" },
		{ "user%a.test@example.test", "user%a.test", "example.test" },
		{ "user%a.test@", "user%a.test", "" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++)
		check_split(&rows[i]);
	unit_end();
}

struct refused_row {
	const char *text;
	size_t len;
	enum mailaddr_status want;
};

static void
check_refused(parse_fn *fn, const struct refused_row *rows, size_t n)
{
	struct mailaddr addr;
	size_t i;

	for (i = 0; i < n; i++)
		unit_int(rows[i].text, "status", parse(fn, &addr, rows[i].text, rows[i].len),
		    rows[i].want);
	unit_end();
}

/* The null sender, and what only looks like it. */
static const struct refused_row null_rows[] = {
	{ BYTES(""), MAILADDR_NULL },
	{ BYTES("<>"), MAILADDR_NULL },
	{ BYTES("\"\""), MAILADDR_NULL },
	{ BYTES(" "), MAILADDR_INVALID },
	{ BYTES("< >"), MAILADDR_INVALID },
	{ BYTES("<"), MAILADDR_INVALID },
	{ BYTES("\""), MAILADDR_INVALID },
	{ BYTES("><"), MAILADDR_INVALID },
	{ BYTES("\0"), MAILADDR_INVALID },
	{ BYTES("\0\0"), MAILADDR_INVALID },
};

static void
test_external_null(void **state)
{
	(void)state;
	check_refused(mailaddr_parse_external, null_rows, COUNT(null_rows));
}

/* No address. */
static const struct refused_row invalid_rows[] = {
	{ BYTES("user"), MAILADDR_INVALID },
	{ BYTES("user@"), MAILADDR_INVALID },
	{ BYTES("@"), MAILADDR_INVALID },
	{ BYTES("@example.test"), MAILADDR_INVALID },
	{ BYTES("user@example..test"), MAILADDR_INVALID },
	{ BYTES("user@.example.test"), MAILADDR_INVALID },
	{ BYTES("user@."), MAILADDR_INVALID },
	{ BYTES("user@example.test.."), MAILADDR_INVALID },
	{ BYTES("user@exam ple.test"), MAILADDR_INVALID },
	{ BYTES("user@example.test "), MAILADDR_INVALID },
	{ BYTES("user@[192.0.2.1]"), MAILADDR_INVALID },
	{ BYTES("user@[IPv6:2001:db8::1]"), MAILADDR_INVALID },
	{ BYTES("user@exam=ple.test"), MAILADDR_INVALID },
	{ BYTES("<user@example.test>"), MAILADDR_INVALID },
	{ BYTES("user@example.test\n"), MAILADDR_INVALID },
	{ BYTES("user@example.test\r\n"), MAILADDR_INVALID },
	{ BYTES("user@example\0.test"), MAILADDR_INVALID },
	{ BYTES("user\0@example.test"), MAILADDR_INVALID },
	{ BYTES("us\ner@example.test"), MAILADDR_INVALID },
	{ BYTES("us\rer@example.test"), MAILADDR_INVALID },
	{ BYTES("us\ter@example.test"), MAILADDR_INVALID },
};

static void
test_external_invalid(void **state)
{
	(void)state;
	check_refused(mailaddr_parse_external, invalid_rows, COUNT(invalid_rows));
}

static void
test_external_bad_quoting(void **state)
{
	static const struct refused_row rows[] = {
		{ BYTES("\"\"@example.test"), MAILADDR_INVALID },
		{ BYTES("\"user@example.test"), MAILADDR_INVALID },
		{ BYTES("user\"@example.test"), MAILADDR_INVALID },
		{ BYTES("\"user\\\"@example.test"), MAILADDR_INVALID },
		{ BYTES("\"a\"b\"@example.test"), MAILADDR_INVALID },
		{ BYTES("\"user@example.test\""), MAILADDR_INVALID },
		{ BYTES("user@example.test\\"), MAILADDR_INVALID },
		{ BYTES("user\\@example.test"), MAILADDR_INVALID },
		{ BYTES("\\"), MAILADDR_INVALID },
		{ BYTES("\"a\nb\"@example.test"), MAILADDR_INVALID },
		{ BYTES("\"a\\\nb\"@example.test"), MAILADDR_INVALID },
		{ BYTES("\"a\\\0b\"@example.test"), MAILADDR_INVALID },
		{ BYTES("user@\"example\".test"), MAILADDR_INVALID },
		{ BYTES("user@example\\.test"), MAILADDR_INVALID },
	};

	(void)state;
	check_refused(mailaddr_parse_external, rows, COUNT(rows));
}

static void
test_control_bytes(void **state)
{
	static const char *const forms[] = { "a?b@example.test", "\"a?b\"@example.test",
		"\"a\\?b\"@example.test" };
	struct mailaddr addr;
	char text[40];
	size_t i, len;
	int c;

	(void)state;
	for (i = 0; i < COUNT(forms); i++) {
		len = strlen(forms[i]);
		for (c = 0; c < 0x80; c = c == 0x1f ? 0x7f : c + 1) {
			memcpy(text, forms[i], len);
			*(char *)memchr(text, '?', len) = (char)c;
			unit_int(forms[i], unit_row("external, \\x%02x", c),
			    parse(mailaddr_parse_external, &addr, text, len), MAILADDR_INVALID);
		}
	}
	unit_end();
}

/* check_length - a local part of n bytes, each written as unit */
static void
check_length(parse_fn *fn, const char *begin, const char *unit, const char *end, size_t n,
    enum mailaddr_status want)
{
	char text[4 * MAILADDR_MAX] = "";
	struct mailaddr addr;
	size_t i;

	strcat(text, begin);
	for (i = 0; i < n; i++)
		strcat(text, unit);
	strcat(text, end);
	strcat(text, "@x.test");
	unit_int(unit_row("%zu times %s", n, unit), "status", parse(fn, &addr, text, strlen(text)),
	    want);
	if (want == MAILADDR_OK)
		unit_int(unit_row("%zu times %s", n, unit), "length", (int)addr.local_len, (int)n);
}

static void
test_length_of_local_part(void **state)
{
	(void)state;
	check_length(mailaddr_parse_external, "", "u", "", 254, MAILADDR_OK);
	check_length(mailaddr_parse_external, "", "u", "", 255, MAILADDR_TOO_LONG);
	check_length(mailaddr_parse_external, "\"", "u", "\"", 254, MAILADDR_OK);
	check_length(mailaddr_parse_external, "\"", "u", "\"", 255, MAILADDR_TOO_LONG);
	check_length(mailaddr_parse_external, "\"", "\\\"", "\"", 254, MAILADDR_OK);
	check_length(mailaddr_parse_external, "\"", "\\\"", "\"", 255, MAILADDR_TOO_LONG);
	unit_end();
}

static void
test_length_of_domain(void **state)
{
	char *labels = unit_fill('d', 254), *text = NULL;
	struct mailaddr addr;
	size_t len;

	(void)state;
	for (len = 252; len <= 254; len++) {
		assert_true(asprintf(&text, "u@%.*s", (int)len, labels) > 0);
		unit_int(unit_row("domain of %zu", len), "external",
		    parse(mailaddr_parse_external, &addr, text, len + 2),
		    len <= 253 ? MAILADDR_OK : MAILADDR_INVALID);
		free(text);
	}
	free(labels);
	unit_end();
}

static void
test_huge_addresses(void **state)
{
	size_t len = 64 * 1024;
	char *text = unit_fill('u', len);
	struct mailaddr addr;

	(void)state;
	unit_int("64 KiB", "no at sign", parse(mailaddr_parse_external, &addr, text, len),
	    MAILADDR_INVALID);
	memcpy(text + len - 7, "@x.test", 7);
	unit_int("64 KiB", "external", parse(mailaddr_parse_external, &addr, text, len),
	    MAILADDR_TOO_LONG);
	free(text);
	unit_end();
}

static void
test_format(void **state)
{
	static const struct {
		const char *local;
		const char *want;
	} rows[] = {
		{ "user", "user@x.test" },
		{ "user.name", "user.name@x.test" },
		{ "user+tag=1", "user+tag=1@x.test" },
		{ "SRS0=ab/c=AA=x.test=u", "SRS0=ab/c=AA=x.test=u@x.test" },
		{ "!#$%&'*+-/=?^_`{|}~", "!#$%&'*+-/=?^_`{|}~@x.test" },
		{ "0", "0@x.test" },
		{ "j\303\266rg", "j\303\266rg@x.test" },
		{ "", "\"\"@x.test" },
		{ ".user", "\".user\"@x.test" },
		{ "user.", "\"user.\"@x.test" },
		{ "us..er", "\"us..er\"@x.test" },
		{ ".", "\".\"@x.test" },
		{ "jane roe", "\"jane roe\"@x.test" },
		{ "a@b", "\"a@b\"@x.test" },
		{ "a\"b", "\"a\\\"b\"@x.test" },
		{ "a\\b", "\"a\\\\b\"@x.test" },
		{ "\"", "\"\\\"\"@x.test" },
		{ "a,b", "\"a,b\"@x.test" },
		{ "a;b", "\"a;b\"@x.test" },
		{ "a:b", "\"a:b\"@x.test" },
		{ "(a)", "\"(a)\"@x.test" },
		{ "<a>", "\"<a>\"@x.test" },
		{ "[a]", "\"[a]\"@x.test" },
		{ "j\303\266rg x", "\"j\303\266rg x\"@x.test" },
	};
	char buf[MAILADDR_SIZE];
	size_t i, n;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		n = mailaddr_format(buf, rows[i].local, strlen(rows[i].local), "x.test", 6);
		unit_text(rows[i].local, "formatted", buf, rows[i].want);
		unit_int(rows[i].local, "length", (int)n, (int)strlen(rows[i].want));
	}
	unit_end();
}

static void
test_format_limit(void **state)
{
	static const struct {
		char c;
		size_t n;
		size_t want;
	} rows[] = {
		{ 'u', 247, 254 },    /* 247 + @x.test */
		{ 'u', 248, 0 },      /* 255 */
		{ ' ', 245, 254 },    /* and two quotes */
		{ ' ', 246, 0 },      /* 255 */
		{ '"', 122, 253 },    /* each with its backslash */
		{ '"', 123, 0 },      /* 255 */
		{ '\\', 122, 253 },   /* the same */
		{ '\\', 123, 0 },     /* the same */
		{ 'u', 60 * 1024, 0 } /* far over it */
	};
	char buf[MAILADDR_SIZE], *local;
	size_t i, n;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		local = unit_fill(rows[i].c, rows[i].n);
		n = mailaddr_format(buf, local, rows[i].n, "x.test", 6);
		unit_int(unit_row("%zu times %c", rows[i].n, rows[i].c), "length", (int)n,
		    (int)rows[i].want);
		unit_int(unit_row("%zu times %c", rows[i].n, rows[i].c), "text", (int)strlen(buf),
		    (int)rows[i].want);
		free(local);
	}
	unit_end();
}

static void
same_address(const char *row, const char *what, const struct mailaddr *a, const char *local)
{
	unit_bytes(row, what, a->local, a->local_len, local, strlen(local));
	unit_text(row, what, a->domain, "Mail-1.x.test");
}

/* Any local part: written out, read back, and read in its other form, it stays what it is. */
static void
test_round_trips(void **state)
{
	static const char alphabet[] = "ab.z09 \"\\@=+-/<>,;()[]\303\274\377!%";
	char local[100], external[MAILADDR_SIZE], again[MAILADDR_SIZE], internal[200];
	struct mailaddr_parts parts;
	struct mailaddr addr;
	uint64_t seed = 7208;
	size_t i, j, n, len;

	(void)state;
	for (i = 0; i < 20000; i++) {
		n = 1 + unit_random(&seed, 60);
		for (j = 0; j < n; j++)
			local[j] = alphabet[unit_random(&seed, sizeof(alphabet) - 1)];
		local[n] = '\0';
		len = mailaddr_format(external, local, n, "Mail-1.x.test", 13);
		unit_true(local, "fits", len > 0);
		unit_int(external, "external form",
		    parse(mailaddr_parse_external, &addr, external, len), MAILADDR_OK);
		same_address(external, "external form", &addr, local);
		mailaddr_format(again, addr.local, addr.local_len, addr.domain, addr.domain_len);
		unit_text(external, "once more", again, external);
		len = (size_t)snprintf(internal, sizeof(internal), "%s@Mail-1.x.test", local);
		mailaddr_split(&parts, internal, len);
		unit_true(internal, "internal form",
		    parts.local_len == n && memcmp(parts.local, local, n) == 0);
	}
	unit_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_external),
		cmocka_unit_test(test_external_quoted),
		cmocka_unit_test(test_external_escaped),
		cmocka_unit_test(test_split),
		cmocka_unit_test(test_external_null),
		cmocka_unit_test(test_external_invalid),
		cmocka_unit_test(test_external_bad_quoting),
		cmocka_unit_test(test_control_bytes),
		cmocka_unit_test(test_length_of_local_part),
		cmocka_unit_test(test_length_of_domain),
		cmocka_unit_test(test_huge_addresses),
		cmocka_unit_test(test_format),
		cmocka_unit_test(test_format_limit),
		cmocka_unit_test(test_round_trips),
	};

	return cmocka_run_group_tests_name("mailaddr", tests, NULL, NULL);
}
