/* SPDX-License-Identifier: ISC */
#include "common/ascii.h"
#include "common/day.h"
#include "srsd/srs/srs_stamp.h"

static const char base32[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

unsigned
srs_stamp_day(time_t now)
{
	return (unsigned)((now / DAY_SECONDS) % SRS_STAMP_DAYS);
}

unsigned
srs_stamp_before(unsigned day, unsigned back)
{
	return (day + SRS_STAMP_DAYS - back % SRS_STAMP_DAYS) % SRS_STAMP_DAYS;
}

unsigned
srs_stamp_date(unsigned day, time_t now)
{
	unsigned tomorrow = (unsigned)(now / DAY_SECONDS) + 1;

	return tomorrow - srs_stamp_before(tomorrow % SRS_STAMP_DAYS, day);
}

void
srs_stamp_write(unsigned day, char text[SRS_STAMP_LEN])
{
	text[0] = base32[day / 32 % 32];
	text[1] = base32[day % 32];
}

/*@ assigns \nothing;
    ensures -1 <= \result < 32; */
static int
decode_base32(char c)
{
	c = ascii_tolower(c);
	if (c >= 'a' && c <= 'z')
		return c - 'a';
	return c >= '2' && c <= '7' ? c - '2' + 26 : -1;
}

bool
srs_stamp_read(unsigned *day, const char *s, size_t len)
{
	int high, low;

	if (len != SRS_STAMP_LEN)
		return false;
	high = decode_base32(s[0]);
	low = decode_base32(s[1]);
	if (high == -1 || low == -1)
		return false;
	*day = (unsigned)(high * 32 + low);
	return true;
}

bool
srs_stamp_is_current(unsigned day, unsigned today, unsigned max_age)
{
	unsigned age = srs_stamp_before(today, day);

	return age <= max_age || age == SRS_STAMP_DAYS - 1;
}
