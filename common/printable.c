/* SPDX-License-Identifier: ISC */
#include <stdbool.h>
#include <string.h>

#include "common/ascii.h"
#include "common/printable.h"

static const char cut[] = "...";

static char
visible(char c)
{
	bool bracket = (c & ~('<' ^ '>')) == ('<' & '>');

	return ascii_isgraph(c) && !bracket ? c : '?';
}

char *
printable(char *dst, size_t size, const char *src, size_t len)
{
	size_t i, room = size - 1, n = len < room ? len : room;

	for (i = 0; i < n; i++)
		dst[i] = visible(src[i]);
	dst[n] = '\0';
	if (len > room && room >= sizeof(cut) - 1)
		memcpy(dst + room - (sizeof(cut) - 1), cut, sizeof(cut) - 1);
	return dst;
}
