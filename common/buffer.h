/* SPDX-License-Identifier: ISC */
/*
 * buffer - a growing array of bytes that can be cleared and filled again.
 *
 * Clearing keeps the memory, so that a reply to each request needs no allocation. Pure.
 */
#ifndef COMMON_BUFFER_H
#define COMMON_BUFFER_H

#include <stddef.h>

#include "common/attributes.h"

/* Initialize it with zeros. data is NULL before the first byte is added, and has no final NUL. */
struct buffer {
	char *data;
	size_t len;
	size_t size; /* allocated */
};

/* The largest allocation, in bytes, that buffer_clear keeps. It frees a larger one. */
#define BUFFER_KEPT (64 * 1024)

/* Appends len bytes. data may be NULL if len is 0. */
void buffer_add(struct buffer *buffer, const void *data, size_t len);

/* Appends formatted text, without a NUL. */
void buffer_printf(struct buffer *buffer, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Removes all bytes. */
void buffer_clear(struct buffer *buffer);

/* Frees the memory and zeroes the structure, which can then be used again. */
void buffer_free(struct buffer *buffer);

#endif
