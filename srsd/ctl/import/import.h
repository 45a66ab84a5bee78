/* SPDX-License-Identifier: ISC */
/*
 * import - a configuration of ours that is made of others' files: for each option its value, where
 * it came from and what is to be said of it, and what could not be carried over.
 *
 * The value is always the one that keeps what happened until now. Where that is not what the file
 * says, or what its author may have meant, the other value is offered beside it, as a choice.
 */
#ifndef SRSD_CTL_IMPORT_IMPORT_H
#define SRSD_CTL_IMPORT_IMPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "conf/settings.h"

struct import;

struct import *import_new(void);
void import_free(struct import **);

/* The secrets-file as it is at the moment; it is the import's. */
const char *import_secrets_file(const struct import *import);

/*
 * Names a copy of the secrets-file in its place, and says so. For a file with the same bytes only:
 * that is the caller's to find out. A name that no configuration can hold changes nothing.
 */
void import_use_copy(struct import *import, const char *copy);

/* Sets right what concerns several options; once, when all files are read. */
void import_complete(struct import *);

/* How many choices are open. */
size_t import_choices(const struct import *);

/* Prints a whole configuration file. */
void import_print(const struct import *, FILE *);

/*
 * Prints only where settings differ from what was imported, and what there is to say. Returns how
 * many options differ.
 */
size_t import_print_differences(const struct import *, const struct settings *, FILE *);

#endif
