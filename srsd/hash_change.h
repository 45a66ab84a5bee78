/* SPDX-License-Identifier: ISC */
/*
 * hash_change - what a change of hash-format means for bounces that are under way. Pure.
 */
#ifndef SRSD_HASH_CHANGE_H
#define SRSD_HASH_CHANGE_H

#include <stdbool.h>
#include <time.h>

#include "conf/settings.h"

/*
 * The hash-accept-compatible for a change to separated at this time, see common/day.h: the last day
 * on which an address that was signed until now is valid, and one for clocks that differ.
 */
int hash_change_day(const struct settings *settings, time_t now);

/*
 * True when addresses that were signed with the old settings until now verify with the new ones for
 * a shorter time than they are valid. Never so for a change to compatible, under which both formats
 * verify.
 */
bool hash_change_loses(const struct settings *old, const struct settings *new, time_t now);

#endif
