/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "common/xmalloc.h"
#include "srsd/ctl/import/policyd_spf_line.h"

char *
policyd_spf_line_copy(const char *begin, const char *end)
{
	while (begin < end && strchr(" \t\r\f\v", *begin) != NULL)
		begin++;
	while (end > begin && strchr(" \t\r\f\v", end[-1]) != NULL)
		end--;
	return xstrndup(begin, (size_t)(end - begin));
}

void
policyd_spf_line_each(const char *text, policyd_spf_line_fn *fn, void *arg)
{
	const char *end, *comment;
	unsigned number = 0;
	char *line;

	while (*text != '\0') {
		end = text + strcspn(text, "\n");
		comment = memchr(text, '#', (size_t)(end - text));
		line = policyd_spf_line_copy(text, comment == NULL ? end : comment);
		number++;
		if (line[0] != '\0')
			fn(arg, number, line);
		free(line);
		text = end + (*end == '\n');
	}
}
