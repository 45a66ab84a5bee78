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
#include "common/xmalloc.h"
#include "srsd/connections.h"
#include "srsd/priority.h"

#define READ_SIZE (16 * 1024)

/*
 * Replies that wait for the end of a turn of the loop: waking each client as soon as its reply is
 * ready costs as much as making the replies. Only the first few of a turn are sent together before
 * its end, so that their clients work while the other replies are made. A client that has
 * precedence does not wait.
 */
#define PENDING_EARLY 4
#define PENDING_MAX 256
#define PENDING_SIZE 2048 /* bytes; a longer reply is sent immediately */

struct pending_reply {
	struct connection *connection; /* NULL: sent, or the connection is closed */
	size_t len;
	char text[PENDING_SIZE];
};

struct connection {
	TAILQ_ENTRY(connection) next; /* by last activity */
	struct connections *connections;
	struct connection_kind *kind;
	struct session *session;
	struct session_host host;
	int fd;
	enum session_state state;
	bool closing;         /* when out is empty and the session is not busy */
	bool used;            /* the client has sent something */
	bool paused;          /* no bytes are read: `closed` is watched instead of `read` */
	uint64_t active;      /* time of the last activity, in milliseconds */
	struct event read;    /* bytes of the client */
	struct event closed;  /* the client has closed or reset the connection */
	struct event write;   /* room for more of out */
	struct evbuffer *out; /* the rest of a reply, or NULL */
	char *in;             /* input that the session has not used */
	size_t in_len;
	struct pending_reply *pending; /* or NULL */
};

struct connections {
	struct event_base *base;
	struct event *idle_new; /* the end of idle_new_wait */
	struct buffer reply;    /* of the call in progress; empty between calls */
	struct event *turn_end; /* active while replies are pending */
	size_t n_pending;
	size_t pending_limit; /* until they are sent: PENDING_EARLY, later in a turn PENDING_MAX */
	struct pending_reply pending[PENDING_MAX];
	TAILQ_HEAD(, connection) list;
	char buffer[READ_SIZE];
};

/*
 * The time that a new connection without a request gets when srsd stops: the request is probably on
 * its way, and the client should not find a connection closed that was just accepted.
 */
static const struct timeval idle_new_wait = { 0, 250000 };

static uint64_t
read_coarse_clock(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* count_turn - count a turn of a client now; returns the rank (enum priority) of its next one */
static int
count_turn(struct connection_kind *kind, uint64_t now)
{
	return kind->urgent ? precedence_next(&kind->precedence, now) : PRIORITY_REQUESTS;
}

void
connection_kind_init(struct connection_kind *kind, struct event_base *base)
{
	precedence_init(&kind->precedence, base);
}

void
connection_kind_end(struct connection_kind *kind)
{
	precedence_end(&kind->precedence);
}

int
connection_kind_rank(struct connection_kind *kind)
{
	return count_turn(kind, read_coarse_clock());
}

/* watched_event - the event of the client's side */
static struct event *
watched_event(struct connection *c)
{
	return c->paused ? &c->closed : &c->read;
}

static void
close_connection(struct connection *c)
{
	struct connection_kind *kind = c->kind;

	if (c->pending != NULL) {
		(void)send(c->fd, c->pending->text, c->pending->len, MSG_NOSIGNAL);
		c->pending->connection = NULL;
	}
	c->session->ops->close(c->session);
	event_del(watched_event(c));
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
mark_active(struct connection *c)
{
	struct connections *connections = c->connections;

	c->active = read_coarse_clock();
	event_priority_set(watched_event(c), count_turn(c->kind, c->active));
	if (TAILQ_NEXT(c, next) != NULL) {
		TAILQ_REMOVE(&connections->list, c, next);
		TAILQ_INSERT_TAIL(&connections->list, c, next);
	}
}

/*
 * watch_connection - wait for the client's bytes, or, while it waits for a reply, only for its end
 *
 * libevent reports a reset as EV_READ, never as EV_CLOSED. An event that is not requested is not
 * reported, but wakes the loop again and again. With EV_ET, bytes that have already arrived do not
 * wake it.
 */
static void
watch_connection(struct connection *c, bool paused)
{
	event_del(watched_event(c));
	c->paused = paused;
	event_priority_set(watched_event(c), count_turn(c->kind, c->active));
	event_add(watched_event(c), NULL);
}

static void
set_session_state(struct connection *c, enum session_state state)
{
	c->state = state;
	if (state == SESSION_CLOSE)
		c->closing = true;
	if (state != SESSION_BUSY && c->paused && c->out == NULL)
		watch_connection(c, false);
}

/* keep_unused_input - data may be part of c->in */
static void
keep_unused_input(struct connection *c, const char *data, size_t len)
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

/* try_send - write as much as the socket accepts, the rest later; false: the connection is broken */
static bool
try_send(struct connection *c, const char *data, size_t len)
{
	ssize_t n = send(c->fd, data, len, MSG_NOSIGNAL);

	if (n == -1 && errno != EAGAIN && errno != EINTR)
		return false;
	if (n == -1)
		n = 0;
	if ((size_t)n < len) {
		c->out = evbuffer_new();
		evbuffer_add(c->out, data + n, len - (size_t)n);
		event_del(watched_event(c));
		event_add(&c->write, NULL);
	}
	return true;
}

/* send_now - the same; false: it is closed */
static bool
send_now(struct connection *c, const char *data, size_t len)
{
	if (try_send(c, data, len))
		return true;
	close_connection(c);
	return false;
}

/* send_pending_reply - if there is one; false if the connection is closed */
static bool
send_pending_reply(struct connection *c)
{
	struct pending_reply *pending = c->pending;

	if (pending == NULL)
		return true;
	c->pending = NULL;
	pending->connection = NULL;
	return send_now(c, pending->text, pending->len);
}

static void
send_pending_replies(struct connections *connections)
{
	size_t i;

	for (i = 0; i < connections->n_pending; i++)
		if (connections->pending[i].connection != NULL)
			send_pending_reply(connections->pending[i].connection);
	connections->n_pending = 0;
}

/*
 * send_early - the pending replies, in the middle of a turn
 *
 * What calls a session may be going through a list of requests, so the others must stay as they are:
 * a connection that is broken keeps its reply, and is closed at the end of the turn.
 */
static void
send_early(struct connections *connections)
{
	struct pending_reply *pending = connections->pending,
			     *end = pending + connections->n_pending;
	struct connection *c;

	connections->n_pending = 0;
	for (; pending < end; pending++) {
		c = pending->connection;
		if (c == NULL)
			continue;
		c->pending = NULL;
		if (!try_send(c, pending->text, pending->len)) {
			c->pending = &connections->pending[connections->n_pending++];
			memmove(c->pending, pending, sizeof(*pending));
		}
	}
}

static void
on_turn_end(evutil_socket_t fd, short what, void *arg)
{
	struct connections *connections = arg;

	(void)fd;
	(void)what;
	send_pending_replies(connections);
	connections->pending_limit = PENDING_EARLY;
}

/* has_precedence - true if the next turn of the client goes before those of other services */
static bool
has_precedence(struct connection *c)
{
	return event_get_priority(watched_event(c)) == PRIORITY_LOOKUPS;
}

/* add_pending_reply - until the end of the turn; false if it must be sent immediately */
static bool
add_pending_reply(struct connection *c, const struct buffer *reply)
{
	struct connections *connections = c->connections;

	if (has_precedence(c) || c->closing || reply->len > PENDING_SIZE)
		return false;
	if (connections->n_pending == connections->pending_limit) {
		send_early(connections);
		connections->pending_limit = PENDING_MAX;
	}
	if (connections->n_pending == PENDING_MAX)
		return false;
	if (connections->n_pending == 0)
		event_active(connections->turn_end, EV_TIMEOUT, 0);
	c->pending = &connections->pending[connections->n_pending++];
	c->pending->connection = c;
	c->pending->len = reply->len;
	memcpy(c->pending->text, reply->data, reply->len);
	return true;
}

/* has_unanswered - are there requests that the session has been given, and has not answered? */
static bool
has_unanswered(const struct connection *c)
{
	return c->state == SESSION_BUSY || c->state == SESSION_MORE;
}

/* send_replies - now or later; false if the connection is closed */
static bool
send_replies(struct connection *c, const struct buffer *reply)
{
	if ((reply->len > 0 || c->closing) && !send_pending_reply(c))
		return false;
	if (c->out != NULL) {
		evbuffer_add(c->out, reply->data, reply->len);
		return true;
	}
	if (reply->len > 0 && add_pending_reply(c, reply))
		return true;
	if (reply->len > 0 && !send_now(c, reply->data, reply->len))
		return false;
	if (c->out != NULL)
		return true;
	if (c->closing && !has_unanswered(c)) {
		close_connection(c);
		return false;
	}
	return true;
}

/*
 * continue_later - a session with more requests gets its next turn after those of the others, and
 * not before its replies are sent
 */
static void
continue_later(struct connection *c)
{
	if (c->state == SESSION_MORE && c->out == NULL)
		event_active(&c->read, EV_READ, 0);
}

/* feed_session - pass input to the session and send its replies; false: it is closed */
static bool
feed_session(struct connection *c, const char *data, size_t len)
{
	struct buffer *reply = &c->connections->reply;
	size_t used = 0;
	bool open;

	set_session_state(c, c->session->ops->input(c->session, data, len, &used, reply));
	keep_unused_input(c, data + used, len - used);
	open = send_replies(c, reply);
	buffer_clear(reply);
	if (open)
		continue_later(c);
	return open;
}

/* feed_more_input - the same, after the input that the session has not used */
static bool
feed_more_input(struct connection *c, const char *data, size_t len)
{
	if (c->in == NULL)
		return feed_session(c, data, len);
	c->in = xreallocarray(c->in, c->in_len + len, 1);
	memcpy(c->in + c->in_len, data, len);
	c->in_len += len;
	return feed_session(c, c->in, c->in_len);
}

/*
 * on_peer_event - a client that waits for a reply has closed the connection, or sent more
 *
 * Postfix sends nothing while it waits. So reading is paused only when a client does send more,
 * which saves a system call for each request.
 */
static void
on_peer_event(struct connection *c)
{
	char byte;
	ssize_t n = recv(c->fd, &byte, 1, MSG_PEEK);

	if (n > 0)
		watch_connection(c, true);
	else if (n == 0 || (errno != EAGAIN && errno != EINTR))
		close_connection(c);
}

/* resume_session - let it reply to a request that is ready, and go on with the unused input */
static void
resume_session(void *arg)
{
	struct connection *c = arg;

	mark_active(c);
	feed_session(c, c->in == NULL ? "" : c->in, c->in_len);
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct connection *c = arg;
	struct connections *connections = c->connections;
	ssize_t n;

	(void)what;
	if (c->state == SESSION_BUSY) {
		on_peer_event(c);
		return;
	}
	if (c->state == SESSION_MORE) {
		resume_session(c);
		return;
	}
	n = recv(fd, connections->buffer, sizeof(connections->buffer), 0);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		close_connection(c);
		return;
	}
	c->used = true;
	mark_active(c);
	feed_more_input(c, connections->buffer, (size_t)n);
}

/* has_socket_error - true if the connection was reset */
static bool
has_socket_error(int fd)
{
	int error = 0;
	socklen_t len = sizeof(error);

	return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == -1 || error != 0;
}

/* on_closed - the client no longer waits for its reply, or has sent even more */
static void
on_closed(evutil_socket_t fd, short what, void *arg)
{
	if (what & EV_CLOSED || has_socket_error(fd))
		close_connection(arg);
}

static void
on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct connection *c = arg;

	(void)what;
	if (evbuffer_write(c->out, fd) == -1) {
		if (errno != EAGAIN && errno != EINTR)
			close_connection(c);
		return;
	}
	mark_active(c);
	if (evbuffer_get_length(c->out) > 0)
		return;
	event_del(&c->write);
	evbuffer_free(c->out);
	c->out = NULL;
	if (c->closing && !has_unanswered(c)) {
		close_connection(c);
		return;
	}
	watch_connection(c, false);
	continue_later(c);
}

void
connections_free(struct connections **connectionsp)
{
	struct connections *connections = *connectionsp;
	struct connection *c;

	if (connections == NULL)
		return;
	while ((c = TAILQ_FIRST(&connections->list)) != NULL)
		close_connection(c);
	event_free(connections->idle_new);
	event_free(connections->turn_end);
	buffer_free(&connections->reply);
	free(connections);
	*connectionsp = NULL;
}

bool
connections_are_empty(const struct connections *connections)
{
	return TAILQ_EMPTY(&connections->list);
}

void
connections_close_idle(
    struct connections *connections, uint64_t (*idle_limit)(const void *owner), uint64_t shortest)
{
	uint64_t now = read_coarse_clock();
	struct connection *c, *next;

	TAILQ_FOREACH_SAFE (c, &connections->list, next, next) {
		if (now - c->active < shortest)
			break;
		if (c->state != SESSION_BUSY && now - c->active >= idle_limit(c->kind->owner))
			close_connection(c);
	}
}

/* on_idle_new_wait - close new connections that still have not sent a request */
static void
on_idle_new_wait(evutil_socket_t fd, short what, void *arg)
{
	struct connections *connections = arg;
	struct connection *c, *next;

	(void)fd;
	(void)what;
	TAILQ_FOREACH_SAFE (c, &connections->list, next, next)
		if (c->closing && !c->used)
			close_connection(c);
}

/* wait_for_idle_new - false if that is not possible */
static bool
wait_for_idle_new(struct connections *connections)
{
	return evtimer_pending(connections->idle_new, NULL) ||
	       evtimer_add(connections->idle_new, &idle_new_wait) == 0;
}

/* drain_connection - answer the requests that have arrived, then close */
static void
drain_connection(struct connection *c)
{
	ssize_t n = 0;

	c->closing = true;
	if (!c->used && wait_for_idle_new(c->connections))
		return;
	if (!send_pending_reply(c) || has_unanswered(c) || c->out != NULL)
		return;
	n = recv(c->fd, c->connections->buffer, READ_SIZE, 0);
	if (n > 0)
		feed_more_input(c, c->connections->buffer, (size_t)n);
	else
		close_connection(c);
}

void
connections_drain(struct connections *connections)
{
	struct connection *c, *next;

	TAILQ_FOREACH_SAFE (c, &connections->list, next, next)
		drain_connection(c);
}

static void
assign_connection_event(
    struct connection *c, struct event *event, short what, event_callback_fn callback)
{
	event_assign(event, c->connections->base, c->fd, (short)(what | EV_PERSIST), callback, c);
}

void
connections_add(struct connections *connections, struct connection_kind *kind, int fd)
{
	struct connection *c = xcalloc(1, sizeof(*c));

	c->connections = connections;
	c->kind = kind;
	c->fd = fd;
	c->state = SESSION_READING;
	c->host.wake = resume_session;
	c->host.arg = c;
	c->session = kind->open(kind->arg, &c->host);
	c->active = read_coarse_clock();
	assign_connection_event(c, &c->read, EV_READ, on_readable);
	assign_connection_event(c, &c->closed, EV_CLOSED | EV_READ | EV_ET, on_closed);
	assign_connection_event(c, &c->write, EV_WRITE, on_writable);
	event_priority_set(&c->read, count_turn(kind, c->active));
	event_priority_set(&c->write, count_turn(kind, c->active));
	event_add(&c->read, NULL);
	TAILQ_INSERT_TAIL(&connections->list, c, next);
	kind->n++;
}

struct connections *
connections_new(struct event_base *base)
{
	struct connections *connections = xcalloc(1, sizeof(*connections));

	connections->base = base;
	connections->turn_end = event_new(base, -1, 0, on_turn_end, connections);
	connections->idle_new = evtimer_new(base, on_idle_new_wait, connections);
	if (connections->turn_end == NULL || connections->idle_new == NULL)
		xmalloc_failed("libevent");
	/* After the requests that are ready: an event of a higher rank would end their turn. */
	event_priority_set(connections->turn_end, PRIORITY_REQUESTS);
	TAILQ_INIT(&connections->list);
	connections->pending_limit = PENDING_EARLY;
	return connections;
}
