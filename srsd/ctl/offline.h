/* SPDX-License-Identifier: ISC */
/*
 * offline - DNS queries of srsctl itself: an event loop and a resolver of its own, with the
 * settings of the configuration.
 *
 * SECURITY: DNS answers are hostile, and root runs srsctl. Only a function that offline_run calls
 * may read an answer, because it runs in a confined process (srsd/ctl/confined.h).
 */
#ifndef SRSD_CTL_OFFLINE_H
#define SRSD_CTL_OFFLINE_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "conf/settings.h"
#include "spf/dns/resolver.h"
#include "spf/spf_inflight.h"
#include "srsd/ctl/confined.h"
#include "srsd/forwarding/candidate_state.h"

struct event_base;

struct offline {
	struct settings *settings; /* owned by the caller of offline_run */
	struct event_base *base;
	struct resolver *resolver;
	struct spf_inflight *inflight;
};

/* Queries the DNS in the confined process. Returns a reply, a new reference to an object. */
typedef json_t *offline_work_fn(struct offline *offline, void *arg);

#define OFFLINE_ERROR_SIZE CONFINED_ERROR_SIZE

/*
 * Calls work(arg) in a confined process that runs as unprivileged-user. Returns its reply, a new
 * reference with texts that are not printable yet; or NULL with one printable line in error when
 * the process exited without a reply or ran for longer than seconds, or when the resolver cannot be
 * configured.
 */
json_t *offline_run(struct settings *settings, offline_work_fn *work, void *arg, unsigned seconds,
    char error[OFFLINE_ERROR_SIZE]);

/*
 * In the confined process: runs an SPF query (spf_query.h) to its end. Returns its report, a new
 * reference; or NULL with a static reason in *error.
 */
json_t *offline_spf(struct offline *offline, const json_t *request, const char **error);

/*
 * In the confined process: true if a candidate of per-domain is usable (candidates.h). Its state is
 * described in text.
 */
bool offline_candidate(struct offline *offline, const char *domain, char text[CANDIDATE_TEXT_SIZE]);

#endif
