/* SPDX-License-Identifier: ISC */
/*
 * command_table - the commands of srsctl: their arguments, their options, and their purpose.
 *
 * Pure. One row per command is the source for parsing (command_line.h), for help (command_help.h),
 * and for completion (command_completion.h).
 */
#ifndef SRSD_CTL_COMMAND_TABLE_H
#define SRSD_CTL_COMMAND_TABLE_H

#include <stdbool.h>
#include <stddef.h>

/* The value of an option or of an argument. The command line is refused if it is not valid. */
enum command_value {
	COMMAND_FLAG, /* an option without a value */
	COMMAND_TEXT,
	COMMAND_NUMBER, /* from min to max */
	COMMAND_IP,     /* an IPv4 or IPv6 address */
	COMMAND_CHOICE, /* one of the words that its name lists, separated by '|' */
	/* These two are accepted as COMMAND_TEXT. Completion offers names of files. */
	COMMAND_FILE,
	COMMAND_DIRECTORY,
};

struct command_option {
	const char *name; /* without its two hyphens */
	char letter;      /* the short form; '\0': it has none */
	enum command_value type;
	const char *value; /* the name of its value; NULL for COMMAND_FLAG */
	int min, max;      /* for COMMAND_NUMBER */
	const char *text;  /* what it does, in a few words */
};

#define COMMAND_FORMS_MAX 3

/* The name of a command with its NUL. */
#define COMMAND_NAME_SIZE 32

/* The command that command_line.h replaces with --help. */
#define COMMAND_HELP "help"

struct command {
	const char *name; /* a word, or two with a blank: "secret list" */
	const char *text; /* what it is for, in a few words */
	/* The arguments in its usage; NULL ends them. "" is the form without arguments. */
	const char *forms[COMMAND_FORMS_MAX + 1];
	unsigned least, most;         /* the number of arguments */
	enum command_value arguments; /* COMMAND_TEXT, or COMMAND_FILE for completion */
	const struct command_option
	    *options; /* in the order of their names; a NULL name ends them */
};

/* All commands, in the order of their names. */
extern const struct command command_table[];
extern const size_t command_count;

/*
 * The options of all commands. After a command that uses the same letter, the letter has the
 * meaning of that command.
 */
extern const struct command_option command_globals[];

/* True when the name of a command is words, or begins with them. */
bool command_begins_with(const struct command *command, const char *words);

/* The option with this long name, or with this letter; NULL: the list does not have it. */
const struct command_option *command_option_named(
    const struct command_option *options, const char *name);
const struct command_option *command_option_lettered(
    const struct command_option *options, char letter);

#endif
