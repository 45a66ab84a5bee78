/* SPDX-License-Identifier: ISC */
/*
 * zone - the contents of the DNS of a story, one record per line:
 *
 *	NAME [TTL] A | AAAA ADDRESS
 *	NAME [TTL] MX PREFERENCE NAME
 *	NAME [TTL] PTR | CNAME NAME
 *	NAME [TTL] TXT "character-string" ...
 *	NAME [TTL] TYPE none	does not exist; TTL: of this answer (RFC 2308)
 *	NAME TYPE error		a failure: SERVFAIL, or no server that answers
 *	NAME TYPE bogus		a failure: DNSSEC validation failed
 *	NAME TYPE silent	the query is never answered
 *
 * each optionally followed by "after DURATION" (the answer takes that long) or "secure" (validated
 * by DNSSEC). The default TTL is 300, and 0 for a negative answer. A name or a type that is not
 * listed does not exist. A CNAME applies to all types; the TTL of the answer is the lowest in the
 * chain, and its delay is the sum. TYPE may be * for all types. A NAME of *.PARENT means all names
 * below PARENT (write \*.PARENT). Names may contain escapes, see text.h.
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

/* Adds the record of a line; false with a reason (static). */
bool zone_add(struct zone *, const char *line, size_t len, const char **error);

struct zone_reply {
	struct dns_answer *answer; /* the caller's reference; NULL: silence */
	uint64_t delay;            /* milliseconds */
};

void zone_ask(const struct zone *, const char *name, enum dns_type, struct zone_reply *);

/* A type by its name; false if no type has this name. */
bool zone_type(const char *s, size_t len, enum dns_type *);

#endif
