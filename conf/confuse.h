/* SPDX-License-Identifier: ISC */
/*
 * confuse - parse text in the syntax of libconfuse strictly. The only user of libconfuse.
 *
 * It reads the configuration of srsd, and that of postsrsd 2. Errors name the file and the line:
 * unknown options, sections and comments that are not closed, and, if the caller wants it, options
 * that are given twice. Values are passed as text.
 *
 * BUGS: this file works around three bugs of libconfuse 3.3. It counts the lines of comments
 * wrongly, it accepts the end of the file as the end of a section or of a comment, and it accepts a
 * second assignment to a list. Also, a section of libconfuse either needs a title or must not have
 * one, so that sections with a title get another name before the text is parsed.
 */
#ifndef CONF_CONFUSE_H
#define CONF_CONFUSE_H

#include <stdbool.h>
#include <stddef.h>

struct confuse_option {
	const char *section; /* NULL, or the name of the only section */
	const char *name;
	bool list;
	bool titled; /* also accepted in a section with a title: NAME "TITLE" { } */
};

#define CONFUSE_WHY_SIZE 512

/*
 * Called for each option that the text sets, with its index in the options of the grammar, its line
 * and its n values: one, unless it is a list. The values are valid during the call. Lists come
 * last, and once each. False ends the parsing, with the reason in why.
 */
typedef bool confuse_fn(void *arg, size_t number, int line, const char *const *values, size_t n,
    char why[CONFUSE_WHY_SIZE]);

/*
 * Called for each section with a title, before set_titled is called for the options in it. line is
 * that of its opening brace, or of its end if it has no options. False ends the parsing.
 */
typedef bool confuse_open_fn(void *arg, const char *title, int line, char why[CONFUSE_WHY_SIZE]);

/*
 * Called for an option outside of the section that the grammar does not have, with its name, as
 * confuse_fn is called for a list.
 */
typedef void confuse_unknown_fn(
    void *arg, const char *name, int line, const char *const *values, size_t n);

/* More unknown options in a text are an error. */
#define CONFUSE_UNKNOWN_MAX 32

struct confuse_grammar {
	const struct confuse_option *options;
	size_t n;
	bool once; /* an option that is given twice is an error; otherwise the last one counts */
	confuse_fn *set; /* called with arg */
	void *arg;
	/* If the section may have titles, once for each of them; NULL: it has none. */
	confuse_open_fn *open;
	confuse_fn *set_titled;      /* lists come last in each section */
	confuse_unknown_fn *unknown; /* NULL: an unknown option is an error */
	/* The manual of the options, which such an error names; or NULL. */
	const char *manual;
};

/*
 * Parses a text that ends with a NUL. path is the name of the file in errors. False: error, of size
 * bytes, is one line of text. If the grammar has unknown, no function is called for such a text.
 */
bool confuse_parse(const struct confuse_grammar *grammar, const char *text, const char *path,
    char *error, size_t size);

#endif
