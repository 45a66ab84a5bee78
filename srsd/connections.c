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
#include "srsd/connections.h"
#include "srsd/priority.h"

#define READ_SIZE (16 * 1024)

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

struct connection {
	TAILQ_ENTRY(connection) next; /* in the order of last activity */
	struct connections *connections;
	struct client_kind *kind;
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

struct connections {
	struct event_base *base;
	struct event *newcomers;
	struct buffer reply; /* of the call that runs; empty between calls */
	struct event *flush; /* active while there is something unsent */
	size_t n_unsent;
	struct unsent unsent[UNSENT_MAX];
	TAILQ_HEAD(, connection) list;
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

/* rank_at - (enum priority) of a client that is served now, for the next time it comes */
static int
rank_at(struct client_kind *kind, uint64_t now)
{
	return kind->urgent ? precedence_next(&kind->precedence, now) : PRIORITY_REQUESTS;
}

void
client_kind_init(struct client_kind *kind, struct event_base *base)
{
	precedence_init(&kind->precedence, base);
}

void
client_kind_end(struct client_kind *kind)
{
	precedence_end(&kind->precedence);
}

int
client_kind_rank(struct client_kind *kind)
{
	return rank_at(kind, milliseconds());
}

static void
connection_close(struct connection *c)
{
	struct client_kind *kind = c->kind;

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
	TAILQ_REMOVE(&c->connections->list, c, next);
	free(c->in);
	free(c);
	kind->n--;
	kind->left(kind->owner);
}

static void
touch(struct connection *c)
{
	struct connections *connections = c->connections;

	c->active = milliseconds();
	event_priority_set(&c->read, rank_at(c->kind, c->active));
	if (TAILQ_NEXT(c, next) != NULL) {
		TAILQ_REMOVE(&connections->list, c, next);
		TAILQ_INSERT_TAIL(&connections->list, c, next);
	}
}

/* assign - make an event of a connection, not pending */
static void
assign(struct connection *c, struct event *event, short what, event_callback_fn callback)
{
	event_assign(event, c->connections->base, c->fd, (short)(what | EV_PERSIST), callback, c);
	event_priority_set(event, rank_at(c->kind, c->active));
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
flush(struct connections *connections)
{
	size_t i;

	for (i = 0; i < connections->n_unsent; i++)
		if (connections->unsent[i].connection != NULL)
			send_unsent(connections->unsent[i].connection);
	connections->n_unsent = 0;
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
	struct connections *connections = c->connections;

	if (c->kind->urgent || c->closing || reply->len > UNSENT_ONE)
		return false;
	if (connections->n_unsent == UNSENT_MAX)
		flush(connections);
	if (connections->n_unsent == 0)
		event_active(connections->flush, EV_TIMEOUT, 0);
	c->unsent = &connections->unsent[connections->n_unsent++];
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
	struct buffer *reply = &c->connections->reply;
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
	struct connections *connections = c->connections;
	ssize_t n;

	(void)what;
	if (c->state == SESSION_BUSY) {
		notice(c);
		return;
	}
	n = recv(fd, connections->buffer, sizeof(connections->buffer), 0);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		connection_close(c);
		return;
	}
	c->used = true;
	touch(c);
	feed_more(c, connections->buffer, (size_t)n);
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

void
connections_add(struct connections *connections, struct client_kind *kind, int fd)
{
	struct connection *c = xcalloc(1, sizeof(*c));

	c->connections = connections;
	c->kind = kind;
	c->fd = fd;
	c->state = SESSION_READING;
	c->host.wake = wake;
	c->host.arg = c;
	c->session = kind->open(kind->arg, &c->host);
	c->active = milliseconds();
	assign(c, &c->read, EV_READ, on_readable);
	assign(c, &c->write, EV_WRITE, on_writable);
	event_add(&c->read, NULL);
	TAILQ_INSERT_TAIL(&connections->list, c, next);
	kind->n++;
}

struct connections *
connections_new(struct event_base *base)
{
	struct connections *connections = xcalloc(1, sizeof(*connections));

	connections->base = base;
	connections->flush = event_new(base, -1, 0, on_flush, connections);
	connections->newcomers = evtimer_new(base, on_newcomers, connections);
	if (connections->flush == NULL || connections->newcomers == NULL)
		fatalx("out of memory");
	/* Behind the requests that are ready: an event of higher rank would end their turn. */
	event_priority_set(connections->flush, PRIORITY_REQUESTS);
	TAILQ_INIT(&connections->list);
	return connections;
}

void
connections_free(struct connections **connectionsp)
{
	struct connections *connections = *connectionsp;
	struct connection *c;

	if (connections == NULL)
		return;
	while ((c = TAILQ_FIRST(&connections->list)) != NULL)
		connection_close(c);
	event_free(connections->newcomers);
	event_free(connections->flush);
	buffer_free(&connections->reply);
	free(connections);
	*connectionsp = NULL;
}

bool
connections_none(const struct connections *connections)
{
	return TAILQ_EMPTY(&connections->list);
}

void
connections_close_idle(
    struct connections *connections, uint64_t (*patience)(const void *owner), uint64_t least)
{
	uint64_t now = milliseconds();
	struct connection *c, *next;

	TAILQ_FOREACH_SAFE (c, &connections->list, next, next) {
		if (now - c->active < least)
			break;
		if (c->state != SESSION_BUSY && now - c->active >= patience(c->kind->owner))
			connection_close(c);
	}
}

/* on_newcomers - those who have still sent nothing have waited long enough */
static void
on_newcomers(evutil_socket_t fd, short what, void *arg)
{
	struct connections *connections = arg;
	struct connection *c, *next;

	(void)fd;
	(void)what;
	TAILQ_FOREACH_SAFE (c, &connections->list, next, next)
		if (c->closing && !c->used)
			connection_close(c);
}

static bool
wait_for_newcomer(struct connections *connections)
{
	return evtimer_pending(connections->newcomers, NULL) ||
	       evtimer_add(connections->newcomers, &newcomers_wait) == 0;
}

/* say_goodbye - answer what has arrived already, then close as soon as nothing is owed */
static void
say_goodbye(struct connection *c)
{
	ssize_t n = 0;

	c->closing = true;
	if (!c->used && wait_for_newcomer(c->connections))
		return;
	if (!send_unsent(c) || c->state == SESSION_BUSY || c->out != NULL)
		return;
	n = recv(c->fd, c->connections->buffer, READ_SIZE, 0);
	if (n > 0)
		feed_more(c, c->connections->buffer, (size_t)n);
	else
		connection_close(c);
}

void
connections_drain(struct connections *connections)
{
	struct connection *c, *next;

	TAILQ_FOREACH_SAFE (c, &connections->list, next, next)
		say_goodbye(c);
}
