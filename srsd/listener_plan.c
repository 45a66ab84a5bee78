/* SPDX-License-Identifier: ISC */
#include <sys/stat.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/xmalloc.h"
#include "srsd/listener_plan.h"

static void
want_address(struct listener_plan *plan, const struct planned_listener *wanted)
{
	plan->wanted = xreallocarray(plan->wanted, plan->n + 1, sizeof(*plan->wanted));
	plan->wanted[plan->n++] = *wanted;
}

/* has_lost_path - a unix socket to which no client can connect, because its path was removed */
static bool
has_lost_path(const char *endpoint)
{
	struct stat st;

	return strncmp(endpoint, "unix:", 5) == 0 && lstat(endpoint + 5, &st) == -1 &&
	       errno == ENOENT;
}

/* want_current - keep the sockets that a service has for an endpoint; false if it has no socket */
static bool
want_current(struct listener_plan *plan, enum service_kind service, const char *endpoint)
{
	const struct listener *l;
	bool found = false;
	size_t i;

	for (i = 0; i < plan->current->n; i++) {
		l = &plan->current->listener[i];
		if (l->service != service || strcmp(l->endpoint, endpoint) != 0)
			continue;
		want_address(plan, &(struct planned_listener){ service, endpoint, l->addr, l });
		found = true;
	}
	return found;
}

/* find_same_address - a current socket that an endpoint can take over, or NULL */
static const struct listener *
find_same_address(
    const struct listener_plan *plan, enum service_kind service, const struct endpoint_addr *addr)
{
	const struct listener *l;
	size_t i;

	for (i = 0; i < plan->current->n; i++) {
		l = &plan->current->listener[i];
		/* The control socket has another mode and owner. */
		if ((l->service == SERVICE_CONTROL) == (service == SERVICE_CONTROL) &&
		    endpoint_is_same(&l->addr, addr))
			return l;
	}
	return NULL;
}

static bool
want_endpoint(struct listener_plan *plan, enum service_kind service, const char *endpoint,
    char *error, size_t size)
{
	bool lost = has_lost_path(endpoint);
	struct planned_listener wanted = { .service = service, .endpoint = endpoint };
	struct endpoint ep;
	const char *why;
	size_t i;

	if (!lost && want_current(plan, service, endpoint))
		return true;
	if (!endpoint_parse(&ep, endpoint, &why)) {
		snprintf(error, size, "%s: %s: %s", service_kind_name(service), endpoint, why);
		return false;
	}
	for (i = 0; i < ep.n; i++) {
		wanted.addr = ep.addr[i];
		wanted.kept = lost ? NULL : find_same_address(plan, service, &ep.addr[i]);
		want_address(plan, &wanted);
	}
	return true;
}

static bool
want_service(struct listener_plan *plan, enum service_kind service,
    const struct text_list *endpoints, char *error, size_t size)
{
	size_t i;

	if (plan->current->handed[service]) {
		want_current(plan, service, LISTENER_PLAN_HANDED);
		return true;
	}
	for (i = 0; i < endpoints->n; i++)
		if (!want_endpoint(plan, service, endpoints->text[i], error, size))
			return false;
	return true;
}

static bool
want_services(struct listener_plan *plan, const struct settings *settings, char *error, size_t size)
{
	char *texts[] = { settings->metrics, settings->control };
	const struct text_list metrics = { strcmp(texts[0], "none") != 0, &texts[0] };
	const struct text_list control = { strcmp(texts[1], "none") != 0, &texts[1] };
	const struct {
		enum service_kind service;
		const struct text_list *endpoints;
	} services[] = {
		{ SERVICE_FORWARD, &settings->forward },
		{ SERVICE_REVERSE, &settings->reverse },
		{ SERVICE_POLICY, &settings->policy },
		{ SERVICE_SOCKETMAP, &settings->socketmap },
		{ SERVICE_MILTER, &settings->milter },
		{ SERVICE_METRICS, &metrics },
		{ SERVICE_CONTROL, &control },
	};
	size_t i;

	for (i = 0; i < sizeof(services) / sizeof(services[0]); i++)
		if (!want_service(plan, services[i].service, services[i].endpoints, error, size))
			return false;
	return true;
}

/* is_redundant - does another wanted address of the service include this one? */
static bool
is_redundant(const struct listener_plan *plan, size_t i)
{
	const struct planned_listener *w = plan->wanted;
	size_t j;

	for (j = 0; j < plan->n; j++)
		if (j != i && w[j].service == w[i].service &&
		    endpoint_covers(&w[j].addr, &w[i].addr) &&
		    (j < i || !endpoint_covers(&w[i].addr, &w[j].addr)))
			return true;
	return false;
}

static void
remove_redundant(struct listener_plan *plan)
{
	size_t i = 0;

	while (i < plan->n) {
		if (!is_redundant(plan, i)) {
			i++;
			continue;
		}
		plan->n--;
		memmove(
		    &plan->wanted[i], &plan->wanted[i + 1], (plan->n - i) * sizeof(*plan->wanted));
	}
}

/* check_services_differ - false if two services have endpoints at one address */
static bool
check_services_differ(const struct listener_plan *plan, char *error, size_t size)
{
	const struct planned_listener *w = plan->wanted;
	size_t i, j;

	for (i = 0; i < plan->n; i++)
		for (j = 0; j < i; j++) {
			if (!endpoint_overlaps(&w[i].addr, &w[j].addr))
				continue;
			snprintf(error, size,
			    "%s: %s: %s listens there, %s %s; use another address",
			    service_kind_name(w[i].service), w[i].endpoint,
			    service_kind_name(w[j].service),
			    strcmp(w[j].endpoint, LISTENER_PLAN_HANDED) == 0
				? "on a socket of"
				: "because of its endpoint",
			    w[j].endpoint);
			return false;
		}
	return true;
}

bool
listener_plan_make(struct listener_plan *plan, const struct listeners *current,
    const struct settings *settings, char *error, size_t size)
{
	bool ok;

	memset(plan, 0, sizeof(*plan));
	plan->current = current;
	ok = want_services(plan, settings, error, size);
	if (ok)
		remove_redundant(plan);
	ok = ok && check_services_differ(plan, error, size);
	if (!ok)
		listener_plan_free(plan);
	return ok;
}

static bool
is_kept(const struct listener_plan *plan, const struct listener *l)
{
	size_t i;

	for (i = 0; i < plan->n; i++)
		if (plan->wanted[i].kept == l)
			return true;
	return false;
}

size_t
listener_plan_occupants(
    const struct listener_plan *plan, const struct endpoint_addr *addr, int *fds, size_t max)
{
	const struct listener *l;
	size_t i, n = 0;

	for (i = 0; i < plan->current->n && n < max; i++) {
		l = &plan->current->listener[i];
		if (!is_kept(plan, l) && endpoint_overlaps(&l->addr, addr))
			fds[n++] = l->fd;
	}
	return n;
}

void
listener_plan_free(struct listener_plan *plan)
{
	free(plan->wanted);
	plan->wanted = NULL;
	plan->n = 0;
}
