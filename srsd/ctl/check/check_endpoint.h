/* SPDX-License-Identifier: ISC */
/*
 * check_endpoint - what Postfix writes for a map or a policy service, and the endpoints of srsd
 * that it means: Postfix has a host's name or a port where srsd has an address, and looks for a
 * path in its queue when it is relative, or when the service that asks is in a chroot.
 */
#ifndef SRSD_CTL_CHECK_CHECK_ENDPOINT_H
#define SRSD_CTL_CHECK_CHECK_ENDPOINT_H

#include <stdbool.h>

#include "conf/settings.h"
#include "srsd/ctl/check/check.h"
#include "srsd/ctl/check/postfix.h"

#define CHECK_ENDPOINT_SIZE 1024

/*
 * Is one of the tables of a list ("hash:/x, tcp:localhost:10001") one of these endpoints? A name
 * counts with the addresses that it has for Postfix, whose inet_protocols may leave some out.
 */
bool check_endpoint_in_maps(
    const struct postfix *, const char *maps, const struct text_list *endpoints);

/* Is what a check_policy_service names ("inet:HOST:PORT", "unix:PATH") one of these endpoints? */
bool check_endpoint_is_one(
    const struct text_list *endpoints, const char *theirs, const struct postfix *, bool chrooted);

/*
 * Adds a finding when a name that Postfix goes to, HOST:PORT in a parameter, has one of these
 * endpoints among its addresses and another program listens on another one: Postfix tries the
 * addresses in order until one of them takes the connection. An error where the other program comes
 * first; a warning where Postfix goes there as soon as srsd does not listen.
 */
void check_endpoint_detour(
    struct check *, const char *parameter, const char *theirs, const struct text_list *endpoints);

/* An endpoint as a client writes it: one connects to no wildcard. */
void check_endpoint_for_client(const char *endpoint, char text[CHECK_ENDPOINT_SIZE]);

/* HOST:PORT of the first endpoint that a tcp_table can reach; false: there is none. */
bool check_endpoint_for_map(const struct text_list *endpoints, char table[CHECK_ENDPOINT_SIZE]);

#endif
