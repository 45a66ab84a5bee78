/* SPDX-License-Identifier: ISC */
/*
 * command_line - the command, the options and the arguments of one call of srsctl.
 *
 * Options are accepted before and after the command. Before the command, a letter that a global
 * option has is that option: "srsctl -f FILE recent -f". "--" ends the options. "help COMMAND"
 * is another form of "COMMAND --help".
 *
 * The values of options are checked as command_table.h describes them; the number of arguments,
 * too. A command has to check only what depends on several of them.
 */
#ifndef SRSD_CTL_COMMAND_LINE_H
#define SRSD_CTL_COMMAND_LINE_H

#include <stdbool.h>
#include <stddef.h>

#include "srsd/ctl/command_table.h"

struct command_line_given; /* an option and its value */

struct command_line {
	char named[COMMAND_NAME_SIZE]; /* the words of a command that were given: "secret" */
	const struct command *command; /* NULL: these are no command; only with help or version */
	bool help;                     /* --help was given; then arguments may be missing */
	bool version;                  /* --version was given; the same */
	char *const *arguments;        /* words of argv */
	size_t n;
	/* For the functions below. */
	struct command_line_given *given;
	size_t n_given;
};

#define COMMAND_LINE_ERROR_SIZE 512

/*
 * Reads the words after argv[0], and changes their order. Returns true; or false with one printable
 * line in error that quotes the wrong word. command is then the one that was given, if any.
 * command_line_free frees what it has allocated, in both cases; argv must remain valid until then.
 */
bool command_line_parse(
    struct command_line *line, int argc, char **argv, char error[COMMAND_LINE_ERROR_SIZE]);
void command_line_free(struct command_line *line);

/*
 * True when the option was given. In these functions, option is the long name of an option of the
 * command, or of a global one; an unknown name aborts.
 */
bool command_line_has(const struct command_line *line, const char *option);

/* The value of the option, the last one if it was given several times; NULL: it was not given. */
const char *command_line_text(const struct command_line *line, const char *option);

/* The same for COMMAND_NUMBER; preset: it was not given. */
int command_line_number(const struct command_line *line, const char *option, int preset);

/* The i-th value of an option that may be given several times; NULL: there are no more. */
const char *command_line_each(const struct command_line *line, const char *option, size_t i);

/* The i-th argument; NULL: there are no more. */
const char *command_line_argument(const struct command_line *line, size_t i);

#endif
