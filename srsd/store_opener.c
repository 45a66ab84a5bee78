/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/xmalloc.h"
#include "srsd/store/store_backend.h"
#include "srsd/store/store_link.h"
#include "srsd/store/store_redis.h"
#include "srsd/store_opener.h"

#define SQLITE_SCHEME "sqlite:"
#define REDIS_SCHEME "redis:"

struct store_opener {
	struct event_base *base;
	const struct clock *clock;
	void (*ask)(void *arg);
	void *arg;
	/* The backend, which the store owns; at most one of them is not NULL. */
	struct store_link *process;
	struct store_backend *server;
};

struct store_opener *
store_opener_new(
    struct event_base *base, const struct clock *clock, void (*ask)(void *arg), void *arg)
{
	struct store_opener *opener = xcalloc(1, sizeof(*opener));

	opener->base = base;
	opener->clock = clock;
	opener->ask = ask;
	opener->arg = arg;
	return opener;
}

void
store_opener_free(struct store_opener **opener)
{
	free(*opener);
	*opener = NULL;
}

#ifdef HAVE_HIREDIS
static struct store_backend *
make_redis_backend(struct store_opener *opener, struct store *store,
    const struct settings *settings, const char *password)
{
	const char *user = settings->envelope_database_user;
	const struct store_redis_settings redis = {
		.name = settings->envelope_database,
		.user = user[0] == '\0' ? NULL : user,
		.password = password,
		.patience_ms = 1000 * (unsigned)settings->store_timeout,
		.ask_socket = opener->ask,
		.ask_arg = opener->arg,
	};

	return store_redis_new(store, opener->base, opener->clock, &redis);
}
#endif

void
store_opener_open(
    void *arg, struct store *store, const struct settings *settings, const char *password)
{
	const char *database = settings->envelope_database;
	struct store_opener *opener = arg;

	opener->process = NULL;
	opener->server = NULL;
	if (strncmp(database, SQLITE_SCHEME, strlen(SQLITE_SCHEME)) == 0)
		opener->process = store_link_new(store, opener->base);
#ifdef HAVE_HIREDIS
	else if (strncmp(database, REDIS_SCHEME, strlen(REDIS_SCHEME)) == 0)
		opener->server = make_redis_backend(opener, store, settings, password);
#else
	(void)password;
#endif
}

void
store_opener_attach(struct store_opener *opener, enum link_order kind, int fd, const char *problem)
{
	if (kind == LINK_STORE_PROCESS && opener->process != NULL && fd != -1) {
		store_link_attach(opener->process, fd);
		return;
	}
#ifdef HAVE_HIREDIS
	if (kind == LINK_STORE_SERVER && opener->server != NULL) {
		store_redis_attach(opener->server, fd, problem);
		return;
	}
#endif
	(void)problem;
	if (fd != -1)
		close(fd);
}
