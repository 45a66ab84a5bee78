/* SPDX-License-Identifier: ISC */
/*
 * ascii - character classes of the protocols' grammars. Pure.
 *
 * They cover ASCII only, in every locale, and are defined for negative chars, unlike <ctype.h>.
 * They also avoid branches: they run over every byte of every address, and a processor cannot
 * predict the next byte.
 */
#ifndef COMMON_ASCII_H
#define COMMON_ASCII_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/*@ assigns \nothing;
    ensures \result <==> '0' <= c <= '9'; */
static inline bool
ascii_isdigit(char c)
{
	return c >= '0' && c <= '9';
}

/*@ assigns \nothing; */
static inline bool
ascii_isalpha(char c)
{
	return (unsigned char)((c | 0x20) - 'a') < 26;
}

/*@ assigns \nothing; */
static inline bool
ascii_isalnum(char c)
{
	return ascii_isalpha(c) + ascii_isdigit(c) != 0;
}

static inline bool
ascii_iscntrl(char c)
{
	return (unsigned char)c < ' ' || c == 0x7f;
}

/* Visible ASCII: VCHAR of RFC 5234. */
/*@ assigns \nothing; */
static inline bool
ascii_isgraph(char c)
{
	return (unsigned char)(c - '!') < 0x7f - '!';
}

/*@ assigns \nothing; */
static inline char
ascii_tolower(char c)
{
	return (unsigned char)(c - 'A') < 26 ? (char)(c | 0x20) : c;
}

/* True if no byte is above 0x7f. s may be NULL if len is 0. */
static inline bool
ascii_only(const char *s, size_t len)
{
	uint64_t word, bits = 0;
	size_t i;

	/* Eight bytes at a time, because each request checks several names. */
	for (i = 0; i + sizeof(word) <= len; i += sizeof(word)) {
		memcpy(&word, s + i, sizeof(word));
		bits |= word;
	}
	for (; i < len; i++)
		bits |= (unsigned char)s[i];
	return (bits & UINT64_C(0x8080808080808080)) == 0;
}

/* The value of a hexadecimal digit in either case, or -1 for any other character. */
/*@ assigns \nothing;
    ensures -1 <= \result <= 15; */
static inline int
ascii_hex(char c)
{
	if (ascii_isdigit(c))
		return c - '0';
	c = ascii_tolower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

#endif
