/* SPDX-License-Identifier: ISC */
/*
 * text - a part of a larger text, as a pointer and a length. Pure.
 *
 * It has no final NUL. The owner of the larger text owns the bytes.
 */
#ifndef COMMON_TEXT_H
#define COMMON_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct text {
	const char *s;
	size_t len;
};

/* True if a text equals word, by bytes. Inline, so that the length of a literal is constant. */
static inline bool
text_is(struct text text, const char *word)
{
	return text.len == strlen(word) && memcmp(text.s, word, text.len) == 0;
}

/* A whole NUL-terminated text, without its NUL. */
static inline struct text
text_of(const char *s)
{
	struct text text = { s, strlen(s) };

	return text;
}

#endif
