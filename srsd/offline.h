/* SPDX-License-Identifier: ISC */
/*
 * offline - the DNS for srsctl when it asks by itself: a loop and a resolver of its own, with the
 * settings of the configuration.
 *
 * SECURITY: answers are hostile, and root runs srsctl. offline_run is the only way in: everything
 * that reads an answer belongs in its process (srsd/confined.h).
 */
#ifndef SRSD_OFFLINE_H
#define SRSD_OFFLINE_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "conf/settings.h"
#include "spf/resolver.h"

struct event_base;

struct offline {
	struct settings *settings; /* the caller's */
	struct event_base *base;
	struct resolver *resolver;
};

/* What asks the DNS: its reply, a new reference to an object. */
typedef json_t *offline_work_fn(struct offline *offline, void *arg);

#define OFFLINE_ERROR_SIZE 1024

/*
 * Does work in a process of its own, which is unprivileged-user's and in the sandbox before the
 * first question. Its reply, whose texts are raw; NULL with one line in error when it ended without
 * one, took longer than so many seconds, or the DNS of the settings cannot be used.
 */
json_t *offline_run(struct settings *settings, offline_work_fn *work, void *arg, unsigned seconds,
    char error[OFFLINE_ERROR_SIZE]);

/*
 * In that process: runs an SPF query (see spf_query.h) to its end. Its report, a new reference;
 * NULL with a static reason in *error.
 */
json_t *offline_spf(struct offline *, const json_t *request, const char **error);

#endif
