/* SPDX-License-Identifier: ISC */
/* import_entry - each setting and each remark of an import, one by one. Pure. */
#ifndef SRSD_CTL_IMPORT_IMPORT_ENTRY_H
#define SRSD_CTL_IMPORT_IMPORT_ENTRY_H

#include <stdbool.h>

#include "srsd/ctl/import/import.h"

/* An option that a file sets, or a remark. */
struct import_entry {
	const struct spf_section *section;  /* NULL: spf { }, or outside of sections */
	const struct conf_option *option;   /* NULL: a remark on no option */
	const struct import_place *place;   /* may be empty */
	const struct import_remark *remark; /* NULL: the entry is for the option itself */
	bool carried; /* false: the setting is not carried over, and the option is without it */
};

typedef void import_entry_fn(const struct import_entry *entry, void *arg);

/*
 * Calls visit for everything that import_print prints in the whole form: each option that has an
 * origin, then its remarks; the remarks on each section; and the settings that are not carried
 * over.
 */
void import_entry_visit(const struct import *import, import_entry_fn *visit, void *arg);

#endif
