/* SPDX-License-Identifier: ISC */
/*
 * import_policyd_spf - reads policyd-spf.conf of policyd-spf (spf-engine 3.0.4 and 3.1.0)
 *
 * Pure. policyd-spf continues when it does not understand something. A value in the wrong
 * case, an unknown name, or a space in a list disables a check, and only a debug log mentions it.
 * Each such line becomes a choice.
 *
 * Each line of the file of Per_User becomes a section spf "ADDRESS" { }.
 */
#ifndef SRSD_CTL_IMPORT_IMPORT_POLICYD_SPF_H
#define SRSD_CTL_IMPORT_IMPORT_POLICYD_SPF_H

#include "srsd/ctl/import/import.h"

/*
 * Reads a file that a configuration names. Returns its text, which the caller frees, or NULL with the
 * reason in *why, a static text.
 */
typedef char *import_read_fn(const char *path, const char **why);

/*
 * Imports the text of a file, and of the file of Per_User that it names. file is its path; text ends
 * with NUL.
 */
void import_policyd_spf(
    struct import *import, const char *file, const char *text, import_read_fn *read_file);

#endif
