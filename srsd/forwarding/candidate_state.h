/* SPDX-License-Identifier: ISC */
/*
 * candidate_state - whether a domain can be an SRS domain of this host, and the records that it
 * lacks. Pure.
 *
 * With `per-domain` a forward is signed under the domain that forwards it, or under one label below
 * it. This domain is a candidate. It is usable if mail from each of `outbound-addresses` passes its
 * SPF record, and if bounces to it come to one of `inbound-hosts`.
 */
#ifndef SRSD_FORWARDING_CANDIDATE_STATE_H
#define SRSD_FORWARDING_CANDIDATE_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "common/ipaddr.h"
#include "conf/settings.h"
#include "spf/spf_verdict.h"

enum candidate_kind {
	CANDIDATE_USABLE,
	CANDIDATE_SPF,          /* SPF does not pass for an outbound address */
	CANDIDATE_SPF_VARIES,   /* it passes, but depends on the local part or on HELO */
	CANDIDATE_MX_ELSEWHERE, /* bounces go to a host that is not an inbound host */
	CANDIDATE_NULL_MX,      /* the domain accepts no mail (RFC 7505) */
	CANDIDATE_NO_MX,        /* it has neither an MX nor an address */
	CANDIDATE_NO_ADDRESSES, /* outbound-addresses is empty */
	CANDIDATE_UNAVAILABLE, /* temporary: the DNS did not answer, or our own bounds ended the check */
	CANDIDATE_KINDS,
};

/*
 * "usable", "spf", "spf-varies", "mx-elsewhere", "null-mx", "no-mx", "no-addresses" or
 * "unavailable".
 */
const char *candidate_kind_name(enum candidate_kind kind);

struct candidate_state {
	enum candidate_kind kind;
	enum spf_result result; /* of CANDIDATE_SPF */
	/* The first of outbound-addresses that does not pass; else family 0. */
	struct ipaddr address;
	/*
	 * Of CANDIDATE_MX_ELSEWHERE: the host that is not ours, in lower case, as the DNS has it and so
	 * not printable. Else "".
	 */
	const char *host;
	time_t checked; /* when the check ended */
};

/* The size of a text that candidate_state_describe never cuts. */
#define CANDIDATE_TEXT_SIZE 512

/*
 * Writes one printable line: "usable", "SPF is softfail for mail from 192.0.2.1", "bounces go to
 * mx.example.net, which is not an inbound host", ... It is cut at size.
 */
void candidate_state_describe(const struct candidate_state *state, char *text, size_t size);

/*
 * Writes the candidate of a forwarding domain for a value of per-domain or per-domain-accept: the
 * domain itself ("same"), or the label and the domain. Returns its length. Returns 0 for "off", for
 * a name that is too long, and for one that is not a domain. The result is in A-labels and lower
 * case, without a trailing dot.
 */
size_t candidate_name(
    char name[HOSTNAME_MAX + 1], const char *per_domain, const char *domain, size_t len);

#endif
