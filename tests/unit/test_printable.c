/* SPDX-License-Identifier: ISC */
#include "tests/unit/unit.h"

#include "common/printable.h"

static void
test_visible_text_stays(void **state)
{
	static const char text[] = "user+tag=1@example.test\"\\'#;,%&{}[]~!";
	char buf[PRINTABLE_SIZE];

	(void)state;
	assert_ptr_equal(printable(buf, sizeof(buf), text, strlen(text)), buf);
	assert_string_equal(buf, text);
}

static void
test_every_byte(void **state)
{
	char buf[10], byte[3] = "a?";
	bool visible;
	int i;

	(void)state;
	for (i = 0; i < 256; i++) {
		byte[1] = (char)i;
		visible = i > ' ' && i < 0x7f && i != '<' && i != '>';
		printable(buf, sizeof(buf), byte, 2);
		unit_int(unit_row("\\x%02x", i), "length", (int)strlen(buf), 2);
		unit_int(unit_row("\\x%02x", i), "shown as", buf[1], visible ? i : '?');
	}
	unit_end();
}

static void
test_cut(void **state)
{
	static const struct {
		size_t size;
		const char *text;
		const char *want;
	} rows[] = {
		{ 8, "", "" },
		{ 8, "abcdef", "abcdef" },
		{ 8, "abcdefg", "abcdefg" },
		{ 8, "abcdefgh", "abcd..." },
		{ 8, "a b>defgh", "a?b?..." },
		{ 8, "abcdefghijklmnopqrstuvwxyz", "abcd..." },
		{ 4, "abc", "abc" },
		{ 4, "abcd", "..." },
		{ 3, "abc", "ab" },
		{ 2, "abc", "a" },
		{ 1, "abc", "" },
		{ 1, "", "" },
	};
	size_t i, len;
	char *buf, *copy;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		len = strlen(rows[i].text);
		copy = unit_copy(rows[i].text, len);
		buf = unit_fill('x', rows[i].size - 1);
		printable(buf, rows[i].size, copy, len);
		unit_text(rows[i].text, unit_row("in %zu", rows[i].size), buf, rows[i].want);
		free(buf);
		free(copy);
	}
	unit_end();
}

static void
test_log_limit(void **state)
{
	char buf[PRINTABLE_SIZE], *text = unit_fill('t', 64 * 1024);

	(void)state;
	printable(buf, sizeof(buf), text, 200);
	assert_int_equal(strlen(buf), 200);
	assert_null(strchr(buf, '.'));
	printable(buf, sizeof(buf), text, 201);
	assert_int_equal(strlen(buf), 200);
	assert_string_equal(buf + 197, "...");
	printable(buf, sizeof(buf), text, 64 * 1024);
	assert_int_equal(strlen(buf), 200);
	free(text);
}

/* A text that is a line to itself: blanks and brackets stay, and nothing else changes. */
static void
test_text_every_byte(void **state)
{
	char buf[10], byte[3] = "a?";
	int i;

	(void)state;
	for (i = 0; i < 256; i++) {
		byte[1] = (char)i;
		printable_text(buf, sizeof(buf), byte, 2);
		unit_int(unit_row("\\x%02x", i), "length", (int)strlen(buf), 2);
		unit_int(
		    unit_row("\\x%02x", i), "shown as", buf[1], i >= ' ' && i < 0x7f ? i : '?');
	}
	unit_end();
}

static void
test_text_cut(void **state)
{
	static const struct {
		size_t size;
		const char *text;
		const char *want;
	} rows[] = {
		{ 12, "", "" },
		{ 12, "a <b> c=d\n", "a <b> c=d?" },
		{ 12, "eleven byte", "eleven byte" },
		{ 12, "twelve bytes", "twelve b..." },
		{ 12, "\r\n\t\x1b[31m red and more", "????[31m..." },
		{ 4, "a bc", "..." },
		{ 3, "a b", "a " },
		{ 1, "abc", "" },
	};
	size_t i, len;
	char *buf, *copy;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		len = strlen(rows[i].text);
		copy = unit_copy(rows[i].text, len);
		buf = unit_fill('x', rows[i].size - 1);
		assert_ptr_equal(printable_text(buf, rows[i].size, copy, len), buf);
		unit_text(rows[i].text, unit_row("in %zu", rows[i].size), buf, rows[i].want);
		free(buf);
		free(copy);
	}
	unit_end();
}

static void
test_no_text(void **state)
{
	char buf[PRINTABLE_SIZE] = "rubbish";

	(void)state;
	printable(buf, sizeof(buf), NULL, 0);
	assert_string_equal(buf, "");
	memcpy(buf, "rubbish", sizeof("rubbish"));
	printable_text(buf, sizeof(buf), NULL, 0);
	assert_string_equal(buf, "");
}

static void
test_line(void **state)
{
	char text[] = "one\ntwo\r\t\177 <b\303\274cher>";

	(void)state;
	assert_ptr_equal(printable_line(text), text);
	assert_string_equal(text, "one?two??? <b\303\274cher>");
}

static void
test_has_control(void **state)
{
	int c;
	char text[] = "a b";

	(void)state;
	assert_false(printable_has_control(NULL, 0));
	for (c = 0; c < 256; c++) {
		text[1] = (char)c;
		unit_int("byte", text, printable_has_control(text, 3), c < 0x20 || c == 0x7f);
	}
	assert_false(printable_has_control("a\n", 1));
	assert_true(printable_has_control("a\n", 2));
	unit_end();
}

static void
test_utf8(void **state)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{ "", "" },
		{ "user@example.test <a b>", "user@example.test <a b>" },
		{ "j\xc3\xbcrgen \xe2\x82\xac \xf0\x9f\x98\x80",
		    "j\xc3\xbcrgen \xe2\x82\xac \xf0\x9f\x98\x80" },
		{ "\x1b]0;owned\x07\x1b[2J", "?]0;owned??[2J" },
		{ "a\nb\rc\td\x7f", "a?b?c?d?" },
		{ "\xc2\x9b"
		  "2J",
		    "?2J" }, /* CSI, as a character */
		{ "\x9b"
		  "2J",
		    "?2J" }, /* and as a byte */
		{ "\xc2\x80\xc2\x9f\xc2\xa0", "??\xc2\xa0" },
		{ "a\xe2\x80\xae"
		  "b\xe2\x80\xac",
		    "a?b?" },                           /* RIGHT-TO-LEFT OVERRIDE, and its end */
		{ "\xe2\x81\xa6x\xe2\x81\xa9", "?x?" }, /* isolates */
		{ "\xd8\x9c\xe2\x80\x8e\xe2\x80\x8f", "???" }, /* marks */
		{ "\xe2\x80\x8b\xef\xbb\xbf\xc2\xad", "???" }, /* invisible */
		{ "\xe2\x80\xa8\xe2\x80\xa9", "??" },          /* separators of lines */
		{ "\xf3\xa0\x81\x81", "?" },                   /* TAG LATIN CAPITAL LETTER A */
		{ "\xee\x80\x80", "?" },                       /* private use */
		{ "\xc0\x9b\xe0\x82\x9b", "?????" },           /* too long forms of CSI */
		{ "\xed\xa0\x80", "?" },                       /* a surrogate */
		{ "\xf4\x90\x80\x80\xff", "?????" },           /* beyond Unicode */
		{ "\xc3", "?" },
		{ "\xe2\x82", "??" },
		{ "\xc3(", "?(" },
	};
	char *copy;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		copy = unit_copy(rows[i].text, strlen(rows[i].text) + 1);
		unit_text(rows[i].text, "shown as", printable_utf8(copy), rows[i].want);
		free(copy);
	}
	unit_end();
}

static void
test_utf8_length(void **state)
{
	static const struct {
		const char *text;
		size_t len, want;
	} rows[] = {
		{ "a", 1, 1 },
		{ "\0", 1, 1 },
		{ "\xc3\xbc", 2, 2 },
		{ "\xc3\xbcx", 3, 2 },
		{ "\xe2\x82\xac", 3, 3 },
		{ "\xf0\x9f\x98\x80", 4, 4 },
		{ "\xed\xa0\x80", 3, 3 },
		{ "\xc3", 1, 0 },
		{ "\xe2\x82", 2, 0 },
		{ "\xf0\x9f\x98", 3, 0 },
		{ "\xc3(", 2, 0 },
		{ "\x80", 1, 0 },
		{ "\xc0\x80", 2, 0 },
		{ "\xe0\x82\x9b", 3, 0 },
		{ "\xf4\x90\x80\x80", 4, 0 },
		{ "\xff", 1, 0 },
	};
	char *copy;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		copy = unit_copy(rows[i].text, rows[i].len);
		unit_int(rows[i].text, "length",
		    (long long)printable_utf8_length(copy, rows[i].len), (long long)rows[i].want);
		free(copy);
	}
	unit_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_visible_text_stays),
		cmocka_unit_test(test_every_byte),
		cmocka_unit_test(test_utf8),
		cmocka_unit_test(test_utf8_length),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_log_limit),
		cmocka_unit_test(test_text_every_byte),
		cmocka_unit_test(test_text_cut),
		cmocka_unit_test(test_no_text),
		cmocka_unit_test(test_line),
		cmocka_unit_test(test_has_control),
	};

	return cmocka_run_group_tests_name("printable", tests, NULL, NULL);
}
