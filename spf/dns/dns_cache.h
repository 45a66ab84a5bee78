/* SPDX-License-Identifier: ISC */
/*
 * dns_cache - parsed DNS answers that have not expired.
 *
 * libunbound has a cache too, of packets. To look an answer up there and parse it again costs ten
 * times as much. This cache keeps what an evaluation reads, for as long as the TTL of the records.
 * The number of entries and their bytes are bounded; an old entry that was not used recently is
 * removed first. Pure: now is a parameter.
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

/* Sets *cache to NULL; it may be NULL. */
void dns_cache_free(struct dns_cache **cache);

/* A new reference to the answer, or NULL. name is lower case; now is in seconds, of any origin. */
struct dns_answer *dns_cache_find(
    struct dns_cache *cache, const char *name, enum dns_type type, uint64_t now);

/* The longest time to keep an error, in seconds: it may be over at any moment. */
#define DNS_CACHE_ERROR_TTL 2

/*
 * Keeps an answer, with a reference of its own, for its TTL. It replaces an earlier answer for this
 * name and type. An answer with a TTL of 0 is not kept. Of the errors, only DNS_FAILED is kept: the
 * others are not about the name.
 */
void dns_cache_put(struct dns_cache *cache, const char *name, enum dns_type type,
    struct dns_answer *answer, uint64_t now);

/* The number of answers, including those that have expired and were not yet removed. */
size_t dns_cache_count(const struct dns_cache *cache);

#endif
