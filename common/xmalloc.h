/* SPDX-License-Identifier: ISC */
/*
 * Memory for small things: these do not return when memory is exhausted, they end the process.
 * Whatever the network sizes is bounded before it comes here.
 */
#ifndef COMMON_XMALLOC_H
#define COMMON_XMALLOC_H

#include <stddef.h>

#include "common/attributes.h"

void *xmalloc(size_t);
void *xcalloc(size_t, size_t);
void *xrealloc(void *, size_t);
void *xreallocarray(void *, size_t, size_t);
char *xstrdup(const char *);
char *xstrndup(const char *, size_t);
int xasprintf(char **, const char *, ...) PRINTF_LIKE(2, 3);

#endif
