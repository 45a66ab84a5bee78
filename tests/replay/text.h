/* SPDX-License-Identifier: ISC */
/*
 * text - bytes as a story writes them.
 *
 *	\n \r \t \\ \" \* \0	one byte
 *	\xHH			one byte
 *	\@N{text}		text, N times; text may hold escapes, but no other \@
 *	*			any bytes, also none; in what is expected alone
 *
 * All other bytes stand for themselves.
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

/* False with a reason (static), and nothing to free. */
bool text_read(struct text_pattern *, const char *s, size_t len, const char **error);
void text_free(struct text_pattern *);

bool text_matches(const struct text_pattern *, const char *data, size_t len);

/* The bytes of a text without a wildcard, for the caller to free; NULL with a reason. */
char *text_bytes(const char *s, size_t len, size_t *n, const char **error);

/* The bytes as a story would write them, cut; for the caller to free. */
char *text_show(const char *data, size_t len);

#endif
