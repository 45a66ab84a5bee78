/* SPDX-License-Identifier: ISC */
/*
 * import - a configuration for srsd, built from the configuration files of other programs
 *
 * Pure. For each option of srsd it holds the value, the place that the value comes from, and
 * remarks. It also lists the settings that could not be carried over.
 *
 * The value of an option is always the one that keeps the old behaviour. The other program may have
 * done something else than its file says. Then the value that the file asks for is added as an
 * alternative, and the operator has to choose.
 *
 * The readers, import_policyd_spf.h and import_postsrsd.h, fill it through import_options.h.
 */
#ifndef SRSD_CTL_IMPORT_IMPORT_H
#define SRSD_CTL_IMPORT_IMPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "conf/settings.h"

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
 * Replaces secrets-file by the path of a copy and records that as its origin. The caller has
 * compared the two files. If srsd does not accept the path, it is listed as skipped.
 */
void import_use_copy(struct import *import, const char *copy);

/* The number of alternatives that the operator has to choose from. */
size_t import_choices(const struct import *import);

/* The number of import_set_unknown's remarks. */
size_t import_unknowns(const struct import *import);

/* Prints the whole configuration file. */
void import_print(const struct import *import, FILE *out);

/*
 * Prints the imported options that differ from the settings, the choices that may be open, the
 * unknown values, and the settings that are not carried over. Returns the number of options that
 * differ. A value that was an alternative does not count as different.
 */
size_t import_print_differences(
    const struct import *import, const struct settings *settings, FILE *out);

#endif
