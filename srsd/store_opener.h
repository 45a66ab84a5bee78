/* SPDX-License-Identifier: ISC */
/*
 * store_opener - the engine's side of envelope-database: makes the backend of the store, and gives
 * it the descriptors that the monitor sends (srsd/store_keeper.h).
 */
#ifndef SRSD_STORE_OPENER_H
#define SRSD_STORE_OPENER_H

#include "common/clock.h"
#include "conf/settings.h"
#include "srsd/link.h"
#include "srsd/service/inputs.h"
#include "srsd/store/store.h"

struct event_base;
struct store_opener;

/*
 * ask is called when the backend needs a socket to a Redis server: the monitor then sends one, or
 * the reason why it cannot. base and clock outlive the opener.
 */
struct store_opener *store_opener_new(
    struct event_base *base, const struct clock *clock, void (*ask)(void *arg), void *arg);

/* Sets *opener to NULL; it may be NULL. The store, which owns the backend, is freed before. */
void store_opener_free(struct store_opener **opener);

/* A services_open_store_fn; opener is a struct store_opener. */
void store_opener_open(void *opener, struct store *store, const struct settings *settings,
    const struct inputs_database *database);

/*
 * Takes over a descriptor of the monitor, for the current settings: the end of a socket pair, or a
 * socket to a server. One that the backend does not use is closed. fd is -1 if the monitor could not
 * make one; problem then has the reason.
 */
void store_opener_attach(
    struct store_opener *opener, enum link_order kind, int fd, const char *problem);

#endif
