/* SPDX-License-Identifier: ISC */
#include "spf/spf_eval.h"
#include "spf/spf_evaluator.h"
#include "spf/spf_libspf2.h"

/* run_second_evaluator - libspf2, and make its verdict the result if it differs and counts */
static bool
run_second_evaluator(enum spf_evaluator evaluator, const struct spf_request *req,
    struct spf_answers *answers, struct spf_verdict *verdict)
{
#ifdef HAVE_LIBSPF2
	enum spf_result native = verdict->result;
	struct spf_verdict libspf2;

	if (!spf_libspf2_eval(req, answers, &libspf2))
		return false;
	/* If they agree, the native verdict has more details. */
	if (libspf2.result != native && evaluator == SPF_EVALUATOR_LIBSPF2)
		*verdict = libspf2;
	verdict->differs = libspf2.result != native;
	verdict->native = native;
	verdict->libspf2 = libspf2.result;
	if (libspf2.saturated)
		spf_verdict_saturate(verdict);
#else
	(void)evaluator;
	(void)req;
	(void)answers;
	(void)verdict;
#endif
	return true;
}

bool
spf_evaluator_run(enum spf_evaluator evaluator, const struct spf_request *req,
    struct spf_answers *answers, struct spf_verdict *verdict)
{
	if (!spf_eval(req, answers, verdict))
		return false;
	return evaluator == SPF_EVALUATOR_NATIVE ||
	       run_second_evaluator(evaluator, req, answers, verdict);
}
