/* SPDX-License-Identifier: ISC */
/*
 * spf_trace - the course of an evaluation, for `srsctl spf`: the terms in the order of evaluation,
 * the outcome of each, and the DNS answers that it used. Policy requests have no trace. Pure.
 *
 * A trace refers to the answers in the table of the evaluation, which outlives it.
 */
#ifndef SPF_SPF_TRACE_H
#define SPF_SPF_TRACE_H

#include <stddef.h>

#include "common/hostname.h"
#include "spf/spf_answers.h"
#include "spf/spf_verdict.h"

/* The largest numbers of steps, and of answers in one step; further ones are not recorded. */
#define SPF_TRACE_STEPS 2000
#define SPF_TRACE_ASKED 32

struct spf_step {
	unsigned depth; /* 0: the domain's own record, 1: one that it includes, ... */
	char domain[HOSTNAME_MAX + 1];
	char term[SPF_MECHANISM_SIZE]; /* printable; "": the lookup of the record itself */
	const char *outcome;           /* static; "waiting" if an answer was missing */
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

/* Records that the latest step uses an answer, which may still be missing. */
void spf_trace_asked(struct spf_trace *trace, const struct spf_answer *answer);

#endif
