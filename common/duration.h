/* SPDX-License-Identifier: ISC */
/*
 * duration - a time span in words, for people to read. Pure.
 */
#ifndef COMMON_DURATION_H
#define COMMON_DURATION_H

#include <stdint.h>

/* A duration in words, with its NUL. */
#define DURATION_TEXT_SIZE 40

/*
 * Formats milliseconds, rounded down, with at most two units: "41 s", "4 min", "3 h 5 min",
 * "2 days 3 h". Seconds are shown for less than two minutes. Returns text.
 */
const char *duration_format(char text[DURATION_TEXT_SIZE], uint64_t ms);

#endif
