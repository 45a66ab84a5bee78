/* SPDX-License-Identifier: ISC */
#include <sys/types.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>

#include "common/log.h"
#include "common/xmalloc.h"
#include "srsd/store/store_backend.h"
#include "srsd/store/store_link.h"
#include "srsd/store/store_wire.h"

/* Bytes that are read before the loop turns to something else. */
#define READ_MAX (64 * 1024)

struct store_link {
	struct store_backend backend; /* first */
	struct store *store;
	struct event_base *base;
	struct bufferevent *stream; /* or NULL */
	uint64_t opened;            /* how often the process has opened the database */
};

/* close_process_stream - at once: with BEV_OPT_CLOSE_ON_FREE the loop would close it in its next turn */
static void
close_process_stream(struct store_link *link)
{
	evutil_socket_t fd;

	if (link->stream == NULL)
		return;
	fd = bufferevent_getfd(link->stream);
	bufferevent_free(link->stream);
	close(fd);
	link->stream = NULL;
}

void
store_link_detach(struct store_link *link, const char *problem)
{
	close_process_stream(link);
	store_lost(link->store, problem);
}

static void
send_to_process(struct store_backend *backend, const struct store_request *request)
{
	struct store_link *link = (struct store_link *)backend;
	struct text none = { "", 0 };
	char message[STORE_WIRE_MAX];

	if (evbuffer_get_length(bufferevent_get_output(link->stream)) > STORE_LINK_UNSENT_MAX) {
		store_answer(link->store, request->number, STORE_FAILED, none,
		    "the store process does not keep up");
		return;
	}
	bufferevent_write(link->stream, message, store_wire_write_question(message, request));
}

static void
free_link(struct store_backend *backend)
{
	struct store_link *link = (struct store_link *)backend;

	close_process_stream(link);
	free(link);
}

static const struct store_backend_ops link_ops = { send_to_process, free_link };

/* copy_problem - the words of a report end with a NUL */
static const char *
copy_problem(char problem[STORE_PROBLEM_SIZE], struct text text)
{
	size_t len = text.len < STORE_PROBLEM_SIZE ? text.len : STORE_PROBLEM_SIZE - 1;

	memcpy(problem, text.s, len);
	problem[len] = '\0';
	return problem;
}

static void
take_report(struct store_link *link, const struct store_wire_report *report)
{
	char problem[STORE_PROBLEM_SIZE];

	if (!report->is_state) {
		store_answer(link->store, report->number, report->outcome, report->text,
		    report->outcome == STORE_FAILED ? copy_problem(problem, report->text) : NULL);
		return;
	}
	/* The file that was opened again need not be the one that has what was acknowledged. */
	if (report->number != link->opened && link->opened != 0)
		store_forget(link->store);
	link->opened = report->number;
	store_set_rows(link->store, report->rows);
	store_set_problem(link->store, copy_problem(problem, report->text));
}

static void
on_process_report(struct bufferevent *stream, void *arg)
{
	struct store_link *link = arg;
	struct evbuffer *in = bufferevent_get_input(stream);
	size_t len = evbuffer_get_length(in), at = 0, used;
	const char *bytes = (const char *)evbuffer_pullup(in, -1), *error = NULL;
	struct store_wire_report report;
	int got;

	while ((got = store_wire_parse_report(bytes + at, len - at, &report, &used, &error)) == 1) {
		take_report(link, &report);
		at += used;
	}
	evbuffer_drain(in, at);
	if (got == 0)
		return;
	log_warnx("protocol violation by the store process (%s), closing the connection", error);
	store_link_detach(link, "protocol violation by the store process");
}

static void
on_process_end(struct bufferevent *stream, short what, void *arg)
{
	(void)stream;
	(void)what;
	store_link_detach(arg, "the store process is not running");
}

struct store_link *
store_link_new(struct store *store, struct event_base *base)
{
	struct store_link *link = xcalloc(1, sizeof(*link));

	link->backend.ops = &link_ops;
	link->store = store;
	link->base = base;
	store_set_backend(store, &link->backend);
	return link;
}

void
store_link_attach(struct store_link *link, int fd)
{
	if (link->stream != NULL)
		store_link_detach(link, "the store process was replaced");
	if (evutil_make_socket_nonblocking(fd) == -1) {
		close(fd);
		store_lost(link->store, strerror(errno));
		return;
	}
	link->stream = bufferevent_socket_new(link->base, fd, 0);
	link->opened = 0;
	bufferevent_set_max_single_read(link->stream, READ_MAX);
	bufferevent_set_max_single_write(link->stream, READ_MAX);
	bufferevent_setcb(link->stream, on_process_report, NULL, on_process_end, link);
	bufferevent_enable(link->stream, EV_READ | EV_WRITE);
	store_connected(link->store);
}
