/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "common/aged_table.h"
#include "common/hostname.h"
#include "common/siphash.h"
#include "common/xmalloc.h"
#include "srsd/service/forward_counts.h"

#define HOUR_SECONDS 3600

/* Counts and the hour to which they belong. */
struct hourly_counts {
	time_t hour; /* of running_hour: the time divided by HOUR_SECONDS */
	struct forward_numbers numbers;
};

struct forward_entry {
	struct aged_entry aged;
	struct hourly_counts counts;
	uint64_t weight; /* of Space-Saving: at least the number of events */
	time_t warned;   /* the time of the last warning; 0: never */
	size_t len;
	char domain[]; /* NUL-terminated */
};

/* The ages in the table have no meaning. It finds the entries, and the array lists them. */
struct forward_counts {
	struct aged_table *table;
	struct siphash_key hash_key;
	struct hourly_counts all;
	size_t n;
	struct forward_entry *entry[FORWARD_COUNTS_DOMAINS];
};

struct forward_key {
	size_t len;
	uint32_t hash;
	char domain[HOSTNAME_MAX + 1]; /* in lower case */
};

const char *
forward_event_name(enum forward_event event)
{
	static const char *const names[FORWARD_EVENTS] = {
		[FORWARD_FORWARDED] = "forwarded",
		[FORWARD_UNAUTHENTICATED] = "unauthenticated",
		[FORWARD_BOUNCED] = "bounced",
	};

	return names[event];
}

static void
free_forward_entry(struct aged_entry *entry, void *context)
{
	(void)context;
	free(entry);
}

struct forward_counts *
forward_counts_new(void)
{
	struct forward_counts *counts = xcalloc(1, sizeof(*counts));

	counts->table =
	    aged_table_new(FORWARD_COUNTS_DOMAINS, AGED_HASH_KEYED, free_forward_entry, NULL);
	arc4random_buf(&counts->hash_key, sizeof(counts->hash_key));
	return counts;
}

void
forward_counts_free(struct forward_counts **counts)
{
	if (*counts == NULL)
		return;
	aged_table_free(&(*counts)->table);
	free(*counts);
	*counts = NULL;
}

/* set_forward_key - false for a name that has no counts of its own */
static bool
set_forward_key(
    const struct forward_counts *counts, const char *domain, size_t len, struct forward_key *key)
{
	if (len == 0 || len > HOSTNAME_MAX)
		return false;
	memcpy(key->domain, domain, len);
	key->domain[len] = '\0';
	hostname_lower(key->domain, len);
	key->len = len;
	key->hash = (uint32_t)siphash(&counts->hash_key, key->domain, len);
	return true;
}

static bool
has_forward_key(const struct aged_entry *aged, const void *wanted)
{
	const struct forward_entry *entry = (const struct forward_entry *)aged;
	const struct forward_key *key = wanted;

	return entry->len == key->len && memcmp(entry->domain, key->domain, key->len) == 0;
}

static struct forward_entry *
find_forward_entry(const struct forward_counts *counts, const struct forward_key *key)
{
	return (struct forward_entry *)aged_table_find(
	    counts->table, key->hash, has_forward_key, key);
}

/* find_least_busy - the place of the entry with the least weight */
static size_t
find_least_busy(const struct forward_counts *counts)
{
	size_t i, least = 0;

	for (i = 1; i < counts->n; i++)
		if (counts->entry[i]->weight < counts->entry[least]->weight)
			least = i;
	return least;
}

static struct forward_entry *
add_forward_entry(struct forward_counts *counts, const struct forward_key *key)
{
	struct forward_entry *entry = xcalloc(1, sizeof(*entry) + key->len + 1);
	size_t place = counts->n;

	if (counts->n < FORWARD_COUNTS_DOMAINS) {
		counts->n++;
	} else {
		place = find_least_busy(counts);
		entry->weight = counts->entry[place]->weight;
		aged_table_remove(counts->table, &counts->entry[place]->aged);
	}
	entry->len = key->len;
	memcpy(entry->domain, key->domain, key->len + 1);
	counts->entry[place] = entry;
	aged_table_add(counts->table, &entry->aged, key->hash);
	return entry;
}

/* advance_hour - make running_hour the hour of now */
static void
advance_hour(struct hourly_counts *counts, time_t now)
{
	struct forward_numbers *numbers = &counts->numbers;
	time_t hour = now / HOUR_SECONDS;

	if (hour == counts->hour)
		return;
	if (hour == counts->hour + 1)
		memcpy(numbers->last_hour, numbers->running_hour, sizeof(numbers->last_hour));
	else
		memset(numbers->last_hour, 0, sizeof(numbers->last_hour));
	memset(numbers->running_hour, 0, sizeof(numbers->running_hour));
	counts->hour = hour;
}

static void
count_event(struct hourly_counts *counts, enum forward_event event, time_t now)
{
	advance_hour(counts, now);
	if (counts->numbers.since == 0)
		counts->numbers.since = now;
	counts->numbers.total[event]++;
	counts->numbers.running_hour[event]++;
}

static void
count_domain_event(struct forward_counts *counts, const char *domain, size_t len,
    enum forward_event event, time_t now)
{
	struct forward_entry *entry;
	struct forward_key key;

	if (!set_forward_key(counts, domain, len, &key))
		return;
	entry = find_forward_entry(counts, &key);
	if (entry == NULL)
		entry = add_forward_entry(counts, &key);
	entry->weight++;
	count_event(&entry->counts, event, now);
}

void
forward_counts_add(struct forward_counts *counts, const char *domain, size_t len,
    enum forward_event event, time_t now)
{
	count_event(&counts->all, event, now);
	count_domain_event(counts, domain, len, event, now);
}

void
forward_counts_add_signed(struct forward_counts *counts, const char *domain, size_t len, time_t now)
{
	count_domain_event(counts, domain, len, FORWARD_FORWARDED, now);
}

/* count_within_hour - of the hour that ends now, see forward_counts_warn */
static uint64_t
count_within_hour(const struct forward_numbers *numbers, enum forward_event event, time_t now)
{
	uint64_t rest = (uint64_t)(HOUR_SECONDS - now % HOUR_SECONDS);

	return numbers->running_hour[event] + numbers->last_hour[event] * rest / HOUR_SECONDS;
}

/* has_warned_recently - false also when the clock was set back */
static bool
has_warned_recently(const struct forward_entry *entry, time_t now)
{
	return entry->warned != 0 && now >= entry->warned && now - entry->warned < HOUR_SECONDS;
}

bool
forward_counts_warn(struct forward_counts *counts, const char *domain, size_t len, int per_cent,
    time_t now, struct forward_hour *hour)
{
	struct forward_entry *entry;
	struct forward_key key;

	if (per_cent == 0 || !set_forward_key(counts, domain, len, &key))
		return false;
	entry = find_forward_entry(counts, &key);
	if (entry == NULL || has_warned_recently(entry, now))
		return false;
	advance_hour(&entry->counts, now);
	hour->forwarded = count_within_hour(&entry->counts.numbers, FORWARD_FORWARDED, now);
	hour->bounced = count_within_hour(&entry->counts.numbers, FORWARD_BOUNCED, now);
	if (hour->bounced < FORWARD_COUNTS_LEAST_BOUNCES ||
	    hour->bounced * 100 <= hour->forwarded * (uint64_t)per_cent)
		return false;
	entry->warned = now;
	return true;
}

size_t
forward_counts_domains(const struct forward_counts *counts)
{
	return counts->n;
}

/* get_numbers_now - the counts, with the hours of now */
static struct forward_numbers
get_numbers_now(const struct hourly_counts *counts, time_t now)
{
	struct hourly_counts copy = *counts;

	advance_hour(&copy, now);
	return copy.numbers;
}

void
forward_counts_all(const struct forward_counts *counts, time_t now, struct forward_numbers *numbers)
{
	*numbers = get_numbers_now(&counts->all, now);
}

static int
compare_busyness(const void *a, const void *b)
{
	const struct forward_entry *x = *(const struct forward_entry *const *)a,
				   *y = *(const struct forward_entry *const *)b;

	if (x->weight != y->weight)
		return x->weight > y->weight ? -1 : 1;
	return strcmp(x->domain, y->domain);
}

void
forward_counts_visit(
    const struct forward_counts *counts, time_t now, forward_counts_visit_fn *visit, void *arg)
{
	const struct forward_entry *sorted[FORWARD_COUNTS_DOMAINS];
	struct forward_numbers numbers;
	size_t i;

	for (i = 0; i < counts->n; i++)
		sorted[i] = counts->entry[i];
	qsort(sorted, counts->n, sizeof(sorted[0]), compare_busyness);
	for (i = 0; i < counts->n; i++) {
		numbers = get_numbers_now(&sorted[i]->counts, now);
		visit(sorted[i]->domain, &numbers, arg);
	}
}
