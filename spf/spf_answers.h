/* SPDX-License-Identifier: ISC */
/*
 * spf_answers - the DNS answers of one check: what the evaluation reads, and the list of what it
 * still wants. Answers stay for the whole check, so that a record with a TTL of zero cannot
 * change between two passes or make us ask for ever.
 */
#ifndef SPF_SPF_ANSWERS_H
#define SPF_SPF_ANSWERS_H

#include <sys/queue.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/hostname.h"
#include "common/ipaddr.h"

enum dns_type {
	DNS_A = 1,
	DNS_PTR = 12,
	DNS_MX = 15,
	DNS_TXT = 16,
	DNS_AAAA = 28,
};

/* "A", "TXT", ... */
const char *dns_type_name(enum dns_type);

enum spf_answer_status {
	SPF_ANSWER_WANTED, /* the evaluation asked for it, nobody has sent the question yet */
	SPF_ANSWER_ASKED,
	SPF_ANSWER_FOUND,
	SPF_ANSWER_VOID,  /* no such name, or no records of that type */
	SPF_ANSWER_ERROR, /* SERVFAIL, time-out, nonsense: temperror */
};

/* One resource record. */
struct spf_rr {
	struct ipaddr ip;    /* A, AAAA */
	uint16_t preference; /* MX */
	char *data;          /* TXT: all character-strings joined; MX, PTR: a name; NUL behind it */
	size_t len;          /* of data; a TXT may hold NULs */
};

struct spf_answer {
	TAILQ_ENTRY(spf_answer) next;
	char name[HOSTNAME_MAX + 1]; /* as asked for, lower case */
	enum dns_type type;
	enum spf_answer_status status;
	size_t n;
	struct spf_rr *rr;
	void *owner; /* of who fetches it: the question that is out */
};

struct spf_answers;

/* Most questions of one check; the limits of RFC 7208 keep honest records far below. */
#define SPF_ANSWERS_MAX 256

struct spf_answers *spf_answers_new(void);
void spf_answers_free(struct spf_answers **);

/*
 * The answer for a name, which is added as SPF_ANSWER_WANTED when nobody asked before. NULL when
 * the table is full. The name must be askable, see spf_answers_is_name.
 */
struct spf_answer *spf_answers_get(struct spf_answers *, const char *name, enum dns_type);

/* True when the DNS can be asked for it: labels of 1..63 bytes, at most 253 in all. */
bool spf_answers_is_name(const char *name, size_t len);

/* The first answer of a status, or the first one at all; for walking. NULL when none. */
struct spf_answer *spf_answers_first(struct spf_answers *, enum spf_answer_status);
size_t spf_answers_count(const struct spf_answers *);

/* Fills in: adds a record to an answer. data is copied, may be NULL. */
void spf_answer_add(
    struct spf_answer *, const struct ipaddr *, uint16_t preference, const char *data, size_t len);

#endif
