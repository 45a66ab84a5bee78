/* SPDX-License-Identifier: ISC */
#include "tests/unit/unit.h"

#include "common/duration.h"

static void
test_durations(void **state)
{
	static const struct {
		const char *text;
		uint64_t ms;
	} rows[] = {
		{ "0 s", 0 },
		{ "0 s", 999 },
		{ "1 s", 1000 },
		{ "41 s", 41500 },
		{ "119 s", 119999 },
		{ "2 min", 120000 },
		{ "59 min", 3599999 },
		{ "1 h", 3600000 },
		{ "3 h 5 min", 11100000 },
		{ "23 h 59 min", 86399999 },
		{ "1 day", 86400000 },
		{ "1 day 1 h", 90000000 },
		{ "2 days 3 h", 183600000 },
		{ "213503982334 days 14 h", UINT64_MAX },
	};
	char text[DURATION_TEXT_SIZE];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++)
		unit_text(rows[i].text, "text", duration_format(text, rows[i].ms), rows[i].text);
	unit_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_durations),
	};

	return cmocka_run_group_tests_name("duration", tests, NULL, NULL);
}
