/* SPDX-License-Identifier: ISC */
#include <sys/queue.h>
#include <sys/tree.h>

#include <stdlib.h>
#include <string.h>

#include "common/xmalloc.h"
#include "spf/dns_cache.h"

/* The longest that we believe a TTL. */
#define TTL_MAX 86400

struct entry {
	RB_ENTRY(entry) node;
	TAILQ_ENTRY(entry) next; /* in the order of use, the latest first */
	struct dns_answer *answer;
	uint64_t expires;
	size_t size; /* what it was charged with */
	enum dns_type type;
	const char *name; /* of the caller while it is searched for, else stored behind */
	char stored[];
};

RB_HEAD(tree, entry);

struct dns_cache {
	struct tree tree;
	TAILQ_HEAD(list, entry) list;
	size_t n;
	size_t bytes;
};

static int
compare(const struct entry *a, const struct entry *b)
{
	if (a->type != b->type)
		return a->type < b->type ? -1 : 1;
	return strcmp(a->name, b->name);
}

RB_GENERATE_INTERNAL(tree, entry, node, compare, static __attribute__((__unused__)))

struct dns_cache *
dns_cache_new(void)
{
	struct dns_cache *cache = xcalloc(1, sizeof(*cache));

	RB_INIT(&cache->tree);
	TAILQ_INIT(&cache->list);
	return cache;
}

static void
forget(struct dns_cache *cache, struct entry *entry)
{
	RB_REMOVE(tree, &cache->tree, entry);
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

static struct entry *
find(struct dns_cache *cache, const char *name, enum dns_type type)
{
	struct entry key = { .type = type, .name = name };

	return RB_FIND(tree, &cache->tree, &key);
}

struct dns_answer *
dns_cache_find(struct dns_cache *cache, const char *name, enum dns_type type, uint64_t now)
{
	struct entry *entry = find(cache, name, type);

	if (entry == NULL)
		return NULL;
	if (now >= entry->expires) {
		forget(cache, entry);
		return NULL;
	}
	TAILQ_REMOVE(&cache->list, entry, next);
	TAILQ_INSERT_HEAD(&cache->list, entry, next);
	return dns_answer_ref(entry->answer);
}

void
dns_cache_put(struct dns_cache *cache, const char *name, enum dns_type type,
    struct dns_answer *answer, uint64_t now)
{
	struct entry *entry = find(cache, name, type);

	if (entry != NULL)
		forget(cache, entry);
	if (answer->status == DNS_ERROR || answer->ttl == 0)
		return;
	entry = xcalloc(1, sizeof(*entry) + strlen(name) + 1);
	strlcpy(entry->stored, name, strlen(name) + 1);
	entry->name = entry->stored;
	entry->type = type;
	entry->answer = dns_answer_ref(answer);
	entry->expires = now + (answer->ttl < TTL_MAX ? answer->ttl : TTL_MAX);
	RB_INSERT(tree, &cache->tree, entry);
	TAILQ_INSERT_HEAD(&cache->list, entry, next);
	cache->n++;
	entry->size = sizeof(*entry) + strlen(name) + answer->size;
	cache->bytes += entry->size;
	while (cache->n > DNS_CACHE_ENTRIES || cache->bytes > DNS_CACHE_BYTES)
		forget(cache, TAILQ_LAST(&cache->list, list));
}

size_t
dns_cache_count(const struct dns_cache *cache)
{
	return cache->n;
}
