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

/* True if an option accepts any number of values in braces: OPTION_LIST or OPTION_CIDRS. */
bool option_is_list(const struct conf_option *o);

/* All options, in the order in which -nv prints them. */
extern const struct conf_option option_table[];
extern const size_t option_count;

/* The option with this name, or NULL. section is NULL for options outside of sections. */
const struct conf_option *option_find(const char *section, const char *name);

/* The option of this section that was probably meant by an unknown name (closest.h), or NULL. */
const struct conf_option *option_closest(const char *section, const char *name);

#endif
