/* SPDX-License-Identifier: ISC */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

#include "srsd/link.h"

static void
test_changes(void **state)
{
	static const struct link_change changes[] = {
		{ true, 0, 1 },
		{ false, 0, 2 },
		{ true, 4, UINT32_MAX },
		{ false, 0, UINT32_MAX },
		{ true, 2, 10 },
	};
	char text[CHANNEL_TEXT_MAX] = "";
	const char *rest = text;
	struct link_change got;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(changes) / sizeof(changes[0]); i++)
		assert_true(link_add_change(text, &changes[i]));
	for (i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		assert_true(link_next_change(&rest, &got));
		assert_int_equal(got.comes, changes[i].comes);
		assert_int_equal(got.service, changes[i].service);
		assert_int_equal(got.id, changes[i].id);
	}
	assert_false(link_next_change(&rest, &got));
	assert_string_equal(rest, "");
}

static void
test_none(void **state)
{
	const char *rest = "";
	struct link_change got;

	(void)state;
	assert_false(link_next_change(&rest, &got));
}

/* test_full - what there is room for is there, whole */
static void
test_full(void **state)
{
	struct link_change change = { true, 1, 1000000 };
	char text[CHANNEL_TEXT_MAX] = "";
	const char *rest = text;
	struct link_change got;
	unsigned n = 0, i;

	(void)state;
	while (link_add_change(text, &change)) {
		change.id++;
		n++;
	}
	assert_in_range(n, 150, 250);
	for (i = 0; i < n; i++) {
		assert_true(link_next_change(&rest, &got));
		assert_int_equal(got.id, 1000000 + i);
	}
	assert_false(link_next_change(&rest, &got));
}

static void
test_nonsense(void **state)
{
	static const char *const texts[] = { "x", "+", "+1", "+1:", "+:2 ", "-", "-x ", ":",
		"1:2 " };
	struct link_change got;
	const char *rest;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		rest = texts[i];
		assert_false(link_next_change(&rest, &got));
		assert_ptr_equal(rest, texts[i]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_changes),
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_nonsense),
	};

	return cmocka_run_group_tests_name("link", tests, NULL, NULL);
}
