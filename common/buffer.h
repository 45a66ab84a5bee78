/* SPDX-License-Identifier: ISC */
/*
 * buffer - bytes that are appended, taken away as a whole, and appended again in the same memory:
 * what is said for each request is said without an allocation.
 */
#ifndef COMMON_BUFFER_H
#define COMMON_BUFFER_H

#include <stddef.h>

#include "common/attributes.h"

/* Starts zeroed. data is NULL until something was appended; no NUL stands behind it. */
struct buffer {
	char *data;
	size_t len;
	size_t size;
};

/* Memory that buffer_clear leaves to a buffer; what grew beyond it gives all back. */
#define BUFFER_KEPT (64 * 1024)

void buffer_add(struct buffer *, const void *data, size_t len);
void buffer_printf(struct buffer *, const char *, ...) PRINTF_LIKE(2, 3);

/* Takes all bytes away. */
void buffer_clear(struct buffer *);

/* Gives the memory back; the buffer is zeroed again. */
void buffer_free(struct buffer *);

#endif
