/* SPDX-License-Identifier: ISC */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "common/ascii.h"
#include "common/printable.h"

static const char cut[] = "...";

static char
mask_unsafe_byte(char c)
{
	bool bracket = (c & ~('<' ^ '>')) == ('<' & '>');

	return ascii_isgraph(c) && !bracket ? c : '?';
}

/* end_printable_text - end a copy of n bytes, with a mark if the text of len bytes was cut */
static char *
end_printable_text(char *dst, size_t size, size_t n, size_t len)
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
		dst[i] = mask_unsafe_byte(src[i]);
	return end_printable_text(dst, size, n, len);
}

char *
printable_text(char *dst, size_t size, const char *src, size_t len)
{
	size_t i, n = len < size - 1 ? len : size - 1;

	for (i = 0; i < n; i++)
		dst[i] = src[i] >= ' ' && src[i] <= '~' ? src[i] : '?';
	return end_printable_text(dst, size, n, len);
}

bool
printable_has_control(const char *s, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (ascii_iscntrl(s[i]))
			return true;
	return false;
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

/* Ranges of characters that control a terminal, or that hide or reorder other characters. */
static const struct {
	uint32_t first, last;
} unshown[] = {
	{ 0x0000, 0x001f },
	{ 0x007f, 0x009f },
	{ 0x00ad, 0x00ad },
	{ 0x034f, 0x034f },
	{ 0x061c, 0x061c },
	{ 0x115f, 0x1160 },
	{ 0x17b4, 0x17b5 },
	{ 0x180b, 0x180f },
	{ 0x200b, 0x200f },
	{ 0x2028, 0x202e },
	{ 0x2060, 0x206f },
	{ 0x3164, 0x3164 },
	{ 0xd800, 0xdfff },
	{ 0xe000, 0xf8ff }, /* private use: their look depends on the font */
	{ 0xfe00, 0xfe0f },
	{ 0xfeff, 0xfeff },
	{ 0xfff0, 0xfffb },
	{ 0xe0000, 0x10ffff },
};

static bool
is_shown_character(uint32_t c)
{
	size_t i;

	for (i = 0; i < sizeof(unshown) / sizeof(unshown[0]); i++)
		if (c >= unshown[i].first && c <= unshown[i].last)
			return false;
	return true;
}

/* decode_utf8_character - the number of bytes of the character at s (RFC 3629); 0: invalid */
static size_t
decode_utf8_character(const char *s, size_t len, uint32_t *c)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	unsigned char first = (unsigned char)s[0];
	size_t i, n = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;

	if (n == 0 || n > len || first > 0xf4)
		return 0;
	*c = n == 1 ? first : first & (0xffU >> (n + 1));
	for (i = 1; i < n; i++) {
		if (((unsigned char)s[i] & 0xc0) != 0x80)
			return 0;
		*c = *c << 6 | ((unsigned char)s[i] & 0x3f);
	}
	return *c < least[n] || *c > 0x10ffff ? 0 : n;
}

size_t
printable_utf8_length(const char *s, size_t len)
{
	uint32_t c;

	return decode_utf8_character(s, len, &c);
}

char *
printable_utf8(char *text)
{
	const char *s = text, *end = s + strlen(s);
	char *d = text;
	uint32_t c;
	size_t n;

	while (s < end) {
		n = decode_utf8_character(s, (size_t)(end - s), &c);
		if (n > 0 && is_shown_character(c)) {
			memmove(d, s, n);
			d += n;
		} else {
			*d++ = '?';
		}
		s += n == 0 ? 1 : n;
	}
	*d = '\0';
	return text;
}
