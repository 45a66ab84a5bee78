/* SPDX-License-Identifier: ISC */
/*
 * fake_engines - the verdicts of both engines on one request, from the same answers.
 */
#ifndef TESTS_UNIT_FAKE_ENGINES_H
#define TESTS_UNIT_FAKE_ENGINES_H

#include "tests/unit/fake_dns.h"

#include "spf/spf_evaluator.h"
#include "spf/spf_libspf2.h"

struct fake_engines {
	const struct spf_request *req;
	struct spf_verdict native, libspf2;
};

static inline bool
fake_engines_pass(void *arg, struct spf_answers *answers)
{
	struct fake_engines *e = arg;

	return spf_eval(e->req, answers, &e->native) &&
	       spf_libspf2_eval(e->req, answers, &e->libspf2);
}

static inline bool
fake_libspf2_pass(void *arg, struct spf_answers *answers)
{
	struct fake_engines *e = arg;

	return spf_libspf2_eval(e->req, answers, &e->libspf2);
}

static inline void
fake_engines_run(struct fake_dns *dns, struct fake_engines *e)
{
	struct spf_answers *answers = fake_drive(dns, fake_engines_pass, e);

	spf_answers_free(&answers);
}

/* fake_libspf2_run - libspf2 alone, which sends queries itself */
static inline void
fake_libspf2_run(struct fake_dns *dns, struct fake_engines *e)
{
	struct spf_answers *answers = fake_drive(dns, fake_libspf2_pass, e);

	spf_answers_free(&answers);
}

/* fake_engines_check - both verdicts, and that they do not depend on the order of the answers */
static inline void
fake_engines_check(const char *zone, const char *name, const struct spf_request *req,
    enum spf_result native, enum spf_result libspf2)
{
	char row[300];
	struct fake_dns dns = { .zone = zone, .seed = 7208 };
	struct fake_engines e = { .req = req };
	unsigned i;

	snprintf(row, sizeof(row), "%s", name);
	for (i = 0; i < 8; i++) {
		dns.order = i < FAKE_MIXED ? (enum fake_order)i : FAKE_MIXED;
		fake_engines_run(&dns, &e);
		unit_text(row, unit_row("native, order %u", i), spf_result_name(e.native.result),
		    spf_result_name(native));
		unit_text(row, unit_row("libspf2, order %u", i), spf_result_name(e.libspf2.result),
		    spf_result_name(libspf2));
		unit_true(row, "says why it is an error",
		    (e.libspf2.problem[0] != '\0') ==
			(libspf2 == SPF_TEMPERROR || libspf2 == SPF_PERMERROR));
	}
	fake_libspf2_run(&dns, &e);
	unit_text(
	    row, "libspf2 alone", spf_result_name(e.libspf2.result), spf_result_name(libspf2));
	unit_true(row, "one question after the other", dns.together <= 1);
}

#endif
