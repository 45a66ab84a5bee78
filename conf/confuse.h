/* SPDX-License-Identifier: ISC */
/*
 * confuse - text in libconfuse's syntax, strictly: our own configuration, and postsrsd 2's.
 *
 * An unknown option, a section or a comment that is not closed, and where that is wanted an option
 * that is given twice, are errors which name file and line. Values are handed on as text.
 *
 * BUGS of libconfuse 3.3 that are dealt with here: it miscounts the lines of comments, takes the
 * end of the file for the end of a section or of a comment, and lets a list begin anew.
 */
#ifndef CONF_CONFUSE_H
#define CONF_CONFUSE_H

#include <stdbool.h>
#include <stddef.h>

struct confuse_option {
	const char *section; /* NULL, or the name of the one section that there is */
	const char *name;
	bool list;
};

#define CONFUSE_WHY_SIZE 512

/*
 * Called for each option that the text sets, with its number in the table, its line and its values:
 * one, unless it is a list. Lists come last. False, with what is wrong in why, ends the parsing.
 */
typedef bool confuse_fn(void *arg, size_t number, int line, const char *const *values, size_t n,
    char why[CONFUSE_WHY_SIZE]);

/*
 * Parses a text that ends with NUL; path is for the errors. once: an option that is given twice is
 * an error; else the last one counts. False with one line in error.
 */
bool confuse_parse(const char *text, const char *path, const struct confuse_option *, size_t n,
    bool once, confuse_fn *, void *arg, char *error, size_t size);

#endif
