/* SPDX-License-Identifier: ISC */
#include "srsd/service/milter_result.h"

const char *
milter_result_name(enum milter_result result)
{
	static const char *const names[MILTER_RESULTS] = {
		[MILTER_RESULT_REWRITTEN] = "rewritten",
		[MILTER_RESULT_KEPT] = "kept",
		[MILTER_RESULT_HELD] = "held",
		[MILTER_RESULT_DEFERRED] = "deferred",
		[MILTER_RESULT_DISCARDED] = "discarded",
		[MILTER_RESULT_REVERSED] = "reversed",
		[MILTER_RESULT_REFUSED] = "refused",
	};

	return names[result];
}
