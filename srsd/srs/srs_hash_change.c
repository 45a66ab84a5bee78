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
srs_hash_change_loses(const struct settings *old, const struct settings *new, time_t now)
{
	return old->hash_format != new->hash_format &&srs_hash_change_last_day(new,
				       srs_hash_change_other(new)) < day_of(now) + new->max_age;
}
