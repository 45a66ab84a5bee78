/* SPDX-License-Identifier: ISC */
/*
 * dns_answer - the answer of the DNS to one query.
 *
 * An answer is made once, and only read after it has entered the cache. The cache and the checks
 * that use it share it by reference counting. Pure.
 */
#ifndef SPF_DNS_DNS_ANSWER_H
#define SPF_DNS_DNS_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/ipaddr.h"

/* The record types that SPF queries. The values are those of the DNS protocol. */
enum dns_type {
	DNS_A = 1,
	DNS_PTR = 12,
	DNS_MX = 15,
	DNS_TXT = 16,
	DNS_AAAA = 28,
};

/* "A", "TXT", ... */
const char *dns_type_name(enum dns_type type);

enum dns_status {
	DNS_FOUND,
	DNS_VOID,  /* the name does not exist, or has no records of that type */
	DNS_ERROR, /* SERVFAIL, timeout, malformed packet: temperror */
};

/* "found", "void", "error" */
const char *dns_status_name(enum dns_status status);

/* The reason of a DNS_ERROR. */
enum dns_failure {
	DNS_FAILED,    /* reported by the DNS: SERVFAIL, malformed packet, bogus signature */
	DNS_LATE,      /* the query was sent, and no answer came in time */
	DNS_SATURATED, /* our own bounds ended the query: nothing is known about the name */
};

struct dns_answer;

/* The reason of a DNS_ERROR for people, static: "SERVFAIL", "no answer in time", ... */
const char *dns_failure_text(const struct dns_answer *answer);

/* The result of DNSSEC validation, the weakest first. Without validation all are insecure. */
enum dns_security {
	DNS_BOGUS, /* validation failed; the status is DNS_ERROR */
	DNS_INSECURE,
	DNS_SECURE,
};

/* "bogus", "insecure", "secure" */
const char *dns_security_name(enum dns_security security);

/* One resource record. */
struct dns_rr {
	struct ipaddr ip;    /* A, AAAA */
	uint16_t preference; /* MX */
	char *data; /* TXT: the joined character-strings; MX, PTR: a name. Ends with a NUL */
	size_t len; /* of data, without that NUL; a TXT record may hold others */
};

struct dns_answer {
	enum dns_status status;
	enum dns_failure failure; /* of DNS_ERROR */
	uint8_t rcode; /* of DNS_FAILED: that of the reply (RFC 6895, 2.3); 0: no usable reply */
	bool no_name;  /* of DNS_VOID: the name does not exist (NXDOMAIN) */
	enum dns_security security;
	uint32_t ttl; /* seconds that it may be cached; 0: use it for this query only */
	uint64_t
	    expires; /* when dns_cache drops it, in the time of the cache; 0: it never kept it */
	size_t n;
	struct dns_rr *rr;
	size_t size; /* approximate memory in bytes */
	unsigned references;
	/*
	 * Data that the users of the records derive once, see resolver_prepare_fn. The answer owns it.
	 * NULL until then.
	 */
	void *derived;
	void (*free_derived)(void *derived);
};

/* Makes an insecure answer without records and with a TTL of 0. The caller owns the reference. */
struct dns_answer *dns_answer_new(enum dns_status status);

/* The same with the status DNS_ERROR. */
struct dns_answer *dns_answer_new_error(enum dns_failure failure);

/*
 * Adds a record to an answer that is being made. ip and data are copied; each may be NULL. len is
 * the length of data in bytes, without a NUL.
 */
void dns_answer_add(struct dns_answer *answer, const struct ipaddr *ip, uint16_t preference,
    const char *data, size_t len);

/*
 * Removes each record with the same data as an earlier record, because an RRset holds a record only
 * once (RFC 2181, 5). Names are compared without case. All records have this type. The order of the
 * others does not change, and neither does size.
 */
void dns_answer_unique(struct dns_answer *answer, enum dns_type type);

/* Returns the answer, with one more reference. */
struct dns_answer *dns_answer_ref(struct dns_answer *answer);

/* Releases a reference and sets the pointer to NULL. The last one frees. *answerp may be NULL. */
void dns_answer_unref(struct dns_answer **answerp);

#endif
