/* SPDX-License-Identifier: ISC */
/*
 * findings - the results of srsctl check: a list of lines, each with a remedy.
 *
 *	ok: WHAT	skipped: WHAT	warning: WHAT	error: WHAT
 *			    REASON	    REMEDY	    REMEDY
 *
 * Findings may contain untrusted text, from the DNS or the configuration of Postfix. Other bytes
 * than printable ASCII become '?'.
 */
#ifndef SRSD_CTL_CHECK_FINDINGS_H
#define SRSD_CTL_CHECK_FINDINGS_H

#include <stdbool.h>
#include <stdio.h>

#include <jansson.h>

#include "common/attributes.h"

enum finding {
	FINDING_OK,
	FINDING_SKIPPED, /* the check was not possible */
	FINDING_WARNING,
	FINDING_ERROR,
};

/* A text is cut to this size with its NUL. */
#define FINDING_TEXT_SIZE 1024

struct findings;

/* An empty list; findings_free frees it and sets *fp to NULL. */
struct findings *findings_new(void);
void findings_free(struct findings **fp);

/* Adds a finding without a remedy. */
void findings_add(struct findings *f, enum finding level, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Sets the remedy of the finding that was added last, or the reason why it was skipped. */
void findings_remedy(struct findings *f, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* How many findings of this level have been added. */
size_t findings_count(const struct findings *f, enum finding level);

/*
 * Prints the findings of this level and above, the most severe level last; within a level, in the
 * order in which they were added. A remedy has an indented line of its own. The last line is a
 * summary of all findings. Without any finding to print, there is no summary either.
 */
void findings_print(const struct findings *f, FILE *file, enum finding least);

/*
 * Returns a new reference:
 * {"findings": [{"level": "ok", "what": "...", "remedy": "..."}], "errors": 0, "warnings": 0}
 */
json_t *findings_json(const struct findings *f);

/*
 * Adds the findings of such an object from another process, which may be hostile. False when it is
 * not such an object; no finding is added then.
 */
bool findings_take(struct findings *f, const json_t *json);

#endif
