/* SPDX-License-Identifier: ISC */
/*
 * import - a configuration for srsd, built from the configuration files of other programs
 *
 * Pure. For each option of srsd it holds the value, the place that the value comes from, and
 * remarks. It also lists the settings that could not be carried over.
 *
 * The value of an option is always the one that keeps the old behaviour. The other program may have
 * done something other than its file says. Then the value that the file asks for is added as an
 * alternative, and the operator has to choose.
 *
 * The readers, import_policyd_spf.h and import_postsrsd.h, report each setting of a file in one of
 * these ways:
 *
 *     import_set*         the setting has an effect: it becomes the value of an option
 *     import_set_unknown  it has an effect, but its value cannot be read: a remark on the option
 *     import_note         it has an effect, but srsd differs: a remark on the option
 *     import_prepare      its effect depends on something outside of the file: a remark
 *     import_offer*       it had no effect, or another one: an alternative value
 *     import_overrule     another setting overrules it: it becomes an alternative value
 *     import_warn         it has an effect that the operator should not keep: a remark
 *     import_skip         srsd has no use for it: an entry in the list at the end
 *     import_lose         mail depends on it, and srsd cannot do it: the same, with a mark
 *     import_refuse       srsd does not accept its value: one of these two
 *     import_skip_unknown srsctl does not know it: the same, with another mark
 *
 * All texts are copied, and made printable before they are printed. import_print, import_difference
 * and import_entry read an import.
 */
#ifndef SRSD_CTL_IMPORT_IMPORT_H
#define SRSD_CTL_IMPORT_IMPORT_H

#include <stdbool.h>
#include <stddef.h>

#include "common/attributes.h"
#include "conf/option.h"
#include "conf/settings.h"
#include "srsd/ctl/import/import_origin.h"
#include "srsd/ctl/import/import_remark.h"

struct import;

/* Every option has srsd's default, without an origin. Never NULL. */
struct import *import_new(void);

/* Frees an import and sets the pointer to NULL. *import may be NULL. */
void import_free(struct import **import);

/* Resolves conflicts between options. Call it once. */
void import_complete(struct import *import);

/* The current value of secrets-file. It is valid until that option changes. */
const char *import_secrets_file(const struct import *import);

/*
 * Replaces secrets-file with the path of a copy and records that as its origin. The caller has
 * compared the two files. If srsd does not accept the path, it is listed as skipped.
 */
void import_use_copy(struct import *import, const char *copy);

/*
 * The number of remarks of one kind. Alternatives that depend on one line of a file count as one
 * choice.
 */
size_t import_count(const struct import *import, enum import_remark_kind kind);

enum import_answer {
	IMPORT_SAID, /* the value that the files ask for */
	IMPORT_DID,  /* the value that keeps the old behaviour */
};

/* Makes all choices that are open. Their reasons remain as comments. */
void import_choose(struct import *import, enum import_answer answer);

/*
 * The values so far, outside of sections. They are valid until the next call of a function that is
 * not const.
 */
const struct settings *import_settings(const struct import *import);

/* The files that were read, as remarks. */
const struct import_remarks *import_read_files(const struct import *import);

/* The settings that are not carried over, with the reasons. */
const struct import_remarks *import_skipped(const struct import *import);

/* Names a file that was read, for the heading of the new configuration. */
void import_add_file(struct import *import, const char *file);

/*
 * Begins a section spf "NAME" { }. Until import_end_section, the functions below act on the section:
 * they set its options, and an option that it does not set has the value of spf { }. Options of the
 * message or of the server are listed as skipped. Returns false if srsd does not accept the name, or
 * has it already: the reason is then listed as by import_skip, and no section begins.
 */
bool import_begin_section(
    struct import *import, const struct import_origin *origin, const char *name);
void import_end_section(struct import *import);

/* Adds a comment to the section that was begun. */
void import_note_section(struct import *import, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Finds an option of srsd; section is NULL or "spf". Aborts if it does not exist. */
const struct conf_option *import_option(const char *section, const char *name);

/*
 * Sets an option to all of n values (one, unless the option is a list) and removes its remarks.
 * Returns false if srsd does not accept them: nothing changes then, and the reason is listed as by
 * import_skip.
 */
bool import_set(struct import *import, const struct import_origin *origin,
    const struct conf_option *option, const char *const *values, size_t n);

/* Sets an option to one value, as import_set does. */
bool import_set_text(struct import *import, const struct import_origin *origin,
    const struct conf_option *option, const char *value);
bool import_set_number(struct import *import, const struct import_origin *origin,
    const struct conf_option *option, long long value);

/* Sets a list to those of n values that srsd accepts. Each other value is listed as skipped. */
void import_set_valid_items(struct import *import, const struct import_origin *origin,
    const struct conf_option *option, const char *const *values, size_t n);

/*
 * Records that this line sets an option, but that the value is not known. The option keeps its
 * value and its origin, and gets a remark that asks the operator to set it.
 */
void import_set_unknown(
    struct import *import, const struct import_origin *origin, const struct conf_option *option);

/* The current value in the form "name = value". The caller frees it. */
char *import_option_line(const struct import *import, const struct conf_option *option);

/* Adds a comment to an option. Its value and its origin do not change. */
void import_note(struct import *import, const struct conf_option *option, const char *fmt, ...)
    PRINTF_LIKE(3, 4);

/*
 * Adds a comment to an option about something outside of the configuration, such as a file or
 * main.cf, that has to be changed before srsd replaces the other program.
 */
void import_prepare(struct import *import, const struct conf_option *option, const char *fmt, ...)
    PRINTF_LIKE(3, 4);

/*
 * Adds a comment to an option that warns about its value. --check repeats it as long as the value
 * is in effect.
 */
void import_warn(struct import *import, const struct conf_option *option, const char *fmt, ...)
    PRINTF_LIKE(3, 4);

/* Is another value of an option as good as the imported one? */
typedef bool import_allows_fn(const struct conf_option *option, const struct settings *imported,
    const struct settings *in_effect);

/* Adds such a function to an option, until the option is set again. */
void import_allow(
    struct import *import, const struct conf_option *option, import_allows_fn *allows);

/*
 * Adds n values (one, unless the option is a list) to an option as an alternative, with the reason.
 * The current value does not change, but an option without an origin gets this one. If srsd does
 * not accept the values, or if they are the current value, only the reason is added, as a comment.
 */
void import_offer(struct import *import, const struct import_origin *origin,
    const struct conf_option *option, const char *const *values, size_t n, const char *fmt, ...)
    PRINTF_LIKE(6, 7);

/* Adds a line that import_option_line returned to an option, as import_offer adds values. */
void import_offer_line(struct import *import, const struct import_origin *origin,
    const struct conf_option *option, const char *line, const char *fmt, ...) PRINTF_LIKE(5, 6);

/*
 * Sets an option to n values because a line overrules what the files ask for, which becomes the
 * alternative. is_meant: the line says so, and there is nothing to choose; the alternative then
 * comes with a warning.
 */
void import_overrule(struct import *import, const struct import_origin *origin,
    const struct conf_option *option, const char *const *values, size_t n, bool is_meant,
    const char *reason);

/* Lists a setting that is not carried over, with the reason. No option changes. */
void import_skip(struct import *import, const struct import_origin *origin, const char *fmt, ...)
    PRINTF_LIKE(3, 4);

/* The same for a setting without which srsd may lose or refuse mail. */
void import_lose(struct import *import, const struct import_origin *origin, const char *fmt, ...)
    PRINTF_LIKE(3, 4);

/* The same for a line with an effect that srsctl does not know. */
void import_skip_unknown(struct import *import, const struct import_origin *origin, const char *fmt,
    ...) PRINTF_LIKE(3, 4);

/* The same for a value that srsd does not accept: as import_lose, if mail depends on the option. */
void import_refuse(struct import *import, const struct import_origin *origin,
    const struct conf_option *option, const char *fmt, ...) PRINTF_LIKE(4, 5);

#endif
