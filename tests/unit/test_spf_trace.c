/* SPDX-License-Identifier: ISC */
#include "tests/unit/fake_dns.h"

#include "spf/spf_trace.h"

/* Without a trace, nothing is recorded. */
static void
test_no_trace(void **state)
{
	struct spf_trace *none = NULL;

	(void)state;
	spf_trace_begin(NULL);
	assert_int_equal(spf_trace_step(NULL, 0, "x.test", fake_text("a")), SPF_TRACE_STEPS);
	spf_trace_outcome(NULL, 0, "match");
	spf_trace_outcome(NULL, SPF_TRACE_STEPS, "match");
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
	size_t first, second;

	(void)state;
	assert_int_equal(trace->n, 0);
	spf_trace_asked(trace, answer); /* not part of a step */
	first = spf_trace_step(trace, 0, "x.test", fake_text(""));
	spf_trace_asked(trace, answer);
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
	assert_string_equal(trace->step[0].outcome, "found");
	assert_string_equal(trace->step[1].outcome, "waiting");
	/* A later pass starts again. */
	spf_trace_begin(trace);
	assert_int_equal(trace->n, 0);
	assert_int_equal(spf_trace_step(trace, 0, "z.test", fake_text("a")), 0);
	assert_int_equal(trace->step[0].n, 0);
	assert_string_equal(trace->step[0].outcome, "waiting");
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

/* describe - "0 x.test: found [TXT x.test], 0 x.test a: match [A x.test], ..." */
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
		for (k = 0; k < step->n; k++)
			n += (size_t)snprintf(buf + n, size - n, " [%s %s%s]",
			    dns_type_name(step->asked[k]->type), step->asked[k]->name,
			    step->asked[k]->reply == NULL ? "?" : "");
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
    "dead.test TXT !\n";

static void
check_trace(const char *sender, const char *want)
{
	struct fake_dns dns = { .zone = zone, .seed = 11 };
	struct spf_request req = fake_request(sender, "192.0.2.1");
	struct spf_verdict verdict;
	struct fake_eval eval = { &req, &verdict };
	struct spf_answers *answers;
	char got[3000];
	unsigned i;

	req.trace = spf_trace_new();
	for (i = 0; i < 8; i++) {
		dns.order = i < FAKE_MIXED ? (enum fake_order)i : FAKE_MIXED;
		answers = fake_drive(&dns, fake_eval_pass, &eval);
		unit_text(sender, unit_row("trace, order %u", i),
		    describe(req.trace, got, sizeof(got)), want);
		spf_answers_free(&answers);
	}
	spf_trace_free(&req.trace);
}

/* How evaluations go, as the last pass has it: in the order of the terms, not of the answers. */
static void
test_of_an_evaluation(void **state)
{
	(void)state;
	check_trace("jane@own.test",
	    "0 own.test: found [TXT own.test]\n"
	    "0 own.test ip4:198.51.100.1: no match\n"
	    "0 own.test a: no match [A own.test]\n"
	    "0 own.test mx: no match [MX own.test] [A mx1.own.test] [A mx2.own.test]\n"
	    "0 own.test ~include:inc.test: no match\n"
	    "1 inc.test: found [TXT inc.test]\n"
	    "1 inc.test ptr:own.test: no match [PTR 1.2.0.192.in-addr.arpa] [A host.own.test]\n"
	    "1 inc.test exists:%{l}.own.test: no match [A jane.own.test]\n"
	    "1 inc.test ?all: match\n"
	    "0 own.test redirect=red.test: followed\n"
	    "0 red.test: found [TXT red.test]\n"
	    "0 red.test ip4:192.0.2.1: match");
	check_trace("a@sick.test", "0 sick.test: found [TXT sick.test]\n"
				   "0 sick.test a:sick-a.test: temperror [A sick-a.test]");
	check_trace("a@bad.test", "0 bad.test: found [TXT bad.test]");
	check_trace("a@incs.test", "0 incs.test: found [TXT incs.test]\n"
				   "0 incs.test include:gone.test: permerror\n"
				   "1 gone.test: void [TXT gone.test]");
	check_trace("a@dead.test", "0 dead.test: error [TXT dead.test]");
	check_trace("a@gone.test", "0 gone.test: void [TXT gone.test]");
	check_trace("a@localhost", "");
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
	    "0 own.test a: waiting [A own.test?]\n"
	    "0 own.test mx: waiting [MX own.test?]\n"
	    "0 own.test ~include:inc.test: waiting\n"
	    "1 inc.test: waiting [TXT inc.test?]\n"
	    "0 own.test redirect=red.test: followed\n"
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
		cmocka_unit_test(test_while_waiting),
	};

	return cmocka_run_group_tests_name("spf_trace", tests, NULL, NULL);
}
