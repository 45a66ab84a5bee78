/* SPDX-License-Identifier: ISC */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/buffer.h"
#include "common/xmalloc.h"

#define FIRST_SIZE 1024

/* reserve_bytes - make room for len more bytes */
static void
reserve_bytes(struct buffer *buffer, size_t len)
{
	size_t size = buffer->size == 0 ? FIRST_SIZE : buffer->size;

	if (len <= buffer->size - buffer->len)
		return;
	while (len > size - buffer->len)
		size *= 2;
	buffer->data = xreallocarray(buffer->data, size, 1);
	buffer->size = size;
}

void
buffer_add(struct buffer *buffer, const void *data, size_t len)
{
	if (len == 0)
		return;
	reserve_bytes(buffer, len);
	memcpy(buffer->data + buffer->len, data, len);
	buffer->len += len;
}

void
buffer_printf(struct buffer *buffer, const char *fmt, ...)
{
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (len <= 0)
		return;
	reserve_bytes(buffer, (size_t)len + 1); /* vsnprintf adds a NUL */
	va_start(ap, fmt);
	vsnprintf(buffer->data + buffer->len, (size_t)len + 1, fmt, ap);
	va_end(ap);
	buffer->len += (size_t)len;
}

void
buffer_clear(struct buffer *buffer)
{
	if (buffer->size > BUFFER_KEPT)
		buffer_free(buffer);
	buffer->len = 0;
}

void
buffer_free(struct buffer *buffer)
{
	free(buffer->data);
	memset(buffer, 0, sizeof(*buffer));
}
