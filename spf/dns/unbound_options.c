/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <string.h>

#include "spf/dns/dns_servers.h"
#include "spf/dns/port_block.h"
#include "spf/dns/unbound_options.h"

#define LOOPBACK_IP6_ARPA \
	"1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa."

/* libunbound 1.13 does not know these two. */
#define MESSAGE_RETRY "outbound-msg-retry:"
#define TCP_PATIENCE "tcp-auth-query-timeout:"

/*
 * The local zones of libunbound would answer for "test." and for the reverse zones of private
 * networks, which the forwarder may know. (1.17 accepts "nodefault" here, without any effect.)
 */
static const struct unbound_option always[] = {
	{ "verbosity:", "0" },
	{ "use-syslog:", "no" },
	{ "do-not-query-localhost:", "no" },
	{ "unblock-lan-zones:", "yes" },
	{ "insecure-lan-zones:", "yes" },
	{ "local-zone:", "test. transparent" },
	{ "local-zone:", "invalid. transparent" },
	{ "local-zone:", "home.arpa. transparent" },
	{ "local-zone:", "127.in-addr.arpa. transparent" },
	{ "local-zone:", LOOPBACK_IP6_ARPA " transparent" },
	{ "edns-buffer-size:", "1232" },
	{ "num-queries-per-thread:", "4096" },
	/* More than the queries of one client network: see SPF_INFLIGHT_NETWORK. */
	{ "outgoing-num-tcp:", "160" },
	/*
	 * One attempt at each nameserver, of two packets, with so many milliseconds for the answer to
	 * each. libunbound has this time once for the process, not for each context. 1.13 sends a
	 * query five times and doubles the wait each time, so that an attempt at a silent nameserver
	 * lasts for minutes.
	 */
	{ "infra-cache-min-rtt:", "2000" },
	{ "infra-host-ttl:", "0" },
	{ MESSAGE_RETRY, "1" },
	/* A query leads to as few others as possible. */
	{ "target-fetch-policy:", "0 0 0 0 0" },
	/* The same query gets the same answer: limits on names count from the first name. */
	{ "rrset-roundrobin:", "no" },
	/* Of each context. */
	{ "msg-cache-size:", "1m" },
	{ "rrset-cache-size:", "1m" },
	{ "cache-max-ttl:", "86400" },
	{ "cache-max-negative-ttl:", "900" },
};

/* One socket for each query: see SPF_INFLIGHT_MOST, and SPARE in srsd/descriptors.c. */
static const struct unbound_option socket_each[] = {
	{ "outgoing-range:", "1536" },
};

/*
 * Sockets that queries share, without connect(2). With 20 queries at a time, a query needs 5 system
 * calls instead of 11. A context needs 1.8 MiB less memory. The range has to exceed the number of
 * ports of both families: otherwise queries wait for a socket. The default receive buffers of eight
 * sockets hold the answers to SPF_INFLIGHT_MOST queries.
 */
static const struct unbound_option sockets_shared[] = {
	{ "udp-connect:", "no" },
	{ "outgoing-range:", "32" },
	{ "outgoing-port-avoid:", "0-65535" },
};

/* It sends no UDP: saves 1.2 MiB. The wait of 1.13 is three seconds. */
static const struct unbound_option patience[] = {
	{ "tcp-upstream:", "yes" },
	{ TCP_PATIENCE, "8000" },
	{ "outgoing-range:", "16" },
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The arrays above, and lines for ports, interfaces, families, names and modules. */
_Static_assert(
    COUNT(always) + COUNT(sockets_shared) + COUNT(patience) + 6 <= UNBOUND_OPTIONS_MAX, "list");

static void
add_option(struct unbound_options *options, const char *name, const char *value)
{
	options->list[options->n++] = (struct unbound_option){ name, value };
}

static void
add_options(struct unbound_options *options, const struct unbound_option *more, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		add_option(options, more[i].name, more[i].value);
}

static void
add_shared_sockets(
    struct unbound_options *options, unsigned port, const struct dns_servers_kinds *servers)
{
	add_options(options, sockets_shared, COUNT(sockets_shared));
	snprintf(
	    options->ports, sizeof(options->ports), "%u-%u", port, port + PORT_BLOCK_PORTS - 1);
	add_option(options, "outgoing-port-permit:", options->ports);
	if (servers->ip4)
		add_option(options, "outgoing-interface:", "127.0.0.1");
	if (servers->ip6)
		add_option(options, "outgoing-interface:", "::1");
}

/* add_families - a list of all ports occupies 240 KiB in each context, for each family */
static void
add_families(struct unbound_options *options, const struct dns_servers_kinds *servers)
{
	if (servers->ip4 && !servers->ip6)
		add_option(options, "do-ip6:", "no");
	if (servers->ip6 && !servers->ip4)
		add_option(options, "do-ip4:", "no");
}

bool
unbound_options_can_share(const struct unbound_purpose *purpose)
{
	return !purpose->patient && dns_servers_find_kinds(purpose->plan).loopback;
}

void
unbound_options_choose(struct unbound_options *options, const struct unbound_purpose *purpose)
{
	struct dns_servers_kinds servers = dns_servers_find_kinds(purpose->plan);

	options->n = 0;
	add_options(options, always, COUNT(always));
	if (purpose->port != 0)
		add_shared_sockets(options, purpose->port, &servers);
	else
		add_options(options, socket_each, COUNT(socket_each));
	add_families(options, &servers);
	/* A forwarder gets whole names in any case: saves 1.5 % of the instructions of a query. */
	if (servers.ip4 || servers.ip6)
		add_option(options, "qname-minimisation:", "no");
	if (purpose->patient)
		add_options(options, patience, COUNT(patience));
	add_option(options, "module-config:", purpose->dnssec ? "validator iterator" : "iterator");
}

bool
unbound_options_is_recent(const char *name)
{
	return strcmp(name, MESSAGE_RETRY) == 0 || strcmp(name, TCP_PATIENCE) == 0;
}
