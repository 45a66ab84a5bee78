/* SPDX-License-Identifier: ISC */
/*
 * offline - the DNS for srsctl when it asks by itself: a loop and a resolver of its own, with the
 * settings of the configuration.
 *
 * SECURITY: answers are hostile, and root runs srsctl. Only work of offline_run may read an answer,
 * because it runs in a confined process (srsd/ctl/confined.h).
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

struct event_base;

struct offline {
	struct settings *settings; /* the caller's */
	struct event_base *base;
	struct resolver *resolver;
	struct spf_inflight *inflight;
};

/* Asks the DNS. Returns its reply, a new reference to an object. */
typedef json_t *offline_work_fn(struct offline *offline, void *arg);

#define OFFLINE_ERROR_SIZE CONFINED_ERROR_SIZE

/*
 * Does the work in a confined process of unprivileged-user's. Its reply, whose texts are raw; NULL
 * with one printable line in error when the process ended without one, took longer than so many
 * seconds, or the DNS of the settings cannot be used.
 */
json_t *offline_run(struct settings *settings, offline_work_fn *work, void *arg, unsigned seconds,
    char error[OFFLINE_ERROR_SIZE]);

/*
 * In that process: runs an SPF query (see spf_query.h) to its end. Its report, a new reference;
 * NULL with a static reason in *error.
 */
json_t *offline_spf(struct offline *, const json_t *request, const char **error);

#endif
