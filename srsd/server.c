/* SPDX-License-Identifier: ISC */
#include <sys/queue.h>
#include <sys/socket.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>
#include <event2/event_struct.h>

#include "common/log.h"
#include "common/xmalloc.h"
#include "srsd/connections.h"
#include "srsd/server.h"

#define SERVICES_MAX 8
#define ACCEPTS_A_TURN 64

/* How often idle connections are looked for and a paused listener tries again. */
static const struct timeval tick_interval = { 1, 0 };

struct service {
	struct server *server;
	const char *name;
	struct client_kind kind;
	unsigned least_idle;
	unsigned most;      /* connections; 0: as many as the server lets each have */
	unsigned most_idle; /* seconds; 0: as long as the server lets each be */
	bool paused;
	struct log_limit warned;
};

struct listener {
	SLIST_ENTRY(listener) next;
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
	SLIST_HEAD(, listener) listeners;
	size_t n_services;
	struct service services[SERVICES_MAX];
	void (*drained)(void *arg);
	void *drained_arg;
};

static void
pause_service(struct service *service, bool pause)
{
	struct listener *l;

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
limit_of(const struct service *service)
{
	unsigned limit = service->server->limits.connections;

	return service->most > 0 && service->most < limit ? service->most : limit;
}

static bool
is_full(const struct service *service)
{
	return service->kind.n >= limit_of(service);
}

static void
check_drained(struct server *server)
{
	if (server->drained != NULL && connections_none(server->connections))
		server->drained(server->drained_arg);
}

/* on_left - a client of a service has gone: there is room for another */
static void
on_left(void *arg)
{
	struct service *service = arg;

	if (service->paused && !is_full(service))
		pause_service(service, false);
	check_drained(service->server);
}

/*
 * accept_failed - an error that will not go away by asking again at once; wait for a tick
 *
 * EINVAL: the socket does not listen any more. It is the monitor's too, which opens it again for
 * the next engine.
 */
static void
accept_failed(struct service *service)
{
	if (errno == EINVAL)
		fatal("%s: accept", service->name);
	if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED)
		return;
	if (log_allows(&service->warned))
		log_warn("%s: accept", service->name);
	pause_service(service, true);
}

static void
on_acceptable(evutil_socket_t fd, short what, void *arg)
{
	struct listener *l = arg;
	struct service *service = l->service;
	int i, client;

	(void)what;
	event_priority_set(&l->accept, client_kind_rank(&service->kind));
	for (i = 0; i < ACCEPTS_A_TURN && !is_full(service); i++) {
		client = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (client == -1) {
			accept_failed(service);
			return;
		}
		connections_add(service->server->connections, &service->kind, client);
	}
	if (!is_full(service))
		return;
	if (log_allows(&service->warned))
		log_warnx("%s: connection-limit of %u reached, new connections wait", service->name,
		    limit_of(service));
	pause_service(service, true);
}

/* patience - milliseconds that a client of a service may say nothing */
static uint64_t
patience(const void *owner)
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
close_idle(struct server *server)
{
	uint64_t least = UINT64_MAX;
	size_t i;

	for (i = 0; i < server->n_services; i++)
		if (patience(&server->services[i]) < least)
			least = patience(&server->services[i]);
	connections_close_idle(server->connections, patience, least);
}

static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct server *server = arg;
	size_t i;

	(void)fd;
	(void)what;
	close_idle(server);
	for (i = 0; i < server->n_services; i++)
		if (server->services[i].paused && !is_full(&server->services[i]))
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
		fatalx("no memory for the server");
	server->connections = connections_new(base);
	event_add(server->tick, &tick_interval);
	SLIST_INIT(&server->listeners);
	return server;
}

static void
close_listener(struct server *server, struct listener *l)
{
	SLIST_REMOVE(&server->listeners, l, listener, next);
	event_del(&l->accept);
	close(l->fd);
	free(l);
}

static void
close_listeners(struct server *server)
{
	while (!SLIST_EMPTY(&server->listeners))
		close_listener(server, SLIST_FIRST(&server->listeners));
}

void
server_free(struct server **serverp)
{
	struct server *server = *serverp;
	size_t i;

	if (server == NULL)
		return;
	server->drained = NULL;
	close_listeners(server);
	connections_free(&server->connections);
	for (i = 0; i < server->n_services; i++)
		client_kind_end(&server->services[i].kind);
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
	service->kind.left = on_left;
	service->kind.owner = service;
	client_kind_init(&service->kind, server->base);
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
server_add_listener(struct server *server, size_t service, unsigned id, int fd)
{
	struct listener *l = xcalloc(1, sizeof(*l));

	l->service = &server->services[service];
	l->id = id;
	l->fd = fd;
	event_assign(&l->accept, server->base, fd, EV_READ | EV_PERSIST, on_acceptable, l);
	event_priority_set(&l->accept, client_kind_rank(&l->service->kind));
	if (!l->service->paused)
		event_add(&l->accept, NULL);
	SLIST_INSERT_HEAD(&server->listeners, l, next);
}

void
server_remove_listener(struct server *server, unsigned id)
{
	struct listener *l, *next;

	SLIST_FOREACH_SAFE (l, &server->listeners, next, next)
		if (l->id == id)
			close_listener(server, l);
}

unsigned
server_connections(const struct server *server, size_t service)
{
	return server->services[service].kind.n;
}

void
server_each_listener(
    const struct server *server, size_t service, void (*with)(void *arg, int fd), void *arg)
{
	const struct listener *l;

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
	close_listeners(server);
	connections_drain(server->connections);
	server->drained = done;
	server->drained_arg = arg;
	check_drained(server);
}
