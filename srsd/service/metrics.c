/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "common/buffer.h"
#include "common/xmalloc.h"
#include "srsd/service/metrics.h"

#define OPENMETRICS "application/openmetrics-text"

struct metrics_session {
	struct session session;
	const struct metrics_service *service;
};

/* put_http_response - a whole one; head: without the body */
static void
put_http_response(
    struct buffer *out, const char *status, const char *type, const struct buffer *body, bool head)
{
	buffer_printf(out,
	    "HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n",
	    status, type, body->len);
	if (!head)
		buffer_add(out, body->data, body->len);
}

static void
put_http_text(struct buffer *out, const char *status, const char *text, bool head)
{
	struct buffer body = { 0 };

	buffer_printf(&body, "%s\n", text);
	put_http_response(out, status, "text/plain", &body, head);
	buffer_free(&body);
}

static void
put_metrics_page(
    const struct metrics_service *service, bool openmetrics, struct buffer *out, bool head)
{
	struct buffer body = { 0 };
	struct status status;

	service->read_status(service->read_status_arg, &status);
	status_metrics(&status, openmetrics, &body);
	json_decref(status.listeners);
	put_http_response(out, "200 OK",
	    openmetrics ? OPENMETRICS "; version=1.0.0; charset=utf-8"
			: "text/plain; version=0.0.4; charset=utf-8",
	    &body, head);
	buffer_free(&body);
}

/* is_http_path - has the target this path, perhaps with a query after it? */
static bool
is_http_path(const char *target, size_t len, const char *path)
{
	size_t n = strlen(path);

	return len >= n && memcmp(target, path, n) == 0 && (len == n || target[n] == '?');
}

static void
answer_http_path(const struct metrics_service *service, const char *target, size_t len,
    bool openmetrics, bool head, struct buffer *out)
{
	if (is_http_path(target, len, "/metrics"))
		put_metrics_page(service, openmetrics, out, head);
	else if (is_http_path(target, len, "/healthz"))
		put_http_text(out, "200 OK", "ok", head);
	else
		put_http_text(out, "404 Not Found", "try /metrics or /healthz", head);
}

/*
 * answer_http_request - with complete headers: METHOD TARGET HTTP/1.x
 *
 * The only header that matters is Accept, and only whether it names OpenMetrics.
 */
static void
answer_http_request(
    const struct metrics_service *service, const char *data, size_t len, struct buffer *out)
{
	const char *eol = memchr(data, '\n', len), *target, *end;
	bool head = len > 5 && memcmp(data, "HEAD ", 5) == 0;
	bool openmetrics = memmem(data, len, OPENMETRICS, strlen(OPENMETRICS)) != NULL;

	if (!head && (len < 4 || memcmp(data, "GET ", 4) != 0)) {
		put_http_text(out, "405 Method Not Allowed", "GET or HEAD", false);
		return;
	}
	target = data + (head ? 5 : 4);
	end = memchr(target, ' ', (size_t)(eol - target));
	if (end == NULL || eol - end < 8 || memcmp(end, " HTTP/1.", 8) != 0)
		put_http_text(out, "400 Bad Request", "not an HTTP/1 request", false);
	else
		answer_http_path(service, target, (size_t)(end - target), openmetrics, head, out);
}

/* measure_http_headers - with the line and the blank line; 0: incomplete */
static size_t
measure_http_headers(const char *data, size_t len)
{
	const char *lf = memmem(data, len, "\n\n", 2);
	const char *crlf = memmem(data, lf == NULL ? len : (size_t)(lf - data), "\r\n\r\n", 4);

	return crlf != NULL ? (size_t)(crlf - data) + 4 : lf != NULL ? (size_t)(lf - data) + 2 : 0;
}

static enum session_state
metrics_session_input(
    struct session *session, const char *data, size_t len, size_t *used, struct buffer *out)
{
	struct metrics_session *s = (struct metrics_session *)session;
	size_t n = measure_http_headers(data, len);

	*used = 0;
	if (n == 0 && len <= METRICS_REQUEST_MAX)
		return SESSION_READING;
	if (n == 0 || n > METRICS_REQUEST_MAX)
		put_http_text(out, "431 Request Header Fields Too Large", "too long", false);
	else
		answer_http_request(s->service, data, n, out);
	*used = len;
	return SESSION_CLOSE;
}

static void
metrics_session_close(struct session *session)
{
	free(session);
}

static const struct session_ops metrics_session_ops = {
	.input = metrics_session_input,
	.close = metrics_session_close,
};

struct session *
metrics_session_open(void *service, const struct session_host *host)
{
	struct metrics_session *s = xcalloc(1, sizeof(*s));

	(void)host; /* a page is never busy */
	s->session.ops = &metrics_session_ops;
	s->service = service;
	return &s->session;
}
