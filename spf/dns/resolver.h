/* SPDX-License-Identifier: ISC */
/*
 * resolver - DNS queries, answered in the event loop.
 *
 * Answers that have not expired come from dns_cache, all others from libunbound.
 *
 * libunbound cannot cancel a query, and it holds the silence of one name against the server: after
 * some silent names it regards a forwarder as dead and fails every query without sending it. So
 * libunbound makes one short attempt, and the resolver repeats the query until its caller gives up.
 * Several contexts take turns of two seconds each, so that a context has forgotten the effects of a
 * query before its next turn. A name that stays silent gets one attempt in a context with more
 * patience, which asks over TCP and waits up to eight seconds for an answer.
 */
#ifndef SPF_DNS_RESOLVER_H
#define SPF_DNS_RESOLVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf/settings.h"
#include "spf/dns/dns_answer.h"

/* Queries so far, by their result. */
struct resolver_counts {
	uint64_t cached; /* answered by dns_cache; these are in no other count */
	uint64_t found, none, failed;
	uint64_t timeout;   /* no answer in the time that the caller had */
	uint64_t cancelled; /* the answer was no longer needed */
};

struct clock;
struct dns_watch;
struct event_base;
struct resolver;
struct resolver_question;

/*
 * Called once with the answer of a query; the callee owns the reference. NULL means that the query
 * was cancelled and that libunbound has finished with it.
 */
typedef void resolver_done_fn(void *arg, struct dns_answer *answer);

/*
 * Called once with each answer before it enters the cache, to attach data that users derive from
 * the records, see dns_answer.h.
 */
typedef void resolver_prepare_fn(struct dns_answer *answer, enum dns_type type);

/* The environment of a resolver. The event base and the clock outlive it. */
struct resolver_host {
	struct event_base *base;
	const struct clock *clock;
	resolver_prepare_fn *prepare; /* or NULL */
};

/*
 * Makes a resolver for a plan, see resolver_plan.h, which is copied. The plan was made from the
 * same settings. All files that libunbound needs are read before this returns.
 *
 * Returns NULL with one line in error, of at most size bytes.
 */
struct resolver *resolver_new(const struct resolver_host *host, const struct settings *settings,
    const char *plan, char *error, size_t size);

/* Cancels all queries, and calls their done functions. Sets the pointer to NULL; it may be NULL. */
void resolver_free(struct resolver **r);

/* True if the resolver was made for the same plan. */
bool resolver_is_for(const struct resolver *r, const char *plan);

/*
 * Sets the pointer to NULL. The resolver is freed from the loop after its last query was answered
 * or cancelled. It must not get new queries.
 */
void resolver_retire(struct resolver **r);

/* Looks in the cache only. Returns a new reference or NULL. The name is lower case. */
struct dns_answer *resolver_known(struct resolver *r, const char *name, enum dns_type type);

/* The resolver ends a query without an answer after this time, in milliseconds. */
#define RESOLVER_LONGEST 120000

/*
 * Queries a name, in lower case and of at most HOSTNAME_MAX bytes. Returns NULL if done was called
 * before this returns: the answer was in the cache, or the name is impossible. Otherwise done is
 * called once from the loop, and the result can be passed to resolver_cancel until then.
 *
 * The failure of an error is DNS_FAILED if the DNS reported it, DNS_LATE if no answer came, and
 * DNS_SATURATED if libunbound did not send the query.
 */
struct resolver_question *resolver_ask(
    struct resolver *r, const char *name, enum dns_type type, resolver_done_fn *done, void *arg);

/* Counts in *counts from now on, which outlives the resolver. Resolvers may share one. */
void resolver_count_in(struct resolver *r, struct resolver_counts *counts);

/* Reports each attempt to the watch (dns_watch.h) from now on, until the resolver retires. */
void resolver_report_to(struct resolver *r, struct dns_watch *watch);

/*
 * Counts n queries as answered by the cache: they were not made, because their result is known
 * from earlier answers of the cache that have not expired (spf/spf_memory.h).
 */
void resolver_count_cached(struct resolver *r, size_t n);

/* The plan that the resolver was made for. */
const char *resolver_get_plan(const struct resolver *r);

/* The number of answers in the cache. */
size_t resolver_cached(const struct resolver *r);

/*
 * Cancels a query. libunbound continues with it for some seconds; after that done is called with
 * NULL, which may happen before this returns.
 */
void resolver_cancel(struct resolver_question *q);

/* Cancels a query because its caller has run out of time: it counts as a timeout. */
void resolver_expire(struct resolver_question *q);

#endif
