/* SPDX-License-Identifier: ISC */
/*
 * dns_cache - parsed DNS answers that have not expired.
 *
 * libunbound has a cache of packets, too. To look an answer up there and parse it again costs ten
 * times as much. This cache keeps the parsed answer for the TTL of its records. The number of
 * entries and their bytes are bounded; an old entry that was not used recently is evicted first.
 * Pure. The current time is a parameter.
 */
#ifndef SPF_DNS_DNS_CACHE_H
#define SPF_DNS_DNS_CACHE_H

#include <stddef.h>
#include <stdint.h>

#include "spf/dns/dns_answer.h"

#define DNS_CACHE_ENTRIES 65536
#define DNS_CACHE_BYTES (32 * 1024 * 1024)

struct dns_cache;

struct dns_cache *dns_cache_new(void);

/* Releases all answers. Sets *cache to NULL; it may be NULL. */
void dns_cache_free(struct dns_cache **cache);

/*
 * Returns a new reference to the answer, or NULL. The name is lower case. now is in seconds since
 * any moment.
 */
struct dns_answer *dns_cache_find(
    struct dns_cache *cache, const char *name, enum dns_type type, uint64_t now);

/* The longest time to keep an error, in seconds. It is short because the server may recover. */
#define DNS_CACHE_ERROR_TTL 2

/*
 * Keeps an answer for its TTL, of at most a day, and takes a reference of its own. Sets the time at
 * which the answer expires. It replaces an earlier answer for this name, in lower case, and type.
 * An answer with a TTL of 0 is not kept. Of the errors only DNS_FAILED is kept, because the others
 * say nothing about the name.
 */
void dns_cache_put(struct dns_cache *cache, const char *name, enum dns_type type,
    struct dns_answer *answer, uint64_t now);

/* The number of answers, including those that have expired and were not yet removed. */
size_t dns_cache_count(const struct dns_cache *cache);

#endif
