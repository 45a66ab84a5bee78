/* SPDX-License-Identifier: ISC */
/*
 * header_lexer - the tokens of structured header fields: RFC 5322, 3.2, with the UTF-8 of RFC 6532.
 * Pure.
 *
 * Strict: no obsolete forms, no control characters, no invalid UTF-8. A line break is LF or CRLF
 * and begins a folded line that has more than blanks. The value of a field has no final line break.
 */
#ifndef SRSD_FORWARDING_HEADER_LEXER_H
#define SRSD_FORWARDING_HEADER_LEXER_H

#include <stdbool.h>
#include <stddef.h>

#include "common/text.h"

/* Comments in comments, the outer one included. */
#define HEADER_LEXER_NESTING_MAX 8

struct header_lexer {
	const char *s; /* the next byte */
	const char *end;
};

/* Begins to read a value, which must outlive the lexer. */
void header_lexer_init(struct header_lexer *lexer, struct text value);

/* True if all bytes are used. */
bool header_lexer_at_end(const struct header_lexer *lexer);

/* Skips c, if it is the next byte. False: it is not. */
bool header_lexer_skip(struct header_lexer *lexer, char c);

/*
 * Skips blanks, folds and comments, if there are any. *found, unless NULL, is true if there was at
 * least one. False: a comment or a fold is invalid, or the comments are nested too deeply.
 */
bool header_lexer_skip_cfws(struct header_lexer *lexer, bool *found);

/*
 * Reads a quoted-string. *raw has its quotes and backslashes. False: the next bytes are not one, or it
 * is invalid or not closed. Then nothing is read.
 */
bool header_lexer_read_quoted(struct header_lexer *lexer, struct text *raw);

/* Reads the longest text of valid characters of which each byte has is_member(). May be empty. */
struct text header_lexer_read_while(struct header_lexer *lexer, bool (*is_member)(char c));

/* True for a character of an atom (RFC 5322, 3.2.3), or a byte above 0x7f. */
bool header_lexer_is_atext(char c);

/*
 * Copies a raw quoted-string without its quotes, backslashes and folds, or another text as it is,
 * and adds a NUL. False if it does not fit: buf is then "".
 */
bool header_lexer_unquote(char *buf, size_t size, struct text raw);

#endif
