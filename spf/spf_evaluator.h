/* SPDX-License-Identifier: ISC */
/*
 * spf_evaluator - runs the evaluator that the settings choose.
 *
 * With libspf2 the native evaluator runs first. It requests the answers that both need together
 * instead of one after the other. While both results agree, its verdict counts, because it also has
 * the mechanism, the limits and the explanation. If they differ, the verdict records both results.
 * It is that of libspf2, except with `engine = both`. Pure.
 */
#ifndef SPF_SPF_EVALUATOR_H
#define SPF_SPF_EVALUATOR_H

#include "conf/settings.h"
#include "spf/spf_answers.h"
#include "spf/spf_verdict.h"

/* Returns true with a verdict, false while answers are wanted. */
bool spf_evaluator_run(enum spf_evaluator evaluator, const struct spf_request *req,
    struct spf_answers *answers, struct spf_verdict *verdict);

#endif
