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

/* end - of a copy of n bytes, with a mark that the text was cut */
static char *
end(char *dst, size_t size, size_t n, size_t len)
{
	size_t room = size - 1;

	dst[n] = '\0';
	if (len > room && room >= sizeof(cut) - 1)
		memcpy(dst + room - (sizeof(cut) - 1), cut, sizeof(cut) - 1);
	return dst;
}

char *
printable(char *dst, size_t size, const char *src, size_t len)
{
	size_t i, n = len < size - 1 ? len : size - 1;

	for (i = 0; i < n; i++)
		dst[i] = visible(src[i]);
	return end(dst, size, n, len);
}

char *
printable_text(char *dst, size_t size, const char *src, size_t len)
{
	size_t i, n = len < size - 1 ? len : size - 1;

	for (i = 0; i < n; i++)
		dst[i] = src[i] >= ' ' && src[i] <= '~' ? src[i] : '?';
	return end(dst, size, n, len);
}

char *
printable_line(char *text)
{
	char *s;

	for (s = text; *s != '\0'; s++)
		if (ascii_iscntrl(*s))
			*s = '?';
	return text;
}
