/* SPDX-License-Identifier: ISC */
/*
 * shell_text - what a file of shell assignments such as /etc/default/postsrsd sets, without running
 * it.
 *
 * Quotes, backslashes, comments, continued lines and $NAME of a variable that the file itself has
 * set are understood as sh(1) does (POSIX.1-2017, 2.2 to 2.10). Commands, substitutions and
 * conditions are told, and not followed: a file that is read as root must not do anything.
 */
#ifndef SRSD_CTL_IMPORT_SHELL_TEXT_H
#define SRSD_CTL_IMPORT_SHELL_TEXT_H

enum shell_kind {
	SHELL_SET,     /* name has this value from here on */
	SHELL_UNKNOWN, /* name gets a value that only running the file would tell */
	SHELL_MAYBE,   /* name gets this value under a condition, or in a function */
	SHELL_FOR,     /* NAME=VALUE COMMAND: name has this value for the command alone */
	SHELL_COMMAND, /* something else than an assignment; it has no name and no value */
};

struct shell_item {
	enum shell_kind kind;
	unsigned line;     /* where it begins */
	const char *name;  /* of the variable */
	const char *value; /* without its quotes; what is known of it */
	const char
	    *text; /* SHELL_FOR, SHELL_COMMAND: the command; else the assignment as written */
};

/* The item and its texts last as long as the call. */
typedef void shell_fn(void *arg, const struct shell_item *);

/* Calls fn for each assignment and each command of a text, in their order. */
void shell_text_read(const char *text, shell_fn *, void *arg);

#endif
