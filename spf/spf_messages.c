/* SPDX-License-Identifier: ISC */
#include <sys/queue.h>
#include <sys/tree.h>

#include <stdlib.h>
#include <string.h>

#include "common/xmalloc.h"
#include "spf/spf_messages.h"

/* What has to be the same: instance, client, HELO name and sender. */
#define PARTS 4

struct key {
	struct spf_text part[PARTS];
};

struct entry {
	struct key key; /* points into the caller's request while it is searched for, else behind */
	RB_ENTRY(entry) node;
	TAILQ_ENTRY(entry) next; /* in the order of their making */
	time_t made;
	struct spf_message message;
	char stored[];
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
	const struct spf_text *x, *y;
	int i, order;

	for (i = 0; i < PARTS; i++) {
		x = &a->key.part[i];
		y = &b->key.part[i];
		if (x->len != y->len)
			return x->len < y->len ? -1 : 1;
		order = x->len == 0 ? 0 : memcmp(x->s, y->s, x->len);
		if (order != 0)
			return order;
	}
	return 0;
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

static struct key
request_key(const struct policy_request *req)
{
	struct key key = { { req->instance, req->client_address, req->helo_name, req->sender } };

	return key;
}

/* find - among all, also those whose time is over; the tree compares nothing but keys */
static struct entry *
find(struct spf_messages *messages, const struct policy_request *req)
{
	struct entry wanted;

	wanted.key = request_key(req);
	return RB_FIND(tree, &messages->tree, &wanted);
}

/* make_entry - an entry with a copy of its key */
static struct entry *
make_entry(const struct policy_request *req)
{
	struct key key = request_key(req);
	struct entry *entry;
	size_t i, len = 0;

	for (i = 0; i < PARTS; i++)
		len += key.part[i].len;
	entry = xcalloc(1, sizeof(*entry) + len);
	for (i = 0, len = 0; i < PARTS; i++) {
		if (key.part[i].len > 0)
			memcpy(entry->stored + len, key.part[i].s, key.part[i].len);
		entry->key.part[i].s = entry->stored + len;
		entry->key.part[i].len = key.part[i].len;
		len += key.part[i].len;
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
	struct entry *found = req->instance.len == 0 ? NULL : find(messages, req);

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
