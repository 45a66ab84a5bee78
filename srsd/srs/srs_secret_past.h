/* SPDX-License-Identifier: ISC */
/*
 * srs_secret_past - the history of a secret: when it was created, and since when it no longer
 * signs. Pure. srsctl keeps it in a file next to that of the secrets, one line for each:
 *
 *	fingerprint SPACE created SPACE stopped NEWLINE
 *
 * Times are Unix times. created is "-" when it is not known; stopped is "-" for the secret that
 * signs, and "never" for one that has not signed here yet. All other lines are comments.
 */
#ifndef SRSD_SRS_SRS_SECRET_PAST_H
#define SRSD_SRS_SRS_SECRET_PAST_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "conf/settings.h"
#include "srsd/srs/srs_mac.h"

enum secret_state {
	SECRET_SIGNS,
	SECRET_STOPPED,
	SECRET_UNUSED, /* added as the last one: never signed here, but perhaps on other hosts */
};

struct srs_secret_past {
	char fingerprint[SRS_MAC_FINGERPRINT_LEN + 1];
	enum secret_state state;
	time_t created; /* 0: not known */
	time_t stopped; /* set for SECRET_STOPPED */
};

/* Bytes of a line, including its NEWLINE and a NUL. */
#define SECRET_PAST_LINE_SIZE (SRS_MAC_FINGERPRINT_LEN + 2 * 21 + 4)

/*
 * Fills in the history of the secret past->fingerprint from the text of the file, and from its
 * place in the file of secrets: the first one signs. When the text has no line for another secret,
 * or one that says that it signs, the secret stopped at the latest when that file last changed.
 */
void srs_secret_past_find(
    struct srs_secret_past *past, const char *text, size_t len, bool first, time_t changed);

/* Writes the line of the file, with its NEWLINE and a NUL. */
void srs_secret_past_line(const struct srs_secret_past *past, char line[SECRET_PAST_LINE_SIZE]);

/*
 * For a secret that has stopped: the time when the last address that it signed has expired, and a
 * day for clocks that differ.
 */
time_t srs_secret_past_end(const struct srs_secret_past *past, const struct settings *settings);

#endif
