/* SPDX-License-Identifier: ISC */
/*
 * check_way - the way of mail for other hosts if it leaves through a port of this host, where a
 * second smtpd(8), a hop, rewrites its sender.
 */
#ifndef SRSD_CTL_CHECK_CHECK_WAY_H
#define SRSD_CTL_CHECK_CHECK_WAY_H

#include <stdbool.h>

#include "srsd/ctl/check/check.h"

/*
 * The port on loopback to which default_transport, or else relayhost, sends mail for other hosts;
 * NULL if it does not. Owned by the configuration of Postfix, which must be set.
 */
const char *check_way_port(const struct check *check);

/* The service of this Postfix that listens on a port. False if none does. */
bool check_way_find_service(
    const struct check *check, const char *port, struct postfix_service *service);

/* The service of the transport in "TRANSPORT:NEXTHOP". False if master.cf has none. */
bool check_way_find_transport(
    const struct check *check, const char *way, struct postfix_service *client);

#endif
