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

/* However it is written, it is the same address: each of these verifies. */
static void
test_spellings_of_an_address(void **state)
{
	static const char *const rows[] = { "SRS0=m+/S=G3=example.test=jane@srs.test",
		"SRS0+m+/S=G3=example.test=jane@srs.test",
		"SRS0-m+/S=G3=example.test=jane@srs.test",
		"srs0=M-_s=g3=EXAMPLE.test=JANE@SRS.test",
		"SRS0=m+/SxyzA=G3=example.test=jane@srs.test" };
	static const char *const others[] = { "SRS0=m+/S=G2=example.test=jane@srs.test",
		"SRS0=m+/S=G3=example.test=jan@srs.test", "SRS0=m+/S=G3=xample.test=jane@srs.test",
		"SRS1=m+/S=example.test==jane@srs.test" };
	struct srs_budget *budget = srs_budget_new();
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++)
		unit_int(rows[i], "uses", use(budget, rows[i], NOW), (int)i + 1);
	for (i = 0; i < COUNT(others); i++)
		unit_int(others[i], "uses", use(budget, others[i], NOW), 1);
	unit_int("SRS1", "uses", use(budget, "srs1+xxxx=EXAMPLE.test==jane@srs.test", NOW), 2);
	unit_int("looked at", "uses", srs_budget_uses(budget, rows[0], strlen(rows[0]), NOW),
	    COUNT(rows));
	unit_int(
	    "looked at", "uses", srs_budget_uses(budget, rows[0], strlen(rows[0]), NOW + 86400), 0);
	srs_budget_free(&budget);
	unit_end();
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
		cmocka_unit_test(test_spellings_of_an_address),
		cmocka_unit_test(test_uses_in_a_day),
		cmocka_unit_test(test_huge_addresses),
	};

	return cmocka_run_group_tests_name("srs_budget", tests, NULL, NULL);
}
