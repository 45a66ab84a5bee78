/* SPDX-License-Identifier: ISC */
/*
 * postfix_endpoint - finds the endpoint of srsd for a map or a policy service in the configuration
 * of Postfix. Postfix may use a host name or only a port where srsd has an address. A path is
 * relative to its queue directory if it has no leading '/', or if the service that uses it is in a
 * chroot.
 */
#ifndef SRSD_CTL_POSTFIX_ENDPOINT_H
#define SRSD_CTL_POSTFIX_ENDPOINT_H

#include <stdbool.h>

#include "common/endpoint.h"
#include "conf/settings.h"
#include "srsd/ctl/postfix.h"

#define POSTFIX_ENDPOINT_SIZE 1024

/* A map of srsd: its name, and where it answers with tcp_table(5) and socketmap_table(5). */
struct postfix_map_place {
	const char *name; /* "forward" or "reverse" */
	const struct text_list *tcp, *socketmap;
};

/* The places of a map, by its name. */
struct postfix_map_place postfix_endpoint_place(const struct settings *settings, const char *name);

/*
 * True when one of the tables in maps is this map, as tcp:HOST:PORT, socketmap:inet:HOST:PORT:NAME
 * or socketmap:unix:PATH:NAME. A host name means all addresses that inet_protocols of Postfix
 * permits. chrooted applies to the service that opens the table.
 */
bool postfix_endpoint_names_map(const struct postfix *postfix, const char *maps,
    const struct postfix_map_place *place, bool chrooted);

/*
 * True when theirs, the argument of a check_policy_service ("inet:HOST:PORT", "unix:PATH"), is one
 * of the endpoints. chrooted applies to the smtpd(8) that has the restriction.
 */
bool postfix_endpoint_is_one(const struct text_list *endpoints, const char *theirs,
    const struct postfix *postfix, bool chrooted);

/*
 * The addresses that Postfix tries for HOST:PORT, in this order; none if it cannot be resolved. A
 * numeric address is always among them, even if inet_protocols excludes it.
 */
void postfix_endpoint_targets(
    const struct postfix *postfix, const char *theirs, struct endpoint *targets);

/* True when HOST is a numeric address that inet_protocols keeps Postfix from using. */
bool postfix_endpoint_is_excluded(const struct postfix *postfix, const char *theirs);

/* True when an address is that of one of the endpoints. */
bool postfix_endpoint_is_ours(
    const struct endpoint_addr *theirs, const struct text_list *endpoints);

/* True when one of the addresses of HOST:PORT is that of one of the endpoints. */
bool postfix_endpoint_reaches(
    const struct postfix *postfix, const char *theirs, const struct text_list *endpoints);

/* Copies an endpoint in the form for a client: a wildcard becomes a loopback address. */
void postfix_endpoint_for_client(const char *endpoint, char text[POSTFIX_ENDPOINT_SIZE]);

/*
 * Sets table to the table of Postfix for a map: tcp:HOST:PORT of the first inet endpoint, or
 * socketmap:ENDPOINT:NAME. False when there is neither.
 */
bool postfix_endpoint_for_map(
    const struct postfix_map_place *place, char table[POSTFIX_ENDPOINT_SIZE]);

#endif
