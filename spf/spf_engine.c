/* SPDX-License-Identifier: ISC */
#include "spf/spf_engine.h"
#include "spf/spf_eval.h"
#include "spf/spf_libspf2.h"

/* eval_second - what libspf2 says, after the native engine; its verdict when that counts */
static bool
eval_second(enum spf_engine engine, const struct spf_request *req, struct spf_answers *answers,
    struct spf_verdict *verdict)
{
#ifdef HAVE_LIBSPF2
	enum spf_result native = verdict->result;
	struct spf_verdict libspf2;

	if (!spf_libspf2_eval(req, answers, &libspf2))
		return false;
	/* Where they agree, the native verdict tells more. */
	if (libspf2.result != native && engine == SPF_ENGINE_LIBSPF2)
		*verdict = libspf2;
	verdict->differs = libspf2.result != native;
	verdict->native = native;
	verdict->libspf2 = libspf2.result;
	if (libspf2.saturated)
		spf_verdict_saturate(verdict);
#else
	(void)engine;
	(void)req;
	(void)answers;
	(void)verdict;
#endif
	return true;
}

bool
spf_engine_eval(enum spf_engine engine, const struct spf_request *req, struct spf_answers *answers,
    struct spf_verdict *verdict)
{
	if (!spf_eval(req, answers, verdict))
		return false;
	return engine == SPF_ENGINE_NATIVE || eval_second(engine, req, answers, verdict);
}
