/* SPDX-License-Identifier: ISC */
/*
 * input_line - reads questions from standard input, one per line, for the argument "-".
 */
#ifndef SRSD_CTL_INPUT_LINE_H
#define SRSD_CTL_INPUT_LINE_H

#include <stdbool.h>
#include <stddef.h>

/* Starts with an empty object. */
struct input_line {
	char *text; /* without blanks at its ends, and not empty; valid until the next call */
	size_t size;
	unsigned number; /* of the line, from 1 */
};

/* True for an argument that means standard input; NULL is not one. */
bool input_line_is_meant(const char *argument);

/* Reads the next line that is not empty. False at the end of the input. */
bool input_line_read(struct input_line *line);

/* Frees the text. */
void input_line_free(struct input_line *line);

#endif
