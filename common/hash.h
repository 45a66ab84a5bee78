/* SPDX-License-Identifier: ISC */
/*
 * hash - the FNV-1a hash, for caches in memory. Pure.
 *
 * SECURITY: collisions are easy to compute, for any start value. "HASH FLOODING" in
 * common/aged_table.h explains which tables may use this hash, and which need common/siphash.h.
 */
#ifndef COMMON_HASH_H
#define COMMON_HASH_H

#include <stddef.h>
#include <stdint.h>

#define HASH_BEGIN 0x811c9dc5u

/*
 * Continues a hash with len bytes. hash is HASH_BEGIN or an earlier result. data may be NULL if len
 * is 0.
 */
static inline uint32_t
hash_bytes(uint32_t hash, const char *data, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		hash = (hash ^ (unsigned char)data[i]) * 0x01000193u;
	return hash;
}

#endif
