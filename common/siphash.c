/* SPDX-License-Identifier: ISC */
#include <endian.h>
#include <string.h>

#include "common/siphash.h"

#define WORD_SIZE 8

static uint64_t
rotate_left(uint64_t x, unsigned bits)
{
	return x << bits | x >> (64 - bits);
}

static void
mix_words(uint64_t v[4], unsigned rounds)
{
	while (rounds-- > 0) {
		v[0] += v[1];
		v[2] += v[3];
		v[1] = rotate_left(v[1], 13) ^ v[0];
		v[3] = rotate_left(v[3], 16) ^ v[2];
		v[0] = rotate_left(v[0], 32);
		v[2] += v[1];
		v[0] += v[3];
		v[1] = rotate_left(v[1], 17) ^ v[2];
		v[3] = rotate_left(v[3], 21) ^ v[0];
		v[2] = rotate_left(v[2], 32);
	}
}

static void
absorb_word(uint64_t v[4], uint64_t word)
{
	v[3] ^= word;
	mix_words(v, 2);
	v[0] ^= word;
}

/* read_hash_word - up to 8 bytes as a little-endian number; bytes may be NULL when len is 0 */
static uint64_t
read_hash_word(const unsigned char *bytes, size_t len)
{
	uint64_t word = 0;

	if (len > 0)
		memcpy(&word, bytes, len);
	return le64toh(word);
}

/* The constants are "somepseudorandomlygeneratedbytes" in ASCII. */
uint64_t
siphash(const struct siphash_key *key, const void *data, size_t len)
{
	uint64_t v[4] = { key->k0 ^ 0x736f6d6570736575, key->k1 ^ 0x646f72616e646f6d,
		key->k0 ^ 0x6c7967656e657261, key->k1 ^ 0x7465646279746573 };
	const unsigned char *bytes = data;
	size_t left;

	for (left = len; left >= WORD_SIZE; left -= WORD_SIZE) {
		absorb_word(v, read_hash_word(bytes, WORD_SIZE));
		bytes += WORD_SIZE;
	}
	absorb_word(v, (uint64_t)len << 56 | read_hash_word(bytes, left));
	v[2] ^= 0xff;
	mix_words(v, 4);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}
