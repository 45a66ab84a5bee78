/* SPDX-License-Identifier: ISC */
/*
 * dns_cache - answers that are still good, as they were parsed.
 *
 * libunbound has a cache too, of packets: to look something up there and parse it again costs ten
 * times as much. This one keeps what the evaluation reads, for as long as the records' TTL says.
 * Bounded in entries and bytes; what was used longest ago goes first. Pure: now is the caller's.
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
void dns_cache_free(struct dns_cache **);

/* A new reference to the answer, or NULL. name is lower case; now is in seconds, any origin. */
struct dns_answer *dns_cache_find(
    struct dns_cache *, const char *name, enum dns_type, uint64_t now);

/* The longest that an error is kept, in seconds: it may be over any moment. */
#define DNS_CACHE_ERROR_TTL 2

/*
 * Keeps an answer (with a reference of its own) for its TTL. An answer with a TTL of 0 is not kept,
 * nor is an error that says nothing about the name (any but DNS_FAILED).
 */
void dns_cache_put(
    struct dns_cache *, const char *name, enum dns_type, struct dns_answer *, uint64_t now);

size_t dns_cache_count(const struct dns_cache *);

#endif
