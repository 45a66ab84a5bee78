/* SPDX-License-Identifier: ISC */
#include "spf/spf_engine.h"
#include "spf/spf_eval.h"
#include "spf/spf_libspf2.h"

/* part - libspf2's verdict in the place of the native one, which is only told */
static void
part(struct spf_verdict *verdict, const struct spf_verdict *libspf2)
{
	enum spf_result native = verdict->result;

	*verdict = *libspf2;
	verdict->differs = true;
	verdict->native = native;
}

/* eval_second - the verdict of libspf2, after that of the native engine */
static bool
eval_second(const struct spf_request *req, struct spf_answers *answers, struct spf_verdict *verdict)
{
#ifdef HAVE_LIBSPF2
	struct spf_verdict libspf2;

	if (!spf_libspf2_eval(req, answers, &libspf2))
		return false;
	if (libspf2.result != verdict->result)
		part(verdict, &libspf2);
#else
	(void)req;
	(void)answers;
	(void)verdict;
	(void)part;
#endif
	return true;
}

bool
spf_engine_eval(enum spf_engine engine, const struct spf_request *req, struct spf_answers *answers,
    struct spf_verdict *verdict)
{
	if (!spf_eval(req, answers, verdict))
		return false;
	return engine == SPF_ENGINE_NATIVE || eval_second(req, answers, verdict);
}
