/* SPDX-License-Identifier: ISC */
/*
 * spf_query - a check that an operator requests with `srsctl spf`: from JSON to a check, and from
 * the check to its report. The daemon and srsctl itself use the same code.
 *
 *	{ "ip": "192.0.2.1", "sender": "a@x.org", "helo": "mx.x.org", "engine": "both",
 *	  "record": "v=spf1 -all" }
 *
 * sender may be "" or "<>", a domain without a local part, or missing. helo may be missing, unless
 * the sender is null. engine is native, libspf2 or both; the default is that of the settings. record
 * is the TXT record to use instead of those that the DNS has for the sender's domain, or for the
 * HELO name of a null sender; the DNS answers all other queries.
 *
 *	{ "for": "srs.example.org", "record": "v=spf1 -all" }
 *
 * The other kind of query asks whether mail from each of `outbound-addresses` would pass for an SRS
 * domain, see spf_outbound.h.
 */
#ifndef SPF_SPF_QUERY_H
#define SPF_SPF_QUERY_H

#include <stdbool.h>

#include <jansson.h>

#include "spf/spf_check.h"

struct spf_query;

/*
 * Starts a query. The request is copied; the settings get one more reference. now is for %{t}. wake
 * is called from the event loop, once, when the query is done; it is not called if the query is
 * done when this returns. Returns NULL with a static reason in *error.
 */
struct spf_query *spf_query_start(const struct spf_checker *checker, struct settings *settings,
    const json_t *request, time_t now, void (*wake)(void *arg), void *arg, const char **error);

bool spf_query_is_done(const struct spf_query *query);

/*
 * Returns the report of a query that is done, as a new reference:
 *
 *	{ "ip": ..., "sender": ..., "helo": ..., "record": ..., "identities": [report, ...],
 *	  "nameservers": ["192.0.2.53", ...] }
 *	{ "for": ..., "record": ..., "addresses": [{ "ip": ..., ... }, ...], "nameservers": ... }
 *
 * with the members that the request has. An empty list of nameservers means the root servers. There
 * is a report (spf_report.h) for each identity that was checked, or an object for each address
 * (spf_outbound.h).
 */
json_t *spf_query_report(const struct spf_query *query);

/* Ends a query, done or not. Sets the pointer to NULL; it may be NULL. */
void spf_query_free(struct spf_query **queryp);

#endif
