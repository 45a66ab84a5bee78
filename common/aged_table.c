/* SPDX-License-Identifier: ISC */
#include <sys/queue.h>

#include <stdlib.h>

#include "common/aged_table.h"
#include "common/xmalloc.h"

/* count_buckets - a power of two; a full table has one or two entries per bucket */
static size_t
count_buckets(size_t max)
{
	size_t n = 1;

	while (n <= max / 2 && n <= UINT32_MAX / 2)
		n *= 2;
	return n;
}

/* Empty buckets are zeros. In a large table they use no memory before their first entry. */
struct aged_table *
aged_table_new(size_t max, enum aged_hash hash,
    void (*free_entry)(struct aged_entry *entry, void *context), void *context)
{
	size_t buckets = count_buckets(max);
	struct aged_table *table =
	    xcalloc(1, sizeof(*table) + buckets * sizeof(struct aged_bucket));

	TAILQ_INIT(&table->ages);
	table->max = max;
	table->hash = hash;
	table->free_entry = free_entry;
	table->context = context;
	table->mask = (uint32_t)(buckets - 1);
	return table;
}

void
aged_table_clear(struct aged_table *table)
{
	struct aged_entry *entry;

	while ((entry = TAILQ_FIRST(&table->ages)) != NULL)
		aged_table_remove(table, entry);
}

void
aged_table_free(struct aged_table **table)
{
	if (*table == NULL)
		return;
	aged_table_clear(*table);
	free(*table);
	*table = NULL;
}

/* limit_collisions - make room in a bucket for one more entry; its last entry is the oldest */
static void
limit_collisions(struct aged_table *table, struct aged_bucket *bucket)
{
	struct aged_entry *entry, *last = NULL;
	size_t n = 0;

	LIST_FOREACH (entry, bucket, collision) {
		last = entry;
		n++;
	}
	if (n >= AGED_COLLISIONS_MAX)
		aged_table_remove(table, last);
}

void
aged_table_add(struct aged_table *table, struct aged_entry *entry, uint32_t hash)
{
	struct aged_bucket *bucket = &table->bucket[hash & table->mask];

	if (table->hash == AGED_HASH_UNKEYED)
		limit_collisions(table, bucket);
	while (table->n >= table->max)
		aged_table_evict(table);
	entry->hash = hash;
	entry->second_chance = false;
	LIST_INSERT_HEAD(bucket, entry, collision);
	TAILQ_INSERT_TAIL(&table->ages, entry, age);
	table->n++;
}

void
aged_table_remove(struct aged_table *table, struct aged_entry *entry)
{
	LIST_REMOVE(entry, collision);
	TAILQ_REMOVE(&table->ages, entry, age);
	table->n--;
	table->free_entry(entry, table->context);
}

struct aged_entry *
aged_table_oldest(const struct aged_table *table)
{
	return TAILQ_FIRST(&table->ages);
}

bool
aged_table_evict(struct aged_table *table)
{
	struct aged_entry *entry;

	while ((entry = TAILQ_FIRST(&table->ages)) != NULL && entry->second_chance) {
		entry->second_chance = false;
		TAILQ_REMOVE(&table->ages, entry, age);
		TAILQ_INSERT_TAIL(&table->ages, entry, age);
	}
	if (entry == NULL)
		return false;
	aged_table_remove(table, entry);
	return true;
}

size_t
aged_table_count(const struct aged_table *table)
{
	return table->n;
}
