/* SPDX-License-Identifier: ISC */
/*
 * unbound_context - a context of libunbound in the event loop, configured as a stub resolver that
 * forgets quickly. The only user of libunbound.
 *
 * libunbound is made for a recursive server. It brings TCP for truncated answers, EDNS, recursion,
 * a cache of packets and DNSSEC. It cannot cancel a query, and it holds the silence of one name
 * against the server, and so against all other names. The options in unbound_options.c keep these
 * effects short; resolver.h describes how the resolver works around the rest.
 *
 * SECURITY: packets come from the DNS, and dns_packet parses them. libunbound has validated them
 * with `dnssec` only.
 */
#ifndef SPF_DNS_UNBOUND_CONTEXT_H
#define SPF_DNS_UNBOUND_CONTEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "conf/settings.h"
#include "spf/dns/dns_answer.h"

struct event_base;
struct unbound_context;

/* What libunbound brings for a query. The packet is libunbound's, and may be NULL. */
struct unbound_reply {
	int rcode;
	const void *packet;
	int len;
	int secure;   /* 0 insecure, 1 bogus, 2 secure */
	bool limited; /* one of libunbound's own limits, and not the DNS, failed the query */
};

typedef void unbound_context_done_fn(void *arg, const struct unbound_reply *reply);

/*
 * A query. The caller owns the memory and sets done and arg. It stays in use until done is called
 * or unbound_context_cancel returns.
 */
struct unbound_query {
	unbound_context_done_fn *done;
	void *arg;
	struct unbound_context
	    *context; /* this one and the number are set by unbound_context_ask */
	int id;
};

/*
 * Makes a context for a plan (see resolver_plan.h) and the `dnssec` setting. All files are read
 * before this returns, because a chroot may follow. A patient context asks over TCP and waits eight
 * seconds for the answer (three with libunbound 1.13). Others send a packet twice and wait two
 * seconds each time. The event base outlives the context.
 *
 * Returns NULL with one line in error, of at most size bytes.
 */
struct unbound_context *unbound_context_new(struct event_base *base,
    const struct settings *settings, const char *plan, bool patient, char *error, size_t size);

/* Calls no done function: its queries are cancelled before. Sets the pointer to NULL. */
void unbound_context_free(struct unbound_context **context);

/*
 * Starts a query for a name of at most HOSTNAME_MAX bytes of any value. The done function may be
 * called before this returns; the query may no longer exist then. Returns false when libunbound
 * does not accept the query: *failure is DNS_FAILED if the name is impossible, else DNS_SATURATED.
 */
bool unbound_context_ask(struct unbound_context *context, struct unbound_query *query,
    const char *name, enum dns_type type, enum dns_failure *failure);

/* Forgets the done function of a query; libunbound itself continues with the query. */
void unbound_context_cancel(struct unbound_query *query);

/* False for a failure, a bogus signature included. The packet may still be malformed. */
bool unbound_context_has_answer(const struct unbound_reply *reply);

/* Parses a reply; the caller owns the reference. A failure has a TTL of DNS_CACHE_ERROR_TTL. */
struct dns_answer *unbound_context_read(const struct unbound_reply *reply, enum dns_type type);

#endif
