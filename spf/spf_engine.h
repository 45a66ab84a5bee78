/* SPDX-License-Identifier: ISC */
/*
 * spf_engine - the engine that the settings choose.
 *
 * With libspf2 the native engine goes first: it asks for what both need together instead of one
 * after the other, and its verdict tells the mechanism, the limits and the explanation, as long as
 * libspf2 comes to the same result. Where they part, the verdict says so, and is libspf2's unless
 * both were asked for.
 */
#ifndef SPF_SPF_ENGINE_H
#define SPF_SPF_ENGINE_H

#include "conf/settings.h"
#include "spf/spf_answers.h"
#include "spf/spf_verdict.h"

/* True with a verdict, false when answers are wanted. */
bool spf_engine_eval(
    enum spf_engine, const struct spf_request *, struct spf_answers *, struct spf_verdict *);

#endif
