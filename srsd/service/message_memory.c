/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "common/aged_table.h"
#include "common/hash.h"
#include "common/xmalloc.h"
#include "srsd/service/message_memory.h"

/* The parts of a key: instance, client, HELO name and sender. */
#define PARTS 4

struct message_key {
	struct text part[PARTS];
};

struct message_entry {
	struct aged_entry aged;
	time_t made;
	struct message_key key; /* its parts are in texts */
	struct message_facts message;
	char texts[];
};

struct message_memory {
	struct aged_table *table;
};

static void
free_message_entry(struct aged_entry *entry, void *context)
{
	(void)context;
	free(entry);
}

struct message_memory *
message_memory_new(void)
{
	struct message_memory *messages = xcalloc(1, sizeof(*messages));

	messages->table =
	    aged_table_new(MESSAGE_MEMORY_MAX, AGED_HASH_UNKEYED, free_message_entry, NULL);
	return messages;
}

void
message_memory_free(struct message_memory **messages)
{
	if (*messages == NULL)
		return;
	aged_table_free(&(*messages)->table);
	free(*messages);
	*messages = NULL;
}

static struct message_key
get_message_key(const struct policy_request *req)
{
	struct message_key key = { { req->instance, req->client_address, req->helo_name,
	    req->sender } };

	return key;
}

static uint32_t
hash_message_key(const struct message_key *key)
{
	uint32_t hash = HASH_BEGIN;
	size_t i;

	for (i = 0; i < PARTS; i++)
		hash = hash_bytes(hash, key->part[i].s, key->part[i].len);
	return hash;
}

static bool
has_message_key(const struct aged_entry *aged, const void *wanted)
{
	const struct message_key *a = &((const struct message_entry *)aged)->key, *b = wanted;
	size_t i;

	for (i = 0; i < PARTS; i++)
		if (a->part[i].len != b->part[i].len ||
		    (a->part[i].len > 0 && memcmp(a->part[i].s, b->part[i].s, a->part[i].len) != 0))
			return false;
	return true;
}

/* find_message_entry - among all entries, including those that have expired */
static struct message_entry *
find_message_entry(struct message_memory *messages, const struct message_key *key, uint32_t hash)
{
	return (struct message_entry *)aged_table_find(messages->table, hash, has_message_key, key);
}

/* is_message_over - also true when the clock was set back */
static bool
is_message_over(const struct message_entry *entry, time_t now)
{
	return now < entry->made || now - entry->made >= MESSAGE_MEMORY_SECONDS;
}

static void
expire_messages(struct message_memory *messages, time_t now)
{
	struct aged_entry *oldest;

	while ((oldest = aged_table_oldest(messages->table)) != NULL &&
	       is_message_over((struct message_entry *)oldest, now))
		aged_table_remove(messages->table, oldest);
}

static size_t
measure_key(const struct message_key *key)
{
	size_t i, len = 0;

	for (i = 0; i < PARTS; i++)
		len += key->part[i].len;
	return len;
}

static struct message_entry *
make_message_entry(const struct message_key *key, time_t now)
{
	struct message_entry *entry = xmalloc(sizeof(*entry) + measure_key(key));
	char *to;
	size_t i;

	entry->made = now;
	entry->key = *key;
	to = entry->texts;
	for (i = 0; i < PARTS; i++) {
		if (key->part[i].len > 0)
			memcpy(to, key->part[i].s, key->part[i].len);
		entry->key.part[i].s = to;
		to += key->part[i].len;
	}
	entry->message.headers = 0;
	entry->message.sender_counted = false;
	spf_verdicts_init(&entry->message.verdicts);
	return entry;
}

struct message_facts *
message_memory_find(struct message_memory *messages, const struct policy_request *req, time_t now)
{
	struct message_key key = get_message_key(req);
	struct message_entry *entry;

	if (req->instance.len == 0)
		return NULL;
	entry = find_message_entry(messages, &key, hash_message_key(&key));
	return entry == NULL || is_message_over(entry, now) ? NULL : &entry->message;
}

struct message_facts *
message_memory_add(struct message_memory *messages, const struct policy_request *req, time_t now)
{
	struct message_key key = get_message_key(req);
	uint32_t hash = hash_message_key(&key);
	struct message_entry *entry;

	if (req->instance.len == 0)
		return NULL;
	expire_messages(messages, now);
	/* Two connections may have requests for one message at the same time. */
	entry = find_message_entry(messages, &key, hash);
	if (entry != NULL)
		aged_table_remove(messages->table, &entry->aged);
	entry = make_message_entry(&key, now);
	aged_table_add(messages->table, &entry->aged, hash);
	return &entry->message;
}

size_t
message_memory_count(const struct message_memory *messages)
{
	return aged_table_count(messages->table);
}
