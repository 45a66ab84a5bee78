/* SPDX-License-Identifier: ISC */
/*
 * listeners - the listening sockets, which the monitor keeps open whatever becomes of the engine.
 *
 * A reload plans the next set first: sockets that stay are shared between the two sets, new ones
 * are opened, and nothing is closed until it is clear which set it will be.
 */
#ifndef SRSD_LISTENERS_H
#define SRSD_LISTENERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/endpoint.h"
#include "common/privdrop.h"
#include "conf/settings.h"
#include "srsd/service/service_kind.h"

struct listener {
	enum service_kind service;
	uint32_t id; /* never used twice */
	int fd;
	struct endpoint_addr addr; /* that fd was bound to from the start */
	char *endpoint;            /* as configured */
};

struct listeners {
	size_t n;
	struct listener *listener;
	/* Sockets that the service manager has handed over take the place of a service's endpoints.
	 */
	bool handed[SERVICE_KINDS];
};

/*
 * Closes all descriptors except the standard files and the sockets of LISTEN_FDS. A descriptor that
 * another program has left open would be the engine's, too.
 */
void listeners_close_others(void);

/*
 * Takes the sockets of LISTEN_FDS, named by LISTEN_FDNAMES as the services are, out of the
 * environment. Fatal for names that no service has.
 */
struct listeners *listeners_handed_over(void);

/*
 * What the settings want: sockets of current that stay, the others opened. The control socket is
 * id's; that it cannot be opened is only warned of. NULL with one line in error, and nothing
 * opened.
 */
struct listeners *listeners_plan(const struct listeners *current, const struct settings *,
    const struct identity *, char *error, size_t size);

/* False when one of them takes no connections any more, which only a hostile engine brings about.
 */
bool listeners_are_open(const struct listeners *);

/*
 * Undoes all that an engine may have done to the sockets, before the next engine gets them. One
 * that cannot be used again is replaced; where that fails it leaves the set, and a reload tries
 * again. The control socket is id's.
 */
void listeners_revive(struct listeners *, const struct identity *id);

bool listeners_hold(const struct listeners *, uint32_t id);

/* Closes the sockets that kept (may be NULL) does not hold; sets the pointer to NULL. */
void listeners_free(struct listeners **, const struct listeners *kept);

#endif
