/* SPDX-License-Identifier: ISC */
#include <stdio.h>

#include "common/day.h"
#include "common/duration.h"

#define MINUTE 60
#define HOUR 3600

/* format_units - "2 days 3 h", or "2 days" if there is no rest */
static void
format_units(char text[DURATION_TEXT_SIZE], uint64_t n, const char *unit, uint64_t rest,
    const char *rest_unit)
{
	if (rest == 0)
		snprintf(text, DURATION_TEXT_SIZE, "%llu %s", (unsigned long long)n, unit);
	else
		snprintf(text, DURATION_TEXT_SIZE, "%llu %s %llu %s", (unsigned long long)n, unit,
		    (unsigned long long)rest, rest_unit);
}

const char *
duration_format(char text[DURATION_TEXT_SIZE], uint64_t ms)
{
	uint64_t s = ms / 1000;

	if (s < 2 * MINUTE)
		format_units(text, s, "s", 0, "");
	else if (s < HOUR)
		format_units(text, s / MINUTE, "min", 0, "");
	else if (s < DAY_SECONDS)
		format_units(text, s / HOUR, "h", s % HOUR / MINUTE, "min");
	else
		format_units(text, s / DAY_SECONDS, s < 2 * DAY_SECONDS ? "day" : "days",
		    s % DAY_SECONDS / HOUR, "h");
	return text;
}
