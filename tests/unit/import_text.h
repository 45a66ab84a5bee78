/* SPDX-License-Identifier: ISC */
/*
 * import_text - what the unit tests of the import share: the printed configuration as one text
 */
#ifndef TESTS_UNIT_IMPORT_TEXT_H
#define TESTS_UNIT_IMPORT_TEXT_H

#include "tests/unit/unit.h"

#include "srsd/ctl/import/import.h"
#include "srsd/ctl/import/import_print.h"

/* Checks of the output for one file. */
struct import_row {
	const char *text;    /* of the file */
	const char *want[3]; /* parts of the output, comments unwrapped; NULL: no more */
	const char *absent;  /* not a part of it; may be NULL */
};

/* import_text_unwrap - join the lines of each comment, in place */
static inline void
import_text_unwrap(char *text)
{
	char *from = text, *to = text;
	bool in_comment = false;
	size_t tabs;

	while (*from != '\0') {
		tabs = strspn(from, "\t");
		if (strncmp(from + tabs, "# ", 2) == 0) {
			if (in_comment)
				to[-1] = ' ';
			from += in_comment ? tabs + 2 : 0;
			in_comment = true;
		} else {
			in_comment = false;
		}
		do
			*to++ = *from;
		while (*from++ != '\n');
	}
	*to = '\0';
}

/* import_text_print - the configuration, comments unwrapped; the caller frees it */
static inline char *
import_text_print(const struct import *im)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	import_print(im, IMPORT_WHOLE, out);
	fclose(out);
	import_text_unwrap(text);
	return text;
}

/* import_text_check - compare an import with its row, and free it */
static inline void
import_text_check(struct import **im, const struct import_row *row)
{
	char *text;
	size_t i;

	import_complete(*im);
	text = import_text_print(*im);
	for (i = 0; i < COUNT(row->want) && row->want[i] != NULL; i++)
		unit_holds(row->text, "output", text, row->want[i]);
	if (row->absent != NULL)
		unit_true(row->text, row->absent, strstr(text, row->absent) == NULL);
	free(text);
	import_free(im);
}

#endif
