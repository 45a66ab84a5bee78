/* SPDX-License-Identifier: ISC */
#include "tests/unit/unit.h"

#include "spf/spf_inflight.h"

#define MAX 3000

static struct spf_inflight *inflight;
static struct spf_place places[MAX];
static size_t n_places;
static uint64_t now;

/* What owns the places and parties of a test: its name, for the messages. */
struct owner {
	const char *ip, *domain;
	struct spf_party *party;
	unsigned taken, given_up;
};

static int
begin(void **state)
{
	(void)state;
	inflight = spf_inflight_new();
	n_places = 0;
	now = 1000;
	return 0;
}

static int
end(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < n_places; i++)
		if (places[i].owner != NULL)
			spf_inflight_release(inflight, &places[i]);
	assert_int_equal(spf_inflight_count(inflight), 0);
	spf_inflight_free(&inflight);
	assert_null(inflight);
	spf_inflight_free(&inflight);
	return 0;
}

#define INFLIGHT_TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

static struct spf_party *
join(const char *ip, const char *domain, bool limited, void *owner)
{
	struct ipaddr client;

	assert_true(ipaddr_parse(&client, ip, strlen(ip)));
	return spf_inflight_join(inflight, &client, domain, limited, owner);
}

static void
enter(struct owner *owner, const char *ip, const char *domain)
{
	memset(owner, 0, sizeof(*owner));
	owner->ip = ip;
	owner->domain = domain;
	owner->party = join(ip, domain, false, owner);
	assert_non_null(owner->party);
}

static void
leave(struct owner *owner)
{
	spf_inflight_leave(inflight, &owner->party);
}

/* take - one place; what has to be given up for it is */
static bool
take(struct owner *owner)
{
	struct owner *victim;

	while ((victim = spf_inflight_excess(inflight, now)) != NULL)
		victim->given_up++;
	assert_true(n_places < MAX);
	if (!spf_inflight_take(inflight, &places[n_places], owner->party, owner, now))
		return false;
	n_places++;
	owner->taken++;
	while ((victim = spf_inflight_excess(inflight, now)) != NULL)
		victim->given_up++;
	return true;
}

/* take_all - as many places as there are; how many */
static unsigned
take_all(struct owner *owner, unsigned most)
{
	unsigned n = 0;

	while (n < most && take(owner))
		n++;
	return n;
}

/* release_all - that an owner has */
static void
release_all(const struct owner *owner)
{
	size_t i;

	for (i = 0; i < n_places; i++)
		if (places[i].owner == owner) {
			spf_inflight_release(inflight, &places[i]);
			places[i].owner = NULL;
		}
}

/* Checks that wait: 20 of a domain for each client network, 200 of a domain. */
static void
test_checks_of_a_domain(void **state)
{
	static const struct {
		const char *domain, *ip;
		bool want;
	} rows[] = {
		{ "slow.test", "192.0.2.1", false },
		{ "SLOW.Test", "192.0.2.1", false },
		{ "slow.test", "192.0.2.2", true },
		{ "other.test", "192.0.2.1", true },
		{ "a.slow.test", "192.0.2.1", true },
		{ "slow.test", "2001:db8::1", true },
	};
	struct spf_party *party[SPF_INFLIGHT_MAX], *one;
	unsigned i;

	(void)state;
	for (i = 0; i < SPF_INFLIGHT_MAX; i++)
		assert_non_null(party[i] = join("192.0.2.1", "slow.test", true, NULL));
	for (i = 0; i < COUNT(rows); i++) {
		one = join(rows[i].ip, rows[i].domain, true, NULL);
		unit_int(rows[i].domain, rows[i].ip, one != NULL, rows[i].want);
		spf_inflight_leave(inflight, &one);
	}
	assert_int_equal(spf_inflight_count(inflight), SPF_INFLIGHT_MAX);
	/* An evaluation that is none of a check is not counted. */
	one = join("192.0.2.1", "slow.test", false, NULL);
	assert_non_null(one);
	assert_int_equal(spf_inflight_count(inflight), SPF_INFLIGHT_MAX);
	spf_inflight_leave(inflight, &one);
	/* One leaves, and one finds room. */
	spf_inflight_leave(inflight, &party[3]);
	assert_null(party[3]);
	assert_non_null(party[3] = join("192.0.2.1", "slow.test", true, NULL));
	for (i = 0; i < SPF_INFLIGHT_MAX; i++)
		spf_inflight_leave(inflight, &party[i]);
	unit_end();
}

static void
test_checks_of_a_domain_in_all(void **state)
{
	struct spf_party *party[SPF_INFLIGHT_DOMAIN];
	unsigned i;

	(void)state;
	for (i = 0; i < SPF_INFLIGHT_DOMAIN; i++)
		assert_non_null(
		    party[i] = join(unit_row("192.0.2.%u", i % 100), "slow.test", true, NULL));
	assert_null(join("198.51.100.1", "slow.test", true, NULL));
	for (i = 0; i < SPF_INFLIGHT_DOMAIN; i++)
		spf_inflight_leave(inflight, &party[i]);
}

/* However many /64 a client has, its /48 leaves room for the mail of others from that domain. */
static void
test_checks_of_a_domain_from_one_site(void **state)
{
	struct spf_party *party[SPF_INFLIGHT_SITE_MAX], *other;
	unsigned i;

	(void)state;
	for (i = 0; i < SPF_INFLIGHT_SITE_MAX; i++)
		assert_non_null(
		    party[i] = join(unit_row("2001:db8:0:%x::1", i), "slow.test", true, NULL));
	assert_null(join("2001:db8:0:ffff::1", "slow.test", true, NULL));
	assert_non_null(other = join("2001:db8:1::1", "slow.test", true, NULL));
	spf_inflight_leave(inflight, &other);
	spf_inflight_leave(inflight, &party[0]);
	assert_non_null(party[0] = join("2001:db8:0:ffff::1", "slow.test", true, NULL));
	for (i = 0; i < SPF_INFLIGHT_SITE_MAX; i++)
		spf_inflight_leave(inflight, &party[i]);
	assert_int_equal(spf_inflight_count(inflight), 0);
}

/* A client has its own places: an IPv4 address, an IPv6 /64, and for a /48 there is another bound.
 */
static void
test_places_of_a_network(void **state)
{
	static const struct {
		const char *ip, *other;
		bool shared;
	} rows[] = {
		{ "192.0.2.1", "192.0.2.1", true },
		{ "192.0.2.1", "192.0.2.2", false },
		{ "2001:db8::1", "2001:db8::ffff:1", true },
		{ "2001:db8::1", "2001:db8:0:1::1", false },
	};
	struct owner one, other;
	unsigned i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		enter(&one, rows[i].ip, "a.test");
		enter(&other, rows[i].other, "b.test");
		unit_int(rows[i].ip, "places", (int)take_all(&one, MAX), SPF_INFLIGHT_NETWORK);
		unit_int(rows[i].ip, rows[i].other, take(&other), !rows[i].shared);
		leave(&one);
		leave(&other);
		release_all(&one);
		release_all(&other);
		unit_true(rows[i].ip, "young ones are not given up", one.given_up == 0);
	}
	unit_end();
}

static void
test_places_of_a_site(void **state)
{
	struct owner owner[4];
	unsigned i, n = 0;

	(void)state;
	for (i = 0; i < 4; i++) {
		enter(&owner[i], unit_row("2001:db8:0:%u::1", i), "a.test");
		n += take_all(&owner[i], 100);
	}
	assert_int_equal(n, SPF_INFLIGHT_SITE);
	for (i = 0; i < 4; i++)
		leave(&owner[i]);
}

/* Old questions get half of a network's places; the oldest is given up, and its place is not free
 * before the resolver has finished with it. */
static void
test_old_places_of_a_network(void **state)
{
	struct owner slow, fast;
	unsigned i;

	(void)state;
	enter(&slow, "192.0.2.1", "slow.test");
	enter(&fast, "192.0.2.1", "fast.test");
	assert_int_equal(take_all(&slow, 100), 100);
	now += SPF_INFLIGHT_YOUNG - 1;
	assert_true(take(&fast));
	assert_int_equal(slow.given_up, 0);
	now++;
	assert_true(take(&fast));
	assert_int_equal(slow.given_up, 100 - SPF_INFLIGHT_NETWORK / 2);
	for (i = 0; i < 100 - SPF_INFLIGHT_NETWORK / 2; i++)
		assert_true(places[i].abandoned);
	assert_false(places[i].abandoned);
	assert_int_equal(take_all(&fast, MAX), SPF_INFLIGHT_NETWORK - 102);
	assert_null(spf_inflight_next(inflight));
	spf_inflight_release(inflight, &places[0]);
	places[0].owner = NULL;
	assert_ptr_equal(spf_inflight_next(inflight), &fast);
	assert_true(take(&fast));
	assert_null(spf_inflight_next(inflight));
	assert_int_equal(fast.given_up, 0);
	leave(&slow);
	leave(&fast);
}

/* Many networks: the half of the old questions is full. */
static void
test_old_places_in_all(void **state)
{
	static const struct {
		const char *name;
		unsigned networks, each;
		unsigned of_domain; /* so many of them ask for one domain, each other for its own */
		unsigned more;      /* that the last one has */
		bool first, last;   /* whose questions are given up */
	} rows[] = {
		/* One network has more than others. */
		{ "network", 12, 53, 0, 11, false, true },
		/* A botnet, and one domain. */
		{ "domain", 60, 11, 30, 0, true, false },
		/* Nobody stands out: the oldest of all. */
		{ "oldest", 140, 5, 0, 0, true, false },
	};
	static struct owner owner[200];
	unsigned i, k, n, given_up;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		for (n = 0, k = 0; k < rows[i].networks; k++) {
			enter(&owner[k], unit_row("192.0.2.%u", k),
			    unit_row("x%u.d%u.test", k, k < rows[i].of_domain ? 0 : k));
			n += take_all(&owner[k], rows[i].each);
			now++;
		}
		n += take_all(&owner[k - 1], rows[i].more);
		now += SPF_INFLIGHT_YOUNG;
		enter(&owner[k], "198.51.100.1", "new.test");
		assert_true(take(&owner[k]));
		for (given_up = 0, k = 0; k < rows[i].networks; k++)
			given_up += owner[k].given_up;
		unit_int(rows[i].name, "given up", (int)given_up, (int)n - SPF_INFLIGHT_PLACES / 2);
		unit_int(rows[i].name, "of the first", owner[0].given_up > 0, rows[i].first);
		unit_int(rows[i].name, "of the last", owner[k - 1].given_up > 0, rows[i].last);
		unit_int(rows[i].name, "of the new one", (int)owner[k].given_up, 0);
		for (k = 0; k <= rows[i].networks; k++) {
			leave(&owner[k]);
			release_all(&owner[k]);
		}
	}
	unit_end();
}

/* A network that has no place gets one, though all are taken; but not beyond what there is. One
 * that has few gets another, while there are enough for those that have none. */
static void
test_first_place_of_a_network(void **state)
{
	static struct owner flood[10], first[SPF_INFLIGHT_MOST], few;
	static char ip[SPF_INFLIGHT_MOST][40];
	unsigned i, n = 0;

	(void)state;
	for (i = 0; i < 10; i++) {
		enter(&flood[i], unit_row("192.0.2.%u", i), unit_row("d%u.test", i));
		n += take_all(&flood[i], SPF_INFLIGHT_NETWORK);
	}
	assert_int_equal(n, SPF_INFLIGHT_PLACES);
	for (i = 0; i < SPF_INFLIGHT_MOST; i++) {
		snprintf(ip[i], sizeof(ip[i]), "198.51.%u.%u", i / 250, i % 250);
		enter(&first[i], ip[i], unit_row("honest%u.test", i));
		if (!take(&first[i]))
			break;
		assert_int_equal(first[i].given_up, 0);
	}
	assert_int_equal(i, SPF_INFLIGHT_MOST - SPF_INFLIGHT_PLACES);
	assert_false(take(&first[0]));
	for (n = 0; n < i / 2 + 10; n++)
		release_all(&first[n]);
	enter(&few, "203.0.113.1", "few.test");
	assert_int_equal(take_all(&few, 20), 8);
	leave(&few);
	/* The floods have made room for them, and are told so. */
	for (n = 0, i = 0; i < 10; i++)
		n += flood[i].given_up;
	assert_int_equal(n, SPF_INFLIGHT_MOST - SPF_INFLIGHT_PLACES + 8);
	for (i = 0; i < 10; i++)
		leave(&flood[i]);
	for (i = 0; i <= SPF_INFLIGHT_MOST - SPF_INFLIGHT_PLACES; i++)
		leave(&first[i]);
}

/* Parties that wait get places in the order in which they came, and before one that comes later. */
static void
test_waiting_in_order(void **state)
{
	struct owner holder[10], a, b, late;
	unsigned i;

	(void)state;
	for (i = 0; i < 10; i++) {
		enter(&holder[i], unit_row("192.0.2.%u", i), unit_row("d%u.test", i));
		take_all(&holder[i], SPF_INFLIGHT_NETWORK - 3);
	}
	enter(&a, "198.51.100.1", "a.test");
	enter(&b, "198.51.100.2", "b.test");
	enter(&late, "198.51.100.3", "late.test");
	/* So many that they are not few. */
	assert_int_equal(take_all(&a, 8) + take_all(&b, 8) + take_all(&late, 8), 24);
	assert_int_equal(take_all(&a, MAX), 6);
	assert_false(take(&b));
	assert_ptr_equal(spf_inflight_next(inflight), NULL);
	spf_inflight_release(inflight, &places[0]);
	places[0].owner = NULL;
	assert_ptr_equal(spf_inflight_next(inflight), &a);
	assert_false(take(&late));
	assert_true(take(&a));
	spf_inflight_release(inflight, &places[1]);
	places[1].owner = NULL;
	assert_ptr_equal(spf_inflight_next(inflight), &b);
	/* One that has no use for a place any more keeps none from the others. */
	spf_inflight_stop_waiting(inflight, b.party);
	assert_ptr_equal(spf_inflight_next(inflight), &late);
	leave(&b);
	assert_ptr_equal(spf_inflight_next(inflight), &late);
	leave(&a);
	leave(&late);
	assert_null(spf_inflight_next(inflight));
	for (i = 0; i < 10; i++)
		leave(&holder[i]);
}

static void
test_report(void **state)
{
	static const struct {
		const char *domain, *organization;
	} rows[] = {
		{ "a.b.evil.test", "evil.test" },
		{ "evil.test", "evil.test" },
		{ "mail.evil.co.uk", "evil.co.uk" },
		{ "a.b.evil.com.au", "evil.com.au" },
		{ "a.evil.de", "evil.de" },
		{ "a.bank.de", "bank.de" },
		{ "test", "test" },
		{ "", "" },
	};
	struct spf_inflight_report report;
	struct owner one;
	unsigned i;

	(void)state;
	spf_inflight_report(inflight, now, &report);
	assert_int_equal(report.places, 0);
	assert_false(report.saturated);
	assert_string_equal(report.network, "");
	assert_string_equal(report.domain, "");
	for (i = 0; i < COUNT(rows); i++) {
		enter(&one, "2001:db8::1", rows[i].domain);
		take_all(&one, 3);
		spf_inflight_report(inflight, now, &report);
		unit_text(rows[i].domain, "domain", report.domain, rows[i].organization);
		unit_text(rows[i].domain, "network", report.network, "2001:db8::/64");
		unit_int(rows[i].domain, "places", (int)report.of_domain, 3);
		leave(&one);
		release_all(&one);
	}
	spf_inflight_note_cut(inflight, now);
	spf_inflight_report(inflight, now + SPF_INFLIGHT_SATURATED - 1, &report);
	assert_true(report.saturated);
	assert_int_equal(report.cut, 1);
	spf_inflight_report(inflight, now + SPF_INFLIGHT_SATURATED, &report);
	assert_false(report.saturated);
	assert_int_equal(report.cut, 1);
	unit_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		INFLIGHT_TEST(test_checks_of_a_domain),
		INFLIGHT_TEST(test_checks_of_a_domain_in_all),
		INFLIGHT_TEST(test_checks_of_a_domain_from_one_site),
		INFLIGHT_TEST(test_places_of_a_network),
		INFLIGHT_TEST(test_places_of_a_site),
		INFLIGHT_TEST(test_old_places_of_a_network),
		INFLIGHT_TEST(test_old_places_in_all),
		INFLIGHT_TEST(test_first_place_of_a_network),
		INFLIGHT_TEST(test_waiting_in_order),
		INFLIGHT_TEST(test_report),
	};

	return cmocka_run_group_tests_name("spf_inflight", tests, NULL, NULL);
}
