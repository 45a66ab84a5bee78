/* SPDX-License-Identifier: ISC */
/* import_print - print an import as a configuration file. Pure. */
#ifndef SRSD_CTL_IMPORT_IMPORT_PRINT_H
#define SRSD_CTL_IMPORT_IMPORT_PRINT_H

#include <stdio.h>

#include "srsd/ctl/import/import.h"

enum import_form {
	IMPORT_WHOLE, /* all options */
	IMPORT_SHORT, /* those that differ from the defaults or have an open remark */
};

/* Prints the configuration file. */
void import_print(const struct import *import, enum import_form form, FILE *out);

/* Prints the settings that are not carried over, with the reasons, as comments. */
void import_print_skipped(const struct import *import, FILE *out);

#endif
