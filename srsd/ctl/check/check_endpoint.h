/* SPDX-License-Identifier: ISC */
/*
 * check_endpoint - finds the endpoint of srsd for a map or a policy service in the configuration of
 * Postfix. Postfix may use a host name or only a port where srsd has an address. A path is relative
 * to its queue directory if it has no leading '/', or if the service that uses it is in a chroot.
 */
#ifndef SRSD_CTL_CHECK_CHECK_ENDPOINT_H
#define SRSD_CTL_CHECK_CHECK_ENDPOINT_H

#include <stdbool.h>

#include "conf/settings.h"
#include "srsd/ctl/check/check.h"
#include "srsd/ctl/check/postfix.h"

#define CHECK_ENDPOINT_SIZE 1024

/* A map of srsd: its name, and where it answers with tcp_table(5) and socketmap_table(5). */
struct check_map_place {
	const char *name; /* "forward" or "reverse" */
	const struct text_list *tcp, *socketmap;
};

/* The places of a map, by its name. */
struct check_map_place check_endpoint_place(const struct settings *settings, const char *name);

/*
 * True when one of the tables in maps is this map, as tcp:HOST:PORT, socketmap:inet:HOST:PORT:NAME
 * or socketmap:unix:PATH:NAME. A host name stands for all addresses that inet_protocols of Postfix
 * permits. chrooted applies to the service that opens the table.
 */
bool check_endpoint_names_map(const struct postfix *postfix, const char *maps,
    const struct check_map_place *place, bool chrooted);

/*
 * True when theirs, the argument of a check_policy_service ("inet:HOST:PORT", "unix:PATH"), is one
 * of the endpoints. chrooted applies to the smtpd(8) that has the restriction.
 */
bool check_endpoint_is_one(const struct text_list *endpoints, const char *theirs,
    const struct postfix *postfix, bool chrooted);

/*
 * Adds a finding when theirs, HOST:PORT in a parameter of Postfix, stands for one of the endpoints
 * and for another address where another program listens. Postfix tries the addresses in order until
 * one of them accepts the connection. If the other address is first, the finding is an error;
 * otherwise a warning, because Postfix asks the other program while srsd is not running.
 */
void check_endpoint_detour(struct check *check, const char *parameter, const char *theirs,
    const struct text_list *endpoints);

/* Copies an endpoint in the form for a client: a wildcard becomes a loopback address. */
void check_endpoint_for_client(const char *endpoint, char text[CHECK_ENDPOINT_SIZE]);

/*
 * Sets table to the table of Postfix for a map: tcp:HOST:PORT of the first inet endpoint, or
 * socketmap:ENDPOINT:NAME. False when there is neither.
 */
bool check_endpoint_for_map(const struct check_map_place *place, char table[CHECK_ENDPOINT_SIZE]);

#endif
