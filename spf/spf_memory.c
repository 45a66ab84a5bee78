/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "common/aged_table.h"
#include "common/hash.h"
#include "common/xmalloc.h"
#include "spf/spf_memory.h"

/* A verdict without problem and explanation, whose room would be the largest part of an entry. */
struct memory_entry {
	struct aged_entry aged;
	struct ipaddr ip;
	struct spf_memory_basis basis;
	enum spf_result result;
	enum dns_security security;
	unsigned lookups, voids;
	bool no_mail;
	size_t domain_len, mechanism_size;
	char texts[]; /* the domain, and the mechanism with a NUL */
};

struct spf_memory {
	struct aged_table *table;
};

static void
free_memory_entry(struct aged_entry *entry, void *context)
{
	(void)context;
	free(entry);
}

struct spf_memory *
spf_memory_new(void)
{
	struct spf_memory *memory = xcalloc(1, sizeof(*memory));

	memory->table = aged_table_new(SPF_MEMORY_MAX, AGED_HASH_UNKEYED, free_memory_entry, NULL);
	return memory;
}

void
spf_memory_free(struct spf_memory **memory)
{
	if (*memory == NULL)
		return;
	aged_table_free(&(*memory)->table);
	free(*memory);
	*memory = NULL;
}

static uint32_t
hash_memory_key(const struct spf_memory_key *key)
{
	uint32_t hash = hash_bytes(HASH_BEGIN, (const char *)key->ip->bytes, ipaddr_size(key->ip));

	return hash_bytes(hash, key->domain.s, key->domain.len);
}

static bool
has_memory_key(const struct aged_entry *aged, const void *wanted)
{
	const struct memory_entry *entry = (const struct memory_entry *)aged;
	const struct spf_memory_key *key = wanted;

	return entry->ip.family == key->ip->family && entry->domain_len == key->domain.len &&
	       memcmp(entry->ip.bytes, key->ip->bytes, ipaddr_size(key->ip)) == 0 &&
	       memcmp(entry->texts, key->domain.s, key->domain.len) == 0;
}

static struct memory_entry *
find_memory_entry(struct spf_memory *memory, const struct spf_memory_key *key, uint32_t hash)
{
	return (struct memory_entry *)aged_table_find(memory->table, hash, has_memory_key, key);
}

static struct memory_entry *
make_memory_entry(const struct spf_memory_key *key, const struct spf_verdict *verdict,
    const struct spf_memory_basis *basis)
{
	size_t size = strlen(verdict->mechanism) + 1;
	struct memory_entry *entry = xmalloc(sizeof(*entry) + key->domain.len + size);

	entry->ip = *key->ip;
	entry->basis = *basis;
	entry->result = verdict->result;
	entry->security = verdict->security;
	entry->lookups = verdict->lookups;
	entry->voids = verdict->voids;
	entry->no_mail = verdict->no_mail;
	entry->domain_len = key->domain.len;
	entry->mechanism_size = size;
	memcpy(entry->texts, key->domain.s, key->domain.len);
	memcpy(entry->texts + key->domain.len, verdict->mechanism, size);
	return entry;
}

/* is_lasting - does the verdict depend on the key and the answers alone? */
static bool
is_lasting(const struct spf_verdict *verdict)
{
	return verdict->result != SPF_TEMPERROR && verdict->result != SPF_PERMERROR &&
	       !verdict->varies && !verdict->explained && !verdict->saturated && !verdict->differs;
}

void
spf_memory_add(struct spf_memory *memory, const struct spf_memory_key *key,
    const struct spf_verdict *verdict, const struct spf_memory_basis *basis, uint64_t now)
{
	uint32_t hash;
	struct memory_entry *entry;

	if (!is_lasting(verdict) || now >= basis->expires || basis->expires == UINT64_MAX)
		return;
	hash = hash_memory_key(key);
	entry = find_memory_entry(memory, key, hash);
	if (entry != NULL)
		aged_table_remove(memory->table, &entry->aged);
	aged_table_add(memory->table, &make_memory_entry(key, verdict, basis)->aged, hash);
}

bool
spf_memory_find(struct spf_memory *memory, const struct spf_memory_key *key, uint64_t now,
    struct spf_verdict *verdict, struct spf_memory_basis *basis)
{
	struct memory_entry *entry = find_memory_entry(memory, key, hash_memory_key(key));

	if (entry == NULL)
		return false;
	if (now >= entry->basis.expires) {
		aged_table_remove(memory->table, &entry->aged);
		return false;
	}
	entry->aged.second_chance = true;
	spf_verdict_init(verdict);
	verdict->result = verdict->native = entry->result;
	verdict->security = entry->security;
	verdict->lookups = entry->lookups;
	verdict->voids = entry->voids;
	verdict->no_mail = entry->no_mail;
	memcpy(verdict->mechanism, entry->texts + entry->domain_len, entry->mechanism_size);
	*basis = entry->basis;
	return true;
}

void
spf_memory_forget(struct spf_memory *memory)
{
	aged_table_clear(memory->table);
}

size_t
spf_memory_count(const struct spf_memory *memory)
{
	return aged_table_count(memory->table);
}
