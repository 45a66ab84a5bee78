/* SPDX-License-Identifier: ISC */
/* attributes - function attributes of gcc and clang. */
#ifndef COMMON_ATTRIBUTES_H
#define COMMON_ATTRIBUTES_H

/*
 * For functions like printf(3). format_at and first_at are the positions of the format and of its
 * first argument, counted from 1. first_at is 0 if the arguments are a va_list.
 */
#define PRINTF_LIKE(format_at, first_at) __attribute__((format(printf, format_at, first_at)))

/* For functions that do not return. */
#define NORETURN __attribute__((noreturn))

/* For rare paths with a buffer, which would make the frame of their caller expensive. */
#define NOINLINE __attribute__((noinline))

#endif
