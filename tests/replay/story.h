/* SPDX-License-Identifier: ISC */
/*
 * story - events in a world and their expected results, as a text. story.c describes the format.
 */
#ifndef TESTS_REPLAY_STORY_H
#define TESTS_REPLAY_STORY_H

#include <stdbool.h>
#include <stddef.h>

#include "tests/replay/words.h"
#include "tests/replay/world.h"

/* Call it once, before all stories; false with errno set. */
bool story_init(void);

/*
 * Plays a story. NULL if all results were as expected; otherwise "NAME:LINE: difference", which the
 * caller frees. Any bytes are safe: if they are not a story, the result is an error.
 */
char *story_play(const char *name, const char *text, size_t len);

/* The rest is for the steps. */

struct story {
	const char *name;
	struct word rest; /* not read yet */
	unsigned line;    /* the last one read */
	unsigned steps;   /* that may still be carried out */
	unsigned turn;    /* of repeat, from 1; 0: nothing is repeated */
	struct world world;
	char *prepended; /* the last header of the policy service; or NULL */
	char *error;     /* the first one */
};

/* Records the first error of the story. Always false. */
bool story_fail(struct story *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The same for bytes that differ from the expected ones; what names them. */
bool story_differs(
    struct story *, const char *what, const char *got, size_t got_len, struct word want);

/* True if the bytes match the text of the story; otherwise the story has failed. */
bool story_compare(
    struct story *, const char *what, const char *got, size_t got_len, struct word want);

/* Gets the next line of a block, without its TAB; false at the end of the block. */
bool story_block_line(struct story *, struct word *line);

/* Carries out one step; false if the story has failed. */
bool story_step(struct story *, struct word line);

#endif
