/* SPDX-License-Identifier: ISC */
/*
 * spf_messages - what was found out about a message, for its other recipients.
 *
 * Postfix asks once for each recipient, with the same instance. The verdicts are evaluated once
 * and every header is given once. instance is unique on one host alone, so client, HELO name and
 * sender must be the same too. Bounded in number and in time; the oldest go first. Pure: now is
 * the caller's.
 */
#ifndef SPF_SPF_MESSAGES_H
#define SPF_SPF_MESSAGES_H

#include <stddef.h>
#include <time.h>

#include "spf/spf_verdict.h"
#include "srsd/postfix/policy_proto.h"

#define SPF_MESSAGES_MAX 4096
#define SPF_MESSAGES_SECONDS 600

struct spf_messages;

struct spf_message {
	struct spf_verdicts verdicts;
	unsigned headers; /* how many were given; the caller counts */
};

struct spf_messages *spf_messages_new(void);
void spf_messages_free(struct spf_messages **);

/* The message of a request, until the table is next changed; NULL when it is not known. */
struct spf_message *spf_messages_find(
    struct spf_messages *, const struct policy_request *, time_t now);

/*
 * Remembers a message that is not known yet, and returns it to be filled in; NULL when the
 * request has no instance.
 */
struct spf_message *spf_messages_add(
    struct spf_messages *, const struct policy_request *, time_t now);

size_t spf_messages_count(const struct spf_messages *);

#endif
