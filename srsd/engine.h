/* SPDX-License-Identifier: ISC */
/*
 * engine - the process that serves clients: the event loop with sockets, maps, policy service, DNS
 * and control.
 *
 * SECURITY: The monitor forks it with all files read and all sockets open. It enters the sandbox
 * (user, chroot, seccomp) before it reads the first byte of a client. From then on it obeys only
 * the monitor.
 */
#ifndef SRSD_ENGINE_H
#define SRSD_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "common/privdrop.h"
#include "srsd/service/inputs.h"

struct listeners;

struct engine_start {
	const struct inputs_source *source;
	struct inputs inputs; /* owned by the engine */
	const struct listeners *listeners;
	struct identity id; /* to become */
	int link;           /* to the monitor, see srsd/link.h */
	uint32_t reload;    /* the number of the reload that made these inputs; 0: none did */
	unsigned restarts;  /* number of engines before this one */
	time_t reloaded;    /* time of the last reload, successful or not; 0: never */
	bool reload_refused;
};

/*
 * Runs the engine and returns the exit status of the process. 0: it was asked to stop, and has
 * answered the pending requests or reached stop-timeout.
 */
int engine_main(const struct engine_start *start);

/* True if an engine can start with the inputs; otherwise one line in error. For srsd -n. */
bool engine_try(const struct inputs *inputs, char *error, size_t size);

#endif
