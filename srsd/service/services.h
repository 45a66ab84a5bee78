/* SPDX-License-Identifier: ISC */
/*
 * services - all that answers: the maps, the policy service, the control session, with what they
 * share and keep. Made of inputs, and given others by a reload; without a socket, a process or a
 * clock of its own, so that a test runs the very same.
 */
#ifndef SRSD_SERVICE_SERVICES_H
#define SRSD_SERVICE_SERVICES_H

#include <stdbool.h>
#include <stddef.h>

#include "srsd/service/control.h"
#include "srsd/service/inputs.h"
#include "srsd/service/map_service.h"
#include "srsd/service/policy_service.h"
#include "srsd/service/stats.h"

struct services {
	struct event_base *base;
	const struct clock *clock;
	struct settings *settings;
	struct srs_keys *keys;
	struct resolver *resolver;
	struct spf_inflight *inflight;
	struct message_memory *messages;
	struct srs_budget *budget;
	struct stats stats;
	/* Each is what its session_open_fn takes. */
	struct map_service forward, reverse;
	struct policy_service policy;
	struct control_service control; /* whose callbacks are the owner's to set */
};

/*
 * Takes over the inputs' settings and keys. NULL with one line in error when there can be no
 * resolver for them; then the inputs are as they were.
 */
struct services *services_new(
    struct event_base *, const struct clock *, struct inputs *, char *error, size_t size);

/* All sessions have to be closed before. */
void services_free(struct services **);

/*
 * The same for the inputs of a reload, in the place of those at work. Sessions see them with their
 * next request; what began with the old ones ends with them. The resolver goes on, with its cache,
 * unless its own settings are others.
 */
bool services_take(struct services *, struct inputs *, char *error, size_t size);

/* Counts a reload that has just been tried, and tells those who wait; error is NULL, or why not. */
void services_reloaded(struct services *, const char *error);

#endif
