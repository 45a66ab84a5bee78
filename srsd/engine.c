/* SPDX-License-Identifier: ISC */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <event2/event.h>

#include "common/channel.h"
#include "common/clock.h"
#include "common/endpoint.h"
#include "common/log.h"
#include "common/sandbox.h"
#include "common/xmalloc.h"
#include "spf/dns/resolver.h"
#include "spf/dns/resolver_plan.h"
#include "spf/spf_record_set.h"
#include "srsd/client_access.h"
#include "srsd/descriptors.h"
#include "srsd/engine.h"
#include "srsd/link.h"
#include "srsd/listeners.h"
#include "srsd/priority.h"
#include "srsd/server.h"
#include "srsd/service/control_recent.h"
#include "srsd/service/metrics.h"
#include "srsd/service/services.h"
#include "srsd/service/status.h"
#include "srsd/store_opener.h"

/* Log lines are handed over in batches, this long after the first line of a batch. */
static const struct timeval log_wait = { 0, 20000 };

/* How often the engine reports to the monitor that its loop runs. */
static const struct timeval alive_interval = { 1, 0 };

#define STOP_SIGNALS 2

struct engine {
	const struct inputs_source *source;
	struct identity id;
	pid_t monitor;     /* the parent process */
	unsigned restarts; /* number of engines before this one */
	struct event_base *base;
	struct services *services;
	struct server *server;
	size_t service[SERVICE_KINDS];
	struct event *stop[STOP_SIGNALS];
	struct event *hangup;
	struct event *log;
	struct event *alive;
	struct event *link;
	rlim_t descriptors; /* that this process may have */
	int link_fd;
	struct metrics_service metrics;
	struct store_opener *store_opener;
	uint32_t reload; /* the number of the last one, 0: none; its settings are in use */
	bool stopping;
	bool done;
};

static void
on_log_wait(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	log_flush();
}

static void
on_drained(void *arg)
{
	struct engine *engine = arg;

	engine->done = true;
	event_base_loopbreak(engine->base);
}

static void
on_stop_wait(evutil_socket_t fd, short what, void *arg)
{
	struct engine *engine = arg;
	unsigned unanswered = 0;
	size_t i;

	(void)fd;
	(void)what;
	for (i = 0; i < SERVICE_KINDS; i++)
		unanswered += server_connections(engine->server, engine->service[i]);
	log_warnx("stop-timeout expired; unanswered connections: %u", unanswered);
	on_drained(engine);
}

/* begin_drain - answer pending requests, for stop-timeout at most */
static void
begin_drain(struct engine *engine)
{
	struct timeval wait = { engine->services->settings->stop_timeout, 0 };

	if (engine->stopping)
		return;
	engine->stopping = true;
	event_base_once(engine->base, -1, EV_TIMEOUT, on_stop_wait, engine, &wait);
	control_recent_end(engine->services->control_recent);
	server_drain(engine->server, on_drained, engine);
}

static void
on_stop_signal(evutil_socket_t signal, short what, void *arg)
{
	(void)signal;
	(void)what;
	begin_drain(arg);
}

/* on_hangup - only the monitor reloads; a signal to the process group must not kill the engine */
static void
on_hangup(evutil_socket_t signal, short what, void *arg)
{
	(void)signal;
	(void)what;
	(void)arg;
}

static void
on_libevent_message(int severity, const char *message)
{
	static struct log_limit limit;

	if (severity >= EVENT_LOG_WARN && log_allows(&limit))
		log_warnx("libevent: %s", message);
}

/*
 * send_report - report to the monitor; false if that failed
 *
 * Most callers ignore a failure. If the monitor's buffer is full, it has reports enough to see that
 * the engine is alive.
 */
static bool
send_report(const struct engine *engine, enum link_report type, uint32_t number, const char *text)
{
	return channel_send(engine->link_fd, type, number, text, NULL, 0);
}

static void
on_alive(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	send_report(arg, LINK_ALIVE, 0, NULL);
}

/* request_reload - for srsctl; false if the monitor cannot be reached */
static bool
request_reload(void *arg)
{
	return send_report(arg, LINK_WANTED, 0, NULL);
}

static struct event *
watch_signal(struct engine *engine, int number, event_callback_fn on_signal)
{
	struct event *event = evsignal_new(engine->base, number, on_signal, engine);

	if (event == NULL || event_add(event, NULL) == -1)
		fatalx("cannot watch signal %d", number);
	return event;
}

static struct server_limits
compute_limits(const struct engine *engine, const struct settings *settings)
{
	struct server_limits limits = {
		.connections = descriptors_bound(engine->descriptors, settings->connection_limit),
		.idle_seconds = (unsigned)settings->idle_timeout,
	};

	return limits;
}

/* set_clients - of the services with inet endpoints; the server refers to the settings in use */
static void
set_clients(struct engine *engine)
{
	const struct settings *settings = engine->services->settings;
	int i;

	for (i = 0; i < SERVICE_KINDS; i++)
		server_set_clients(engine->server, engine->service[i],
		    client_access_networks(settings, (enum service_kind)i));
}

static void
append_endpoint(void *arg, int fd)
{
	char text[ENDPOINT_TEXT_SIZE];

	json_array_append_new(arg, json_string(endpoint_describe(fd, text)));
}

/* collect_status - for srsctl status and for the metrics */
static void
collect_status(void *arg, struct status *v)
{
	struct engine *engine = arg;
	json_t *endpoints;
	int i;

	memset(v, 0, sizeof(*v));
	v->now = clock_wall(&clock_system);
	v->settings = engine->services->settings;
	v->keys = engine->services->keys;
	v->stats = &engine->services->stats;
	v->config = engine->source->config;
	v->log = log_place();
	v->monitor = engine->monitor;
	v->reload_error = engine->services->reload_error;
	v->connection_limit = compute_limits(engine, v->settings).connections;
	v->listeners = json_object();
	for (i = 0; i < SERVICE_KINDS; i++) {
		endpoints = json_array();
		v->connections[i] = server_connections(engine->server, engine->service[i]);
		v->refused[i] = server_refused(engine->server, engine->service[i]);
		server_each_listener(
		    engine->server, engine->service[i], append_endpoint, endpoints);
		json_object_set_new(
		    v->listeners, service_kind_name((enum service_kind)i), endpoints);
	}
	spf_inflight_report(engine->services->inflight, clock_elapsed(&clock_system), &v->inflight);
	v->cached = resolver_cached(engine->services->resolver);
	services_describe_dns(engine->services, &v->dns);
	v->store = services_store_counts(engine->services);
	v->forwards = v->settings->milter.n > 0 ? engine->services->forward_counts : NULL;
	v->candidates =
	    strcmp(v->settings->per_domain, "off") != 0 ? engine->services->candidates : NULL;
	v->restarts = engine->restarts;
}

/*
 * check_library_memory - exit when libevent or jansson runs out of memory, as xmalloc() does
 *
 * If a failure to add bytes to a buffer or a timer to the loop went unnoticed, the reply would be
 * lost while the client waits for it. The next engine serves that client better.
 */
static void
check_library_memory(void)
{
	event_set_mem_functions(xmalloc, xrealloc, free);
	json_set_alloc_funcs(xmalloc, free);
}

/* request_store - ask the monitor for a socket to the Redis server */
static void
request_store(void *arg)
{
	send_report(arg, LINK_STORE_WANTED, 0, NULL);
}

/* make_server - create the server with all services, and connect them to the engine */
static void
make_server(struct engine *engine)
{
	struct services *s = engine->services;
	struct server_limits limits = compute_limits(engine, s->settings);

	s->control.ask_reload = request_reload;
	s->control.read_status = collect_status;
	s->control.ask_reload_arg = s->control.read_status_arg = engine;
	engine->server = server_new(engine->base, &limits);
	engine->service[SERVICE_FORWARD] = server_add_service(engine->server,
	    service_kind_name(SERVICE_FORWARD), map_session_open, &s->forward, 0, true);
	engine->service[SERVICE_REVERSE] = server_add_service(engine->server,
	    service_kind_name(SERVICE_REVERSE), map_session_open, &s->reverse, 0, true);
	engine->service[SERVICE_POLICY] =
	    server_add_service(engine->server, service_kind_name(SERVICE_POLICY),
		policy_session_open, &s->policy, SERVICE_POLICY_LEAST_IDLE, false);
	engine->service[SERVICE_SOCKETMAP] = server_add_service(engine->server,
	    service_kind_name(SERVICE_SOCKETMAP), socketmap_session_open, &s->socketmap, 0, true);
	engine->service[SERVICE_MILTER] =
	    server_add_service(engine->server, service_kind_name(SERVICE_MILTER),
		milter_session_open, &s->milter, SERVICE_MILTER_LEAST_IDLE, false);
	engine->service[SERVICE_CONTROL] = server_add_service(engine->server,
	    service_kind_name(SERVICE_CONTROL), control_session_open, &s->control, 0, false);
	server_limit_service(engine->server, engine->service[SERVICE_CONTROL],
	    SERVICE_ADMIN_CONNECTIONS, SERVICE_CONTROL_SECONDS);
	engine->metrics = (struct metrics_service){ collect_status, engine };
	engine->service[SERVICE_METRICS] = server_add_service(engine->server,
	    service_kind_name(SERVICE_METRICS), metrics_session_open, &engine->metrics, 0, false);
	server_limit_service(engine->server, engine->service[SERVICE_METRICS],
	    SERVICE_ADMIN_CONNECTIONS, SERVICE_METRICS_SECONDS);
	set_clients(engine);
}

static void
watch_signals(struct engine *engine)
{
	signal(SIGPIPE, SIG_IGN);
	engine->stop[0] = watch_signal(engine, SIGTERM, on_stop_signal);
	engine->stop[1] = watch_signal(engine, SIGINT, on_stop_signal);
	engine->hangup = watch_signal(engine, SIGHUP, on_hangup);
}

static struct event_base *
make_event_base(void)
{
	static const struct timeval slice = { 0, PRIORITY_SLICE_MS * 1000 };
	struct event_config *config = event_config_new();
	struct event_base *base = NULL;

	if (config != NULL &&
	    event_config_set_max_dispatch_interval(config, &slice, -1, PRIORITY_DNS) == 0)
		base = event_base_new_with_config(config);
	if (base == NULL || event_base_priority_init(base, PRIORITIES) == -1)
		fatalx("libevent: no event base");
	event_config_free(config);
	return base;
}

/* engine_new - takes over settings and keys of the inputs; NULL with one line in error */
static struct engine *
engine_new(struct inputs *inputs, char *error, size_t size)
{
	struct engine *engine = xcalloc(1, sizeof(*engine));

	check_library_memory();
	event_set_log_callback(on_libevent_message);
	engine->base = make_event_base();
	engine->services = services_new(engine->base, &clock_system, inputs, error, size);
	if (engine->services == NULL) {
		event_base_free(engine->base);
		free(engine);
		return NULL;
	}
	engine->link_fd = -1;
	engine->descriptors = descriptors_most();
	descriptors_warn(engine->descriptors, engine->services->settings->connection_limit);
	engine->log = evtimer_new(engine->base, on_log_wait, NULL);
	engine->alive = event_new(engine->base, -1, EV_PERSIST, on_alive, engine);
	if (engine->log == NULL || engine->alive == NULL)
		fatalx("libevent: no timer");
	engine->store_opener = store_opener_new(engine->base, &clock_system, request_store, engine);
	make_server(engine);
	watch_signals(engine);
	return engine;
}

static void
engine_free(struct engine **enginep)
{
	struct engine *engine = *enginep;
	size_t i;

	server_free(&engine->server);
	services_free(&engine->services);
	store_opener_free(&engine->store_opener);
	for (i = 0; i < STOP_SIGNALS; i++)
		event_free(engine->stop[i]);
	event_free(engine->hangup);
	event_free(engine->log);
	event_free(engine->alive);
	if (engine->link != NULL)
		event_free(engine->link);
	event_base_free(engine->base);
	free(engine);
	*enginep = NULL;
}

bool
engine_try(const struct inputs *inputs, char *error, size_t size)
{
	struct event_base *base = event_base_new();
	const struct resolver_host host = { base, &clock_system, spf_record_set_prepare };
	struct resolver *resolver;
	bool ok;

	if (base == NULL)
		fatalx("libevent: no event base");
	resolver = resolver_new(&host, inputs->settings, inputs->dns, error, size);
	ok = resolver != NULL;
	resolver_free(&resolver);
	event_base_free(base);
	return ok;
}

/* apply_inputs - replace the settings with those of a reload; false with one line in error */
static bool
apply_inputs(struct engine *engine, struct inputs *inputs, char *error, size_t size)
{
	struct server_limits limits = compute_limits(engine, inputs->settings);

	if (!services_take(engine->services, inputs, error, size))
		return false;
	server_set_limits(engine->server, &limits);
	set_clients(engine);
	descriptors_warn(engine->descriptors, engine->services->settings->connection_limit);
	return true;
}

/* load_inputs - from the filebox that came with an order; false with one line in error */
static bool
load_inputs(struct engine *engine, int fd, struct inputs *inputs, char error[CONFIG_ERROR_SIZE])
{
	struct filebox *box = filebox_load(fd);

	if (box == NULL) {
		strlcpy(error, "cannot load the files", CONFIG_ERROR_SIZE);
		return false;
	}
	return inputs_read_settings(inputs, box, engine->source, error) &&
	       inputs_read_rest(inputs, &engine->id, error);
}

static void
close_message_fds(const struct channel_message *m, size_t from)
{
	size_t i;

	for (i = from; i < m->n_fds; i++)
		close(m->fd[i]);
}

/* change_listeners - apply the changes in a text; takes over the descriptors after the first used */
static void
change_listeners(struct engine *engine, const struct channel_message *m, size_t used)
{
	const char *text = m->text;
	struct link_change change;

	while (link_next_change(&text, &change)) {
		if (!change.comes)
			server_remove_listener(engine->server, change.id);
		else if (change.service < SERVICE_KINDS && used < m->n_fds)
			server_add_listener(engine->server, engine->service[change.service],
			    change.id, m->fd[used++]);
	}
	close_message_fds(m, used);
}

static void
reload_engine(struct engine *engine, struct channel_message *m)
{
	char error[CONFIG_ERROR_SIZE] = "no files";
	struct inputs inputs;
	bool ok = m->n_fds > 0 && load_inputs(engine, m->fd[0], &inputs, error);

	if (ok) {
		ok = apply_inputs(engine, &inputs, error, sizeof(error));
		inputs_free(&inputs);
	}
	if (m->n_fds > 0)
		close(m->fd[0]);
	if (ok) {
		engine->reload = m->number;
		change_listeners(engine, m, 1);
		send_report(engine, LINK_RELOADED, m->number, NULL);
	} else {
		close_message_fds(m, 1);
		send_report(engine, LINK_UNRELOADED, m->number, error);
	}
	services_reloaded(engine->services, ok ? NULL : error);
}

/* change_nameservers - to those of the files in a box; on an error the old ones stay in use */
static void
change_nameservers(struct engine *engine, const struct channel_message *m)
{
	struct filebox *box = m->n_fds > 0 ? filebox_load(m->fd[0]) : NULL;
	struct services *services = engine->services;
	char error[CONFIG_ERROR_SIZE] = "cannot load the files";
	char *plan = NULL;

	if (box != NULL)
		plan = resolver_plan_make(services->settings, box, error, sizeof(error));
	if (plan == NULL || !services_use_plan(services, plan, error, sizeof(error)))
		log_warnx("dns: the old nameservers stay in use: %s", error);
	free(plan);
	filebox_free(&box);
	close_message_fds(m, 0);
}

/* attach_store - unless the connection is for the database of other settings than the current ones */
static void
attach_store(struct engine *engine, const struct channel_message *m)
{
	bool current = m->number == engine->reload;

	if (current)
		store_opener_attach(engine->store_opener, (enum link_order)m->type,
		    m->n_fds > 0 ? m->fd[0] : -1, m->text);
	close_message_fds(m, current ? 1 : 0);
}

static void
on_order(struct engine *engine, struct channel_message *m)
{
	if (engine->stopping) { /* ignore new orders */
		close_message_fds(m, 0);
		return;
	}
	switch ((enum link_order)m->type) {
	case LINK_RELOAD:
		reload_engine(engine, m);
		break;
	case LINK_REMOVE:
		change_listeners(engine, m, 0);
		send_report(engine, LINK_REMOVED, m->number, NULL);
		break;
	case LINK_REFUSED:
		close_message_fds(m, 0);
		services_reloaded(engine->services, m->text);
		break;
	case LINK_STORE_PROCESS:
	case LINK_STORE_SERVER:
		attach_store(engine, m);
		break;
	case LINK_NAMESERVERS:
		change_nameservers(engine, m);
		break;
	case LINK_STOP:
	case LINK_ORDERS:
		close_message_fds(m, 0);
		begin_drain(engine);
		break;
	}
}

/* on_link - carry out the monitor's orders; stop if the monitor has exited */
static void
on_link(evutil_socket_t fd, short what, void *arg)
{
	struct engine *engine = arg;
	struct channel_message m;
	const char *error;
	int got;

	(void)what;
	while ((got = channel_receive(fd, &m, LINK_ORDERS - 1, CHANNEL_FDS_MAX, &error)) == 1)
		on_order(engine, &m);
	if (got == 0)
		return;
	event_del(engine->link);
	if (!engine->stopping)
		log_warnx("monitor: %s; stopping", error == NULL ? "gone" : error);
	begin_drain(engine);
}

static void
watch_monitor(struct engine *engine, int fd)
{
	engine->link_fd = fd;
	engine->link = event_new(engine->base, fd, EV_READ | EV_PERSIST, on_link, engine);
	if (engine->link == NULL || event_add(engine->link, NULL) == -1 ||
	    event_add(engine->alive, &alive_interval) == -1)
		fatalx("libevent: no event");
}

/* enter_confinement - drop privileges: sockets and open descriptors are all that is left */
static void
enter_confinement(const struct engine *engine, const struct identity *id)
{
	tzset(); /* localtime(3) must read its file before the chroot */
	if (!privdrop_chroot(engine->services->settings->chroot_dir))
		fatal("chroot-dir %s", engine->services->settings->chroot_dir);
	if (!privdrop_become(id))
		fatal("cannot drop privileges");
	if (!sandbox_enter())
		fatal("sandbox");
}

/* run_event_loop - until the engine is done; false if the loop failed */
static bool
run_event_loop(struct engine *engine)
{
	while (!engine->done) {
		if (event_base_loop(engine->base, EVLOOP_ONCE) != 0)
			return false;
		if (log_pending() && !evtimer_pending(engine->log, NULL))
			evtimer_add(engine->log, &log_wait);
	}
	return true;
}

int
engine_main(const struct engine_start *start)
{
	char error[CONFIG_ERROR_SIZE];
	struct inputs inputs = start->inputs;
	struct engine *engine = engine_new(&inputs, error, sizeof(error));
	const struct listener *l;
	size_t i;
	bool ok;

	if (engine == NULL)
		fatalx("%s", error);
	engine->source = start->source;
	engine->id = start->id;
	engine->monitor = getppid();
	engine->restarts = start->restarts;
	engine->reload = start->reload;
	engine->services->stats.reloaded = start->reloaded;
	engine->services->stats.reload_refused = start->reload_refused;
	for (i = 0; i < start->listeners->n; i++) {
		l = &start->listeners->listener[i];
		server_add_listener(engine->server, engine->service[l->service], l->id, l->fd);
	}
	watch_monitor(engine, start->link);
	services_use_store(engine->services, store_opener_open, engine->store_opener);
	enter_confinement(engine, &start->id);
	send_report(engine, LINK_READY, 0, NULL);
	ok = run_event_loop(engine);
	if (!ok)
		log_warn("event loop");
	engine_free(&engine);
	log_close();
	return ok ? 0 : 1;
}
