/* SPDX-License-Identifier: ISC */
/*
 * hash_key - remembers the key of each hash of a table, in the place of siphash(), and lets all
 * hashes collide.
 *
 * A table that all daemons hash with the same key can be flooded with entries that collide, and
 * nothing else would show it. Without such a flood, entries collide too rarely to be tested.
 */
#ifndef TESTS_UNIT_HASH_KEY_H
#define TESTS_UNIT_HASH_KEY_H

#include "tests/unit/unit.h"

#include "common/hash.h"
#include "common/siphash.h"

static struct siphash_key hash_key_last;
static bool hash_key_collides; /* set by a test: all hashes are the same */

uint64_t
siphash(const struct siphash_key *key, const void *data, size_t len)
{
	hash_key_last = *key;
	return hash_key_collides
		   ? 0
		   : hash_bytes(HASH_BEGIN ^ (uint32_t)(key->k0 ^ key->k1), data, len);
}

/* hash_key_check - the last hash was that of another table than the one with this key */
static inline void
hash_key_check(struct siphash_key other)
{
	assert_true(hash_key_last.k0 != other.k0);
	assert_true(hash_key_last.k1 != other.k1);
}

#endif
