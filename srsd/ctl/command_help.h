/* SPDX-License-Identifier: ISC */
/*
 * command_help - the help of srsctl, from the table of commands.
 */
#ifndef SRSD_CTL_COMMAND_HELP_H
#define SRSD_CTL_COMMAND_HELP_H

#include <stdbool.h>
#include <stdio.h>

#include "srsd/ctl/command_table.h"

/*
 * Prints help for the command with this name; for words that only begin names, such as "" and
 * "secret", the list of these commands. Returns false, and prints nothing, when no command begins
 * with them.
 */
bool command_help_print(FILE *out, const char *words);

/* Prints the usage of a command, one line for each form; NULL: that of srsctl. */
void command_help_usage(FILE *out, const struct command *command);

#endif
