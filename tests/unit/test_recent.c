/* SPDX-License-Identifier: ISC */
#include "tests/unit/unit.h"

#include "common/xmalloc.h"
#include "srsd/service/recent.h"

#define NOW 1700000000

static void
put_text(struct recent_decision *d, enum recent_text which, const char *text)
{
	recent_put(d, which, text, strlen(text));
}

static void
add_sender(struct recent *recent, const char *sender, bool refused, time_t now)
{
	struct recent_decision *d = recent_begin(recent, RECENT_FORWARD, now);

	assert_non_null(d);
	d->result = refused ? "refused" : "rewritten";
	d->refused = refused;
	put_text(d, RECENT_SENDER, sender);
	recent_end(recent);
}

static void
assert_text(const struct recent_decision *d, enum recent_text which, const char *want)
{
	struct text got = recent_text(d, which);

	assert_int_equal(got.len, strlen(want));
	assert_memory_equal(got.s, want, got.len);
}

static void
assert_sender(const struct recent *recent, uint64_t number, const char *want)
{
	const struct recent_decision *d = recent_get(recent, number);

	if (want == NULL) {
		assert_null(d);
		return;
	}
	assert_non_null(d);
	assert_text(d, RECENT_SENDER, want);
}

/* The oldest decisions are overwritten, and numbers go on. */
static void
test_ring(void **state)
{
	struct recent *recent = recent_new(3);

	(void)state;
	assert_int_equal(recent_next(recent), 1);
	assert_int_equal(recent_oldest(recent), 1);
	add_sender(recent, "a@x", false, NOW);
	add_sender(recent, "b@x", false, NOW);
	add_sender(recent, "c@x", false, NOW);
	assert_int_equal(recent_oldest(recent), 1);
	add_sender(recent, "d@x", false, NOW);
	assert_int_equal(recent_oldest(recent), 2);
	assert_int_equal(recent_next(recent), 5);
	assert_sender(recent, 0, NULL);
	assert_sender(recent, 1, NULL);
	assert_sender(recent, 2, "b@x");
	assert_sender(recent, 4, "d@x");
	assert_sender(recent, 5, NULL);
	recent_free(&recent);
	assert_null(recent);
	recent_free(&recent);
}

static void
test_off(void **state)
{
	struct recent *recent = recent_new(0);

	(void)state;
	assert_null(recent_begin(NULL, RECENT_POLICY, NOW));
	assert_null(recent_begin(recent, RECENT_POLICY, NOW));
	assert_null(recent_get(recent, 1));
	assert_int_equal(recent_size(recent), 0);
	recent_expire(recent, NOW);
	recent_free(&recent);
}

static void
test_resize(void **state)
{
	struct recent *recent = recent_new(3);

	(void)state;
	add_sender(recent, "a@x", false, NOW);
	add_sender(recent, "b@x", false, NOW);
	add_sender(recent, "c@x", false, NOW);
	recent_resize(recent, 2);
	assert_sender(recent, 1, NULL);
	assert_sender(recent, 2, "b@x");
	assert_sender(recent, 3, "c@x");
	recent_resize(recent, 5);
	assert_sender(recent, 2, "b@x");
	add_sender(recent, "d@x", false, NOW);
	assert_sender(recent, 3, "c@x");
	assert_sender(recent, 4, "d@x");
	recent_resize(recent, 0);
	assert_int_equal(recent_oldest(recent), recent_next(recent));
	assert_int_equal(recent_next(recent), 5);
	recent_free(&recent);
}

/* A decision is there for a day, and is erased with the next one. A clock that is set back erases nothing. */
static void
test_expire(void **state)
{
	struct recent *recent = recent_new(9);

	(void)state;
	add_sender(recent, "a@x", false, NOW);
	add_sender(recent, "b@x", false, NOW + 1);
	recent_expire(recent, NOW - 10);
	recent_expire(recent, NOW + RECENT_SECONDS);
	assert_sender(recent, 1, "a@x");
	recent_expire(recent, NOW + RECENT_SECONDS + 1);
	assert_sender(recent, 1, NULL);
	assert_sender(recent, 2, "b@x");
	recent_expire(recent, NOW + RECENT_SECONDS + 2);
	assert_int_equal(recent_oldest(recent), recent_next(recent));
	add_sender(recent, "c@x", false, NOW);
	add_sender(recent, "d@x", false, NOW);
	add_sender(recent, "e@x", false, NOW + RECENT_SECONDS + 1);
	assert_sender(recent, 4, NULL);
	assert_sender(recent, 5, "e@x");
	recent_free(&recent);
}

/* A text is cut at RECENT_ONE_MAX, and all texts together at RECENT_TEXT_BYTES. */
static void
test_texts_are_cut(void **state)
{
	struct recent *recent = recent_new(1);
	struct recent_decision *d = recent_begin(recent, RECENT_MILTER, NOW);
	char longer[1000];

	(void)state;
	memset(longer, 'x', sizeof(longer));
	recent_put(d, RECENT_QUEUE, "4ABC", 4);
	recent_put(d, RECENT_SENDER, longer, RECENT_ONE_MAX);
	assert_int_equal(d->cut, 0);
	recent_put(d, RECENT_RECIPIENT, longer, RECENT_ONE_MAX + 1);
	assert_int_equal(d->cut, 1U << RECENT_RECIPIENT);
	recent_put(d, RECENT_ORIGINAL, longer, sizeof(longer));
	recent_put(d, RECENT_TO, "y", 1);
	recent_end(recent);
	assert_text(d, RECENT_QUEUE, "4ABC");
	assert_text(d, RECENT_CLIENT, "");
	assert_int_equal(recent_text(d, RECENT_SENDER).len, RECENT_ONE_MAX);
	assert_int_equal(recent_text(d, RECENT_RECIPIENT).len, RECENT_ONE_MAX);
	assert_int_equal(
	    recent_text(d, RECENT_ORIGINAL).len, RECENT_TEXT_BYTES - 4 - 2 * RECENT_ONE_MAX);
	assert_text(d, RECENT_TO, "");
	assert_int_equal(d->cut, 1U << RECENT_RECIPIENT | 1U << RECENT_ORIGINAL | 1U << RECENT_TO);
	recent_free(&recent);
}

static struct text
make_text(const char *s)
{
	struct text text = { s, s == NULL ? 0 : strlen(s) };

	return text;
}

static void
test_filter(void **state)
{
	static const struct {
		const char *queue, *client, *address, *domain, *result;
		bool want;
	} rows[] = {
		{ NULL, NULL, NULL, NULL, NULL, true },
		{ "4ABC", NULL, NULL, NULL, NULL, true },
		{ "4AB", NULL, NULL, NULL, NULL, false },
		{ NULL, "192.0.2.1", NULL, NULL, NULL, true },
		{ NULL, "192.0.2.10", NULL, NULL, NULL, false },
		{ NULL, NULL, "a@X.test", NULL, NULL, true },
		{ NULL, NULL, "b@us.test", NULL, NULL, true },
		{ NULL, NULL, "a@x", NULL, NULL, false },
		{ NULL, NULL, "192.0.2.1", NULL, NULL, false },
		{ NULL, NULL, NULL, "X.TEST", NULL, true },
		{ NULL, NULL, NULL, "us.test", NULL, true },
		{ NULL, NULL, NULL, "test", NULL, false },
		{ NULL, NULL, NULL, ".test", NULL, true },
		{ NULL, NULL, NULL, ".TEST", NULL, true },
		{ NULL, NULL, NULL, ".us.test", NULL, false },
		{ NULL, NULL, NULL, ".s.test", NULL, false },
		{ NULL, NULL, NULL, ".", NULL, false },
		{ NULL, NULL, NULL, NULL, "fail", true },
		{ NULL, NULL, NULL, NULL, "reject", true },
		{ NULL, NULL, NULL, NULL, "spf", true },
		{ NULL, NULL, NULL, NULL, "policy", true },
		{ NULL, NULL, NULL, NULL, "pass", false },
		{ "4ABC", "192.0.2.1", "a@x.test", "us.test", "fail", true },
		{ "4ABC", "192.0.2.1", "a@x.test", "us.test", "pass", false },
	};
	struct recent *recent = recent_new(1);
	struct recent_decision *d = recent_begin(recent, RECENT_POLICY, NOW);
	size_t i;

	(void)state;
	d->result = "fail";
	d->action = "reject";
	d->reason = "spf";
	put_text(d, RECENT_QUEUE, "4ABC");
	put_text(d, RECENT_CLIENT, "192.0.2.1");
	put_text(d, RECENT_SENDER, "a@x.test");
	put_text(d, RECENT_RECIPIENT, "b@us.test");
	recent_end(recent);
	for (i = 0; i < COUNT(rows); i++) {
		const struct recent_filter filter = { make_text(rows[i].queue),
			make_text(rows[i].client), make_text(rows[i].address),
			make_text(rows[i].domain), make_text(rows[i].result) };

		if (recent_matches(d, &filter) != rows[i].want)
			fail_msg("row %zu", i);
	}
	recent_free(&recent);
}

/* The beginning is all that a record of a long address has. It has no domain. */
static void
test_filter_of_cut_address(void **state)
{
	struct recent *recent = recent_new(1);
	struct recent_filter filter;
	char address[301];

	(void)state;
	memset(address, 'x', 300);
	address[100] = '@';
	address[300] = '\0';
	add_sender(recent, address, false, NOW);
	memset(&filter, 0, sizeof(filter));
	filter.address = make_text(address);
	assert_true(recent_matches(recent_get(recent, 1), &filter));
	address[3] = 'y';
	assert_false(recent_matches(recent_get(recent, 1), &filter));
	address[3] = 'x';
	filter.address.len = RECENT_ONE_MAX;
	assert_false(recent_matches(recent_get(recent, 1), &filter));
	memset(&filter, 0, sizeof(filter));
	filter.domain = (struct text){ address + 101, RECENT_ONE_MAX - 101 };
	assert_false(recent_matches(recent_get(recent, 1), &filter));
	recent_free(&recent);
}

static void
test_seek(void **state)
{
	struct recent *recent = recent_new(4);
	struct recent_filter filter;

	(void)state;
	memset(&filter, 0, sizeof(filter));
	assert_int_equal(recent_seek(recent, &filter, 3), 1);
	add_sender(recent, "a@x", false, NOW);
	add_sender(recent, "a@y", false, NOW);
	add_sender(recent, "b@x", false, NOW);
	add_sender(recent, "b@y", false, NOW);
	add_sender(recent, "c@y", false, NOW);
	assert_int_equal(recent_seek(recent, &filter, 0), 6);
	assert_int_equal(recent_seek(recent, &filter, 2), 4);
	assert_int_equal(recent_seek(recent, &filter, 99), 2);
	filter.domain = make_text("x");
	assert_int_equal(recent_seek(recent, &filter, 1), 3);
	filter.domain = make_text("z");
	assert_int_equal(recent_seek(recent, &filter, 1), 6);
	recent_free(&recent);
}

static void
on_added(void *arg)
{
	unsigned *calls = arg;

	(*calls)++;
}

static void
test_watch(void **state)
{
	struct recent *recent = recent_new(4);
	unsigned calls = 0;

	(void)state;
	recent_watch(recent, on_added, &calls);
	add_sender(recent, "a@x", false, NOW);
	add_sender(recent, "a@x", false, NOW);
	assert_int_equal(calls, 2);
	recent_watch(recent, NULL, NULL);
	add_sender(recent, "a@x", false, NOW);
	assert_int_equal(calls, 2);
	recent_free(&recent);
}

static void
assert_busiest(const struct recent *recent, uint64_t from, enum recent_order order, size_t max,
    const char *want)
{
	struct recent_count counts[5];
	size_t n = recent_busiest(recent, from, order, counts, max), i;
	char *got = xstrdup(""), *longer;

	for (i = 0; i < n; i++) {
		xasprintf(&longer, "%s%s %u/%u;", got, counts[i].domain, counts[i].decisions,
		    counts[i].refused);
		free(got);
		got = longer;
	}
	assert_string_equal(got, want);
	free(got);
}

static void
test_busiest(void **state)
{
	struct recent *recent = recent_new(20);
	struct recent_decision *d;

	(void)state;
	assert_busiest(recent, 0, RECENT_BY_DECISIONS, 5, "");
	add_sender(recent, "a@b.test", false, NOW);
	add_sender(recent, "a@c.test", true, NOW);
	add_sender(recent, "b@B.test", false, NOW);
	add_sender(recent, "a@a.test", false, NOW);
	add_sender(recent, "a@d.test", true, NOW);
	add_sender(recent, "b@d.test", true, NOW);
	add_sender(recent, "c@b.test", true, NOW);
	add_sender(recent, "", false, NOW);
	add_sender(recent, "no-domain", false, NOW);
	d = recent_begin(recent, RECENT_REVERSE, NOW);
	put_text(d, RECENT_SENDER, "a@a.test");
	recent_end(recent);
	assert_busiest(
	    recent, 0, RECENT_BY_DECISIONS, 5, "b.test 3/1;d.test 2/2;a.test 1/0;c.test 1/1;");
	assert_busiest(recent, 0, RECENT_BY_DECISIONS, 2, "b.test 3/1;d.test 2/2;");
	assert_busiest(recent, 0, RECENT_BY_DECISIONS, 1, "b.test 3/1;");
	assert_busiest(recent, 0, RECENT_BY_DECISIONS, 0, "");
	assert_busiest(recent, 0, RECENT_BY_REFUSED, 5, "d.test 2/2;b.test 3/1;c.test 1/1;");
	assert_busiest(recent, 0, RECENT_BY_REFUSED, 2, "d.test 2/2;b.test 3/1;");
	assert_busiest(recent, 6, RECENT_BY_DECISIONS, 5, "b.test 1/1;d.test 1/1;");
	recent_free(&recent);
}

static void
test_names(void **state)
{
	(void)state;
	assert_string_equal(recent_service_name(RECENT_FORWARD), "forward");
	assert_string_equal(recent_service_name(RECENT_MILTER), "milter");
	assert_string_equal(recent_text_name(RECENT_ORIGINAL), "orcpt");
	assert_string_equal(recent_text_name(RECENT_MECHANISM), "mechanism");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ring),
		cmocka_unit_test(test_off),
		cmocka_unit_test(test_resize),
		cmocka_unit_test(test_expire),
		cmocka_unit_test(test_texts_are_cut),
		cmocka_unit_test(test_filter),
		cmocka_unit_test(test_filter_of_cut_address),
		cmocka_unit_test(test_seek),
		cmocka_unit_test(test_watch),
		cmocka_unit_test(test_busiest),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
