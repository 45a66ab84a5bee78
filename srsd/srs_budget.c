/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "common/hostname.h"
#include "common/mailaddr.h"
#include "common/tally.h"
#include "common/xmalloc.h"
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

unsigned
srs_budget_use(struct srs_budget *budget, const char *address, size_t len, time_t now)
{
	char key[2 * MAILADDR_SIZE];

	if (len > sizeof(key))
		len = sizeof(key);
	memcpy(key, address, len);
	hostname_lower(key, len);
	return tally_add(budget->uses, key, len, now);
}
