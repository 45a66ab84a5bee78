/* SPDX-License-Identifier: ISC */
/*
 * srs_domains - the domains whose SRS addresses are ours: srs-domain and reverse-domains. Pure.
 *
 * The reverse map answers for these domains and for no other. The policy service, srsctl and the
 * forward map use the same predicate. If two of them disagreed, a client could try an address that
 * is foreign to one of them against the other, without a budget.
 *
 * Names are compared as A-labels, without case and without one trailing dot.
 */
#ifndef SRSD_SRS_SRS_DOMAINS_H
#define SRSD_SRS_SRS_DOMAINS_H

#include <stdbool.h>
#include <stddef.h>

#include "conf/settings.h"

/* The texts of these functions need no NUL at their end. */

/* True when the domain is one of ours. */
bool srs_domains_contain(const struct settings *settings, const char *domain, size_t len);

/*
 * True when the domain of an address as a client wrote it is one of ours, or may become one of ours
 * because Postfix completes it: an address without a domain gets myorigin, and a domain without a
 * dot gets mydomain (append_at_myorigin, append_dot_mydomain).
 */
bool srs_domains_may_contain(const struct settings *settings, const char *domain, size_t len);

/*
 * True when a local part is a route to an SRS address of ours: Postfix may read it so that an SRS
 * tag begins a local part and a domain of ours is on the way, as in SRS0=...%srs.test,
 * srs.test!SRS0=... and SRS0=...@srs.test before another '@'. Postfix removes its own domains from
 * the right, one after the other (resolve_addr), and looks the rest up in the reverse map.
 */
bool srs_domains_are_routed_to(const struct settings *settings, const char *local, size_t len);

#endif
