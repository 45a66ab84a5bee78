/* SPDX-License-Identifier: ISC */
#include <sys/queue.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/hash.h"
#include "common/xmalloc.h"
#include "spf/dns/dns_cache.h"

/* The longest that we believe a TTL. */
#define TTL_MAX 86400

/* Each entry on the way is far away in memory, so there are as many buckets as entries. More than
 * COLLISIONS_MAX in one of them are somebody's doing. */
#define BUCKETS DNS_CACHE_ENTRIES
#define COLLISIONS_MAX 16

/*
 * Found means used, and nothing else: to put it in front of a list would touch its neighbours,
 * which are far away in memory. Who is next to go and was used since gets a second chance then.
 */
struct entry {
	LIST_ENTRY(entry) collision;
	uint32_t hash;
	enum dns_type type;
	struct dns_answer *answer;
	uint64_t expires;
	TAILQ_ENTRY(entry) next; /* in the order of their making, or of their second chance */
	uint32_t size;           /* what it was charged with */
	bool used;
	char name[];
};

LIST_HEAD(bucket, entry);

struct dns_cache {
	TAILQ_HEAD(list, entry) list; /* who is next to go first */
	size_t n;
	size_t bytes;
	struct bucket bucket[BUCKETS];
};

/* What malloc takes for itself. */
#define MALLOC_OVERHEAD 16

struct dns_cache *
dns_cache_new(void)
{
	struct dns_cache *cache = xcalloc(1, sizeof(*cache)); /* all buckets are empty */

	TAILQ_INIT(&cache->list);
	return cache;
}

static void
forget(struct dns_cache *cache, struct entry *entry)
{
	LIST_REMOVE(entry, collision);
	TAILQ_REMOVE(&cache->list, entry, next);
	cache->n--;
	cache->bytes -= entry->size;
	dns_answer_unref(&entry->answer);
	free(entry);
}

void
dns_cache_free(struct dns_cache **cache)
{
	struct entry *entry;

	if (*cache == NULL)
		return;
	while ((entry = TAILQ_FIRST(&(*cache)->list)) != NULL)
		forget(*cache, entry);
	free(*cache);
	*cache = NULL;
}

static uint32_t
hash_of(const char *name, enum dns_type type)
{
	return hash_bytes(HASH_BEGIN ^ (uint32_t)type, name, strlen(name));
}

static struct bucket *
bucket_of(struct dns_cache *cache, uint32_t hash)
{
	return &cache->bucket[hash % BUCKETS];
}

static struct entry *
find(struct dns_cache *cache, uint32_t hash, const char *name, enum dns_type type)
{
	struct entry *entry;

	LIST_FOREACH (entry, bucket_of(cache, hash), collision)
		if (entry->hash == hash && entry->type == type && strcmp(entry->name, name) == 0)
			return entry;
	return NULL;
}

struct dns_answer *
dns_cache_find(struct dns_cache *cache, const char *name, enum dns_type type, uint64_t now)
{
	struct entry *entry = find(cache, hash_of(name, type), name, type);

	if (entry == NULL)
		return NULL;
	if (now >= entry->expires) {
		forget(cache, entry);
		return NULL;
	}
	entry->used = true;
	return dns_answer_ref(entry->answer);
}

/* make_room - in a bucket for one more: who came there first goes */
static void
make_room(struct dns_cache *cache, struct bucket *bucket)
{
	struct entry *entry, *last = NULL;
	size_t n = 0;

	LIST_FOREACH (entry, bucket, collision) {
		last = entry;
		n++;
	}
	if (n >= COLLISIONS_MAX)
		forget(cache, last);
}

/* shrink - to what the whole cache may hold */
static void
shrink(struct dns_cache *cache)
{
	struct entry *entry;

	while (cache->n > DNS_CACHE_ENTRIES || cache->bytes > DNS_CACHE_BYTES) {
		entry = TAILQ_FIRST(&cache->list);
		if (!entry->used) {
			forget(cache, entry);
			continue;
		}
		entry->used = false;
		TAILQ_REMOVE(&cache->list, entry, next);
		TAILQ_INSERT_TAIL(&cache->list, entry, next);
	}
}

/* time_to_live - how long an answer is kept; 0: not at all */
static uint32_t
time_to_live(const struct dns_answer *answer)
{
	uint32_t most = answer->status == DNS_ERROR ? DNS_CACHE_ERROR_TTL : TTL_MAX;

	if (answer->status == DNS_ERROR && answer->failure != DNS_FAILED)
		return 0;
	return answer->ttl < most ? answer->ttl : most;
}

static struct entry *
make_entry(const char *name, enum dns_type type, struct dns_answer *answer, uint64_t now)
{
	size_t size = strlen(name) + 1;
	struct entry *entry = xmalloc(sizeof(*entry) + size);

	memcpy(entry->name, name, size);
	entry->hash = hash_of(name, type);
	entry->type = type;
	entry->used = false;
	entry->answer = dns_answer_ref(answer);
	entry->expires = now + time_to_live(answer);
	entry->size = (uint32_t)(sizeof(*entry) + size + MALLOC_OVERHEAD + answer->size);
	return entry;
}

void
dns_cache_put(struct dns_cache *cache, const char *name, enum dns_type type,
    struct dns_answer *answer, uint64_t now)
{
	struct entry *entry = find(cache, hash_of(name, type), name, type);
	struct bucket *bucket;

	if (entry != NULL)
		forget(cache, entry);
	if (time_to_live(answer) == 0)
		return;
	entry = make_entry(name, type, answer, now);
	bucket = bucket_of(cache, entry->hash);
	make_room(cache, bucket);
	LIST_INSERT_HEAD(bucket, entry, collision);
	TAILQ_INSERT_TAIL(&cache->list, entry, next);
	cache->n++;
	cache->bytes += entry->size;
	shrink(cache);
}

size_t
dns_cache_count(const struct dns_cache *cache)
{
	return cache->n;
}
