/* SPDX-License-Identifier: ISC */
/*
 * command_completion - the words that may continue a command line of srsctl, for a shell.
 *
 * The files in contrib/completion call `srsctl complete WORD ...` and know no command and no option
 * themselves. So they cannot differ from the table of commands.
 */
#ifndef SRSD_CTL_COMMAND_COMPLETION_H
#define SRSD_CTL_COMMAND_COMPLETION_H

#include <stdio.h>

/* The command that only shells use. It is not in the table. */
#define COMMAND_COMPLETE "complete"

/*
 * Prints the words that may replace the last one of n words, which may be empty: each in a line,
 * followed by a tab and what it does, if anything is known about it. A line ":file" or ":directory"
 * stands for the names of files or directories. Bash passes "--option=value" as three words.
 */
void command_completion_print(FILE *out, int n, char *const *words);

#endif
