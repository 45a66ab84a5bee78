/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include <event2/buffer.h>

#include "common/buffer.h"
#include "common/xmalloc.h"
#include "tests/replay/client.h"
#include "tests/replay/fake_network.h"
#include "tests/replay/mta.h"

static void
wake(void *arg)
{
	struct client *client = arg;

	if (client->running || !client->busy)
		client->broken = "the session calls wake when it must not";
	client->woken = true;
}

struct client *
client_open(const char *name, size_t name_len, session_open_fn *open, void *service)
{
	struct client *client = xcalloc(1, sizeof(*client));

	client->name = xstrndup(name, name_len);
	client->sent = evbuffer_new();
	client->kept = evbuffer_new();
	client->output = evbuffer_new();
	client->host.wake = wake;
	client->host.arg = client;
	client->session = open(service, &client->host);
	return client;
}

static void
end_session(struct client *client)
{
	if (client->session != NULL)
		client->session->ops->close(client->session);
	client->session = NULL;
}

void
client_free(struct client **clientp)
{
	struct client *client = *clientp;

	*clientp = NULL;
	end_session(client);
	evbuffer_free(client->sent);
	evbuffer_free(client->kept);
	evbuffer_free(client->output);
	mta_free(&client->mta);
	free(client->name);
	free(client);
}

void
client_send(struct client *client, const char *data, size_t len)
{
	if (client->session != NULL)
		evbuffer_add(client->sent, data, len);
}

/* input_turn - pass all unused bytes to the session, in memory of exactly their length */
static enum session_state
input_turn(struct client *client)
{
	size_t len = evbuffer_get_length(client->kept), used = SIZE_MAX; /* unless it is set */
	char *copy = xmalloc(len == 0 ? 1 : len);
	struct buffer said = { NULL, 0, 0 };
	enum session_state state;

	if (len > 0)
		evbuffer_copyout(client->kept, copy, len);
	fake_network_round();
	client->running = true;
	state = client->session->ops->input(client->session, copy, len, &used, &said);
	client->running = false;
	if (said.len > 0)
		evbuffer_add(client->output, said.data, said.len);
	buffer_free(&said);
	free(copy);
	if (used > len) {
		client->broken = "the session uses more than it was given";
		used = len;
	}
	evbuffer_drain(client->kept, used);
	client->busy = state == SESSION_BUSY;
	if (state == SESSION_CLOSE)
		end_session(client);
	return state;
}

static void
input(struct client *client)
{
	while (input_turn(client) == SESSION_MORE)
		;
}

void
client_run(struct client *client, size_t split)
{
	if (client->woken && client->session != NULL) {
		client->woken = false;
		input(client);
	}
	while (client->session != NULL && !client->busy && evbuffer_get_length(client->sent) > 0) {
		evbuffer_remove_buffer(client->sent, client->kept,
		    split == 0 ? evbuffer_get_length(client->sent) : split);
		input(client);
	}
}
