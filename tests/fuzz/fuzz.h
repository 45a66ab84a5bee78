/* SPDX-License-Identifier: ISC */
/*
 * fuzz - shared by the fuzzers. Each fuzzer is one function of some bytes, and must accept any
 * bytes.
 *
 * It asserts what must hold for any input, and prints the outcome for this one in one line.
 * NAME.expect has this line for each seed of the corpus, so that a fuzzer that no longer reaches
 * its parser fails `make check`.
 */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The fuzzer itself, under the name that libFuzzer calls. */
int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* Ends the process if the condition is false, so that the fuzzer reports the input. */
#define fuzz_must(condition) ((condition) ? (void)0 : fuzz_broken(__FILE__, __LINE__, #condition))
void fuzz_broken(const char *file, int line, const char *what) __attribute__((noreturn));

/* Appends to the line with the outcome of the input. It is printed only in a replay. */
void fuzz_say(const char *, ...) __attribute__((format(printf, 1, 2)));

/* The same for bytes of any kind, made visible and truncated. */
void fuzz_say_bytes(const char *, size_t len);

/* For a replay: start to record, and return the record since the last call. */
void fuzz_listen(void);
const char *fuzz_said(void);

/*
 * fuzz_copy - bytes in memory of exactly their length, so that the sanitizer detects a read past
 * their end; the caller frees it
 */
static inline char *
fuzz_copy(const void *data, size_t len)
{
	char *copy = malloc(len);

	fuzz_must(len == 0 || copy != NULL);
	if (len > 0)
		memcpy(copy, data, len);
	return copy;
}

/* fuzz_text - the same as a text, which ends at the first NUL; the caller frees it */
static inline char *
fuzz_text(const void *data, size_t len)
{
	char *text = strndup(len == 0 ? "" : data, len);

	fuzz_must(text != NULL);
	return text;
}

/* fuzz_line - cut the next line off a text; "" at its end */
static inline char *
fuzz_line(char **text)
{
	char *line = *text, *end = line + strcspn(line, "\n");

	*text = *end == '\0' ? end : end + 1;
	*end = '\0';
	return line;
}

/* fuzz_same - are the bytes the same? */
static inline bool
fuzz_same(const char *a, size_t a_len, const char *b, size_t b_len)
{
	return a_len == b_len && (a_len == 0 || memcmp(a, b, a_len) == 0);
}

/* fuzz_is_visible - only ASCII letters, digits, punctuation and blanks? */
static inline bool
fuzz_is_visible(const char *s, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (s[i] < ' ' || s[i] > '~')
			return false;
	return true;
}

/* fuzz_cut - a place at which to cut so many bytes, chosen by the bytes themselves */
static inline size_t
fuzz_cut(const uint8_t *data, size_t size, unsigned nth)
{
	uint32_t hash = 2166136261u + nth;
	size_t i;

	for (i = 0; i < size; i++)
		hash = (hash ^ data[i]) * 16777619u;
	return size == 0 ? 0 : hash % size;
}

#endif
