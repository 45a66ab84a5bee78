/* SPDX-License-Identifier: ISC */
/*
 * printable - make untrusted text safe for a log line, a reply or a terminal. Pure.
 */
#ifndef COMMON_PRINTABLE_H
#define COMMON_PRINTABLE_H

#include <stdbool.h>
#include <stddef.h>

/* The maximum length of an untrusted value in the log, in bytes. */
#define PRINTABLE_MAX 200
#define PRINTABLE_SIZE (PRINTABLE_MAX + 1)

/*
 * Copies at most size - 1 bytes of src to dst, and adds a NUL. A '?' replaces each byte that is not
 * visible ASCII, and '<' and '>'. A log line consists of key=value fields between blanks, with
 * addresses in angle brackets, so a value cannot end its field. A text that is cut ends in "...".
 * size > 0. src may be NULL if len is 0. Returns dst.
 */
char *printable(char *dst, size_t size, const char *src, size_t len);

/* The same for a text that is not a field of a line: blanks and angle brackets remain. */
char *printable_text(char *dst, size_t size, const char *src, size_t len);

/*
 * Makes a text safe for a terminal, in place, and returns it. Valid UTF-8 remains, except that a
 * '?' replaces each control character (C0, DEL and C1) and each character that is invisible, or
 * that reorders or joins the characters around it. A '?' also replaces each invalid byte.
 */
char *printable_utf8(char *text);

/*
 * The number of bytes of the UTF-8 character (RFC 3629) at the start of len > 0 bytes, or 0 if they
 * do not begin with one. A surrogate counts as a character of three bytes.
 */
size_t printable_utf8_length(const char *s, size_t len);

/* True if one of len bytes is a control character of ASCII. s may be NULL if len is 0. */
bool printable_has_control(const char *s, size_t len);

/* Replaces control characters with '?', in place, so that the text is one line. Returns it. */
char *printable_line(char *text);

#endif
