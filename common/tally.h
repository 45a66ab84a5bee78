/* SPDX-License-Identifier: ISC */
/*
 * tally - how often something happened lately, for each of many keys. A key's count begins with
 * its first event and is forgotten a window later. Bounded: when there are too many keys, the one
 * that began first goes. Pure: now is the caller's.
 */
#ifndef COMMON_TALLY_H
#define COMMON_TALLY_H

#include <stddef.h>
#include <time.h>

struct tally;

/* max: keys at a time; window: seconds that a count lives. */
struct tally *tally_new(size_t max, time_t window);
void tally_free(struct tally **);

/* Counts one event and returns how many there were in this window, this one included. */
unsigned tally_add(struct tally *, const void *key, size_t len, time_t now);

/* Takes one event back. A key without events is forgotten. */
void tally_take_back(struct tally *tally, const void *key, size_t len, time_t now);

/* How many there were in this window. */
unsigned tally_get(struct tally *, const void *key, size_t len, time_t now);

size_t tally_keys(const struct tally *);

#endif
