/* SPDX-License-Identifier: ISC */
#include <sys/queue.h>

#include <stdlib.h>
#include <string.h>

#include "common/hash.h"
#include "common/xmalloc.h"
#include "srsd/service/message_memory.h"

/* What has to be the same: instance, client, HELO name and sender. */
#define PARTS 4

/* Twice as many buckets as entries. More than COLLISIONS_MAX in one are somebody's doing. */
#define BUCKETS (2 * MESSAGE_MEMORY_MAX)
#define COLLISIONS_MAX 16

struct key {
	struct text part[PARTS];
	uint32_t hash;
};

/*
 * Entries go in the order in which they came, so they lie in a ring: all but their texts is
 * allocated once. One that had to go before its turn leaves a gap.
 */
struct entry {
	LIST_ENTRY(entry) collision;
	time_t made;
	struct key key; /* its parts are in texts */
	char *texts;    /* NULL: a gap */
	struct message_facts message;
};

LIST_HEAD(bucket, entry);

struct message_memory {
	size_t n;            /* without the gaps */
	size_t first, count; /* what of the ring is in use */
	struct bucket bucket[BUCKETS];
	struct entry ring[MESSAGE_MEMORY_MAX];
};

struct message_memory *
message_memory_new(void)
{
	return xcalloc(1, sizeof(struct message_memory)); /* all buckets are empty */
}

static void
forget(struct message_memory *messages, struct entry *entry)
{
	LIST_REMOVE(entry, collision);
	free(entry->texts);
	entry->texts = NULL;
	messages->n--;
}

/* forget_first - the oldest entry, or the gap that it has left */
static void
forget_first(struct message_memory *messages)
{
	struct entry *first = &messages->ring[messages->first];

	if (first->texts != NULL)
		forget(messages, first);
	messages->first = (messages->first + 1) % MESSAGE_MEMORY_MAX;
	messages->count--;
}

void
message_memory_free(struct message_memory **messages)
{
	if (*messages == NULL)
		return;
	while ((*messages)->count > 0)
		forget_first(*messages);
	free(*messages);
	*messages = NULL;
}

static struct key
request_key(const struct policy_request *req)
{
	struct key key = { { req->instance, req->client_address, req->helo_name, req->sender },
		HASH_BEGIN };
	size_t i;

	for (i = 0; i < PARTS; i++)
		key.hash = hash_bytes(key.hash, key.part[i].s, key.part[i].len);
	return key;
}

static bool
is_same(const struct key *a, const struct key *b)
{
	size_t i;

	if (a->hash != b->hash)
		return false;
	for (i = 0; i < PARTS; i++)
		if (a->part[i].len != b->part[i].len ||
		    (a->part[i].len > 0 && memcmp(a->part[i].s, b->part[i].s, a->part[i].len) != 0))
			return false;
	return true;
}

static struct bucket *
bucket_of(struct message_memory *messages, const struct key *key)
{
	return &messages->bucket[key->hash % BUCKETS];
}

/* find - among all, also those whose time is over */
static struct entry *
find(struct message_memory *messages, const struct key *key)
{
	struct entry *entry;

	LIST_FOREACH (entry, bucket_of(messages, key), collision)
		if (is_same(&entry->key, key))
			return entry;
	return NULL;
}

/* copy_texts - let a key point to copies of its own */
static char *
copy_texts(struct key *key)
{
	size_t i, len = 0;
	char *texts, *to;

	for (i = 0; i < PARTS; i++)
		len += key->part[i].len;
	to = texts = xmalloc(len);
	for (i = 0; i < PARTS; i++) {
		if (key->part[i].len > 0)
			memcpy(to, key->part[i].s, key->part[i].len);
		key->part[i].s = to;
		to += key->part[i].len;
	}
	return texts;
}

/* make_room - in a bucket for one more: who came there first goes */
static void
make_room(struct message_memory *messages, struct bucket *bucket)
{
	struct entry *entry, *last = NULL;
	size_t n = 0;

	LIST_FOREACH (entry, bucket, collision) {
		last = entry;
		n++;
	}
	if (n >= COLLISIONS_MAX)
		forget(messages, last);
}

static void
expire(struct message_memory *messages, time_t now)
{
	const struct entry *first = &messages->ring[messages->first];

	while (messages->count > 0 &&
	       (first->texts == NULL || now - first->made >= MESSAGE_MEMORY_SECONDS ||
		   now < first->made || messages->count == MESSAGE_MEMORY_MAX)) {
		forget_first(messages);
		first = &messages->ring[messages->first];
	}
}

/* append - a new entry in the ring, which has room for it */
static struct entry *
append(struct message_memory *messages, const struct key *key, time_t now)
{
	size_t place = (messages->first + messages->count++) % MESSAGE_MEMORY_MAX;
	struct entry *entry = &messages->ring[place];

	entry->made = now;
	entry->key = *key;
	entry->texts = copy_texts(&entry->key);
	entry->message.headers = 0;
	spf_verdicts_init(&entry->message.verdicts);
	messages->n++;
	return entry;
}

struct message_facts *
message_memory_find(struct message_memory *messages, const struct policy_request *req, time_t now)
{
	struct key key = request_key(req);
	struct entry *found = req->instance.len == 0 ? NULL : find(messages, &key);

	if (found == NULL || now < found->made || now - found->made >= MESSAGE_MEMORY_SECONDS)
		return NULL;
	return &found->message;
}

struct message_facts *
message_memory_add(struct message_memory *messages, const struct policy_request *req, time_t now)
{
	struct key key = request_key(req);
	struct entry *entry, *old;

	if (req->instance.len == 0)
		return NULL;
	expire(messages, now);
	/* Two connections asked about one message at a time, or it had expired. */
	old = find(messages, &key);
	if (old != NULL)
		forget(messages, old);
	make_room(messages, bucket_of(messages, &key));
	entry = append(messages, &key, now);
	LIST_INSERT_HEAD(bucket_of(messages, &key), entry, collision);
	return &entry->message;
}

size_t
message_memory_count(const struct message_memory *messages)
{
	return messages->n;
}
