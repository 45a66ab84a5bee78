/* SPDX-License-Identifier: ISC */
/*
 * client_access - the addresses from which clients may connect to a service. Pure.
 *
 * The protocols of the services have no authentication. The option clients lists the networks that
 * may connect to inet endpoints. Without it, only this host may. The metrics page has an option of
 * its own, metrics-remote, and without clients it admits every address.
 */
#ifndef SRSD_CLIENT_ACCESS_H
#define SRSD_CLIENT_ACCESS_H

#include <stdbool.h>

#include "common/ipaddr.h"
#include "conf/settings.h"
#include "srsd/service/service_kind.h"

/* The networks that may connect to a service, or NULL for all. They belong to the settings. */
const struct cidr_list *client_access_networks(
    const struct settings *settings, enum service_kind service);

/* True if a client with this address may connect: networks is NULL, or contains the address. */
bool client_access_permits(const struct cidr_list *networks, const struct ipaddr *client);

#endif
