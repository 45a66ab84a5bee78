/* SPDX-License-Identifier: ISC */
/*
 * day - days of the calendar, in UTC, as the number of days since 1970-01-01. Pure.
 */
#ifndef COMMON_DAY_H
#define COMMON_DAY_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

/* "2026-11-22" and a NUL. */
#define DAY_TEXT_SIZE 11

/* The day of a time. */
int day_of(time_t t);

/* Reads YYYY-MM-DD, a day that there is in the years 2000 to 9999. False for all other texts. */
bool day_parse(int *day, const char *text, size_t len);

/* Writes YYYY-MM-DD. A day before 1970 or after 9999 becomes the first or the last one. */
void day_format(char text[DAY_TEXT_SIZE], int day);

#endif
