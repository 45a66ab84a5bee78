/* SPDX-License-Identifier: ISC */
/*
 * message_memory - what was found out about a message, for its other recipients.
 *
 * Postfix asks once for each recipient, with the same instance. The verdicts are evaluated once
 * and every header is given once. instance is unique on one host alone, so client, HELO name and
 * sender must be the same too. Bounded in number and in time; the oldest go first. Pure: now is
 * the caller's.
 */
#ifndef SRSD_SERVICE_MESSAGE_MEMORY_H
#define SRSD_SERVICE_MESSAGE_MEMORY_H

#include <stddef.h>
#include <time.h>

#include "spf/spf_verdict.h"
#include "srsd/postfix/policy_proto.h"

#define MESSAGE_MEMORY_MAX 4096
#define MESSAGE_MEMORY_SECONDS 600

struct message_memory;

struct message_facts {
	struct spf_verdicts verdicts;
	unsigned headers; /* how many were given; the caller counts */
};

struct message_memory *message_memory_new(void);
void message_memory_free(struct message_memory **);

/* The message of a request, until the table is next changed; NULL when it is not known. */
struct message_facts *message_memory_find(
    struct message_memory *, const struct policy_request *, time_t now);

/*
 * Remembers a message that is not known yet, and returns it to be filled in; NULL when the
 * request has no instance.
 */
struct message_facts *message_memory_add(
    struct message_memory *, const struct policy_request *, time_t now);

size_t message_memory_count(const struct message_memory *);

#endif
