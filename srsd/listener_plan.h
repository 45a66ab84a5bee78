/* SPDX-License-Identifier: ISC */
/*
 * listener_plan - the addresses at which the settings require the services to listen, and which of
 * the current sockets have them already.
 *
 * A current socket stays if its address is wanted again, even by another endpoint or another
 * service: inet:localhost:10001 gets the socket of inet:127.0.0.1:10001. An address that a
 * service has twice is listed once, and one that a wildcard of the service covers is omitted.
 */
#ifndef SRSD_LISTENER_PLAN_H
#define SRSD_LISTENER_PLAN_H

#include <stdbool.h>
#include <stddef.h>

#include "common/endpoint.h"
#include "conf/settings.h"
#include "srsd/listeners.h"

/* The endpoint of a socket from the service manager. */
#define LISTENER_PLAN_HANDED "LISTEN_FDS"

struct planned_listener {
	enum service_kind service;
	const char *endpoint; /* belongs to the settings */
	struct endpoint_addr addr;
	const struct listener *kept; /* the socket of the current set that has it, or NULL */
};

struct listener_plan {
	const struct listeners *current;
	size_t n;
	struct planned_listener *wanted;
};

/*
 * Makes a plan, which refers to current and to the settings. Host names are resolved, unless the
 * service has sockets for this endpoint. False with one line in error, and nothing to free, if an
 * endpoint cannot be resolved, or if two services have one address.
 */
bool listener_plan_make(struct listener_plan *plan, const struct listeners *current,
    const struct settings *settings, char *error, size_t size);

/*
 * Writes the descriptors of those current sockets that are not in the plan and occupy an address,
 * so that no socket can be bound to it before they are closed: at most max. Returns their number.
 */
size_t listener_plan_occupants(
    const struct listener_plan *plan, const struct endpoint_addr *addr, int *fds, size_t max);

void listener_plan_free(struct listener_plan *plan);

#endif
