/* SPDX-License-Identifier: ISC */
#include "tests/unit/unit.h"

#include "spf/spf_inflight.h"

static void
test_limit_of_one_domain(void **state)
{
	struct spf_inflight *inflight = spf_inflight_new();
	int i;

	(void)state;
	for (i = 0; i < SPF_INFLIGHT_MAX; i++)
		assert_true(spf_inflight_enter(inflight, "slow.test"));
	assert_false(spf_inflight_enter(inflight, "slow.test"));
	assert_false(spf_inflight_enter(inflight, "SLOW.Test"));
	assert_true(spf_inflight_enter(inflight, "other.test"));
	assert_true(spf_inflight_enter(inflight, "a.slow.test"));
	assert_int_equal(spf_inflight_count(inflight), SPF_INFLIGHT_MAX + 2);
	spf_inflight_free(&inflight);
	assert_null(inflight);
	spf_inflight_free(&inflight);
}

static void
test_room_again(void **state)
{
	struct spf_inflight *inflight = spf_inflight_new();
	int i;

	(void)state;
	for (i = 0; i < SPF_INFLIGHT_MAX; i++)
		assert_true(spf_inflight_enter(inflight, "slow.test"));
	assert_false(spf_inflight_enter(inflight, "slow.test"));
	spf_inflight_leave(inflight, "Slow.test");
	assert_int_equal(spf_inflight_count(inflight), SPF_INFLIGHT_MAX - 1);
	assert_true(spf_inflight_enter(inflight, "slow.test"));
	assert_false(spf_inflight_enter(inflight, "slow.test"));
	spf_inflight_free(&inflight);
}

static void
test_all_leave(void **state)
{
	struct spf_inflight *inflight = spf_inflight_new();
	char name[40];
	int i;

	(void)state;
	for (i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "d%d.test", i % 100);
		assert_true(spf_inflight_enter(inflight, name));
	}
	assert_int_equal(spf_inflight_count(inflight), 1000);
	for (i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "d%d.test", i % 100);
		spf_inflight_leave(inflight, name);
	}
	assert_int_equal(spf_inflight_count(inflight), 0);
	spf_inflight_free(&inflight);
}

static void
test_no_domain(void **state)
{
	struct spf_inflight *inflight = spf_inflight_new();

	(void)state;
	assert_true(spf_inflight_enter(inflight, ""));
	spf_inflight_leave(inflight, "");
	assert_int_equal(spf_inflight_count(inflight), 0);
	spf_inflight_free(&inflight);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_limit_of_one_domain),
		cmocka_unit_test(test_room_again),
		cmocka_unit_test(test_all_leave),
		cmocka_unit_test(test_no_domain),
	};

	return cmocka_run_group_tests_name("spf_inflight", tests, NULL, NULL);
}
