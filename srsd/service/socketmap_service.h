/* SPDX-License-Identifier: ISC */
/*
 * socketmap_service - both maps over Postfix's socketmap protocol, as postsrsd 2 serves them.
 *
 * The maps are called forward and reverse. Where a tcp_table map answers 500, the reply is
 * NOTFOUND; where it answers 400, TEMP. Another map, and a request without a key, is PERM; after
 * bytes that are not a netstring the connection is closed.
 */
#ifndef SRSD_SERVICE_SOCKETMAP_SERVICE_H
#define SRSD_SERVICE_SOCKETMAP_SERVICE_H

#include "srsd/service/map_lookup.h"
#include "srsd/service/session.h"

/* Both maps belong to the owner, and outlive the sessions. */
struct socketmap_service {
	const struct map_service *forward, *reverse;
};

/* A session_open_fn; the service is a struct socketmap_service. */
struct session *socketmap_session_open(void *service, const struct session_host *host);

#endif
