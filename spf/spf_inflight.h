/* SPDX-License-Identifier: ISC */
/*
 * spf_inflight - the places of pending DNS queries, and the clients and domains that hold them.
 *
 * Any client can send mail from many names that never answer. Each such query occupies the
 * resolver for a while, and all clients share the resolver. So the places are bounded, for a client
 * network and in all, below the capacity of the resolver. A client network that has used up its own
 * places waits for one of them, and takes no place from the others.
 *
 * Slow names must not keep the fast ones out. Queries older than two seconds may hold at most half
 * of all places, and half of the places of each network. Beyond that the oldest query of the
 * largest holder is given up. A holder is a network, an IPv6 /48 or the organizational domain of a
 * sender.
 *
 * A query that was given up or cancelled keeps its place until the resolver has finished with it.
 * Otherwise such queries could fill the resolver.
 *
 * The number of checks that wait is bounded, too, for a domain and for a domain and a client
 * network. So a slow domain delays only its own mail, and no client uses up the share of another.
 *
 * An IPv4 client of NAT64 counts as that IPv4 address (ipaddr_client_network).
 *
 * Pure. now is in milliseconds since any moment, and never goes back.
 */
#ifndef SPF_SPF_INFLIGHT_H
#define SPF_SPF_INFLIGHT_H

#include <sys/queue.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/hostname.h"
#include "common/ipaddr.h"

/*
 * Checks that may wait for the DNS of one sender's domain: from an IPv4 address or IPv6 /64, from
 * an IPv6 /48, and in all.
 */
#define SPF_INFLIGHT_MAX 20
#define SPF_INFLIGHT_SITE_MAX 40
#define SPF_INFLIGHT_DOMAIN 200

/* Pending queries of one evaluation; the query at which it stops may exceed this by one. */
#define SPF_INFLIGHT_CHECK 16

/* Places of an IPv4 address or IPv6 /64, of an IPv6 /48, and in all. */
#define SPF_INFLIGHT_NETWORK 128
#define SPF_INFLIGHT_SITE 256
#define SPF_INFLIGHT_PLACES 1280

/* All places, with those for networks with few or no places: the capacity of the resolver. */
#define SPF_INFLIGHT_MOST 1536

/* A query becomes old after this time, in milliseconds. */
#define SPF_INFLIGHT_YOUNG 2000

struct spf_inflight;

/* An evaluation that sends queries on behalf of a client and a domain. */
struct spf_party;

enum { SPF_HOLDERS = 3 };

/* A place. The caller owns the memory, which is in use from ..._take until ..._release. */
struct spf_place {
	TAILQ_ENTRY(spf_place) next;
	TAILQ_ENTRY(spf_place) of_holder[SPF_HOLDERS];
	struct spf_holder *holder[SPF_HOLDERS];
	uint64_t since;
	bool old, abandoned;
	void *owner; /* the argument of spf_inflight_take */
};

struct spf_inflight *spf_inflight_new(void);

/* Sets the pointer to NULL; it may be NULL. All places must have been released. */
void spf_inflight_free(struct spf_inflight **inflight);

/*
 * Registers an evaluation on behalf of a client and a domain, which may be in any case or empty.
 * With limited it counts as a check of the domain; NULL means that too many of them wait already.
 * spf_inflight_next returns the owner.
 */
struct spf_party *spf_inflight_join(struct spf_inflight *inflight, const struct ipaddr *client,
    const char *domain, bool limited, void *owner);

/* Frees a party; its places stay in use. Sets the pointer to NULL; it may be NULL. */
void spf_inflight_leave(struct spf_inflight *inflight, struct spf_party **partyp);

/*
 * Takes a place for a query; spf_inflight_excess returns the owner. False means that the party has
 * to wait: it should try again when spf_inflight_next returns its owner, and after a while anyway.
 */
bool spf_inflight_take(struct spf_inflight *inflight, struct spf_place *place,
    struct spf_party *party, void *owner, uint64_t now);

/*
 * Returns the owner of a place if its query must be given up to keep the bounds, and marks the
 * place as abandoned; NULL: the bounds are kept. The caller repeats this until NULL before it
 * takes a place.
 */
void *spf_inflight_excess(struct spf_inflight *inflight, uint64_t now);

/* Ends the waiting of a party that needs no more places; it need not be waiting. */
void spf_inflight_stop_waiting(struct spf_inflight *inflight, struct spf_party *party);

/* Marks the place of a query that was cancelled; the resolver has not finished with it yet. */
void spf_inflight_abandon(struct spf_inflight *inflight, struct spf_place *place);

/* Frees the place of a query with which the resolver has finished. */
void spf_inflight_release(struct spf_inflight *inflight, struct spf_place *place);

/* Returns the owner of the party that has waited longest and may take a place now, or NULL. */
void *spf_inflight_next(struct spf_inflight *inflight);

/* The number of limited parties, of all domains together. */
size_t spf_inflight_count(const struct spf_inflight *inflight);

/* Counts a check that was ended by one of these bounds. */
void spf_inflight_note_cut(struct spf_inflight *inflight, uint64_t now);

/* Milliseconds after the last such check during which the report has saturated set. */
#define SPF_INFLIGHT_SATURATED 60000

/* The state, for status and log. */
struct spf_inflight_report {
	size_t checks;  /* limited parties */
	size_t places;  /* in use */
	uint64_t cut;   /* checks that were ended by a bound since the start */
	bool saturated; /* at least one of them in the last minute */
	/* The client network and the domain with most places, and their places; "" and 0: none. */
	char network[IPADDR_TEXT_SIZE + 4];
	char domain[HOSTNAME_MAX + 1];
	unsigned of_network, of_domain;
};

void spf_inflight_report(
    const struct spf_inflight *inflight, uint64_t now, struct spf_inflight_report *report);

#endif
