/* SPDX-License-Identifier: ISC */
/*
 * dns_answer - what the DNS says to one question: made once, then only read, and shared by
 * counting references between the cache and the checks that use it.
 */
#ifndef SPF_DNS_DNS_ANSWER_H
#define SPF_DNS_DNS_ANSWER_H

#include <stddef.h>
#include <stdint.h>

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

enum dns_status {
	DNS_FOUND,
	DNS_VOID,  /* no such name, or no records of that type */
	DNS_ERROR, /* SERVFAIL, time-out, nonsense: temperror */
};

/* "found", "void", "error" */
const char *dns_status_name(enum dns_status);

/* Why an answer is DNS_ERROR. */
enum dns_failure {
	DNS_FAILED,    /* the DNS says so: SERVFAIL, nonsense, a bogus signature */
	DNS_LATE,      /* the DNS was asked and has not answered in time */
	DNS_SATURATED, /* our own bounds cut the question off: nothing is known of the name */
};

/* What DNSSEC says of an answer; without validation all are insecure. */
enum dns_security {
	DNS_BOGUS, /* validation failed; status is DNS_ERROR */
	DNS_INSECURE,
	DNS_SECURE,
};

/* "bogus", "insecure", "secure" */
const char *dns_security_name(enum dns_security);

/* One resource record. */
struct dns_rr {
	struct ipaddr ip;    /* A, AAAA */
	uint16_t preference; /* MX */
	char *data;          /* TXT: all character-strings joined; MX, PTR: a name; NUL behind it */
	size_t len;          /* of data; a TXT may hold NULs */
};

struct dns_answer {
	enum dns_status status;
	enum dns_failure failure; /* of DNS_ERROR */
	enum dns_security security;
	uint32_t ttl; /* seconds it may be kept; 0: for the check that asked alone */
	size_t n;
	struct dns_rr *rr;
	size_t size; /* bytes of memory, about */
	unsigned references;
	/*
	 * What the evaluation has made of the records, so that it is made once: its own, freed with
	 * the answer. NULL: not made yet.
	 */
	void *derived;
	void (*free_derived)(void *);
};

/* An answer without records, with one reference that is the caller's. */
struct dns_answer *dns_answer_new(enum dns_status);

/* The same for an error. It has a TTL of 0. */
struct dns_answer *dns_answer_new_error(enum dns_failure);

/* Adds a record while the answer is made; data is copied, ip and data may be NULL. */
void dns_answer_add(struct dns_answer *, const struct ipaddr *ip, uint16_t preference,
    const char *data, size_t len);

/*
 * Removes each record that is there before, with the same data: an RRset holds a record once
 * (RFC 2181, 5). Names are compared without case. The order stays, and so does size.
 */
void dns_answer_unique(struct dns_answer *, enum dns_type);

struct dns_answer *dns_answer_ref(struct dns_answer *);

/* Gives a reference back; the last one frees. Sets the pointer to NULL. */
void dns_answer_unref(struct dns_answer **);

#endif
