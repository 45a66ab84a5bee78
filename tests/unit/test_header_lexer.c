/* SPDX-License-Identifier: ISC */
#include "tests/unit/unit.h"

#include "srsd/forwarding/header_lexer.h"

/* begin_lexer - a lexer over a copy without a NUL after it; the caller frees *copy */
static struct header_lexer
begin_lexer(const char *s, size_t len, char **copy)
{
	struct header_lexer lexer;
	struct text value = { unit_copy(s, len), len };

	*copy = (char *)value.s;
	header_lexer_init(&lexer, value);
	return lexer;
}

static void
test_cfws(void **state)
{
	static const struct {
		const char *value;
		size_t len;
		int used; /* -1: invalid */
	} rows[] = {
		{ BYTES(""), 0 },
		{ BYTES("x"), 0 },
		{ BYTES(" \t x"), 3 },
		{ BYTES("\n x"), 2 },
		{ BYTES(" \r\n\t x"), 5 },
		{ BYTES("(x)y"), 3 },
		{ BYTES(" (x) (y)\n (z)\n x"), 15 },
		{ BYTES("()()x"), 4 },
		{ BYTES("(x\n y)z"), 6 },
		{ BYTES("(\\(\\)\\\\\\ )x"), 10 },
		{ BYTES("(\"<[)x"), 5 },
		{ BYTES("(\303\266)x"), 4 },
		{ BYTES("((((((((x))))))))y"), 17 },
		{ BYTES("(((((((((x)))))))))y"), -1 },
		{ BYTES("("), -1 },
		{ BYTES("(x"), -1 },
		{ BYTES("((x)"), -1 },
		{ BYTES("(\\"), -1 },
		{ BYTES("(\\)"), -1 },
		{ BYTES("(\\\n )x"), -1 },
		{ BYTES("(\0)x"), -1 },
		{ BYTES("(\\\0)x"), -1 },
		{ BYTES("(\001)x"), -1 },
		{ BYTES("(\303)x"), -1 },
		{ BYTES("(\\\303)x"), -1 },
		{ BYTES("(\377)x"), -1 },
		{ BYTES("\n"), -1 },
		{ BYTES("\n "), -1 },
		{ BYTES("\nx"), -1 },
		{ BYTES("\n\n x"), -1 },
		{ BYTES("\n \n x"), -1 },
		{ BYTES("\r x"), -1 },
		{ BYTES("\rx"), -1 },
		{ BYTES("\r\nx"), -1 },
		{ BYTES("(x\n)"), -1 },
	};
	struct header_lexer lexer;
	const char *start;
	bool found, ok;
	char *copy;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		lexer = begin_lexer(rows[i].value, rows[i].len, &copy);
		start = lexer.s;
		ok = header_lexer_skip_cfws(&lexer, &found);
		unit_int(rows[i].value, "used", ok ? (int)(lexer.s - start) : -1, rows[i].used);
		if (ok)
			unit_int(rows[i].value, "found", found, rows[i].used > 0);
		free(copy);
	}
	unit_end();
}

static void
test_quoted(void **state)
{
	static const struct {
		const char *value;
		size_t len;
		int used; /* -1: invalid */
	} rows[] = {
		{ BYTES("\"\"x"), 2 },
		{ BYTES("\"x\"y"), 3 },
		{ BYTES("\"x y\"\"z\""), 5 },
		{ BYTES("\" \"x"), 3 },
		{ BYTES("\"\\\"\\\\\\ \"x"), 8 },
		{ BYTES("\"x\n y\"z"), 6 },
		{ BYTES("\"(;=<\"x"), 6 },
		{ BYTES("\"\303\266\"x"), 4 },
		{ BYTES(""), -1 },
		{ BYTES("x"), -1 },
		{ BYTES("\""), -1 },
		{ BYTES("\"x"), -1 },
		{ BYTES("\"x\\"), -1 },
		{ BYTES("\"x\\\""), -1 },
		{ BYTES("\"x\ny\""), -1 },
		{ BYTES("\"x\ry\""), -1 },
		{ BYTES("\"x\n \n y\""), -1 },
		{ BYTES("\"\0\""), -1 },
		{ BYTES("\"\\\0\""), -1 },
		{ BYTES("\"\177\""), -1 },
		{ BYTES("\"\303\""), -1 },
	};
	struct header_lexer lexer;
	struct text raw;
	const char *start;
	char *copy;
	size_t i;
	bool ok;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		lexer = begin_lexer(rows[i].value, rows[i].len, &copy);
		start = lexer.s;
		ok = header_lexer_read_quoted(&lexer, &raw);
		unit_int(rows[i].value, "used", ok ? (int)(lexer.s - start) : -1, rows[i].used);
		if (ok)
			unit_bytes(rows[i].value, "raw", raw.s, raw.len, rows[i].value,
			    (size_t)rows[i].used);
		else
			unit_true(rows[i].value, "nothing is read", lexer.s == start);
		free(copy);
	}
	unit_end();
}

static void
test_read_while(void **state)
{
	static const struct {
		const char *value;
		size_t len;
		int used;
	} rows[] = {
		{ BYTES(""), 0 },
		{ BYTES("abc"), 3 },
		{ BYTES("a!#$%&'*+-/=?^_`{|}~z9.x"), 22 },
		{ BYTES("a b"), 1 },
		{ BYTES("a(b"), 1 },
		{ BYTES("a\0b"), 1 },
		{ BYTES("\303\266x,"), 3 },
		{ BYTES("x\303"), 1 },
		{ BYTES("x\377y"), 1 },
		{ BYTES("\300\200"), 0 },
	};
	struct header_lexer lexer;
	struct text got;
	char *copy;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		lexer = begin_lexer(rows[i].value, rows[i].len, &copy);
		got = header_lexer_read_while(&lexer, header_lexer_is_atext);
		unit_bytes(
		    rows[i].value, "text", got.s, got.len, rows[i].value, (size_t)rows[i].used);
		unit_int(rows[i].value, "at end", header_lexer_at_end(&lexer),
		    rows[i].used == (int)rows[i].len);
		free(copy);
	}
	unit_end();
}

static void
test_unquote(void **state)
{
	static const struct {
		const char *raw;
		const char *want; /* NULL: it does not fit into 8 bytes */
	} rows[] = {
		{ "", "" },
		{ "x.org", "x.org" },
		{ "\"\"", "" },
		{ "\"x\"", "x" },
		{ "\"\\x\\\"\\\\\"", "x\"\\" },
		{ "\"a\n b\"", "a b" },
		{ "\"a\r\n\tb\"", "a\tb" },
		{ "\"a\"@x", "\"a\"@x" },
		{ "\"a\"b\"", "\"a\"b\"" },
		{ "a\\b", "a\\b" },
		{ "1234567", "1234567" },
		{ "12345678", NULL },
		{ "\"1234567\"", "1234567" },
		{ "\"12345678\"", NULL },
		{ "\"", "\"" },
	};
	char buf[8], *copy;
	size_t i, len;
	bool ok;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		len = strlen(rows[i].raw);
		copy = unit_copy(rows[i].raw, len);
		ok = header_lexer_unquote(buf, sizeof(buf), (struct text){ copy, len });
		unit_int(rows[i].raw, "fits", ok, rows[i].want != NULL);
		unit_text(rows[i].raw, "text", buf, rows[i].want == NULL ? "" : rows[i].want);
		free(copy);
	}
	unit_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cfws),
		cmocka_unit_test(test_quoted),
		cmocka_unit_test(test_read_while),
		cmocka_unit_test(test_unquote),
	};

	return cmocka_run_group_tests_name("header_lexer", tests, NULL, NULL);
}
