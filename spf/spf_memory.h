/* SPDX-License-Identifier: ISC */
/*
 * spf_memory - verdicts that were evaluated before, until a DNS answer that led to them expires.
 *
 * A verdict is a function of the request, the settings and the DNS answers. One that depends on
 * nothing but the address, the domain and answers of the DNS cache is the same until the first of
 * these answers expires. So it need not be evaluated again for the next mail from the same address
 * and domain. It applies to both identities.
 *
 * Other verdicts are evaluated each time: those with a macro for the local part or the HELO name,
 * fails with an explanation, temperrors, permerrors, and all that libspf2 took part in.
 *
 * The number of verdicts is bounded, and with it their memory: SPF_MEMORY_MAX verdicts take at most
 * 9 MiB, usually 3 MiB. An old one that was not used again is removed first. The owner forgets all
 * of them when settings or nameservers change. Pure.
 */
#ifndef SPF_SPF_MEMORY_H
#define SPF_SPF_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/ipaddr.h"
#include "common/text.h"
#include "spf/spf_verdict.h"

#define SPF_MEMORY_MAX 16384

struct spf_memory;

/* What a verdict is about. The domain is in A-labels, as it is evaluated; its case counts. */
struct spf_memory_key {
	const struct ipaddr *ip;
	struct text domain;
};

/* The DNS answers that led to a verdict. */
struct spf_memory_basis {
	size_t questions; /* their number */
	uint64_t
	    expires; /* the first of them, in the time of the DNS cache (spf/dns/dns_answer.h) */
};

struct spf_memory *spf_memory_new(void);

/* Sets *memory to NULL; it may be NULL. */
void spf_memory_free(struct spf_memory **memory);

/*
 * Adds a copy of a verdict of the native evaluator, all of whose answers were in the DNS cache.
 * Does nothing if it must be evaluated each time, or if the basis expires without delay or never.
 * now is in the time of the DNS cache. It replaces an earlier verdict for this key.
 */
void spf_memory_add(struct spf_memory *memory, const struct spf_memory_key *key,
    const struct spf_verdict *verdict, const struct spf_memory_basis *basis, uint64_t now);

/* Sets the verdict for a key, and its basis. False: it is not known, and nothing was set. */
bool spf_memory_find(struct spf_memory *memory, const struct spf_memory_key *key, uint64_t now,
    struct spf_verdict *verdict, struct spf_memory_basis *basis);

/* Removes all verdicts. */
void spf_memory_forget(struct spf_memory *memory);

/* The number of verdicts, including those that have expired and were not yet removed. */
size_t spf_memory_count(const struct spf_memory *memory);

#endif
