/* SPDX-License-Identifier: ISC */
/*
 * engine - the process that serves: the event loop with sockets, maps, policy service, DNS and
 * control.
 *
 * It is forked with everything open and read, locks itself in before the first byte of a stranger
 * (user, chroot, sandbox), and hears of the monitor alone from then on.
 */
#ifndef SRSD_ENGINE_H
#define SRSD_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "common/privdrop.h"
#include "srsd/service/inputs.h"

struct listeners;

struct engine_start {
	const struct inputs_source *source;
	struct inputs inputs;
	const struct listeners *listeners;
	struct identity id; /* to become */
	int link;           /* to the monitor, see srsd/link.h */
	unsigned restarts;  /* engines there were before this one */
	time_t reloaded;    /* when a reload was last tried; 0: never */
	bool reload_refused;
};

/*
 * The whole life of the process: returns its exit status. 0: it was asked to end, and has answered
 * what was in flight.
 */
int engine_main(const struct engine_start *);

/* True when an engine could be made of the inputs; else one line in error. For srsd -n. */
bool engine_try(const struct inputs *, char *error, size_t size);

#endif
