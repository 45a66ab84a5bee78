/* SPDX-License-Identifier: ISC */
/*
 * srs_secret_past - what is known of a secret beside its bytes: when it was made, and since when it
 * signs nothing any more. Pure; srsctl keeps it in a file beside that of the secrets, a line each:
 *
 *	fingerprint SPACE created SPACE stopped NEWLINE
 *
 * Times are unix times, created is "-" when nobody knows; stopped is "-" for the one that signs and
 * "never" for one that has not signed here yet. Lines that are none are comments.
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
	SECRET_UNUSED, /* added as the last one: it never signed here, but siblings may sign with it
			*/
};

struct srs_secret_past {
	char fingerprint[SRS_MAC_FINGERPRINT_LEN + 1];
	enum secret_state state;
	time_t created; /* 0: nobody knows */
	time_t stopped; /* SECRET_STOPPED */
};

/* Bytes of a line, with its NUL. */
#define SECRET_PAST_LINE_SIZE (SRS_MAC_FINGERPRINT_LEN + 2 * 21 + 4)

/*
 * Fills in what the text has on past->fingerprint, and what follows from the file of secrets: the
 * first one signs. Where the text says nothing, or something that is no longer so, the secret
 * stopped when that file changed last, at the latest.
 */
void srs_secret_past_find(
    struct srs_secret_past *past, const char *text, size_t len, bool first, time_t changed);

/* Writes the line of the file, with its NEWLINE. */
void srs_secret_past_line(const struct srs_secret_past *, char line[SECRET_PAST_LINE_SIZE]);

/*
 * For one that has stopped: the time from which no address that it signed is valid any more, and
 * a day for clocks that differ.
 */
time_t srs_secret_past_end(const struct srs_secret_past *, const struct settings *);

#endif
