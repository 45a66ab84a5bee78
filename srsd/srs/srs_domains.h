/* SPDX-License-Identifier: ISC */
/*
 * srs_domains - the domains in which SRS addresses are ours. Pure.
 *
 *	always		srs-domain, reverse-domains and unauthenticated-domain. Any SRS-shaped
 *			address in them is ours, or forged.
 *	candidates	of each literal name of domains, under each form of per-domain and
 *			per-domain-accept: the name itself ("same"), or a label before it
 *			("srs."). Users have mailboxes there, perhaps one that begins with "srs0-",
 *			so that only a well-formed SRS address is ours, and a malformed one is an
 *			ordinary address. per-domain-except lists names that are not candidates; a
 *			name of domains in it has none.
 *
 * A literal name is one without a leading dot: of .x.org it is not known which subdomains exist.
 * srs-domain counts as one of domains here, as it does for senders.
 *
 * The reverse map answers for these domains and for no other. The policy service, the milter,
 * srsctl and the forward map use the same predicate. If two of them disagreed, a client could try
 * an address that is foreign to one of them against the other, without a budget.
 *
 * Names are compared as A-labels, without case and without one trailing dot. Candidates are
 * computed from the name that is asked for, so that a million domains need no second table.
 */
#ifndef SRSD_SRS_SRS_DOMAINS_H
#define SRSD_SRS_SRS_DOMAINS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/hostname.h"
#include "common/text.h"
#include "conf/settings.h"

/* The texts of these functions need no NUL at their end, except for a form. */

enum srs_domains_kind {
	SRS_DOMAINS_FOREIGN,
	SRS_DOMAINS_CANDIDATE, /* only a well-formed SRS address is ours */
	SRS_DOMAINS_OURS,      /* a malformed one is forged */
};

/* What SRS addresses in a domain are. */
enum srs_domains_kind srs_domains_kind(
    const struct settings *settings, const char *domain, size_t len);

/* True when the domain is one of ours, of either kind. */
bool srs_domains_contain(const struct settings *settings, const char *domain, size_t len);

/*
 * As srs_domains_kind, for the domain of an address as a client wrote it, which may become one of
 * ours because Postfix completes it: an address without a domain gets myorigin, and a domain
 * without a dot gets mydomain (append_at_myorigin, append_dot_mydomain).
 */
enum srs_domains_kind srs_domains_kind_as_written(
    const struct settings *settings, const char *domain, size_t len);

/*
 * True when a local part is a route to an SRS address of ours: Postfix may read it so that an SRS
 * tag begins a local part and a domain of ours is on the way, as in SRS0=...%srs.test,
 * srs.test!SRS0=... and SRS0=...@srs.test before another '@'. Postfix removes its own domains from
 * the right, one after the other (resolve_addr), and looks the rest up in the reverse map.
 */
bool srs_domains_are_routed_to(const struct settings *settings, const char *local, size_t len);

/* True when a domain is a literal name of domains, domains-file or srs-domain. */
bool srs_domains_is_literal(const struct settings *settings, struct text domain);

/*
 * Writes the candidate of a forwarding domain under a form, in A-labels, lower case and with a NUL.
 * form is a value of per-domain or per-domain-accept. False without a candidate: the domain is not
 * literal, it or the candidate is in per-domain-except, the name is too long or has no A-labels,
 * or the form is "off".
 */
bool srs_domains_candidate(const struct settings *settings, const char *form, struct text domain,
    char candidate[HOSTNAME_MAX + 1]);

/*
 * Writes the forwarding domain that has a domain as its candidate, in A-labels, lower case and with
 * a NUL; per-domain comes before per-domain-accept. False when the domain is not a candidate.
 */
bool srs_domains_forwarder(
    const struct settings *settings, struct text domain, char forwarder[HOSTNAME_MAX + 1]);

/* A domain or a form that a reload removes. */
struct srs_domains_loss {
	const char *option; /* that has it, a static text */
	const char *value;  /* belongs to the settings before */
	bool form;          /* it is a form of candidates, not a domain */
};

/*
 * Finds the next domain, or form of candidates, in which SRS addresses are ours with the settings
 * before a reload, and not with those after it. Bounces to addresses that were signed under it will
 * be refused. *n is 0 at first, and then belongs to this function. False: there are no more.
 */
bool srs_domains_loses(const struct settings *before, const struct settings *after, size_t *n,
    struct srs_domains_loss *loss);

#endif
