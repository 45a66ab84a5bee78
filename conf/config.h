/* SPDX-License-Identifier: ISC */
/*
 * config - read the configuration file, in the syntax of libconfuse, into settings.
 *
 * An unknown option, a value that is out of range or of the wrong type, and an option that is given
 * twice are errors. They name the file, the line, the option and the accepted values. A daemon that
 * runs with half of a configuration would seem to work.
 */
#ifndef CONF_CONFIG_H
#define CONF_CONFIG_H

#include <stddef.h>
#include <stdio.h>

#include "common/filebox.h"
#include "conf/settings.h"

#define CONFIG_ERROR_SIZE 2048

/*
 * Reads the file at path, and the domains file that it names, through a box; if box is NULL, from
 * the disk. Then applies n overrides of the form "name=value" or "spf.name=value" (option -o);
 * commas separate the values of a list. It does not read secrets or open sockets. The caller frees
 * the settings. NULL: error is one line of text.
 */
struct settings *config_load(struct filebox *box, const char *path, const char *const *overrides,
    size_t n, char error[CONFIG_ERROR_SIZE]);

/* The default settings, for a host without a file; srs-domain is empty. The caller frees them. */
struct settings *config_defaults(void);

/* Prints all settings in a form that config_load reads into equal ones. */
void config_print(const struct settings *s, FILE *out);

#endif
