/* SPDX-License-Identifier: ISC */
/*
 * tally - counts recent events for each of many keys.
 *
 * The count of a key begins with its first event, and is forgotten one window later. The number of
 * keys is bounded: if there are too many, the one whose count began first is forgotten. Keys cannot
 * be chosen so that they remove another key before the table is full. Pure, except that the hash of
 * the keys is random, on which no result depends: now is a parameter.
 */
#ifndef COMMON_TALLY_H
#define COMMON_TALLY_H

#include <stddef.h>
#include <time.h>

struct tally;

/* At most max keys, max > 0, each counted for window seconds. */
struct tally *tally_new(size_t max, time_t window);

/* Sets *tally to NULL; it may be NULL. */
void tally_free(struct tally **tally);

/* Counts one event, and returns the number of events in this window, including this one. */
unsigned tally_add(struct tally *tally, const void *key, size_t len, time_t now);

/* Takes one event back. A key without events is forgotten. */
void tally_take_back(struct tally *tally, const void *key, size_t len, time_t now);

/* The number of events in this window. */
unsigned tally_get(struct tally *tally, const void *key, size_t len, time_t now);

/* The number of keys, including those that have expired and were not yet removed. */
size_t tally_keys(const struct tally *tally);

#endif
