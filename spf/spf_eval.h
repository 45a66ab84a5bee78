/* SPDX-License-Identifier: ISC */
/*
 * spf_eval - check_host() of RFC 7208 as a pure function over DNS answers.
 *
 * spf_eval(request, answers) either reaches a verdict, or leaves the questions it lacks answers
 * for in the table, as wanted. The caller has them answered and calls again: the
 * evaluation starts anew from the first term, so that nothing is half-finished between two calls.
 * A pass costs microseconds, a real record a handful of passes.
 *
 * Once an answer is missing, the pass goes on as if that term had not matched, to find the other
 * questions that will most likely be needed: they go out together instead of one after the other.
 * What such a pass finds out is thrown away; verdict, counters and order are those of a strictly
 * sequential evaluation.
 */
#ifndef SPF_SPF_EVAL_H
#define SPF_SPF_EVAL_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "common/ipaddr.h"
#include "spf/spf_answers.h"
#include "spf/spf_macro.h"

enum spf_result {
	SPF_NONE,
	SPF_NEUTRAL,
	SPF_PASS,
	SPF_FAIL,
	SPF_SOFTFAIL,
	SPF_TEMPERROR,
	SPF_PERMERROR,
};

#define SPF_RESULTS 7

/* "none", "permerror", ... (RFC 8601, 2.7.2) */
const char *spf_result_name(enum spf_result);

struct spf_request {
	struct ipaddr ip;
	struct spf_text local;  /* of the sender; empty: postmaster (4.3) */
	struct spf_text domain; /* of the sender, or the HELO name; A-labels */
	struct spf_text helo;
	const char *receiver; /* our name, for %{r} */
	time_t now;           /* for %{t} */
	unsigned lookup_limit;
	unsigned void_limit;
	bool explain; /* fetch the explanation of a fail */
};

#define SPF_MECHANISM_SIZE 128

struct spf_verdict {
	enum spf_result result;
	/* The term that decided, printable and cut: "-all", "include:x.org"; "default" when none
	 * matched; "" without a record. */
	char mechanism[SPF_MECHANISM_SIZE];
	const char *problem; /* of temperror and permerror, static; else "" */
	unsigned lookups;    /* terms that caused lookups */
	unsigned voids;
	bool no_mail; /* the record of the domain is just "v=spf1 -all" */
	char explanation[SPF_EXPLANATION_MAX + 1]; /* printable ASCII, or "" */
};

/* The verdicts on one message. */
struct spf_verdicts {
	bool has_helo, has_mailfrom; /* which ones were asked for */
	struct spf_verdict helo, mailfrom;
};

/* True with a verdict; false when answers are wanted. */
bool spf_eval(const struct spf_request *, struct spf_answers *, struct spf_verdict *);

#endif
