/* SPDX-License-Identifier: ISC */
#include "tests/unit/unit.h"

#include "common/day.h"

static void
test_dates(void **state)
{
	static const struct {
		const char *text;
		int day;
	} rows[] = {
		{ "2000-01-01", 10957 },
		{ "2000-02-29", 11016 },
		{ "2000-12-31", 11322 },
		{ "2001-01-01", 11323 },
		{ "2023-11-14", 19675 },
		{ "2024-02-29", 19782 },
		{ "2024-03-01", 19783 },
		{ "2026-11-22", 20779 },
		{ "2100-02-28", 47540 },
		{ "2100-03-01", 47541 },
		{ "9999-12-31", 2932896 },
	};
	char text[DAY_TEXT_SIZE];
	size_t i;
	int day;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		day = -1;
		unit_true(
		    rows[i].text, "is a date", day_parse(&day, rows[i].text, strlen(rows[i].text)));
		unit_int(rows[i].text, "day", day, rows[i].day);
		day_format(text, rows[i].day);
		unit_text(rows[i].text, "text", text, rows[i].text);
	}
	unit_end();
}

static void
test_no_dates(void **state)
{
	static const struct {
		const char *text;
		size_t len;
	} rows[] = {
		{ BYTES("") },
		{ BYTES("none") },
		{ BYTES("2026-11-2") },
		{ BYTES("2026-11-222") },
		{ BYTES("2026-13-01") },
		{ BYTES("2026-00-01") },
		{ BYTES("2026-11-31") },
		{ BYTES("2026-11-00") },
		{ BYTES("2026-02-29") },
		{ BYTES("2100-02-29") },
		{ BYTES("1999-12-31") },
		{ BYTES("2026/11/22") },
		{ BYTES("22.11.2026") },
		{ BYTES("2026-11 22") },
		{ BYTES("+026-11-22") },
		{ BYTES("2026-+1-22") },
		{ BYTES("2026-11- 2") },
		{ BYTES("2026-11-2\0") },
		{ BYTES(" 2026-11-2") },
	};
	char *copy;
	size_t i;
	int day = -1;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		copy = unit_copy(rows[i].text, rows[i].len);
		unit_int(rows[i].text, "is a date", day_parse(&day, copy, rows[i].len), 0);
		free(copy);
	}
	unit_int("all", "day", day, -1);
	unit_end();
}

/* Every day for 400 years, in which the calendar comes round, against one count of days. */
static void
test_every_day(void **state)
{
	char text[DAY_TEXT_SIZE], last[DAY_TEXT_SIZE] = "";
	int day, read;

	(void)state;
	for (day = 10957; day <= 10957 + 146097; day++) {
		day_format(text, day);
		unit_true(text, "follows the day before", strcmp(text, last) > 0);
		unit_true(text, "is a date", day_parse(&read, text, strlen(text)));
		unit_int(text, "day", read, day);
		strlcpy(last, text, sizeof(last));
	}
	unit_text("after 400 years", "date", last, "2400-01-01");
	unit_end();
}

static void
test_ends(void **state)
{
	char text[DAY_TEXT_SIZE];

	(void)state;
	day_format(text, -5);
	assert_string_equal(text, "1970-01-01");
	day_format(text, 2932897);
	assert_string_equal(text, "9999-12-31");
}

static void
test_times(void **state)
{
	(void)state;
	assert_int_equal(day_of(0), 0);
	assert_int_equal(day_of(86399), 0);
	assert_int_equal(day_of(86400), 1);
	assert_int_equal(day_of(-1), -1);
	assert_int_equal(day_of(-86400), -1);
	assert_int_equal(day_of(-86401), -2);
	assert_int_equal(day_of(1700000000), 19675);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dates),
		cmocka_unit_test(test_no_dates),
		cmocka_unit_test(test_every_day),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_times),
	};

	return cmocka_run_group_tests_name("day", tests, NULL, NULL);
}
