/* SPDX-License-Identifier: ISC */
/*
 * candidate_state - whether a domain can be an SRS domain of this host, why not, and the records
 * that it lacks. Pure.
 *
 * With `per-domain` a forward is signed under the domain that forwards it, or under one label below
 * it. This domain is a candidate. It is usable if mail from each of `outbound-addresses` passes its
 * SPF record, and if bounces to it come to inbound hosts (way_back.h).
 */
#ifndef SRSD_FORWARDING_CANDIDATE_STATE_H
#define SRSD_FORWARDING_CANDIDATE_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "common/hostname.h"
#include "common/ipaddr.h"
#include "conf/settings.h"
#include "spf/spf_verdict.h"

enum candidate_kind {
	CANDIDATE_USABLE,
	CANDIDATE_SPF,          /* SPF does not pass for an outbound address */
	CANDIDATE_SPF_VARIES,   /* it passes, but depends on the local part or on HELO */
	CANDIDATE_MX_ELSEWHERE, /* bounces can go to a host that is not an inbound host */
	CANDIDATE_NULL_MX,      /* the domain accepts no mail (RFC 7505) */
	CANDIDATE_NO_MX,        /* it has neither an MX nor an address */
	CANDIDATE_NO_ADDRESSES, /* outbound-addresses is empty */
	CANDIDATE_UNAVAILABLE,  /* the DNS did not answer, or our own bounds ended the check */
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
	/* Of CANDIDATE_SPF and CANDIDATE_SPF_VARIES: the outbound address that does not pass. */
	struct ipaddr address;
	/*
	 * Of CANDIDATE_MX_ELSEWHERE: the MX host that is not ours, as the DNS has it and so not
	 * printable; "" if the domain has no MX record, and an address of its own is not ours.
	 * Otherwise "".
	 */
	const char *host;
	time_t checked; /* when the check ended */
};

/* The size that these texts need at most. */
#define CANDIDATE_TEXT_SIZE 512
#define CANDIDATE_REMEDY_SIZE 1024

/*
 * Writes one printable line, cut at size: "usable", "SPF is softfail for mail from 192.0.2.1", "its
 * MX host mx.example.net is not an inbound host", ...
 */
void candidate_state_describe(const struct candidate_state *state, char *text, size_t size);

/*
 * Writes one line for an operator, cut at size: the records that make the candidate usable, or
 * another remedy; "" for a usable one.
 *
 * srs_domain_usable says that srs-domain itself would be a usable candidate. Then the records refer
 * to srs-domain (CNAME for a label, an SPF include for `same`), so that a change of addresses
 * concerns the records of srs-domain alone. Otherwise they list outbound-addresses and
 * inbound-hosts.
 */
void candidate_state_remedy(const struct candidate_state *state, const struct settings *settings,
    const char *domain, bool srs_domain_usable, char *text, size_t size);

#endif
