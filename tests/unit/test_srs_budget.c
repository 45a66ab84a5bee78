/* SPDX-License-Identifier: ISC */
#include "tests/unit/unit.h"

#include "srsd/srs/srs_budget.h"

#define NOW 1700000000
#define HOUR 3600
#define DAY 86400
#define LIMIT 20
#define DAILY 200

static struct srs_budget *budget;

static int
begin(void **state)
{
	(void)state;
	budget = srs_budget_new();
	return 0;
}

static int
end(void **state)
{
	(void)state;
	srs_budget_free(&budget);
	assert_null(budget);
	srs_budget_free(&budget);
	return 0;
}

#define BUDGET_TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

static const struct ipaddr *
address(const char *s)
{
	static struct ipaddr ip;

	assert_true(ipaddr_parse(&ip, s, strlen(s)));
	return &ip;
}

static void
guess(const char *client, unsigned n, time_t now)
{
	while (n-- > 0)
		srs_budget_guess(budget, address(client), now);
}

static unsigned
guesses(const char *client, time_t now)
{
	return srs_budget_guesses(budget, address(client), now);
}

static bool
is_guessing(const char *client, time_t now)
{
	return srs_budget_is_guessing(budget, address(client), 0, LIMIT, now);
}

static struct srs_budget_use
make_use(enum srs_use kind, const char *client, const char *local)
{
	struct srs_budget_use use = { .use = kind,
		.client = client == NULL ? NULL : address(client),
		.local = local,
		.len = strlen(local) };

	return use;
}

static bool
use_address(enum srs_use kind, const char *client, const char *local, time_t now)
{
	struct srs_budget_use use = make_use(kind, client, local);

	return srs_budget_use(budget, &use, DAILY, now);
}

static bool
is_used_up(enum srs_use kind, const char *client, const char *local, time_t now)
{
	struct srs_budget_use use = make_use(kind, client, local);

	return srs_budget_is_used_up(budget, &use, DAILY, now);
}

#define JANE "SRS0=mqiS=G3=example.test=jane"

static void
test_guesses_of_a_client(void **state)
{
	(void)state;
	assert_int_equal(guesses("192.0.2.1", NOW), 0);
	guess("192.0.2.1", 1, NOW);
	guess("::ffff:192.0.2.1", LIMIT - 1, NOW);
	assert_int_equal(guesses("192.0.2.1", NOW), LIMIT);
	assert_int_equal(guesses("192.0.2.2", NOW), 0);
	assert_false(is_guessing("192.0.2.1", NOW));
	guess("192.0.2.1", 1, NOW);
	assert_true(is_guessing("192.0.2.1", NOW));
	assert_false(is_guessing("192.0.2.2", NOW));
	assert_false(srs_budget_is_guessing(budget, address("192.0.2.1"), 0, 0, NOW));
	assert_false(srs_budget_is_guessing(budget, NULL, 0, LIMIT, NOW));
}

/* An IPv6 customer has a /64 of addresses. */
static void
test_guesses_of_a_network(void **state)
{
	(void)state;
	guess("2001:db8::1", 1, NOW);
	guess("2001:db8::ffff:ffff:ffff:ffff", 1, NOW);
	assert_int_equal(guesses("2001:db8::2", NOW), 2);
	assert_int_equal(guesses("2001:db8:0:1::1", NOW), 0);
	/* The first four bytes are those of an IPv4 address. */
	guess("c000:201::1", 1, NOW);
	assert_int_equal(guesses("192.0.2.1", NOW), 0);
}

static void
test_guesses_of_a_wide_network(void **state)
{
	char client[40];
	int i;

	(void)state;
	for (i = 0; i < SRS_BUDGET_WIDE_FACTOR * LIMIT; i++) {
		snprintf(client, sizeof(client), "2001:db8:7:%x::1", i);
		guess(client, 1, NOW);
		assert_false(is_guessing(client, NOW));
	}
	guess("2001:db8:7:ffff::1", 1, NOW);
	assert_true(is_guessing("2001:db8:7:ffff::1", NOW));
	assert_true(is_guessing("2001:db8:7:fffe::1", NOW));
	assert_false(is_guessing("2001:db8:8::1", NOW));
	assert_false(is_guessing("2001:db8:7:ffff::1", NOW + HOUR));
}

static void
test_guesses_in_an_hour(void **state)
{
	(void)state;
	guess("192.0.2.1", 1, NOW);
	guess("192.0.2.1", 1, NOW + HOUR - 1);
	assert_int_equal(guesses("192.0.2.1", NOW + HOUR - 1), 2);
	assert_int_equal(guesses("192.0.2.1", NOW + HOUR), 0);
}

static void
begin_senders(const char *client, unsigned n, time_t now)
{
	while (n-- > 0)
		srs_budget_sender_begins(budget, address(client), now);
}

static void
end_senders(const char *client, unsigned n, time_t now)
{
	while (n-- > 0)
		srs_budget_sender_ends(budget, address(client), now);
}

static bool
doubts(const char *client, time_t now)
{
	return srs_budget_doubts_senders(budget, address(client), 0, LIMIT, now);
}

/* Senders that wait count for senders, and for nothing else. */
static void
test_pending_senders(void **state)
{
	(void)state;
	guess("192.0.2.1", LIMIT - 1, NOW);
	begin_senders("192.0.2.1", 1, NOW);
	assert_false(doubts("192.0.2.1", NOW));
	begin_senders("192.0.2.1", 1, NOW);
	assert_true(doubts("192.0.2.1", NOW));
	assert_false(is_guessing("192.0.2.1", NOW));
	assert_int_equal(guesses("192.0.2.1", NOW), LIMIT - 1);
	assert_false(doubts("192.0.2.2", NOW));
	end_senders("192.0.2.1", 1, NOW);
	assert_false(doubts("192.0.2.1", NOW));
	end_senders("192.0.2.1", 5, NOW);
	begin_senders("192.0.2.1", 1, NOW);
	assert_false(doubts("192.0.2.1", NOW));
	assert_false(srs_budget_doubts_senders(budget, address("192.0.2.1"), 0, 0, NOW));
	assert_false(srs_budget_doubts_senders(budget, NULL, 0, LIMIT, NOW));
}

/* A sender that ends in the next hour removes no guess of that hour. */
static void
test_pending_over_the_hour(void **state)
{
	(void)state;
	guess("192.0.2.1", 5, NOW);
	begin_senders("192.0.2.1", 10, NOW + HOUR - 1);
	guess("192.0.2.1", LIMIT + 1, NOW + HOUR);
	end_senders("192.0.2.1", 10, NOW + HOUR);
	assert_true(is_guessing("192.0.2.1", NOW + HOUR));
}

static void
test_pending_senders_of_a_wide_network(void **state)
{
	char client[40];
	int i;

	(void)state;
	for (i = 0; i < SRS_BUDGET_WIDE_FACTOR * LIMIT; i++) {
		snprintf(client, sizeof(client), "2001:db8:7:%x::1", i);
		begin_senders(client, 1, NOW);
		assert_false(doubts(client, NOW));
	}
	begin_senders("2001:db8:7:ffff::1", 1, NOW);
	assert_true(doubts("2001:db8:7:ffff::1", NOW));
	assert_false(doubts("2001:db8:8::1", NOW));
}

/* The clients of a NAT64 gateway are IPv4 clients, each for itself. */
static void
test_nat64(void **state)
{
	(void)state;
	guess("64:ff9b::192.0.2.1", LIMIT + 1, NOW);
	assert_true(is_guessing("64:ff9b::192.0.2.1", NOW));
	assert_true(is_guessing("192.0.2.1", NOW));
	assert_false(is_guessing("64:ff9b::192.0.2.2", NOW));
	guess("64:ff9b:0:0:1::192.0.2.3", LIMIT + 1, NOW);
	assert_false(is_guessing("192.0.2.3", NOW));
}

/* Each distinct original sender whose bounce a client brings is worth one, up to five limits. */
static void
test_earned_guesses(void **state)
{
	char local[60];
	int i;

	(void)state;
	for (i = 0; i < 10; i++)
		use_address(SRS_USE_BOUNCE, "192.0.2.1", JANE, NOW);
	use_address(SRS_USE_BOUNCE, "192.0.2.1", "SRS0=xxxx=G2=example.test=jane", NOW);
	use_address(SRS_USE_MAIL, "192.0.2.1", "SRS0=xxxx=G2=example.test=joe", NOW);
	use_address(SRS_USE_SENDER, "192.0.2.1", "SRS0=xxxx=G2=example.test=jim", NOW);
	guess("192.0.2.1", LIMIT + 1, NOW);
	assert_false(is_guessing("192.0.2.1", NOW));
	guess("192.0.2.1", 1, NOW);
	assert_true(is_guessing("192.0.2.1", NOW));
	for (i = 0; i < 10 * LIMIT; i++) {
		snprintf(local, sizeof(local), "SRS0=xxxx=G3=example.test=user%d", i);
		use_address(SRS_USE_BOUNCE, "192.0.2.1", local, NOW);
	}
	guess("192.0.2.1", SRS_BUDGET_EARNED_FACTOR * LIMIT - LIMIT - 2, NOW);
	assert_false(is_guessing("192.0.2.1", NOW));
	guess("192.0.2.1", 1, NOW);
	assert_true(is_guessing("192.0.2.1", NOW));
	assert_int_equal(guesses("192.0.2.1", NOW), SRS_BUDGET_EARNED_FACTOR * LIMIT + 1);
}

static void
test_warnings(void **state)
{
	char client[40];
	unsigned i;

	(void)state;
	guess("192.0.2.1", LIMIT, NOW);
	assert_false(srs_budget_warns_of(budget, address("192.0.2.1"), LIMIT, NOW));
	guess("192.0.2.1", 1, NOW);
	assert_true(srs_budget_warns_of(budget, address("192.0.2.1"), LIMIT, NOW));
	guess("192.0.2.1", 1, NOW);
	assert_false(srs_budget_warns_of(budget, address("192.0.2.1"), LIMIT, NOW));
	guess("192.0.2.1", LIMIT + 1, NOW + HOUR);
	assert_true(srs_budget_warns_of(budget, address("192.0.2.1"), LIMIT, NOW + HOUR));
	for (i = 0; i < SRS_BUDGET_WIDE_FACTOR * LIMIT + 1; i++) {
		snprintf(client, sizeof(client), "2001:db8:7:%x::1", i);
		guess(client, 1, NOW + HOUR);
	}
	/* One line for all of a /48. */
	assert_true(srs_budget_warns_of(budget, address("2001:db8:7:1::1"), LIMIT, NOW + HOUR));
	assert_false(srs_budget_warns_of(budget, address("2001:db8:7:2::1"), LIMIT, NOW + HOUR));
	for (i = srs_budget_guesses(budget, NULL, NOW + HOUR); i < SRS_BUDGET_ALL_FACTOR * LIMIT;
	     i++)
		srs_budget_guess(budget, NULL, NOW + HOUR);
	assert_false(srs_budget_warns_of(budget, NULL, LIMIT, NOW + HOUR));
	srs_budget_guess(budget, NULL, NOW + HOUR);
	assert_false(srs_budget_warns_of(budget, NULL, 0, NOW + HOUR));
	assert_true(srs_budget_warns_of(budget, NULL, LIMIT, NOW + HOUR));
	assert_false(srs_budget_warns_of(budget, NULL, LIMIT, NOW + HOUR));
}

/*
 * Each of these is mail for the same person, or costs the same budget because its hash is the same.
 */
static void
test_one_original(void **state)
{
	static const char *const same[] = { "SRS0=m+/S=G3=example.test=jane",
		"SRS0+m+/S=G3=example.test=jane", "SRS0-m+/S=G3=example.test=jane",
		"srs0=M-_s=g3=EXAMPLE.test=JANE", "SRS0=m+/SxyzA=G3=example.test=jane",
		"SRS0=otherhash=G2=example.test=jane", "SRS0=m+/S=G3=example.tes=tjane" };
	static const char *const others[] = { "SRS0=m+/S=G3=example.test=jan",
		"SRS0=m+/S=G3=xample.test=jane", "SRS1=m+/S=example.test==jane" };
	static const char *const same_srs1[] = { "SRS1=aaaa=relay.test==hhhh=G3=example.test=jane",
		"SRS1=bbbb=RELAY.test==iiii=G2=example.test=Jane",
		"srs1+cccc=relay.test=-iiii=G1=example.test=jane" };
	static const char *const other_srs1[] = { "SRS1=aaaa=relay.test==hhhh=G3=example.test=joe",
		"SRS1=aaaa=delay.test==hhhh=G3=example.test=jane", "SRS1=aaaa=relay.test==opaque" };
	size_t i;
	int j;

	(void)state;
	for (j = 0; j < SRS_BUDGET_SHARE; j++) {
		use_address(SRS_USE_BOUNCE, "192.0.2.1", same[(size_t)j % COUNT(same)], NOW);
		use_address(
		    SRS_USE_BOUNCE, "192.0.2.1", same_srs1[(size_t)j % COUNT(same_srs1)], NOW);
	}
	for (i = 0; i < COUNT(same); i++)
		unit_int(same[i], "used up", is_used_up(SRS_USE_BOUNCE, "192.0.2.1", same[i], NOW),
		    true);
	for (i = 0; i < COUNT(others); i++)
		unit_int(others[i], "used up",
		    is_used_up(SRS_USE_BOUNCE, "192.0.2.1", others[i], NOW), false);
	for (i = 0; i < COUNT(same_srs1); i++)
		unit_int(same_srs1[i], "used up",
		    is_used_up(SRS_USE_BOUNCE, "192.0.2.1", same_srs1[i], NOW), true);
	for (i = 0; i < COUNT(other_srs1); i++)
		unit_int(other_srs1[i], "used up",
		    is_used_up(SRS_USE_BOUNCE, "192.0.2.1", other_srs1[i], NOW), false);
	unit_end();
}

/* use_from_many - n uses, each from an IPv4 address of its own */
static unsigned
use_from_many(enum srs_use kind, unsigned n, time_t now)
{
	unsigned i, warnings = 0;
	char client[40];

	for (i = 0; i < n; i++) {
		snprintf(client, sizeof(client), "10.%u.%u.1", i / 256, i % 256);
		warnings += use_address(kind, client, JANE, now);
	}
	return warnings;
}

static void
test_mail_does_not_use_up_bounces(void **state)
{
	(void)state;
	assert_int_equal(use_from_many(SRS_USE_MAIL, DAILY - 1, NOW), 0);
	assert_false(is_used_up(SRS_USE_MAIL, "192.0.2.1", JANE, NOW));
	assert_false(use_address(SRS_USE_MAIL, "192.0.2.1", JANE, NOW));
	assert_true(is_used_up(SRS_USE_MAIL, "192.0.2.2", JANE, NOW));
	assert_true(is_used_up(SRS_USE_MAIL, NULL, JANE, NOW));
	assert_false(is_used_up(SRS_USE_BOUNCE, "192.0.2.2", JANE, NOW));
	assert_false(is_used_up(SRS_USE_SENDER, "192.0.2.2", JANE, NOW));
	assert_false(is_used_up(SRS_USE_MAIL, "192.0.2.2", JANE, NOW + DAY));
}

static void
test_bounces_have_more(void **state)
{
	(void)state;
	assert_int_equal(
	    use_from_many(SRS_USE_BOUNCE, SRS_BUDGET_BOUNCE_FACTOR * DAILY - 1, NOW), 0);
	assert_false(is_used_up(SRS_USE_BOUNCE, "192.0.2.1", JANE, NOW));
	assert_true(use_address(SRS_USE_BOUNCE, "192.0.2.1", JANE, NOW));
	assert_true(is_used_up(SRS_USE_BOUNCE, "192.0.2.2", JANE, NOW));
	assert_false(use_address(SRS_USE_BOUNCE, "192.0.2.1", JANE, NOW));
	assert_false(is_used_up(SRS_USE_MAIL, "192.0.2.2", JANE, NOW));
}

/* A client has a share of twenty of each kind; one that stands for many clients has no share. */
static void
test_share_of_a_client(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < SRS_BUDGET_SHARE; i++) {
		assert_false(is_used_up(SRS_USE_BOUNCE, "2001:db8::1", JANE, NOW));
		use_address(SRS_USE_BOUNCE, "2001:db8::1", JANE, NOW);
		use_address(SRS_USE_BOUNCE, NULL, JANE, NOW);
		use_address(SRS_USE_BOUNCE, NULL, JANE, NOW);
	}
	assert_true(is_used_up(SRS_USE_BOUNCE, "2001:db8::ffff", JANE, NOW));
	assert_false(is_used_up(SRS_USE_MAIL, "2001:db8::1", JANE, NOW));
	assert_false(is_used_up(SRS_USE_BOUNCE, "2001:db8:0:1::1", JANE, NOW));
	assert_false(is_used_up(SRS_USE_BOUNCE, NULL, JANE, NOW));
}

/* An IPv6 /48, of whatever many /64, has four times that. */
static void
test_share_of_a_wide_network(void **state)
{
	char client[40];
	int i;

	(void)state;
	for (i = 0; i < SRS_BUDGET_WIDE_SHARE; i++) {
		snprintf(client, sizeof(client), "2001:db8:7:%x::1", i);
		assert_false(is_used_up(SRS_USE_BOUNCE, client, JANE, NOW));
		use_address(SRS_USE_BOUNCE, client, JANE, NOW);
	}
	assert_true(is_used_up(SRS_USE_BOUNCE, "2001:db8:7:ffff::1", JANE, NOW));
	assert_false(is_used_up(SRS_USE_BOUNCE, "2001:db8:8::1", JANE, NOW));
	assert_false(is_used_up(SRS_USE_BOUNCE, "192.0.2.1", JANE, NOW));
}

static void
test_a_small_limit_is_the_share(void **state)
{
	struct srs_budget_use use = make_use(SRS_USE_BOUNCE, "192.0.2.1", JANE);

	(void)state;
	assert_false(srs_budget_is_used_up(budget, &use, 1, NOW));
	srs_budget_use(budget, &use, 1, NOW);
	assert_true(srs_budget_is_used_up(budget, &use, 1, NOW));
	assert_false(srs_budget_is_used_up(budget, &use, 0, NOW));
	use = make_use(SRS_USE_BOUNCE, "192.0.2.2", JANE);
	assert_false(srs_budget_is_used_up(budget, &use, 1, NOW));
}

/* As a sender an address may come from so many networks; those that had it go on. */
static void
test_networks_of_a_sender(void **state)
{
	(void)state;
	use_from_many(SRS_USE_SENDER, DAILY - 1, NOW);
	use_from_many(SRS_USE_SENDER, DAILY - 1, NOW);
	assert_false(is_used_up(SRS_USE_SENDER, "192.0.2.1", JANE, NOW));
	use_address(SRS_USE_SENDER, "192.0.2.1", JANE, NOW);
	assert_false(is_used_up(SRS_USE_SENDER, "192.0.2.1", JANE, NOW));
	assert_false(is_used_up(SRS_USE_SENDER, "10.0.7.1", JANE, NOW));
	assert_true(is_used_up(SRS_USE_SENDER, "192.0.2.2", JANE, NOW));
	assert_true(is_used_up(SRS_USE_SENDER, NULL, JANE, NOW));
	assert_false(is_used_up(SRS_USE_SENDER, "192.0.2.2", JANE, NOW + DAY));
}

/* The /64s of one /48 are one network, and cannot push others out of what they earned. */
static void
test_one_wide_network_is_one(void **state)
{
	char client[40], local[60];
	int i, j;

	(void)state;
	for (i = 0; i < LIMIT; i++) {
		snprintf(local, sizeof(local), "SRS0=xxxx=G3=example.test=user%d", i);
		use_address(SRS_USE_BOUNCE, "192.0.2.1", local, NOW);
	}
	for (i = 0; i < 600; i++)
		for (j = 0; j < 60; j++) {
			snprintf(client, sizeof(client), "2001:db8:7:%x::1", i);
			snprintf(local, sizeof(local), "SRS0=xxxx=G3=own%d.test=user%d", i, j);
			use_address(SRS_USE_SENDER, client, JANE, NOW);
			use_address(SRS_USE_BOUNCE, client, local, NOW);
		}
	assert_false(is_used_up(SRS_USE_SENDER, "192.0.2.2", JANE, NOW));
	guess("192.0.2.1", 2 * LIMIT, NOW);
	assert_false(is_guessing("192.0.2.1", NOW));
}

static void
test_huge_addresses(void **state)
{
	char *text = unit_fill('u', 8192);
	struct srs_budget_use use = { SRS_USE_BOUNCE, address("192.0.2.1"), text, 8192 };

	(void)state;
	srs_budget_use(budget, &use, 1, NOW);
	assert_true(srs_budget_is_used_up(budget, &use, 1, NOW));
	use.len = 0;
	assert_false(srs_budget_is_used_up(budget, &use, 1, NOW));
	free(text);
}

/* guesses_within_an_hour - until the budget stops them, from networks that a pattern generates */
static unsigned
guesses_within_an_hour(const char *pattern, unsigned networks)
{
	unsigned i, n = 0, before;
	struct ipaddr ip;
	char client[60];

	do {
		before = n;
		for (i = 0; i < networks; i++) {
			snprintf(client, sizeof(client), pattern, i / 256, i % 256);
			assert_true(ipaddr_parse(&ip, client, strlen(client)));
			if (srs_budget_is_guessing(budget, &ip, 0, LIMIT, NOW))
				continue;
			srs_budget_guess(budget, &ip, NOW);
			/* The one that goes over the limit is deferred, and shows nothing. */
			n += !srs_budget_is_guessing(budget, &ip, 0, LIMIT, NOW);
		}
	} while (n > before);
	return n;
}

static const char *
security_text(void)
{
	static char text[64 * 1024];
	const char *top = getenv("srcdir");
	char path[4096];
	size_t n;
	FILE *f;

	snprintf(path, sizeof(path), "%s/SECURITY.md", top == NULL ? ".." : top);
	f = fopen(path, "r");
	if (f == NULL)
		fail_msg("%s: set srcdir to the top of the sources", path);
	n = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	text[n] = '\0';
	return text;
}

/*
 * put_time - the time in which one address is guessed on average, in the words of SECURITY.md
 *
 * A character that is compared without case is worth five bits.
 */
static void
put_time(char buf[32], unsigned per_hour, int length)
{
	double hours = (double)(1UL << (5 * length)) / per_hour;

	if (hours < 48)
		snprintf(buf, 32, "%.0f hours", hours);
	else if (hours < 2 * 365 * 24)
		snprintf(buf, 32, "%.0f days", hours / 24);
	else
		snprintf(buf, 32, "%.0f years", hours / 24 / 365);
}

/* The budgets allow exactly the rates in SECURITY.md. */
static void
test_arithmetic(void **state)
{
	static const struct {
		const char *who;
		const char *pattern;
		unsigned networks;
		unsigned want;
	} rows[] = {
		{ "one IPv4 address, or one IPv6 /64", "192.0.2.1", 1, 20 },
		{ "an IPv6 /48", "2001:db8:1:%02x%02x::1", 65536, 320 },
		{ "10,000 IPv4 addresses", "10.1.%u.%u", 10000, 200000 },
	};
	const char *text = security_text();
	char row[200], four[32], six[32];
	unsigned n;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		n = guesses_within_an_hour(rows[i].pattern, rows[i].networks);
		unit_int(rows[i].who, "guesses in an hour", (int)n, (int)rows[i].want);
		put_time(four, n, 4);
		put_time(six, n, 6);
		snprintf(row, sizeof(row), "| %s | %u | %s | %s |", rows[i].who, n, four, six);
		unit_true(row, "is in SECURITY.md", strstr(text, row) != NULL);
	}
	unit_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		BUDGET_TEST(test_guesses_of_a_client),
		BUDGET_TEST(test_guesses_of_a_network),
		BUDGET_TEST(test_guesses_of_a_wide_network),
		BUDGET_TEST(test_guesses_in_an_hour),
		BUDGET_TEST(test_pending_senders),
		BUDGET_TEST(test_pending_over_the_hour),
		BUDGET_TEST(test_pending_senders_of_a_wide_network),
		BUDGET_TEST(test_nat64),
		BUDGET_TEST(test_earned_guesses),
		BUDGET_TEST(test_warnings),
		BUDGET_TEST(test_one_original),
		BUDGET_TEST(test_mail_does_not_use_up_bounces),
		BUDGET_TEST(test_bounces_have_more),
		BUDGET_TEST(test_share_of_a_client),
		BUDGET_TEST(test_share_of_a_wide_network),
		BUDGET_TEST(test_a_small_limit_is_the_share),
		BUDGET_TEST(test_networks_of_a_sender),
		BUDGET_TEST(test_one_wide_network_is_one),
		BUDGET_TEST(test_huge_addresses),
		BUDGET_TEST(test_arithmetic),
	};

	return cmocka_run_group_tests_name("srs_budget", tests, NULL, NULL);
}
