/* SPDX-License-Identifier: ISC */
/*
 * import_postfix - the commands that replace the old programs with srsd in the configuration of
 * Postfix
 *
 * They are comments in the new configuration, and srsctl runs none of them.
 */
#ifndef SRSD_CTL_IMPORT_IMPORT_POSTFIX_H
#define SRSD_CTL_IMPORT_IMPORT_POSTFIX_H

#include <stdbool.h>
#include <stdio.h>

#include "conf/settings.h"

/* What is imported. */
struct import_postfix {
	const struct settings *settings;
	bool postsrsd;    /* its maps */
	bool policyd_spf; /* its policy service */
	const char *dir;  /* of main.cf and master.cf; NULL: the default of postconf(1) */
};

/*
 * Prints the commands for this host. If the configuration of Postfix cannot be read, the reason and
 * the usual commands.
 */
void import_postfix_print(const struct import_postfix *what, FILE *out);

#endif
