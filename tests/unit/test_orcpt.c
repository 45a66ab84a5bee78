/* SPDX-License-Identifier: ISC */
#include "tests/unit/unit.h"

#include "srsd/postfix/orcpt.h"

#define NOT_THERE "(not there)"

/* check_value - decode it from memory of exactly its length */
static void
check_value(const char *value, size_t len, const char *want)
{
	struct orcpt orcpt;
	char *copy = unit_copy(value, len);
	struct text text = { copy, len };
	char row[800];

	unit_visible(row, sizeof(row), value, len);
	if (!orcpt_parse(&orcpt, text)) {
		unit_text(row, "address", NOT_THERE, want);
	} else {
		unit_text(row, "address", orcpt.address, want);
		unit_int(row, "length", (long long)orcpt.len, (long long)strlen(want));
	}
	free(copy);
}

struct value_row {
	const char *value;
	size_t len;
	const char *want;
};

static void
check_values(const struct value_row *rows, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		check_value(rows[i].value, rows[i].len, rows[i].want);
	unit_end();
}

/* RFC 3461, 4.2 and 4. */
static void
test_xtext(void **state)
{
	static const struct value_row rows[] = {
		{ BYTES("rfc822;a@fwd.test"), "a@fwd.test" },
		{ BYTES("RFC822;a@fwd.test"), "a@fwd.test" },
		{ BYTES("rfc822;A+2Bext@FWD.test"), "A+ext@FWD.test" },
		{ BYTES("rfc822;a+2bext@fwd.test"), "a+ext@fwd.test" },
		{ BYTES("rfc822;+61+40fwd.test"), "a@fwd.test" },
		{ BYTES("rfc822;\"jane+20roe\"@fwd.test"), "\"jane roe\"@fwd.test" },
		{ BYTES("rfc822;SRS0+3DAAAA+3DBB+3Dx.test+3Da@srs.test"),
		    "SRS0=AAAA=BB=x.test=a@srs.test" },
		{ BYTES("rfc822;+C3+BC@fwd.test"), "\303\274@fwd.test" },
		{ BYTES("rfc822;a"), "a" },
		{ BYTES("rfc822;fwd.test!a"), "fwd.test!a" },
		{ BYTES("rfc822;a%fwd.test"), "a%fwd.test" },
		{ BYTES("rfc822;a@fwd.test."), "a@fwd.test." },
		{ BYTES("rfc822;a;b@fwd.test"), "a;b@fwd.test" },
		{ BYTES("rfc822;\\x{E9}@fwd.test"), "\\x{E9}@fwd.test" },
	};

	(void)state;
	check_values(rows, COUNT(rows));
}

static void
test_not_xtext(void **state)
{
	static const struct value_row rows[] = {
		{ BYTES("rfc822;a=b@fwd.test"), NOT_THERE },
		{ BYTES("rfc822;a b@fwd.test"), NOT_THERE },
		{ BYTES("rfc822;a\tb@fwd.test"), NOT_THERE },
		{ BYTES("rfc822;\303\274@fwd.test"), NOT_THERE },
		{ BYTES("rfc822;a\0@fwd.test"), NOT_THERE },
		{ BYTES("rfc822;a\177@fwd.test"), NOT_THERE },
		{ BYTES("rfc822;a@fwd.test+"), NOT_THERE },
		{ BYTES("rfc822;a@fwd.test+2"), NOT_THERE },
		{ BYTES("rfc822;a+2Gb@fwd.test"), NOT_THERE },
		{ BYTES("rfc822;a+G2b@fwd.test"), NOT_THERE },
		{ BYTES("rfc822;a++2B@fwd.test"), NOT_THERE },
	};

	(void)state;
	check_values(rows, COUNT(rows));
}

/* RFC 6533, 3: both of its encodings. */
static void
test_utf8(void **state)
{
	static const struct value_row rows[] = {
		{ BYTES("utf-8;a@fwd.test"), "a@fwd.test" },
		{ BYTES("UTF-8;a@fwd.test"), "a@fwd.test" },
		{ BYTES("utf-8;\\x{E9}@fwd.test"), "\303\251@fwd.test" },
		{ BYTES("utf-8;\\x{e9}@fwd.test"), "\303\251@fwd.test" },
		{ BYTES("utf-8;\\x{A0}@fwd.test"), "\302\240@fwd.test" },
		{ BYTES("utf-8;\\x{7FF}\\x{800}@fwd.test"), "\337\277\340\240\200@fwd.test" },
		{ BYTES("utf-8;\\x{20AC}@fwd.test"), "\342\202\254@fwd.test" },
		{ BYTES("utf-8;\\x{D7FF}\\x{E000}@fwd.test"), "\355\237\277\356\200\200@fwd.test" },
		{ BYTES("utf-8;\\x{FFFF}\\x{10000}@x.test"),
		    "\357\277\277\360\220\200\200@x.test" },
		{ BYTES("utf-8;\\x{10FFFF}@fwd.test"), "\364\217\277\277@fwd.test" },
		{ BYTES("utf-8;a\\x{2B}b\\x{3D}c@fwd.test"), "a+b=c@fwd.test" },
		{ BYTES("utf-8;\"a\\x{20}\\x{5C}b\"@x.test"), "\"a \\b\"@x.test" },
		{ BYTES("utf-8;\303\251@fwd.test"), "\303\251@fwd.test" },
		{ BYTES("utf-8;\\x{E9}\303\251@fwd.test"), "\303\251\303\251@fwd.test" },
		{ BYTES("utf-8;\360\220\200\200@fwd.test"), "\360\220\200\200@fwd.test" },
		{ BYTES("utf-8;a@\345\233\275.test"), "a@\345\233\275.test" },
	};

	(void)state;
	check_values(rows, COUNT(rows));
}

static void
test_not_utf8(void **state)
{
	static const struct value_row rows[] = {
		/* must be, or must not be, encoded */
		{ BYTES("utf-8;a+b@fwd.test"), NOT_THERE },
		{ BYTES("utf-8;a+2Bb@fwd.test"), NOT_THERE },
		{ BYTES("utf-8;a=b@fwd.test"), NOT_THERE },
		{ BYTES("utf-8;a b@fwd.test"), NOT_THERE },
		{ BYTES("utf-8;\\x{41}@fwd.test"), NOT_THERE },
		{ BYTES("utf-8;a\\x{40}fwd.test"), NOT_THERE },
		/* no digits, too many, zeros in front */
		{ BYTES("utf-8;\\x{}@fwd.test"), NOT_THERE },
		{ BYTES("utf-8;\\x{9}@fwd.test"), NOT_THERE },
		{ BYTES("utf-8;\\x{00E9}@fwd.test"), NOT_THERE },
		{ BYTES("utf-8;\\x{0E9}@fwd.test"), NOT_THERE },
		{ BYTES("utf-8;\\x{0020AC}@fwd.test"), NOT_THERE },
		{ BYTES("utf-8;\\x{100000E9}@fwd.test"), NOT_THERE },
		{ BYTES("utf-8;\\x{110000}@fwd.test"), NOT_THERE },
		{ BYTES("utf-8;\\x{FFFFFF}@fwd.test"), NOT_THERE },
		{ BYTES("utf-8;\\x{1FFFFF}@fwd.test"), NOT_THERE },
		/* cut at any place */
		{ BYTES("utf-8;a@fwd.test\\"), NOT_THERE },
		{ BYTES("utf-8;a@fwd.test\\x"), NOT_THERE },
		{ BYTES("utf-8;a@fwd.test\\x{"), NOT_THERE },
		{ BYTES("utf-8;a@fwd.test\\x{E"), NOT_THERE },
		{ BYTES("utf-8;a@fwd.test\\x{E9"), NOT_THERE },
		{ BYTES("utf-8;a@fwd.test\\x{10FFFF"), NOT_THERE },
		{ BYTES("utf-8;\\u{E9}@fwd.test"), NOT_THERE },
		{ BYTES("utf-8;\\x(E9)@fwd.test"), NOT_THERE },
		{ BYTES("utf-8;\\x{G9}@fwd.test"), NOT_THERE },
		{ BYTES("utf-8;\\X{E9}@fwd.test"), NOT_THERE },
		{ BYTES("utf-8;\\\\@fwd.test"), NOT_THERE },
		/* surrogates, and bytes that are not UTF-8 */
		{ BYTES("utf-8;\\x{D800}@fwd.test"), NOT_THERE },
		{ BYTES("utf-8;\\x{DFFF}@fwd.test"), NOT_THERE },
		{ BYTES("utf-8;\355\240\200@fwd.test"), NOT_THERE },
		{ BYTES("utf-8;\300\257@fwd.test"), NOT_THERE },
		{ BYTES("utf-8;a@fwd.test\303"), NOT_THERE },
		{ BYTES("utf-8;\251@fwd.test"), NOT_THERE },
		{ BYTES("utf-8;\377@fwd.test"), NOT_THERE },
		{ BYTES("utf-8;\303\\x{A9}@fwd.test"), NOT_THERE },
		{ BYTES("rfc822;+E9@fwd.test"), NOT_THERE },
		{ BYTES("rfc822;+ED+A0+80@fwd.test"), NOT_THERE },
	};

	(void)state;
	check_values(rows, COUNT(rows));
}

/* Whatever ends a line or a text elsewhere. */
static void
test_control_characters(void **state)
{
	static const struct value_row rows[] = {
		{ BYTES("rfc822;a+00@fwd.test"), NOT_THERE },
		{ BYTES("rfc822;a@fwd.test+00"), NOT_THERE },
		{ BYTES("rfc822;a+0Ab@fwd.test"), NOT_THERE },
		{ BYTES("rfc822;a+0D+0Ab@fwd.test"), NOT_THERE },
		{ BYTES("rfc822;a+09b@fwd.test"), NOT_THERE },
		{ BYTES("rfc822;a+1Fb@fwd.test"), NOT_THERE },
		{ BYTES("rfc822;a+7Fb@fwd.test"), NOT_THERE },
		{ BYTES("rfc822;a+C2+85b@fwd.test"), NOT_THERE },
		{ BYTES("rfc822;a+C2+9Fb@fwd.test"), NOT_THERE },
		{ BYTES("utf-8;a\\x{00}@fwd.test"), NOT_THERE },
		{ BYTES("utf-8;a\\x{0A}b@fwd.test"), NOT_THERE },
		{ BYTES("utf-8;a\\x{1F}b@fwd.test"), NOT_THERE },
		{ BYTES("utf-8;a\\x{7F}b@fwd.test"), NOT_THERE },
		{ BYTES("utf-8;a\\x{85}b@fwd.test"), NOT_THERE },
		{ BYTES("utf-8;a\\x{9F}b@fwd.test"), NOT_THERE },
		{ BYTES("utf-8;a\302\205b@fwd.test"), NOT_THERE },
		{ BYTES("utf-8;a\nb@fwd.test"), NOT_THERE },
		{ BYTES("utf-8;a\0b@fwd.test"), NOT_THERE },
	};

	(void)state;
	check_values(rows, COUNT(rows));
}

static void
test_types(void **state)
{
	static const struct value_row rows[] = {
		{ BYTES(""), NOT_THERE },
		{ BYTES(";"), NOT_THERE },
		{ BYTES("rfc822"), NOT_THERE },
		{ BYTES("rfc822;"), NOT_THERE },
		{ BYTES("utf-8"), NOT_THERE },
		{ BYTES("utf-8;"), NOT_THERE },
		{ BYTES("rfc822:a@fwd.test"), NOT_THERE },
		{ BYTES("rfc82;a@fwd.test"), NOT_THERE },
		{ BYTES("rfc8222;a@fwd.test"), NOT_THERE },
		{ BYTES(" rfc822;a@fwd.test"), NOT_THERE },
		{ BYTES("rfc822 ;a@fwd.test"), NOT_THERE },
		{ BYTES("rfc822; a@fwd.test"), NOT_THERE },
		{ BYTES("utf8;a@fwd.test"), NOT_THERE },
		{ BYTES("x400;a@fwd.test"), NOT_THERE },
		{ BYTES("a@fwd.test"), NOT_THERE },
		{ BYTES("ORCPT=rfc822;a@fwd.test"), NOT_THERE },
	};
	struct text none = { NULL, 0 };
	struct orcpt orcpt;

	(void)state;
	assert_false(orcpt_parse(&orcpt, none));
	check_values(rows, COUNT(rows));
}

/* check_length_of - an address of n bytes, of which each is written like this */
static void
check_length_of(const char *type, const char *encoded, char decoded, size_t n, bool fits)
{
	size_t len = strlen(type), i;
	char *value = malloc(len + n * strlen(encoded) + 1), *want = unit_fill(decoded, n + 1);

	assert_non_null(value);
	memcpy(value, type, len);
	for (i = 0; i < n; i++, len += strlen(encoded))
		memcpy(value + len, encoded, strlen(encoded));
	want[n] = '\0';
	check_value(value, len, fits ? want : NOT_THERE);
	free(value);
	free(want);
}

static void
test_lengths(void **state)
{
	static const struct {
		const char *type;
		const char *encoded;
		char decoded;
	} rows[] = {
		{ "rfc822;", "a", 'a' },
		{ "rfc822;", "+2B", '+' },
		{ "utf-8;", "a", 'a' },
		{ "utf-8;", "\\x{2B}", '+' },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		check_length_of(rows[i].type, rows[i].encoded, rows[i].decoded, 1, true);
		check_length_of(rows[i].type, rows[i].encoded, rows[i].decoded, MAILADDR_MAX, true);
		check_length_of(
		    rows[i].type, rows[i].encoded, rows[i].decoded, MAILADDR_MAX + 1, false);
		check_length_of(rows[i].type, rows[i].encoded, rows[i].decoded, 100000, false);
	}
	unit_end();
}

/* A character that does not fit is not cut in two. */
static void
test_character_at_the_limit(void **state)
{
	char value[400] = "utf-8;", *end = value + strlen(value);
	struct text text = { value, 0 };
	struct orcpt orcpt;

	(void)state;
	memset(end, 'a', MAILADDR_MAX - 1);
	memcpy(end + MAILADDR_MAX - 1, "\\x{E9}", 6);
	text.len = (size_t)(end - value) + MAILADDR_MAX - 1 + 6;
	assert_false(orcpt_parse(&orcpt, text));
	memcpy(end + MAILADDR_MAX - 2, "\\x{E9}", 6);
	text.len--;
	assert_true(orcpt_parse(&orcpt, text));
	assert_int_equal(orcpt.len, MAILADDR_MAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_xtext),
		cmocka_unit_test(test_not_xtext),
		cmocka_unit_test(test_utf8),
		cmocka_unit_test(test_not_utf8),
		cmocka_unit_test(test_control_characters),
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_character_at_the_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
