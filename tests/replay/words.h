/* SPDX-License-Identifier: ISC */
/* words - a line of a story, taken apart at its blanks; "a word with blanks" stands in quotes. */
#ifndef TESTS_REPLAY_WORDS_H
#define TESTS_REPLAY_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* A piece of a story, without its quotes. Escapes are as they were written. */
struct word {
	const char *s;
	size_t len;
	bool quoted; /* it stood in quotes */
};

static inline struct word
word_of(const char *s, size_t len)
{
	struct word word = { s, len, false };

	return word;
}

static inline struct word
word_of_text(const char *s)
{
	return word_of(s, strlen(s));
}

/* The next word of a line, which is cut off it; false at the end. */
bool word_next(struct word *line, struct word *word);

/* All that is left of a line, without blanks around it and without quotes. */
struct word word_rest(struct word line);

/* Cuts a line at " -> ": true, and what stands behind it in *behind. */
bool word_cut_arrow(struct word *line, struct word *behind);

bool word_is(struct word, const char *);

/* A number; false when it is none, or above max. */
bool word_number(struct word, uint64_t max, uint64_t *number);

/* 250ms, 20s, 5m, 2h, 3d: in milliseconds. */
bool word_duration(struct word, uint64_t *ms);

/* 2026-11-22T13:00:00Z */
bool word_time(struct word, int64_t *time);

/* Texts in their order, a blank between them; frees them, the result is the caller's. */
char *words_sorted(char **texts, size_t n);

#endif
