/* SPDX-License-Identifier: ISC */
/*
 * aged_table - a bounded table of entries that are found by key and removed by age. Pure.
 *
 * An entry is a structure of the caller with a struct aged_entry as its first member. The caller
 * allocates it, hashes and compares its key, and decides when it expires. The table finds it, keeps
 * all entries in the order in which they were added, and removes the oldest one when it is full.
 *
 * HASH FLOODING. Clients choose most keys: addresses, names, senders. A client that can choose keys
 * with equal hashes fills one bucket, and each lookup there walks a long list. The remedy depends
 * on what the loss of an entry costs, so each table names the kind of its hash.
 *
 * AGED_HASH_UNKEYED is for caches. Collisions of hash_bytes() are easy to compute. At most
 * AGED_COLLISIONS_MAX entries share a bucket. One more removes the entry of this bucket that was
 * added first, even if it has a second chance. This bounds the time of a lookup. It does not
 * protect an entry: a client that knows its key can compute others for the same bucket, and so
 * remove it. Therefore an entry must be worth no more than the work of computing it again.
 *
 * AGED_HASH_KEYED is for counts, decisions and secrets. Their loss could give an attacker a new
 * budget, for example. The hash is siphash() with a random key. An attacker without this key cannot
 * choose keys that collide. Buckets therefore stay short without a limit, and an entry is removed
 * only when the whole table is full.
 *
 * Neither kind protects against a client that can add as many entries as the table holds. That
 * requires a larger table, or a limit on the entries of one client.
 */
#ifndef COMMON_AGED_TABLE_H
#define COMMON_AGED_TABLE_H

#include <sys/queue.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AGED_COLLISIONS_MAX 16

enum aged_hash { AGED_HASH_UNKEYED, AGED_HASH_KEYED };

/*
 * The first member of an entry, so that a pointer to one is a pointer to the other. The caller may
 * set second_chance while the entry is in the table. The other members belong to the table.
 */
struct aged_entry {
	LIST_ENTRY(aged_entry) collision;
	TAILQ_ENTRY(aged_entry) age;
	uint32_t hash;
	bool second_chance; /* the oldest entry of a full table becomes the newest, once */
};

LIST_HEAD(aged_bucket, aged_entry);

/* Only aged_table.c and aged_table_find() use its members. */
struct aged_table {
	TAILQ_HEAD(, aged_entry) ages; /* the oldest entry comes first */
	size_t n, max;
	enum aged_hash hash;
	void (*free_entry)(struct aged_entry *entry, void *context);
	void *context;
	uint32_t mask; /* the number of buckets, minus 1 */
	struct aged_bucket bucket[];
};

/*
 * A table of at most max entries, max > 0. free_entry is called with context for each entry that
 * the table removes, whatever the reason; it must not use the table. The caller frees the table.
 */
struct aged_table *aged_table_new(size_t max, enum aged_hash hash,
    void (*free_entry)(struct aged_entry *entry, void *context), void *context);

/* Removes all entries. */
void aged_table_clear(struct aged_table *table);

/* Frees the table and its entries. Sets *table to NULL; it may be NULL. */
void aged_table_free(struct aged_table **table);

/*
 * The entry that has this hash and for which has_key(entry, key) is true, or NULL. The entry
 * belongs to the table, and is valid until the table is next changed. A lookup does not change the
 * age of an entry. The function is inline so that the compiler can include has_key in the loop: the
 * DNS cache has several lookups per request.
 */
static inline struct aged_entry *
aged_table_find(const struct aged_table *table, uint32_t hash,
    bool (*has_key)(const struct aged_entry *entry, const void *key), const void *key)
{
	struct aged_entry *entry;

	LIST_FOREACH (entry, &table->bucket[hash & table->mask], collision)
		if (entry->hash == hash && has_key(entry, key))
			return entry;
	return NULL;
}

/*
 * Adds an entry as the newest one, without a second chance. The table owns it from now on. Its key
 * must not be in the table. To make room, entries may be removed first, but never the new one.
 */
void aged_table_add(struct aged_table *table, struct aged_entry *entry, uint32_t hash);

/* Removes and frees an entry of the table. */
void aged_table_remove(struct aged_table *table, struct aged_entry *entry);

/*
 * The oldest entry, by the time at which it was added or used its second chance. NULL if the table
 * is empty. A caller that expires entries starts with this one.
 */
struct aged_entry *aged_table_oldest(const struct aged_table *table);

/*
 * Removes and frees the oldest entry that has no second chance. Entries that are older use theirs:
 * they become the newest ones. If all entries have one, the oldest of them is removed. False if the
 * table is empty.
 */
bool aged_table_evict(struct aged_table *table);

/* The number of entries. */
size_t aged_table_count(const struct aged_table *table);

#endif
