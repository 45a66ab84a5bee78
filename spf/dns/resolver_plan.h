/* SPDX-License-Identifier: ISC */
/*
 * resolver_plan - the servers that a resolver queries and the keys that it trusts, as a text.
 *
 * A plan has one line for each server and each key, in the notation of libunbound:
 *
 *	forward IP@PORT		(or an IP alone, for port 53)
 *	anchor RESOURCE-RECORD
 *
 * Two resolvers with the same plan and settings behave the same, so a reload compares plans to
 * decide whether the resolver and its cache stay in use.
 */
#ifndef SPF_DNS_RESOLVER_PLAN_H
#define SPF_DNS_RESOLVER_PLAN_H

#include <stddef.h>

#include "common/filebox.h"
#include "conf/settings.h"

/* The file with the servers to use if `nameservers` is empty, see resolv.conf(5). */
#define RESOLVER_PLAN_FILE "/etc/resolv.conf"

/* The first words of a line. */
#define RESOLVER_PLAN_FORWARD "forward "
#define RESOLVER_PLAN_ANCHOR "anchor "

/*
 * Makes the plan for these settings. The servers are those of `nameservers` or, if that list is
 * empty, those of /etc/resolv.conf. If that file cannot be read, the reason is logged. A plan
 * without a server means that the root servers are queried. With `dnssec` the file of
 * `trust-anchor` must have at least one resource record. Files are read through the box; NULL reads
 * them from the disk.
 *
 * The caller frees the text. Returns NULL with one line in error, of at most size bytes.
 */
char *resolver_plan_make(
    const struct settings *settings, struct filebox *box, char *error, size_t size);

#endif
