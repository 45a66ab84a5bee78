/* SPDX-License-Identifier: ISC */
/*
 * tally - count recent events for each of many keys. Pure.
 *
 * The count of a key begins with its first event, and is removed one window later. The number of
 * keys is bounded: if there are too many, the key with the oldest count is removed. An attacker
 * cannot choose keys that remove another key before the table is full, because the hash of the keys
 * is random. No result depends on that hash.
 *
 * now is the time in seconds, of any clock. If it is before the start of a count, that count is
 * removed.
 */
#ifndef COMMON_TALLY_H
#define COMMON_TALLY_H

#include <stddef.h>
#include <time.h>

struct tally;

/* A table of at most max keys, max > 0, each counted for window seconds. The caller frees it. */
struct tally *tally_new(size_t max, time_t window);

/* Sets *tally to NULL; it may be NULL. */
void tally_free(struct tally **tally);

/* Counts one event, and returns the number of events in this window, including this one. */
unsigned tally_add(struct tally *tally, const void *key, size_t len, time_t now);

/* Subtracts one event. A key without events is removed. */
void tally_take_back(struct tally *tally, const void *key, size_t len, time_t now);

/* The number of events in this window; 0 for an unknown key. */
unsigned tally_get(struct tally *tally, const void *key, size_t len, time_t now);

/* The number of keys, including those that have expired and were not yet removed. */
size_t tally_keys(const struct tally *tally);

#endif
