/* SPDX-License-Identifier: ISC */
/*
 * terminal - what the terminal of an operator can show.
 */
#ifndef SRSD_CTL_TERMINAL_H
#define SRSD_CTL_TERMINAL_H

#include <stdbool.h>

/* All zero for a pipe or a file: plain ASCII, in lines of any length. */
struct terminal {
	bool unicode; /* the locale uses UTF-8 */
	bool colour;  /* it understands the escape sequences of colours, and NO_COLOR is not set */
	bool cursor;  /* it understands those that move the cursor and clear it */
	unsigned width; /* columns; 0: lines have no limit */
};

/*
 * Describes the terminal of a descriptor, by its size, by the locale and by TERM. NO_COLOR, if it
 * is set and not empty, forbids colours (no-color.org).
 */
void terminal_describe(struct terminal *terminal, int fd);

#endif
