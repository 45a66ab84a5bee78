/* SPDX-License-Identifier: ISC */
/*
 * dns_servers - the nameservers of a plan (spf/dns/resolver_plan.h), as they are written in the
 * configuration. Pure.
 */
#ifndef SPF_DNS_DNS_SERVERS_H
#define SPF_DNS_DNS_SERVERS_H

#include <stdbool.h>
#include <stddef.h>

/* "[IP]:PORT" with its NUL. */
#define DNS_SERVERS_ONE_SIZE 80

/* A list of them; more servers than fit are shown as "...". */
#define DNS_SERVERS_SIZE 400

/*
 * Gets the next server of a plan and moves *plan past its line. The first call gets the whole plan.
 * Returns false if there are no more servers; text is then "".
 */
bool dns_servers_next(const char **plan, char text[DNS_SERVERS_ONE_SIZE]);

/*
 * Lists the servers, "192.0.2.1, [2001:db8::1]:5353", and returns their number. Without a server
 * the text is "".
 */
size_t dns_servers_list(const char *plan, char text[DNS_SERVERS_SIZE]);

/* The addresses of the servers. All are false without a server. */
struct dns_servers_kinds {
	bool ip4, ip6; /* some server has such an address */
	bool loopback; /* all servers are on loopback */
};

struct dns_servers_kinds dns_servers_find_kinds(const char *plan);

#endif
