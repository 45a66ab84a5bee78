/* SPDX-License-Identifier: ISC */
/*
 * world - the environment of a story: the services, created from files in memory, their clients,
 * the network and the time.
 */
#ifndef TESTS_REPLAY_WORLD_H
#define TESTS_REPLAY_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "srsd/service/services.h"
#include "tests/replay/client.h"
#include "tests/replay/fake_store.h"

/* The files that the operator writes. */
enum world_file {
	WORLD_CONFIG,
	WORLD_SECRETS,
	WORLD_DOMAINS,
	WORLD_FILES,
};

struct world {
	struct event_base *base;
	struct services *services; /* NULL: not started yet */
	struct {
		char *data; /* NULL: no such file */
		size_t len;
	} file[WORLD_FILES];
	LIST_HEAD(, client) clients;
	struct fake_store store;
	size_t split;       /* bytes that are read at a time; 0: all available */
	bool reload_wanted; /* srsctl has requested it */
};

/* Begins a world at this unix time, with a secret only. There can be only one at a time. */
void world_begin(struct world *, time_t wall);

/* Ends it; false with a reason (static) if a client or a query is still pending. */
bool world_end(struct world *, const char **why);

/* Sets the contents of a file, for the next start or reload. */
void world_write(struct world *, enum world_file, const char *data, size_t len);

/* Starts the services; false with one line in error. */
bool world_start(struct world *, char error[CONFIG_ERROR_SIZE]);

/* Does what SIGHUP does. False with one line in error: the old settings stay in effect. */
bool world_reload(struct world *, char error[CONFIG_ERROR_SIZE]);

/* Connects a client; NULL if there is no such service. */
struct client *world_open(struct world *, const char *service, const char *name, size_t name_len);

/* Handles all events that are due now. */
void world_settle(struct world *);

/* Lets time pass, and handles the events of that time in their order. */
void world_wait(struct world *, uint64_t ms);

/* The metrics page; the caller frees the text. */
char *world_metrics(struct world *);

#endif
