/* SPDX-License-Identifier: ISC */
/*
 * message_memory - the verdicts of recent messages, for their other recipients. Pure.
 *
 * Postfix sends one request for each recipient, with the same instance. The verdicts are evaluated
 * once, and each header is added once. A result of the allow-lists is that of the lists of spf { };
 * the lists of a section are looked up for each recipient. An instance is unique on one host only,
 * so that the client, HELO name and sender must be the same, too. The number of messages and their
 * age are bounded; the oldest one is removed first.
 */
#ifndef SRSD_SERVICE_MESSAGE_MEMORY_H
#define SRSD_SERVICE_MESSAGE_MEMORY_H

#include <stddef.h>
#include <time.h>

#include "srsd/postfix/policy_proto.h"
#include "spf/spf_verdict.h"

/* Messages, and seconds until one expires. */
#define MESSAGE_MEMORY_MAX 4096
#define MESSAGE_MEMORY_SECONDS 600

struct message_memory;

struct message_facts {
	struct spf_verdicts verdicts;
	unsigned headers;    /* the number of headers added, which the caller counts */
	bool sender_counted; /* a wrong hash of the sender was counted; set by the caller */
};

/* now is in seconds since 1970. */

struct message_memory *message_memory_new(void);

/* Sets *messages to NULL; it may be NULL. */
void message_memory_free(struct message_memory **messages);

/* The message of a request, valid until the table is next changed; NULL: it is not known. */
struct message_facts *message_memory_find(
    struct message_memory *messages, const struct policy_request *req, time_t now);

/*
 * Adds the message of a request, without verdicts and headers, and returns it for the caller to
 * fill in. It is valid until the table is next changed, and replaces an earlier one of the same
 * request. NULL: the request has no instance.
 */
struct message_facts *message_memory_add(
    struct message_memory *messages, const struct policy_request *req, time_t now);

/* The number of messages, including those that have expired and were not yet removed. */
size_t message_memory_count(const struct message_memory *messages);

#endif
