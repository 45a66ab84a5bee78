/* SPDX-License-Identifier: ISC */
/*
 * fuzz - what the fuzzers share. Each is one function of some bytes that must hold for any bytes.
 *
 * It asserts what is to be true of them, whatever they are, and says what came of them: one line,
 * which NAME.expect holds for each seed of the corpus. So a fuzzer that no longer reaches its
 * parser fails `make check`.
 */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The fuzzer itself, by the name that libFuzzer calls. */
int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* Ends the process, as a fuzzer's find, when the condition does not hold. */
#define fuzz_must(condition) ((condition) ? (void)0 : fuzz_broken(__FILE__, __LINE__, #condition))
void fuzz_broken(const char *file, int line, const char *what) __attribute__((noreturn));

/* Adds to the line that tells what came of the input. Unseen unless somebody replays it. */
void fuzz_say(const char *, ...) __attribute__((format(printf, 1, 2)));

/* The same for bytes of any kind, made visible and cut. */
void fuzz_say_bytes(const char *, size_t len);

/* For who replays: begin to listen, and take what was said since the last call. */
void fuzz_listen(void);
const char *fuzz_said(void);

/*
 * fuzz_copy - bytes in memory of just their length, so that the sanitizer sees who reads behind
 * them; the caller frees it
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

/* fuzz_line - cut the next line off a text; "" when there is none */
static inline char *
fuzz_line(char **text)
{
	char *line = *text, *end = line + strcspn(line, "\n");

	*text = *end == '\0' ? end : end + 1;
	*end = '\0';
	return line;
}

/* fuzz_same - the same bytes */
static inline bool
fuzz_same(const char *a, size_t a_len, const char *b, size_t b_len)
{
	return a_len == b_len && (a_len == 0 || memcmp(a, b, a_len) == 0);
}

/* fuzz_is_visible - nothing but ASCII letters, digits, marks and blanks */
static inline bool
fuzz_is_visible(const char *s, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (s[i] < ' ' || s[i] > '~')
			return false;
	return true;
}

/* fuzz_cut - a place to cut so many bytes at, that the bytes themselves choose */
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
