/* SPDX-License-Identifier: ISC */
#include "tests/unit/unit.h"

#include "srsd/srs/srs_stamp.h"

#define DAYS 1024

static void
test_days(void **state)
{
	static const struct {
		time_t now;
		unsigned want;
	} rows[] = {
		{ 0, 0 }, { 86399, 0 }, { 86400, 1 }, { 86400 * 1023, 1023 }, { 88473599, 1023 },
		{ 88473600, 0 }, { 1700000000, 219 }, { 1700006399, 219 }, { 1700006400, 220 },
		{ 4102444800, 378 },   /* beyond 2038 */
		{ 253402300799, 160 }, /* the last second of the year 9999 */
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++)
		unit_int(unit_row("%lld", (long long)rows[i].now), "day",
		    srs_stamp_day(rows[i].now), rows[i].want);
	unit_end();
}

static void
test_texts(void **state)
{
	static const struct {
		unsigned day;
		const char *want;
	} rows[] = { { 0, "AA" }, { 1, "AB" }, { 25, "AZ" }, { 26, "A2" }, { 31, "A7" },
		{ 32, "BA" }, { 219, "G3" }, { 992, "7A" }, { 1023, "77" } };
	char text[3] = "";
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		srs_stamp_write(rows[i].day, text);
		unit_text(unit_row("%u", rows[i].day), "stamp", text, rows[i].want);
	}
	unit_end();
}

static void
test_round_trip_of_every_day(void **state)
{
	char text[3] = "", seen[DAYS][3] = { "" };
	unsigned day, other, got;

	(void)state;
	for (day = 0; day < DAYS; day++) {
		srs_stamp_write(day, text);
		memcpy(seen[day], text, 3);
		got = DAYS;
		unit_true(text, "read", srs_stamp_read(&got, text, 2));
		unit_int(text, "day", got, day);
		text[0] = (char)(text[0] >= 'A' ? text[0] + 32 : text[0]);
		text[1] = (char)(text[1] >= 'A' ? text[1] + 32 : text[1]);
		unit_true(text, "read in lower case", srs_stamp_read(&got, text, 2));
		unit_int(text, "day", got, day);
		for (other = 0; other < day; other++)
			if (strcmp(seen[other], seen[day]) == 0)
				unit_int(seen[day], "only once", other, day);
	}
	unit_end();
}

static void
test_every_character(void **state)
{
	char text[2];
	unsigned day;
	bool want;
	int c;

	(void)state;
	for (c = 0; c < 256; c++) {
		want = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '2' && c <= '7');
		text[0] = (char)c;
		text[1] = 'A';
		unit_int(unit_row("\\x%02x", c), "first", srs_stamp_read(&day, text, 2), want);
		text[0] = 'A';
		text[1] = (char)c;
		unit_int(unit_row("\\x%02x", c), "second", srs_stamp_read(&day, text, 2), want);
	}
	unit_end();
}

static void
test_lengths(void **state)
{
	char *copy;
	unsigned day;
	size_t len;

	(void)state;
	for (len = 0; len < 5; len++) {
		copy = unit_fill('A', len);
		unit_int(copy, "read", srs_stamp_read(&day, copy, len), len == 2);
		free(copy);
	}
	unit_end();
}

static void
test_before(void **state)
{
	static const struct {
		unsigned day, back, want;
	} rows[] = { { 5, 0, 5 }, { 5, 1, 4 }, { 5, 5, 0 }, { 5, 6, 1023 }, { 0, 1, 1023 },
		{ 0, 1023, 1 }, { 0, 1024, 0 }, { 1023, 1023, 0 }, { 7, 2048, 7 } };
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++)
		unit_int(unit_row("%u, %u back", rows[i].day, rows[i].back), "day",
		    srs_stamp_before(rows[i].day, rows[i].back), rows[i].want);
	unit_end();
}

/* check_age - a row is named only when it is wrong: there are three million of them */
static void
check_age(unsigned today, unsigned age, unsigned max_age)
{
	bool want = age <= max_age || age == DAYS - 1;
	bool got = srs_stamp_is_current((today + DAYS - age) % DAYS, today, max_age);

	if (got != want)
		unit_int(unit_row("today %u, max-age %u", today, max_age),
		    unit_row("%u days old", age), got, want);
}

/* Each of the 1024 stamps, seen from each of the 1024 days. */
static void
test_ages(void **state)
{
	static const unsigned max_ages[] = { 1, 21, 365 };
	unsigned today, age;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(max_ages); i++)
		for (today = 0; today < DAYS; today++)
			for (age = 0; age < DAYS; age++)
				check_age(today, age, max_ages[i]);
	unit_end();
}

static void
test_edges(void **state)
{
	(void)state;
	assert_true(srs_stamp_is_current(100, 121, 21));
	assert_false(srs_stamp_is_current(100, 122, 21));
	assert_true(srs_stamp_is_current(101, 100, 21));  /* tomorrow */
	assert_false(srs_stamp_is_current(102, 100, 21)); /* the day after */
	assert_true(srs_stamp_is_current(1010, 7, 21));
	assert_false(srs_stamp_is_current(1009, 7, 21));
	assert_true(srs_stamp_is_current(0, 1023, 21)); /* tomorrow, after the wrap */
	assert_false(srs_stamp_is_current(1, 1023, 21));
}

/* A stamp means the latest day up to tomorrow that has it. */
static void
test_dates(void **state)
{
	static const struct {
		const char *row;
		unsigned today; /* since 1970 */
		int from;       /* today */
		unsigned want;
	} rows[] = {
		{ "today", 19675, 0, 19675 },
		{ "yesterday", 19675, -1, 19674 },
		{ "tomorrow", 19675, 1, 19676 },
		{ "the day after is long ago", 19675, 2, 19675 + 2 - DAYS },
		{ "as far as there is", 19675, -1022, 19675 - 1022 },
		{ "at the wrap", 19456, 0, 19456 }, /* 19 * 1024 */
		{ "before the wrap", 19456, -1, 19455 },
		{ "after the wrap", 19455, 1, 19456 },
	};
	unsigned stamp;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		stamp = (unsigned)((int)rows[i].today + rows[i].from) % DAYS;
		unit_int(rows[i].row, "first second",
		    (int)srs_stamp_date(stamp, (time_t)rows[i].today * 86400), (int)rows[i].want);
		unit_int(rows[i].row, "last second",
		    (int)srs_stamp_date(stamp, (time_t)rows[i].today * 86400 + 86399),
		    (int)rows[i].want);
	}
	unit_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_days),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_round_trip_of_every_day),
		cmocka_unit_test(test_every_character),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_before),
		cmocka_unit_test(test_ages),
		cmocka_unit_test(test_edges),
		cmocka_unit_test(test_dates),
	};

	return cmocka_run_group_tests_name("srs_stamp", tests, NULL, NULL);
}
