/* SPDX-License-Identifier: ISC */
/*
 * srs_hash_change - a change of hash-format, and bounces that are under way meanwhile. Pure.
 */
#ifndef SRSD_SRS_SRS_HASH_CHANGE_H
#define SRSD_SRS_SRS_HASH_CHANGE_H

#include <stdbool.h>
#include <time.h>

#include "conf/settings.h"

/* "compatible" or "separated". */
const char *srs_hash_change_name(enum hash_format format);

/* The format that hash-format does not name. */
enum hash_format srs_hash_change_other(const struct settings *settings);

/* hash-accept-compatible or hash-accept-separated, see common/day.h; 0: none. */
int srs_hash_change_last_day(const struct settings *settings, enum hash_format format);

/*
 * The last day on which hashes of the old format should be accepted after a change at this time,
 * see common/day.h: the last one on which an address that was signed until now is valid, and one
 * more for clocks that differ.
 */
int srs_hash_change_day(const struct settings *settings, time_t now);

/*
 * True when addresses that were signed with the old settings until now verify with the new ones for
 * a shorter time than they are valid.
 */
bool srs_hash_change_loses(const struct settings *old, const struct settings *new, time_t now);

#endif
