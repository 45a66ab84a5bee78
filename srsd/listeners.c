/* SPDX-License-Identifier: ISC */
#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/endpoint.h"
#include "common/log.h"
#include "common/xmalloc.h"
#include "srsd/listener_plan.h"
#include "srsd/listeners.h"

/* The first descriptor that a service manager passes (sd_listen_fds(3)). */
#define HANDED_FIRST 3
#define HANDED_MAX 64

/* Sockets that occupy a wanted address; one more is a rare error. */
#define OCCUPANTS_MAX 64

/* Bytes of a hint after an error, which may name a path of 107 bytes. */
#define HINT_SIZE 200

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
	append_listener(l, service, fd, LISTENER_PLAN_HANDED);
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

bool
listeners_are_handed_over(void)
{
	return count_handed_sockets() > 0;
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

/* suggest_remedy - for the most frequent errors */
static const char *
suggest_remedy(int error)
{
	switch (error) {
	case EADDRNOTAVAIL:
		return "; this host does not have that address";
	case ENOENT:
		return "; create the directory first";
	case EROFS:
		return "; if the directory was created after srsd was started, restart srsd: "
		       "systemd applies ReadWritePaths= only at start-up";
	default:
		return "";
	}
}

/* suggest_way_out - for an address that is in use: the reason, or how to find the program */
static const char *
suggest_way_out(
    const struct listener_plan *plan, const struct endpoint_addr *addr, char text[HINT_SIZE])
{
	char command[ENDPOINT_COMMAND_SIZE];
	int fd;

	endpoint_find_command(addr, command);
	if (listener_plan_occupants(plan, addr, &fd, 1) > 0)
		strlcpy(text, "; srsd itself listens there; restart srsd instead", HINT_SIZE);
	else if (addr->u.sa.sa_family == AF_UNIX)
		snprintf(text, HINT_SIZE,
		    "; if the file is a socket, another program listens there: %s", command);
	else
		snprintf(text, HINT_SIZE, "; is postsrsd or another srsd listening there? See: %s",
		    command);
	return text;
}

/*
 * open_planned - returns a descriptor, or -1 with errno set
 *
 * Sockets that occupy the address, such as 127.0.0.1 with the same port when it is a wildcard, are
 * closed only when the engine has accepted the reload.
 */
static int
open_planned(
    const struct listener_plan *plan, const struct endpoint_addr *addr, const struct identity *id)
{
	int occupants[OCCUPANTS_MAX], fd = endpoint_listen(addr, id->uid, id->gid);
	size_t n;

	if (fd != -1 || errno != EADDRINUSE || addr->u.sa.sa_family == AF_UNIX)
		return fd;
	n = listener_plan_occupants(plan, addr, occupants, OCCUPANTS_MAX);
	if (n > 0)
		return endpoint_listen_beside(addr, occupants, n);
	errno = EADDRINUSE;
	return -1;
}

/* open_control - the socket of srsctl. Mail does not depend on it: -1 after a warning */
static int
open_control(const struct planned_listener *wanted, const struct identity *id)
{
	int fd = endpoint_listen_private(&wanted->addr, id->uid, id->gid);

	if (fd == -1)
		log_warnx("control: %s: %s%s (srsctl cannot connect to this daemon)",
		    wanted->endpoint, strerror(errno), suggest_remedy(errno));
	return fd;
}

/* share_socket - a current socket stays; another service gets a duplicate of its descriptor */
static bool
share_socket(struct listeners *next, const struct planned_listener *wanted)
{
	const struct listener *kept = wanted->kept;
	bool moves = kept->service != wanted->service;
	int fd = moves ? fcntl(kept->fd, F_DUPFD_CLOEXEC, 0) : kept->fd;
	struct listener *listener;

	if (fd == -1)
		return false;
	listener = append_listener(next, wanted->service, fd, wanted->endpoint);
	listener->addr = kept->addr;
	if (!moves)
		listener->id = kept->id;
	return true;
}

/* add_planned - false with errno set */
static bool
add_planned(struct listeners *next, const struct listener_plan *plan,
    const struct planned_listener *wanted, const struct identity *id)
{
	int fd;

	if (wanted->kept != NULL)
		return share_socket(next, wanted);
	if (wanted->service == SERVICE_CONTROL) {
		fd = open_control(wanted, id);
		if (fd == -1)
			return true;
	} else {
		fd = open_planned(plan, &wanted->addr, id);
		if (fd == -1)
			return false;
	}
	append_listener(next, wanted->service, fd, wanted->endpoint);
	return true;
}

/* add_all_planned - false with one line in error */
static bool
add_all_planned(struct listeners *next, const struct listener_plan *plan, const struct identity *id,
    bool *in_use, char *error, size_t size)
{
	const struct planned_listener *wanted;
	char hint[HINT_SIZE];
	size_t i;

	for (i = 0; i < plan->n; i++) {
		wanted = &plan->wanted[i];
		if (add_planned(next, plan, wanted, id))
			continue;
		if (in_use != NULL)
			*in_use = errno == EADDRINUSE;
		snprintf(error, size, "%s: %s: %s%s", service_kind_name(wanted->service),
		    wanted->endpoint, strerror(errno),
		    errno == EADDRINUSE ? suggest_way_out(plan, &wanted->addr, hint)
					: suggest_remedy(errno));
		return false;
	}
	return true;
}

struct listeners *
listeners_plan(const struct listeners *current, const struct settings *settings,
    const struct identity *id, bool *in_use, char *error, size_t size)
{
	struct listener_plan plan;
	struct listeners *next;

	if (in_use != NULL)
		*in_use = false;
	if (!listener_plan_make(&plan, current, settings, error, size))
		return NULL;
	next = xcalloc(1, sizeof(*next));
	memcpy(next->handed, current->handed, sizeof(next->handed));
	if (!add_all_planned(next, &plan, id, in_use, error, size))
		listeners_free(&next, current);
	listener_plan_free(&plan);
	return next;
}

bool
listeners_have_address(const struct listeners *l, const struct endpoint_addr *addr)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		if (endpoint_covers(&l->listener[i].addr, addr) &&
		    endpoint_covers(addr, &l->listener[i].addr))
			return true;
	return false;
}

void
listeners_hide_leaving(const struct listeners *old, const struct listeners *next)
{
	const struct listener *l;
	size_t i;

	for (i = 0; i < old->n; i++) {
		l = &old->listener[i];
		if (l->addr.u.sa.sa_family != AF_UNIX && !listeners_have_address(next, &l->addr))
			(void)endpoint_hide(l->fd);
	}
}
