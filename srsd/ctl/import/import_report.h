/* SPDX-License-Identifier: ISC */
/*
 * import_report - an import, or its differences from the configuration in effect, as JSON
 *
 *	{ "files": ["/etc/default/postsrsd"],
 *	  "settings": as in conf/settings_report.h,
 *	  "imported": [ENTRY, ...],      the options that a file sets
 *	  "choices": [ENTRY, ...], "unknown": ..., "preparations": ..., "warnings": ...,
 *	  "losses": ..., "notes": ...,   the remarks of each kind
 *	  "postfix": ["postconf -e '...'", ..., "postfix reload"],
 *	  "postfix_notes": ["Postfix: ...", ...] }
 *
 * An ENTRY is { "file", "line", "setting", "section", "option", "value", "text", "alternative" },
 * with null for what it does not have. file, line and setting are the place in the old
 * configuration; section is "spf" or the name of a section as in srsd.conf, spf "NAME"; value is
 * the new value of the option, and null if the setting is not carried over. A choice or a warning
 * that belongs to an earlier one of the same line has "again": true.
 *
 * Texts of other programs' files are made printable.
 */
#ifndef SRSD_CTL_IMPORT_IMPORT_REPORT_H
#define SRSD_CTL_IMPORT_IMPORT_REPORT_H

#include <jansson.h>
#include <stddef.h>

#include "conf/settings.h"
#include "srsd/ctl/import/import.h"
#include "srsd/ctl/import/import_postfix.h"

/* A new reference to the object above. */
json_t *import_report(const struct import *import, const struct import_steps *steps);

/*
 * A new reference to { "options": the differences, "not_carried_over": remarks }. Sets *n to the
 * number of options that differ, as import_difference_visit returns it.
 */
json_t *import_report_differences(
    const struct import *import, const struct settings *settings, size_t *n);

#endif
