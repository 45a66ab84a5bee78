/* SPDX-License-Identifier: ISC */
/*
 * way_back - do bounces to a domain come to this host? Pure.
 *
 * Inbound hosts are those of `inbound-hosts`; if that is empty, the MX hosts of srs-domain, or
 * srs-domain itself if it has no MX. Bounces to a domain come back if each of its MX hosts is an
 * inbound host: it has the name of one (A-labels, in any case), or it has addresses, and all of
 * them are addresses of inbound hosts. A domain without an MX record is its own host (RFC 5321,
 * 5.1).
 *
 * All MX hosts count, not only those with the best preference. A sender uses the others when the
 * first do not answer, and a bounce that any other host accepts is lost.
 */
#ifndef SRSD_FORWARDING_WAY_BACK_H
#define SRSD_FORWARDING_WAY_BACK_H

#include <stdbool.h>

#include "common/hostname.h"
#include "conf/settings.h"
#include "spf/spf_answers.h"

/* A domain with more MX hosts than this is WAY_BACK_ELSEWHERE. */
#define WAY_BACK_HOSTS 20

enum way_back_kind {
	WAY_BACK_OURS,
	WAY_BACK_ELSEWHERE,   /* a host is not ours */
	WAY_BACK_NULL_MX,     /* the domain accepts no mail (RFC 7505) */
	WAY_BACK_NONE,        /* the domain has neither an MX nor an address */
	WAY_BACK_UNAVAILABLE, /* a DNS error leaves it open */
};

struct way_back {
	enum way_back_kind kind;
	/*
	 * Of WAY_BACK_ELSEWHERE: the MX host, in lower case, as the DNS has it and so not
	 * printable. "" if the domain has no MX record, and an address of its own is not ours.
	 * Otherwise "".
	 */
	char host[HOSTNAME_MAX + 1];
};

/*
 * Evaluates a domain, in A-labels and without a trailing dot. Returns true with a verdict.
 * Otherwise the missing answers are wanted in the table (spf_answers.h), and the caller calls again
 * with more of them. The verdict does not depend on the order of the records or of the answers: of
 * several hosts that are not ours it names the one with the best preference, and of those the first
 * by name.
 */
bool way_back_eval(const struct settings *settings, const char *domain, struct spf_answers *answers,
    struct way_back *way_back);

#endif
