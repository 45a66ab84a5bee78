/* SPDX-License-Identifier: ISC */
/*
 * printable - untrusted text for a log line or a reply.
 *
 * Log lines are key=value fields between blanks, so a value must not be able to end its field or
 * its line: everything but visible ASCII becomes '?', and so do '<' and '>', which bracket
 * addresses.
 */
#ifndef COMMON_PRINTABLE_H
#define COMMON_PRINTABLE_H

#include <stddef.h>

/* Untrusted values are cut after this many bytes in the log (interface: 200). */
#define PRINTABLE_MAX 200
#define PRINTABLE_SIZE (PRINTABLE_MAX + 1)

/*
 * Copies at most size - 1 bytes of src, made visible, to dst and ends it with a NUL. A text that
 * is cut ends in "...". Returns dst.
 */
char *printable(char *dst, size_t size, const char *src, size_t len);

/* The same for a text that is a line to itself: blanks and brackets stay. */
char *printable_text(char *dst, size_t size, const char *src, size_t len);

/*
 * A text for a terminal, in place: UTF-8 stays, but what is invalid, control characters (those of
 * C1 too) and characters without a shape of their own that change how others are shown (Unicode's
 * directional, joining, tag and invisible ones) become a '?' each. Returns it.
 */
char *printable_utf8(char *text);

/* A text in place: control characters become '?', so that it is one line. Returns it. */
char *printable_line(char *text);

#endif
