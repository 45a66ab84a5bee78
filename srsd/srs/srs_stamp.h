/* SPDX-License-Identifier: ISC */
/*
 * srs_stamp - the day in an SRS0 address: the number of the day (Unix time / 86400, UTC) modulo
 * 1024, as two base32 characters of A-Z2-7, high bits first. Pure.
 */
#ifndef SRSD_SRS_SRS_STAMP_H
#define SRSD_SRS_SRS_STAMP_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#define SRS_STAMP_LEN 2

/* Two characters of five bits. Every day is modulo this, except that of srs_stamp_date. */
#define SRS_STAMP_DAYS 1024

/* The day of a time, which is not before 1970. */
/*@ requires now >= 0;
    assigns \nothing;
    ensures \result == (now / 86400) % SRS_STAMP_DAYS; */
unsigned srs_stamp_day(time_t now);

/* The day that is back days before day. */
/*@ requires day < SRS_STAMP_DAYS;
    assigns \nothing;
    ensures \result < SRS_STAMP_DAYS;
    ensures (\result + back) % SRS_STAMP_DAYS == day; */
unsigned srs_stamp_before(unsigned day, unsigned back);

/*
 * The number of the day, not modulo 1024, that a stamp means now: the latest one up to tomorrow. A
 * stamp that was valid 1,024 days ago means another day by now.
 */
/*@ requires day < SRS_STAMP_DAYS && 0 <= now / 86400 < UINT_MAX - 1;
    assigns \nothing;
    ensures now / 86400 + 1 - SRS_STAMP_DAYS < \result <= now / 86400 + 1 ||
        now / 86400 + 1 < SRS_STAMP_DAYS;
    ensures now / 86400 + 1 >= SRS_STAMP_DAYS ==> \result % SRS_STAMP_DAYS == day; */
unsigned srs_stamp_date(unsigned day, time_t now);

/* Writes two characters and no NUL. */
/*@ requires \valid(text + (0 .. SRS_STAMP_LEN - 1));
    assigns text[0 .. SRS_STAMP_LEN - 1]; */
void srs_stamp_write(unsigned day, char text[SRS_STAMP_LEN]);

/* Reads exactly two base32 characters, of any case. False for any other text. */
/*@ requires \valid_read(s + (0 .. len - 1)) && \valid(day);
    requires \separated(day, s + (0 .. len - 1));
    assigns *day;
    ensures \result == \true ==> len == SRS_STAMP_LEN && *day < SRS_STAMP_DAYS;
    ensures \result == \false ==> *day == \old(*day); */
bool srs_stamp_read(unsigned *day, const char *s, size_t len);

/*
 * True when day is 0 to max_age days before today, or one day after it: the clocks of two servers
 * do not pass midnight at the same moment.
 */
/*@ requires day < SRS_STAMP_DAYS && today < SRS_STAMP_DAYS;
    assigns \nothing; */
bool srs_stamp_is_current(unsigned day, unsigned today, unsigned max_age);

#endif
