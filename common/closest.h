/* SPDX-License-Identifier: ISC */
/*
 * closest - the word of a list that was probably meant by a word that is not in it.
 *
 * Pure. Two words are as far apart as the number of characters to insert, delete, replace, or swap
 * with their neighbour; case does not count. A word that is too far away is not suggested: one
 * mistake in a word of up to five characters, two in a longer one, three from eleven characters on.
 *
 *	closest_start(&closest, "staus", 5);
 *	closest_consider(&closest, "status", 6);
 *	closest_consider(&closest, "store", 5);
 *	closest.found is "status"
 */
#ifndef COMMON_CLOSEST_H
#define COMMON_CLOSEST_H

#include <stddef.h>

/* Longer words are not compared. */
#define CLOSEST_WORD_MAX 63

struct closest {
	const char *word;
	size_t len;
	const char *found; /* the best candidate so far; NULL: none is near enough */
	size_t found_len;
	size_t distance; /* of found; without one, the first distance that is too far */
};

/* Starts a search for a word of len bytes, which must remain valid. */
void closest_start(struct closest *closest, const char *word, size_t len);

/*
 * Makes a candidate of len bytes the suggestion if it is nearer than the earlier ones. It must
 * remain valid.
 */
void closest_consider(struct closest *closest, const char *candidate, size_t len);

#endif
