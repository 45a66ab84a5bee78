/* SPDX-License-Identifier: ISC */
/* day - calendar days in UTC, as the number of days since 1970-01-01. Pure. */
#ifndef COMMON_DAY_H
#define COMMON_DAY_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

/* "2026-11-22" and a NUL. */
#define DAY_TEXT_SIZE 11

/* Seconds of a day. */
#define DAY_SECONDS 86400

/* The day that contains a Unix time. */
int day_of(time_t t);

/*
 * Parses YYYY-MM-DD, an existing day of the years 2000 to 9999. False for any other text; *day is
 * then unchanged.
 */
bool day_parse(int *day, const char *text, size_t len);

/* Writes YYYY-MM-DD and a NUL. A day before 1970 becomes 1970-01-01, one after 9999 9999-12-31. */
void day_format(char text[DAY_TEXT_SIZE], int day);

#endif
