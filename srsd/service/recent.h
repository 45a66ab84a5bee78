/* SPDX-License-Identifier: ISC */
/*
 * recent - the last decisions of all services, in a ring of records of one size. Pure.
 *
 * The ring is allocated when its size is set, so that a request allocates nothing. A record is
 * small: its texts share RECENT_TEXT_BYTES, and a text of more than RECENT_ONE_MAX bytes is cut.
 * Decisions have numbers from 1 on, without gaps. A record that has been overwritten, or is more
 * than a day old, is gone.
 *
 * SECURITY: the texts are those of the client, unchanged. Make them printable before they are shown.
 *
 * now is the time of day in seconds.
 */
#ifndef SRSD_SERVICE_RECENT_H
#define SRSD_SERVICE_RECENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include "common/text.h"

/* Bytes of the texts of a record together, and of one of them. */
#define RECENT_TEXT_BYTES 320
#define RECENT_ONE_MAX 120

/* Seconds after which a decision is gone. */
#define RECENT_SECONDS 86400

enum recent_service {
	RECENT_FORWARD,
	RECENT_REVERSE,
	RECENT_POLICY,
	RECENT_MILTER,
	RECENT_SERVICES,
};

enum recent_text {
	RECENT_QUEUE,
	RECENT_CLIENT,
	RECENT_HELO, /* if it decided */
	RECENT_SENDER,
	RECENT_RECIPIENT,
	RECENT_ORIGINAL,  /* the recipient before aliases were expanded, ORCPT */
	RECENT_TO,        /* the new address */
	RECENT_MECHANISM, /* of SPF */
	RECENT_TEXTS,
};

/* A decision. The pointers are words with static storage, or NULL. */
struct recent_decision {
	time_t at;
	const char *result; /* "rewritten", or the result of SPF */
	const char *action; /* of the policy service */
	const char *kind;   /* of the milter */
	const char *reason;
	const char *identity; /* that decided, of SPF */
	const char *would;    /* the result or action that a test-only option holds back */
	uint32_t ms;          /* the duration of a policy request */
	uint16_t used;
	uint8_t service; /* enum recent_service */
	bool refused;    /* the client was refused, for good or for now */
	uint8_t cut;     /* a bit for each text that is not whole */
	uint8_t len[RECENT_TEXTS];
	char texts[RECENT_TEXT_BYTES];
};

struct recent;

/* An empty memory of n decisions; 0: off. The caller frees it. */
struct recent *recent_new(size_t n);

/* Sets *recent to NULL; it may be NULL. */
void recent_free(struct recent **recent);

/* Changes the size. The newest decisions remain, with their numbers. */
void recent_resize(struct recent *recent, size_t n);

/* The size. */
size_t recent_size(const struct recent *recent);

/*
 * Begins an empty record, which replaces the oldest one when the ring is full, and erases those
 * that are more than a day old. The caller sets the words, refused and ms as needed, adds texts in
 * the order of enum recent_text, and calls recent_end. NULL: the memory is off, and there is
 * nothing to do. recent may be NULL.
 */
struct recent_decision *recent_begin(
    struct recent *recent, enum recent_service service, time_t now);

/*
 * Adds a text, as much of it as fits. Each text is added at most once, and in order. Inline, because
 * the calls were 1 % of the instructions of a policy request.
 */
static inline void
recent_put(struct recent_decision *decision, enum recent_text which, const char *text, size_t len)
{
	size_t room = RECENT_TEXT_BYTES - decision->used;

	if (room > RECENT_ONE_MAX)
		room = RECENT_ONE_MAX;
	if (len > room) {
		len = room;
		decision->cut |= (uint8_t)(1U << which);
	}
	if (len > 0)
		memcpy(decision->texts + decision->used, text, len);
	decision->len[which] = (uint8_t)len;
	decision->used = (uint16_t)(decision->used + len);
}

/* Ends the record that was begun, and calls the function of recent_watch. */
void recent_end(struct recent *recent);

/* Calls added(arg) after each new decision; NULL: calls nothing. */
void recent_watch(struct recent *recent, void (*added)(void *arg), void *arg);

/* Erases the decisions that are more than a day old. */
void recent_expire(struct recent *recent, time_t now);

/* The numbers of the oldest decision, and of the next one. Equal: it is empty. */
uint64_t recent_oldest(const struct recent *recent);
uint64_t recent_next(const struct recent *recent);

/* A decision, valid until the next recent_begin, recent_expire or recent_resize; NULL: it is gone. */
const struct recent_decision *recent_get(const struct recent *recent, uint64_t number);

/* A text of a decision; it may be empty. It is not NUL-terminated. */
struct text recent_text(const struct recent_decision *decision, enum recent_text which);

/* The word of a service, as in the log: "forward". */
const char *recent_service_name(enum recent_service service);

/* The member of a text in JSON, and its name in the log: "recipient". */
const char *recent_text_name(enum recent_text which);

/*
 * What a decision must have; an empty text stands for anything. Case of ASCII does not matter.
 *
 *	queue		the queue ID
 *	client		the IP address of the client
 *	address		any of its addresses: a text of more than RECENT_ONE_MAX bytes matches a
 *			record that was cut if it begins with it
 *	domain		the domain of any of its addresses; ".example.org" means the
 *			subdomains of example.org
 *	result		its result, action, reason or would, or the service
 */
struct recent_filter {
	struct text queue, client, address, domain, result;
};

/* True if it has all that the filter asks for. */
bool recent_matches(const struct recent_decision *decision, const struct recent_filter *filter);

/* The number from which on at most n decisions match, the newest ones. */
uint64_t recent_seek(const struct recent *recent, const struct recent_filter *filter, size_t n);

/* A domain of senders, and its decisions. */
struct recent_count {
	char domain[RECENT_ONE_MAX + 1]; /* in lower case */
	unsigned decisions, refused;
};

/* What the busiest domains have most of. */
enum recent_order { RECENT_BY_DECISIONS, RECENT_BY_REFUSED };

/*
 * Counts the decisions of the forward map, the policy service and the milter by the domain of the
 * sender, and returns the number of domains, at most max, with the most of them first, and equal
 * ones by name. With RECENT_BY_REFUSED, domains without a refusal are left out. Decisions before
 * the number `from` do not count.
 */
size_t recent_busiest(const struct recent *recent, uint64_t from, enum recent_order order,
    struct recent_count *counts, size_t max);

#endif
