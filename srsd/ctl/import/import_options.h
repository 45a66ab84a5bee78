/* SPDX-License-Identifier: ISC */
/*
 * import_options - what the reader of another program's file says of our options.
 */
#ifndef SRSD_CTL_IMPORT_IMPORT_OPTIONS_H
#define SRSD_CTL_IMPORT_IMPORT_OPTIONS_H

#include "common/attributes.h"
#include "conf/option.h"
#include "srsd/ctl/import/import.h"

/* Where something was said. */
struct import_origin {
	const char *file;
	unsigned line;    /* 0: the file says nothing; it is the default of the program */
	const char *name; /* of the other program's option; NULL: none */
};

/* Names a file that was read, for the head of what is printed. */
void import_add_file(struct import *, const char *file);

/* An option of ours; section is NULL or "spf". It must exist. */
const struct conf_option *import_option(const char *section, const char *name);

/*
 * Sets an option to n values (one, unless it is a list), and forgets what was said of it before.
 * False when we do not accept the values; that is told among what could not be carried over.
 */
bool import_set(struct import *, const struct import_origin *, const struct conf_option *,
    const char *const *values, size_t n);
/* Sets a list to those of the values that we accept; each of the others is told of. */
void import_set_good(struct import *, const struct import_origin *, const struct conf_option *,
    const char *const *values, size_t n);

bool import_set_text(
    struct import *, const struct import_origin *, const struct conf_option *, const char *value);
bool import_set_number(
    struct import *, const struct import_origin *, const struct conf_option *, long long value);

/* The value as it is at the moment, as the file has it: "name = value". The caller frees it. */
char *import_value(const struct import *, const struct conf_option *);

/* Says something of an option. */
void import_note(struct import *, const struct conf_option *, const char *, ...) PRINTF_LIKE(3, 4);

/*
 * Offers another value for an option, and says why. What we would not accept is only told of. An
 * option that nobody has set is said to come from there.
 */
void import_choose(struct import *, const struct import_origin *, const struct conf_option *,
    const char *const *values, size_t n, const char *, ...) PRINTF_LIKE(6, 7);

/* The same with a value as import_value has it. */
void import_offer(struct import *, const struct import_origin *, const struct conf_option *,
    const char *other, const char *, ...) PRINTF_LIKE(5, 6);

/* Says what has no place among our options, and why. */
void import_leave(struct import *, const struct import_origin *, const char *, ...)
    PRINTF_LIKE(3, 4);

#endif
