/* SPDX-License-Identifier: ISC */
/*
 * string.h - contracts of the functions of <string.h> and <strings.h> that the proven files call,
 * for `make prove` only
 *
 * They replace those that come with Frama-C, which convert pointers in a way that its typed memory
 * model cannot follow. Like those, they are assumptions about the C library (C11, 7.24; POSIX).
 */
#ifndef TESTS_PROVE_STRING_H
#define TESTS_PROVE_STRING_H

#include <stddef.h>

/*@ requires \valid_read((char *)s + (0 .. n - 1));
    assigns \result \from s, c, n, ((char *)s)[0 .. n - 1];
    ensures \result == \null || \valid_read((char *)\result);
    ensures \result == \null ||
        \exists integer i; 0 <= i < n && (char *)\result == (char *)s + i; */
void *memchr(const void *s, int c, size_t n);

/*@ requires \valid((char *)to + (0 .. n - 1)) && \valid_read((char *)from + (0 .. n - 1));
    requires \separated((char *)to + (0 .. n - 1), (char *)from + (0 .. n - 1));
    assigns ((char *)to)[0 .. n - 1] \from ((char *)from)[0 .. n - 1];
    assigns \result \from to; */
void *memcpy(void *to, const void *from, size_t n);

/*@ requires \valid_read((char *)a + (0 .. n - 1)) && \valid_read((char *)b + (0 .. n - 1));
    assigns \result \from ((char *)a)[0 .. n - 1], ((char *)b)[0 .. n - 1]; */
int memcmp(const void *a, const void *b, size_t n);

/* The names are those of Frama-C, for which Eva has code of its own. */
/*@ axiomatic Text { logic integer strlen{L}(char *s) reads s[0 ..]; }
    predicate valid_read_string{L}(char *s) =
      0 <= strlen(s) && \valid_read(s + (0 .. strlen(s))); */

/*@ requires valid_read_string((char *)s);
    assigns \result \from s[0 ..];
    ensures \result == strlen((char *)s); */
size_t strlen(const char *s);

/*@ requires valid_read_string((char *)s) || \valid_read(s + (0 .. max - 1));
    assigns \result \from s[0 .. max - 1];
    ensures \result <= max;
    ensures valid_read_string((char *)s) ==> \result <= strlen((char *)s); */
size_t strnlen(const char *s, size_t max);

/*@ requires \valid_read(a + (0 .. n - 1)) && \valid_read(b + (0 .. n - 1));
    assigns \result \from a[0 .. n - 1], b[0 .. n - 1]; */
int strncasecmp(const char *a, const char *b, size_t n);

#endif
