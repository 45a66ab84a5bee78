/* SPDX-License-Identifier: ISC */
/*
 * reverse_report - what `srsctl reverse` reports about an SRS address besides the answer of the map
 * (srsd/srs/srs_decode.h):
 *
 * { "sender": "a@x.org", the address that it leads back to
 *   "original": "b@y.org", the sender that the SRS0 address of another host names
 *   "alias": "...", the key in the envelope database, instead of the sender
 *   "made": "2026-10-20", "expired_days": 19, 0 if it has not expired
 *   "ahead": "2028-08-09", the day that the stamp means if it was made by a clock that was ahead;
 *       only if the address has expired, and this day is within a year
 *   "hash": "wrong", see srs_decoded_hash_name
 *   "tried": ["df0a58c61feb", ...], the fingerprints of the secrets, if none of them made the hash
 *   "rcpt": "550 5.1.1 unknown SRS address", the answer of the policy service to a bounce from a
 *       stranger to this address; "DUNNO" if the address is accepted
 *   "held_back": "550 5.1.1 ...", the refusal that test-only holds back }
 *
 * Members without a value are missing. Texts from the address are not changed.
 */
#ifndef SRSD_SERVICE_REVERSE_REPORT_H
#define SRSD_SERVICE_REVERSE_REPORT_H

#include <jansson.h>

#include "srsd/srs/srs_rewrite.h"

/*
 * The report, a new reference; NULL: the address has no SRS tag. address is in external form, and
 * result that of srs_rewrite_reverse for it. context is one that is uncounted.
 */
json_t *reverse_report(
    const struct srs_context *context, struct text address, const struct srs_result *result);

#endif
