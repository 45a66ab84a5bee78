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

bool
input_line_read(struct input_line *line)
{
	while (getline(&line->text, &line->size, stdin) != -1) {
		line->number++;
		line->text[strcspn(line->text, "\r\n")] = '\0';
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
