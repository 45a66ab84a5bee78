/* SPDX-License-Identifier: ISC */
#include <stdint.h>

#include "common/base32hex.h"

/* Five bytes have eight characters of five bits. */
#define GROUP_BYTES 5
#define GROUP_CHARS 8

static const char alphabet[] = "0123456789ABCDEFGHIJKLMNOPQRSTUV";

static void
encode_group(char text[GROUP_CHARS], const unsigned char raw[GROUP_BYTES])
{
	uint64_t bits = 0;
	size_t i;

	for (i = 0; i < GROUP_BYTES; i++)
		bits = bits << 8 | raw[i];
	for (i = GROUP_CHARS; i-- > 0; bits >>= 5)
		text[i] = alphabet[bits & 31];
}

void
base32hex_encode(char *text, const unsigned char *raw, size_t len)
{
	for (; len >= GROUP_BYTES; len -= GROUP_BYTES) {
		encode_group(text, raw);
		text += GROUP_CHARS;
		raw += GROUP_BYTES;
	}
}
