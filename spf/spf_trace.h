/* SPDX-License-Identifier: ISC */
/*
 * spf_trace - the course of an evaluation, for `srsctl spf`: the terms in the order of evaluation,
 * the outcome and the cost of each, and the DNS answers that it used. Policy requests have no
 * trace. Pure.
 *
 * A trace refers to the answers in the table of the evaluation, which outlives it.
 */
#ifndef SPF_SPF_TRACE_H
#define SPF_SPF_TRACE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/hostname.h"
#include "spf/spf_answers.h"
#include "spf/spf_verdict.h"

/* The largest numbers of steps, and of answers in one step; further ones are not recorded. */
#define SPF_TRACE_STEPS 2000
#define SPF_TRACE_ASKED 32

/* A part of what the limits of RFC 7208, 4.6.4 allow. */
struct spf_cost {
	unsigned lookups; /* terms that query the DNS */
	unsigned voids;   /* those of them that found nothing */
};

struct spf_step {
	unsigned depth; /* 0: the domain's own record, 1: one that it includes, ... */
	char domain[HOSTNAME_MAX + 1];
	char term[SPF_MECHANISM_SIZE]; /* printable; "": the lookup of the record itself */
	const char *outcome;           /* static; "waiting" if an answer was missing */
	const char *problem;   /* static: the reason of an error that was found here; or "" */
	bool decides;          /* the result of the evaluation is that of this step */
	struct spf_cost cost;  /* of a term, with those of the records that it leads to */
	struct spf_cost total; /* of the evaluation, when the term was done */
	size_t n;
	const struct spf_answer *asked[SPF_TRACE_ASKED];
};

struct spf_trace {
	size_t n;
	struct spf_step *step;
};

struct spf_trace *spf_trace_new(void);

/* Sets the pointer to NULL; it may be NULL. */
void spf_trace_free(struct spf_trace **trace);

/* The following functions do nothing if the trace is NULL. */

/* Discards all steps, because the next pass has more answers. */
void spf_trace_begin(struct spf_trace *trace);

/* Records a step, with the outcome "waiting". Returns its number, for spf_trace_outcome. */
size_t spf_trace_step(
    struct spf_trace *trace, unsigned depth, const char *domain, struct text term);

/* Sets the outcome of a step, a static text. */
void spf_trace_outcome(struct spf_trace *trace, size_t step, const char *outcome);

/*
 * Records the cost of a step: the difference of two totals, which the evaluation has before and
 * after it.
 */
void spf_trace_cost(
    struct spf_trace *trace, size_t step, struct spf_cost before, struct spf_cost after);

/* Sets the problem of the latest step, a static text; "" removes it. */
void spf_trace_problem(struct spf_trace *trace, const char *problem);

/* Records that the result of the evaluation is that of a step. */
void spf_trace_decide(struct spf_trace *trace, size_t step);

/* Records that the latest step uses an answer, which may still be missing. */
void spf_trace_asked(struct spf_trace *trace, const struct spf_answer *answer);

#endif
