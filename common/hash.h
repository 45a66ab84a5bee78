/* SPDX-License-Identifier: ISC */
/*
 * hash - FNV-1a of some bytes, for tables in memory.
 *
 * SECURITY: anybody can make up names that collide. A table that holds somebody else's names bounds
 * how many of them it keeps in one bucket, so that all they can do is push each other out.
 */
#ifndef COMMON_HASH_H
#define COMMON_HASH_H

#include <stddef.h>
#include <stdint.h>

#define HASH_BEGIN 0x811c9dc5u

/* Goes on from HASH_BEGIN or an earlier result; data may be NULL when len is 0. */
static inline uint32_t
hash_bytes(uint32_t hash, const char *data, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		hash = (hash ^ (unsigned char)data[i]) * 0x01000193u;
	return hash;
}

#endif
