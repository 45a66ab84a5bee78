/* SPDX-License-Identifier: ISC */
/*
 * control_store - requests of srsctl that ask the envelope store, and wait for its answer.
 *
 *	reverse		an address with an alias, as the reverse map answers it
 *	store-get	{"alias": "..."}: the row of an alias; a whole SRS address is accepted too
 *	store-put	{"rows": [["ALIAS@1", "address", expires], ...]}: rows of another database
 *
 * SECURITY: the rows of a store-put come from a file that may be hostile. A row is stored only if
 * its alias was made from its address, and for no longer than a row of our own.
 */
#ifndef SRSD_SERVICE_CONTROL_STORE_H
#define SRSD_SERVICE_CONTROL_STORE_H

#include <jansson.h>

#include "srsd/srs/srs_rewrite.h"

struct control_service;

/* Rows of one store-put. */
#define CONTROL_STORE_ROWS_MAX 512

/* A request, and the answers to it. */
struct control_store;

/*
 * Asks for the sender of an alias that srs_rewrite_reverse has found; service->store is not NULL.
 * Takes over the reference to reply, to which the answer is added.
 *
 * Of this and of the following functions: wake is called from the event loop when the report is
 * there, and the service outlives the request.
 */
struct control_store *control_store_reverse(const struct control_service *service,
    const struct srs_result *result, json_t *reply, void (*wake)(void *arg), void *arg);

/* Start a request. NULL with a static text in *error when there is nothing to ask for. */
struct control_store *control_store_get(const struct control_service *service,
    const json_t *request, void (*wake)(void *arg), void *arg, const char **error);
struct control_store *control_store_put(const struct control_service *service,
    const json_t *request, void (*wake)(void *arg), void *arg, const char **error);

/* The reply, a new reference; NULL while the store has not answered. */
json_t *control_store_report(const struct control_store *request);

/* Gives up what is open, frees the request, and sets *request to NULL; it may be NULL. */
void control_store_free(struct control_store **request);

#endif
