/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "common/hostname.h"
#include "common/mailaddr.h"
#include "common/tally.h"
#include "common/xmalloc.h"
#include "srsd/srs_addr.h"
#include "srsd/srs_budget.h"

/*
 * A client that comes back after its entry was dropped begins at zero, so there must be room for
 * more clients than anybody has hosts.
 */
#define CLIENTS_MAX 100000
#define WIDE_NETWORKS_MAX 20000
#define USES_MAX 50000
#define EARNED_MAX 20000
#define WARNINGS_MAX 1000
#define HOUR 3600
#define DAY 86400

#define CLIENT_SIZE 8 /* bytes of an IPv6 /64 */
#define WIDE_SIZE 6   /* bytes of an IPv6 /48 */

struct srs_budget {
	struct tally *guesses;      /* by client */
	struct tally *wide_guesses; /* by IPv6 /48 */
	struct tally *all_guesses;  /* one entry */
	struct tally *warnings;     /* by client */
	struct tally *earned;       /* by client, and by client and original address */
	struct tally *uses;         /* by kind of use and original address */
};

struct srs_budget *
srs_budget_new(void)
{
	struct srs_budget *budget = xcalloc(1, sizeof(*budget));

	budget->guesses = tally_new(CLIENTS_MAX, HOUR);
	budget->wide_guesses = tally_new(WIDE_NETWORKS_MAX, HOUR);
	budget->all_guesses = tally_new(1, HOUR);
	budget->warnings = tally_new(WARNINGS_MAX, HOUR);
	budget->earned = tally_new(EARNED_MAX, HOUR);
	budget->uses = tally_new(USES_MAX, DAY);
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
	tally_free(&(*budget)->warnings);
	tally_free(&(*budget)->earned);
	tally_free(&(*budget)->uses);
	free(*budget);
	*budget = NULL;
}

/* client_size - bytes of an address that one customer has to himself */
static size_t
client_size(const struct ipaddr *client)
{
	return client->family == AF_INET ? 4 : CLIENT_SIZE;
}

static bool
has_wide_network(const struct ipaddr *client)
{
	return client->family == AF_INET6;
}

void
srs_budget_guess(struct srs_budget *budget, const struct ipaddr *client, time_t now)
{
	tally_add(budget->all_guesses, "", 0, now);
	if (client == NULL)
		return;
	tally_add(budget->guesses, client->bytes, client_size(client), now);
	if (has_wide_network(client))
		tally_add(budget->wide_guesses, client->bytes, WIDE_SIZE, now);
}

void
srs_budget_take_back(struct srs_budget *budget, const struct ipaddr *client, time_t now)
{
	tally_take_back(budget->all_guesses, "", 0, now);
	if (client == NULL)
		return;
	tally_take_back(budget->guesses, client->bytes, client_size(client), now);
	if (has_wide_network(client))
		tally_take_back(budget->wide_guesses, client->bytes, WIDE_SIZE, now);
}

unsigned
srs_budget_guesses(struct srs_budget *budget, const struct ipaddr *client, time_t now)
{
	if (client == NULL)
		return tally_get(budget->all_guesses, "", 0, now);
	return tally_get(budget->guesses, client->bytes, client_size(client), now);
}

/*
 * A key of a use: a letter for its kind, perhaps a client, and the original address. The letter and
 * the client have a fixed length for each kind, so that no two keys are the same by accident.
 */
struct use_key {
	size_t len;
	char bytes[2 + CLIENT_SIZE + MAILADDR_SIZE];
};

static void
add_to_key(struct use_key *key, const void *bytes, size_t len)
{
	size_t room = sizeof(key->bytes) - key->len;

	if (len > room)
		len = room;
	if (len > 0)
		memcpy(key->bytes + key->len, bytes, len);
	key->len += len;
}

static void
add_client(struct use_key *key, const struct ipaddr *client)
{
	add_to_key(key, client->family == AF_INET ? "4" : "6", 1);
	add_to_key(key, client->bytes, client_size(client));
}

/* make_client_key - of what a client has earned */
static struct use_key
make_client_key(const struct ipaddr *client)
{
	struct use_key key = { .len = 0 };

	add_to_key(&key, "c", 1);
	add_client(&key, client);
	return key;
}

/* client_limit - with what the client has earned by bringing bounces */
static unsigned
client_limit(struct srs_budget *budget, const struct ipaddr *client, unsigned limit, time_t now)
{
	unsigned most = (SRS_BUDGET_EARNED_FACTOR - 1) * limit, earned;
	struct use_key key = make_client_key(client);

	earned = tally_get(budget->earned, key.bytes, key.len, now);
	return limit + (earned < most ? earned : most);
}

bool
srs_budget_is_guessing(
    struct srs_budget *budget, const struct ipaddr *client, unsigned limit, time_t now)
{
	if (limit == 0 || client == NULL)
		return false;
	if (srs_budget_guesses(budget, client, now) > client_limit(budget, client, limit, now))
		return true;
	return has_wide_network(client) && tally_get(budget->wide_guesses, client->bytes, WIDE_SIZE,
					       now) > SRS_BUDGET_WIDE_FACTOR * limit;
}

bool
srs_budget_warns_of(
    struct srs_budget *budget, const struct ipaddr *client, unsigned limit, time_t now)
{
	if (limit == 0)
		return false;
	if (client == NULL)
		return srs_budget_guesses(budget, NULL, now) > SRS_BUDGET_ALL_FACTOR * limit &&
		       tally_add(budget->warnings, "", 0, now) == 1;
	return srs_budget_is_guessing(budget, client, limit, now) &&
	       tally_add(budget->warnings, client->bytes, client_size(client), now) == 1;
}

/*
 * add_original - the address that was signed, in lower case
 *
 * Host and user as the hash has them, without anything between them: every split is the same. Of
 * SRS1 it is the host that it leads back to, and what that host's SRS0 holds but for hash and
 * stamp, which its owner's mail has a new one of each day.
 */
static void
add_original(struct use_key *key, const char *local, size_t len)
{
	size_t start = key->len;
	struct srs_addr addr, inner;
	char inner_local[MAILADDR_SIZE] = "SRS0";

	switch (srs_addr_parse(&addr, local, len)) {
	case SRS_ADDR_SRS0:
	case SRS_ADDR_SRS1:
		break;
	default:
		add_to_key(key, local, len);
		hostname_lower(key->bytes + start, key->len - start);
		return;
	}
	add_to_key(key, addr.host.s, addr.host.len);
	if (addr.kind == SRS_ADDR_SRS1 && SRS_TAG_LEN + addr.user.len < sizeof(inner_local)) {
		memcpy(inner_local + SRS_TAG_LEN, addr.user.s, addr.user.len);
		if (srs_addr_parse(&inner, inner_local, SRS_TAG_LEN + addr.user.len) ==
		    SRS_ADDR_SRS0) {
			add_to_key(key, inner.host.s, inner.host.len);
			addr.user = inner.user;
		}
	}
	add_to_key(key, addr.user.s, addr.user.len);
	hostname_lower(key->bytes + start, key->len - start);
}

/* make_key - of a kind of use; client NULL: of all clients together */
static struct use_key
make_key(const char *kind, const struct ipaddr *client, const struct srs_budget_use *use)
{
	struct use_key key = { .len = 0 };

	add_to_key(&key, kind, 1);
	if (client != NULL)
		add_client(&key, client);
	add_original(&key, use->local, use->len);
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
static const char bounces[] = "b", mails[] = "m", share[] = "s", networks[] = "n",
		  seen_from[] = "f";

/* use_limit - of an address, for all clients together */
static unsigned
use_limit(enum srs_use use, unsigned limit)
{
	return use == SRS_USE_BOUNCE ? SRS_BUDGET_BOUNCE_FACTOR * limit : limit;
}

static const char *
total_kind(enum srs_use use)
{
	return use == SRS_USE_BOUNCE ? bounces : mails;
}

/* is_sender_used_up - did the address come from too many networks, and not yet from this one? */
static bool
is_sender_used_up(
    struct srs_budget *budget, const struct srs_budget_use *use, unsigned limit, time_t now)
{
	struct use_key total = make_key(networks, NULL, use), own;

	if (count_uses(budget, &total, now) < limit)
		return false;
	if (use->client == NULL)
		return true;
	own = make_key(seen_from, use->client, use);
	return count_uses(budget, &own, now) == 0;
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
	key = make_key(total_kind(use->use), NULL, use);
	if (count_uses(budget, &key, now) >= use_limit(use->use, limit))
		return true;
	if (use->client == NULL)
		return false;
	key = make_key(share, use->client, use);
	return count_uses(budget, &key, now) >=
	       (limit < SRS_BUDGET_SHARE ? limit : SRS_BUDGET_SHARE);
}

/* earn_guesses - a distinct address whose bounce a client brings is one more bad hash that it may
 */
static void
earn_guesses(struct srs_budget *budget, const struct srs_budget_use *use, time_t now)
{
	const struct ipaddr *client = use->client;
	struct use_key key;

	if (client == NULL)
		return;
	key = make_key("e", client, use);
	if (tally_add(budget->earned, key.bytes, key.len, now) > 1)
		return;
	key = make_client_key(client);
	tally_add(budget->earned, key.bytes, key.len, now);
}

/* note_network - one more network that the address came from as a sender */
static void
note_network(struct srs_budget *budget, const struct srs_budget_use *use, time_t now)
{
	struct use_key key;

	if (use->client != NULL) {
		key = make_key(seen_from, use->client, use);
		if (add_use(budget, &key, now) > 1)
			return;
	}
	key = make_key(networks, NULL, use);
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
		key = make_key(share, use->client, use);
		add_use(budget, &key, now);
	}
	key = make_key(total_kind(use->use), NULL, use);
	n = add_use(budget, &key, now);
	if (use->use != SRS_USE_BOUNCE)
		return false;
	earn_guesses(budget, use, now);
	return limit > 0 && n == use_limit(use->use, limit);
}
