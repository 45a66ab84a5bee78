/* SPDX-License-Identifier: ISC */
/*
 * xmalloc - allocate memory, or end the process.
 *
 * These functions are those of the C library, except that they never return NULL: if memory is
 * exhausted, they log a message and exit. The caller frees the memory. Sizes that come from the
 * network must be bounded first.
 */
#ifndef COMMON_XMALLOC_H
#define COMMON_XMALLOC_H

#include <stddef.h>

#include "common/attributes.h"

/* xrealloc and xreallocarray need a size that is greater than 0. */
void *xmalloc(size_t size);
void *xcalloc(size_t n, size_t size);
void *xrealloc(void *old, size_t size);
void *xreallocarray(void *old, size_t n, size_t size);
char *xstrdup(const char *s);
char *xstrndup(const char *s, size_t len);

/* Returns the length of *text. */
int xasprintf(char **text, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Ends the process in the same way, for a library that could not allocate memory. */
NORETURN void xmalloc_failed(const char *library);

#endif
