/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "common/line.h"
#include "common/printable.h"

void
line_put_bytes(struct line *line, const char *text, size_t len)
{
	size_t room = sizeof(line->text) - line->len;

	if (len > room)
		len = room;
	memcpy(line->text + line->len, text, len);
	line->len += len;
}

void
line_begin(struct line *line, const char *text)
{
	line->len = 0;
	line_put_bytes(line, text, strlen(text));
}

void
line_put_untrusted(struct line *line, const char *text, size_t len)
{
	char visible[PRINTABLE_SIZE];

	printable(visible, sizeof(visible), text, len);
	line_put_bytes(line, visible, len < PRINTABLE_MAX ? len : PRINTABLE_MAX);
}

void
line_put_number(struct line *line, unsigned long long number)
{
	char digits[24];
	size_t i = sizeof(digits);

	do
		digits[--i] = (char)('0' + number % 10);
	while ((number /= 10) != 0);
	line_put_bytes(line, digits + i, sizeof(digits) - i);
}
