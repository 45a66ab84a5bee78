/* SPDX-License-Identifier: ISC */
/*
 * spf_query - a question about SPF that a person asks (srsctl spf): from JSON to a check, and from
 * the check to its report. The same through the daemon and without it.
 *
 *	{ "ip": "192.0.2.1", "sender": "a@x.org", "helo": "mx.x.org", "engine": "both" }
 *
 * sender may be "" or "<>", a domain alone, or missing; helo may be missing, unless the sender is
 * null. engine is native, libspf2, both, or missing: what the settings say.
 */
#ifndef SPF_SPF_QUERY_H
#define SPF_SPF_QUERY_H

#include <stdbool.h>

#include <jansson.h>

#include "spf/spf_check.h"

struct spf_query;

/*
 * Starts one. NULL with a static reason in *error. wake is
 * called from the loop when it gets done later.
 */
struct spf_query *spf_query_start(const struct spf_checker *, struct settings *,
    const json_t *request, time_t now, void (*wake)(void *arg), void *arg, const char **error);

bool spf_query_is_done(const struct spf_query *);

/* {"ip": ..., "sender": ..., "helo": ..., "identities": [report, ...]}; a new reference. */
json_t *spf_query_report(const struct spf_query *);

/* Cancels what is not done; sets the pointer to NULL. */
void spf_query_free(struct spf_query **);

#endif
