/* SPDX-License-Identifier: ISC */
/* import_difference - compare an import with the settings in effect. Pure. */
#ifndef SRSD_CTL_IMPORT_IMPORT_DIFFERENCE_H
#define SRSD_CTL_IMPORT_IMPORT_DIFFERENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "srsd/ctl/import/import.h"

/* An imported option that differs from the settings, or that has remarks for the operator. */
struct import_difference {
	const char *section;              /* "", or the beginning of a line: "spf: " */
	const char *imported, *in_effect; /* "name = value" */
	const char *origin;               /* of the imported value; NULL: it has none */
	bool differs;                     /* false: there are only remarks */
	const struct import_remarks *remarks;
};

typedef void import_difference_fn(const struct import_difference *difference, void *arg);

/*
 * Calls visit for each imported option that differs from the settings, or has an open choice, an
 * unknown value or a preparation. Returns the number of options that differ. A value that was an
 * alternative, or that import_allow's function allows, does not count as different.
 */
size_t import_difference_visit(const struct import *import, const struct settings *settings,
    import_difference_fn *visit, void *arg);

/* Prints them, and the settings that are not carried over. Returns the same number. */
size_t import_difference_print(
    const struct import *import, const struct settings *settings, FILE *out);

#endif
