/* SPDX-License-Identifier: ISC */
/* text - a part of a larger text: bytes with a length, without a NUL, owned by the larger text. */
#ifndef COMMON_TEXT_H
#define COMMON_TEXT_H

#include <stddef.h>

struct text {
	const char *s;
	size_t len;
};

#endif
