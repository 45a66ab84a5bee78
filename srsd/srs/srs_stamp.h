/* SPDX-License-Identifier: ISC */
/*
 * srs_stamp - the day in an SRS0 address: day number (unix time / 86400, UTC) modulo 1024, as two
 * base32 characters of A-Z2-7, high bits first.
 */
#ifndef SRSD_SRS_SRS_STAMP_H
#define SRSD_SRS_SRS_STAMP_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#define SRS_STAMP_LEN 2

/* The day number of a time, modulo 1024. */
unsigned srs_stamp_day(time_t);

/* The day that lies back days before day. */
unsigned srs_stamp_before(unsigned day, unsigned back);

/*
 * The number of the day, not modulo 1024, that a stamp stands for at some time: the latest one up
 * to the day after. So a stamp that was valid 1,024 days ago stands for another day by now.
 */
unsigned srs_stamp_date(unsigned day, time_t now);

/* Writes two characters and no NUL. */
void srs_stamp_write(unsigned day, char text[SRS_STAMP_LEN]);

/* False unless there are just two base32 characters, of any case. */
bool srs_stamp_read(unsigned *day, const char *, size_t len);

/*
 * True for 0..max_age days old, or one day in the future: two servers' clocks do not pass
 * midnight at once.
 */
bool srs_stamp_is_current(unsigned day, unsigned today, unsigned max_age);

#endif
