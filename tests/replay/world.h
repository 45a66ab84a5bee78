/* SPDX-License-Identifier: ISC */
/*
 * world - what a story happens in: the services, made of inputs that lie in memory, their clients,
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
	struct services *services; /* NULL: not made yet */
	struct {
		char *data; /* NULL: there is none */
		size_t len;
	} file[WORLD_FILES];
	LIST_HEAD(, client) clients;
	struct fake_store store;
	size_t split;       /* bytes that are read at a time; 0: all that there are */
	bool reload_wanted; /* srsctl has asked */
};

/* A world at this unix time, with a secret and nothing else. One at a time. */
void world_begin(struct world *, time_t wall);

/* Ends it; false with a reason (static) when somebody waits for something still. */
bool world_end(struct world *, const char **why);

/* The bytes of a file, for the next start or reload. */
void world_write(struct world *, enum world_file, const char *data, size_t len);

/* Makes the services; false with one line in error. */
bool world_start(struct world *, char error[CONFIG_ERROR_SIZE]);

/* As SIGHUP: false with one line in error, and the old settings stay. */
bool world_reload(struct world *, char error[CONFIG_ERROR_SIZE]);

/* NULL when there is no such service. */
struct client *world_open(struct world *, const char *service, const char *name, size_t name_len);

/* Lets all happen that happens now. */
void world_settle(struct world *);

/* Lets time pass, and all happen that happens meanwhile, in its order. */
void world_wait(struct world *, uint64_t ms);

/* The metrics page; the caller frees. */
char *world_metrics(struct world *);

#endif
