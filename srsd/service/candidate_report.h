/* SPDX-License-Identifier: ISC */
/* candidate_report - what is known of the candidates of per-domain, for srsctl status. */
#ifndef SRSD_SERVICE_CANDIDATE_REPORT_H
#define SRSD_SERVICE_CANDIDATE_REPORT_H

#include <jansson.h>

#include "srsd/forwarding/candidates.h"

/* Candidates in a report. The counts include the others. */
#define CANDIDATE_REPORT_DOMAINS 1000

/*
 * Returns a new reference: first the candidates that are not usable, then the others, each in the
 * order of their names. All kinds are counted; domains names those that were checked in the last
 * day, even if their state has expired since then.
 *
 * { "counts": {"usable": 1, "spf": 1, "spf-varies": 0, ...},
 *   "domains": [{"domain": "srs.example.org", "state": "spf",
 *       "text": "SPF is softfail for mail from 192.0.2.1", "checked": 1700000000}, ...] }
 */
json_t *candidate_report_json(const struct candidates *candidates);

#endif
