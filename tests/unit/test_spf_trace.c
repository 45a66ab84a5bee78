/* SPDX-License-Identifier: ISC */
#include "tests/unit/fake_dns.h"

#include "spf/spf_trace.h"

/* Without a trace, nothing is recorded. */
static void
test_no_trace(void **state)
{
	struct spf_trace *none = NULL;
	struct spf_cost cost = { 1, 1 };

	(void)state;
	spf_trace_begin(NULL);
	assert_int_equal(spf_trace_step(NULL, 0, "x.test", fake_text("a")), SPF_TRACE_STEPS);
	spf_trace_outcome(NULL, 0, "match");
	spf_trace_outcome(NULL, SPF_TRACE_STEPS, "match");
	spf_trace_cost(NULL, 0, cost, cost);
	spf_trace_problem(NULL, "bad");
	spf_trace_decide(NULL, 0);
	spf_trace_asked(NULL, NULL);
	spf_trace_free(&none);
	assert_null(none);
}

static void
test_steps(void **state)
{
	struct spf_trace *trace = spf_trace_new();
	struct spf_answers *answers = spf_answers_new();
	const struct spf_answer *answer = spf_answers_get(answers, "x.test", DNS_TXT);
	const struct spf_cost before = { 2, 0 }, after = { 5, 1 };
	size_t first, second;

	(void)state;
	assert_int_equal(trace->n, 0);
	spf_trace_asked(trace, answer); /* not part of a step */
	spf_trace_problem(trace, "of no step");
	first = spf_trace_step(trace, 0, "x.test", fake_text(""));
	spf_trace_asked(trace, answer);
	spf_trace_asked(trace, answer); /* once in each step */
	second = spf_trace_step(trace, 1, "y.test", fake_text("-all"));
	assert_int_equal(first, 0);
	assert_int_equal(second, 1);
	assert_int_equal(trace->n, 2);
	assert_int_equal(trace->step[0].n, 1);
	assert_ptr_equal(trace->step[0].asked[0], answer);
	assert_int_equal(trace->step[1].n, 0);
	assert_int_equal(trace->step[0].depth, 0);
	assert_int_equal(trace->step[1].depth, 1);
	assert_string_equal(trace->step[0].domain, "x.test");
	assert_string_equal(trace->step[1].domain, "y.test");
	assert_string_equal(trace->step[0].term, "");
	assert_string_equal(trace->step[1].term, "-all");
	assert_string_equal(trace->step[0].outcome, "waiting");
	spf_trace_outcome(trace, first, "found");
	spf_trace_outcome(trace, 2, "not there");
	spf_trace_cost(trace, 2, before, after);
	spf_trace_cost(trace, first, before, after);
	spf_trace_decide(trace, 2);
	spf_trace_decide(trace, first);
	spf_trace_problem(trace, "bad");
	assert_int_equal(trace->step[0].cost.lookups, 3);
	assert_int_equal(trace->step[0].cost.voids, 1);
	assert_int_equal(trace->step[0].total.lookups, 5);
	assert_int_equal(trace->step[0].total.voids, 1);
	assert_true(trace->step[0].decides);
	assert_false(trace->step[1].decides);
	assert_string_equal(trace->step[0].problem, "");
	assert_string_equal(trace->step[1].problem, "bad");
	assert_string_equal(trace->step[0].outcome, "found");
	assert_string_equal(trace->step[1].outcome, "waiting");
	/* A later pass starts again. */
	spf_trace_begin(trace);
	assert_int_equal(trace->n, 0);
	assert_int_equal(spf_trace_step(trace, 0, "z.test", fake_text("a")), 0);
	assert_int_equal(trace->step[0].n, 0);
	assert_string_equal(trace->step[0].outcome, "waiting");
	assert_false(trace->step[0].decides);
	spf_trace_free(&trace);
	assert_null(trace);
	spf_trace_free(&trace);
	spf_answers_free(&answers);
}

static void
test_untrusted_text(void **state)
{
	struct spf_trace *trace = spf_trace_new();
	char *name = unit_fill('d', 1000), *term = unit_fill('t', 1000);
	static const struct text odd = { BYTES("a:x\0y\n\377\033[m") };
	const char *s;

	(void)state;
	spf_trace_step(trace, 0, name, fake_text(term));
	assert_int_equal(strlen(trace->step[0].domain), HOSTNAME_MAX);
	assert_int_equal(strlen(trace->step[0].term), SPF_MECHANISM_SIZE - 1);
	spf_trace_step(trace, 0, "x.test", odd);
	for (s = trace->step[1].term; *s != '\0'; s++)
		assert_in_range(*s, '!', '~');
	assert_int_equal(strlen(trace->step[1].term), odd.len);
	spf_trace_free(&trace);
	free(name);
	free(term);
}

/* The rest goes unnoted. */
static void
test_bounds(void **state)
{
	struct spf_trace *trace = spf_trace_new();
	struct spf_answers *answers = spf_answers_new();
	const struct spf_answer *answer[SPF_TRACE_ASKED + 5];
	size_t i, step;

	(void)state;
	for (i = 0; i < SPF_TRACE_STEPS + 5; i++) {
		step = spf_trace_step(trace, (unsigned)i, "x.test", fake_text("a"));
		unit_int(unit_row("step %zu", i), "number", (long long)step,
		    (long long)(i < SPF_TRACE_STEPS ? i : SPF_TRACE_STEPS));
		spf_trace_outcome(trace, step, "match");
	}
	unit_int("all", "steps", (long long)trace->n, SPF_TRACE_STEPS);
	for (i = 0; i < SPF_TRACE_STEPS; i++) {
		unit_int(unit_row("step %zu", i), "depth", trace->step[i].depth, (long long)i);
		unit_text(unit_row("step %zu", i), "outcome", trace->step[i].outcome, "match");
	}
	for (i = 0; i < COUNT(answer); i++) {
		answer[i] = spf_answers_get(answers, unit_row("n%zu.test", i), DNS_A);
		spf_trace_asked(trace, answer[i]);
	}
	unit_int("last", "answers", (long long)trace->step[SPF_TRACE_STEPS - 1].n, SPF_TRACE_ASKED);
	for (i = 0; i < SPF_TRACE_ASKED; i++)
		unit_true("last", "answer", trace->step[SPF_TRACE_STEPS - 1].asked[i] == answer[i]);
	spf_answers_free(&answers);
	spf_trace_free(&trace);
	unit_end();
}

/* describe_cost - " 1..2 void 1": the numbers of its lookups and of its voids, unless it has none */
static size_t
describe_cost(const struct spf_step *step, char *buf, size_t size)
{
	size_t n = 0;

	buf[0] = '\0';
	if (step->cost.lookups > 0)
		n += (size_t)snprintf(buf + n, size - n, " %u..%u",
		    step->total.lookups - step->cost.lookups + 1, step->total.lookups);
	if (step->cost.voids > 0)
		n += (size_t)snprintf(buf + n, size - n, " void %u..%u",
		    step->total.voids - step->cost.voids + 1, step->total.voids);
	return n;
}

/*
 * describe - "0 x.test: found [TXT x.test]\n0 x.test a: match 1..1 [A x.test] <", ...
 *
 * '<' marks the step that decides, and a problem follows '!'.
 */
static const char *
describe(const struct spf_trace *trace, char *buf, size_t size)
{
	size_t i, k, n = 0;

	buf[0] = '\0';
	for (i = 0; i < trace->n; i++) {
		const struct spf_step *step = &trace->step[i];

		n += (size_t)snprintf(buf + n, size - n, "%s%u %s%s%s: %s", i == 0 ? "" : "\n",
		    step->depth, step->domain, step->term[0] == '\0' ? "" : " ", step->term,
		    step->outcome);
		n += describe_cost(step, buf + n, size - n);
		for (k = 0; k < step->n; k++)
			n += (size_t)snprintf(buf + n, size - n, " [%s %s%s]",
			    dns_type_name(step->asked[k]->type), step->asked[k]->name,
			    step->asked[k]->reply == NULL ? "?" : "");
		n += (size_t)snprintf(buf + n, size - n, "%s%s%s", step->decides ? " <" : "",
		    step->problem[0] != '\0' ? " ! " : "", step->problem);
	}
	return buf;
}

static const char zone[] =
    "own.test TXT v=spf1 ip4:198.51.100.1 a mx ~include:inc.test redirect=red.test\n"
    "own.test A 192.0.2.9\n"
    "own.test MX mx1.own.test\n"
    "own.test MX mx2.own.test\n"
    "mx2.own.test A 192.0.2.8\n"
    "inc.test TXT v=spf1 ptr:own.test exists:%{l}.own.test ?all\n"
    "1.2.0.192.in-addr.arpa PTR host.own.test\n"
    "red.test TXT v=spf1 ip4:192.0.2.1 -all\n"
    "sick.test TXT v=spf1 a:sick-a.test -all\n"
    "sick-a.test A !\n"
    "bad.test TXT v=spf1 moo\n"
    "incs.test TXT v=spf1 include:gone.test -all\n"
    "dead.test TXT !\n"
    "voids.test TXT v=spf1 include:void.test a:none3.test -all\n"
    "void.test TXT v=spf1 a:none1.test mx:none2.test -all\n"
    "many.test TXT v=spf1 include:few.test a:none1.test a a a a a a a a -all\n"
    "many.test A 198.51.100.1\n"
    "few.test TXT v=spf1 a:many.test ?all\n"
    "two.test TXT v=spf1 -all\n"
    "two.test TXT v=spf1 ~all\n"
    "neutral.test TXT v=spf1 a:many.test\n"
    "mail.test TXT v=spf1 mx -all\n"
    "mail.test MX sick-a.test\n"
    "mail.test MX mx.mail.test\n"
    "mx.mail.test A 192.0.2.1\n"
    "why.test TXT v=spf1 -all exp=%{l}.exp.test\n"
    "one.exp.test TXT for %{l}\n"
    "two.exp.test TXT a\n"
    "two.exp.test TXT b\n"
    "odd.exp.test TXT %{\n"
    "dns.exp.test TXT !\n";

/* The orders in which answers come: each of them once, and several mixed ones. */
#define ORDERS 8

static void
check_trace_of(const char *sender, bool explain, unsigned orders, const char *want)
{
	struct fake_dns dns = { .zone = zone, .seed = 11 };
	struct spf_request req = fake_request(sender, "192.0.2.1");
	struct spf_verdict verdict;
	struct fake_eval eval = { &req, &verdict };
	struct spf_answers *answers;
	char got[3000];
	unsigned i;

	req.trace = spf_trace_new();
	req.explain = explain;
	for (i = 0; i < orders; i++) {
		dns.order = i < FAKE_MIXED ? (enum fake_order)i : FAKE_MIXED;
		answers = fake_drive(&dns, fake_eval_pass, &eval);
		unit_text(sender, unit_row("trace, order %u", i),
		    describe(req.trace, got, sizeof(got)), want);
		spf_answers_free(&answers);
	}
	spf_trace_free(&req.trace);
}

static void
check_trace(const char *sender, const char *want)
{
	check_trace_of(sender, false, ORDERS, want);
}

static void
check_explained_trace(const char *sender, const char *want)
{
	check_trace_of(sender, true, ORDERS, want);
}

/* How evaluations go, as the last pass has it: in the order of the terms, not of the answers. */
static void
test_of_an_evaluation(void **state)
{
	(void)state;
	check_trace("jane@own.test",
	    "0 own.test: found [TXT own.test]\n"
	    "0 own.test ip4:198.51.100.1: no match\n"
	    "0 own.test a: no match 1..1 [A own.test]\n"
	    "0 own.test mx: no match 2..2 [MX own.test] [A mx1.own.test] [A mx2.own.test]\n"
	    "0 own.test ~include:inc.test: no match 3..5 void 1..1\n"
	    "1 inc.test: found [TXT inc.test]\n"
	    "1 inc.test ptr:own.test: no match 4..4"
	    " [PTR 1.2.0.192.in-addr.arpa] [A host.own.test]\n"
	    "1 inc.test exists:%{l}.own.test: no match 5..5 void 1..1 [A jane.own.test]\n"
	    "1 inc.test ?all: match\n"
	    "0 own.test redirect=red.test: followed 6..6\n"
	    "0 red.test: found [TXT red.test]\n"
	    "0 red.test ip4:192.0.2.1: match <");
	check_trace("a@sick.test",
	    "0 sick.test: found [TXT sick.test]\n"
	    "0 sick.test a:sick-a.test: temperror 1..1 [A sick-a.test] < ! SERVFAIL");
	check_trace("a@bad.test", "0 bad.test: found [TXT bad.test]\n"
				  "0 bad.test moo: permerror < ! unknown mechanism");
	check_trace("a@two.test", "0 two.test: found [TXT two.test] < ! more than one SPF record");
	check_trace("a@incs.test",
	    "0 incs.test: found [TXT incs.test]\n"
	    "0 incs.test include:gone.test: permerror 1..1 <\n"
	    "1 gone.test: void [TXT gone.test] ! include of a domain without a record");
	check_trace("a@dead.test", "0 dead.test: error [TXT dead.test] < ! SERVFAIL");
	check_trace("a@gone.test", "0 gone.test: void [TXT gone.test] <");
	check_trace("a@neutral.test", "0 neutral.test: found [TXT neutral.test]\n"
				      "0 neutral.test a:many.test: no match 1..1 [A many.test]");
	check_trace("a@localhost", "");
	unit_end();
}

/* A host of an MX that matches decides, and so the error of another is no problem. */
static void
test_of_a_match_after_an_error(void **state)
{
	(void)state;
	/* In other orders the evaluation does not wait for that error. */
	check_trace_of("a@mail.test", false, 1,
	    "0 mail.test: found [TXT mail.test]\n"
	    "0 mail.test mx: match 1..1 [MX mail.test] [A sick-a.test]"
	    " [A mx.mail.test] <");
	unit_end();
}

/* The limits of lookups and voids, and the terms that reach them. */
static void
test_of_the_limits(void **state)
{
	(void)state;
	check_trace("a@voids.test",
	    "0 voids.test: found [TXT voids.test]\n"
	    "0 voids.test include:void.test: no match 1..3 void 1..2\n"
	    "1 void.test: found [TXT void.test]\n"
	    "1 void.test a:none1.test: no match 2..2 void 1..1 [A none1.test]\n"
	    "1 void.test mx:none2.test: no match 3..3 void 2..2 [MX none2.test]\n"
	    "1 void.test -all: match\n"
	    "0 voids.test a:none3.test: permerror 4..4 void 3..3 [A none3.test]"
	    " < ! too many DNS lookups that found nothing");
	check_trace("a@many.test", "0 many.test: found [TXT many.test]\n"
				   "0 many.test include:few.test: no match 1..2\n"
				   "1 few.test: found [TXT few.test]\n"
				   "1 few.test a:many.test: no match 2..2 [A many.test]\n"
				   "1 few.test ?all: match\n"
				   "0 many.test a:none1.test: no match 3..3 void 1..1"
				   " [A none1.test]\n"
				   "0 many.test a: no match 4..4 [A many.test]\n"
				   "0 many.test a: no match 5..5 [A many.test]\n"
				   "0 many.test a: no match 6..6 [A many.test]\n"
				   "0 many.test a: no match 7..7 [A many.test]\n"
				   "0 many.test a: no match 8..8 [A many.test]\n"
				   "0 many.test a: no match 9..9 [A many.test]\n"
				   "0 many.test a: no match 10..10 [A many.test]\n"
				   "0 many.test a: permerror 11..11 < ! too many DNS lookups");
	unit_end();
}

/* An explanation is a step of its own, after the one that decides. */
static void
test_of_an_explanation(void **state)
{
	static const struct {
		const char *sender, *rest;
	} rows[] = {
		{ "one@why.test", "found [TXT one.exp.test]" },
		{ "two@why.test", "found [TXT two.exp.test] ! more than one TXT record" },
		{ "odd@why.test", "found [TXT odd.exp.test] ! bad macro" },
		{ "dns@why.test", "error [TXT dns.exp.test]" },
		{ "none@why.test", "void [TXT none.exp.test]" }, { "a..b@why.test", "no name" },
		{ "jos\xc3\xa9@why.test", "no name" }, /* RFC 8616, section 4 */
	};
	char want[300];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		snprintf(want, sizeof(want),
		    "0 why.test: found [TXT why.test]\n"
		    "0 why.test -all: match <\n"
		    "0 why.test exp=%%{l}.exp.test: %s",
		    rows[i].rest);
		check_explained_trace(rows[i].sender, want);
	}
	unit_end();
}

/* While answers are missing, it shows how far the evaluation has come. */
static void
test_while_waiting(void **state)
{
	struct spf_request req = fake_request("jane@own.test", "192.0.2.1");
	struct spf_answers *answers = spf_answers_new();
	struct spf_answer *txt;
	struct spf_verdict verdict;
	char got[2000];

	(void)state;
	req.trace = spf_trace_new();
	assert_false(spf_eval(&req, answers, &verdict));
	assert_string_equal(
	    describe(req.trace, got, sizeof(got)), "0 own.test: waiting [TXT own.test?]");
	txt = spf_answers_wanted(answers);
	spf_answers_set(answers, txt, fake_answer(zone, txt->name, txt->type));
	assert_false(spf_eval(&req, answers, &verdict));
	assert_string_equal(describe(req.trace, got, sizeof(got)),
	    "0 own.test: found [TXT own.test]\n"
	    "0 own.test ip4:198.51.100.1: no match\n"
	    "0 own.test a: waiting 1..1 [A own.test?]\n"
	    "0 own.test mx: waiting 2..2 [MX own.test?]\n"
	    "0 own.test ~include:inc.test: waiting 3..3\n"
	    "1 inc.test: waiting [TXT inc.test?]\n"
	    "0 own.test redirect=red.test: followed 4..4\n"
	    "0 red.test: waiting [TXT red.test?]");
	spf_trace_free(&req.trace);
	spf_answers_free(&answers);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_trace),
		cmocka_unit_test(test_steps),
		cmocka_unit_test(test_untrusted_text),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_of_an_evaluation),
		cmocka_unit_test(test_of_a_match_after_an_error),
		cmocka_unit_test(test_of_the_limits),
		cmocka_unit_test(test_of_an_explanation),
		cmocka_unit_test(test_while_waiting),
	};

	return cmocka_run_group_tests_name("spf_trace", tests, NULL, NULL);
}
