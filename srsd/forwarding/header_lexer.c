/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "common/ascii.h"
#include "common/printable.h"
#include "srsd/forwarding/header_lexer.h"

void
header_lexer_init(struct header_lexer *lexer, struct text value)
{
	lexer->s = value.len == 0 ? "" : value.s;
	lexer->end = lexer->s + value.len;
}

bool
header_lexer_at_end(const struct header_lexer *lexer)
{
	return lexer->s == lexer->end;
}

static bool
is_next(const struct header_lexer *lexer, char c)
{
	return lexer->s < lexer->end && *lexer->s == c;
}

bool
header_lexer_skip(struct header_lexer *lexer, char c)
{
	if (!is_next(lexer, c))
		return false;
	lexer->s++;
	return true;
}

static void
skip_blanks(struct header_lexer *lexer)
{
	while (is_next(lexer, ' ') || is_next(lexer, '\t'))
		lexer->s++;
}

static bool
is_at_break(const struct header_lexer *lexer)
{
	return is_next(lexer, '\n') || is_next(lexer, '\r');
}

/* skip_folding - skip FWS, if there is any; false if a fold is invalid */
static bool
skip_folding(struct header_lexer *lexer)
{
	const char *blanks;

	skip_blanks(lexer);
	if (!is_at_break(lexer))
		return true;
	header_lexer_skip(lexer, '\r');
	if (!header_lexer_skip(lexer, '\n'))
		return false;
	blanks = lexer->s;
	skip_blanks(lexer);
	return lexer->s > blanks && lexer->s < lexer->end && !is_at_break(lexer);
}

/* skip_character - skip a visible character; false if the next bytes are not one */
static bool
skip_character(struct header_lexer *lexer)
{
	size_t n;

	if (lexer->s == lexer->end)
		return false;
	n = printable_utf8_length(lexer->s, (size_t)(lexer->end - lexer->s));
	if (n == 0 || (n == 1 && !ascii_isgraph(*lexer->s)))
		return false;
	lexer->s += n;
	return true;
}

/* skip_pair - skip the character after a backslash, which may be a blank */
static bool
skip_pair(struct header_lexer *lexer)
{
	return header_lexer_skip(lexer, ' ') || header_lexer_skip(lexer, '\t') ||
	       skip_character(lexer);
}

/* skip_comment - skip a comment after its first parenthesis */
static bool
skip_comment(struct header_lexer *lexer)
{
	int depth = 1;

	while (depth > 0) {
		if (!skip_folding(lexer))
			return false;
		if (header_lexer_skip(lexer, '(')) {
			if (++depth > HEADER_LEXER_NESTING_MAX)
				return false;
		} else if (header_lexer_skip(lexer, ')')) {
			depth--;
		} else if (header_lexer_skip(lexer, '\\')) {
			if (!skip_pair(lexer))
				return false;
		} else if (!skip_character(lexer)) {
			return false;
		}
	}
	return true;
}

bool
header_lexer_skip_cfws(struct header_lexer *lexer, bool *found)
{
	const char *start = lexer->s;

	do {
		if (!skip_folding(lexer))
			return false;
		if (found != NULL)
			*found = lexer->s > start;
		if (!header_lexer_skip(lexer, '('))
			return true;
	} while (skip_comment(lexer));
	return false;
}

/* skip_quoted - skip a quoted-string after its first quote */
static bool
skip_quoted(struct header_lexer *lexer)
{
	while (skip_folding(lexer)) {
		if (header_lexer_skip(lexer, '"'))
			return true;
		if (header_lexer_skip(lexer, '\\') ? !skip_pair(lexer) : !skip_character(lexer))
			return false;
	}
	return false;
}

bool
header_lexer_read_quoted(struct header_lexer *lexer, struct text *raw)
{
	struct header_lexer rest = *lexer;

	if (!header_lexer_skip(&rest, '"') || !skip_quoted(&rest))
		return false;
	raw->s = lexer->s;
	raw->len = (size_t)(rest.s - lexer->s);
	*lexer = rest;
	return true;
}

struct text
header_lexer_read_while(struct header_lexer *lexer, bool (*is_member)(char c))
{
	struct text text = { lexer->s, 0 };

	while (lexer->s < lexer->end && is_member(*lexer->s) && skip_character(lexer))
		text.len = (size_t)(lexer->s - text.s);
	return text;
}

bool
header_lexer_is_atext(char c)
{
	return ascii_isalnum(c) || (unsigned char)c >= 0x80 ||
	       (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", c) != NULL);
}

/* is_quoted_whole - is the text one quoted-string, rather than a part of it? */
static bool
is_quoted_whole(struct text raw)
{
	struct header_lexer lexer;
	struct text quoted;

	header_lexer_init(&lexer, raw);
	return header_lexer_read_quoted(&lexer, &quoted) && header_lexer_at_end(&lexer);
}

bool
header_lexer_unquote(char *buf, size_t size, struct text raw)
{
	bool is_quoted = is_quoted_whole(raw);
	size_t i = is_quoted, end = raw.len - is_quoted, n = 0;

	for (; i < end; i++) {
		if (is_quoted && (raw.s[i] == '\r' || raw.s[i] == '\n'))
			continue;
		if (is_quoted && raw.s[i] == '\\')
			i++;
		if (n + 1 >= size) {
			buf[0] = '\0';
			return false;
		}
		buf[n++] = raw.s[i];
	}
	buf[n] = '\0';
	return true;
}
