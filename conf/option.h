/* SPDX-License-Identifier: ISC */
/*
 * option - the table of options. One row drives parsing, checking, -o, -nv and the test that
 * compares the manual: to add an option, add a field to settings.h and a row to option.c.
 */
#ifndef CONF_OPTION_H
#define CONF_OPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "conf/settings.h"

enum option_type {
	OPTION_TEXT,
	OPTION_NUMBER,
	OPTION_BOOL,
	OPTION_CHOICE,
	OPTION_LIST,
	OPTION_CIDRS,
	OPTION_DATE, /* YYYY-MM-DD in an int, see common/day.h; "none" and 0 */
};

/* A word that is accepted. The first word of a value is the one that -nv prints. */
struct option_choice {
	const char *word;
	int value;
};

struct conf_option {
	const char *section; /* NULL or "spf" */
	size_t offset;       /* of the field in struct settings */
	const char *name;
	enum option_type type;
	const char *preset; /* default: a value, or values between blanks; NULL: none */
	int min, max;       /* OPTION_NUMBER */
	const struct option_choice *choices;
	/* Accepts one value, or sets *error to what is accepted; NULL: any value. */
	bool (*accept)(const char *value, const char **error);
	const char *text;
};

#define OPTION_ERROR_SIZE 512

extern const struct conf_option option_table[];
extern const size_t option_count;

/* NULL when there is none. section may be NULL. */
const struct conf_option *option_find(const char *section, const char *name);

/*
 * Replaces an option's value by n values (one, unless it is a list). False with a text in error
 * that names the value and what is accepted; the settings keep the old value then.
 */
bool option_set(struct settings *, const struct conf_option *, const char *const *values, size_t n,
    char error[OPTION_ERROR_SIZE]);

/* Gives an option its default. */
void option_preset(struct settings *, const struct conf_option *);

/* Prints "name = value" as config_load reads it. */
void option_print(const struct settings *, const struct conf_option *, FILE *);

/* Frees what the option holds. */
void option_clear(struct settings *, const struct conf_option *);

#endif
