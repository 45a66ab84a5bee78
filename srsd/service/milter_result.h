/* SPDX-License-Identifier: ISC */
/* milter_result - the words for what the milter did with a message, in the log and metrics. Pure. */
#ifndef SRSD_SERVICE_MILTER_RESULT_H
#define SRSD_SERVICE_MILTER_RESULT_H

enum milter_result {
	MILTER_RESULT_REWRITTEN, /* the sender is an SRS address now */
	MILTER_RESULT_KEPT,      /* the sender is unchanged */
	MILTER_RESULT_HELD,      /* the message is in the hold queue */
	MILTER_RESULT_DEFERRED,  /* 451 */
	MILTER_RESULT_DISCARDED, /* accepted and dropped */
	MILTER_RESULT_REVERSED, /* an SRS recipient was replaced by the sender that it stands for */
	MILTER_RESULT_REFUSED,  /* an SRS recipient was refused: 550 */
	MILTER_RESULTS,
};

/* "rewritten", "kept", "held", "deferred", "discarded", "reversed" or "refused". */
const char *milter_result_name(enum milter_result result);

#endif
