/* SPDX-License-Identifier: ISC */
/*
 * spf_eval - the native engine: check_host() of RFC 7208 as a pure function over DNS answers.
 *
 * A pass costs microseconds, a real record a handful of passes. Once an answer is missing, the
 * pass goes on as if that term had not matched, to find the other questions that will most likely
 * be needed: they go out together instead of one after the other. What such a pass finds out is
 * thrown away; verdict, counters and order are those of a strictly sequential evaluation.
 */
#ifndef SPF_SPF_EVAL_H
#define SPF_SPF_EVAL_H

#include <stdbool.h>

#include "spf/spf_answers.h"
#include "spf/spf_verdict.h"

/* An engine, see spf_verdict.h: true with a verdict, false when answers are wanted. */
bool spf_eval(const struct spf_request *, struct spf_answers *, struct spf_verdict *);

#endif
