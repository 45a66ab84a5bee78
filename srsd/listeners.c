/* SPDX-License-Identifier: ISC */
#include <sys/socket.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/endpoint.h"
#include "common/log.h"
#include "common/xmalloc.h"
#include "srsd/listeners.h"

/* The first descriptor that a service manager passes (sd_listen_fds(3)). */
#define HANDED_FIRST 3
#define HANDED_MAX 64

static uint32_t
next_id(void)
{
	static uint32_t id;

	return ++id;
}

static struct listener *
append_listener(struct listeners *l, enum service_kind service, int fd, const char *endpoint)
{
	struct listener *listener;

	l->listener = xreallocarray(l->listener, l->n + 1, sizeof(*l->listener));
	listener = &l->listener[l->n++];
	listener->service = service;
	listener->id = next_id();
	listener->fd = fd;
	(void)endpoint_address(fd, &listener->addr);
	listener->endpoint = xstrdup(endpoint);
	return listener;
}

bool
listeners_hold(const struct listeners *l, uint32_t id)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		if (l->listener[i].id == id)
			return true;
	return false;
}

void
listeners_free(struct listeners **lp, const struct listeners *kept)
{
	struct listeners *l = *lp;
	size_t i;

	*lp = NULL;
	if (l == NULL)
		return;
	for (i = 0; i < l->n; i++) {
		if (kept == NULL || !listeners_hold(kept, l->listener[i].id))
			close(l->listener[i].fd);
		free(l->listener[i].endpoint);
	}
	free(l->listener);
	free(l);
}

bool
listeners_are_open(const struct listeners *l)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		if (!endpoint_is_listening(l->listener[i].fd))
			return false;
	return true;
}

/* replace_socket - open a new one at the same address, which the old one has to release first */
static bool
replace_socket(struct listener *listener, const struct identity *id)
{
	close(listener->fd);
	listener->fd = listener->service == SERVICE_CONTROL
			   ? endpoint_listen_private(&listener->addr, id->uid, id->gid)
			   : endpoint_listen(&listener->addr, id->uid, id->gid);
	return listener->fd != -1;
}

/* revive_listener - false if its socket is lost */
static bool
revive_listener(struct listener *listener, const struct identity *id)
{
	const char *name = service_kind_name(listener->service);
	bool untouched = endpoint_is_listening(listener->fd);

	if (!endpoint_revive(listener->fd, &listener->addr)) {
		untouched = false;
		if (!replace_socket(listener, id)) {
			log_warn("%s: %s was disabled by the engine and cannot be reopened", name,
			    listener->endpoint);
			return false;
		}
	}
	if (!untouched)
		log_warnx(
		    "%s: %s was disabled by the engine and reopened", name, listener->endpoint);
	return true;
}

void
listeners_revive(struct listeners *l, const struct identity *id)
{
	size_t i, kept = 0;

	for (i = 0; i < l->n; i++) {
		if (revive_listener(&l->listener[i], id))
			l->listener[kept++] = l->listener[i];
		else
			free(l->listener[i].endpoint);
	}
	l->n = kept;
}

/* accept_handed_socket - add a socket of the service manager, or fail */
static void
accept_handed_socket(struct listeners *l, int fd, const char *name)
{
	enum service_kind service;

	if (!service_kind_find(name, &service))
		fatalx("LISTEN_FDNAMES: '%s' is not a service; use forward, reverse, policy, "
		       "socketmap, milter, control or metrics",
		    name);
	if (!endpoint_is_listening(fd))
		fatalx("LISTEN_FDS: descriptor %d is not a listening socket", fd);
	if (fcntl(fd, F_SETFD, FD_CLOEXEC) == -1 || fcntl(fd, F_SETFL, O_NONBLOCK) == -1)
		fatal("LISTEN_FDS: descriptor %d", fd);
	l->handed[service] = true;
	append_listener(l, service, fd, "LISTEN_FDS");
}

/* count_handed_sockets - sockets that a service manager has passed to this process */
static int
count_handed_sockets(void)
{
	const char *pid = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS"), *error;
	int n;

	if (pid == NULL || count == NULL || strtonum(pid, 1, INT32_MAX, &error) != getpid())
		return 0;
	n = (int)strtonum(count, 0, HANDED_MAX, &error);
	if (error != NULL)
		fatalx("LISTEN_FDS: '%s' is %s", count, error);
	return n;
}

void
listeners_close_others(void)
{
	closefrom(HANDED_FIRST + count_handed_sockets());
}

struct listeners *
listeners_handed_over(void)
{
	const char *names = getenv("LISTEN_FDNAMES");
	struct listeners *l = xcalloc(1, sizeof(*l));
	char *copy, *rest, *name;
	int i, n = count_handed_sockets();

	if (n == 0)
		return l;
	rest = copy = xstrdup(names == NULL ? "" : names);
	for (i = 0; i < n; i++) {
		name = strsep(&rest, ":");
		accept_handed_socket(l, HANDED_FIRST + i, name == NULL ? "" : name);
	}
	free(copy);
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	return l;
}

/* has_lost_path - a unix socket to which no client can connect, because its path was removed */
static bool
has_lost_path(const char *endpoint)
{
	struct stat st;

	return strncmp(endpoint, "unix:", 5) == 0 && lstat(endpoint + 5, &st) == -1 &&
	       errno == ENOENT;
}

/* keep_listeners - share the sockets that current has for an endpoint; false if it has no socket */
static bool
keep_listeners(struct listeners *next, const struct listeners *current, enum service_kind service,
    const char *endpoint)
{
	struct listener *listener, *kept;
	bool found = false;
	size_t i;

	if (has_lost_path(endpoint))
		return false;
	for (i = 0; i < current->n; i++) {
		listener = &current->listener[i];
		if (listener->service != service || strcmp(listener->endpoint, endpoint) != 0)
			continue;
		kept = append_listener(next, service, listener->fd, endpoint);
		kept->id = listener->id;
		kept->addr = listener->addr;
		found = true;
	}
	return found;
}

/* suggest_remedy - for the most frequent errors */
static const char *
suggest_remedy(int error)
{
	switch (error) {
	case EADDRINUSE:
		return "; is postsrsd, another srsd or another endpoint listening there?";
	case EADDRNOTAVAIL:
		return "; this host does not have that address";
	case ENOENT:
		return "; create the directory first";
	case EROFS:
		return "; if the directory was created after srsd was started, restart srsd: "
		       "systemd applies ReadWritePaths= only at the start";
	default:
		return "";
	}
}

static bool
open_endpoint(struct listeners *next, enum service_kind service, const char *endpoint,
    const struct identity *id, char *error, size_t size)
{
	struct endpoint ep;
	const char *why;
	size_t i;
	int fd;

	if (!endpoint_parse(&ep, endpoint, &why)) {
		snprintf(error, size, "%s: %s: %s", service_kind_name(service), endpoint, why);
		return false;
	}
	for (i = 0; i < ep.n; i++) {
		fd = endpoint_listen(&ep.addr[i], id->uid, id->gid);
		if (fd == -1) {
			snprintf(error, size, "%s: %s: %s%s", service_kind_name(service), endpoint,
			    strerror(errno), suggest_remedy(errno));
			return false;
		}
		append_listener(next, service, fd, endpoint);
	}
	return true;
}

static bool
plan_service(struct listeners *next, const struct listeners *current, enum service_kind service,
    const struct text_list *endpoints, const struct identity *id, char *error, size_t size)
{
	size_t i;

	if (current->handed[service]) {
		keep_listeners(next, current, service, "LISTEN_FDS");
		return true;
	}
	for (i = 0; i < endpoints->n; i++) {
		if (!keep_listeners(next, current, service, endpoints->text[i]) &&
		    !open_endpoint(next, service, endpoints->text[i], id, error, size))
			return false;
	}
	return true;
}

/* plan_control - the socket of srsctl. Mail does not depend on it, so a failure is not an error. */
static void
plan_control(struct listeners *next, const struct listeners *current, const char *text,
    const struct identity *id)
{
	struct endpoint ep;
	const char *error;
	int fd;

	if (current->handed[SERVICE_CONTROL])
		text = "LISTEN_FDS";
	if (strcmp(text, "none") == 0 || keep_listeners(next, current, SERVICE_CONTROL, text))
		return;
	if (!endpoint_parse(&ep, text, &error)) {
		log_warnx("control: %s: %s (srsctl cannot connect to this daemon)", text, error);
		return;
	}
	fd = endpoint_listen_private(&ep.addr[0], id->uid, id->gid);
	if (fd == -1)
		log_warnx("control: %s: %s%s (srsctl cannot connect to this daemon)", text,
		    strerror(errno), suggest_remedy(errno));
	else
		append_listener(next, SERVICE_CONTROL, fd, text);
}

struct listeners *
listeners_plan(const struct listeners *current, const struct settings *settings,
    const struct identity *id, char *error, size_t size)
{
	struct listeners *next = xcalloc(1, sizeof(*next));
	char *endpoint = settings->metrics;
	struct text_list metrics = { strcmp(endpoint, "none") != 0, &endpoint };

	memcpy(next->handed, current->handed, sizeof(next->handed));
	if (!plan_service(next, current, SERVICE_FORWARD, &settings->forward, id, error, size) ||
	    !plan_service(next, current, SERVICE_REVERSE, &settings->reverse, id, error, size) ||
	    !plan_service(next, current, SERVICE_POLICY, &settings->policy, id, error, size) ||
	    !plan_service(
		next, current, SERVICE_SOCKETMAP, &settings->socketmap, id, error, size) ||
	    !plan_service(next, current, SERVICE_MILTER, &settings->milter, id, error, size) ||
	    !plan_service(next, current, SERVICE_METRICS, &metrics, id, error, size)) {
		listeners_free(&next, current);
		return NULL;
	}
	plan_control(next, current, settings->control, id);
	return next;
}
