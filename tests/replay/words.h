/* SPDX-License-Identifier: ISC */
/* words - a line of a story, split at blanks; "a word with blanks" is quoted. */
#ifndef TESTS_REPLAY_WORDS_H
#define TESTS_REPLAY_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* A part of a line, without its quotes. Escapes are as written. */
struct word {
	const char *s;
	size_t len;
	bool quoted; /* it was in quotes */
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

/* Removes the next word from a line; false at the end of the line. */
bool word_next(struct word *line, struct word *word);

/* The rest of a line, without blanks around it and without quotes. */
struct word word_rest(struct word line);

/* Cuts a line at " -> ". True: *rest is the rest of the line. */
bool word_cut_arrow(struct word *line, struct word *rest);

bool word_is(struct word, const char *);

/* Parses a number; false if it is not a number, or is greater than max. */
bool word_number(struct word, uint64_t max, uint64_t *number);

/* Parses 250ms, 20s, 5m, 2h or 3d; the result is in milliseconds. */
bool word_duration(struct word, uint64_t *ms);

/* Parses 2026-11-22T13:00:00Z. */
bool word_time(struct word, int64_t *time);

/* Sorts texts and joins them with blanks. Frees them; the caller frees the result. */
char *words_sorted(char **texts, size_t n);

#endif
