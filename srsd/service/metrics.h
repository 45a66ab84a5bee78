/* SPDX-License-Identifier: ISC */
/*
 * metrics - the page /metrics for Prometheus, and /healthz: one HTTP request for each connection.
 *
 * This needs so little HTTP that a session does it. libevent's HTTP server has no bound on its
 * connections, so that any client that reaches the port could use up the descriptors of the maps.
 *
 * SECURITY: the page is for the monitoring of one site. Addresses other than loopback need
 * metrics-remote. The page has no secrets, but it shows the amount of mail.
 */
#ifndef SRSD_SERVICE_METRICS_H
#define SRSD_SERVICE_METRICS_H

#include "srsd/service/session.h"
#include "srsd/service/status.h"

/* Bytes of a request, including its headers. */
#define METRICS_REQUEST_MAX 8192

struct metrics_service {
	/* Fills in the status. The session releases its reference to the listeners. */
	void (*read_status)(void *arg, struct status *status);
	void *read_status_arg;
};

/* A session_open_fn; service is a struct metrics_service. */
struct session *metrics_session_open(void *service, const struct session_host *host);

#endif
