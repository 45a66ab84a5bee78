/* SPDX-License-Identifier: ISC */
/*
 * map_service - the two tcp_table services: sessions that connect tcptable with srs_rewrite, and
 * log one line for each decision.
 */
#ifndef SRSD_SERVICE_MAP_SERVICE_H
#define SRSD_SERVICE_MAP_SERVICE_H

#include "srsd/service/map_lookup.h"
#include "srsd/service/session.h"

/* A session_open_fn; service is a struct map_service. */
struct session *map_session_open(void *service, const struct session_host *host);

#endif
