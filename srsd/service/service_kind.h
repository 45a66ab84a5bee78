/* SPDX-License-Identifier: ISC */
/* service_kind - the services of the daemon: their names, and the limits that are not options. */
#ifndef SRSD_SERVICE_SERVICE_KIND_H
#define SRSD_SERVICE_SERVICE_KIND_H

#include <stdbool.h>

enum service_kind {
	SERVICE_FORWARD,
	SERVICE_REVERSE,
	SERVICE_POLICY,
	SERVICE_SOCKETMAP,
	SERVICE_MILTER,
	SERVICE_CONTROL,
	SERVICE_METRICS,
	SERVICE_KINDS,
};

/*
 * The number of services for Postfix, which come first. connection-limit applies to each of them.
 */
#define SERVICE_MAIL_KINDS 5

/* The services that are maps; the values index counters of lookups. */
enum map_kind {
	MAP_FORWARD = SERVICE_FORWARD,
	MAP_REVERSE = SERVICE_REVERSE,
	MAP_KINDS,
};

/* The largest number of connections of SERVICE_CONTROL, and of SERVICE_METRICS. */
#define SERVICE_ADMIN_CONNECTIONS 16

/* Their idle timeouts in seconds. */
#define SERVICE_CONTROL_SECONDS 600
#define SERVICE_METRICS_SECONDS 10

/*
 * The shortest idle timeout of SERVICE_POLICY in seconds: Postfix keeps a policy connection for
 * smtpd_policy_service_max_ttl, 1000 s.
 */
#define SERVICE_POLICY_LEAST_IDLE 1000

/*
 * The same of SERVICE_MILTER: a connection lasts as long as an SMTP session, in which the client
 * may spend smtpd_timeout, 300 s, on each part of a message.
 */
#define SERVICE_MILTER_LEAST_IDLE 1000

/* "forward", "reverse", "policy", "socketmap", "milter", "control" or "metrics". */
const char *service_kind_name(enum service_kind kind);

/* "forward" or "reverse". */
const char *map_kind_name(enum map_kind kind);

/* Sets *kind to the service of that name. False: no such service. */
bool service_kind_find(const char *name, enum service_kind *kind);

#endif
