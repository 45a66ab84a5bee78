/* SPDX-License-Identifier: ISC */
#include <sys/queue.h>
#include <sys/tree.h>

#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/tally.h"
#include "common/xmalloc.h"

struct entry {
	RB_ENTRY(entry) node;
	TAILQ_ENTRY(entry) next; /* in the order of their beginning */
	time_t began;
	unsigned n;
	const void *key; /* of the caller while it is searched for, else stored behind */
	size_t len;
	char stored[];
};

RB_HEAD(tree, entry);

struct tally {
	struct tree tree;
	TAILQ_HEAD(, entry) list;
	size_t n, max;
	time_t window;
};

static int
compare(const struct entry *a, const struct entry *b)
{
	if (a->len != b->len)
		return a->len < b->len ? -1 : 1;
	return memcmp(a->key, b->key, a->len);
}

RB_GENERATE_INTERNAL(tree, entry, node, compare, static __attribute__((__unused__)))

struct tally *
tally_new(size_t max, time_t window)
{
	struct tally *tally = xcalloc(1, sizeof(*tally));

	RB_INIT(&tally->tree);
	TAILQ_INIT(&tally->list);
	tally->max = max;
	tally->window = window;
	return tally;
}

static void
forget(struct tally *tally, struct entry *entry)
{
	RB_REMOVE(tree, &tally->tree, entry);
	TAILQ_REMOVE(&tally->list, entry, next);
	free(entry);
	tally->n--;
}

void
tally_free(struct tally **tally)
{
	struct entry *entry;

	if (*tally == NULL)
		return;
	while ((entry = TAILQ_FIRST(&(*tally)->list)) != NULL)
		forget(*tally, entry);
	free(*tally);
	*tally = NULL;
}

/* is_over - also when the clock went back: a count must not live for ever */
static bool
is_over(const struct tally *tally, const struct entry *entry, time_t now)
{
	return now < entry->began || now - entry->began >= tally->window;
}

static struct entry *
find(struct tally *tally, const void *key, size_t len, time_t now)
{
	struct entry wanted = { .key = key, .len = len }, *entry;

	entry = RB_FIND(tree, &tally->tree, &wanted);
	if (entry == NULL || !is_over(tally, entry, now))
		return entry;
	forget(tally, entry);
	return NULL;
}

static struct entry *
begin(struct tally *tally, const void *key, size_t len, time_t now)
{
	struct entry *entry = xcalloc(1, sizeof(*entry) + len), *first;

	while ((first = TAILQ_FIRST(&tally->list)) != NULL &&
	       (tally->n >= tally->max || is_over(tally, first, now)))
		forget(tally, first);
	memcpy(entry->stored, key, len);
	entry->key = entry->stored;
	entry->len = len;
	entry->began = now;
	RB_INSERT(tree, &tally->tree, entry);
	TAILQ_INSERT_TAIL(&tally->list, entry, next);
	tally->n++;
	return entry;
}

unsigned
tally_add(struct tally *tally, const void *key, size_t len, time_t now)
{
	struct entry *entry = find(tally, key, len, now);

	if (entry == NULL)
		entry = begin(tally, key, len, now);
	if (entry->n < UINT_MAX)
		entry->n++;
	return entry->n;
}

void
tally_take_back(struct tally *tally, const void *key, size_t len, time_t now)
{
	struct entry *entry = find(tally, key, len, now);

	if (entry != NULL && --entry->n == 0)
		forget(tally, entry);
}

unsigned
tally_get(struct tally *tally, const void *key, size_t len, time_t now)
{
	const struct entry *entry = find(tally, key, len, now);

	return entry == NULL ? 0 : entry->n;
}

size_t
tally_keys(const struct tally *tally)
{
	return tally->n;
}
