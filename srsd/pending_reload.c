/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "srsd/link.h"
#include "srsd/pending_reload.h"

/* The new sockets for which one message has room, besides the filebox. */
#define NEW_LISTENERS (CHANNEL_FDS_MAX - 1)

/* describe_new_listeners - for LINK_RELOAD, with descriptors; false: too many */
static bool
describe_new_listeners(const struct pending_reload *r, const struct listeners *current,
    char text[CHANNEL_TEXT_MAX], int *fds, size_t *n_fds)
{
	struct link_change change;
	const struct listener *l;
	size_t i, n = 0;

	for (i = 0; i < r->listeners->n; i++) {
		l = &r->listeners->listener[i];
		if (listeners_hold(current, l->id))
			continue;
		change = (struct link_change){ true, (unsigned)l->service, l->id };
		if (n == NEW_LISTENERS || !link_add_change(text, &change))
			return false;
		fds[n++] = l->fd;
	}
	*n_fds = n;
	return true;
}

/*
 * describe_old_listeners - false: too many
 *
 * If another service gets the socket, the old listener ends at the moment at which the new one
 * begins, with LINK_RELOAD. The others leave when the new ones serve, with LINK_REMOVE.
 */
static bool
describe_old_listeners(
    struct pending_reload *r, const struct listeners *current, char moving[CHANNEL_TEXT_MAX])
{
	struct link_change change;
	const struct listener *l;
	bool moves;
	size_t i;

	for (i = 0; i < current->n; i++) {
		l = &current->listener[i];
		if (listeners_hold(r->listeners, l->id))
			continue;
		change = (struct link_change){ .id = l->id };
		moves = listeners_have_address(r->listeners, &l->addr);
		if (!link_add_change(moves ? moving : r->leaving, &change))
			return false;
	}
	return true;
}

/* send_reload - false with one line in error */
static bool
send_reload(struct pending_reload *r, int link, const struct listeners *current,
    char error[CONFIG_ERROR_SIZE])
{
	int fds[CHANNEL_FDS_MAX];
	char text[CHANNEL_TEXT_MAX] = "";
	size_t n;
	bool ok;

	r->leaving[0] = '\0';
	if (!describe_new_listeners(r, current, text, fds + 1, &n) ||
	    !describe_old_listeners(r, current, text)) {
		snprintf(error, CONFIG_ERROR_SIZE,
		    "too many new or removed listeners (at most %d new ones); restart srsd instead",
		    NEW_LISTENERS);
		return false;
	}
	fds[0] = filebox_store(r->inputs.box);
	filebox_free(&r->inputs.box);
	ok = fds[0] != -1 && channel_send(link, LINK_RELOAD, r->number, text, fds, n + 1);
	if (!ok)
		snprintf(error, CONFIG_ERROR_SIZE, "cannot reach the engine: %s", strerror(errno));
	if (fds[0] != -1)
		close(fds[0]);
	return ok;
}

bool
pending_reload_begin(struct pending_reload *r, int link, const struct inputs_source *source,
    const struct identity *id, const struct listeners *current, char error[CONFIG_ERROR_SIZE])
{
	if (!inputs_read_settings(&r->inputs, filebox_new(), source, error) ||
	    !inputs_read_rest(&r->inputs, id, error))
		return false;
	r->listeners =
	    listeners_plan(current, r->inputs.settings, id, NULL, error, CONFIG_ERROR_SIZE);
	r->number++;
	if (r->listeners != NULL && send_reload(r, link, current, error)) {
		r->state = RELOAD_SENT;
		return true;
	}
	pending_reload_end(r, current);
	return false;
}

void
pending_reload_apply(struct pending_reload *r, struct inputs *inputs, struct listeners **current)
{
	listeners_hide_leaving(*current, r->listeners);
	listeners_free(current, r->listeners);
	*current = r->listeners;
	r->listeners = NULL;
	inputs_free(inputs);
	*inputs = r->inputs;
	memset(&r->inputs, 0, sizeof(r->inputs));
	r->state = RELOAD_REMOVING;
}

bool
pending_reload_remove(const struct pending_reload *r, int link)
{
	return channel_send(link, LINK_REMOVE, r->number, r->leaving, NULL, 0);
}

void
pending_reload_end(struct pending_reload *r, const struct listeners *current)
{
	listeners_free(&r->listeners, current);
	inputs_free(&r->inputs);
	r->state = RELOAD_NONE;
}
