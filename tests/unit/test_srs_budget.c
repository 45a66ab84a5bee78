/* SPDX-License-Identifier: ISC */
#include "tests/unit/unit.h"

#include "srsd/srs_budget.h"

#define NOW 1700000000

static struct ipaddr
address(const char *s)
{
	struct ipaddr ip;

	assert_true(ipaddr_parse(&ip, s, strlen(s)));
	return ip;
}

static unsigned
guess(struct srs_budget *budget, const char *client, time_t now)
{
	struct ipaddr ip = address(client);

	return srs_budget_guess(budget, &ip, now);
}

static unsigned
guesses(struct srs_budget *budget, const char *client, time_t now)
{
	struct ipaddr ip = address(client);

	return srs_budget_guesses(budget, &ip, now);
}

static void
test_guesses_of_a_client(void **state)
{
	struct srs_budget *budget = srs_budget_new();

	(void)state;
	assert_int_equal(guesses(budget, "192.0.2.1", NOW), 0);
	assert_int_equal(guess(budget, "192.0.2.1", NOW), 1);
	assert_int_equal(guess(budget, "::ffff:192.0.2.1", NOW), 2);
	assert_int_equal(guesses(budget, "192.0.2.1", NOW), 2);
	assert_int_equal(guesses(budget, "192.0.2.2", NOW), 0);
	srs_budget_free(&budget);
	assert_null(budget);
	srs_budget_free(&budget);
}

/* Who has an IPv6 address has a /64 of them. */
static void
test_guesses_of_a_network(void **state)
{
	struct srs_budget *budget = srs_budget_new();

	(void)state;
	assert_int_equal(guess(budget, "2001:db8::1", NOW), 1);
	assert_int_equal(guess(budget, "2001:db8::ffff:ffff:ffff:ffff", NOW), 2);
	assert_int_equal(guesses(budget, "2001:db8:0:1::1", NOW), 0);
	/* The first four bytes are those of an IPv4 address. */
	assert_int_equal(guess(budget, "c000:201::1", NOW), 1);
	assert_int_equal(guesses(budget, "192.0.2.1", NOW), 0);
	srs_budget_free(&budget);
}

static void
test_guesses_in_an_hour(void **state)
{
	struct srs_budget *budget = srs_budget_new();

	(void)state;
	assert_int_equal(guess(budget, "192.0.2.1", NOW), 1);
	assert_int_equal(guess(budget, "192.0.2.1", NOW + 3599), 2);
	assert_int_equal(guesses(budget, "192.0.2.1", NOW + 3600), 0);
	assert_int_equal(guess(budget, "192.0.2.1", NOW + 3600), 1);
	srs_budget_free(&budget);
}

static unsigned
use(struct srs_budget *budget, const char *address_text, time_t now)
{
	return srs_budget_use(budget, address_text, strlen(address_text), now);
}

static void
test_uses_of_an_address(void **state)
{
	struct srs_budget *budget = srs_budget_new();

	(void)state;
	assert_int_equal(use(budget, "SRS0=mqiS=G3=example.test=jane@srs.test", NOW), 1);
	assert_int_equal(use(budget, "srs0=MQIS=g3=EXAMPLE.test=Jane@SRS.test", NOW), 2);
	assert_int_equal(use(budget, "SRS0=mqiS=G3=example.test=joe@srs.test", NOW), 1);
	srs_budget_free(&budget);
}

static void
test_uses_in_a_day(void **state)
{
	struct srs_budget *budget = srs_budget_new();

	(void)state;
	assert_int_equal(use(budget, "SRS0=mqiS=G3=example.test=jane@srs.test", NOW), 1);
	assert_int_equal(use(budget, "SRS0=mqiS=G3=example.test=jane@srs.test", NOW + 86399), 2);
	assert_int_equal(use(budget, "SRS0=mqiS=G3=example.test=jane@srs.test", NOW + 86400), 1);
	srs_budget_free(&budget);
}

static void
test_huge_addresses(void **state)
{
	struct srs_budget *budget = srs_budget_new();
	char *text = unit_fill('u', 8192);

	(void)state;
	assert_int_equal(srs_budget_use(budget, text, 8192, NOW), 1);
	assert_int_equal(srs_budget_use(budget, text, 8192, NOW), 2);
	assert_int_equal(srs_budget_use(budget, "", 0, NOW), 1);
	free(text);
	srs_budget_free(&budget);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_guesses_of_a_client),
		cmocka_unit_test(test_guesses_of_a_network),
		cmocka_unit_test(test_guesses_in_an_hour),
		cmocka_unit_test(test_uses_of_an_address),
		cmocka_unit_test(test_uses_in_a_day),
		cmocka_unit_test(test_huge_addresses),
	};

	return cmocka_run_group_tests_name("srs_budget", tests, NULL, NULL);
}
