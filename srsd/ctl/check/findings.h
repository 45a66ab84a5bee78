/* SPDX-License-Identifier: ISC */
/*
 * findings - what srsctl check found out: a list of lines, each with what to do about it.
 *
 *	ok: WHAT		warning: WHAT: REMEDY
 *	skipped: WHAT: REASON	error: WHAT: REMEDY
 *
 * Text of others (DNS, Postfix's configuration) may be in it: only visible ASCII and blanks are
 * printed.
 */
#ifndef SRSD_CTL_CHECK_FINDINGS_H
#define SRSD_CTL_CHECK_FINDINGS_H

#include <stdbool.h>
#include <stdio.h>

#include <jansson.h>

#include "common/attributes.h"

enum finding {
	FINDING_OK,
	FINDING_SKIPPED, /* it could not be found out */
	FINDING_WARNING,
	FINDING_ERROR,
};

#define FINDING_TEXT_SIZE 1024

struct findings;

struct findings *findings_new(void);
void findings_free(struct findings **);

/* Adds one, with a text that is cut at FINDING_TEXT_SIZE. */
void findings_add(struct findings *, enum finding, const char *, ...) PRINTF_LIKE(3, 4);

/* Says of the one added last what to do about it, or why it was skipped. */
void findings_remedy(struct findings *, const char *, ...) PRINTF_LIKE(2, 3);

size_t findings_count(const struct findings *, enum finding);
void findings_print(const struct findings *, FILE *);

/* {"findings": [{"level": "ok", "what": "...", "remedy": "..."}], "errors": 0, "warnings": 0} */
json_t *findings_json(const struct findings *);

/*
 * Adds the findings of such an object, which another process has made. False, and nothing is added,
 * when it is not one.
 */
bool findings_take(struct findings *f, const json_t *json);

#endif
