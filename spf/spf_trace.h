/* SPDX-License-Identifier: ISC */
/*
 * spf_trace - how an evaluation went: the terms in the order they were walked, what came of each,
 * and the DNS answers it used. For people who ask why; the daemon's own requests have none.
 *
 * The answers are those of the table that was evaluated with, which must live as long.
 */
#ifndef SPF_SPF_TRACE_H
#define SPF_SPF_TRACE_H

#include <stddef.h>

#include "common/hostname.h"
#include "spf/spf_answers.h"
#include "spf/spf_verdict.h"

/* What is noted of one evaluation, at most; the rest of it goes unnoted. */
#define SPF_TRACE_STEPS 2000
#define SPF_TRACE_ASKED 32

struct spf_step {
	unsigned depth; /* 0: the domain's own record, 1: one that it includes, ... */
	char domain[HOSTNAME_MAX + 1];
	char term[SPF_MECHANISM_SIZE]; /* printable; "": the record itself is fetched */
	const char *outcome;           /* static; "waiting" when an answer was missing */
	size_t n;
	const struct spf_answer *asked[SPF_TRACE_ASKED];
};

struct spf_trace {
	size_t n;
	struct spf_step *step;
};

struct spf_trace *spf_trace_new(void);
void spf_trace_free(struct spf_trace **);

/* In all of the following the trace may be NULL: then nothing is noted. */

/* Begins anew: a later pass knows more than this one. */
void spf_trace_begin(struct spf_trace *);

/* Notes a step and returns its number, for its outcome. */
size_t spf_trace_step(struct spf_trace *, unsigned depth, const char *domain, struct text term);
void spf_trace_outcome(struct spf_trace *, size_t step, const char *outcome);

/* Notes that the step at hand uses an answer, which may still be missing. */
void spf_trace_asked(struct spf_trace *, const struct spf_answer *);

#endif
