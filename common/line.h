/* SPDX-License-Identifier: ISC */
/*
 * line - a line for the log, or of a header, put together piece by piece, without a format string
 * to interpret: some are written for every request, and printf(3) would be a good part of its
 * cost. What does not fit any more is left out.
 */
#ifndef COMMON_LINE_H
#define COMMON_LINE_H

#include <stddef.h>

#define LINE_SIZE 1600

struct line {
	size_t len;
	char text[LINE_SIZE]; /* no NUL at the end */
};

/* Begins a line anew, with text: visible characters and blanks, as all of our own words. */
void line_begin(struct line *, const char *text);

/* Appends our own words. */
void line_put(struct line *, const char *text);

/* Appends somebody else's, made printable and cut at PRINTABLE_MAX bytes. */
void line_put_untrusted(struct line *, const char *, size_t len);

void line_put_number(struct line *, unsigned long long);

#endif
