/* SPDX-License-Identifier: ISC */
#include "tests/unit/unit.h"

#include <event2/event.h>

#include "srsd/precedence.h"

static struct event_base *base;
static struct precedence precedence;

static int
begin(void **state)
{
	(void)state;
	base = event_base_new();
	if (base == NULL || event_base_priority_init(base, PRIORITIES) == -1)
		return -1;
	precedence_init(&precedence, base);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	precedence_end(&precedence);
	event_base_free(base);
	return 0;
}

/* turn - each client that is ready has its turn */
static void
turn(void)
{
	assert_int_not_equal(event_base_loop(base, EVLOOP_NONBLOCK), -1);
}

/* first_of - how many of so many clients go first, all served at one moment */
static unsigned
first_of(unsigned n, uint64_t now)
{
	unsigned first = 0;

	while (n-- > 0)
		first += precedence_next(&precedence, now) == PRIORITY_LOOKUPS;
	return first;
}

static void
test_window(void **state)
{
	(void)state;
	assert_int_equal(first_of(PRECEDENCE_MAX - 1, 1000), PRECEDENCE_MAX - 1);
	turn();
	assert_int_equal(first_of(10, 1000 + PRECEDENCE_WINDOW_MS - 1), 1);
	assert_int_equal(first_of(1000, 1000 + PRECEDENCE_WINDOW_MS), PRECEDENCE_MAX);
}

/* test_others - a window does not end before the others had their turn, however late it is */
static void
test_others(void **state)
{
	(void)state;
	assert_int_equal(first_of(1000, 1000), PRECEDENCE_MAX);
	assert_int_equal(first_of(1000, 9000), 0);
	turn();
	assert_int_equal(first_of(1000, 9000), PRECEDENCE_MAX);
	assert_int_equal(first_of(1000, 9000 + PRECEDENCE_WINDOW_MS), 0);
	turn();
	assert_int_equal(first_of(1000, 9000 + PRECEDENCE_WINDOW_MS), PRECEDENCE_MAX);
}

/* test_first - the first window starts at once, whatever the time */
static void
test_first(void **state)
{
	(void)state;
	assert_int_equal(first_of(2 * PRECEDENCE_MAX, 0), PRECEDENCE_MAX);
}

#define PRECEDENCE_TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		PRECEDENCE_TEST(test_window),
		PRECEDENCE_TEST(test_others),
		PRECEDENCE_TEST(test_first),
	};

	return cmocka_run_group_tests_name("precedence", tests, NULL, NULL);
}
