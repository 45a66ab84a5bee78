/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "srsd/ctl/input_line.h"

bool
input_line_is_meant(const char *argument)
{
	return argument != NULL && strcmp(argument, "-") == 0;
}

/* trim_line - an address in a list may be indented, and has no blanks of its own at its ends */
static void
trim_line(char *text)
{
	static const char blanks[] = " \t\r\n";
	size_t begin = strspn(text, blanks), len = strlen(text + begin);

	memmove(text, text + begin, len + 1);
	while (len > 0 && strchr(blanks, text[len - 1]) != NULL)
		text[--len] = '\0';
}

bool
input_line_read(struct input_line *line)
{
	while (getline(&line->text, &line->size, stdin) != -1) {
		line->number++;
		trim_line(line->text);
		if (line->text[0] != '\0')
			return true;
	}
	return false;
}

void
input_line_free(struct input_line *line)
{
	free(line->text);
	line->text = NULL;
	line->size = 0;
}
