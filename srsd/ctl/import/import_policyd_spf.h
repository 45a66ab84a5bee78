/* SPDX-License-Identifier: ISC */
/*
 * import_policyd_spf - reads policyd-spf.conf of policyd-spf (spf-engine 3.0.4)
 *
 * Pure. policyd-spf continues when it does not understand something. A value in other letters than
 * it expects, an unknown name, or a space in a list disables a check, and only a debug log mentions
 * it. Each such line becomes a choice.
 */
#ifndef SRSD_CTL_IMPORT_IMPORT_POLICYD_SPF_H
#define SRSD_CTL_IMPORT_IMPORT_POLICYD_SPF_H

#include "srsd/ctl/import/import.h"

/* Imports the text of a file. file is its path; text ends with NUL. */
void import_policyd_spf(struct import *import, const char *file, const char *text);

#endif
