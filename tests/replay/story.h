/* SPDX-License-Identifier: ISC */
/*
 * story - what happens in a world, and what has to come of it, as a text. Its format stands at the
 * top of story.c.
 */
#ifndef TESTS_REPLAY_STORY_H
#define TESTS_REPLAY_STORY_H

#include <stdbool.h>
#include <stddef.h>

#include "tests/replay/words.h"
#include "tests/replay/world.h"

/* Once, before all stories; false with errno set. */
bool story_init(void);

/*
 * Plays a story. NULL when all came as it says; else "NAME:LINE: what was not so", for the caller
 * to free. The bytes need not be a story: whatever they are, this returns, and leaves nothing.
 */
char *story_play(const char *name, const char *text, size_t len);

/* What follows is for the steps. */

struct story {
	const char *name;
	struct word rest; /* that is not read yet */
	unsigned line;    /* that was read last */
	unsigned steps;   /* that may still be done */
	unsigned turn;    /* of repeat, from 1; 0: nothing is repeated */
	struct world world;
	char *error; /* the first one */
};

/* Says what is wrong, and is false. */
bool story_fail(struct story *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The same for bytes that are not what they should be; what names them. */
bool story_differs(
    struct story *, const char *what, const char *got, size_t got_len, struct word want);

/* True when the bytes are what a story's text says; else it has failed. */
bool story_compare(
    struct story *, const char *what, const char *got, size_t got_len, struct word want);

/* The next line of a block, without its TAB; false at its end. */
bool story_block_line(struct story *, struct word *line);

/* One step; false when it has failed. */
bool story_step(struct story *, struct word line);

#endif
