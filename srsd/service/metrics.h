/* SPDX-License-Identifier: ISC */
/*
 * metrics - the page that Prometheus reads, /metrics, and /healthz: one HTTP request a connection.
 *
 * So little HTTP that a session does it: with libevent's HTTP server nothing bounds the
 * connections, and whoever reaches the port could take all descriptors from the maps.
 *
 * SECURITY: it is for the monitoring of one site. Addresses that are not on loopback need
 * metrics-remote; there are no secrets on the page, but how much mail there is.
 */
#ifndef SRSD_SERVICE_METRICS_H
#define SRSD_SERVICE_METRICS_H

#include "srsd/service/session.h"
#include "srsd/service/status.h"

/* Bytes of a request, its headers included. */
#define METRICS_REQUEST_MAX 8192

struct metrics_service {
	void (*read_status)(void *arg, struct status *);
	void *read_status_arg;
};

/* A session_open_fn; the service is a struct metrics_service. */
struct session *metrics_session_open(void *service, const struct session_host *);

#endif
