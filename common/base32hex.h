/* SPDX-License-Identifier: ISC */
/*
 * base32hex - bytes as the digits and the upper-case letters A to V (RFC 4648, section 7). Pure.
 *
 * Unlike base64 it survives a change of case, and its characters need quotes nowhere.
 */
#ifndef COMMON_BASE32HEX_H
#define COMMON_BASE32HEX_H

#include <stddef.h>

/* The number of characters of len bytes, a multiple of five: without padding. */
#define BASE32HEX_LEN(len) ((len) / 5 * 8)

/* Writes BASE32HEX_LEN(len) characters and no NUL. len is a multiple of five. */
void base32hex_encode(char *text, const unsigned char *raw, size_t len);

#endif
