/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "common/hostname.h"
#include "common/mailaddr.h"
#include "common/tally.h"
#include "common/xmalloc.h"
#include "srsd/srs_addr.h"
#include "srsd/srs_budget.h"

#define CLIENTS_MAX 10000
#define ADDRESSES_MAX 10000
#define HOUR 3600
#define DAY 86400

struct srs_budget {
	struct tally *guesses;
	struct tally *uses;
};

struct srs_budget *
srs_budget_new(void)
{
	struct srs_budget *budget = xcalloc(1, sizeof(*budget));

	budget->guesses = tally_new(CLIENTS_MAX, HOUR);
	budget->uses = tally_new(ADDRESSES_MAX, DAY);
	return budget;
}

void
srs_budget_free(struct srs_budget **budget)
{
	if (*budget == NULL)
		return;
	tally_free(&(*budget)->guesses);
	tally_free(&(*budget)->uses);
	free(*budget);
	*budget = NULL;
}

/* network_size - bytes of an address that one customer has to himself */
static size_t
network_size(const struct ipaddr *client)
{
	return client->family == AF_INET ? 4 : 8;
}

unsigned
srs_budget_guess(struct srs_budget *budget, const struct ipaddr *client, time_t now)
{
	return tally_add(budget->guesses, client->bytes, network_size(client), now);
}

unsigned
srs_budget_guesses(struct srs_budget *budget, const struct ipaddr *client, time_t now)
{
	return tally_get(budget->guesses, client->bytes, network_size(client), now);
}

/* A key: what the hash is made of, in lower case. */
struct key {
	size_t len;
	char text[MAILADDR_SIZE];
};

static struct key
address_key(const char *address, size_t len)
{
	const char *at = memrchr(address, '@', len), *start = address;
	size_t local_len = at == NULL ? len : (size_t)(at - address);
	struct key key = { .len = 0 };
	struct srs_addr addr;

	if (srs_addr_parse(&addr, address, local_len) == SRS_ADDR_SRS0)
		start = addr.stamp.s;
	else if (addr.kind == SRS_ADDR_SRS1)
		start = addr.host.s;
	key.len = local_len - (size_t)(start - address);
	if (key.len > sizeof(key.text))
		key.len = sizeof(key.text);
	memcpy(key.text, start, key.len);
	hostname_lower(key.text, key.len);
	return key;
}

unsigned
srs_budget_use(struct srs_budget *budget, const char *address, size_t len, time_t now)
{
	struct key key = address_key(address, len);

	return tally_add(budget->uses, key.text, key.len, now);
}

unsigned
srs_budget_uses(struct srs_budget *budget, const char *address, size_t len, time_t now)
{
	struct key key = address_key(address, len);

	return tally_get(budget->uses, key.text, key.len, now);
}
