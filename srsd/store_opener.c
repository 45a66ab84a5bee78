/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "common/xmalloc.h"
#include "conf/envelope_database.h"
#include "srsd/store/store_backend.h"
#include "srsd/store/store_link.h"
#include "srsd/store/store_redis.h"
#include "srsd/store/store_redis_url.h"
#include "srsd/store/store_tls.h"
#include "srsd/store_opener.h"

struct store_opener {
	struct event_base *base;
	const struct clock *clock;
	void (*ask)(void *arg);
	void *arg;
	/* The backend, which the store owns; at most one of them is not NULL. */
	struct store_link *process;
	struct store_backend *server;
	struct store_tls *tls; /* of the server, or NULL */
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

/* discard_tls - of a backend that is gone */
static void
discard_tls(struct store_opener *opener)
{
#ifdef HAVE_HIREDIS_SSL
	store_tls_free(&opener->tls);
#else
	(void)opener;
#endif
}

void
store_opener_free(struct store_opener **opener)
{
	if (*opener == NULL)
		return;
	discard_tls(*opener);
	free(*opener);
	*opener = NULL;
}

#ifdef HAVE_HIREDIS
/* make_tls - false if the connection must have TLS and cannot */
static bool
make_tls(struct store_opener *opener, const char *url, const char *authorities)
{
#ifdef HAVE_HIREDIS_SSL
	struct store_redis_url server;
	const char *error;

	if (authorities == NULL)
		return true;
	if (store_redis_url_parse(&server, url, &error))
		opener->tls = store_tls_new(authorities, strlen(authorities), server.host, &error);
	if (opener->tls == NULL)
		log_warnx("envelope-database-tls: %s", error);
	return opener->tls != NULL;
#else
	(void)opener;
	(void)url;
	return authorities == NULL;
#endif
}

/* make_redis_backend - NULL if it cannot be made */
static struct store_backend *
make_redis_backend(struct store_opener *opener, struct store *store,
    const struct settings *settings, const struct inputs_database *database)
{
	const char *user = settings->envelope_database_user;
	bool possible = make_tls(opener, settings->envelope_database, database->authorities);
	const struct store_redis_settings redis = {
		.name = settings->envelope_database,
		.user = user[0] == '\0' ? NULL : user,
		.password = database->password,
		.patience_ms = 1000 * (unsigned)settings->store_timeout,
		.tls = opener->tls,
		.ask_socket = opener->ask,
		.ask_arg = opener->arg,
	};

	if (!possible)
		return NULL;
	return store_redis_new(store, opener->base, opener->clock, &redis);
}
#endif

void
store_opener_open(void *arg, struct store *store, const struct settings *settings,
    const struct inputs_database *database)
{
	const char *url = settings->envelope_database;
	struct store_opener *opener = arg;

	opener->process = NULL;
	opener->server = NULL;
	discard_tls(opener);
	if (envelope_database_path(url) != NULL)
		opener->process = store_link_new(store, opener->base);
#ifdef HAVE_HIREDIS
	else if (envelope_database_server(url) != NULL)
		opener->server = make_redis_backend(opener, store, settings, database);
#else
	(void)database;
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
