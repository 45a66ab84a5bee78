/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "common/printable.h"
#include "common/xmalloc.h"
#include "spf/spf_trace.h"

struct spf_trace *
spf_trace_new(void)
{
	return xcalloc(1, sizeof(struct spf_trace));
}

void
spf_trace_free(struct spf_trace **trace)
{
	if (*trace == NULL)
		return;
	free((*trace)->step);
	free(*trace);
	*trace = NULL;
}

void
spf_trace_begin(struct spf_trace *trace)
{
	if (trace != NULL)
		trace->n = 0;
}

/* add_trace_step - the array doubles when it is full */
static struct spf_step *
add_trace_step(struct spf_trace *trace)
{
	if ((trace->n & (trace->n - 1)) == 0)
		trace->step = xreallocarray(
		    trace->step, trace->n == 0 ? 1 : 2 * trace->n, sizeof(*trace->step));
	return &trace->step[trace->n++];
}

size_t
spf_trace_step(struct spf_trace *trace, unsigned depth, const char *domain, struct text term)
{
	struct spf_step *step;

	if (trace == NULL || trace->n == SPF_TRACE_STEPS)
		return SPF_TRACE_STEPS;
	step = add_trace_step(trace);
	memset(step, 0, sizeof(*step));
	step->depth = depth;
	step->outcome = "waiting";
	step->problem = "";
	strlcpy(step->domain, domain, sizeof(step->domain));
	printable(step->term, sizeof(step->term), term.s, term.len);
	return trace->n - 1;
}

void
spf_trace_outcome(struct spf_trace *trace, size_t step, const char *outcome)
{
	if (trace != NULL && step < trace->n)
		trace->step[step].outcome = outcome;
}

void
spf_trace_cost(struct spf_trace *trace, size_t step, struct spf_cost before, struct spf_cost after)
{
	if (trace == NULL || step >= trace->n)
		return;
	trace->step[step].cost.lookups = after.lookups - before.lookups;
	trace->step[step].cost.voids = after.voids - before.voids;
	trace->step[step].total = after;
}

void
spf_trace_problem(struct spf_trace *trace, const char *problem)
{
	if (trace != NULL && trace->n > 0)
		trace->step[trace->n - 1].problem = problem;
}

void
spf_trace_decide(struct spf_trace *trace, size_t step)
{
	if (trace != NULL && step < trace->n)
		trace->step[step].decides = true;
}

/* has_answer - an evaluator may use an answer twice in one step */
static bool
has_answer(const struct spf_step *step, const struct spf_answer *answer)
{
	size_t i;

	for (i = 0; i < step->n; i++)
		if (step->asked[i] == answer)
			return true;
	return false;
}

void
spf_trace_asked(struct spf_trace *trace, const struct spf_answer *answer)
{
	struct spf_step *step;

	if (trace == NULL || trace->n == 0)
		return;
	step = &trace->step[trace->n - 1];
	if (step->n < SPF_TRACE_ASKED && !has_answer(step, answer))
		step->asked[step->n++] = answer;
}
