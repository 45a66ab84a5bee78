/* SPDX-License-Identifier: ISC */
/*
 * spf_inflight - the places that questions to the DNS take while they are out, and who takes them.
 *
 * Any client can send mail from ever new names that never answer. Each such question occupies the
 * resolver for a while, and the resolver is shared. So the places are bounded: for a client
 * network, and in all, below what the resolver can hold. A client network that has used up its own
 * places waits for one of them; it takes none from the others.
 *
 * Slow names must not keep the fast ones out. Of all places, and of the places of each network, no
 * more than half may belong to questions that are older than two seconds. Beyond that the oldest
 * question of the largest holder is given up: of the network, the IPv6 /48 or the organizational
 * domain of the sender that has most of them.
 *
 * A question that is given up, or that is not wanted any more, keeps its place until the resolver
 * has finished with it. Otherwise questions that nobody waits for could fill the resolver.
 *
 * The number of checks that wait is bounded, too, for a sender's domain and client network, so that
 * a slow domain costs its own mail the time, and no stranger uses up the share of another client.
 *
 * Pure: now is the caller's, in milliseconds of any origin that never goes back.
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
 * Checks that may wait for the DNS of one sender's domain: of an IPv4 address or IPv6 /64, of an
 * IPv6 /48, and in all.
 */
#define SPF_INFLIGHT_MAX 20
#define SPF_INFLIGHT_SITE_MAX 40
#define SPF_INFLIGHT_DOMAIN 200

/* Questions that one evaluation has out; one more, the one at which it stops, is always asked. */
#define SPF_INFLIGHT_CHECK 16

/* Places of an IPv4 address or IPv6 /64, of an IPv6 /48, and of all together. */
#define SPF_INFLIGHT_NETWORK 128
#define SPF_INFLIGHT_SITE 256
#define SPF_INFLIGHT_PLACES 1280

/* With those beyond for networks that have few or none: as many as the resolver holds. */
#define SPF_INFLIGHT_MOST 1536

/* Until then, in milliseconds, a question is young. */
#define SPF_INFLIGHT_YOUNG 2000

struct spf_inflight;

/* An evaluation that asks questions: on whose behalf. */
struct spf_party;

/* One place; the caller's memory, from spf_inflight_take to spf_inflight_release. */
enum { SPF_HOLDERS = 3 };

struct spf_place {
	TAILQ_ENTRY(spf_place) next;
	TAILQ_ENTRY(spf_place) of_holder[SPF_HOLDERS];
	struct spf_holder *holder[SPF_HOLDERS];
	uint64_t since;
	bool old, abandoned;
	void *owner; /* the caller's */
};

struct spf_inflight *spf_inflight_new(void);

/* All places have to be released before. */
void spf_inflight_free(struct spf_inflight **);

/*
 * Registers an evaluation on behalf of a client and a domain (any case, may be empty). The owner is
 * what spf_inflight_next returns for it. With limited it counts as a check of the domain; NULL
 * then: too many of them wait already.
 */
struct spf_party *spf_inflight_join(struct spf_inflight *, const struct ipaddr *client,
    const char *domain, bool limited, void *owner);

/* Ends it; its places stay taken. Sets the pointer, which may be NULL, to NULL. */
void spf_inflight_leave(struct spf_inflight *, struct spf_party **);

/*
 * Takes a place for a question. False: the party has to wait; spf_inflight_next names it when it
 * may try again, and it should do so after a while in any case. owner: see spf_inflight_excess.
 */
bool spf_inflight_take(
    struct spf_inflight *, struct spf_place *, struct spf_party *, void *owner, uint64_t now);

/*
 * The owner of a place whose question has to be given up to keep the bounds; NULL: no more. The
 * place counts as abandoned from then on. To be called until it returns NULL, before each take.
 */
void *spf_inflight_excess(struct spf_inflight *, uint64_t now);

/* The party has no question that waits for a place any more. */
void spf_inflight_stop_waiting(struct spf_inflight *, struct spf_party *);

/* The question is not wanted any more; the resolver has yet to finish with it. */
void spf_inflight_abandon(struct spf_inflight *, struct spf_place *);

/* The resolver has finished with the question. */
void spf_inflight_release(struct spf_inflight *, struct spf_place *);

/* The owner of the party that has waited longest of those that a place is free for, or NULL. */
void *spf_inflight_next(struct spf_inflight *);

/* Checks that wait, of all domains together. */
size_t spf_inflight_count(const struct spf_inflight *);

/* Notes that a check was cut off by one of these bounds. */
void spf_inflight_note_cut(struct spf_inflight *, uint64_t now);

/* For how long after the last cut the bounds count as used up, in milliseconds. */
#define SPF_INFLIGHT_SATURATED 60000

/* How it is, for people. */
struct spf_inflight_report {
	size_t checks;
	size_t places;  /* that are taken */
	uint64_t cut;   /* checks that were cut off, since the start */
	bool saturated; /* one was, less than a minute ago */
	/* The client network and the domain that have most places, and how many; "" and 0: none. */
	char network[IPADDR_TEXT_SIZE + 4];
	char domain[HOSTNAME_MAX + 1];
	unsigned of_network, of_domain;
};

void spf_inflight_report(
    const struct spf_inflight *, uint64_t now, struct spf_inflight_report *report);

#endif
