/* SPDX-License-Identifier: ISC */
/*
 * import_policyd_spf - policyd-spf.conf of policyd-spf (spf-engine 3.0.4): what it says, and what
 * policyd-spf made of it, which for many a spelling is not the same.
 *
 * That program goes on with what it does not understand: a value in another case than the one it
 * knows, an unknown name, a list with a blank in it switch something off, without a word but in a
 * debug log. Each such line becomes a choice.
 */
#ifndef SRSD_CTL_IMPORT_IMPORT_POLICYD_SPF_H
#define SRSD_CTL_IMPORT_IMPORT_POLICYD_SPF_H

#include "srsd/ctl/import/import.h"

/* Takes over a file; its text ends with NUL. */
void import_policyd_spf(struct import *, const char *file, const char *text);

#endif
