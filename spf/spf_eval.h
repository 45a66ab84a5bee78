/* SPDX-License-Identifier: ISC */
/*
 * spf_eval - the native evaluator: check_host() of RFC 7208 as a function of DNS answers.
 *
 * A pass costs microseconds, and a typical record needs a handful of passes. After a missing answer
 * the pass continues as if that term had not matched, to find the other queries that it will most
 * likely need. They are sent together instead of one after the other. The result of such a pass is
 * discarded: verdict, counters and order are those of a strictly sequential evaluation. Pure.
 */
#ifndef SPF_SPF_EVAL_H
#define SPF_SPF_EVAL_H

#include <stdbool.h>

#include "spf/spf_answers.h"
#include "spf/spf_verdict.h"

/* An evaluator, see spf_verdict.h. Returns true with a verdict, false while answers are wanted. */
bool spf_eval(
    const struct spf_request *req, struct spf_answers *answers, struct spf_verdict *verdict);

#endif
