/* SPDX-License-Identifier: ISC */
/*
 * spf_outbound - would mail that this host forwards pass SPF for an SRS domain? One evaluation for
 * each of `outbound-addresses`, for `srsctl spf --for`.
 *
 * The native evaluator decides, with the limits of RFC 7208 and for a sender postmaster@DOMAIN: the
 * receivers of that mail know nothing of our settings. The addresses are evaluated one after the
 * other, so that the answers that they share are queried once.
 */
#ifndef SPF_SPF_OUTBOUND_H
#define SPF_SPF_OUTBOUND_H

#include <stdbool.h>

#include <jansson.h>

#include "spf/spf_check.h"

struct spf_outbound;

/*
 * The time, in seconds, after which no further address is evaluated. srsctl waits for the last one,
 * too: this and the longest lookup-time, 90 seconds, are less than its own timeout.
 */
#define SPF_OUTBOUND_SECONDS 20

/*
 * Starts the evaluations. record is the TXT record to use instead of those that the DNS has for the
 * domain; s is NULL: use those of the DNS. Both texts must live as long as this. The checker and
 * the settings are as for spf_check_start, and so is wake. Returns NULL with a static reason in
 * *error if the domain is an address or empty, or if `outbound-addresses` is empty.
 */
struct spf_outbound *spf_outbound_start(const struct spf_checker *checker,
    struct settings *settings, struct text domain, struct text record, time_t now,
    void (*wake)(void *arg), void *arg, const char **error);

bool spf_outbound_is_done(const struct spf_outbound *outbound);

/*
 * Returns what was found when it is done, as a new reference to an array with a member for each
 * address:
 *
 *	{ "ip": "192.0.2.1", "identities": [report], "hint": "..." }
 *
 * The report is that of spf_report.h for the sender. If the result is pass, it has no terms. It is
 * missing if there was no time for the evaluation. The hint names the change that the record needs.
 * It is missing if that is unknown, or if none is needed.
 */
json_t *spf_outbound_report(const struct spf_outbound *outbound);

/* Ends the evaluations, done or not. Sets the pointer to NULL; it may be NULL. */
void spf_outbound_free(struct spf_outbound **outboundp);

#endif
