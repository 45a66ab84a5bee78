/* SPDX-License-Identifier: ISC */
/* text - a part of a larger text: bytes with a length, without a NUL, owned by the larger text. */
#ifndef COMMON_TEXT_H
#define COMMON_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct text {
	const char *s;
	size_t len;
};

/* True when a text has the bytes of a word. Inline, so that the length of a literal is constant. */
static inline bool
text_is(struct text text, const char *word)
{
	return text.len == strlen(word) && memcmp(text.s, word, text.len) == 0;
}

#endif
