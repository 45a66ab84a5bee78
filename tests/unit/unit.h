/* SPDX-License-Identifier: ISC */
/*
 * unit - what the unit tests share.
 *
 * A test walks a table and compares got with want, row by row. A comparison that fails prints which
 * row it was and goes on, so that one run shows all rows that are wrong; unit_end() then fails the
 * test. So the rows are the comments of TAP above the line with "not ok".
 */
#ifndef TESTS_UNIT_H
#define TESTS_UNIT_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

/* On standard output, next to the result of the test, as TAP allows. */
#undef fail_msg
#define fail_msg(...)                            \
	do {                                     \
		print_message("# " __VA_ARGS__); \
		print_message("\n");             \
		fail();                          \
	} while (0)

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A string literal and its length, for rows that hold NULs. */
#define BYTES(literal) literal, sizeof(literal) - 1

/* The text that is shown for a NULL pointer in a table. */
#define UNIT_NULL "(null)"

static unsigned unit_differences;

/* unit_row - the name of a row without a name; valid until the call after the next */
static inline const char *__attribute__((format(printf, 1, 2))) unit_row(const char *fmt, ...)
{
	static char rows[2][200];
	static unsigned turn;
	char *row = rows[turn++ % 2];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(row, sizeof(rows[0]), fmt, ap);
	va_end(ap);
	return row;
}

/* unit_visible - bytes as a line of ASCII, truncated */
static inline const char *
unit_visible(char *buf, size_t size, const char *s, size_t len)
{
	size_t i, n = 0;

	for (i = 0; i < len && n + 5 < size; i++) {
		if (s[i] >= ' ' && s[i] < 0x7f && s[i] != '\\')
			buf[n++] = s[i];
		else
			n += (size_t)snprintf(buf + n, size - n, "\\x%02x", (unsigned char)s[i]);
	}
	buf[n] = '\0';
	return buf;
}

static inline void
unit_bytes(const char *row, const char *what, const char *got, size_t got_len, const char *want,
    size_t want_len)
{
	char shown[3][800];

	if (got_len == want_len && (got_len == 0 || memcmp(got, want, got_len) == 0))
		return;
	unit_differences++;
	print_message("# row <%s>: %s: got <%s> (%zu), want <%s> (%zu)\n",
	    unit_visible(shown[0], sizeof(shown[0]), row, strlen(row)), what,
	    unit_visible(shown[1], sizeof(shown[1]), got, got_len), got_len,
	    unit_visible(shown[2], sizeof(shown[2]), want, want_len), want_len);
}

static inline void
unit_text(const char *row, const char *what, const char *got, const char *want)
{
	got = got == NULL ? UNIT_NULL : got;
	want = want == NULL ? UNIT_NULL : want;
	unit_bytes(row, what, got, strlen(got), want, strlen(want));
}

static inline void
unit_int(const char *row, const char *what, long long got, long long want)
{
	char shown[800];

	if (got == want)
		return;
	unit_differences++;
	print_message("# row <%s>: %s: got %lld, want %lld\n",
	    unit_visible(shown, sizeof(shown), row, strlen(row)), what, got, want);
}

static inline void
unit_true(const char *row, const char *what, bool got)
{
	unit_int(row, what, got, true);
}

/* unit_holds - does a text, e.g. an error message, contain another? */
static inline void
unit_holds(const char *row, const char *what, const char *got, const char *part)
{
	char shown[2][800];

	if (strstr(got, part) != NULL)
		return;
	unit_differences++;
	print_message("# row <%s>: %s: got <%s>, want <%s> in it\n",
	    unit_visible(shown[0], sizeof(shown[0]), row, strlen(row)), what,
	    unit_visible(shown[1], sizeof(shown[1]), got, strlen(got)), part);
}

/* unit_take_differences - the number of differences since the last call */
static inline unsigned
unit_take_differences(void)
{
	unsigned n = unit_differences;

	unit_differences = 0;
	return n;
}

#define unit_end()                                 \
	do {                                       \
		if (unit_take_differences() > 0)   \
			_fail(__FILE__, __LINE__); \
	} while (0)

/*
 * unit_copy - bytes in memory of exactly their length, so that the sanitizer detects a read past
 * their end; the caller frees it
 */
static inline char *
unit_copy(const char *s, size_t len)
{
	char *copy = malloc(len);

	if (len > 0) {
		assert_non_null(copy);
		memcpy(copy, s, len);
	}
	return copy;
}

/* unit_fill - a NUL-terminated text of n equal characters; the caller frees it */
static inline char *
unit_fill(char c, size_t n)
{
	char *text = malloc(n + 1);

	assert_non_null(text);
	memset(text, c, n);
	text[n] = '\0';
	return text;
}

/* unit_random - a number below n, from a sequence that *seed starts: the same in every run */
static inline unsigned
unit_random(uint64_t *seed, unsigned n)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)((*seed >> 33) % n);
}

#endif
