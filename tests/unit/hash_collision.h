/* SPDX-License-Identifier: ISC */
/*
 * hash_collision - two names with the same hash_bytes(), which anybody can compute.
 *
 * A table that hashes with it must compare the keys as well. A test cannot show that with names that
 * only share a bucket.
 */
#ifndef TESTS_UNIT_HASH_COLLISION_H
#define TESTS_UNIT_HASH_COLLISION_H

#include "tests/unit/unit.h"

#include "common/hash.h"

#define HASH_COLLISION_SIZE 40

/* Enough names for several pairs, by the birthday paradox. */
#define HASH_COLLISION_NAMES 300000

static inline int
hash_collision_compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* hash_collision_find - begin: what the hash continues; suffix: the end of both names */
static inline void
hash_collision_find(uint32_t begin, const char *suffix, char name[2][HASH_COLLISION_SIZE])
{
	uint64_t *hashes = calloc(HASH_COLLISION_NAMES, sizeof(*hashes));
	size_t i;
	int len;

	assert_non_null(hashes);
	for (i = 0; i < HASH_COLLISION_NAMES; i++) {
		len = snprintf(name[0], HASH_COLLISION_SIZE, "n%06zu%s", i, suffix);
		hashes[i] = (uint64_t)hash_bytes(begin, name[0], (size_t)len) << 32 | i;
	}
	qsort(hashes, HASH_COLLISION_NAMES, sizeof(*hashes), hash_collision_compare);
	for (i = 1; i < HASH_COLLISION_NAMES && hashes[i] >> 32 != hashes[i - 1] >> 32; i++)
		;
	assert_true(i < HASH_COLLISION_NAMES);
	snprintf(name[0], HASH_COLLISION_SIZE, "n%06u%s", (unsigned)hashes[i - 1], suffix);
	snprintf(name[1], HASH_COLLISION_SIZE, "n%06u%s", (unsigned)hashes[i], suffix);
	free(hashes);
}

#endif
