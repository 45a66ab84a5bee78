/* SPDX-License-Identifier: ISC */
#include "tests/unit/fake_resolver.h"

#include "common/clock.h"
#include "srsd/forwarding/candidates.h"
#include "tests/unit/candidate_case.h"

static const char zone[] =
    "srs.own.test MX mx.own.test\n"
    "mx.own.test A 192.0.2.1\n"
    "mx.own.test AAAA 2001:db8::1\n"
    "good.test TXT v=spf1 mx include:more.test -all\n"
    "good.test MX mx.own.test\n"
    "more.test TXT v=spf1 ip4:192.0.2.2 -all\n"
    "xn--bcher-kva.test TXT v=spf1 +all\n"
    "xn--bcher-kva.test MX mx.own.test\n"
    "soft.test TXT v=spf1 ip4:192.0.2.1 ip6:2001:db8::1 ~all\n"
    "soft.test MX mx.own.test\n"
    "four.test TXT v=spf1 ip4:192.0.2.0/24 -all\n"
    "four.test MX mx.own.test\n"
    "local.test TXT v=spf1 exists:%{l}.users.test ip4:192.0.2.0/24 ip6:2001:db8::1 -all\n"
    "local.test MX mx.own.test\n"
    "late.test TXT v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::1 exists:%{l}.users.test -all\n"
    "late.test MX mx.own.test\n"
    "second.test TXT v=spf1 ip4:192.0.2.1 a:%{h} ip4:192.0.2.2 ip6:2001:db8::1 -all\n"
    "second.test MX mx.own.test\n"
    "bare.test MX mx.own.test\n"
    "broken.test TXT v=spf1 ip4:192.0.2.0/33 +all\n"
    "broken.test MX mx.own.test\n"
    "many.test TXT v=spf1 a a a a a a a a a a a +all\n"
    "many.test MX mx.own.test\n"
    "else.test TXT v=spf1 +all\n"
    "else.test MX mx.own.test\n"
    "else.test MX mx.else.test\n"
    "mx.else.test A 203.0.113.1\n"
    "both.test TXT v=spf1 -all\n"
    "both.test MX mx.else.test\n"
    "alias.test TXT v=spf1 +all\n"
    "alias.test MX alias.own.test\n"
    "alias.own.test A 192.0.2.1\n"
    "implicit.test TXT v=spf1 a +all\n"
    "implicit.test A 192.0.2.1\n"
    "null.test TXT v=spf1 +all\n"
    "null.test MX .\n"
    "nowhere.test TXT v=spf1 +all\n"
    "sick.test TXT !\n"
    "sick.test MX mx.own.test\n"
    "sick-mx.test TXT v=spf1 +all\n"
    "sick-mx.test MX !\n"
    "sick-else.test TXT !\n"
    "sick-else.test MX mx.else.test\n"
    "fail-sick.test TXT v=spf1 -all\n"
    "fail-sick.test MX !\n";

/* A clock that the test sets. */
static uint64_t hand_ms;

static uint64_t
hand_elapsed(void *arg)
{
	(void)arg;
	return hand_ms;
}

static time_t
hand_wall(void *arg)
{
	(void)arg;
	return 1700000000 + (time_t)(hand_ms / 1000);
}

static const struct clock hand_clock = { hand_wall, hand_elapsed, NULL };

static struct event_base *base;
static struct resolver resolver;
static struct spf_checker checker;
static struct settings *settings;
static struct candidates *candidates;
/* The answer of each question, in order. */
static char answers[2000];

static int
begin(void **state)
{
	(void)state;
	settings = make_candidate_settings("srs.", "192.0.2.1 192.0.2.2 2001:db8::1", "");
	base = event_base_new();
	memset(&resolver, 0, sizeof(resolver));
	resolver.zone = zone;
	checker.base = base;
	checker.resolver = &resolver;
	checker.inflight = spf_inflight_new();
	checker.clock = &hand_clock;
	hand_ms = 5000000;
	candidates = candidates_new(&checker);
	answers[0] = '\0';
	return 0;
}

static int
end(void **state)
{
	(void)state;
	candidates_free(&candidates);
	assert_null(candidates);
	candidates_free(&candidates);
	assert_int_equal(resolver.out, 0);
	assert_int_equal(spf_inflight_count(checker.inflight), 0);
	spf_inflight_free(&checker.inflight);
	event_base_free(base);
	settings_free(&settings);
	return 0;
}

#define CANDIDATES_TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

static void
describe_state(const struct candidate_state *state, char *text, size_t size)
{
	char ip[IPADDR_TEXT_SIZE], number[24];

	ipaddr_format(&state->address, ip);
	snprintf(number, sizeof(number), " %s", spf_result_name(state->result));
	snprintf(text, size, "%s%s%s%s%s%s", candidate_kind_name(state->kind),
	    state->kind == CANDIDATE_SPF ? number : "", ip[0] == '\0' ? "" : " ", ip,
	    state->host[0] == '\0' ? "" : " ", state->host);
}

/* note_answer - "NAME: STATE;" */
static void
note_answer(void *arg, const struct candidate_state *state)
{
	size_t n = strlen(answers);
	char text[HOSTNAME_MAX + 100];

	describe_state(state, text, sizeof(text));
	snprintf(answers + n, sizeof(answers) - n, "%s%s: %s;", n == 0 ? "" : " ",
	    (const char *)arg, text);
}

static struct candidate_question *
ask(const char *domain, const char *label)
{
	return candidates_ask(candidates, settings, domain, note_answer, (void *)(uintptr_t)label);
}

static void
check_answers(const char *want)
{
	assert_string_equal(answers, want);
	answers[0] = '\0';
}

static void
check_known(const char *domain, const char *want)
{
	const struct candidate_state *state = candidates_known(candidates, domain);
	char text[HOSTNAME_MAX + 100];

	if (state != NULL)
		describe_state(state, text, sizeof(text));
	unit_text(domain, "known", state == NULL ? NULL : text, want);
}

/* ask_all - and answer all queries */
static void
ask_all(const char *domain)
{
	ask(domain, "x");
	fake_resolver_run(&resolver, base);
}

static void
test_states(void **state)
{
	static const struct {
		const char *domain, *want;
	} rows[] = {
		{ "good.test", "usable" },
		{ "soft.test", "spf softfail 192.0.2.2" },
		{ "four.test", "spf fail 2001:db8::1" },
		{ "local.test", "spf-varies 192.0.2.1" },
		{ "late.test", "usable" },
		{ "second.test", "spf-varies 192.0.2.2" },
		{ "bare.test", "spf none 192.0.2.1" },
		{ "broken.test", "spf permerror 192.0.2.1" },
		{ "many.test", "spf permerror 192.0.2.1" },
		{ "else.test", "mx-elsewhere mx.else.test" },
		{ "both.test", "spf fail 192.0.2.1" },
		{ "alias.test", "usable" },
		{ "implicit.test", "usable" },
		{ "null.test", "null-mx" },
		{ "nowhere.test", "no-mx" },
		{ "sick.test", "unavailable" },
		{ "sick-mx.test", "unavailable" },
		{ "sick-else.test", "mx-elsewhere mx.else.test" },
		{ "fail-sick.test", "spf fail 192.0.2.1" },
		{ "nothing.test", "spf none 192.0.2.1" },
		{ "localhost", "spf none 192.0.2.1" },
		{ "a..b", "spf none 192.0.2.1" },
		{ "", "spf none 192.0.2.1" },
	};
	char text[100];
	size_t i;

	(void)state;
	/* The limits are those of other receivers. */
	settings->spf.lookup_limit = 40;
	for (i = 0; i < COUNT(rows); i++) {
		check_known(rows[i].domain, NULL);
		ask_all(rows[i].domain);
		snprintf(text, sizeof(text), "x: %s;", rows[i].want);
		unit_text(rows[i].domain, "answer", answers, text);
		answers[0] = '\0';
		check_known(rows[i].domain, rows[i].want);
	}
	unit_end();
}

/* Answers that are in the cache need no event. */
static void
test_cached_answers(void **state)
{
	(void)state;
	resolver.cached = true;
	assert_null(ask("good.test", "a"));
	check_answers("a: usable;");
	assert_null(ask("local.test", "b"));
	check_answers("b: spf-varies 192.0.2.1;");
	assert_int_equal(event_base_loop(base, EVLOOP_NONBLOCK), 1);
}

static void
test_names(void **state)
{
	char *longest = unit_fill('a', HOSTNAME_MAX + 1);

	(void)state;
	resolver.cached = true;
	ask("b\xc3\xbc"
	    "cher.test",
	    "a");
	check_answers("a: usable;");
	check_known("XN--BCHER-kva.test.", "usable");
	check_known("Good.TEST", NULL);
	ask("Good.TEST.", "b");
	check_answers("b: usable;");
	check_known("good.test", "usable");
	/* No name is cut to another one. */
	ask(longest, "c");
	check_answers("c: spf none 192.0.2.1;");
	check_known("", "spf none 192.0.2.1");
	free(longest);
	unit_end();
}

static void
test_addresses(void **state)
{
	(void)state;
	resolver.cached = true;
	set_words(settings, "outbound-addresses", "192.0.2.1");
	ask("soft.test", "one");
	check_answers("one: usable;");
	set_words(settings, "outbound-addresses", "");
	candidates_forget(candidates);
	ask("soft.test", "none");
	check_answers("none: no-addresses;");
	check_known("soft.test", "no-addresses");
	unit_end();
}

/* Several questions, one check. */
static void
test_two_questions(void **state)
{
	struct candidate_question *a = ask("good.test", "a"), *b = ask("GOOD.test", "b"),
				  *c = ask("soft.test", "c");
	unsigned asked = resolver.asked;

	(void)state;
	assert_non_null(a);
	assert_non_null(b);
	assert_non_null(c);
	assert_int_equal(resolver.out, 6); /* TXT and MX of both, and MX of srs-domain for each */
	fake_resolver_run(&resolver, base);
	check_answers("c: spf softfail 192.0.2.2; a: usable; b: usable;");
	assert_true(resolver.asked > asked);
	asked = resolver.asked;
	assert_null(ask("good.test", "again"));
	check_answers("again: usable;");
	assert_int_equal(resolver.asked, asked);
}

/* The check goes on without questions, and its result is kept. */
static void
test_cancel(void **state)
{
	struct candidate_question *a = ask("good.test", "a"), *b = ask("good.test", "b");

	(void)state;
	candidates_cancel(&a);
	assert_null(a);
	candidates_cancel(&a);
	fake_resolver_answer(&resolver);
	candidates_cancel(&b);
	assert_int_equal(resolver.cancelled, 0);
	check_known("good.test", NULL);
	/* A new question joins the check that runs. */
	b = ask("good.test", "c");
	candidates_cancel(&b);
	fake_resolver_run(&resolver, base);
	check_answers("");
	check_known("good.test", "usable");
	unit_end();
}

/* The answer to one question may ask, and cancel the others. */
static struct candidate_question *others[2];

static void
cancel_others(void *arg, const struct candidate_state *state)
{
	note_answer(arg, state);
	candidates_cancel(&others[0]);
	candidates_cancel(&others[1]);
	/* The same state is known, and another one is asked for. */
	assert_null(ask("good.test", "known"));
	others[0] = ask("soft.test", "next");
	assert_non_null(others[0]);
}

static void
test_cancel_from_an_answer(void **state)
{
	struct candidate_question *first = candidates_ask(
	    candidates, settings, "good.test", cancel_others, (void *)(uintptr_t) "first");

	(void)state;
	assert_non_null(first);
	others[0] = ask("good.test", "a");
	others[1] = ask("good.test", "b");
	fake_resolver_run(&resolver, base);
	check_answers("first: usable; known: usable; next: spf softfail 192.0.2.2;");
}

/* The memory of checks that run is freed. */
static void
test_freed_while_a_check_runs(void **state)
{
	struct candidate_question *a = ask("good.test", "a");

	(void)state;
	candidates_cancel(&a);
	assert_true(resolver.out > 0);
	candidates_free(&candidates);
	assert_int_equal(resolver.out, 0);
	candidates = candidates_new(&checker);
	ask("good.test", "b");
	candidates_free(&candidates);
	check_answers("");
}

static void
test_deadline(void **state)
{
	(void)state;
	settings->spf.lookup_time = 0;
	assert_non_null(ask("good.test", "a"));
	event_base_loop(base, EVLOOP_ONCE);
	check_answers("a: unavailable;");
	assert_int_equal(resolver.out, 0);
	/* Asked again after a minute, and not before. */
	settings->spf.lookup_time = 20;
	hand_ms += 59999;
	assert_null(ask("good.test", "b"));
	check_answers("b: unavailable;");
	hand_ms += 1;
	check_known("good.test", NULL);
	assert_non_null(ask("good.test", "c"));
	fake_resolver_run(&resolver, base);
	check_answers("c: usable;");
	unit_end();
}

/* A silent domain delays the first of its messages, and not all of them. */
static void
test_slow_check(void **state)
{
	struct candidate_question *a = ask("good.test", "a");

	(void)state;
	hand_ms += CANDIDATES_PATIENCE - 1;
	assert_non_null(ask("good.test", "b"));
	hand_ms += 1;
	assert_null(ask("good.test", "c"));
	check_answers("c: unavailable;");
	/* This is not the result of the check, which goes on. */
	check_known("good.test", NULL);
	candidates_cancel(&a);
	fake_resolver_run(&resolver, base);
	check_answers("b: usable;");
	assert_null(ask("good.test", "d"));
	check_answers("d: usable;");
	unit_end();
}

/* The time for which the answers of the resolver may be kept, in seconds from now. */
static unsigned ttl_of_txt, ttl_of_others;

static struct dns_answer *
make_kept_answer(struct resolver *r, const char *name, enum dns_type type)
{
	struct dns_answer *answer = fake_answer(r->zone, name, type);
	unsigned ttl = type == DNS_TXT ? ttl_of_txt : ttl_of_others;

	answer->expires = ttl == 0 ? 0 : hand_ms / 1000 + ttl;
	return answer;
}

static void
test_lifetime(void **state)
{
	static const struct {
		const char *domain;
		unsigned ttl_of_txt, ttl_of_others, want;
	} rows[] = {
		{ "good.test", 300, 400, 300 },
		{ "good.test", 500, 400, 400 },
		{ "good.test", 61, 61, 61 },
		{ "good.test", 59, 400, 60 },
		{ "good.test", 0, 400, 60 },
		{ "good.test", 86400, 3599, 3599 },
		{ "good.test", 86400, 86400, 3600 },
		{ "soft.test", 86400, 86400, 3600 },
		{ "else.test", 200, 86400, 200 },
		/* An error says nothing about the time for which it is one. */
		{ "sick.test", 600, 600, 60 },
		{ "sick-mx.test", 600, 600, 60 },
	};
	unsigned asked;
	size_t i;

	(void)state;
	resolver.known = make_kept_answer;
	for (i = 0; i < COUNT(rows); i++) {
		ttl_of_txt = rows[i].ttl_of_txt;
		ttl_of_others = rows[i].ttl_of_others;
		assert_null(ask(rows[i].domain, "x"));
		asked = resolver.asked;
		hand_ms += 1000 * (uint64_t)rows[i].want - 1;
		unit_true(rows[i].domain, unit_row("row %zu: known", i),
		    candidates_known(candidates, rows[i].domain) != NULL);
		hand_ms += 1;
		unit_true(rows[i].domain, unit_row("row %zu: expired", i),
		    candidates_known(candidates, rows[i].domain) == NULL);
		assert_int_equal(resolver.asked, asked);
	}
	unit_end();
}

/* A reload with other addresses: what was found for the old ones is worth nothing. */
static void
test_forget(void **state)
{
	struct settings *old = settings;
	struct candidate_question *before, *after;

	(void)state;
	resolver.cached = true;
	ask("good.test", "a");
	check_answers("a: usable;");
	resolver.cached = false;
	before = ask("soft.test", "before");
	settings = make_candidate_settings("srs.", "192.0.2.1", "");
	assert_true(candidates_differ(old, settings));
	candidates_forget(candidates);
	settings_free(&old);
	check_known("good.test", NULL);
	/* The check that runs has the old settings, and answers its own question. */
	after = ask("soft.test", "after");
	assert_non_null(before);
	assert_non_null(after);
	fake_resolver_run(&resolver, base);
	check_answers("after: usable; before: spf softfail 192.0.2.2;");
	/* Its result came last, and was not kept. */
	check_known("soft.test", "usable");
	unit_end();
}

static void
test_settings_that_differ(void **state)
{
	static const struct {
		const char *option, *value;
		bool want;
	} rows[] = {
		{ "srs-domain", "srs.own.test", false },
		{ "srs-domain", "other.test", true },
		{ "per-domain", "srs.", false },
		{ "per-domain", "same", true },
		{ "outbound-addresses", "192.0.2.1 192.0.2.2 2001:db8::1", false },
		{ "outbound-addresses", "192.0.2.1 192.0.2.2", true },
		{ "outbound-addresses", "192.0.2.1 192.0.2.2 2001:db8::2", true },
		{ "outbound-addresses", "", true },
		{ "inbound-hosts", "mx.own.test", true },
		{ "inbound-hosts", "", false },
		{ "domains", "x.test", false },
	};
	struct settings *other;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		other = make_candidate_settings("srs.", "192.0.2.1 192.0.2.2 2001:db8::1", "");
		set_words(other, rows[i].option, rows[i].value);
		unit_int(rows[i].option, rows[i].value, candidates_differ(settings, other),
		    rows[i].want);
		settings_free(&other);
	}
	unit_end();
}

/* Beyond the number of checks that may run, a candidate is unavailable, and not remembered. */
static void
test_too_many_checks(void **state)
{
	struct candidate_question *questions[CANDIDATES_CHECKS];
	char domain[40];
	size_t i;

	(void)state;
	for (i = 0; i < CANDIDATES_CHECKS; i++) {
		snprintf(domain, sizeof(domain), "n%zu.test", i);
		questions[i] = ask(domain, "n");
		assert_non_null(questions[i]);
	}
	assert_null(ask("good.test", "a"));
	check_answers("a: unavailable;");
	check_known("good.test", NULL);
	/* One that runs can be joined. */
	assert_non_null(ask("n7.test", "b"));
	for (i = 0; i < CANDIDATES_CHECKS; i++)
		candidates_cancel(&questions[i]);
	fake_resolver_run(&resolver, base);
	check_answers("b: spf none 192.0.2.1;");
	ask_all("good.test");
	check_answers("x: usable;");
	unit_end();
}

/* list_state - "NAME:KIND " */
static void
list_state(void *arg, const char *domain, const struct candidate_state *state)
{
	char *list = arg;
	size_t n = strlen(list);

	snprintf(list + n, 200 - n, "%s:%s ", domain, candidate_kind_name(state->kind));
}

static void
check_list(size_t max, const char *want)
{
	char list[200] = "";

	candidates_each(candidates, max, list_state, list);
	unit_text(unit_row("%zu", max), "list", list, want);
}

static void
test_each(void **state)
{
	size_t counts[CANDIDATE_KINDS];

	(void)state;
	resolver.known = make_kept_answer;
	ttl_of_txt = ttl_of_others = 600;
	check_list(10, "");
	ask("soft.test", "x");
	ask("good.test", "x");
	ask("alias.test", "x");
	ask("else.test", "x");
	check_list(10, "else.test:mx-elsewhere soft.test:spf alias.test:usable good.test:usable ");
	check_list(3, "else.test:mx-elsewhere soft.test:spf alias.test:usable ");
	check_list(0, "");
	candidates_count(candidates, counts);
	assert_int_equal(counts[CANDIDATE_USABLE], 2);
	assert_int_equal(counts[CANDIDATE_SPF], 1);
	assert_int_equal(counts[CANDIDATE_MX_ELSEWHERE], 1);
	assert_int_equal(counts[CANDIDATE_UNAVAILABLE], 0);
	/* An expired state is shown until there is another one, or for a day. */
	hand_ms += 600 * 1000;
	check_known("soft.test", NULL);
	resolver.zone = "soft.test TXT v=spf1 +all\nsoft.test MX mx.own.test\n"
			"srs.own.test MX mx.own.test\n";
	ask("soft.test", "x");
	check_list(
	    10, "else.test:mx-elsewhere alias.test:usable good.test:usable soft.test:usable ");
	hand_ms += 86400 * 1000 - 600 * 1000;
	ask("good.test", "x");
	check_list(10, "good.test:spf soft.test:usable ");
	candidates_count(candidates, counts);
	assert_int_equal(counts[CANDIDATE_USABLE], 1);
	assert_int_equal(counts[CANDIDATE_SPF], 1);
	assert_int_equal(counts[CANDIDATE_MX_ELSEWHERE], 0);
	unit_end();
}

static void
note_time(void *arg, const struct candidate_state *state)
{
	*(time_t *)arg = state->checked;
}

static void
test_time_of_check(void **state)
{
	time_t checked = 0;

	(void)state;
	candidates_ask(candidates, settings, "good.test", note_time, &checked);
	hand_ms += 2000;
	fake_resolver_run(&resolver, base);
	assert_int_equal(checked, 1700000000 + 5000 + 2);
	hand_ms += 30000;
	assert_int_equal(candidates_known(candidates, "good.test")->checked, 1700000000 + 5000 + 2);
}

/* The table is bounded. */
static void
test_bounded(void **state)
{
	size_t i, sum = 0, counts[CANDIDATE_KINDS];
	char domain[40];

	(void)state;
	set_words(settings, "outbound-addresses", "");
	for (i = 0; i < CANDIDATES_MAX + 10; i++) {
		snprintf(domain, sizeof(domain), "n%zu.test", i);
		assert_null(ask(domain, "n"));
	}
	candidates_count(candidates, counts);
	for (i = 0; i < CANDIDATE_KINDS; i++)
		sum += counts[i];
	assert_true(sum <= CANDIDATES_MAX);
	assert_true(sum > CANDIDATES_MAX / 2);
	check_known(domain, "no-addresses");
	unit_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CANDIDATES_TEST(test_states),
		CANDIDATES_TEST(test_cached_answers),
		CANDIDATES_TEST(test_names),
		CANDIDATES_TEST(test_addresses),
		CANDIDATES_TEST(test_two_questions),
		CANDIDATES_TEST(test_cancel),
		CANDIDATES_TEST(test_cancel_from_an_answer),
		CANDIDATES_TEST(test_freed_while_a_check_runs),
		CANDIDATES_TEST(test_deadline),
		CANDIDATES_TEST(test_slow_check),
		CANDIDATES_TEST(test_lifetime),
		CANDIDATES_TEST(test_forget),
		CANDIDATES_TEST(test_settings_that_differ),
		CANDIDATES_TEST(test_too_many_checks),
		CANDIDATES_TEST(test_each),
		CANDIDATES_TEST(test_time_of_check),
		CANDIDATES_TEST(test_bounded),
	};

	return cmocka_run_group_tests_name("candidates", tests, NULL, NULL);
}
