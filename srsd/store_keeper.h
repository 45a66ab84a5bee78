/* SPDX-License-Identifier: ISC */
/*
 * store_keeper - the monitor's side of envelope-database.
 *
 * An SQLite file is written by the store process (srsd/store/store_process.h), which the monitor
 * starts, and starts again when it has ended. A socket pair connects it to the engine. It ends by
 * itself when the engine closes its end, so every engine gets a process of its own.
 *
 * The sandbox of the engine allows no unix sockets, so the monitor makes the connections to a Redis
 * server as well. It resolves the name of the server when the settings are read.
 */
#ifndef SRSD_STORE_KEEPER_H
#define SRSD_STORE_KEEPER_H

#include <stdbool.h>
#include <stdint.h>

#include "common/privdrop.h"
#include "conf/settings.h"

struct store_keeper;

/* Keeps a store process that runs as this user. */
struct store_keeper *store_keeper_new(const struct identity *id);

/*
 * Ends the store process, and kills it if it has not ended after two seconds. Sets *keeper to NULL;
 * it may be NULL.
 */
void store_keeper_free(struct store_keeper **keeper);

/*
 * Uses the database of these settings. A store process for another one is ended. Creates the
 * directory of an SQLite file, if it is missing, for the daemon's user.
 */
void store_keeper_use(struct store_keeper *keeper, const struct settings *settings);

/* Asks the store process, if there is one, to end: its engine has ended. */
void store_keeper_end(struct store_keeper *keeper);

/*
 * Kills a store process that was asked to end two seconds ago: the next one starts when this one
 * has ended. Returns the milliseconds until the next look, or 0 if no process is to end.
 */
unsigned store_keeper_end_late(struct store_keeper *keeper);

/* True if a store process is needed and none is running. */
bool store_keeper_lacks_process(const struct store_keeper *keeper);

/*
 * Starts the store process. leave is called in the child, which must close what belongs to the
 * parent and wipe the secrets. Returns the engine's end of the socket pair, which the caller
 * closes, or -1, which is logged.
 */
int store_keeper_start(struct store_keeper *keeper, void (*leave)(void *arg), void *arg);

/*
 * True if the store process has ended, which is logged. *pause_ms is then the time to wait before
 * the next start.
 */
bool store_keeper_reap(struct store_keeper *keeper, unsigned *pause_ms);

/*
 * A socket that connects to the Redis server, non-blocking. -1 with a reason in *problem, a static
 * text or one of strerror(3). If the name of the server had no address, it is looked up again, at
 * most every 30 seconds; that may take as long as the resolver of the system allows.
 */
int store_keeper_connect(struct store_keeper *keeper, const char **problem);

#endif
