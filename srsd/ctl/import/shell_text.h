/* SPDX-License-Identifier: ISC */
/*
 * shell_text - the assignments in a file such as /etc/default/postsrsd, read without running it
 *
 * Pure. These statements are understood, one on each line or several separated by semicolons:
 *
 *     NAME=value           with the quotes of sh(1): '...', "..." and \
 *     export NAME=value    the same
 *     export NAME          changes no value, and is not reported
 *     # comment
 *
 * Any other statement is reported as it is written, and its effect is not guessed. That includes an
 * assignment of $NAME, of a command substitution or of an unquoted ~, and an assignment with
 * further words on its line, which sh(1) runs as a command.
 *
 * If such a statement consists of nothing but words, it does not affect how the lines below it are
 * read. Anything else, such as "if", a parenthesis, "&&" or an open quote, may begin a block. From
 * there to the end of the file, no line is understood.
 */
#ifndef SRSD_CTL_IMPORT_SHELL_TEXT_H
#define SRSD_CTL_IMPORT_SHELL_TEXT_H

struct shell_statement {
	unsigned line;     /* on which it begins, from 1 */
	const char *text;  /* as written, without blanks and a comment after it */
	const char *name;  /* of the variable; NULL: the statement is not understood */
	const char *value; /* without its quotes; NULL: the statement is not understood */
	unsigned block;    /* the line above that may begin a block; 0: no such line */
};

/* Receives one statement. The statement and its texts are valid only during the call. */
typedef void shell_statement_fn(void *arg, const struct shell_statement *statement);

/* Calls fn with arg for each statement of a NUL-terminated text, in order. */
void shell_text_read(const char *text, shell_statement_fn *fn, void *arg);

#endif
