/* SPDX-License-Identifier: ISC */
/*
 * engine - the event loop with all that runs in it: sockets, maps, policy service, DNS, signals.
 *
 * It is made with privileges (sockets are bound, files are read by then) and runs without them.
 */
#ifndef SRSD_ENGINE_H
#define SRSD_ENGINE_H

#include <stdbool.h>
#include <stddef.h>

#include "conf/settings.h"
#include "srsd/srs_keys.h"

enum engine_service {
	ENGINE_FORWARD,
	ENGINE_REVERSE,
	ENGINE_POLICY,
	ENGINE_CONTROL,
	ENGINE_SERVICES,
};

/* Those that count with connection-limit: what Postfix uses. */
#define ENGINE_MAIL_SERVICES 3

/* Connections to the control socket at a time. */
#define ENGINE_CONTROLS 16

extern const char *const engine_service_names[ENGINE_SERVICES];

struct engine;

/*
 * Takes settings and keys over. NULL with one line in error, e.g. when the resolver does not
 * accept its settings; then the caller keeps both.
 */
struct engine *engine_new(struct settings *, struct srs_keys *, char *error, size_t size);
void engine_free(struct engine **);

/* Hands a listening socket over. */
void engine_listen(struct engine *, enum engine_service, int fd);

/* Runs until SIGTERM or SIGINT, then answers what is in flight. False when the loop has failed. */
bool engine_run(struct engine *);

#endif
