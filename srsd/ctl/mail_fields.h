/* SPDX-License-Identifier: ISC */
/*
 * mail_fields - the header fields of a message in a file, as Postfix passes them to a milter. Pure.
 *
 * A field is a line "NAME:VALUE" of RFC 5322, 2.2, and the lines after it that begin with a blank.
 * Blanks before the colon are accepted (is_header(3) of Postfix). The header ends before the first
 * other line. A first line "From SENDER DATE" of an mbox file is skipped, and a line may end with
 * CR LF.
 */
#ifndef SRSD_CTL_MAIL_FIELDS_H
#define SRSD_CTL_MAIL_FIELDS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/text.h"

struct mail_fields {
	const char *s, *end; /* what is left */
};

/*
 * Begins at the top of len bytes. They must stay where they are. Each CR before an LF is removed,
 * in place.
 */
void mail_fields_init(struct mail_fields *fields, char *message, size_t len);

/*
 * Sets name and value, which has its folds and no final line break, to the next field. Both are
 * parts of the message. False at the end of the header.
 */
bool mail_fields_next(struct mail_fields *fields, struct text *name, struct text *value);

#endif
