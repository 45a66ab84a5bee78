/* SPDX-License-Identifier: ISC */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/aged_table.h"
#include "common/hash.h"
#include "common/xmalloc.h"
#include "spf/dns/dns_cache.h"

/* Seconds; a longer TTL counts as this one. */
#define TTL_MAX 86400

/* Bytes that malloc(3) adds to an allocation. */
#define MALLOC_OVERHEAD 16

/*
 * A use only marks the entry. Moving it to the end of a list would touch its neighbours, which are
 * cache misses. Instead, an entry that was used gets a second chance when it is the oldest.
 */
struct cache_entry {
	struct aged_entry aged;
	enum dns_type type;
	uint32_t size; /* its share of DNS_CACHE_BYTES */
	struct dns_answer *answer;
	uint64_t expires;
	char name[];
};

struct dns_cache {
	struct aged_table *table;
	size_t bytes;
};

struct cache_key {
	const char *name;
	enum dns_type type;
};

static void
free_cache_entry(struct aged_entry *aged, void *context)
{
	struct cache_entry *entry = (struct cache_entry *)aged;
	struct dns_cache *cache = context;

	cache->bytes -= entry->size;
	dns_answer_unref(&entry->answer);
	free(entry);
}

struct dns_cache *
dns_cache_new(void)
{
	struct dns_cache *cache = xcalloc(1, sizeof(*cache));

	cache->table =
	    aged_table_new(DNS_CACHE_ENTRIES, AGED_HASH_UNKEYED, free_cache_entry, cache);
	return cache;
}

void
dns_cache_free(struct dns_cache **cache)
{
	if (*cache == NULL)
		return;
	aged_table_free(&(*cache)->table);
	free(*cache);
	*cache = NULL;
}

static uint32_t
hash_cache_key(const struct cache_key *key)
{
	return hash_bytes(HASH_BEGIN ^ (uint32_t)key->type, key->name, strlen(key->name));
}

static bool
has_cache_key(const struct aged_entry *aged, const void *wanted)
{
	const struct cache_entry *entry = (const struct cache_entry *)aged;
	const struct cache_key *key = wanted;

	return entry->type == key->type && strcmp(entry->name, key->name) == 0;
}

static struct cache_entry *
find_cache_entry(struct dns_cache *cache, const struct cache_key *key, uint32_t hash)
{
	return (struct cache_entry *)aged_table_find(cache->table, hash, has_cache_key, key);
}

struct dns_answer *
dns_cache_find(struct dns_cache *cache, const char *name, enum dns_type type, uint64_t now)
{
	const struct cache_key key = { name, type };
	struct cache_entry *entry = find_cache_entry(cache, &key, hash_cache_key(&key));

	if (entry == NULL)
		return NULL;
	if (now >= entry->expires) {
		aged_table_remove(cache->table, &entry->aged);
		return NULL;
	}
	entry->aged.second_chance = true;
	return dns_answer_ref(entry->answer);
}

/* get_time_to_live - how long to keep an answer, in seconds; 0: not at all */
static uint32_t
get_time_to_live(const struct dns_answer *answer)
{
	uint32_t most = answer->status == DNS_ERROR ? DNS_CACHE_ERROR_TTL : TTL_MAX;

	if (answer->status == DNS_ERROR && answer->failure != DNS_FAILED)
		return 0;
	return answer->ttl < most ? answer->ttl : most;
}

static struct cache_entry *
make_cache_entry(const struct cache_key *key, struct dns_answer *answer, uint64_t now)
{
	size_t size = strlen(key->name) + 1;
	struct cache_entry *entry = xmalloc(sizeof(*entry) + size);

	memcpy(entry->name, key->name, size);
	entry->type = key->type;
	entry->answer = dns_answer_ref(answer);
	entry->expires = answer->expires = now + get_time_to_live(answer);
	entry->size = (uint32_t)(sizeof(*entry) + size + MALLOC_OVERHEAD + answer->size);
	return entry;
}

/* add_cache_entry - after evicting entries until there are enough bytes for it */
static void
add_cache_entry(struct dns_cache *cache, struct cache_entry *entry, uint32_t hash)
{
	cache->bytes += entry->size;
	while (cache->bytes > DNS_CACHE_BYTES && aged_table_evict(cache->table))
		continue;
	aged_table_add(cache->table, &entry->aged, hash);
}

void
dns_cache_put(struct dns_cache *cache, const char *name, enum dns_type type,
    struct dns_answer *answer, uint64_t now)
{
	const struct cache_key key = { name, type };
	uint32_t hash = hash_cache_key(&key);
	struct cache_entry *entry = find_cache_entry(cache, &key, hash);

	if (entry != NULL)
		aged_table_remove(cache->table, &entry->aged);
	if (get_time_to_live(answer) > 0)
		add_cache_entry(cache, make_cache_entry(&key, answer, now), hash);
}

size_t
dns_cache_count(const struct dns_cache *cache)
{
	return aged_table_count(cache->table);
}
