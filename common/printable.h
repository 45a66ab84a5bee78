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
 * Makes a text fit for a terminal, in place, and returns it. Valid UTF-8 stays, except that a '?'
 * replaces each control character (C0, DEL and C1) and each character that is invisible, or that
 * reorders or joins the characters around it. A '?' replaces each invalid byte as well.
 */
char *printable_utf8(char *text);

/* A text in place: control characters become '?', so that it is one line. Returns it. */
char *printable_line(char *text);

#endif
