/* SPDX-License-Identifier: ISC */
#include <sys/queue.h>
#include <sys/socket.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>
#include <event2/event_struct.h>

#include "common/endpoint.h"
#include "common/log.h"
#include "common/xmalloc.h"
#include "srsd/client_access.h"
#include "srsd/connections.h"
#include "srsd/server.h"

#define SERVICES_MAX 8
#define ACCEPTS_PER_TURN 64

/* How often idle connections are closed and a paused listener tries again. */
static const struct timeval tick_interval = { 1, 0 };

struct service {
	struct server *server;
	const char *name;
	struct connection_kind kind;
	unsigned least_idle;             /* seconds */
	unsigned most;                   /* connections; 0: the limit of the server */
	unsigned most_idle;              /* seconds; 0: the limit of the server */
	bool paused;                     /* not accepting */
	const struct cidr_list *clients; /* that may connect to inet sockets; NULL: all */
	uint64_t refused;                /* connections of others */
	struct log_limit warned;
	struct log_limit warned_refused;
};

struct server_listener {
	SLIST_ENTRY(server_listener) next;
	struct service *service;
	unsigned id;
	int fd;
	struct event accept;
};

struct server {
	struct event_base *base;
	struct server_limits limits;
	struct event *tick;
	struct connections *connections;
	SLIST_HEAD(, server_listener) listeners;
	size_t n_services;
	struct service services[SERVICES_MAX];
	void (*drained)(void *arg);
	void *drained_arg;
};

static void
pause_service(struct service *service, bool pause)
{
	struct server_listener *l;

	service->paused = pause;
	SLIST_FOREACH (l, &service->server->listeners, next) {
		if (l->service != service)
			continue;
		if (pause)
			event_del(&l->accept);
		else
			event_add(&l->accept, NULL);
	}
}

static unsigned
compute_service_limit(const struct service *service)
{
	unsigned limit = service->server->limits.connections;

	return service->most > 0 && service->most < limit ? service->most : limit;
}

static bool
is_service_full(const struct service *service)
{
	return service->kind.n >= compute_service_limit(service);
}

static void
check_drained(struct server *server)
{
	if (server->drained != NULL && connections_are_empty(server->connections))
		server->drained(server->drained_arg);
}

/* on_connection_left - there is room for another */
static void
on_connection_left(void *arg)
{
	struct service *service = arg;

	if (service->paused && !is_service_full(service))
		pause_service(service, false);
	check_drained(service->server);
}

/*
 * on_accept_error - pause until the next tick, unless the error is a transient one
 *
 * EINVAL: the socket no longer listens. It is shared with the monitor, which opens it again for the
 * next engine.
 */
static void
on_accept_error(struct service *service)
{
	if (errno == EINVAL)
		fatal("%s: accept", service->name);
	if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED)
		return;
	if (log_allows(&service->warned))
		log_warn("%s: accept", service->name);
	pause_service(service, true);
}

/* may_connect - a client of a unix socket has no address: the mode of the directory decides */
static bool
may_connect(struct service *service, const struct endpoint_addr *client)
{
	char text[IPADDR_TEXT_SIZE];
	struct ipaddr ip;

	if (!endpoint_ip(client, &ip) || client_access_permits(service->clients, &ip))
		return true;
	service->refused++;
	if (log_allows_hourly(&service->warned_refused)) {
		ipaddr_format(&ip, text);
		log_warnx("%s: connection from %s refused, because clients does not list it; "
			  "further ones are not logged for an hour",
		    service->name, text);
	}
	return false;
}

/* accept_client - the next connection in the queue; false with errno set */
static bool
accept_client(const struct server_listener *l)
{
	struct endpoint_addr peer = { .len = sizeof(peer.u) };
	int client = accept4(l->fd, &peer.u.sa, &peer.len, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (client == -1)
		return false;
	if (may_connect(l->service, &peer))
		connections_add(l->service->server->connections, &l->service->kind, client);
	else
		close(client);
	return true;
}

static void
on_acceptable(evutil_socket_t fd, short what, void *arg)
{
	struct server_listener *l = arg;
	struct service *service = l->service;
	int i;

	(void)fd;
	(void)what;
	event_priority_set(&l->accept, connection_kind_rank(&service->kind));
	for (i = 0; i < ACCEPTS_PER_TURN && !is_service_full(service); i++) {
		if (!accept_client(l)) {
			on_accept_error(service);
			return;
		}
	}
	if (!is_service_full(service))
		return;
	if (log_allows(&service->warned))
		log_warnx("%s: connection-limit of %u reached, new connections wait", service->name,
		    compute_service_limit(service));
	pause_service(service, true);
}

/* compute_idle_limit - of a connection of a service, in milliseconds */
static uint64_t
compute_idle_limit(const void *owner)
{
	const struct service *service = owner;
	unsigned seconds = service->server->limits.idle_seconds;

	if (service->most_idle > 0 && service->most_idle < seconds)
		seconds = service->most_idle;
	if (seconds < service->least_idle)
		seconds = service->least_idle;
	return seconds * UINT64_C(1000);
}

static void
close_idle_connections(struct server *server)
{
	uint64_t shortest = UINT64_MAX;
	size_t i;

	for (i = 0; i < server->n_services; i++)
		if (compute_idle_limit(&server->services[i]) < shortest)
			shortest = compute_idle_limit(&server->services[i]);
	connections_close_idle(server->connections, compute_idle_limit, shortest);
}

static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct server *server = arg;
	size_t i;

	(void)fd;
	(void)what;
	close_idle_connections(server);
	for (i = 0; i < server->n_services; i++)
		if (server->services[i].paused && !is_service_full(&server->services[i]))
			pause_service(&server->services[i], false);
}

struct server *
server_new(struct event_base *base, const struct server_limits *limits)
{
	struct server *server = xcalloc(1, sizeof(*server));

	server->base = base;
	server->limits = *limits;
	server->tick = event_new(base, -1, EV_PERSIST, on_tick, server);
	if (server->tick == NULL)
		xmalloc_failed("libevent");
	server->connections = connections_new(base);
	event_add(server->tick, &tick_interval);
	SLIST_INIT(&server->listeners);
	return server;
}

static void
close_server_listener(struct server *server, struct server_listener *l)
{
	SLIST_REMOVE(&server->listeners, l, server_listener, next);
	event_del(&l->accept);
	close(l->fd);
	free(l);
}

static void
close_server_listeners(struct server *server)
{
	while (!SLIST_EMPTY(&server->listeners))
		close_server_listener(server, SLIST_FIRST(&server->listeners));
}

void
server_free(struct server **serverp)
{
	struct server *server = *serverp;
	size_t i;

	if (server == NULL)
		return;
	server->drained = NULL;
	close_server_listeners(server);
	connections_free(&server->connections);
	for (i = 0; i < server->n_services; i++)
		connection_kind_end(&server->services[i].kind);
	event_free(server->tick);
	free(server);
	*serverp = NULL;
}

size_t
server_add_service(struct server *server, const char *name, session_open_fn *open, void *arg,
    unsigned least_idle, bool urgent)
{
	struct service *service;

	if (server->n_services == SERVICES_MAX)
		fatalx("more than %d services", SERVICES_MAX);
	service = &server->services[server->n_services];
	service->server = server;
	service->name = name;
	service->kind.open = open;
	service->kind.arg = arg;
	service->kind.urgent = urgent;
	service->kind.left = on_connection_left;
	service->kind.owner = service;
	connection_kind_init(&service->kind, server->base);
	service->least_idle = least_idle;
	return server->n_services++;
}

void
server_limit_service(
    struct server *server, size_t service, unsigned connections, unsigned idle_seconds)
{
	server->services[service].most = connections;
	server->services[service].most_idle = idle_seconds;
}

void
server_set_clients(struct server *server, size_t service, const struct cidr_list *clients)
{
	server->services[service].clients = clients;
}

void
server_add_listener(struct server *server, size_t service, unsigned id, int fd)
{
	struct server_listener *l = xcalloc(1, sizeof(*l));

	l->service = &server->services[service];
	l->id = id;
	l->fd = fd;
	event_assign(&l->accept, server->base, fd, EV_READ | EV_PERSIST, on_acceptable, l);
	event_priority_set(&l->accept, connection_kind_rank(&l->service->kind));
	if (!l->service->paused)
		event_add(&l->accept, NULL);
	SLIST_INSERT_HEAD(&server->listeners, l, next);
}

/*
 * accept_queue - all connections in it, even beyond the limit: closing the socket would reset them
 *
 * It ends at the first error, in general because the queue is empty.
 */
static void
accept_queue(const struct server_listener *l)
{
	int i;

	for (i = 0; i < ENDPOINT_BACKLOG; i++)
		if (!accept_client(l))
			return;
}

void
server_remove_listener(struct server *server, unsigned id)
{
	struct server_listener *l, *next;

	SLIST_FOREACH_SAFE (l, &server->listeners, next, next) {
		if (l->id != id)
			continue;
		accept_queue(l);
		close_server_listener(server, l);
	}
}

unsigned
server_connections(const struct server *server, size_t service)
{
	return server->services[service].kind.n;
}

uint64_t
server_refused(const struct server *server, size_t service)
{
	return server->services[service].refused;
}

void
server_each_listener(
    const struct server *server, size_t service, void (*with)(void *arg, int fd), void *arg)
{
	const struct server_listener *l;

	SLIST_FOREACH (l, &server->listeners, next)
		if (l->service == &server->services[service])
			with(arg, l->fd);
}

void
server_set_limits(struct server *server, const struct server_limits *limits)
{
	server->limits = *limits;
}

void
server_drain(struct server *server, void (*done)(void *arg), void *arg)
{
	close_server_listeners(server);
	connections_drain(server->connections);
	server->drained = done;
	server->drained_arg = arg;
	check_drained(server);
}
