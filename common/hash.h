/* SPDX-License-Identifier: ISC */
/*
 * hash - a fast hash, for caches in memory. Pure.
 *
 * It takes eight bytes at a time. A hash that multiplies for each byte, such as FNV, accounted for a
 * tenth of the time of a policy request.
 *
 * SECURITY: collisions are easy to compute, for any start value. "HASH FLOODING" in
 * common/aged_table.h explains which tables may use this hash, and which need common/siphash.h.
 */
#ifndef COMMON_HASH_H
#define COMMON_HASH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define HASH_BEGIN 0x811c9dc5u

/* An odd number, so that nothing is lost; its bits have no pattern. */
#define HASH_FACTOR 0x9e3779b97f4a7c15u

/* hash_word - a product's low bits depend on the low bits alone, so the high ones are folded in */
static inline uint64_t
hash_word(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * HASH_FACTOR;
	return hash ^ hash >> 47;
}

/*
 * Continues a hash with len bytes. hash is HASH_BEGIN or an earlier result. data may be NULL if len
 * is 0. Results are not the same on machines with another byte order.
 */
static inline uint32_t
hash_bytes(uint32_t hash, const char *data, size_t len)
{
	uint64_t h = hash ^ (uint64_t)len << 32, word;
	size_t i;

	for (i = 0; i + sizeof(word) < len; i += sizeof(word)) {
		memcpy(&word, data + i, sizeof(word));
		h = hash_word(h, word);
	}
	if (len >= sizeof(word))
		memcpy(&word, data + len - sizeof(word), sizeof(word)); /* some of them again */
	else
		for (word = 0; i < len; i++)
			word = word << 8 | (unsigned char)data[i];
	return (uint32_t)(hash_word(h, word) * HASH_FACTOR >> 32);
}

#endif
