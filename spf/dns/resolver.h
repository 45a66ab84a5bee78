/* SPDX-License-Identifier: ISC */
/*
 * resolver - questions to the DNS, answered in the event loop. The only user of libunbound.
 *
 * Answers that are still good come from dns_cache. libunbound brings TCP for truncated answers,
 * EDNS, recursion, a cache of its own and DNSSEC.
 *
 * libunbound cannot cancel a question, and what a silent name teaches it about a server it holds
 * against all other names: after some of them it takes a forwarder for dead, and fails every
 * question without asking. So it makes one short attempt, and the resolver repeats the question
 * until its caller gives up. Several contexts take turns of two seconds each: what a question
 * leaves behind in one of them is forgotten before its next turn. A name that stays silent is asked
 * once in a context with more patience, which uses answers that take up to eight seconds.
 */
#ifndef SPF_DNS_RESOLVER_H
#define SPF_DNS_RESOLVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/filebox.h"
#include "conf/settings.h"
#include "spf/dns/dns_answer.h"

/* Questions so far. */
struct resolver_counts {
	uint64_t cached; /* answered out of our cache */
	uint64_t found, none, failed;
	uint64_t cancelled;
};

struct clock;
struct event_base;
struct resolver;
struct resolver_question;

/*
 * Called once with the answer, whose reference is the callee's. NULL: the question was cancelled,
 * and no longer occupies anything.
 */
typedef void resolver_done_fn(void *arg, struct dns_answer *);

/*
 * Called once with each answer before it enters the cache: attaches what its users derive from the
 * records, see dns_answer.h.
 */
typedef void resolver_prepare_fn(struct dns_answer *answer, enum dns_type type);

/* What a resolver works with. The event base and the clock outlive it. */
struct resolver_host {
	struct event_base *base;
	const struct clock *clock;
	resolver_prepare_fn *prepare; /* NULL: nothing is derived */
};

/*
 * What a resolver for these settings is: whom it asks, and what it trusts, as a text that is the
 * caller's to free. Reads /etc/resolv.conf, unless nameservers are set, and the trust anchor for
 * dnssec, through a box (NULL: from the disk). NULL with one line in error.
 */
char *resolver_plan(const struct settings *, struct filebox *, char *error, size_t size);

/*
 * Makes what a plan of these settings says. Without a nameserver in it, it asks the root servers
 * itself. NULL with one line in error.
 */
struct resolver *resolver_new(const struct resolver_host *host, const struct settings *settings,
    const char *plan, char *error, size_t size);
void resolver_free(struct resolver **);

/* True when resolver_new would make another one like this. */
bool resolver_is_for(const struct resolver *, const char *plan);

/* Frees it once its last question is answered or cancelled; sets the pointer to NULL. */
void resolver_retire(struct resolver **);

/* The answer that the cache has for a name in lower case, with a reference; NULL: it has none. */
struct dns_answer *resolver_known(struct resolver *, const char *name, enum dns_type);

/*
 * Asks for a name in lower case. When done was called before this returns (a cached answer, an
 * impossible name) the result is NULL; else done will be called from the loop. A question that is
 * never answered ends after RESOLVER_LONGEST milliseconds.
 *
 * An error is DNS_FAILED when the DNS says so, DNS_LATE when no answer came, and DNS_SATURATED when
 * libunbound would not even ask.
 */
#define RESOLVER_LONGEST 120000

struct resolver_question *resolver_ask(
    struct resolver *, const char *name, enum dns_type, resolver_done_fn *done, void *arg);

/* Where to count; one for all resolvers of a process. */
void resolver_count_in(struct resolver *, struct resolver_counts *);

/* Names that the cache has. */
size_t resolver_cached(const struct resolver *);

/*
 * Gives a question up: its answer is not wanted. It goes on to occupy libunbound for up to some
 * seconds; after that done is called with NULL, perhaps before this returns.
 */
void resolver_cancel(struct resolver_question *);

#endif
