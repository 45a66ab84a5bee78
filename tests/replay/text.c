/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/ascii.h"
#include "common/xmalloc.h"
#include "tests/replay/text.h"

/* Bytes of a text that are shown. */
#define SHOWN_MAX 1000

static bool
put(struct text_pattern *text, uint16_t c, const char **error)
{
	if (text->n == TEXT_MAX) {
		*error = "the text is too long";
		return false;
	}
	/* The size is doubled each time it is used up. */
	if ((text->n & (text->n - 1)) == 0)
		text->c = xreallocarray(text->c, text->n == 0 ? 1 : 2 * text->n, sizeof(*text->c));
	text->c[text->n++] = c;
	return true;
}

/* read_hex - the two digits of \xHH */
static bool
read_hex(struct text_pattern *text, const char **s, const char *end, const char **error)
{
	int high = end - *s < 2 ? -1 : ascii_hex((*s)[0]);
	int low = high == -1 ? -1 : ascii_hex((*s)[1]);

	if (low == -1) {
		*error = "\\x without two hexadecimal digits";
		return false;
	}
	*s += 2;
	return put(text, (uint16_t)(high << 4 | low), error);
}

/* read_escape - the byte of an escape, after its backslash */
static bool
read_escape(struct text_pattern *text, const char **s, const char *end, const char **error)
{
	static const char names[] = "nrt\\\"*0", bytes[] = "\n\r\t\\\"*\0";
	const char *name = *s < end && **s != '\0' ? strchr(names, **s) : NULL;

	if (*s < end && **s == 'x') {
		++*s;
		return read_hex(text, s, end, error);
	}
	if (name == NULL) {
		*error = "no such escape";
		return false;
	}
	++*s;
	return put(text, (uint16_t)bytes[name - names], error);
}

static bool
read_plain(struct text_pattern *text, const char *s, const char *end, const char **error)
{
	while (s < end) {
		char c = *s++;

		if (c == '\\' ? !read_escape(text, &s, end, error)
			      : !put(text, c == '*' ? TEXT_ANY : (unsigned char)c, error))
			return false;
	}
	return true;
}

/* read_repeated - N{text}, after its \@ */
static bool
read_repeated(struct text_pattern *text, const char **s, const char *end, const char **error)
{
	const char *open = memchr(*s, '{', (size_t)(end - *s)), *close;
	unsigned long n = 0;

	while (open != NULL && *s < open && **s >= '0' && **s <= '9' && n <= TEXT_MAX)
		n = 10 * n + (unsigned long)(*(*s)++ - '0');
	close = open == NULL || open != *s ? NULL : memchr(open, '}', (size_t)(end - open));
	if (close == NULL || n > TEXT_MAX) {
		*error = "\\@ wants a number and {text}";
		return false;
	}
	*s = close + 1;
	for (; n > 0 && close > open + 1; n--)
		if (!read_plain(text, open + 1, close, error))
			return false;
	return true;
}

static bool
read_all(struct text_pattern *text, const char *s, const char *end, const char **error)
{
	const char *at;

	while (s < end) {
		for (at = s; at < end && (*at != '\\' || at + 1 == end || at[1] != '@'); at++)
			if (*at == '\\' && at + 1 < end)
				at++;
		if (at > end)
			at = end;
		if (!read_plain(text, s, at, error))
			return false;
		s = at + 2;
		if (at < end && !read_repeated(text, &s, end, error))
			return false;
	}
	return true;
}

bool
text_read(struct text_pattern *text, const char *s, size_t len, const char **error)
{
	memset(text, 0, sizeof(*text));
	if (read_all(text, s, s + len, error))
		return true;
	text_free(text);
	return false;
}

void
text_free(struct text_pattern *text)
{
	free(text->c);
	memset(text, 0, sizeof(*text));
}

bool
text_matches(const struct text_pattern *text, const char *data, size_t len)
{
	size_t t = 0, d = 0, any = SIZE_MAX, from = 0;

	while (d < len) {
		if (t < text->n && text->c[t] == TEXT_ANY) {
			any = t++;
			from = d;
		} else if (t < text->n && text->c[t] == (unsigned char)data[d]) {
			t++;
			d++;
		} else if (any != SIZE_MAX) { /* the wildcard matches one more byte */
			t = any + 1;
			d = ++from;
		} else {
			return false;
		}
	}
	while (t < text->n && text->c[t] == TEXT_ANY)
		t++;
	return t == text->n;
}

char *
text_bytes(const char *s, size_t len, size_t *n, const char **error)
{
	struct text_pattern text;
	char *bytes;

	if (!text_read(&text, s, len, error))
		return NULL;
	bytes = xmalloc(text.n + 1);
	for (*n = 0; *n < text.n && text.c[*n] != TEXT_ANY; ++*n)
		bytes[*n] = (char)text.c[*n];
	bytes[*n] = '\0';
	if (*n < text.n) {
		*error = "a wildcard is for what is expected; write \\*";
		free(bytes);
		bytes = NULL;
	}
	text_free(&text);
	return bytes;
}

static size_t
show_byte(char *to, char c)
{
	switch (c) {
	case '\n':
		return (size_t)sprintf(to, "\\n");
	case '\r':
		return (size_t)sprintf(to, "\\r");
	case '\t':
		return (size_t)sprintf(to, "\\t");
	case '\\':
		return (size_t)sprintf(to, "\\\\");
	default:
		return (size_t)sprintf(
		    to, c >= ' ' && c < 0x7f ? "%c" : "\\x%02x", (unsigned char)c);
	}
}

char *
text_show(const char *data, size_t len)
{
	char *shown = xmalloc(4 * SHOWN_MAX + 4);
	size_t i, n = 0;

	for (i = 0; i < len && i < SHOWN_MAX; i++)
		n += show_byte(shown + n, data[i]);
	memcpy(shown + n, len > SHOWN_MAX ? "..." : "", len > SHOWN_MAX ? 4 : 1);
	return shown;
}
