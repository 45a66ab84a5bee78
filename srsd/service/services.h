/* SPDX-License-Identifier: ISC */
/*
 * services - the maps, the policy service and the control service, with the state that they share.
 * They are made of inputs, and a reload replaces these. They have no socket, process or clock of
 * their own, so that tests run the same code.
 */
#ifndef SRSD_SERVICE_SERVICES_H
#define SRSD_SERVICE_SERVICES_H

#include <stdbool.h>
#include <stddef.h>

#include "spf/dns/dns_watch.h"
#include "srsd/service/control.h"
#include "srsd/service/inputs.h"
#include "srsd/service/map_service.h"
#include "srsd/service/milter_service.h"
#include "srsd/service/policy_service.h"
#include "srsd/service/socketmap_service.h"
#include "srsd/service/stats.h"
#include "srsd/service/status.h"

/*
 * Makes the backend for the envelope-database of these settings, and hands it to the store
 * (srsd/store/store_backend.h). Until there is one, lookups that need the store fail. It is also
 * called for the database "none", to learn that the store has freed its last backend. database has
 * what a connection to a Redis server needs, and belongs to the services.
 */
typedef void services_open_store_fn(void *arg, struct store *store, const struct settings *settings,
    const struct inputs_database *database);

struct services {
	struct event_base *base;
	const struct clock *clock;
	struct settings *settings;
	struct srs_keys *keys;
	struct resolver *resolver;
	struct dns_watch dns_watch;
	struct spf_inflight *inflight;
	struct message_memory *messages;
	struct spf_memory *verdicts;
	struct srs_budget *budget;
	struct candidates *candidates;
	struct forward_counts *forward_counts;
	struct recent *recent;
	struct control_recent *control_recent;
	struct tally *charged;              /* see policy_charge.h */
	struct tally *unknown_domains;      /* see milter_message.h */
	struct store *store;                /* without a backend if there is no envelope-database */
	services_open_store_fn *open_store; /* or NULL */
	void *open_store_arg;
	struct event *reopen; /* calls open_store again */
	struct inputs_database database;
	struct stats stats;
	char reload_error[CONFIG_ERROR_SIZE]; /* of the last one, printable; "": none, or unknown */
	/* Each is the argument of its session_open_fn. */
	struct map_service forward, reverse;
	struct socketmap_service socketmap;
	struct policy_service policy;
	struct milter_service milter;
	struct control_service control; /* the owner sets its callbacks */
};

/*
 * Takes over the settings and keys of the inputs, which then have NULL instead; base and clock must
 * outlive the services. NULL with one line in error, cut to size bytes, when the resolver cannot be
 * created; then the inputs are unchanged.
 */
struct services *services_new(struct event_base *base, const struct clock *clock,
    struct inputs *inputs, char *error, size_t size);

/* Sets *services to NULL; it may be NULL. All sessions must be closed before. */
void services_free(struct services **services);

/*
 * Replaces the settings and keys with those of the inputs, which are taken over. Sessions use them
 * from their next request on. A policy request that waits ends with the settings that it began
 * with; a lookup that waits for the store begins again. The resolver remains, with its cache,
 * unless its own settings have changed. False with one line in error when the resolver cannot be
 * created; then nothing has changed.
 */
bool services_take(struct services *services, struct inputs *inputs, char *error, size_t size);

/*
 * Uses the nameservers of another plan (spf/dns/resolver_plan.h) for the same settings. Queries
 * that wait are answered by the nameservers that were asked. False with one line in error when the
 * resolver cannot be created; then nothing has changed.
 */
bool services_use_plan(struct services *services, const char *plan, char *error, size_t size);

/*
 * Sets the function that makes the store's backend, and calls it. A reload with another database,
 * or without one, calls it again.
 */
void services_use_store(struct services *services, services_open_store_fn *open_store, void *arg);

/* The counts of the store, valid until the loop runs again; NULL if there is no envelope-database. */
const struct store_counts *services_store_counts(struct services *services);

/* The nameservers, for a status; valid until the loop runs again. */
void services_describe_dns(const struct services *services, struct status_dns *dns);

/*
 * Counts a reload that was tried, and answers the sessions that wait for it. error is NULL, or the
 * reason why it failed.
 */
void services_reloaded(struct services *services, const char *error);

#endif
