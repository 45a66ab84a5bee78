/* SPDX-License-Identifier: ISC */
#include "common/day.h"
#include "srsd/hash_change.h"

int
hash_change_day(const struct settings *settings, time_t now)
{
	return day_of(now) + settings->max_age + 1;
}

bool
hash_change_loses(const struct settings *old, const struct settings *new, time_t now)
{
	return old->hash_format == HASH_COMPATIBLE &&
	       new->hash_format ==
		   HASH_SEPARATED &&new->hash_accept_compatible < day_of(now) + new->max_age;
}
