/* SPDX-License-Identifier: ISC */
#include <sys/queue.h>
#include <sys/tree.h>

#include <stdlib.h>
#include <string.h>

#include "common/xmalloc.h"
#include "spf/spf_messages.h"

struct entry {
	RB_ENTRY(entry) node;
	TAILQ_ENTRY(entry) next; /* in the order of their making */
	time_t made;
	struct spf_message message;
	size_t key_len;
	char key[]; /* instance, client, HELO name and sender, a NEWLINE behind each */
};

RB_HEAD(tree, entry);

struct spf_messages {
	struct tree tree;
	TAILQ_HEAD(, entry) list;
	size_t n;
};

static int
compare(const struct entry *a, const struct entry *b)
{
	if (a->key_len != b->key_len)
		return a->key_len < b->key_len ? -1 : 1;
	return memcmp(a->key, b->key, a->key_len);
}

RB_GENERATE_INTERNAL(tree, entry, node, compare, static __attribute__((__unused__)))

struct spf_messages *
spf_messages_new(void)
{
	struct spf_messages *messages = xcalloc(1, sizeof(*messages));

	RB_INIT(&messages->tree);
	TAILQ_INIT(&messages->list);
	return messages;
}

static void
forget(struct spf_messages *messages, struct entry *entry)
{
	RB_REMOVE(tree, &messages->tree, entry);
	TAILQ_REMOVE(&messages->list, entry, next);
	free(entry);
	messages->n--;
}

void
spf_messages_free(struct spf_messages **messages)
{
	struct entry *entry;

	if (*messages == NULL)
		return;
	while ((entry = TAILQ_FIRST(&(*messages)->list)) != NULL)
		forget(*messages, entry);
	free(*messages);
	*messages = NULL;
}

/* make_entry - an entry with its key; no value holds a NEWLINE, so keys are unambiguous */
static struct entry *
make_entry(const struct policy_request *req)
{
	const struct spf_text parts[] = { req->instance, req->client_address, req->helo_name,
		req->sender };
	struct entry *entry;
	size_t i, len = 0;

	for (i = 0; i < 4; i++)
		len += parts[i].len + 1;
	entry = xcalloc(1, sizeof(*entry) + len);
	for (i = 0; i < 4; i++) {
		if (parts[i].len > 0)
			memcpy(entry->key + entry->key_len, parts[i].s, parts[i].len);
		entry->key_len += parts[i].len;
		entry->key[entry->key_len++] = '\n';
	}
	return entry;
}

static void
expire(struct spf_messages *messages, time_t now)
{
	struct entry *entry;

	while ((entry = TAILQ_FIRST(&messages->list)) != NULL &&
	       (now - entry->made >= SPF_MESSAGES_SECONDS || now < entry->made ||
		   messages->n >= SPF_MESSAGES_MAX))
		forget(messages, entry);
}

struct spf_message *
spf_messages_find(struct spf_messages *messages, const struct policy_request *req, time_t now)
{
	struct entry *key, *found;

	if (req->instance.len == 0)
		return NULL;
	key = make_entry(req);
	found = RB_FIND(tree, &messages->tree, key);
	free(key);
	if (found == NULL || now < found->made || now - found->made >= SPF_MESSAGES_SECONDS)
		return NULL;
	return &found->message;
}

struct spf_message *
spf_messages_add(struct spf_messages *messages, const struct policy_request *req, time_t now)
{
	struct entry *entry, *old;

	if (req->instance.len == 0)
		return NULL;
	expire(messages, now);
	entry = make_entry(req);
	entry->made = now;
	old = RB_INSERT(tree, &messages->tree, entry);
	if (old != NULL) {
		/* Two connections asked about one message at a time, or it had expired. */
		forget(messages, old);
		RB_INSERT(tree, &messages->tree, entry);
	}
	TAILQ_INSERT_TAIL(&messages->list, entry, next);
	messages->n++;
	return &entry->message;
}

size_t
spf_messages_count(const struct spf_messages *messages)
{
	return messages->n;
}
