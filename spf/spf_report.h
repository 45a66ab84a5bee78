/* SPDX-License-Identifier: ISC */
/*
 * spf_report - a check told in full, as JSON: verdicts, the terms in the order they were walked,
 * the DNS answers they used and when those came, the limits.
 *
 * Text of others has only visible ASCII and blanks in it, and is cut.
 */
#ifndef SPF_SPF_REPORT_H
#define SPF_SPF_REPORT_H

#include <jansson.h>

#include "spf/spf_check.h"

/*
 * The report of one identity of a traced check that is done; a new reference, NULL when the
 * identity was not checked.
 *
 *	{ "identity": "mailfrom", "domain": "x.org", "result": "fail", "mechanism": "-all",
 *	  "problem": "...", "explanation": "...", "dnssec": "insecure", "time_ms": 12,
 *	  "lookups": 2, "lookup_limit": 10, "voids": 0, "void_limit": 2,
 *	  "native": "fail", "libspf2": "permerror", "engines_agree": false,
 *	  "terms": [ { "depth": 0, "domain": "x.org", "term": "a:h.x.org", "outcome": "no match",
 *	               "dns": [ { "name": "h.x.org", "type": "A", "status": "found",
 *	                          "records": ["192.0.2.1"], "ttl": 300, "dnssec": "insecure",
 *	                          "cached": false, "asked_ms": 3, "answered_ms": 8 } ] } ] }
 *
 * A term "" is the fetching of the domain's record. It has a member "hint" when there is no record,
 * but a text that looks like one, see spf_near_miss. native, libspf2 and engines_agree are there
 * when libspf2 was asked.
 */
json_t *spf_report(
    const struct spf_check *, const struct settings *, enum spf_identity, enum spf_evaluator);

#endif
