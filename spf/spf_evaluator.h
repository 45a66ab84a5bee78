/* SPDX-License-Identifier: ISC */
/*
 * spf_evaluator - the evaluator that the settings choose.
 *
 * With libspf2 the native evaluator goes first: it asks for what both need together instead of one
 * after the other, and its verdict tells the mechanism, the limits and the explanation, as long as
 * libspf2 comes to the same result. Where they part, the verdict says so, and is libspf2's unless
 * both were asked for.
 */
#ifndef SPF_SPF_EVALUATOR_H
#define SPF_SPF_EVALUATOR_H

#include "conf/settings.h"
#include "spf/spf_answers.h"
#include "spf/spf_verdict.h"

/* True with a verdict, false when answers are wanted. */
bool spf_evaluator_run(
    enum spf_evaluator, const struct spf_request *, struct spf_answers *, struct spf_verdict *);

#endif
