/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "common/day.h"
#include "common/hostname.h"
#include "common/mailaddr.h"
#include "common/tally.h"
#include "common/xmalloc.h"
#include "srsd/srs/srs_addr.h"
#include "srsd/srs/srs_budget.h"

/*
 * A client that returns after its entry was evicted begins at zero, so that the tables must hold
 * more clients than an attacker has hosts.
 */
#define CLIENTS_MAX 100000
#define WIDE_NETWORKS_MAX 20000
#define USES_MAX 50000
#define EARNED_MAX 20000
#define WARNINGS_MAX 1000
#define HOUR 3600

#define CLIENT_BITS 64 /* of an IPv6 client */
#define WIDE_BITS 48
#define NETWORK_SIZE (CLIENT_BITS / 8)

/* Distinct addresses that one network can add to the table of earned guesses. */
#define EARNED_OF_NETWORK_MAX 500

struct srs_budget {
	struct tally *guesses;      /* by client */
	struct tally *wide_guesses; /* by IPv6 /48 */
	struct tally *all_guesses;  /* one entry */
	struct tally *pending;      /* pending senders, by client and by IPv6 /48 */
	struct tally *warnings;     /* by client or IPv6 /48 */
	struct tally *earned;       /* by network, and by network and original address */
	struct tally *uses;         /* by kind of use and original address */
};

struct srs_budget *
srs_budget_new(void)
{
	struct srs_budget *budget = xcalloc(1, sizeof(*budget));

	budget->guesses = tally_new(CLIENTS_MAX, HOUR);
	budget->wide_guesses = tally_new(WIDE_NETWORKS_MAX, HOUR);
	budget->all_guesses = tally_new(1, HOUR);
	budget->pending = tally_new(CLIENTS_MAX, DAY_SECONDS);
	budget->warnings = tally_new(WARNINGS_MAX, HOUR);
	budget->earned = tally_new(EARNED_MAX, HOUR);
	budget->uses = tally_new(USES_MAX, DAY_SECONDS);
	return budget;
}

void
srs_budget_free(struct srs_budget **budget)
{
	if (*budget == NULL)
		return;
	tally_free(&(*budget)->guesses);
	tally_free(&(*budget)->wide_guesses);
	tally_free(&(*budget)->all_guesses);
	tally_free(&(*budget)->pending);
	tally_free(&(*budget)->warnings);
	tally_free(&(*budget)->earned);
	tally_free(&(*budget)->uses);
	free(*budget);
	*budget = NULL;
}

/* get_client_network - an IPv4 address, or the /64 of an IPv6 client */
static struct cidr
get_client_network(const struct ipaddr *client)
{
	return ipaddr_client_network(client, CLIENT_BITS);
}

/* An IPv4 client has no /48. In the key of a use: all clients together. */
static const struct cidr no_network;

/* get_wide_network - the /48 of an IPv6 client; no_network for an IPv4 client */
static struct cidr
get_wide_network(const struct ipaddr *client)
{
	struct cidr network = ipaddr_client_network(client, WIDE_BITS);

	return network.addr.family == AF_INET6 ? network : no_network;
}

/* get_widest_network - the /48 of an IPv6 client, the address of an IPv4 client */
static struct cidr
get_widest_network(const struct ipaddr *client)
{
	struct cidr wide = get_wide_network(client);

	return wide.prefix > 0 ? wide : get_client_network(client);
}

static void
add_network(struct tally *tally, struct cidr network, time_t now)
{
	if (network.prefix > 0)
		tally_add(tally, network.addr.bytes, network.prefix / 8, now);
}

static unsigned
count_of_network(struct tally *tally, struct cidr network, time_t now)
{
	return network.prefix == 0 ? 0
				   : tally_get(tally, network.addr.bytes, network.prefix / 8, now);
}

static void
undo_network(struct tally *tally, struct cidr network, time_t now)
{
	if (network.prefix > 0)
		tally_take_back(tally, network.addr.bytes, network.prefix / 8, now);
}

void
srs_budget_guess(struct srs_budget *budget, const struct ipaddr *client, time_t now)
{
	tally_add(budget->all_guesses, "", 0, now);
	if (client == NULL)
		return;
	add_network(budget->guesses, get_client_network(client), now);
	add_network(budget->wide_guesses, get_wide_network(client), now);
}

void
srs_budget_sender_begins(struct srs_budget *budget, const struct ipaddr *client, time_t now)
{
	add_network(budget->pending, get_client_network(client), now);
	add_network(budget->pending, get_wide_network(client), now);
}

void
srs_budget_sender_ends(struct srs_budget *budget, const struct ipaddr *client, time_t now)
{
	undo_network(budget->pending, get_client_network(client), now);
	undo_network(budget->pending, get_wide_network(client), now);
}

unsigned
srs_budget_guesses(struct srs_budget *budget, const struct ipaddr *client, time_t now)
{
	if (client == NULL)
		return tally_get(budget->all_guesses, "", 0, now);
	return count_of_network(budget->guesses, get_client_network(client), now);
}

/*
 * The key of a use: a letter for its kind, the length of the network and its bytes, and the
 * original address. All before the address has a known length, so that no two keys are the same by
 * accident.
 */
struct use_key {
	size_t len;
	char bytes[2 + NETWORK_SIZE + MAILADDR_SIZE];
};

static void
append_to_key(struct use_key *key, const void *bytes, size_t len)
{
	size_t room = sizeof(key->bytes) - key->len;

	if (len > room)
		len = room;
	if (len > 0)
		memcpy(key->bytes + key->len, bytes, len);
	key->len += len;
}

static void
append_network(struct use_key *key, struct cidr network)
{
	char size = (char)('0' + network.prefix / 8);

	append_to_key(key, &size, 1);
	append_to_key(key, network.addr.bytes, network.prefix / 8);
}

/* make_earned_key - of the number of guesses that a network has earned */
static struct use_key
make_earned_key(struct cidr network)
{
	struct use_key key = { .len = 0 };

	append_to_key(&key, "c", 1);
	append_network(&key, network);
	return key;
}

/* get_client_limit - including the guesses that the client has earned with bounces */
static unsigned
get_client_limit(struct srs_budget *budget, const struct ipaddr *client, unsigned limit, time_t now)
{
	unsigned most = (SRS_BUDGET_EARNED_FACTOR - 1) * limit, earned;
	struct use_key key = make_earned_key(get_widest_network(client));

	earned = tally_get(budget->earned, key.bytes, key.len, now);
	return limit + (earned < most ? earned : most);
}

/* is_client_over - is the client itself over its limit, with so many more guesses? */
static bool
is_client_over(struct srs_budget *budget, const struct ipaddr *client, unsigned more,
    unsigned limit, time_t now)
{
	return srs_budget_guesses(budget, client, now) + more >
	       get_client_limit(budget, client, limit, now);
}

static bool
is_wide_over(struct srs_budget *budget, const struct ipaddr *client, unsigned more, unsigned limit,
    time_t now)
{
	return count_of_network(budget->wide_guesses, get_wide_network(client), now) + more >
	       SRS_BUDGET_WIDE_FACTOR * limit;
}

bool
srs_budget_is_guessing(struct srs_budget *budget, const struct ipaddr *client, unsigned more,
    unsigned limit, time_t now)
{
	return limit > 0 && client != NULL &&
	       (is_client_over(budget, client, more, limit, now) ||
		   is_wide_over(budget, client, more, limit, now));
}

bool
srs_budget_doubts_senders(struct srs_budget *budget, const struct ipaddr *client, unsigned more,
    unsigned limit, time_t now)
{
	unsigned of_client, of_wide;

	if (limit == 0 || client == NULL)
		return false;
	of_client = count_of_network(budget->pending, get_client_network(client), now);
	of_wide = count_of_network(budget->pending, get_wide_network(client), now);
	return is_client_over(budget, client, of_client + more, limit, now) ||
	       is_wide_over(budget, client, of_wide + more, limit, now);
}

bool
srs_budget_warns_of(
    struct srs_budget *budget, const struct ipaddr *client, unsigned limit, time_t now)
{
	struct cidr network;

	if (limit == 0)
		return false;
	if (client == NULL)
		return srs_budget_guesses(budget, NULL, now) > SRS_BUDGET_ALL_FACTOR * limit &&
		       tally_add(budget->warnings, "", 0, now) == 1;
	if (is_client_over(budget, client, 0, limit, now))
		network = get_client_network(client);
	else if (is_wide_over(budget, client, 0, limit, now))
		network = get_wide_network(client);
	else
		return false;
	return tally_add(budget->warnings, network.addr.bytes, network.prefix / 8, now) == 1;
}

/*
 * append_original - the address that was signed, in lower case
 *
 * Host and user are joined without a separator, as in the compatible hash, so that every split of
 * the same bytes is one address. Of SRS1 it is the host that the address leads back to, with the
 * host and user of that host's SRS0. The hash and stamp of that SRS0 are left out, because its
 * owner's mail has new ones each day.
 */
static void
append_original(struct use_key *key, const char *local, size_t len)
{
	size_t start = key->len;
	struct srs_addr addr, inner;
	char inner_local[MAILADDR_SIZE] = "SRS0";

	switch (srs_addr_parse(&addr, local, len)) {
	case SRS_ADDR_SRS0:
	case SRS_ADDR_SRS1:
		break;
	default:
		append_to_key(key, local, len);
		hostname_lower(key->bytes + start, key->len - start);
		return;
	}
	append_to_key(key, addr.host.s, addr.host.len);
	if (addr.kind == SRS_ADDR_SRS1 && SRS_TAG_LEN + addr.user.len < sizeof(inner_local)) {
		memcpy(inner_local + SRS_TAG_LEN, addr.user.s, addr.user.len);
		if (srs_addr_parse(&inner, inner_local, SRS_TAG_LEN + addr.user.len) ==
		    SRS_ADDR_SRS0) {
			append_to_key(key, inner.host.s, inner.host.len);
			addr.user = inner.user;
		}
	}
	append_to_key(key, addr.user.s, addr.user.len);
	hostname_lower(key->bytes + start, key->len - start);
}

/* make_use_key - of a kind of use, by a network, or by all clients together with no_network */
static struct use_key
make_use_key(const char *kind, struct cidr network, const struct srs_budget_use *use)
{
	struct use_key key = { .len = 0 };

	append_to_key(&key, kind, 1);
	append_network(&key, network);
	append_original(&key, use->local, use->len);
	return key;
}

static unsigned
count_uses(struct srs_budget *budget, const struct use_key *key, time_t now)
{
	return tally_get(budget->uses, key->bytes, key->len, now);
}

static unsigned
add_use(struct srs_budget *budget, const struct use_key *key, time_t now)
{
	return tally_add(budget->uses, key->bytes, key->len, now);
}

/* The first letters of the keys in the table of uses. */
static const char bounces[] = "b", mails[] = "m", networks[] = "n", seen_from[] = "f";

/* get_use_limit - of one address, for all clients together */
static unsigned
get_use_limit(enum srs_use use, unsigned limit)
{
	return use == SRS_USE_BOUNCE ? SRS_BUDGET_BOUNCE_FACTOR * limit : limit;
}

static const char *
get_total_kind(enum srs_use use)
{
	return use == SRS_USE_BOUNCE ? bounces : mails;
}

/* is_sender_used_up - was the address sent from too many networks, and not yet from this one? */
static bool
is_sender_used_up(
    struct srs_budget *budget, const struct srs_budget_use *use, unsigned limit, time_t now)
{
	struct use_key total = make_use_key(networks, no_network, use), own;

	if (count_uses(budget, &total, now) < limit)
		return false;
	if (use->client == NULL)
		return true;
	own = make_use_key(seen_from, get_widest_network(use->client), use);
	return count_uses(budget, &own, now) == 0;
}

/* is_share_used_up - has the network sent as much mail of this kind as it may? */
static bool
is_share_used_up(struct srs_budget *budget, struct cidr network, const struct srs_budget_use *use,
    unsigned share, time_t now)
{
	struct use_key key;

	if (network.prefix == 0)
		return false;
	key = make_use_key(get_total_kind(use->use), network, use);
	return count_uses(budget, &key, now) >= share;
}

static unsigned
get_smaller(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

bool
srs_budget_is_used_up(
    struct srs_budget *budget, const struct srs_budget_use *use, unsigned limit, time_t now)
{
	struct use_key key;

	if (limit == 0)
		return false;
	if (use->use == SRS_USE_SENDER)
		return is_sender_used_up(budget, use, limit, now);
	key = make_use_key(get_total_kind(use->use), no_network, use);
	if (count_uses(budget, &key, now) >= get_use_limit(use->use, limit))
		return true;
	if (use->client == NULL)
		return false;
	return is_share_used_up(budget, get_client_network(use->client), use,
		   get_smaller(limit, SRS_BUDGET_SHARE), now) ||
	       is_share_used_up(budget, get_wide_network(use->client), use,
		   get_smaller(limit, SRS_BUDGET_WIDE_SHARE), now);
}

/* earn_guesses - one more for each distinct address to which a client delivers a bounce */
static void
earn_guesses(struct srs_budget *budget, const struct srs_budget_use *use, time_t now)
{
	struct use_key earned = make_earned_key(get_widest_network(use->client)), key;

	if (tally_get(budget->earned, earned.bytes, earned.len, now) >= EARNED_OF_NETWORK_MAX)
		return;
	key = make_use_key("e", get_widest_network(use->client), use);
	if (tally_add(budget->earned, key.bytes, key.len, now) == 1)
		tally_add(budget->earned, earned.bytes, earned.len, now);
}

/* note_network - one more network that the address was sent from */
static void
note_network(struct srs_budget *budget, const struct srs_budget_use *use, time_t now)
{
	struct use_key key;

	if (use->client != NULL) {
		key = make_use_key(seen_from, get_widest_network(use->client), use);
		if (add_use(budget, &key, now) > 1)
			return;
	}
	key = make_use_key(networks, no_network, use);
	add_use(budget, &key, now);
}

/* add_to_share - of a network; no_network has no share */
static void
add_to_share(
    struct srs_budget *budget, struct cidr network, const struct srs_budget_use *use, time_t now)
{
	struct use_key key;

	if (network.prefix == 0)
		return;
	key = make_use_key(get_total_kind(use->use), network, use);
	add_use(budget, &key, now);
}

bool
srs_budget_use(
    struct srs_budget *budget, const struct srs_budget_use *use, unsigned limit, time_t now)
{
	struct use_key key;
	unsigned n;

	if (use->use == SRS_USE_SENDER) {
		note_network(budget, use, now);
		return false;
	}
	if (use->client != NULL) {
		add_to_share(budget, get_client_network(use->client), use, now);
		add_to_share(budget, get_wide_network(use->client), use, now);
	}
	key = make_use_key(get_total_kind(use->use), no_network, use);
	n = add_use(budget, &key, now);
	if (use->use != SRS_USE_BOUNCE)
		return false;
	if (use->client != NULL)
		earn_guesses(budget, use, now);
	return limit > 0 && n == get_use_limit(use->use, limit);
}
