/* SPDX-License-Identifier: ISC */
/*
 * spf_lookups - the DNS lookups of one evaluation: its table of answers, and the pending queries
 * for the answers that it lacks.
 *
 * Each pending query has a place in spf_inflight, which an evaluation may have to wait for. A query
 * may outlive the evaluation, because the resolver cannot stop it at once; it keeps its place until
 * the resolver has finished with it.
 */
#ifndef SPF_SPF_LOOKUPS_H
#define SPF_SPF_LOOKUPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "spf/spf_answers.h"
#include "spf/spf_inflight.h"

struct spf_checker;
struct spf_lookups;

/* The functions of the module that evaluates. */
struct spf_lookups_user {
	/*
	 * Called before each query. It calls spf_inflight_excess and ends the evaluations that this
	 * returns, perhaps the current one. Returns true with the party set, and false if the current
	 * evaluation has ended.
	 */
	bool (*may_query)(struct spf_lookups *lookups);

	/* An answer came, or a place is free: the evaluation should run, from the event loop. */
	void (*wake)(struct spf_lookups *lookups);
};

/* No deadline. */
#define SPF_LOOKUPS_NEVER UINT64_MAX

/* The lookups of one evaluation. All times are in milliseconds since the check began. */
struct spf_lookups {
	const struct spf_checker *checker;
	const struct spf_lookups_user *user;
	void *owner;      /* the user's */
	uint64_t started; /* the beginning of the check, on the clock */
	struct spf_answers *answers;
	struct spf_party *party; /* the user's, from its first query on */
	bool stale;              /* the next pass has something new; cleared by the user */
	bool asking;             /* the resolver is being called */
	bool waits;              /* for a place that other evaluations hold */
	uint64_t waits_since;
	uint64_t waited;    /* until then */
	uint64_t client_by; /* the deadline for the names of the client, without waiting times */
	size_t pending;     /* queries */
};

/* Makes an empty table. The checker and the user outlive the lookups. */
void spf_lookups_init(struct spf_lookups *lookups, const struct spf_checker *checker,
    const struct spf_lookups_user *user, void *owner, uint64_t started);

/* Returns the time since the check began. */
uint64_t spf_lookups_elapsed(const struct spf_lookups *lookups);

/* Returns the time for which the evaluation has waited for places. */
uint64_t spf_lookups_waited(const struct spf_lookups *lookups);

/*
 * Sends queries for wanted answers, within SPF_INFLIGHT_CHECK and as far as there are places.
 * Returns true if at least one answer came at once.
 */
bool spf_lookups_send(struct spf_lookups *lookups);

/* Cancels all pending queries. Their answers become errors. */
void spf_lookups_cancel(struct spf_lookups *lookups);

/* The same, because the evaluation has run out of time: these queries count as timeouts. */
void spf_lookups_expire(struct spf_lookups *lookups);

/* Ends the waiting, and the party. No query may be sent after that. */
void spf_lookups_leave(struct spf_lookups *lookups);

/*
 * Returns the deadline for the names of the client, including waiting times; SPF_LOOKUPS_NEVER if
 * no such name was queried, or after spf_lookups_end_client.
 */
uint64_t spf_lookups_client_deadline(const struct spf_lookups *lookups);

/* From now on missing answers about the names of the client are errors. */
void spf_lookups_end_client(struct spf_lookups *lookups);

/* Cancels all queries and frees the table. Lookups that were never initialised may be zeroed. */
void spf_lookups_free(struct spf_lookups *lookups);

#endif
