/* SPDX-License-Identifier: ISC */
/*
 * listeners - the listening sockets, which the monitor keeps open across engines.
 *
 * A reload first plans the next set (srsd/listener_plan.h). Sockets that stay are shared by the two
 * sets, and new ones are opened. Nothing is closed until one of the sets is freed.
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
	uint32_t id; /* never reused */
	int fd;
	struct endpoint_addr addr; /* to which fd was bound originally */
	char *endpoint;            /* as configured */
};

struct listeners {
	size_t n;
	struct listener *listener;
	/* Sockets from the service manager replace the endpoints of a service. */
	bool handed[SERVICE_KINDS];
};

/*
 * Closes all descriptors except the standard files and the sockets of LISTEN_FDS. The engine would
 * inherit a descriptor that another program has left open.
 */
void listeners_close_others(void);

/* True if a service manager has passed sockets to this process. */
bool listeners_are_handed_over(void);

/*
 * Returns the sockets of LISTEN_FDS, and removes the variables from the environment. LISTEN_FDNAMES
 * contains the names of services; an unknown name is fatal.
 */
struct listeners *listeners_handed_over(void);

/*
 * Returns the set that the settings require: sockets of current that stay, and new ones. The
 * sockets belong to id. If the control socket cannot be opened, a warning is logged and it is left
 * out. Returns NULL with one line in error, and nothing opened, if another one cannot be opened.
 * *in_use, which may be NULL, is then true if another program has its address.
 */
struct listeners *listeners_plan(const struct listeners *current, const struct settings *settings,
    const struct identity *id, bool *in_use, char *error, size_t size);

/* True if the set has a socket at exactly this address, for whatever service. */
bool listeners_have_address(const struct listeners *l, const struct endpoint_addr *addr);

/*
 * Hides the inet sockets (endpoint_hide) of a set that the next one, which is in effect, does not
 * have: new connections reach the next set, and none of them is reset when the old one is freed.
 */
void listeners_hide_leaving(const struct listeners *old, const struct listeners *next);

/* False if one of the sockets no longer listens. Only a hostile engine can cause this. */
bool listeners_are_open(const struct listeners *l);

/*
 * Undoes any damage that an engine may have done to the sockets, before the next engine gets them.
 * A socket that cannot be used again is replaced; if this fails, it is removed from the set until a
 * reload opens it again. New sockets belong to id.
 */
void listeners_revive(struct listeners *l, const struct identity *id);

/* True if the set contains a listener with this id. */
bool listeners_hold(const struct listeners *l, uint32_t id);

/* Closes the sockets that kept (may be NULL) does not contain; sets the pointer to NULL. */
void listeners_free(struct listeners **lp, const struct listeners *kept);

#endif
