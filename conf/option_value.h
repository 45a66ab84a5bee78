/* SPDX-License-Identifier: ISC */
/*
 * option_value - the value of an option: parse it, print it, and free it.
 *
 * All of this follows from the type of the option, and works for any row of the table.
 */
#ifndef CONF_OPTION_VALUE_H
#define CONF_OPTION_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "common/ipaddr.h"
#include "conf/option.h"
#include "conf/settings.h"

#define OPTION_ERROR_SIZE 512

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
