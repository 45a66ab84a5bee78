/* SPDX-License-Identifier: ISC */
/*
 * zone - what the DNS of a story holds, a record a line:
 *
 *	NAME [TTL] A | AAAA ADDRESS
 *	NAME [TTL] MX PREFERENCE NAME
 *	NAME [TTL] PTR | CNAME NAME
 *	NAME [TTL] TXT "character-string" ...
 *	NAME [TTL] TYPE none	not there; TTL: for how long that may be believed (RFC 2308)
 *	NAME TYPE error		a failure: SERVFAIL, or no server that answers
 *	NAME TYPE bogus		a failure: DNSSEC says that it is forged
 *	NAME TYPE silent	there is never an answer
 *
 * each with "after DURATION" (the answer takes that long) or "secure" (DNSSEC says that it is
 * genuine) behind it. TTL is 300 unless said, and 0 for what is not there. A name or a type that
 * does not stand here is not there. A CNAME holds for all types; the answer's TTL is the lowest of
 * the chain's, its delay the sum. TYPE may be * for all. A NAME of *.PARENT
 * stands for all names below PARENT (write \*.PARENT). Names may hold escapes, see text.h.
 */
#ifndef TESTS_REPLAY_ZONE_H
#define TESTS_REPLAY_ZONE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "spf/dns/dns_answer.h"

struct zone;

struct zone *zone_new(void);
void zone_free(struct zone **);

/* Adds what a line says; false with a reason (static). */
bool zone_add(struct zone *, const char *line, size_t len, const char **error);

struct zone_reply {
	struct dns_answer *answer; /* the caller's reference; NULL: silence */
	uint64_t delay;            /* milliseconds */
};

void zone_ask(const struct zone *, const char *name, enum dns_type, struct zone_reply *);

/* A type by its name; false when it is none. */
bool zone_type(const char *s, size_t len, enum dns_type *);

#endif
