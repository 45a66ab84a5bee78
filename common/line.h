/* SPDX-License-Identifier: ISC */
/*
 * line - a line of the log or of a header, built from pieces. Pure.
 *
 * Some lines are written for every request, and printf(3) would be a large part of the cost of a
 * request. Bytes that do not fit are dropped.
 */
#ifndef COMMON_LINE_H
#define COMMON_LINE_H

#include <stddef.h>
#include <string.h>

#define LINE_SIZE 1600

struct line {
	size_t len;
	char text[LINE_SIZE]; /* no NUL at the end */
};

/* Replaces the line with text, which must consist of visible characters and blanks. */
void line_begin(struct line *line, const char *text);

/* Appends len bytes of the same kind. */
void line_put_bytes(struct line *line, const char *text, size_t len);

/*
 * The same with a NUL-terminated text. Inline, so that the length of a literal is constant, and a
 * short one is copied without a call.
 */
static inline void
line_put(struct line *line, const char *text)
{
	size_t len = strlen(text);

	if (len > sizeof(line->text) - line->len) {
		line_put_bytes(line, text, len);
		return;
	}
	memcpy(line->text + line->len, text, len);
	line->len += len;
}

/* Appends untrusted text, made printable and cut after PRINTABLE_MAX bytes (common/printable.h). */
void line_put_untrusted(struct line *line, const char *text, size_t len);

/* Appends a number in decimal. */
void line_put_number(struct line *line, unsigned long long number);

#endif
