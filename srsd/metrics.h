/* SPDX-License-Identifier: ISC */
/*
 * metrics - the page that Prometheus reads, /metrics, and /healthz: libevent's HTTP server on
 * listening sockets that it is handed.
 *
 * SECURITY: it is for the monitoring of one site. Addresses that are not on loopback need
 * metrics-remote; there are no secrets on the page, but how much mail there is.
 */
#ifndef SRSD_METRICS_H
#define SRSD_METRICS_H

#include "srsd/vitals.h"

struct event_base;
struct metrics;

struct metrics *metrics_new(
    struct event_base *, void (*read_vitals)(void *arg, struct vitals *), void *arg);
void metrics_free(struct metrics **);

/* Serves a listening, non-blocking socket, which is the page's from now on; id as server's. */
void metrics_add_listener(struct metrics *, unsigned id, int fd);
void metrics_remove_listener(struct metrics *, unsigned id);

#endif
