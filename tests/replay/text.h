/* SPDX-License-Identifier: ISC */
/*
 * text - bytes as they are written in a story.
 *
 *	\n \r \t \\ \" \* \0	one byte
 *	\xHH			one byte
 *	\@N{text}		text, N times; text may contain escapes, but no other \@
 *	*			any number of bytes; in expected texts only
 *
 * All other bytes mean themselves.
 */
#ifndef TESTS_REPLAY_TEXT_H
#define TESTS_REPLAY_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of one text, repetitions included. */
#define TEXT_MAX (1024 * 1024)

struct text_pattern {
	size_t n;
	uint16_t *c; /* bytes, or TEXT_ANY */
};

#define TEXT_ANY 0x100

/* Parses a text. False with a reason (static); there is nothing to free then. */
bool text_read(struct text_pattern *, const char *s, size_t len, const char **error);
void text_free(struct text_pattern *);

bool text_matches(const struct text_pattern *, const char *data, size_t len);

/* The bytes of a text without a wildcard; the caller frees them. NULL with a reason. */
char *text_bytes(const char *s, size_t len, size_t *n, const char **error);

/* The bytes as they are written in a story, truncated; the caller frees the text. */
char *text_show(const char *data, size_t len);

#endif
