/* SPDX-License-Identifier: ISC */
#include "tests/unit/unit.h"

#include "spf/dns/dns_outage.h"

/* Seconds. */
#define S *(uint64_t)1000

enum kind { ANSWER, ERROR, SILENCE };

/* A query that was sent and ended at these times, and the change of the outage. */
struct step {
	enum kind kind;
	uint32_t domain;
	uint64_t sent, now;
	enum dns_outage_change change;
};

/* The cases; each begins with a query that is answered after one second. */
static const struct {
	const char *name;
	struct step step[12];
} rows[] = {
	{ "three domains in twenty seconds",
	    { { SILENCE, 1, 10 S, 14 S, 0 }, { SILENCE, 2, 11 S, 15 S, 0 },
		{ SILENCE, 3, 12 S, 29 S, 0 }, { SILENCE, 3, 12 S, 30 S, DNS_OUTAGE_BEGINS },
		{ SILENCE, 4, 12 S, 31 S, 0 }, { ANSWER, 5, 250 S, 250 S, DNS_OUTAGE_ENDS },
		{ ANSWER, 5, 251 S, 251 S, 0 } } },
	{ "one slow domain, and others that are answered",
	    { { SILENCE, 1, 10 S, 30 S, 0 }, { ANSWER, 2, 31 S, 31 S, 0 },
		{ SILENCE, 1, 31 S, 51 S, 0 }, { SILENCE, 1, 51 S, 71 S, 0 },
		{ ANSWER, 2, 72 S, 72 S, 0 }, { SILENCE, 1, 65 S, 125 S, 0 },
		{ SILENCE, 1, 72 S, 131 S, 0 } } },
	{ "one slow domain, now and then, and nothing else",
	    { { SILENCE, 1, 10 S, 30 S, 0 }, { SILENCE, 1, 300 S, 320 S, 0 },
		{ SILENCE, 1, 600 S, 620 S, 0 } } },
	{ "one domain, all the time, and nothing else",
	    { { SILENCE, 1, 10 S, 30 S, 0 }, { SILENCE, 1, 35 S, 55 S, 0 },
		{ SILENCE, 1, 60 S, 70 S, DNS_OUTAGE_BEGINS } } },
	{ "one broken domain, all the time, and nothing else",
	    { { ERROR, 1, 10 S, 10 S, 0 }, { SILENCE, 1, 35 S, 55 S, 0 },
		{ ERROR, 1, 70 S, 70 S, 0 }, { ERROR, 1, 90 S, 90 S, 0 } } },
	{ "errors for all domains",
	    { { ERROR, 1, 10 S, 10 S, 0 }, { ERROR, 2, 11 S, 11 S, 0 }, { ERROR, 3, 12 S, 12 S, 0 },
		{ ERROR, 4, 30 S, 30 S, DNS_OUTAGE_BEGINS }, { ERROR, 5, 31 S, 31 S, 0 },
		{ ANSWER, 5, 32 S, 32 S, DNS_OUTAGE_ENDS } } },
	{ "little mail: a domain every five minutes",
	    { { SILENCE, 1, 300 S, 320 S, 0 }, { SILENCE, 2, 600 S, 620 S, 0 },
		{ SILENCE, 3, 900 S, 904 S, DNS_OUTAGE_BEGINS } } },
	{ "queries from before the last answer",
	    { { SILENCE, 1, 10 S, 30 S, 0 }, { ANSWER, 2, 31 S, 31 S, 0 },
		{ SILENCE, 1, 12 S, 32 S, 0 }, { SILENCE, 2, 12 S, 32 S, 0 },
		{ SILENCE, 3, 12 S, 32 S, 0 }, { SILENCE, 3, 12 S, 50 S, 0 },
		{ SILENCE, 3, 12 S, 51 S, DNS_OUTAGE_BEGINS } } },
	{ "a second outage, soon after the first one",
	    { { SILENCE, 1, 10 S, 30 S, 0 }, { SILENCE, 2, 10 S, 30 S, 0 },
		{ SILENCE, 3, 10 S, 30 S, DNS_OUTAGE_BEGINS },
		{ ANSWER, 4, 40 S, 40 S, DNS_OUTAGE_ENDS }, { SILENCE, 1, 41 S, 61 S, 0 },
		{ SILENCE, 2, 41 S, 61 S, 0 }, { SILENCE, 3, 41 S, 100 S, 0 },
		{ SILENCE, 3, 41 S, 101 S, DNS_OUTAGE_BEGINS } } },
	{ "a second outage, later",
	    { { SILENCE, 1, 10 S, 30 S, 0 }, { SILENCE, 2, 10 S, 30 S, 0 },
		{ SILENCE, 3, 10 S, 30 S, DNS_OUTAGE_BEGINS },
		{ ANSWER, 4, 40 S, 40 S, DNS_OUTAGE_ENDS }, { SILENCE, 1, 641 S, 645 S, 0 },
		{ SILENCE, 2, 641 S, 645 S, 0 },
		{ SILENCE, 3, 641 S, 661 S, DNS_OUTAGE_BEGINS } } },
};

static enum dns_outage_change
note_step(struct dns_outage *outage, const struct step *step)
{
	switch (step->kind) {
	case ANSWER:
		return dns_outage_note_answer(outage, step->now);
	case ERROR:
		return dns_outage_note_error(outage, step->domain, step->sent, step->now);
	default:
		return dns_outage_note_silence(outage, step->domain, step->sent, step->now);
	}
}

static void
test_outages(void **state)
{
	struct dns_outage outage;
	const struct step *step;
	char what[40];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		memset(&outage, 0, sizeof(outage));
		unit_int(rows[i].name, "first answer", dns_outage_note_answer(&outage, 1 S),
		    DNS_OUTAGE_SAME);
		for (step = rows[i].step; step->now != 0; step++) {
			snprintf(what, sizeof(what), "change at step %d",
			    (int)(step - rows[i].step) + 1);
			unit_int(rows[i].name, what, note_step(&outage, step), step->change);
		}
	}
	unit_end();
}

/* For status: the start of an outage, the last reply, and whether there were errors. */
static void
test_facts(void **state)
{
	struct dns_outage outage = { .on = false };

	(void)state;
	dns_outage_note_silence(&outage, 1, 5 S, 9 S);
	dns_outage_note_silence(&outage, 2, 6 S, 10 S);
	assert_int_equal(outage.heard, 0);
	dns_outage_note_silence(&outage, 3, 21 S, 25 S);
	assert_true(outage.on);
	assert_false(outage.errors);
	assert_int_equal(outage.since, 5 S);
	dns_outage_note_error(&outage, 4, 26 S, 27 S);
	assert_true(outage.on);
	assert_true(outage.errors);
	assert_int_equal(outage.heard, 27 S);
	assert_int_equal(dns_outage_note_answer(&outage, 60 S), DNS_OUTAGE_ENDS);
	assert_false(outage.on);
	assert_int_equal(outage.since, 5 S); /* for the log */
	assert_int_equal(outage.heard, 60 S);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_outages),
		cmocka_unit_test(test_facts),
	};

	return cmocka_run_group_tests_name("dns_outage", tests, NULL, NULL);
}
