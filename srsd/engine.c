/* SPDX-License-Identifier: ISC */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <event2/event.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/notify.h"
#include "common/xmalloc.h"
#include "spf/resolver.h"
#include "spf/spf_messages.h"
#include "srsd/engine.h"
#include "srsd/map_service.h"
#include "srsd/policy_service.h"
#include "srsd/priority.h"
#include "srsd/server.h"

/* What a check may take beyond lookup-time after SIGTERM; systemd kills after 90 s in all. */
#define STOP_SPARE 5

/* Lines of the log are handed over this long after the first of them. */
static const struct timeval log_wait = { 0, 20000 };

/* Postfix keeps a policy connection for smtpd_policy_service_max_ttl, 1000 s. */
#define POLICY_LEAST_IDLE 1000

#define STOP_SIGNALS 2

const char *const engine_service_names[ENGINE_SERVICES] = { "forward", "reverse", "policy" };

struct engine {
	struct event_base *base;
	struct settings *settings;
	struct srs_keys *keys;
	struct resolver *resolver;
	struct spf_inflight *inflight;
	struct spf_messages *messages;
	struct srs_budget *budget;
	struct server *server;
	size_t service[ENGINE_SERVICES];
	struct map_service forward, reverse;
	struct policy_service policy;
	struct event *stop[STOP_SIGNALS];
	struct event *hangup;
	struct event *log;
	bool stopping;
	bool done;
};

static void
on_log(evutil_socket_t fd, short what, void *arg)
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
	(void)fd;
	(void)what;
	on_drained(arg);
}

static void
on_stop_signal(evutil_socket_t signal, short what, void *arg)
{
	struct engine *engine = arg;
	struct timeval wait = { engine->settings->spf.lookup_time + STOP_SPARE, 0 };

	(void)what;
	if (engine->stopping)
		return;
	engine->stopping = true;
	log_info("stopping on signal %d", (int)signal);
	notify_send("STOPPING=1");
	event_base_once(engine->base, -1, EV_TIMEOUT, on_stop_wait, engine, &wait);
	server_drain(engine->server, on_drained, engine);
}

/* on_hangup - the signal that would end a process that does not look at it */
static void
on_hangup(evutil_socket_t signal, short what, void *arg)
{
	(void)signal;
	(void)what;
	(void)arg;
	log_warnx("SIGHUP: the files are read at the start alone; restart to have them read anew");
}

/* on_library_message - libevent's own words belong into our log */
static void
on_library_message(int severity, const char *message)
{
	if (severity >= EVENT_LOG_WARN)
		log_warnx("libevent: %s", message);
}

static struct event *
watch_signal(struct engine *engine, int number, event_callback_fn on_signal)
{
	struct event *event = evsignal_new(engine->base, number, on_signal, engine);

	if (event == NULL || event_add(event, NULL) == -1)
		fatalx("signal %d cannot be watched", number);
	return event;
}

static void
make_services(struct engine *engine)
{
	struct server_limits limits = {
		.connections = (unsigned)engine->settings->connection_limit,
		.idle_seconds = (unsigned)engine->settings->idle_timeout,
	};

	engine->forward = (struct map_service){ .kind = MAP_FORWARD,
		.settings = engine->settings,
		.keys = engine->keys,
		.clock = &clock_system };
	engine->reverse = engine->forward;
	engine->reverse.kind = MAP_REVERSE;
	engine->policy = (struct policy_service){
		.settings = engine->settings,
		.keys = engine->keys,
		.checker = { engine->base, engine->resolver, engine->inflight },
		.messages = engine->messages,
		.budget = engine->budget,
		.clock = &clock_system,
	};
	engine->server = server_new(engine->base, &limits);
	engine->service[ENGINE_FORWARD] = server_add_service(engine->server,
	    engine_service_names[ENGINE_FORWARD], map_session_open, &engine->forward, 0, true);
	engine->service[ENGINE_REVERSE] = server_add_service(engine->server,
	    engine_service_names[ENGINE_REVERSE], map_session_open, &engine->reverse, 0, true);
	engine->service[ENGINE_POLICY] =
	    server_add_service(engine->server, engine_service_names[ENGINE_POLICY],
		policy_session_open, &engine->policy, POLICY_LEAST_IDLE, false);
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
make_base(void)
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

struct engine *
engine_new(struct settings *settings, struct srs_keys *keys, char *error, size_t size)
{
	struct engine *engine = xcalloc(1, sizeof(*engine));

	event_set_log_callback(on_library_message);
	engine->base = make_base();
	engine->resolver = resolver_new(engine->base, &clock_system, settings, error, size);
	if (engine->resolver == NULL) {
		event_base_free(engine->base);
		free(engine);
		return NULL;
	}
	engine->settings = settings;
	engine->keys = keys;
	engine->inflight = spf_inflight_new();
	engine->messages = spf_messages_new();
	engine->budget = srs_budget_new();
	engine->log = evtimer_new(engine->base, on_log, NULL);
	if (engine->log == NULL)
		fatalx("libevent: no timer");
	make_services(engine);
	watch_signals(engine);
	return engine;
}

void
engine_free(struct engine **enginep)
{
	struct engine *engine = *enginep;
	size_t i;

	if (engine == NULL)
		return;
	server_free(&engine->server);
	spf_messages_free(&engine->messages);
	srs_budget_free(&engine->budget);
	spf_inflight_free(&engine->inflight);
	resolver_free(&engine->resolver);
	for (i = 0; i < STOP_SIGNALS; i++)
		event_free(engine->stop[i]);
	event_free(engine->hangup);
	event_free(engine->log);
	event_base_free(engine->base);
	srs_keys_free(&engine->keys);
	settings_free(&engine->settings);
	free(engine);
	*enginep = NULL;
}

void
engine_listen(struct engine *engine, enum engine_service service, int fd)
{
	server_add_listener(engine->server, engine->service[service], fd);
}

bool
engine_run(struct engine *engine)
{
	while (!engine->done) {
		if (event_base_loop(engine->base, EVLOOP_ONCE) != 0)
			return false;
		if (log_pending() && !evtimer_pending(engine->log, NULL))
			evtimer_add(engine->log, &log_wait);
	}
	return true;
}
