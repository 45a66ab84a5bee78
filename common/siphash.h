/* SPDX-License-Identifier: ISC */
/*
 * siphash - SipHash-2-4 (Aumasson and Bernstein, 2012), a keyed hash for tables in memory. Pure.
 *
 * An attacker without the key cannot find data that collides. common/aged_table.h explains which
 * tables need it.
 */
#ifndef COMMON_SIPHASH_H
#define COMMON_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

/* The 16 bytes of a key are two little-endian numbers. arc4random_buf(3) makes a random key. */
struct siphash_key {
	uint64_t k0, k1;
};

/* The hash of len bytes; data may be NULL when len is 0. Any of its bits may be used alone. */
uint64_t siphash(const struct siphash_key *key, const void *data, size_t len);

#endif
