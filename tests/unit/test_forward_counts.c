/* SPDX-License-Identifier: ISC */
#include "tests/unit/hash_key.h"

#include "common/hostname.h"
#include "srsd/service/forward_counts.h"

/* The begin of an hour. */
#define HOUR 1700002800

#define SECONDS_PER_HOUR 3600

static void
add_events(struct forward_counts *counts, const char *domain, enum forward_event event, unsigned n,
    time_t now)
{
	while (n-- > 0)
		forward_counts_add(counts, domain, strlen(domain), event, now);
}

/* listed_domains - the text that list_domain appends to */
struct listed_domains {
	char text[4000];
	size_t len;
	size_t n;
};

static void
list_domain(const char *domain, const struct forward_numbers *numbers, void *arg)
{
	struct listed_domains *listed = arg;

	listed->n++;
	if (listed->len >= sizeof(listed->text) - 400)
		return;
	listed->len += (size_t)snprintf(listed->text + listed->len,
	    sizeof(listed->text) - listed->len, "%s %d %d/%d/%d\n", domain,
	    (int)(numbers->since - HOUR), (int)numbers->total[FORWARD_FORWARDED],
	    (int)numbers->running_hour[FORWARD_FORWARDED],
	    (int)numbers->last_hour[FORWARD_FORWARDED]);
}

static void
list_domains(const struct forward_counts *counts, time_t now, struct listed_domains *listed)
{
	memset(listed, 0, sizeof(*listed));
	forward_counts_visit(counts, now, list_domain, listed);
}

static void
test_names(void **state)
{
	(void)state;
	assert_string_equal(forward_event_name(FORWARD_FORWARDED), "forwarded");
	assert_string_equal(forward_event_name(FORWARD_UNAUTHENTICATED), "unauthenticated");
	assert_string_equal(forward_event_name(FORWARD_BOUNCED), "bounced");
}

/* Every event counts for its domain in any case, and for all. */
static void
test_counts(void **state)
{
	struct forward_counts *counts = forward_counts_new();
	struct forward_numbers numbers;
	struct listed_domains listed;
	char *longest = unit_fill('a', HOSTNAME_MAX), *too_long = unit_fill('a', HOSTNAME_MAX + 1);

	(void)state;
	forward_counts_all(counts, HOUR, &numbers);
	assert_int_equal(numbers.since, 0);
	assert_int_equal(forward_counts_domains(counts), 0);
	add_events(counts, "x.org", FORWARD_FORWARDED, 2, HOUR + 5);
	add_events(counts, "X.Org", FORWARD_FORWARDED, 1, HOUR + 6);
	add_events(counts, "busy.org", FORWARD_FORWARDED, 4, HOUR + 7);
	add_events(counts, "busy.org", FORWARD_UNAUTHENTICATED, 2, HOUR + 7);
	add_events(counts, "a.org", FORWARD_BOUNCED, 3, HOUR + 8);
	add_events(counts, "", FORWARD_FORWARDED, 1, HOUR + 9);
	add_events(counts, too_long, FORWARD_FORWARDED, 1, HOUR + 9);
	assert_int_equal(forward_counts_domains(counts), 3);
	list_domains(counts, HOUR + 9, &listed);
	assert_string_equal(listed.text, "busy.org 7 4/4/0\na.org 8 0/0/0\nx.org 5 3/3/0\n");
	add_events(counts, longest, FORWARD_FORWARDED, 1, HOUR + 9);
	assert_int_equal(forward_counts_domains(counts), 4);
	forward_counts_all(counts, HOUR + 9, &numbers);
	assert_int_equal(numbers.since, HOUR + 5);
	assert_int_equal(numbers.total[FORWARD_FORWARDED], 10);
	assert_int_equal(numbers.total[FORWARD_UNAUTHENTICATED], 2);
	assert_int_equal(numbers.total[FORWARD_BOUNCED], 3);
	assert_int_equal(numbers.running_hour[FORWARD_FORWARDED], 10);
	forward_counts_free(&counts);
	assert_null(counts);
	forward_counts_free(&counts);
	free(longest);
	free(too_long);
}

/* The counts by hour as time passes after 3 events in one hour and 2 in the next one. */
static void
test_hours(void **state)
{
	static const struct {
		int second;
		const char *want;
	} rows[] = {
		{ SECONDS_PER_HOUR, "x.org 3599 5/2/3\n" },
		{ 2 * SECONDS_PER_HOUR - 1, "x.org 3599 5/2/3\n" },
		{ 2 * SECONDS_PER_HOUR, "x.org 3599 5/0/2\n" },
		{ 3 * SECONDS_PER_HOUR, "x.org 3599 5/0/0\n" },
		{ 9 * SECONDS_PER_HOUR, "x.org 3599 5/0/0\n" },
		{ -SECONDS_PER_HOUR, "x.org 3599 5/0/0\n" },    /* the clock was set back */
		{ 2 * SECONDS_PER_HOUR, "x.org 3599 5/0/2\n" }, /* to look changes nothing */
	};
	struct forward_counts *counts = forward_counts_new();
	struct listed_domains listed;
	size_t i;

	(void)state;
	add_events(counts, "x.org", FORWARD_FORWARDED, 3, HOUR + SECONDS_PER_HOUR - 1);
	add_events(counts, "x.org", FORWARD_FORWARDED, 2, HOUR + SECONDS_PER_HOUR);
	for (i = 0; i < COUNT(rows); i++) {
		list_domains(counts, HOUR + rows[i].second, &listed);
		unit_text(unit_row("%d", rows[i].second), "counts", listed.text, rows[i].want);
	}
	add_events(counts, "x.org", FORWARD_FORWARDED, 1, HOUR);
	list_domains(counts, HOUR, &listed);
	unit_text("set back", "counts", listed.text, "x.org 3599 6/1/0\n");
	forward_counts_free(&counts);
	unit_end();
}

/* One domain after forwards and bounces, at one second of an hour. */
static void
test_warning(void **state)
{
	static const struct {
		const char *name;
		unsigned last_forwarded, last_bounced, forwarded, bounced;
		int second, per_cent;
		bool want;
		unsigned want_forwarded, want_bounced;
	} rows[] = {
		{ "off", 0, 0, 100, 100, 1800, 0, false, 0, 0 },
		{ "too few", 0, 0, 100, 19, 1800, 5, false, 0, 0 },
		{ "enough", 0, 0, 100, 20, 1800, 5, true, 100, 20 },
		{ "exactly 5 %", 0, 0, 400, 20, 1800, 5, false, 0, 0 },
		{ "a little more", 0, 0, 399, 20, 1800, 5, true, 399, 20 },
		{ "nothing forwarded", 0, 0, 0, 20, 1800, 5, true, 0, 20 },
		{ "nothing forwarded, 100 %", 0, 0, 0, 20, 1800, 100, true, 0, 20 },
		{ "100 %", 0, 0, 20, 20, 1800, 100, false, 0, 0 },
		{ "more than 100 %", 0, 0, 20, 21, 1800, 100, true, 20, 21 },
		/* a quarter of the last hour */
		{ "share of the last hour", 1200, 40, 20, 10, 2700, 5, true, 320, 20 },
		{ "the hour begins", 3600, 0, 0, 20, 0, 5, false, 0, 0 },
		{ "the hour ends", 3600, 3600, 20, 2, 3599, 5, false, 0, 0 },
	};
	struct forward_hour hour;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		struct forward_counts *counts = forward_counts_new();
		time_t last = HOUR - 1, now = HOUR + rows[i].second;

		memset(&hour, 0, sizeof(hour));
		add_events(counts, "x.org", FORWARD_FORWARDED, rows[i].last_forwarded, last);
		add_events(counts, "x.org", FORWARD_BOUNCED, rows[i].last_bounced, last);
		add_events(counts, "x.org", FORWARD_FORWARDED, rows[i].forwarded, now);
		add_events(counts, "x.org", FORWARD_BOUNCED, rows[i].bounced, now);
		add_events(counts, "y.org", FORWARD_BOUNCED, 1, now);
		unit_int(rows[i].name, "warn",
		    forward_counts_warn(counts, "X.org", 5, rows[i].per_cent, now, &hour),
		    rows[i].want);
		if (rows[i].want) {
			unit_int(
			    rows[i].name, "forwarded", (int)hour.forwarded, rows[i].want_forwarded);
			unit_int(rows[i].name, "bounced", (int)hour.bounced, rows[i].want_bounced);
		}
		unit_int(rows[i].name, "other domain",
		    forward_counts_warn(counts, "y.org", 5, rows[i].per_cent, now, &hour), false);
		unit_int(rows[i].name, "unknown domain",
		    forward_counts_warn(counts, "z.org", 5, rows[i].per_cent, now, &hour), false);
		unit_int(rows[i].name, "no domain",
		    forward_counts_warn(counts, "", 0, rows[i].per_cent, now, &hour), false);
		forward_counts_free(&counts);
	}
	unit_end();
}

/* A warning is not repeated within an hour, and each domain has its own. */
static void
test_once_an_hour(void **state)
{
	static const struct {
		const char *domain;
		int second;
		bool want;
	} rows[] = {
		{ "x.org", 1800, true }, { "x.org", 1801, false }, { "y.org", 1801, true },
		{ "x.org", 1800 + SECONDS_PER_HOUR - 1, false },
		{ "x.org", 1800 + SECONDS_PER_HOUR, true },
		{ "x.org", 0, true }, /* the clock was set back */
	};
	struct forward_counts *counts = forward_counts_new();
	struct forward_hour hour;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		add_events(counts, rows[i].domain, FORWARD_BOUNCED, 20, HOUR + rows[i].second);
		unit_int(unit_row("%s %d", rows[i].domain, rows[i].second), "warn",
		    forward_counts_warn(counts, rows[i].domain, 5, 5, HOUR + rows[i].second, &hour),
		    rows[i].want);
	}
	forward_counts_free(&counts);
	unit_end();
}

/* A full table: a flood of new names replaces itself, and no busy domain. */
static void
test_flood(void **state)
{
	struct forward_counts *counts = forward_counts_new();
	struct forward_numbers numbers;
	struct listed_domains listed;
	char name[40];
	unsigned i;

	(void)state;
	for (i = 0; i < FORWARD_COUNTS_DOMAINS; i++) {
		snprintf(name, sizeof(name), "busy%u.org", i);
		add_events(counts, name, FORWARD_FORWARDED, i < 10 ? 100 - i : 2, HOUR);
	}
	assert_int_equal(forward_counts_domains(counts), FORWARD_COUNTS_DOMAINS);
	for (i = 0; i < 20000; i++) {
		snprintf(name, sizeof(name), "new%u.org", i);
		add_events(counts, name, FORWARD_FORWARDED, 1, HOUR + 1);
	}
	assert_int_equal(forward_counts_domains(counts), FORWARD_COUNTS_DOMAINS);
	list_domains(counts, HOUR + 1, &listed);
	assert_int_equal(listed.n, FORWARD_COUNTS_DOMAINS);
	for (i = 0; i < 10; i++) {
		snprintf(name, sizeof(name), "busy%u.org 0 %u/%u/0\n", i, 100 - i, 100 - i);
		unit_holds("flood", "list", listed.text, name);
	}
	assert_ptr_equal(strstr(listed.text, "busy0.org"), listed.text);

	/* A domain that becomes busy later gets a place and keeps it. Its own counts are exact. */
	for (i = 0; i < 20000; i++) {
		snprintf(name, sizeof(name), "other%u.org", i);
		add_events(counts, name, FORWARD_FORWARDED, 1, HOUR + 2);
		if (i % 100 == 0)
			add_events(counts, "late.org", FORWARD_FORWARDED, 1, HOUR + 2);
	}
	list_domains(counts, HOUR + 2, &listed);
	unit_holds("late", "list", listed.text, "late.org 2 200/200/0\n");
	forward_counts_all(counts, HOUR + 2, &numbers);
	assert_int_equal(numbers.total[FORWARD_FORWARDED], 955 + 2 * 990 + 20000 + 20000 + 200);
	forward_counts_free(&counts);
	unit_end();
}

/* What an SRS domain signs for others is compared with its bounces, and counted once in all. */
static void
test_signed(void **state)
{
	struct forward_counts *counts = forward_counts_new();
	struct forward_numbers numbers;
	struct forward_hour hour;
	int i;

	(void)state;
	for (i = 0; i < 500; i++) {
		forward_counts_add(counts, "x.org", 5, FORWARD_FORWARDED, HOUR);
		forward_counts_add_signed(counts, "srs.test", 8, HOUR);
	}
	add_events(counts, "srs.test", FORWARD_BOUNCED, 25, HOUR);
	assert_false(forward_counts_warn(counts, "srs.test", 8, 5, HOUR, &hour));
	add_events(counts, "srs.test", FORWARD_BOUNCED, 1, HOUR);
	assert_true(forward_counts_warn(counts, "srs.test", 8, 5, HOUR, &hour));
	assert_int_equal(hour.forwarded, 500);
	assert_int_equal(hour.bounced, 26);
	forward_counts_all(counts, HOUR, &numbers);
	assert_int_equal(numbers.total[FORWARD_FORWARDED], 500);
	forward_counts_free(&counts);
}

/* A client cannot compute colliding domains: each table has a hash of its own. */
static void
test_own_hash(void **state)
{
	struct forward_counts *one = forward_counts_new(), *other = forward_counts_new();
	struct siphash_key key;

	(void)state;
	add_events(one, "x.org", FORWARD_FORWARDED, 1, HOUR);
	key = hash_key_last;
	add_events(other, "x.org", FORWARD_FORWARDED, 1, HOUR);
	hash_key_check(key);
	forward_counts_free(&one);
	forward_counts_free(&other);
}

static void
test_equal_hashes(void **state)
{
	struct forward_counts *counts = forward_counts_new();
	struct listed_domains listed;

	(void)state;
	hash_key_collides = true;
	add_events(counts, "a.org", FORWARD_FORWARDED, 4, HOUR);
	add_events(counts, "b.org", FORWARD_FORWARDED, 3, HOUR);
	add_events(counts, "a.or", FORWARD_FORWARDED, 2, HOUR);
	add_events(counts, "a.orga", FORWARD_FORWARDED, 1, HOUR);
	list_domains(counts, HOUR, &listed);
	assert_string_equal(
	    listed.text, "a.org 0 4/4/0\nb.org 0 3/3/0\na.or 0 2/2/0\na.orga 0 1/1/0\n");
	hash_key_collides = false;
	forward_counts_free(&counts);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_hours),
		cmocka_unit_test(test_warning),
		cmocka_unit_test(test_once_an_hour),
		cmocka_unit_test(test_flood),
		cmocka_unit_test(test_own_hash),
		cmocka_unit_test(test_equal_hashes),
		cmocka_unit_test(test_signed),
	};

	return cmocka_run_group_tests_name("forward_counts", tests, NULL, NULL);
}
