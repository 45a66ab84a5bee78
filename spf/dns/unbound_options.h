/* SPDX-License-Identifier: ISC */
/*
 * unbound_options - the options of a context of libunbound, which depend on its servers. Pure.
 *
 * SECURITY: beyond loopback each query has a socket of its own with a random port, so that a forged
 * answer has to match the port as well as the number of the query. Queries to servers on loopback
 * share a few sockets, which are bound to loopback addresses, so that no packet from another host
 * reaches them.
 */
#ifndef SPF_DNS_UNBOUND_OPTIONS_H
#define SPF_DNS_UNBOUND_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#define UNBOUND_OPTIONS_MAX 40

/* Two numbers of ports, "61001-61008", with its NUL. */
#define UNBOUND_OPTIONS_PORTS_SIZE 24

struct unbound_option {
	const char *name, *value;
};

/* Options in the order in which they have to be set. */
struct unbound_options {
	struct unbound_option list[UNBOUND_OPTIONS_MAX];
	size_t n;
	char ports[UNBOUND_OPTIONS_PORTS_SIZE];
};

/* What a context is for. */
struct unbound_purpose {
	const char *plan; /* see resolver_plan.h */
	bool dnssec;
	bool patient;  /* asks over TCP, and waits longer */
	unsigned port; /* the first one of a port_block, if queries share sockets; or 0 */
};

/* True if queries for this purpose can share sockets, for which they need a port_block. */
bool unbound_options_can_share(const struct unbound_purpose *purpose);

/* Chooses the options. Their texts are valid as long as *options stays in its place. */
void unbound_options_choose(struct unbound_options *options, const struct unbound_purpose *purpose);

/* True for an option that libunbound 1.13 (Ubuntu 22.04) does not know. */
bool unbound_options_is_recent(const char *name);

#endif
