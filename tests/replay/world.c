/* SPDX-License-Identifier: ISC */
#include <sys/mman.h>
#include <sys/stat.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/event_struct.h>

#include "common/buffer.h"
#include "common/log.h"
#include "common/xmalloc.h"
#include "srsd/service/status.h"
#include "tests/replay/captured_log.h"
#include "tests/replay/fake_network.h"
#include "tests/replay/virtual_time.h"
#include "tests/replay/world.h"

/* libevent 2.1 keeps flags in the upper bits of an event's microseconds. */
#define USEC_MASK 0xfffff

/* Defaults of a configuration in a story: the same on every host. */
static const struct {
	const char *name;
	const char *override;
} presets[] = {
	{ "srs-domain", "srs-domain=example.com" },
	{ "nameservers", "nameservers=192.0.2.53" },
	{ "authserv-id", "spf.authserv-id=mx.example.com" },
};

#define PRESETS (sizeof(presets) / sizeof(presets[0]))

/* Names in errors for the paths of the memory files. */
static const char *const file_names[WORLD_FILES] = { "CONFIG", "SECRETS", "DOMAINS" };

#define PATH_SIZE 32

/* The files under the paths that a process finds them at. */
struct files {
	int fd[WORLD_FILES];
	char path[WORLD_FILES][PATH_SIZE];
	char secrets[PATH_SIZE + 20], domains[PATH_SIZE + 20]; /* overrides */
	const char *override[PRESETS + 2];
	struct inputs_source source;
};

static int
memory_file(const char *data, size_t len)
{
	int fd = memfd_create("replay", MFD_CLOEXEC);

	if (fd == -1 || fchmod(fd, 0600) == -1 || (len > 0 && write(fd, data, len) != (ssize_t)len))
		fatal("a file in memory");
	return fd;
}

static void
open_files(struct files *files, const struct world *world)
{
	const char *config = world->file[WORLD_CONFIG].data;
	size_t i, n = 0;

	for (i = 0; i < WORLD_FILES; i++) {
		files->fd[i] = memory_file(world->file[i].data, world->file[i].len);
		snprintf(files->path[i], PATH_SIZE, "/proc/self/fd/%d", files->fd[i]);
	}
	for (i = 0; i < PRESETS; i++)
		if (config == NULL || strstr(config, presets[i].name) == NULL)
			files->override[n++] = presets[i].override;
	snprintf(
	    files->secrets, sizeof(files->secrets), "secrets-file=%s", files->path[WORLD_SECRETS]);
	snprintf(
	    files->domains, sizeof(files->domains), "domains-file=%s", files->path[WORLD_DOMAINS]);
	files->override[n++] = files->secrets;
	if (world->file[WORLD_DOMAINS].data != NULL)
		files->override[n++] = files->domains;
	files->source = (struct inputs_source){ files->path[WORLD_CONFIG], files->override, n };
}

static void
close_files(struct files *files)
{
	size_t i;

	for (i = 0; i < WORLD_FILES; i++)
		close(files->fd[i]);
}

/* name_files - replace descriptors in an error, because their numbers may differ between runs */
static void
name_files(const struct files *files, char error[CONFIG_ERROR_SIZE])
{
	char text[CONFIG_ERROR_SIZE], *at;
	size_t i;

	for (i = 0; i < WORLD_FILES; i++)
		while ((at = strstr(error, files->path[i])) != NULL) {
			snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - error), error,
			    file_names[i], at + strlen(files->path[i]));
			strlcpy(error, text, CONFIG_ERROR_SIZE);
		}
}

static bool
read_box(struct inputs *in, struct filebox *box, const struct files *files, char *error)
{
	return inputs_read_settings(in, box, &files->source, error) &&
	       inputs_read_rest(in, &(struct identity){ geteuid(), getegid() }, error);
}

/* The secret of stories that set no other. */
static const char preset_secret[] = "tops3cr3t\n";

static bool
has_preset_secret(const struct world *world)
{
	const char *data = world->file[WORLD_SECRETS].data;

	return data != NULL && strcmp(data, preset_secret) == 0;
}

/*
 * read_files - through the monitor's box, and then the engine's, as the daemon does
 *
 * The warning that the secret of the stories is short is removed from the log, where every story
 * would begin with it.
 */
static bool
read_files(const struct world *world, const struct files *files, struct inputs *in, char *error)
{
	struct inputs monitors;
	bool ok;
	int fd;

	captured_log_collect();
	ok = read_box(&monitors, filebox_new(), files, error);
	if (has_preset_secret(world))
		log_forget();
	if (!ok)
		return false;
	fd = filebox_store(monitors.box);
	inputs_free(&monitors);
	if (fd == -1)
		fatal("a box of files");
	ok = read_box(in, filebox_load(fd), files, error);
	close(fd);
	return ok;
}

static bool
read_inputs(const struct world *world, struct inputs *in, char error[CONFIG_ERROR_SIZE])
{
	struct files files;
	bool ok;

	error[0] = '\0';
	open_files(&files, world);
	ok = read_files(world, &files, in, error);
	close_files(&files);
	if (!ok)
		name_files(&files, error);
	return ok;
}

static bool
ask_reload(void *arg)
{
	struct world *world = arg;

	world->reload_wanted = true;
	return true;
}

/* read_status - like srsd/engine.c, without its sockets */
static void
read_status(void *arg, struct status *v)
{
	struct world *world = arg;
	const struct client *client;

	memset(v, 0, sizeof(*v));
	v->now = virtual_time_wall();
	v->settings = world->services->settings;
	v->keys = world->services->keys;
	v->stats = &world->services->stats;
	v->reload_error = world->services->reload_error;
	v->listeners = json_object();
	LIST_FOREACH (client, &world->clients, next)
		v->connections[client->service] += client->session != NULL;
	spf_inflight_report(world->services->inflight, virtual_time_now(), &v->inflight);
	v->cached = resolver_cached(world->services->resolver);
	services_describe_dns(world->services, &v->dns);
	v->store = services_store_counts(world->services);
	v->forwards = v->settings->milter.n > 0 ? world->services->forward_counts : NULL;
}

void
world_begin(struct world *world, time_t wall)
{
	memset(world, 0, sizeof(*world));
	LIST_INIT(&world->clients);
	virtual_time_begin(wall);
	captured_log_begin();
	fake_network_begin();
	fake_store_begin(&world->store);
	world->base = event_base_new();
	if (world->base == NULL)
		fatalx("libevent: no event base");
	world_write(world, WORLD_SECRETS, preset_secret, strlen(preset_secret));
}

bool
world_end(struct world *world, const char **why)
{
	struct client *client;
	size_t i, checks;
	bool clean;

	while ((client = LIST_FIRST(&world->clients)) != NULL) {
		LIST_REMOVE(client, next);
		client_free(&client);
	}
	checks = world->services == NULL ? 0 : spf_inflight_count(world->services->inflight);
	services_free(&world->services);
	fake_store_end(&world->store);
	clean = fake_network_end();
	event_base_free(world->base);
	virtual_time_end();
	for (i = 0; i < WORLD_FILES; i++)
		free(world->file[i].data);
	if (!clean)
		*why = "a question to the DNS outlives who asked it";
	else if (checks > 0)
		*why = "a check in flight outlives its client";
	return clean && checks == 0;
}

void
world_write(struct world *world, enum world_file file, const char *data, size_t len)
{
	free(world->file[file].data);
	world->file[file].data = xmalloc(len + 1);
	memcpy(world->file[file].data, data, len);
	world->file[file].data[len] = '\0';
	world->file[file].len = len;
}

bool
world_start(struct world *world, char error[CONFIG_ERROR_SIZE])
{
	struct inputs inputs;

	if (world->services != NULL)
		return true;
	if (!read_inputs(world, &inputs, error))
		return false;
	world->services =
	    services_new(world->base, &virtual_time_clock, &inputs, error, CONFIG_ERROR_SIZE);
	inputs_free(&inputs);
	if (world->services == NULL)
		return false;
	services_use_store(world->services, fake_store_open, &world->store);
	world->services->control.ask_reload = ask_reload;
	world->services->control.read_status = read_status;
	world->services->control.ask_reload_arg = world;
	world->services->control.read_status_arg = world;
	return true;
}

bool
world_reload(struct world *world, char error[CONFIG_ERROR_SIZE])
{
	struct inputs inputs;
	bool ok = read_inputs(world, &inputs, error);

	if (ok) {
		ok = services_take(world->services, &inputs, error, CONFIG_ERROR_SIZE);
		inputs_free(&inputs);
	}
	services_reloaded(world->services, ok ? NULL : error);
	world->reload_wanted = false;
	world_settle(world);
	return ok;
}

struct client *
world_open(struct world *world, const char *service, const char *name, size_t name_len)
{
	struct services *s = world->services;
	const struct {
		unsigned number;
		session_open_fn *open;
		void *service;
	} services[] = {
		{ SERVICE_FORWARD, map_session_open, &s->forward },
		{ SERVICE_REVERSE, map_session_open, &s->reverse },
		{ SERVICE_POLICY, policy_session_open, &s->policy },
		{ SERVICE_SOCKETMAP, socketmap_session_open, &s->socketmap },
		{ SERVICE_MILTER, milter_session_open, &s->milter },
		{ SERVICE_CONTROL, control_session_open, &s->control },
	};
	struct client *client;
	size_t i;

	for (i = 0; i < sizeof(services) / sizeof(services[0]); i++) {
		if (strcmp(service_kind_name(services[i].number), service) != 0)
			continue;
		client = client_open(name, name_len, services[i].open, services[i].service);
		client->service = services[i].number;
		LIST_INSERT_HEAD(&world->clients, client, next);
		return client;
	}
	return NULL;
}

static bool
has_work(const struct client *client)
{
	return client->session != NULL &&
	       (client->woken || (!client->busy && evbuffer_get_length(client->sent) > 0));
}

/* run_clients - true if one of them had something to do */
static bool
run_clients(struct world *world)
{
	struct client *client;
	bool some = false;

	LIST_FOREACH (client, &world->clients, next)
		if (has_work(client)) {
			some = true;
			client_run(client, world->split);
		}
	return some;
}

static int
earlier(const struct event_base *base, const struct event *event, void *arg)
{
	uint64_t *due = arg, ms;

	(void)base;
	if (!event_pending(event, EV_TIMEOUT, NULL))
		return 0;
	ms = (uint64_t)event->ev_timeout.tv_sec * 1000 +
	     ((uint64_t)(event->ev_timeout.tv_usec & USEC_MASK) + 999) / 1000;
	if (ms < *due)
		*due = ms;
	return 0;
}

/* timer_due - the time at which the next timer of libevent expires; UINT64_MAX: never */
static uint64_t
timer_due(struct world *world)
{
	uint64_t due = UINT64_MAX;

	event_base_foreach_event(world->base, earlier, &due);
	return due;
}

/* run_loop - true if an event was handled */
static bool
run_loop(struct world *world)
{
	if (event_base_get_num_events(world->base, EVENT_BASE_COUNT_ACTIVE) == 0 &&
	    timer_due(world) > virtual_time_now())
		return false;
	fake_network_round();
	event_base_loop(world->base, EVLOOP_NONBLOCK);
	return true;
}

void
world_settle(struct world *world)
{
	bool some;

	do {
		some = run_clients(world);
		captured_log_collect();
		some |= fake_network_deliver(virtual_time_now());
		some |= fake_store_deliver(&world->store);
		some |= run_loop(world);
	} while (some);
	captured_log_collect();
}

void
world_wait(struct world *world, uint64_t ms)
{
	uint64_t end = virtual_time_now() + ms, next, timer;

	world_settle(world);
	for (;;) {
		timer = timer_due(world);
		if (!fake_network_due(&next) || timer < next)
			next = timer;
		if (next > end)
			break;
		virtual_time_pass(next);
		world_settle(world);
	}
	virtual_time_pass(end);
	world_settle(world);
}

char *
world_metrics(struct world *world)
{
	struct buffer page = { NULL, 0, 0 };
	struct status status;
	char *text;

	read_status(world, &status);
	status_metrics(&status, true, &page);
	json_decref(status.listeners);
	text = xstrndup(page.data, page.len);
	buffer_free(&page);
	return text;
}
