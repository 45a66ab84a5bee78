/* SPDX-License-Identifier: ISC */
/*
 * import_scope - what an import holds: for each option of a scope, which is a section or everything
 * outside of them, where its value comes from, and the remarks on it.
 *
 * Pure. Only import, import_print, import_difference and import_entry look inside an import.
 */
#ifndef SRSD_CTL_IMPORT_IMPORT_SCOPE_H
#define SRSD_CTL_IMPORT_IMPORT_SCOPE_H

#include <sys/queue.h>

#include <stdbool.h>
#include <stddef.h>

#include "conf/option.h"
#include "conf/settings.h"
#include "conf/spf_sections.h"
#include "srsd/ctl/import/import.h"

struct imported_option {
	struct import_place origin; /* empty: no file sets the option: it has srsd's default */
	struct import_remarks remarks;
	import_allows_fn *allows; /* NULL: no other value */
};

/* What is known of the options of one section, or of those outside of all of them. */
struct import_scope {
	STAILQ_ENTRY(import_scope) entry;
	struct spf_section *section;      /* of the settings; NULL: spf { } and outside */
	struct import_place origin;       /* of the section */
	struct import_remarks remarks;    /* on the section */
	struct imported_option *imported; /* one for each of option_table */
};
STAILQ_HEAD(import_scopes, import_scope);

struct import {
	struct settings *settings;
	struct settings *defaults;
	struct import_scope base;
	struct import_scopes sections;
	struct import_scope *scope; /* on which the functions act that set options */
	struct import_remarks files;
	struct import_remarks skipped;
	char *cause; /* of the last question; NULL: none yet */
};

/* Prepares a scope, of which all bytes are 0: no option is set, and none has a remark. */
void import_scope_init(struct import_scope *scope);

/* Frees what a scope holds, except for its section, which belongs to the settings. */
void import_scope_clear(struct import_scope *scope);

/* What is known of an option. Valid as long as the scope. */
const struct imported_option *import_scope_find(
    const struct import_scope *scope, const struct conf_option *option);

/* True if a file sets the option, or it has a remark. */
bool import_scope_has(const struct imported_option *imported);

/* True if import_scope_has returns false for every option. */
bool import_scope_is_empty(const struct import_scope *scope);

/* The number of remarks of one kind on the options of a scope. */
size_t import_scope_count(const struct import_scope *scope, enum import_remark_kind kind);

/* The section of the settings that applies to an address or a domain; NULL: spf { } does. */
const struct spf_section *import_scope_section(const struct settings *settings, const char *name);

/*
 * "name = value" of the settings, without indentation and newline. spf replaces the options of that
 * section unless it is NULL. The caller frees it.
 */
char *import_scope_format(const struct settings *settings, const struct spf_settings *spf,
    const struct conf_option *option);

/* The same with the value in an import; that of spf { } if the section does not set the option. */
char *import_scope_line(const struct import *import, const struct import_scope *scope,
    const struct conf_option *option);

#endif
