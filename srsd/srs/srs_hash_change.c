/* SPDX-License-Identifier: ISC */
#include "common/day.h"
#include "srsd/srs/srs_hash_change.h"

const char *
srs_hash_change_name(enum hash_format format)
{
	return format == HASH_SEPARATED ? "separated" : "compatible";
}

enum hash_format
srs_hash_change_other(const struct settings *settings)
{
	return settings->hash_format == HASH_SEPARATED ? HASH_COMPATIBLE : HASH_SEPARATED;
}

int
srs_hash_change_last_day(const struct settings *settings, enum hash_format format)
{
	return format == HASH_SEPARATED ? settings->hash_accept_separated
					: settings->hash_accept_compatible;
}

int
srs_hash_change_day(const struct settings *settings, time_t now)
{
	return day_of(now) + settings->max_age + 1;
}

bool
srs_hash_change_loses(const struct settings *before, const struct settings *after, time_t now)
{
	int last_day;

	if (before->hash_format == after->hash_format)
		return false;
	last_day = srs_hash_change_last_day(after, srs_hash_change_other(after));
	return last_day < day_of(now) + after->max_age;
}
