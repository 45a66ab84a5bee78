/* SPDX-License-Identifier: ISC */
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/aged_table.h"
#include "common/siphash.h"
#include "common/tally.h"
#include "common/xmalloc.h"

struct tally_entry {
	struct aged_entry aged;
	time_t began;
	unsigned n;
	size_t len;
	char key[];
};

/* The hash is keyed, because a client that can remove its count gets a new budget. */
struct tally {
	struct aged_table *table; /* in the order of the first events */
	struct siphash_key hash_key;
	time_t window;
};

struct tally_key {
	const void *bytes;
	size_t len;
	uint32_t hash;
};

static void
free_tally_entry(struct aged_entry *entry, void *context)
{
	(void)context;
	free(entry);
}

struct tally *
tally_new(size_t max, time_t window)
{
	struct tally *tally = xcalloc(1, sizeof(*tally));

	tally->table = aged_table_new(max, AGED_HASH_KEYED, free_tally_entry, NULL);
	arc4random_buf(&tally->hash_key, sizeof(tally->hash_key));
	tally->window = window;
	return tally;
}

void
tally_free(struct tally **tally)
{
	if (*tally == NULL)
		return;
	aged_table_free(&(*tally)->table);
	free(*tally);
	*tally = NULL;
}

static struct tally_key
hash_tally_key(const struct tally *tally, const void *bytes, size_t len)
{
	struct tally_key key = { bytes, len, (uint32_t)siphash(&tally->hash_key, bytes, len) };

	return key;
}

static bool
has_tally_key(const struct aged_entry *aged, const void *wanted)
{
	const struct tally_entry *entry = (const struct tally_entry *)aged;
	const struct tally_key *key = wanted;

	return entry->len == key->len && memcmp(entry->key, key->bytes, key->len) == 0;
}

/* is_window_over - also if the clock was set back, so that no count is kept forever */
static bool
is_window_over(const struct tally *tally, const struct tally_entry *entry, time_t now)
{
	return now < entry->began || now - entry->began >= tally->window;
}

static struct tally_entry *
find_tally_entry(struct tally *tally, const struct tally_key *key, time_t now)
{
	struct aged_entry *aged = aged_table_find(tally->table, key->hash, has_tally_key, key);
	struct tally_entry *entry = (struct tally_entry *)aged;

	if (entry == NULL || !is_window_over(tally, entry, now))
		return entry;
	aged_table_remove(tally->table, aged);
	return NULL;
}

static void
expire_tally_entries(struct tally *tally, time_t now)
{
	struct aged_entry *oldest;

	while ((oldest = aged_table_oldest(tally->table)) != NULL &&
	       is_window_over(tally, (struct tally_entry *)oldest, now))
		aged_table_remove(tally->table, oldest);
}

static struct tally_entry *
add_tally_entry(struct tally *tally, const struct tally_key *key, time_t now)
{
	struct tally_entry *entry = xmalloc(sizeof(*entry) + key->len);

	entry->began = now;
	entry->n = 0;
	entry->len = key->len;
	memcpy(entry->key, key->bytes, key->len);
	expire_tally_entries(tally, now);
	aged_table_add(tally->table, &entry->aged, key->hash);
	return entry;
}

unsigned
tally_add(struct tally *tally, const void *key, size_t len, time_t now)
{
	struct tally_key hashed = hash_tally_key(tally, key, len);
	struct tally_entry *entry = find_tally_entry(tally, &hashed, now);

	if (entry == NULL)
		entry = add_tally_entry(tally, &hashed, now);
	if (entry->n < UINT_MAX)
		entry->n++;
	return entry->n;
}

void
tally_take_back(struct tally *tally, const void *key, size_t len, time_t now)
{
	struct tally_key hashed = hash_tally_key(tally, key, len);
	struct tally_entry *entry = find_tally_entry(tally, &hashed, now);

	if (entry != NULL && --entry->n == 0)
		aged_table_remove(tally->table, &entry->aged);
}

unsigned
tally_get(struct tally *tally, const void *key, size_t len, time_t now)
{
	struct tally_key hashed = hash_tally_key(tally, key, len);
	const struct tally_entry *entry = find_tally_entry(tally, &hashed, now);

	return entry == NULL ? 0 : entry->n;
}

size_t
tally_keys(const struct tally *tally)
{
	return aged_table_count(tally->table);
}
