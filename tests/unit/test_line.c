/* SPDX-License-Identifier: ISC */
#include "tests/unit/unit.h"

#include "common/line.h"
#include "common/printable.h"

static void
check_line(const char *row, const struct line *line, const char *want)
{
	unit_bytes(row, "line", line->text, line->len, want, strlen(want));
}

static void
test_pieces(void **state)
{
	struct line line;

	(void)state;
	line_begin(&line, "map");
	check_line("begun", &line, "map");
	line_put(&line, " from=<");
	line_put_untrusted(&line, "a@x.test", 8);
	line_put(&line, "> n=");
	line_put_number(&line, 42);
	line_put(&line, "");
	check_line("put", &line, "map from=<a@x.test> n=42");
	line_begin(&line, "");
	check_line("begun again", &line, "");
	unit_end();
}

static void
test_numbers(void **state)
{
	static const struct {
		unsigned long long number;
		const char *want;
	} rows[] = {
		{ 0, "0" },
		{ 9, "9" },
		{ 10, "10" },
		{ 1000000, "1000000" },
		{ 4294967296, "4294967296" },
		{ 18446744073709551615u, "18446744073709551615" },
	};
	struct line line;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		line_begin(&line, "");
		line_put_number(&line, rows[i].number);
		check_line(rows[i].want, &line, rows[i].want);
	}
	unit_end();
}

static void
test_untrusted(void **state)
{
	static const struct {
		const char *text;
		size_t len;
		const char *want;
	} rows[] = {
		{ BYTES(""), "" },
		{ BYTES("a@x.test"), "a@x.test" },
		{ BYTES("a> action=ok\n"), "a??action=ok?" },
		{ BYTES("a\0b"), "a?b" },
		{ BYTES("\303\274\177"), "???" },
		{ BYTES("%s%n"), "%s%n" },
	};
	struct line line;
	size_t i;
	char *copy;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		copy = unit_copy(rows[i].text, rows[i].len);
		line_begin(&line, "");
		line_put_untrusted(&line, copy, rows[i].len);
		check_line(rows[i].text, &line, rows[i].want);
		free(copy);
	}
	line_begin(&line, "");
	line_put_untrusted(&line, NULL, 0);
	check_line("no text", &line, "");
	unit_end();
}

static void
test_untrusted_is_cut(void **state)
{
	char *text = unit_fill('t', 8192), *want = unit_fill('t', PRINTABLE_MAX);
	struct line line;

	(void)state;
	line_begin(&line, "");
	line_put_untrusted(&line, text, PRINTABLE_MAX);
	check_line("200 bytes", &line, want);
	memcpy(want + PRINTABLE_MAX - 3, "...", 3);
	line_begin(&line, "");
	line_put_untrusted(&line, text, PRINTABLE_MAX + 1);
	check_line("201 bytes", &line, want);
	line_begin(&line, "");
	line_put_untrusted(&line, text, 8192);
	check_line("8 KiB", &line, want);
	free(text);
	free(want);
	unit_end();
}

static void
test_full_line(void **state)
{
	char *text = unit_fill('t', LINE_SIZE - 5), *want = unit_fill('t', LINE_SIZE);
	struct line line;

	(void)state;
	memcpy(want + LINE_SIZE - 5, "12345", 5);
	line_begin(&line, text);
	line_put_number(&line, 1234567890);
	check_line("number", &line, want);
	line_put(&line, "more");
	line_put_untrusted(&line, "more", 4);
	line_put_number(&line, 1);
	check_line("more", &line, want);
	line_begin(&line, want);
	check_line("begin", &line, want);
	line_begin(&line, "short");
	check_line("short", &line, "short");
	free(text);
	free(want);
	unit_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_untrusted),
		cmocka_unit_test(test_untrusted_is_cut),
		cmocka_unit_test(test_full_line),
	};

	return cmocka_run_group_tests_name("line", tests, NULL, NULL);
}
