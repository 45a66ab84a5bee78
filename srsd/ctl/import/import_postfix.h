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
#include <sys/queue.h>

#include "conf/settings.h"

/* What is imported. */
struct import_postfix {
	const struct settings *settings;
	bool postsrsd;    /* its maps */
	bool policyd_spf; /* its policy service */
	const char *dir;  /* of main.cf and master.cf; NULL: the default of postconf(1) */
};

enum import_step_kind {
	STEP_TEXT,    /* a sentence for the operator */
	STEP_LINE,    /* belongs to the sentence: an example, or a setting to edit by hand */
	STEP_COMMAND, /* for the shell */
};

struct import_step {
	STAILQ_ENTRY(import_step) entry;
	enum import_step_kind kind;
	char *text; /* printable */
};
STAILQ_HEAD(import_steps, import_step);

/*
 * Adds the commands for this host to an empty list. If the configuration of Postfix cannot be read,
 * the reason and the usual commands.
 */
void import_postfix_plan(const struct import_postfix *what, struct import_steps *steps);

/* Prints them as comments. */
void import_postfix_print(const struct import_steps *steps, FILE *out);

/* Frees the steps. The list is empty then. */
void import_postfix_clear(struct import_steps *steps);

#endif
