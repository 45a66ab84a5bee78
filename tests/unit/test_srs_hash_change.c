/* SPDX-License-Identifier: ISC */
#include "tests/unit/srs_case.h"

#include "common/day.h"
#include "srsd/srs/srs_hash_change.h"

static void
test_day(void **state)
{
	struct settings *s = srs_settings();
	char text[DAY_TEXT_SIZE];

	(void)state;
	day_format(text, srs_hash_change_day(s, NOW)); /* 2023-11-14 */
	assert_string_equal(text, "2023-12-06");
	srs_set(s, "max-age", "1");
	day_format(text, srs_hash_change_day(s, NOW));
	assert_string_equal(text, "2023-11-16");
	settings_free(&s);
}

static void
test_losses(void **state)
{
	static const struct {
		const char *old, *new, *last;
		bool want;
	} rows[] = {
		{ "compatible", "separated", "none", true },
		{ "compatible", "separated", "2023-11-13", true },
		{ "compatible", "separated", "2023-11-14", true },
		{ "compatible", "separated", "2023-12-04", true },
		{ "compatible", "separated", "2023-12-05", false },
		{ "compatible", "separated", "2023-12-06", false },
		{ "compatible", "separated", "2030-01-01", false },
		{ "separated", "separated", "none", false },
		{ "separated", "compatible", "none", true },
		{ "separated", "compatible", "2023-12-04", true },
		{ "separated", "compatible", "2023-12-05", false },
		{ "compatible", "compatible", "none", false },
	};
	struct settings *old = srs_settings(), *new = srs_settings();
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		srs_set(old, "hash-format", rows[i].old);
		srs_set(new, "hash-format", rows[i].new);
		srs_set(new, "hash-accept-compatible", "none");
		srs_set(new, "hash-accept-separated", "none");
		srs_set(new,
		    strcmp(rows[i].new, "separated") == 0 ? "hash-accept-compatible"
							  : "hash-accept-separated",
		    rows[i].last);
		unit_int(unit_row("%s to %s, %s", rows[i].old, rows[i].new, rows[i].last), "loses",
		    srs_hash_change_loses(old, new, NOW), rows[i].want);
	}
	settings_free(&old);
	settings_free(&new);
	unit_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_day),
		cmocka_unit_test(test_losses),
	};

	return cmocka_run_group_tests_name("srs_hash_change", tests, NULL, NULL);
}
