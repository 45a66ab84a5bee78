/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "common/ascii.h"
#include "srsd/ctl/mail_fields.h"

/* remove_returns - each CR before an LF; returns the new length */
static size_t
remove_returns(char *message, size_t len)
{
	size_t i, n = 0;

	for (i = 0; i < len; i++)
		if (message[i] != '\r' || i + 1 == len || message[i + 1] != '\n')
			message[n++] = message[i];
	return n;
}

/* find_line_end - the LF at the end of a line, or the end of the bytes */
static const char *
find_line_end(const char *s, const char *end)
{
	const char *newline = s == end ? NULL : memchr(s, '\n', (size_t)(end - s));

	return newline == NULL ? end : newline;
}

static const char *
skip_line(const char *s, const char *end)
{
	s = find_line_end(s, end);
	return s == end ? end : s + 1;
}

void
mail_fields_init(struct mail_fields *fields, char *message, size_t len)
{
	len = remove_returns(message, len);
	fields->s = message;
	fields->end = message + len;
	if (len >= 5 && memcmp(message, "From ", 5) == 0)
		fields->s = skip_line(fields->s, fields->end);
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* find_colon - after the name at the start of a line; NULL: the line does not begin a field */
static const char *
find_colon(const char *s, const char *end, size_t *name_len)
{
	const char *start = s;

	while (s < end && ascii_isgraph(*s) && *s != ':')
		s++;
	*name_len = (size_t)(s - start);
	while (s < end && is_blank(*s))
		s++;
	return *name_len > 0 && s < end && *s == ':' ? s : NULL;
}

bool
mail_fields_next(struct mail_fields *fields, struct text *name, struct text *value)
{
	const char *line_end, *colon;

	name->s = fields->s;
	line_end = find_line_end(fields->s, fields->end);
	colon = find_colon(fields->s, line_end, &name->len);
	if (colon == NULL) {
		fields->s = fields->end;
		return false;
	}
	while (line_end + 1 < fields->end && is_blank(line_end[1]))
		line_end = find_line_end(line_end + 1, fields->end);
	value->s = colon + 1;
	value->len = (size_t)(line_end - value->s);
	fields->s = line_end == fields->end ? line_end : line_end + 1;
	return true;
}
