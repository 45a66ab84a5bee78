/* SPDX-License-Identifier: ISC */
#include "tests/unit/unit.h"

#include "spf/spf_answers.h"

static void
test_names(void **state)
{
	static const struct {
		const char *name;
		size_t len;
		bool want;
	} rows[] = {
		{ BYTES("example.test"), true },
		{ BYTES("x"), true },
		{ BYTES("_spf.example.test"), true },
		{ BYTES("a b.test"), true },
		{ BYTES("*.test"), true },
		{ BYTES("\377.test"), true },
		{ BYTES("[192.0.2.1]"), true },
		{ BYTES("n23456789012345678901234567890123456789012345678901234567890123.test"),
		    true },
		{ BYTES("n234567890123456789012345678901234567890123456789012345678901234.test"),
		    false },
		{ BYTES("x.n23456789012345678901234567890123456789012345678901234567890123"),
		    true },
		{ BYTES("x.n234567890123456789012345678901234567890123456789012345678901234"),
		    false },
		{ BYTES(""), false },
		{ BYTES("."), false },
		{ BYTES(".test"), false },
		{ BYTES("x."), false },
		{ BYTES("x..test"), false },
		{ BYTES("x\0.test"), false },
		{ BYTES("\0"), false },
	};
	size_t i;
	char *copy;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		copy = unit_copy(rows[i].name, rows[i].len);
		unit_int(
		    rows[i].name, "askable", spf_answers_is_name(copy, rows[i].len), rows[i].want);
		free(copy);
	}
	unit_end();
}

static void
test_longest_name(void **state)
{
	char *name = unit_fill('n', 254);
	size_t i;

	(void)state;
	for (i = 50; i < 254; i += 51)
		name[i] = '.';
	assert_true(spf_answers_is_name(name, 253));
	name[253] = 'n';
	assert_false(spf_answers_is_name(name, 254));
	free(name);
}

static void
test_asked_once(void **state)
{
	struct spf_answers *answers = spf_answers_new();
	struct spf_answer *answer = spf_answers_get(answers, "Example.TEST", DNS_TXT);

	(void)state;
	assert_string_equal(answer->name, "example.test");
	assert_int_equal(answer->type, DNS_TXT);
	assert_null(answer->reply);
	assert_ptr_equal(spf_answers_get(answers, "example.test", DNS_TXT), answer);
	assert_ptr_equal(spf_answers_get(answers, "EXAMPLE.test", DNS_TXT), answer);
	assert_ptr_not_equal(spf_answers_get(answers, "example.test", DNS_A), answer);
	assert_ptr_not_equal(spf_answers_get(answers, "a.example.test", DNS_TXT), answer);
	assert_int_equal(spf_answers_count(answers), 3);
	spf_answers_free(&answers);
	assert_null(answers);
	spf_answers_free(&answers);
}

/* known - one answer; arg counts how often it is asked for any */
static struct dns_answer *
known(void *arg, const char *name, enum dns_type type)
{
	++*(unsigned *)arg;
	return strcmp(name, "known.test") == 0 && type == DNS_TXT ? dns_answer_new(DNS_VOID) : NULL;
}

/* An answer that is given precedes that of the cache, and is no query. */
static void
test_given(void **state)
{
	struct spf_answers *answers = spf_answers_new();
	struct dns_answer *reply = dns_answer_new(DNS_FOUND);
	const struct spf_answer *answer;
	unsigned calls = 0;

	(void)state;
	spf_answers_set_known(answers, known, &calls);
	spf_answers_give(answers, "KNOWN.test", DNS_TXT, dns_answer_ref(reply));
	assert_int_equal(calls, 0);
	answer = spf_answers_get(answers, "known.TEST", DNS_TXT);
	assert_ptr_equal(answer->reply, reply);
	assert_true(answer->given);
	assert_false(answer->at_once);
	assert_null(spf_answers_wanted(answers));
	assert_int_equal(spf_answers_questions(answers), 0);
	assert_int_equal(spf_answers_expires(answers), 0);
	/* The others are those of the cache and the DNS. */
	assert_false(spf_answers_get(answers, "known.test", DNS_A)->given);
	assert_int_equal(calls, 1);
	assert_string_equal(spf_answers_wanted(answers)->name, "known.test");
	spf_answers_free(&answers);
	assert_int_equal(reply->references, 1);
	dns_answer_unref(&reply);
}

static void
test_known(void **state)
{
	struct spf_answers *answers = spf_answers_new();
	unsigned calls = 0;

	(void)state;
	spf_answers_set_known(answers, known, &calls);
	assert_int_equal(spf_answers_get(answers, "KNOWN.test", DNS_TXT)->reply->status, DNS_VOID);
	assert_non_null(spf_answers_guess(answers, "known.test", DNS_TXT)->reply);
	assert_int_equal(calls, 1);
	assert_null(spf_answers_wanted(answers));
	assert_null(spf_answers_get(answers, "known.test", DNS_A)->reply);
	assert_string_equal(spf_answers_wanted(answers)->name, "known.test");
	assert_null(spf_answers_get(answers, "other.test", DNS_TXT)->reply);
	assert_int_equal(calls, 3);
	spf_answers_free(&answers);
}

static void
test_wanted_and_asked(void **state)
{
	struct spf_answers *answers = spf_answers_new();
	struct spf_answer *a, *b;

	(void)state;
	assert_null(spf_answers_wanted(answers));
	assert_null(spf_answers_asked(answers));
	a = spf_answers_get(answers, "a.test", DNS_A);
	b = spf_answers_get(answers, "b.test", DNS_A);
	assert_ptr_equal(spf_answers_wanted(answers), a);
	a->asked = true;
	assert_ptr_equal(spf_answers_wanted(answers), b);
	assert_ptr_equal(spf_answers_asked(answers), a);
	b->asked = true;
	assert_null(spf_answers_wanted(answers));
	spf_answers_set(answers, a, dns_answer_new(DNS_VOID));
	assert_ptr_equal(spf_answers_asked(answers), b);
	spf_answers_set(answers, b, dns_answer_new(DNS_ERROR));
	assert_null(spf_answers_asked(answers));
	assert_int_equal(a->reply->status, DNS_VOID);
	spf_answers_free(&answers);
}

static void
test_too_large(void **state)
{
	struct spf_answers *answers = spf_answers_new();
	struct spf_answer *a = spf_answers_get(answers, "a.test", DNS_A);
	struct dns_answer *large = dns_answer_new(DNS_FOUND);

	(void)state;
	large->size = SPF_ANSWERS_BYTES + 1;
	spf_answers_set(answers, a, large); /* the sanitizer sees to it */
	assert_int_equal(a->reply->status, DNS_ERROR);
	/*
	 * Not an error of the DNS: otherwise a client could force a temperror by filling the table.
	 */
	assert_int_equal(a->reply->failure, DNS_SATURATED);
	spf_answers_free(&answers);
}

static struct dns_answer *
make_reply(size_t size)
{
	struct dns_answer *reply = dns_answer_new(DNS_FOUND);

	reply->size = size;
	return reply;
}

/* The size counts in all. */
static void
test_too_large_together(void **state)
{
	struct spf_answers *answers = spf_answers_new();
	struct spf_answer *a = spf_answers_get(answers, "a.test", DNS_A);
	struct spf_answer *b = spf_answers_get(answers, "b.test", DNS_A);
	struct spf_answer *c = spf_answers_get(answers, "c.test", DNS_A);

	(void)state;
	spf_answers_set(answers, a, make_reply(SPF_ANSWERS_BYTES - 10));
	assert_int_equal(a->reply->status, DNS_FOUND);
	spf_answers_set(answers, b, make_reply(10));
	assert_int_equal(b->reply->status, DNS_FOUND);
	spf_answers_set(answers, c, make_reply(1));
	assert_int_equal(c->reply->status, DNS_ERROR);
	assert_int_equal(c->reply->failure, DNS_SATURATED);
	spf_answers_free(&answers);
}

/* A full table finds each of its answers, in any case, and adds no other. */
static void
test_bounded(void **state)
{
	struct spf_answers *answers = spf_answers_new();
	struct spf_answer *added[SPF_ANSWERS_MAX];
	char name[40];
	int i;

	(void)state;
	for (i = 0; i < SPF_ANSWERS_MAX; i++) {
		snprintf(name, sizeof(name), "n%d.test", i);
		added[i] = spf_answers_get(answers, name, DNS_A);
		assert_non_null(added[i]);
	}
	for (i = 0; i < SPF_ANSWERS_MAX; i++) {
		snprintf(name, sizeof(name), "N%d.test", i);
		assert_ptr_equal(spf_answers_get(answers, name, DNS_A), added[i]);
		assert_null(spf_answers_get(answers, name, DNS_AAAA));
	}
	assert_null(spf_answers_get(answers, "more.test", DNS_A));
	assert_int_equal(spf_answers_count(answers), SPF_ANSWERS_MAX);
	spf_answers_free(&answers);
}

/* Questions that may never be needed leave room for those that are. */
static void
test_asked_ahead(void **state)
{
	struct spf_answers *answers = spf_answers_new();
	char name[40];
	int i;

	(void)state;
	for (i = 0; i < SPF_ANSWERS_GUESSES; i++) {
		snprintf(name, sizeof(name), "n%d.test", i);
		assert_non_null(spf_answers_guess(answers, name, DNS_A));
	}
	assert_null(spf_answers_guess(answers, "more.test", DNS_A));
	assert_non_null(spf_answers_guess(answers, "N0.test", DNS_A));
	assert_non_null(spf_answers_get(answers, "more.test", DNS_A));
	assert_non_null(spf_answers_guess(answers, "more.test", DNS_A));
	assert_int_equal(spf_answers_count(answers), SPF_ANSWERS_GUESSES + 1);
	spf_answers_free(&answers);
}

/* add_needed - with a reply that the cache drops at this time; 0: it was not kept */
static void
add_needed(struct spf_answers *answers, const char *name, uint64_t expires)
{
	struct dns_answer *reply = dns_answer_new(DNS_VOID);

	reply->expires = expires;
	spf_answers_set(answers, spf_answers_get(answers, name, DNS_A), reply);
}

static void
test_expires(void **state)
{
	struct spf_answers *answers = spf_answers_new();
	struct dns_answer *ahead = dns_answer_new(DNS_VOID);

	(void)state;
	assert_true(spf_answers_expires(answers) == UINT64_MAX);
	/* Those that no evaluation used do not count. */
	ahead->expires = 100;
	spf_answers_set(answers, spf_answers_guess(answers, "ahead.test", DNS_A), ahead);
	assert_true(spf_answers_expires(answers) == UINT64_MAX);
	add_needed(answers, "a.test", 500);
	add_needed(answers, "b.test", 400);
	add_needed(answers, "c.test", 600);
	assert_non_null(spf_answers_get(answers, "missing.test", DNS_A));
	assert_int_equal(spf_answers_expires(answers), 400);
	add_needed(answers, "d.test", 0);
	assert_int_equal(spf_answers_expires(answers), 0);
	spf_answers_free(&answers);
}

/* test_expires_without_names - for a missing answer about the client, an error is used */
static void
test_expires_without_names(void **state)
{
	struct spf_answers *answers = spf_answers_new();
	struct spf_answer *ptr;

	(void)state;
	add_needed(answers, "a.test", 500);
	ptr = spf_answers_get(answers, "1.2.0.192.in-addr.arpa", DNS_PTR);
	ptr->of_client = true;
	assert_int_equal(spf_answers_expires(answers), 500); /* a pass has not used it yet */
	spf_answers_end_client(answers, DNS_LATE);
	assert_int_equal(spf_answers_expires(answers), 0);
	spf_answers_free(&answers);
}

/* After the end, each missing answer is an error of the last kind, and so is each new one. */
static void
test_end(void **state)
{
	struct spf_answers *answers = spf_answers_new();
	struct spf_answer *early = spf_answers_get(answers, "early.test", DNS_A), *later;

	(void)state;
	spf_answers_end(answers, DNS_LATE);
	assert_int_equal(early->reply->failure, DNS_LATE);
	assert_true(early->given_up);
	spf_answers_end(answers, DNS_SATURATED);
	assert_int_equal(early->reply->failure, DNS_LATE);
	later = spf_answers_get(answers, "later.test", DNS_A);
	assert_int_equal(later->reply->failure, DNS_SATURATED);
	assert_true(later->given_up);
	assert_null(spf_answers_asked(answers));
	spf_answers_free(&answers);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_longest_name),
		cmocka_unit_test(test_asked_once),
		cmocka_unit_test(test_known),
		cmocka_unit_test(test_given),
		cmocka_unit_test(test_wanted_and_asked),
		cmocka_unit_test(test_too_large),
		cmocka_unit_test(test_too_large_together),
		cmocka_unit_test(test_bounded),
		cmocka_unit_test(test_asked_ahead),
		cmocka_unit_test(test_expires),
		cmocka_unit_test(test_expires_without_names),
		cmocka_unit_test(test_end),
	};

	return cmocka_run_group_tests_name("spf_answers", tests, NULL, NULL);
}
