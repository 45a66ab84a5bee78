/* SPDX-License-Identifier: ISC */
#include <sys/queue.h>
#include <sys/socket.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/event_struct.h>

#include "common/buffer.h"
#include "common/log.h"
#include "common/xmalloc.h"
#include "srsd/precedence.h"
#include "srsd/server.h"

#define SERVICES_MAX 8
#define READ_SIZE (16 * 1024)
#define ACCEPTS_A_TURN 64

/* How often idle connections are looked for and a paused listener tries again. */
static const struct timeval tick_interval = { 1, 0 };

struct service {
	struct server *server;
	const char *name;
	session_open_fn *open;
	void *arg;
	unsigned least_idle;
	unsigned most;      /* connections; 0: as many as the server lets each have */
	unsigned most_idle; /* seconds; 0: as long as the server lets each be */
	bool urgent;
	struct precedence precedence; /* of an urgent one */
	unsigned connections;
	bool paused;
	struct log_limit warned;
};

/*
 * Replies of one turn of the loop, kept until the turn is over: clients that are woken one after
 * the other, each as soon as its reply is there, cost as much as the replies. Urgent services do
 * not wait for that.
 */
#define UNSENT_MAX 256
#define UNSENT_ONE 2048 /* bytes; longer replies go at once */

struct unsent {
	struct connection *connection; /* NULL: it is gone */
	size_t len;
	char text[UNSENT_ONE];
};

struct listener {
	SLIST_ENTRY(listener) next;
	struct service *service;
	unsigned id;
	int fd;
	struct event accept;
};

struct connection {
	TAILQ_ENTRY(connection) next; /* in the order of last activity */
	struct service *service;
	struct session *session;
	struct session_host host;
	int fd;
	enum session_state state;
	bool closing; /* as soon as out is empty */
	bool used;    /* it has sent something */
	uint64_t active;
	struct event read; /* EV_READ; on_closed's while busy, when more has come already */
	bool deaf;         /* it is on_closed's */
	struct event write;
	struct evbuffer *out; /* NULL while nothing waits to be sent */
	char *in;             /* what the session has left */
	size_t in_len;
	struct unsent *unsent; /* a reply that goes out at the end of the turn, or NULL */
};

struct server {
	struct event_base *base;
	struct server_limits limits;
	struct event *tick;
	struct event *newcomers;
	struct buffer reply; /* of the call that runs; empty between calls */
	struct event *flush; /* active while there is something unsent */
	size_t n_unsent;
	struct unsent unsent[UNSENT_MAX];
	SLIST_HEAD(, listener) listeners;
	TAILQ_HEAD(, connection) connections;
	size_t n_services;
	struct service services[SERVICES_MAX];
	void (*drained)(void *arg);
	void *drained_arg;
	char buffer[READ_SIZE];
};

/*
 * When we stop, a client that has connected and sent nothing yet gets this long: its request is on
 * the way, and would find a connection that was accepted and closed.
 */
static const struct timeval newcomers_wait = { 0, 250000 };

static void on_readable(evutil_socket_t, short, void *);
static void on_writable(evutil_socket_t, short, void *);
static void on_closed(evutil_socket_t, short, void *);
static void on_newcomers(evutil_socket_t, short, void *);

static uint64_t
milliseconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* next_priority - (enum priority) of a client that is served now, for the next time it comes */
static int
next_priority(struct service *service, uint64_t now)
{
	return service->urgent ? precedence_next(&service->precedence, now) : PRIORITY_REQUESTS;
}

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
	return service->connections >= limit_of(service);
}

static void
check_drained(struct server *server)
{
	if (server->drained != NULL && TAILQ_EMPTY(&server->connections))
		server->drained(server->drained_arg);
}

static void
connection_close(struct connection *c)
{
	struct service *service = c->service;
	struct server *server = service->server;

	if (c->unsent != NULL) {
		(void)send(c->fd, c->unsent->text, c->unsent->len, MSG_NOSIGNAL);
		c->unsent->connection = NULL;
	}
	c->session->ops->close(c->session);
	event_del(&c->read);
	if (c->out != NULL) {
		event_del(&c->write);
		evbuffer_free(c->out);
	}
	close(c->fd);
	TAILQ_REMOVE(&server->connections, c, next);
	free(c->in);
	free(c);
	service->connections--;
	if (service->paused && !is_full(service))
		pause_service(service, false);
	check_drained(server);
}

static void
touch(struct connection *c)
{
	struct server *server = c->service->server;

	c->active = milliseconds();
	event_priority_set(&c->read, next_priority(c->service, c->active));
	if (TAILQ_NEXT(c, next) != NULL) {
		TAILQ_REMOVE(&server->connections, c, next);
		TAILQ_INSERT_TAIL(&server->connections, c, next);
	}
}

/* assign - make an event of a connection, not pending */
static void
assign(struct connection *c, struct event *event, short what, event_callback_fn callback)
{
	event_assign(
	    event, c->service->server->base, c->fd, (short)(what | EV_PERSIST), callback, c);
	event_priority_set(event, next_priority(c->service, c->active));
}

/*
 * watch - wait for the client's bytes, or, while it waits for us, for its going away alone
 *
 * libevent tells a reset as EV_READ, never as EV_CLOSED; what is not asked for is not told, but
 * wakes the loop again and again. Bytes that are there already must not do so: so it is EV_ET.
 */
static void
watch(struct connection *c, bool deaf)
{
	event_del(&c->read);
	c->deaf = deaf;
	if (deaf)
		assign(c, &c->read, EV_CLOSED | EV_READ | EV_ET, on_closed);
	else
		assign(c, &c->read, EV_READ, on_readable);
	event_add(&c->read, NULL);
}

static void
set_state(struct connection *c, enum session_state state)
{
	c->state = state;
	if (state == SESSION_CLOSE)
		c->closing = true;
	if (state != SESSION_BUSY && c->deaf && c->out == NULL)
		watch(c, false);
}

/* keep - remember what the session has not used; data may lie in c->in itself */
static void
keep(struct connection *c, const char *data, size_t len)
{
	if (len == 0) {
		free(c->in);
		c->in = NULL;
	} else if (c->in == NULL) {
		c->in = xmalloc(len);
		/* data is not NULL. NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker) */
		memcpy(c->in, data, len);
	} else {
		memmove(c->in, data, len);
	}
	c->in_len = len;
}

/*
 * send_now - write as much as the client takes; the rest waits in c->out
 *
 * Returns false when the connection is gone.
 */
static bool
send_now(struct connection *c, const char *data, size_t len)
{
	ssize_t n = send(c->fd, data, len, MSG_NOSIGNAL);

	if (n == -1 && errno != EAGAIN && errno != EINTR) {
		connection_close(c);
		return false;
	}
	if (n == -1)
		n = 0;
	if ((size_t)n < len) {
		c->out = evbuffer_new();
		evbuffer_add(c->out, data + n, len - (size_t)n);
		event_del(&c->read);
		event_add(&c->write, NULL);
	}
	return true;
}

/* send_unsent - what was kept for a client; false when the connection is gone */
static bool
send_unsent(struct connection *c)
{
	struct unsent *unsent = c->unsent;

	if (unsent == NULL)
		return true;
	c->unsent = NULL;
	unsent->connection = NULL;
	return send_now(c, unsent->text, unsent->len);
}

/* flush - send what was kept in this turn */
static void
flush(struct server *server)
{
	size_t i;

	for (i = 0; i < server->n_unsent; i++)
		if (server->unsent[i].connection != NULL)
			send_unsent(server->unsent[i].connection);
	server->n_unsent = 0;
}

static void
on_flush(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	flush(arg);
}

/* keep_unsent - the reply until the end of the turn; false when it has to go now */
static bool
keep_unsent(struct connection *c, const struct buffer *reply)
{
	struct server *server = c->service->server;

	if (c->service->urgent || c->closing || reply->len > UNSENT_ONE)
		return false;
	if (server->n_unsent == UNSENT_MAX)
		flush(server);
	if (server->n_unsent == 0)
		event_active(server->flush, EV_TIMEOUT, 0);
	c->unsent = &server->unsent[server->n_unsent++];
	c->unsent->connection = c;
	c->unsent->len = reply->len;
	memcpy(c->unsent->text, reply->data, reply->len);
	return true;
}

/* send_replies - what the session has said; false when the connection is gone */
static bool
send_replies(struct connection *c, const struct buffer *reply)
{
	if ((reply->len > 0 || c->closing) && !send_unsent(c))
		return false;
	if (c->out != NULL) {
		evbuffer_add(c->out, reply->data, reply->len);
		return true;
	}
	if (reply->len > 0 && keep_unsent(c, reply))
		return true;
	if (reply->len > 0 && !send_now(c, reply->data, reply->len))
		return false;
	if (c->out != NULL)
		return true;
	if (c->closing && c->state != SESSION_BUSY) {
		connection_close(c);
		return false;
	}
	return true;
}

/* feed - hand bytes to the session and send what it answers; false when the connection is gone */
static bool
feed(struct connection *c, const char *data, size_t len)
{
	struct buffer *reply = &c->service->server->reply;
	size_t used = 0;
	bool here;

	set_state(c, c->session->ops->input(c->session, data, len, &used, reply));
	keep(c, data + used, len - used);
	here = send_replies(c, reply);
	buffer_clear(reply);
	return here;
}

/* feed_more - the same, behind what the session has left */
static bool
feed_more(struct connection *c, const char *data, size_t len)
{
	if (c->in == NULL)
		return feed(c, data, len);
	c->in = xreallocarray(c->in, c->in_len + len, 1);
	memcpy(c->in + c->in_len, data, len);
	c->in_len += len;
	return feed(c, c->in, c->in_len);
}

/*
 * notice - something came from a client that waits for its answer: its end, or more
 *
 * Postfix sends nothing more, and so it costs nothing to go on watching for it until that happens.
 */
static void
notice(struct connection *c)
{
	char byte;
	ssize_t n = recv(c->fd, &byte, 1, MSG_PEEK);

	if (n > 0)
		watch(c, true);
	else if (n == 0 || (errno != EAGAIN && errno != EINTR))
		connection_close(c);
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct connection *c = arg;
	struct server *server = c->service->server;
	ssize_t n;

	(void)what;
	if (c->state == SESSION_BUSY) {
		notice(c);
		return;
	}
	n = recv(fd, server->buffer, sizeof(server->buffer), 0);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		connection_close(c);
		return;
	}
	c->used = true;
	touch(c);
	feed_more(c, server->buffer, (size_t)n);
}

/* has_failed - was the connection reset? */
static bool
has_failed(int fd)
{
	int error = 0;
	socklen_t len = sizeof(error);

	return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == -1 || error != 0;
}

/* on_closed - the client does not wait for its answer any more, or has sent still more */
static void
on_closed(evutil_socket_t fd, short what, void *arg)
{
	if (what & EV_CLOSED || has_failed(fd))
		connection_close(arg);
}

static void
on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct connection *c = arg;

	(void)what;
	if (evbuffer_write(c->out, fd) == -1) {
		if (errno != EAGAIN && errno != EINTR)
			connection_close(c);
		return;
	}
	touch(c);
	if (evbuffer_get_length(c->out) > 0)
		return;
	event_del(&c->write);
	evbuffer_free(c->out);
	c->out = NULL;
	if (c->closing && c->state != SESSION_BUSY)
		connection_close(c);
	else
		watch(c, false);
}

/* wake - a session's answer is ready: let it say it, and go on with what it has left */
static void
wake(void *arg)
{
	struct connection *c = arg;

	touch(c);
	feed(c, c->in == NULL ? "" : c->in, c->in_len);
}

static void
connection_open(struct service *service, int fd)
{
	struct server *server = service->server;
	struct connection *c = xcalloc(1, sizeof(*c));

	c->service = service;
	c->fd = fd;
	c->state = SESSION_READING;
	c->host.wake = wake;
	c->host.arg = c;
	c->session = service->open(service->arg, &c->host);
	c->active = milliseconds();
	assign(c, &c->read, EV_READ, on_readable);
	assign(c, &c->write, EV_WRITE, on_writable);
	event_add(&c->read, NULL);
	TAILQ_INSERT_TAIL(&server->connections, c, next);
	service->connections++;
}

/* accept_failed - an error that will not go away by asking again at once; wait for a tick */
static void
accept_failed(struct service *service)
{
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
	event_priority_set(&l->accept, next_priority(service, milliseconds()));
	for (i = 0; i < ACCEPTS_A_TURN && !is_full(service); i++) {
		client = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (client == -1) {
			accept_failed(service);
			return;
		}
		connection_open(service, client);
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
patience(const struct service *service)
{
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
	uint64_t now = milliseconds(), least = UINT64_MAX;
	struct connection *c, *next;
	size_t i;

	for (i = 0; i < server->n_services; i++)
		if (patience(&server->services[i]) < least)
			least = patience(&server->services[i]);
	TAILQ_FOREACH_SAFE (c, &server->connections, next, next) {
		if (now - c->active < least)
			break;
		if (c->state != SESSION_BUSY && now - c->active >= patience(c->service))
			connection_close(c);
	}
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
	server->flush = event_new(base, -1, 0, on_flush, server);
	server->newcomers = evtimer_new(base, on_newcomers, server);
	if (server->tick == NULL || server->flush == NULL || server->newcomers == NULL)
		fatalx("no memory for the server");
	/* Behind the requests that are ready: an event of higher rank would end their turn. */
	event_priority_set(server->flush, PRIORITY_REQUESTS);
	event_add(server->tick, &tick_interval);
	SLIST_INIT(&server->listeners);
	TAILQ_INIT(&server->connections);
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
	struct connection *c;
	size_t i;

	if (server == NULL)
		return;
	server->drained = NULL;
	close_listeners(server);
	while ((c = TAILQ_FIRST(&server->connections)) != NULL)
		connection_close(c);
	for (i = 0; i < server->n_services; i++)
		precedence_end(&server->services[i].precedence);
	event_free(server->tick);
	event_free(server->newcomers);
	event_free(server->flush);
	buffer_free(&server->reply);
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
	service->open = open;
	service->arg = arg;
	service->least_idle = least_idle;
	service->urgent = urgent;
	precedence_init(&service->precedence, server->base);
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
	event_priority_set(&l->accept, next_priority(l->service, milliseconds()));
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
	return server->services[service].connections;
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

/* on_newcomers - those who have still sent nothing have waited long enough */
static void
on_newcomers(evutil_socket_t fd, short what, void *arg)
{
	struct server *server = arg;
	struct connection *c, *next;

	(void)fd;
	(void)what;
	TAILQ_FOREACH_SAFE (c, &server->connections, next, next)
		if (c->closing && !c->used)
			connection_close(c);
}

static bool
wait_for_newcomer(struct server *server)
{
	return evtimer_pending(server->newcomers, NULL) ||
	       evtimer_add(server->newcomers, &newcomers_wait) == 0;
}

/* say_goodbye - answer what has arrived already, then close as soon as nothing is owed */
static void
say_goodbye(struct connection *c)
{
	ssize_t n = 0;

	c->closing = true;
	if (!c->used && wait_for_newcomer(c->service->server))
		return;
	if (!send_unsent(c) || c->state == SESSION_BUSY || c->out != NULL)
		return;
	n = recv(c->fd, c->service->server->buffer, READ_SIZE, 0);
	if (n > 0)
		feed_more(c, c->service->server->buffer, (size_t)n);
	else
		connection_close(c);
}

void
server_drain(struct server *server, void (*done)(void *arg), void *arg)
{
	struct connection *c, *next;

	close_listeners(server);
	TAILQ_FOREACH_SAFE (c, &server->connections, next, next)
		say_goodbye(c);
	server->drained = done;
	server->drained_arg = arg;
	check_drained(server);
}
