/* SPDX-License-Identifier: ISC */
#include <sys/queue.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>

#include "common/log.h"
#include "common/xmalloc.h"
#include "srsd/metrics.h"

#define HEADERS_MAX 8192
#define BODY_MAX 1024
#define TIMEOUT_SECONDS 10

struct door {
	SLIST_ENTRY(door) next;
	unsigned id;
	struct evhttp_bound_socket *socket;
};

struct metrics {
	struct evhttp *http;
	SLIST_HEAD(, door) doors;
	void (*read_vitals)(void *arg, struct vitals *);
	void *arg;
};

static void
answer(struct evhttp_request *req, const char *type, struct evbuffer *body)
{
	evhttp_add_header(evhttp_request_get_output_headers(req), "Content-Type", type);
	evhttp_add_header(evhttp_request_get_output_headers(req), "Connection", "close");
	evhttp_send_reply(req, HTTP_OK, NULL, body);
}

static void
on_metrics(struct evhttp_request *req, void *arg)
{
	const char *accept = evhttp_find_header(evhttp_request_get_input_headers(req), "Accept");
	bool openmetrics = accept != NULL && strstr(accept, "application/openmetrics-text") != NULL;
	struct metrics *metrics = arg;
	struct evbuffer *body = evbuffer_new();
	struct vitals vitals;

	if (body == NULL) {
		evhttp_send_error(req, HTTP_SERVUNAVAIL, NULL);
		return;
	}
	metrics->read_vitals(metrics->arg, &vitals);
	vitals_metrics(&vitals, openmetrics, body);
	json_decref(vitals.listeners);
	answer(req,
	    openmetrics ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
			: "text/plain; version=0.0.4; charset=utf-8",
	    body);
	evbuffer_free(body);
}

static void
on_health(struct evhttp_request *req, void *arg)
{
	struct evbuffer *body = evbuffer_new();

	(void)arg;
	if (body != NULL)
		evbuffer_add_printf(body, "ok\n");
	answer(req, "text/plain", body);
	if (body != NULL)
		evbuffer_free(body);
}

struct metrics *
metrics_new(struct event_base *base, void (*read_vitals)(void *arg, struct vitals *), void *arg)
{
	struct metrics *metrics = xcalloc(1, sizeof(*metrics));

	SLIST_INIT(&metrics->doors);
	metrics->read_vitals = read_vitals;
	metrics->arg = arg;
	metrics->http = evhttp_new(base);
	if (metrics->http == NULL)
		fatalx("libevent: no HTTP server");
	evhttp_set_allowed_methods(metrics->http, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD);
	evhttp_set_max_headers_size(metrics->http, HEADERS_MAX);
	evhttp_set_max_body_size(metrics->http, BODY_MAX);
	evhttp_set_timeout(metrics->http, TIMEOUT_SECONDS);
	evhttp_set_cb(metrics->http, "/metrics", on_metrics, metrics);
	evhttp_set_cb(metrics->http, "/healthz", on_health, metrics);
	return metrics;
}

void
metrics_add_listener(struct metrics *metrics, unsigned id, int fd)
{
	struct door *door = xcalloc(1, sizeof(*door));

	door->id = id;
	door->socket = evhttp_accept_socket_with_handle(metrics->http, fd);
	if (door->socket == NULL) {
		log_warnx("metrics: libevent does not take the socket");
		close(fd);
		free(door);
		return;
	}
	SLIST_INSERT_HEAD(&metrics->doors, door, next);
}

static void
close_door(struct metrics *metrics, struct door *door)
{
	SLIST_REMOVE(&metrics->doors, door, door, next);
	evhttp_del_accept_socket(metrics->http, door->socket);
	free(door);
}

void
metrics_remove_listener(struct metrics *metrics, unsigned id)
{
	struct door *door, *next;

	SLIST_FOREACH_SAFE(door, &metrics->doors, next, next)
	if (door->id == id)
		close_door(metrics, door);
}

void
metrics_free(struct metrics **metricsp)
{
	struct metrics *metrics = *metricsp;

	while (!SLIST_EMPTY(&metrics->doors))
		close_door(metrics, SLIST_FIRST(&metrics->doors));
	evhttp_free(metrics->http);
	free(metrics);
	*metricsp = NULL;
}
