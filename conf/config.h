/* SPDX-License-Identifier: ISC */
/*
 * config - the configuration file, in libconfuse's syntax, made into settings.
 *
 * Strict: an unknown option, a value out of range, an option given twice and a value of the wrong
 * kind are errors that name file, line, option and what is accepted. (A daemon that goes on with
 * half of a configuration looks as if it worked.)
 */
#ifndef CONF_CONFIG_H
#define CONF_CONFIG_H

#include <stddef.h>
#include <stdio.h>

#include "common/filebox.h"
#include "conf/settings.h"

#define CONFIG_ERROR_SIZE 2048

/*
 * Reads the file and the domains file it names, through a box (NULL: from the disk), then applies n
 * overrides "name=value" or "spf.name=value" (-o; values of a list between commas). The caller owns
 * the settings. NULL with one line in error. Reads no secrets, binds nothing.
 */
struct settings *config_load(struct filebox *, const char *path, const char *const *overrides,
    size_t n, char error[CONFIG_ERROR_SIZE]);

/* The defaults alone, for who has no file: srs-domain is empty. The caller owns them. */
struct settings *config_defaults(void);

/* Prints all settings in a form that config_load reads back to the same ones. */
void config_print(const struct settings *, FILE *);

#endif
