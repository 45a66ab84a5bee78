/* SPDX-License-Identifier: ISC */
/*
 * option - the table of options.
 *
 * One row per option is the source for parsing, checking, -o and -nv, and for the tests that
 * compare the manual and the example file. To add an option, add a field to settings.h and a row to
 * option.c.
 */
#ifndef CONF_OPTION_H
#define CONF_OPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "conf/settings.h"

enum option_type {
	OPTION_TEXT,   /* char *, never NULL after option_preset */
	OPTION_NUMBER, /* int */
	OPTION_BOOL,   /* bool */
	OPTION_CHOICE, /* an enum, or an int: one of the words of choices */
	OPTION_LIST,   /* struct text_list */
	OPTION_CIDRS,  /* struct cidr_list */
	OPTION_DATE,   /* int, a day (common/day.h), from YYYY-MM-DD; 0 from "none" */
};

/* An accepted word. -nv prints the first word of a value. */
struct option_choice {
	const char *word;
	int value;
};

struct conf_option {
	const char *section; /* NULL or "spf" */
	size_t offset;       /* of the field in struct settings */
	const char *name;
	enum option_type type;
	const char *preset; /* default: a value, or values separated by blanks; NULL: empty list */
	int min, max;       /* for OPTION_NUMBER */
	const struct option_choice *choices; /* for OPTION_CHOICE and OPTION_BOOL; ends with NULL */
	/*
	 * For OPTION_TEXT and each value of OPTION_LIST. Returns true, or sets *error to a
	 * description of the accepted values, a static text. NULL accepts any value.
	 */
	bool (*accept)(const char *value, const char **error);
	bool in_section;  /* also accepted in spf "NAME" { }, for some recipients */
	const char *text; /* the meaning of the option, in a few words */
};

/* True if an option takes any number of values in braces: OPTION_LIST or OPTION_CIDRS. */
bool option_is_list(const struct conf_option *o);

#define OPTION_ERROR_SIZE 512

/* All options, in the order in which -nv prints them. */
extern const struct conf_option option_table[];
extern const size_t option_count;

/* The option with this name, or NULL. section is NULL for options outside of sections. */
const struct conf_option *option_find(const char *section, const char *name);

/* The option of this section that was probably meant by an unknown name (closest.h), or NULL. */
const struct conf_option *option_closest(const char *section, const char *name);

/*
 * Replaces the value of an option with n values: one, unless it is a list. The values are copied.
 * False: the settings keep the old value, and error names the refused value and the accepted ones.
 */
bool option_set(struct settings *s, const struct conf_option *o, const char *const *values,
    size_t n, char error[OPTION_ERROR_SIZE]);

/* Sets an option to its default. */
void option_preset(struct settings *s, const struct conf_option *o);

/* Prints "name = value" and a newline, in a form that config_load reads. */
void option_print(const struct settings *s, const struct conf_option *o, FILE *out);

/* Characters of a value that is not a text, with its NUL. */
#define OPTION_VALUE_SIZE (IPADDR_TEXT_SIZE + 4)

/*
 * The value of this number, from 0, as text: in buf, or valid as long as the settings. NULL: the
 * option has fewer. An option that is not a list has one.
 */
const char *option_value(const struct settings *s, const struct conf_option *o, size_t number,
    char buf[OPTION_VALUE_SIZE]);

/* Frees the value of an option. */
void option_clear(struct settings *s, const struct conf_option *o);

/* The same for an option of the section spf. */
bool option_spf_set(struct spf_settings *spf, const struct conf_option *o,
    const char *const *values, size_t n, char error[OPTION_ERROR_SIZE]);
void option_spf_preset(struct spf_settings *spf, const struct conf_option *o);
void option_spf_print(const struct spf_settings *spf, const struct conf_option *o, FILE *out);
const char *option_spf_value(const struct spf_settings *spf, const struct conf_option *o,
    size_t number, char buf[OPTION_VALUE_SIZE]);
void option_spf_clear(struct spf_settings *spf, const struct conf_option *o);

/*
 * Copies the value of an option of the section spf. Texts and lists are shared: only one of the two
 * settings may be cleared.
 */
void option_spf_share(
    struct spf_settings *to, const struct spf_settings *from, const struct conf_option *o);

/* Prints a text in quotes, as config_load reads it. */
void option_print_quoted(const char *text, FILE *out);

#endif
