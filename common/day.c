/* SPDX-License-Identifier: ISC */
#include <stdio.h>

#include "common/ascii.h"
#include "common/day.h"

#define YEAR_FIRST 2000
#define YEAR_LAST 9999
#define DAY_LAST 2932896 /* 9999-12-31 */

int
day_of(time_t t)
{
	return (int)(t / DAY_SECONDS - (t % DAY_SECONDS < 0));
}

static bool
is_leap_year(int year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int
count_month_days(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	return days[month - 1] + (month == 2 && is_leap_year(year));
}

/* count_leap_days - the number of leap days from year 1 to the end of the year before */
static int
count_leap_days(int year)
{
	year--;
	return year / 4 - year / 100 + year / 400;
}

/* find_year_start - the day number of January 1 */
static int
find_year_start(int year)
{
	return (year - 1970) * 365 + count_leap_days(year) - count_leap_days(1970);
}

/* read_date_number - parse n digits; -1 if one of them is not a digit */
static int
read_date_number(const char *s, size_t n)
{
	int number = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		if (!ascii_isdigit(s[i]))
			return -1;
		number = 10 * number + s[i] - '0';
	}
	return number;
}

bool
day_parse(int *day, const char *text, size_t len)
{
	int year, month, d, m;

	if (len != DAY_TEXT_SIZE - 1 || text[4] != '-' || text[7] != '-')
		return false;
	year = read_date_number(text, 4);
	month = read_date_number(text + 5, 2);
	d = read_date_number(text + 8, 2);
	if (year < YEAR_FIRST || month < 1 || month > 12 || d < 1 ||
	    d > count_month_days(year, month))
		return false;
	*day = find_year_start(year) + d - 1;
	for (m = 1; m < month; m++)
		*day += count_month_days(year, m);
	return true;
}

void
day_format(char text[DAY_TEXT_SIZE], int day)
{
	int year, month = 1;

	if (day < 0)
		day = 0;
	if (day > DAY_LAST)
		day = DAY_LAST;
	/* A year has at least 365 days, so the estimate is never too early. */
	year = 1970 + day / 365;
	while (find_year_start(year) > day)
		year--;
	for (day -= find_year_start(year); day >= count_month_days(year, month); month++)
		day -= count_month_days(year, month);
	snprintf(text, DAY_TEXT_SIZE, "%04u-%02u-%02u", (unsigned)year % (YEAR_LAST + 1),
	    (unsigned)month % 100, (unsigned)(day + 1) % 100);
}
