/* SPDX-License-Identifier: ISC */
/*
 * map_service - the two tcp_table services: sessions that connect tcptable with srs_rewrite, and
 * log one line for each decision.
 */
#ifndef SRSD_SERVICE_MAP_SERVICE_H
#define SRSD_SERVICE_MAP_SERVICE_H

#include "common/clock.h"
#include "conf/settings.h"
#include "srsd/service/service_kind.h"
#include "srsd/service/session.h"
#include "srsd/service/stats.h"
#include "srsd/srs/srs_keys.h"

/*
 * The owner owns what these point to, and may replace settings and keys between requests: a session
 * reads them for each request.
 */
struct map_service {
	enum map_kind kind;
	const struct settings *settings;
	struct srs_keys *keys;
	const struct clock *clock;
	struct stats *stats;
};

/* A session_open_fn; service is a struct map_service. */
struct session *map_session_open(void *service, const struct session_host *host);

#endif
