/* SPDX-License-Identifier: ISC */
/*
 * srs_hash_change - a change of hash-format, and the bounces to addresses that were signed before
 * it. Pure. Days are numbers of common/day.h.
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

/*
 * The last day on which hashes of a format are accepted although they are no longer made:
 * hash-accept-compatible or hash-accept-separated. 0: no day.
 */
int srs_hash_change_last_day(const struct settings *settings, enum hash_format format);

/*
 * The last day on which hashes of the old format should be accepted after a change at this time:
 * the last one on which an address that was signed until now is valid, and one more for clocks that
 * differ.
 */
int srs_hash_change_day(const struct settings *settings, time_t now);

/*
 * True when addresses that were signed until now, with the settings before a change, expire earlier
 * with the settings after it.
 */
bool srs_hash_change_loses(const struct settings *before, const struct settings *after, time_t now);

#endif
