/* SPDX-License-Identifier: ISC */
/* eva_srs_stamp - any stamp, any day and any time from 1970 on */
#include <limits.h>

#include "__fc_builtin.h"
#include "common/day.h"
#include "srsd/srs/srs_stamp.h"

int
main(void)
{
	char text[64];
	time_t now = Frama_C_long_interval(0, DAY_SECONDS * (UINT_MAX - 1L) - 1);
	unsigned day;

	Frama_C_make_unknown(text, sizeof(text));
	if (!srs_stamp_read(&day, text, Frama_C_size_t_interval(0, sizeof(text))))
		day = srs_stamp_day(now);
	srs_stamp_is_current(day, srs_stamp_day(now), Frama_C_unsigned_int_interval(0, UINT_MAX));
	srs_stamp_date(srs_stamp_before(day, Frama_C_unsigned_int_interval(0, UINT_MAX)), now);
	srs_stamp_write(Frama_C_unsigned_int_interval(0, UINT_MAX), text);
	return 0;
}
