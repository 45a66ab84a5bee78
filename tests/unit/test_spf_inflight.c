/* SPDX-License-Identifier: ISC */
#include "tests/unit/unit.h"

#include "spf/spf_inflight.h"

#define MAX 3000

static struct spf_inflight *inflight;
static struct spf_place places[MAX];
static size_t n_places;
static uint64_t now;

/* An owner of places and of a party. */
struct place_owner {
	const char *ip, *domain;
	struct spf_party *party;
	unsigned taken, given_up;
};

static int
make_inflight(void **state)
{
	(void)state;
	inflight = spf_inflight_new();
	n_places = 0;
	now = 1000;
	return 0;
}

static int
free_inflight(void **state)
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

#define INFLIGHT_TEST(test) cmocka_unit_test_setup_teardown(test, make_inflight, free_inflight)

static struct spf_party *
join_client(const char *ip, const char *domain, bool limited, void *owner)
{
	struct ipaddr client;

	assert_true(ipaddr_parse(&client, ip, strlen(ip)));
	return spf_inflight_join(inflight, &client, domain, limited, owner);
}

static void
add_owner(struct place_owner *owner, const char *ip, const char *domain)
{
	memset(owner, 0, sizeof(*owner));
	owner->ip = ip;
	owner->domain = domain;
	owner->party = join_client(ip, domain, false, owner);
	assert_non_null(owner->party);
}

static void
remove_owner(struct place_owner *owner)
{
	spf_inflight_leave(inflight, &owner->party);
}

/* take_one_place - after giving up the queries that are over the bounds; false: it has to wait */
static bool
take_one_place(struct place_owner *owner)
{
	struct place_owner *victim;

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

/* take_places - up to a number; returns how many there were */
static unsigned
take_places(struct place_owner *owner, unsigned most)
{
	unsigned n = 0;

	while (n < most && take_one_place(owner))
		n++;
	return n;
}

/* release_places - all that an owner has */
static void
release_places(const struct place_owner *owner)
{
	size_t i;

	for (i = 0; i < n_places; i++)
		if (places[i].owner == owner) {
			spf_inflight_release(inflight, &places[i]);
			places[i].owner = NULL;
		}
}

/* Of one domain, 20 checks of each client network may wait, and 200 in all. */
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
		assert_non_null(party[i] = join_client("192.0.2.1", "slow.test", true, NULL));
	for (i = 0; i < COUNT(rows); i++) {
		one = join_client(rows[i].ip, rows[i].domain, true, NULL);
		unit_int(rows[i].domain, rows[i].ip, one != NULL, rows[i].want);
		spf_inflight_leave(inflight, &one);
	}
	assert_int_equal(spf_inflight_count(inflight), SPF_INFLIGHT_MAX);
	/* An evaluation that is not limited does not count. */
	one = join_client("192.0.2.1", "slow.test", false, NULL);
	assert_non_null(one);
	assert_int_equal(spf_inflight_count(inflight), SPF_INFLIGHT_MAX);
	spf_inflight_leave(inflight, &one);
	/* After one leaves, another can join. */
	spf_inflight_leave(inflight, &party[3]);
	assert_null(party[3]);
	assert_non_null(party[3] = join_client("192.0.2.1", "slow.test", true, NULL));
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
		assert_non_null(party[i] = join_client(
				    unit_row("192.0.2.%u", i % 100), "slow.test", true, NULL));
	assert_null(join_client("198.51.100.1", "slow.test", true, NULL));
	spf_inflight_leave(inflight, &party[0]);
	assert_non_null(party[0] = join_client("198.51.100.1", "slow.test", true, NULL));
	for (i = 0; i < SPF_INFLIGHT_DOMAIN; i++)
		spf_inflight_leave(inflight, &party[i]);
}

/* Of two long domains, only the end differs. */
static void
test_checks_of_a_long_domain(void **state)
{
	static const char *const ip[] = { "2001:db8:111:222::1", "2001:db8:111:223::1" };
	struct spf_party *party[SPF_INFLIGHT_SITE_MAX], *other;
	char *domain = unit_fill('a', HOSTNAME_MAX);
	unsigned i;

	(void)state;
	for (i = 0; i < SPF_INFLIGHT_SITE_MAX; i++)
		assert_non_null(party[i] = join_client(ip[i % 2], domain, true, NULL));
	assert_null(join_client(ip[0], domain, true, NULL));
	domain[HOSTNAME_MAX - 1] = 'b';
	assert_non_null(other = join_client(ip[0], domain, true, NULL));
	spf_inflight_leave(inflight, &other);
	for (i = 0; i < SPF_INFLIGHT_SITE_MAX; i++)
		spf_inflight_leave(inflight, &party[i]);
	free(domain);
}

/* A client with many /64s cannot use up the checks of a domain: its /48 has a bound, too. */
static void
test_checks_of_a_domain_from_one_site(void **state)
{
	struct spf_party *party[SPF_INFLIGHT_SITE_MAX], *other;
	unsigned i;

	(void)state;
	for (i = 0; i < SPF_INFLIGHT_SITE_MAX; i++)
		assert_non_null(party[i] = join_client(
				    unit_row("2001:db8:0:%x::1", i), "slow.test", true, NULL));
	assert_null(join_client("2001:db8:0:ffff::1", "slow.test", true, NULL));
	assert_non_null(other = join_client("2001:db8:1::1", "slow.test", true, NULL));
	spf_inflight_leave(inflight, &other);
	spf_inflight_leave(inflight, &party[0]);
	assert_non_null(party[0] = join_client("2001:db8:0:ffff::1", "slow.test", true, NULL));
	for (i = 0; i < SPF_INFLIGHT_SITE_MAX; i++)
		spf_inflight_leave(inflight, &party[i]);
	assert_int_equal(spf_inflight_count(inflight), 0);
}

/* An IPv4 address and an IPv6 /64 have places of their own; a /48 has another bound. */
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
		/* RFC 6052: the clients of a NAT64 gateway are IPv4 clients. */
		{ "64:ff9b::192.0.2.1", "64:ff9b::192.0.2.2", false },
		{ "64:ff9b::192.0.2.1", "192.0.2.1", true },
	};
	struct place_owner one, other;
	unsigned i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		add_owner(&one, rows[i].ip, "a.test");
		add_owner(&other, rows[i].other, "b.test");
		unit_int(rows[i].ip, "places", (int)take_places(&one, MAX), SPF_INFLIGHT_NETWORK);
		unit_int(rows[i].ip, rows[i].other, take_one_place(&other), !rows[i].shared);
		remove_owner(&one);
		remove_owner(&other);
		release_places(&one);
		release_places(&other);
		unit_true(rows[i].ip, "young ones are not given up", one.given_up == 0);
	}
	unit_end();
}

static void
test_places_of_a_site(void **state)
{
	struct place_owner owner[4];
	unsigned i, n = 0;

	(void)state;
	for (i = 0; i < 4; i++) {
		add_owner(&owner[i], unit_row("2001:db8:0:%u::1", i), "a.test");
		n += take_places(&owner[i], 100);
	}
	assert_int_equal(n, SPF_INFLIGHT_SITE);
	for (i = 0; i < 4; i++)
		remove_owner(&owner[i]);
}

/*
 * Old queries get half of the places of a network. Beyond that the oldest one is given up, and its
 * place is free when the resolver has finished with it.
 */
static void
test_old_places_of_a_network(void **state)
{
	struct place_owner slow, fast;
	unsigned i;

	(void)state;
	add_owner(&slow, "192.0.2.1", "slow.test");
	add_owner(&fast, "192.0.2.1", "fast.test");
	assert_int_equal(take_places(&slow, 100), 100);
	now += SPF_INFLIGHT_YOUNG - 1;
	assert_true(take_one_place(&fast));
	assert_int_equal(slow.given_up, 0);
	now++;
	assert_true(take_one_place(&fast));
	assert_int_equal(slow.given_up, 100 - SPF_INFLIGHT_NETWORK / 2);
	for (i = 0; i < 100 - SPF_INFLIGHT_NETWORK / 2; i++)
		assert_true(places[i].abandoned);
	assert_false(places[i].abandoned);
	assert_int_equal(take_places(&fast, MAX), SPF_INFLIGHT_NETWORK - 102);
	assert_null(spf_inflight_next(inflight));
	spf_inflight_release(inflight, &places[0]);
	places[0].owner = NULL;
	assert_ptr_equal(spf_inflight_next(inflight), &fast);
	assert_true(take_one_place(&fast));
	assert_null(spf_inflight_next(inflight));
	assert_int_equal(fast.given_up, 0);
	remove_owner(&slow);
	remove_owner(&fast);
}

/* Many networks use up the half that is for old queries. */
static void
test_old_places_in_all(void **state)
{
	static const struct {
		const char *name;
		unsigned networks, each;
		unsigned of_domain; /* as many networks share a domain, the others have their own */
		unsigned more;      /* of the last network */
		bool first, last;   /* the networks whose queries are given up */
	} rows[] = {
		/* One network has more than others. */
		{ "network", 12, 53, 0, 11, false, true },
		/* A botnet, and one domain. */
		{ "domain", 60, 11, 30, 0, true, false },
		/* No holder has more than others: the oldest of all. */
		{ "oldest", 140, 5, 0, 0, true, false },
	};
	static struct place_owner owner[200];
	unsigned i, k, n, given_up;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		for (n = 0, k = 0; k < rows[i].networks; k++) {
			add_owner(&owner[k], unit_row("192.0.2.%u", k),
			    unit_row("x%u.d%u.test", k, k < rows[i].of_domain ? 0 : k));
			n += take_places(&owner[k], rows[i].each);
			now++;
		}
		n += take_places(&owner[k - 1], rows[i].more);
		now += SPF_INFLIGHT_YOUNG;
		add_owner(&owner[k], "198.51.100.1", "new.test");
		assert_true(take_one_place(&owner[k]));
		for (given_up = 0, k = 0; k < rows[i].networks; k++)
			given_up += owner[k].given_up;
		unit_int(rows[i].name, "given up", (int)given_up, (int)n - SPF_INFLIGHT_PLACES / 2);
		unit_int(rows[i].name, "of the first", owner[0].given_up > 0, rows[i].first);
		unit_int(rows[i].name, "of the last", owner[k - 1].given_up > 0, rows[i].last);
		unit_int(rows[i].name, "of the new one", (int)owner[k].given_up, 0);
		for (k = 0; k <= rows[i].networks; k++) {
			remove_owner(&owner[k]);
			release_places(&owner[k]);
		}
	}
	unit_end();
}

/*
 * A network without a place gets one even if all usual places are taken, up to SPF_INFLIGHT_MOST. A
 * network with few places gets another one while enough are left for networks without any.
 */
static void
test_first_place_of_a_network(void **state)
{
	static struct place_owner flood[10], first[SPF_INFLIGHT_MOST], few;
	static char ip[SPF_INFLIGHT_MOST][40];
	unsigned i, n = 0;

	(void)state;
	for (i = 0; i < 10; i++) {
		add_owner(&flood[i], unit_row("192.0.2.%u", i), unit_row("d%u.test", i));
		n += take_places(&flood[i], SPF_INFLIGHT_NETWORK);
	}
	assert_int_equal(n, SPF_INFLIGHT_PLACES);
	for (i = 0; i < SPF_INFLIGHT_MOST; i++) {
		snprintf(ip[i], sizeof(ip[i]), "198.51.%u.%u", i / 250, i % 250);
		add_owner(&first[i], ip[i], unit_row("honest%u.test", i));
		if (!take_one_place(&first[i]))
			break;
		assert_int_equal(first[i].given_up, 0);
	}
	assert_int_equal(i, SPF_INFLIGHT_MOST - SPF_INFLIGHT_PLACES);
	assert_false(take_one_place(&first[0]));
	for (n = 0; n < i / 2 + 10; n++)
		release_places(&first[n]);
	add_owner(&few, "203.0.113.1", "few.test");
	assert_int_equal(take_places(&few, 20), 8);
	remove_owner(&few);
	/* Queries of the floods are given up to make up for them. */
	for (n = 0, i = 0; i < 10; i++)
		n += flood[i].given_up;
	assert_int_equal(n, SPF_INFLIGHT_MOST - SPF_INFLIGHT_PLACES + 8);
	for (i = 0; i < 10; i++)
		remove_owner(&flood[i]);
	for (i = 0; i <= SPF_INFLIGHT_MOST - SPF_INFLIGHT_PLACES; i++)
		remove_owner(&first[i]);
}

/*
 * For a place beyond SPF_INFLIGHT_PLACES a young query is given up only if a network has more than
 * 64 of them, or a domain more than 256.
 */
static void
test_young_places(void **state)
{
	static const struct {
		const char *name;
		unsigned
		    first; /* places of the first network; the others have 64, the last the rest */
		unsigned shared; /* as many networks share the first domain */
		unsigned more;   /* places of the last network for that domain */
		unsigned given_up;
	} rows[] = {
		{ "none has many", 64, 1, 0, 0 },
		{ "a network", 65, 1, 0, 1 },
		{ "a domain has not so many", 64, 4, 0, 0 },
		{ "a domain", 64, 4, 1, 1 },
	};
	struct place_owner owner[SPF_INFLIGHT_PLACES / 64], more, new;
	unsigned k, n, last = COUNT(owner) - 1;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		add_owner(&more, unit_row("192.0.2.%u", last), "d0.test");
		n = take_places(&more, rows[i].more);
		for (k = 0; k <= last; k++) {
			add_owner(&owner[k], unit_row("192.0.2.%u", k),
			    unit_row("d%u.test", k < rows[i].shared ? 0 : k));
			n += take_places(&owner[k], k == 0      ? rows[i].first
						    : k == last ? SPF_INFLIGHT_PLACES - n
								: 64);
		}
		unit_int(rows[i].name, "places", n, SPF_INFLIGHT_PLACES);
		add_owner(&new, "198.51.100.1", "new.test");
		assert_true(take_one_place(&new));
		unit_int(rows[i].name, "of the first", owner[0].given_up + more.given_up,
		    rows[i].given_up);
		for (n = 0, k = 1; k <= last; k++)
			n += owner[k].given_up;
		unit_int(rows[i].name, "of the others", n + new.given_up, 0);
		for (k = 0; k <= last; k++) {
			remove_owner(&owner[k]);
			release_places(&owner[k]);
		}
		remove_owner(&more);
		release_places(&more);
		remove_owner(&new);
		release_places(&new);
		n_places = 0; /* all are released */
	}
	unit_end();
}

/* Waiting parties get places in the order of their arrival, and before one that comes later. */
static void
test_waiting_in_order(void **state)
{
	struct place_owner holder[10], a, b, late;
	unsigned i;

	(void)state;
	for (i = 0; i < 10; i++) {
		add_owner(&holder[i], unit_row("192.0.2.%u", i), unit_row("d%u.test", i));
		take_places(&holder[i], SPF_INFLIGHT_NETWORK - 3);
	}
	add_owner(&a, "198.51.100.1", "a.test");
	add_owner(&b, "198.51.100.2", "b.test");
	add_owner(&late, "198.51.100.3", "late.test");
	/* From here on they do not count as having few. */
	assert_int_equal(take_places(&a, 8) + take_places(&b, 8) + take_places(&late, 8), 24);
	assert_int_equal(take_places(&a, MAX), 6);
	assert_false(take_one_place(&b));
	assert_ptr_equal(spf_inflight_next(inflight), NULL);
	spf_inflight_release(inflight, &places[0]);
	places[0].owner = NULL;
	assert_ptr_equal(spf_inflight_next(inflight), &a);
	assert_false(take_one_place(&late));
	assert_true(take_one_place(&a));
	spf_inflight_release(inflight, &places[1]);
	places[1].owner = NULL;
	assert_ptr_equal(spf_inflight_next(inflight), &b);
	/* A party that stops waiting does not hold up the others. */
	spf_inflight_stop_waiting(inflight, b.party);
	assert_ptr_equal(spf_inflight_next(inflight), &late);
	remove_owner(&b);
	assert_ptr_equal(spf_inflight_next(inflight), &late);
	remove_owner(&a);
	remove_owner(&late);
	assert_null(spf_inflight_next(inflight));
	for (i = 0; i < 10; i++)
		remove_owner(&holder[i]);
}

/* A party that waits for places of its network holds up others only if places are scarce. */
static void
test_scarce_places(void **state)
{
	struct place_owner full, others[7], last;
	unsigned i;

	(void)state;
	add_owner(&full, "192.0.2.1", "full.test");
	assert_int_equal(take_places(&full, MAX), SPF_INFLIGHT_NETWORK);
	for (i = 0; i < COUNT(others); i++) {
		add_owner(&others[i], unit_row("198.51.100.%u", i), unit_row("d%u.test", i));
		assert_int_equal(take_places(&others[i], MAX), SPF_INFLIGHT_NETWORK);
	}
	add_owner(&last, "203.0.113.1", "last.test");
	assert_int_equal(take_places(&last, MAX), 96); /* 1120 of 1280 are in use */
	/* Without a party that waits, it gets the rest. */
	spf_inflight_stop_waiting(inflight, full.party);
	for (i = 0; i < COUNT(others); i++)
		spf_inflight_stop_waiting(inflight, others[i].party);
	assert_int_equal(take_places(&last, MAX), SPF_INFLIGHT_NETWORK - 96);
	remove_owner(&full);
	for (i = 0; i < COUNT(others); i++)
		remove_owner(&others[i]);
	remove_owner(&last);
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
	struct place_owner one;
	unsigned i;

	(void)state;
	spf_inflight_report(inflight, now, &report);
	assert_int_equal(report.places, 0);
	assert_false(report.saturated);
	assert_string_equal(report.network, "");
	assert_string_equal(report.domain, "");
	for (i = 0; i < COUNT(rows); i++) {
		add_owner(&one, "2001:db8::1", rows[i].domain);
		take_places(&one, 3);
		spf_inflight_report(inflight, now, &report);
		unit_text(rows[i].domain, "domain", report.domain, rows[i].organization);
		unit_text(rows[i].domain, "network", report.network, "2001:db8::/64");
		unit_int(rows[i].domain, "places", (int)report.of_domain, 3);
		remove_owner(&one);
		release_places(&one);
	}
	add_owner(&one, "64:ff9b::192.0.2.1", "");
	take_places(&one, 3);
	spf_inflight_report(inflight, now, &report);
	unit_text("NAT64", "network", report.network, "192.0.2.1");
	remove_owner(&one);
	release_places(&one);
	spf_inflight_note_cut(inflight, now);
	spf_inflight_report(inflight, now + SPF_INFLIGHT_SATURATED - 1, &report);
	assert_true(report.saturated);
	assert_int_equal(report.cut, 1);
	spf_inflight_report(inflight, now + SPF_INFLIGHT_SATURATED, &report);
	assert_false(report.saturated);
	assert_int_equal(report.cut, 1);
	unit_end();
}

/* Of several holders the one with most places; an IPv6 /48 is no client network. */
static void
test_report_of_several(void **state)
{
	static const struct {
		const char *ip, *domain;
		unsigned places;
	} rows[] = {
		{ "192.0.2.1", "first.test", 2 },
		{ "192.0.2.2", "second.test", 5 },
		{ "192.0.2.3", "third.test", 3 },
		{ "2001:db8:0:1::1", "a.both.test", 4 },
		{ "2001:db8:0:2::1", "b.both.test", 4 },
	};
	struct place_owner owner[COUNT(rows)];
	struct spf_inflight_report report;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		add_owner(&owner[i], rows[i].ip, rows[i].domain);
		assert_int_equal(take_places(&owner[i], rows[i].places), rows[i].places);
	}
	spf_inflight_report(inflight, now, &report);
	assert_string_equal(report.network, "192.0.2.2");
	assert_int_equal(report.of_network, 5);
	assert_string_equal(report.domain, "both.test");
	assert_int_equal(report.of_domain, 8);
	assert_int_equal(report.places, 18);
	for (i = 0; i < COUNT(rows); i++)
		remove_owner(&owner[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		INFLIGHT_TEST(test_checks_of_a_domain),
		INFLIGHT_TEST(test_checks_of_a_domain_in_all),
		INFLIGHT_TEST(test_checks_of_a_long_domain),
		INFLIGHT_TEST(test_checks_of_a_domain_from_one_site),
		INFLIGHT_TEST(test_places_of_a_network),
		INFLIGHT_TEST(test_places_of_a_site),
		INFLIGHT_TEST(test_old_places_of_a_network),
		INFLIGHT_TEST(test_old_places_in_all),
		INFLIGHT_TEST(test_first_place_of_a_network),
		INFLIGHT_TEST(test_young_places),
		INFLIGHT_TEST(test_waiting_in_order),
		INFLIGHT_TEST(test_scarce_places),
		INFLIGHT_TEST(test_report),
		INFLIGHT_TEST(test_report_of_several),
	};

	return cmocka_run_group_tests_name("spf_inflight", tests, NULL, NULL);
}
