/* SPDX-License-Identifier: ISC */
/*
 * dns_watch - watches whether the nameservers answer the resolver. It logs when an outage begins
 * and when it ends, which dns_outage decides.
 *
 * now and sent are in milliseconds of a clock that never goes back, and > 0.
 */
#ifndef SPF_DNS_DNS_WATCH_H
#define SPF_DNS_DNS_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "spf/dns/dns_outage.h"
#include "spf/dns/dns_servers.h"

/* The owner zeroes it before the first call, and only reads it afterwards. */
struct dns_watch {
	struct dns_outage outage;
	size_t n; /* servers; 0: the root servers */
	char servers[DNS_SERVERS_SIZE];
};

/* Forgets everything, because a plan (see resolver_plan.h) with other servers is in use now. */
void dns_watch_begin(struct dns_watch *watch, const char *plan);

/* Notes a usable answer. */
void dns_watch_note_answer(struct dns_watch *watch, uint64_t now);

/* Notes a query for a name without a usable answer: the nameserver reported an error ... */
void dns_watch_note_error(struct dns_watch *watch, const char *name, uint64_t sent, uint64_t now);

/* ... or was silent. */
void dns_watch_note_silence(struct dns_watch *watch, const char *name, uint64_t sent, uint64_t now);

#endif
