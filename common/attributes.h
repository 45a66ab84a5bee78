/* SPDX-License-Identifier: ISC */
/* attributes - of functions, for the warnings of gcc and clang. */
#ifndef COMMON_ATTRIBUTES_H
#define COMMON_ATTRIBUTES_H

/* A printf(3)-like function: the positions of its format and of its first argument (0: a va_list). */
#define PRINTF_LIKE(format_at, first_at) __attribute__((format(printf, format_at, first_at)))

#define NORETURN __attribute__((noreturn))

#endif
