/* SPDX-License-Identifier: ISC */
/*
 * map_service - the two tcp_table services: sessions that put tcptable and srs_rewrite together
 * and log one line a decision.
 */
#ifndef SRSD_SERVICE_MAP_SERVICE_H
#define SRSD_SERVICE_MAP_SERVICE_H

#include "common/clock.h"
#include "conf/settings.h"
#include "srsd/service/service_kind.h"
#include "srsd/service/session.h"
#include "srsd/service/stats.h"
#include "srsd/srs/srs_keys.h"

/* The owner may replace settings and keys between requests; sessions look here each time. */
struct map_service {
	enum map_kind kind;
	const struct settings *settings;
	struct srs_keys *keys;
	const struct clock *clock;
	struct stats *stats;
};

/* A session_open_fn; the service is a struct map_service. */
struct session *map_session_open(void *service, const struct session_host *);

#endif
