/* SPDX-License-Identifier: ISC */
#include <sys/types.h>
#include <sys/tree.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/orgdomain.h"
#include "common/xmalloc.h"
#include "spf/spf_inflight.h"

/* The kinds of holders. The first three hold places, the others only checks. */
enum holder_kind {
	NETWORK, /* an IPv4 address, an IPv6 /64 */
	SITE,    /* an IPv6 /48; of IPv4 the address */
	ORGANIZATION,
	SENDER, /* the domain itself */
	SENDER_OF_NETWORK,
	SENDER_OF_SITE,
	HOLDER_KINDS,
};

/* Young queries of a holder beyond which it floods. Honest mail exceeds them only briefly. */
#define FLOOD_OF_NETWORK 64
#define FLOOD_OF_ORGANIZATION 256

/* A network with fewer places has few: it gets another while fewer than FEW_UNTIL are in use. */
#define FEW 8
#define FEW_UNTIL ((SPF_INFLIGHT_PLACES + SPF_INFLIGHT_MOST) / 2)

/* The number of places in use from which on the others are scarce. */
#define SCARCE (SPF_INFLIGHT_PLACES * 7 / 8)

TAILQ_HEAD(place_list, spf_place);

struct spf_holder {
	RB_ENTRY(spf_holder) node;
	enum holder_kind kind;
	unsigned parties;         /* that refer to it */
	unsigned checks;          /* limited parties, of the kinds that hold no places */
	unsigned places;          /* including abandoned ones */
	unsigned live, old;       /* places that are not abandoned; those of them that are old */
	struct place_list wanted; /* the live ones, the oldest first */
	const char *name;         /* stored; in a search key the name of the caller */
	char stored[];
};

RB_HEAD(holder_tree, spf_holder);

struct spf_party {
	TAILQ_ENTRY(spf_party) next; /* in spf_inflight.waiting */
	struct spf_holder *holder[HOLDER_KINDS];
	bool limited, waits;
	void *owner;
};

struct spf_inflight {
	struct holder_tree holders;
	struct place_list young, old; /* live places, the oldest first */
	size_t places, n_old, checks;
	size_t urgent; /* places beyond SPF_INFLIGHT_PLACES for which others are not yet given up */
	TAILQ_HEAD(, spf_party) waiting; /* in the order in which they began to wait */
	uint64_t cut, last_cut;
};

static int
compare_holders(const struct spf_holder *a, const struct spf_holder *b)
{
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	return strcasecmp(a->name, b->name);
}

RB_GENERATE_INTERNAL(
    holder_tree, spf_holder, node, compare_holders, static __attribute__((__unused__)))

struct spf_inflight *
spf_inflight_new(void)
{
	struct spf_inflight *inflight = xcalloc(1, sizeof(*inflight));

	RB_INIT(&inflight->holders);
	TAILQ_INIT(&inflight->young);
	TAILQ_INIT(&inflight->old);
	TAILQ_INIT(&inflight->waiting);
	return inflight;
}

static void
remove_holder(struct spf_inflight *inflight, struct spf_holder *holder)
{
	RB_REMOVE(holder_tree, &inflight->holders, holder);
	free(holder);
}

void
spf_inflight_free(struct spf_inflight **inflight)
{
	struct spf_holder *holder;

	if (*inflight == NULL)
		return;
	while ((holder = RB_ROOT(&(*inflight)->holders)) != NULL)
		remove_holder(*inflight, holder);
	free(*inflight);
	*inflight = NULL;
}

static struct spf_holder *
make_holder(struct spf_inflight *inflight, enum holder_kind kind, const char *name)
{
	size_t size = strlen(name) + 1;
	struct spf_holder *holder = xcalloc(1, sizeof(*holder) + size);

	memcpy(holder->stored, name, size);
	holder->name = holder->stored;
	holder->kind = kind;
	TAILQ_INIT(&holder->wanted);
	RB_INSERT(holder_tree, &inflight->holders, holder);
	return holder;
}

/* refer_to_holder - find or make the holder of a name, and count one more party */
static struct spf_holder *
refer_to_holder(struct spf_inflight *inflight, enum holder_kind kind, const char *name)
{
	struct spf_holder wanted = { .kind = kind, .name = name };
	struct spf_holder *holder = RB_FIND(holder_tree, &inflight->holders, &wanted);

	if (holder == NULL)
		holder = make_holder(inflight, kind, name);
	holder->parties++;
	return holder;
}

static void
drop_if_unused(struct spf_inflight *inflight, struct spf_holder *holder)
{
	if (holder->parties == 0 && holder->places == 0)
		remove_holder(inflight, holder);
}

/* format_network - the network that counts as one client, as text; of IPv6, prefix bits of it */
static void
format_network(char *buf, size_t size, const struct ipaddr *ip, unsigned prefix)
{
	struct cidr network = ipaddr_client_network(ip, prefix);
	char text[IPADDR_TEXT_SIZE];

	ipaddr_format(&network.addr, text);
	if (network.addr.family == AF_INET6)
		snprintf(buf, size, "%s/%u", text, network.prefix);
	else
		strlcpy(buf, text, size);
}

/* find_organization - the organizational domain, or the domain itself if that is unknown */
static const char *
find_organization(const char *domain)
{
	const char *org;
	size_t len;

	return orgdomain_of(domain, strlen(domain), &org, &len) ? org : domain;
}

static bool
is_domain_full(const struct spf_party *party)
{
	return party->holder[SENDER]->checks >= SPF_INFLIGHT_DOMAIN ||
	       party->holder[SENDER_OF_NETWORK]->checks >= SPF_INFLIGHT_MAX ||
	       party->holder[SENDER_OF_SITE]->checks >= SPF_INFLIGHT_SITE_MAX;
}

static void
count_check(struct spf_inflight *inflight, struct spf_party *party)
{
	int i;

	party->limited = true;
	for (i = SPF_HOLDERS; i < HOLDER_KINDS; i++)
		party->holder[i]->checks++;
	inflight->checks++;
}

struct spf_party *
spf_inflight_join(struct spf_inflight *inflight, const struct ipaddr *client, const char *domain,
    bool limited, void *owner)
{
	struct spf_party *party = xcalloc(1, sizeof(*party));
	char network[IPADDR_TEXT_SIZE + 4], site[IPADDR_TEXT_SIZE + 4];
	char of_network[HOSTNAME_MAX + sizeof(network) + 2];
	char of_site[HOSTNAME_MAX + sizeof(site) + 2];

	format_network(network, sizeof(network), client, 64);
	format_network(site, sizeof(site), client, 48);
	snprintf(of_network, sizeof(of_network), "%s %s", network, domain);
	snprintf(of_site, sizeof(of_site), "%s %s", site, domain);
	party->owner = owner;
	party->holder[NETWORK] = refer_to_holder(inflight, NETWORK, network);
	party->holder[SITE] = refer_to_holder(inflight, SITE, site);
	party->holder[ORGANIZATION] =
	    refer_to_holder(inflight, ORGANIZATION, find_organization(domain));
	party->holder[SENDER] = refer_to_holder(inflight, SENDER, domain);
	party->holder[SENDER_OF_NETWORK] = refer_to_holder(inflight, SENDER_OF_NETWORK, of_network);
	party->holder[SENDER_OF_SITE] = refer_to_holder(inflight, SENDER_OF_SITE, of_site);
	if (limited && is_domain_full(party))
		spf_inflight_leave(inflight, &party);
	else if (limited)
		count_check(inflight, party);
	return party;
}

void
spf_inflight_stop_waiting(struct spf_inflight *inflight, struct spf_party *party)
{
	if (party->waits)
		TAILQ_REMOVE(&inflight->waiting, party, next);
	party->waits = false;
}

void
spf_inflight_leave(struct spf_inflight *inflight, struct spf_party **partyp)
{
	struct spf_party *party = *partyp;
	int i;

	*partyp = NULL;
	if (party == NULL)
		return;
	spf_inflight_stop_waiting(inflight, party);
	inflight->checks -= party->limited;
	for (i = 0; i < HOLDER_KINDS; i++) {
		if (i >= SPF_HOLDERS)
			party->holder[i]->checks -= party->limited;
		party->holder[i]->parties--;
		drop_if_unused(inflight, party->holder[i]);
	}
	free(party);
}

/*
 * may_take_place - is a place free for a party?
 *
 * A network with few or no places may exceed the usual number, because its mail may have nothing
 * to do with the slow queries. If places are scarce, waiting parties precede a new one.
 */
static bool
may_take_place(const struct spf_inflight *inflight, const struct spf_party *party)
{
	const struct spf_holder *network = party->holder[NETWORK], *site = party->holder[SITE];

	if (site->places >= SPF_INFLIGHT_SITE)
		return false;
	if (network->places == 0)
		return inflight->places < SPF_INFLIGHT_MOST;
	if (network->places < FEW)
		return inflight->places < FEW_UNTIL;
	if (!party->waits && !TAILQ_EMPTY(&inflight->waiting) && inflight->places >= SCARCE)
		return false;
	return network->places < SPF_INFLIGHT_NETWORK && inflight->places < SPF_INFLIGHT_PLACES;
}

static void
start_waiting(struct spf_inflight *inflight, struct spf_party *party)
{
	if (!party->waits)
		TAILQ_INSERT_TAIL(&inflight->waiting, party, next);
	party->waits = true;
}

bool
spf_inflight_take(struct spf_inflight *inflight, struct spf_place *place, struct spf_party *party,
    void *owner, uint64_t now)
{
	int i;

	if (!may_take_place(inflight, party)) {
		start_waiting(inflight, party);
		return false;
	}
	spf_inflight_stop_waiting(inflight, party);
	memset(place, 0, sizeof(*place));
	place->since = now;
	place->owner = owner;
	for (i = 0; i < SPF_HOLDERS; i++) {
		place->holder[i] = party->holder[i];
		place->holder[i]->places++;
		place->holder[i]->live++;
		TAILQ_INSERT_TAIL(&place->holder[i]->wanted, place, of_holder[i]);
	}
	TAILQ_INSERT_TAIL(&inflight->young, place, next);
	if (++inflight->places > SPF_INFLIGHT_PLACES)
		inflight->urgent++;
	return true;
}

void
spf_inflight_abandon(struct spf_inflight *inflight, struct spf_place *place)
{
	int i;

	if (place->abandoned)
		return;
	place->abandoned = true;
	for (i = 0; i < SPF_HOLDERS; i++) {
		TAILQ_REMOVE(&place->holder[i]->wanted, place, of_holder[i]);
		place->holder[i]->live--;
		place->holder[i]->old -= place->old;
	}
	inflight->n_old -= place->old;
	if (place->old)
		TAILQ_REMOVE(&inflight->old, place, next);
	else
		TAILQ_REMOVE(&inflight->young, place, next);
}

void
spf_inflight_release(struct spf_inflight *inflight, struct spf_place *place)
{
	int i;

	spf_inflight_abandon(inflight, place);
	for (i = 0; i < SPF_HOLDERS; i++) {
		place->holder[i]->places--;
		drop_if_unused(inflight, place->holder[i]);
	}
	inflight->places--;
}

/* age_place - count a query among the old ones */
static void
age_place(struct spf_inflight *inflight, struct spf_place *place)
{
	int i;

	TAILQ_REMOVE(&inflight->young, place, next);
	TAILQ_INSERT_TAIL(&inflight->old, place, next);
	place->old = true;
	inflight->n_old++;
	for (i = 0; i < SPF_HOLDERS; i++)
		place->holder[i]->old++;
}

static unsigned
count_holder_places(const struct spf_holder *holder, bool old)
{
	return old ? holder->old : holder->live;
}

/*
 * may_give_up_from - does a holder have enough queries that one of them can be given up?
 *
 * Any old one can. Young ones may be answered in the next moment, so the holder must have many.
 */
static bool
may_give_up_from(const struct spf_holder *holder, bool old)
{
	if (old)
		return holder->old > 0;
	return holder->live >
	       (holder->kind == ORGANIZATION ? FLOOD_OF_ORGANIZATION : FLOOD_OF_NETWORK);
}

/*
 * find_largest - the holder with most live places, or most old ones; NULL: no holder has enough
 *
 * Among equals a network precedes a site, and a site an organization, as in the order of the tree.
 */
static struct spf_holder *
find_largest(struct spf_inflight *inflight, bool old)
{
	struct spf_holder *holder, *largest = NULL;

	RB_FOREACH (holder, holder_tree, &inflight->holders) {
		if ((int)holder->kind >= SPF_HOLDERS)
			break;
		if (may_give_up_from(holder, old) &&
		    (largest == NULL ||
			count_holder_places(holder, old) > count_holder_places(largest, old)))
			largest = holder;
	}
	return largest;
}

static void *
give_up_oldest(struct spf_inflight *inflight, const struct spf_holder *holder)
{
	struct spf_place *place = TAILQ_FIRST(&holder->wanted);
	void *owner = place->owner;

	spf_inflight_abandon(inflight, place);
	return owner;
}

/* give_up_young - of the largest holder; NULL: no holder has many */
static void *
give_up_young(struct spf_inflight *inflight)
{
	const struct spf_holder *largest = find_largest(inflight, false);

	return largest == NULL ? NULL : give_up_oldest(inflight, largest);
}

/* give_up_old - of the largest holder, or of all if no holder has more than a check may have */
static void *
give_up_old(struct spf_inflight *inflight)
{
	const struct spf_holder *largest = find_largest(inflight, true);
	struct spf_place *place = TAILQ_FIRST(&inflight->old);

	if (largest->old > SPF_INFLIGHT_CHECK)
		return give_up_oldest(inflight, largest);
	spf_inflight_abandon(inflight, place);
	return place->owner;
}

/* find_crowded_holder - of a place that became old: the holder with too many old ones now */
static const struct spf_holder *
find_crowded_holder(const struct spf_place *place)
{
	if (place->holder[NETWORK]->old > SPF_INFLIGHT_NETWORK / 2)
		return place->holder[NETWORK];
	if (place->holder[SITE]->old > SPF_INFLIGHT_SITE / 2)
		return place->holder[SITE];
	return NULL;
}

void *
spf_inflight_excess(struct spf_inflight *inflight, uint64_t now)
{
	const struct spf_holder *crowded;
	struct spf_place *place;
	void *owner;

	for (;;) {
		if (inflight->n_old > SPF_INFLIGHT_PLACES / 2)
			return give_up_old(inflight);
		while (inflight->urgent > 0) {
			inflight->urgent--;
			owner = give_up_young(inflight);
			if (owner != NULL)
				return owner;
		}
		place = TAILQ_FIRST(&inflight->young);
		if (place == NULL || now - place->since < SPF_INFLIGHT_YOUNG)
			return NULL;
		age_place(inflight, place);
		crowded = find_crowded_holder(place);
		if (crowded != NULL)
			return give_up_oldest(inflight, crowded);
	}
}

void *
spf_inflight_next(struct spf_inflight *inflight)
{
	struct spf_party *party;

	TAILQ_FOREACH (party, &inflight->waiting, next)
		if (may_take_place(inflight, party))
			return party->owner;
	return NULL;
}

size_t
spf_inflight_count(const struct spf_inflight *inflight)
{
	return inflight->checks;
}

void
spf_inflight_note_cut(struct spf_inflight *inflight, uint64_t now)
{
	inflight->cut++;
	inflight->last_cut = now;
}

/* find_most - the holder of a kind with most places, or NULL */
static const struct spf_holder *
find_most(const struct spf_inflight *inflight, enum holder_kind kind)
{
	struct spf_holder *holder, *most = NULL;

	RB_FOREACH (holder, holder_tree, (struct holder_tree *)(uintptr_t)&inflight->holders)
		if (holder->kind == kind && holder->places > (most == NULL ? 0 : most->places))
			most = holder;
	return most;
}

void
spf_inflight_report(
    const struct spf_inflight *inflight, uint64_t now, struct spf_inflight_report *report)
{
	const struct spf_holder *network = find_most(inflight, NETWORK);
	const struct spf_holder *domain = find_most(inflight, ORGANIZATION);

	memset(report, 0, sizeof(*report));
	report->checks = inflight->checks;
	report->places = inflight->places;
	report->cut = inflight->cut;
	report->saturated = inflight->cut > 0 && now - inflight->last_cut < SPF_INFLIGHT_SATURATED;
	if (network != NULL) {
		strlcpy(report->network, network->name, sizeof(report->network));
		report->of_network = network->places;
	}
	if (domain != NULL) {
		strlcpy(report->domain, domain->name, sizeof(report->domain));
		report->of_domain = domain->places;
	}
}
