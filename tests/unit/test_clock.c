/* SPDX-License-Identifier: ISC */
#include "tests/unit/unit.h"

#include "common/clock.h"

struct hands {
	time_t wall;
	uint64_t elapsed;
};

static time_t
hand_wall(void *arg)
{
	return ((struct hands *)arg)->wall;
}

static uint64_t
hand_elapsed(void *arg)
{
	return ((struct hands *)arg)->elapsed;
}

static void
test_turned_by_hand(void **state)
{
	struct hands hands = { 1700000000, 42 };
	struct clock clock = { hand_wall, hand_elapsed, &hands };

	(void)state;
	assert_int_equal(clock_wall(&clock), 1700000000);
	assert_int_equal(clock_elapsed(&clock), 42);
	hands.wall = 5;
	hands.elapsed = 43;
	assert_int_equal(clock_wall(&clock), 5);
	assert_int_equal(clock_elapsed(&clock), 43);
}

static void
test_of_the_system(void **state)
{
	time_t before = time(NULL), wall = clock_wall(&clock_system);
	uint64_t elapsed = clock_elapsed(&clock_system);

	(void)state;
	assert_true(wall >= before && wall <= time(NULL));
	assert_true(clock_elapsed(&clock_system) >= elapsed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_turned_by_hand),
		cmocka_unit_test(test_of_the_system),
	};

	return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}
