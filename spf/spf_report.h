/* SPDX-License-Identifier: ISC */
/*
 * spf_report - the full report of a check as JSON: the verdict, the limits, the terms in the order
 * of evaluation, and their DNS answers with times. Pure.
 *
 * SECURITY: text from the client and the DNS is reduced to visible ASCII and blanks, and is cut.
 */
#ifndef SPF_SPF_REPORT_H
#define SPF_SPF_REPORT_H

#include <jansson.h>

#include "spf/spf_check.h"

/*
 * Returns the report of one identity of a traced check that is done, as a new reference; NULL if
 * the identity was not checked. The evaluator is the one of the check.
 *
 *	{ "identity": "mailfrom", "domain": "x.org", "result": "fail", "mechanism": "-all",
 *	  "problem": "...", "explanation": "...", "dnssec": "insecure", "time_ms": 12,
 *	  "varies": false,
 *	  "lookups": 2, "lookup_limit": 10, "voids": 0, "void_limit": 2,
 *	  "native": "fail", "libspf2": "permerror", "engines_agree": false,
 *	  "terms": [ { "depth": 0, "domain": "x.org", "term": "a:h.x.org", "outcome": "no match",
 *	               "problem": "", "decides": false, "lookups": 1, "lookups_total": 2,
 *	               "voids": 0, "voids_total": 0,
 *	               "dns": [ { "name": "h.x.org", "type": "A", "status": "found",
 *	                          "records": ["192.0.2.1"], "ttl": 300, "dnssec": "insecure",
 *	                          "cached": false, "given": false, "asked_ms": 3, "answered_ms": 8 } ] } ] }
 *
 * An answer with the status void has a member "no_name" that is true if the name does not exist;
 * otherwise it has no records of the type. An answer is cached if it needed no query, and given if
 * it is the record of the request (spf_check.h).
 *
 * A term "" is the lookup of the domain's record. It has a member "hint" if the domain has no
 * record but a text that looks like one (spf_near_miss.h), or a record with an ignored term
 * (spf_term_hint.h). An invalid term has one if it looks like a valid one. A term has its cost, with
 * that of the records that it leads to, and the totals of the evaluation after it. Terms, their costs
 * and the one that decides are those of the native evaluator, even if the result is that of libspf2.
 * varies is
 * that of spf_verdict.h. The members native, libspf2 and engines_agree exist if libspf2 was used.
 */
json_t *spf_report(
    const struct spf_check *check, enum spf_identity identity, enum spf_evaluator evaluator);

/* Lists the nameservers of a plan (spf/dns/resolver_plan.h), a new reference to an array. */
json_t *spf_report_nameservers(const char *plan);

#endif
