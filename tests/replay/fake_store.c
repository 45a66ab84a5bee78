/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "common/xmalloc.h"
#include "srsd/store/store_backend.h"
#include "tests/replay/fake_store.h"
#include "tests/replay/virtual_time.h"

struct fake_row {
	LIST_ENTRY(fake_row) next;
	char *database;
	char alias[STORE_ALIAS_LEN + 1];
	time_t expires; /* 0: never */
	size_t len;
	char address[];
};

/* A request that is not answered yet. */
struct fake_request {
	STAILQ_ENTRY(fake_request) next;
	uint64_t number;
	enum store_operation operation;
	char alias[STORE_ALIAS_LEN + 1];
	time_t expires;
	size_t len;
	char address[];
};

struct fake_backend {
	struct store_backend base;
	struct fake_store *fake;
	struct store *store;
	char *database;
	bool connected;
	STAILQ_HEAD(, fake_request) requests;
};

void
fake_store_begin(struct fake_store *fake)
{
	memset(fake, 0, sizeof(*fake));
	LIST_INIT(&fake->rows);
}

void
fake_store_end(struct fake_store *fake)
{
	struct fake_row *row;

	while ((row = LIST_FIRST(&fake->rows)) != NULL) {
		LIST_REMOVE(row, next);
		free(row->database);
		free(row);
	}
	free(fake->problem);
}

static void
drop_requests(struct fake_backend *backend)
{
	struct fake_request *request;

	while ((request = STAILQ_FIRST(&backend->requests)) != NULL) {
		STAILQ_REMOVE_HEAD(&backend->requests, next);
		free(request);
	}
}

static void
keep_request(struct store_backend *base, const struct store_request *from)
{
	struct fake_backend *backend = (struct fake_backend *)base;
	struct fake_request *request = xcalloc(1, sizeof(*request) + from->address.len);

	request->number = from->number;
	request->operation = from->operation;
	strlcpy(request->alias, from->alias, sizeof(request->alias));
	request->expires = from->expires;
	request->len = from->address.len;
	if (request->len > 0)
		memcpy(request->address, from->address.s, request->len);
	STAILQ_INSERT_TAIL(&backend->requests, request, next);
	backend->fake->requests[request->operation]++;
}

static void
free_fake_backend(struct store_backend *base)
{
	struct fake_backend *backend = (struct fake_backend *)base;

	backend->fake->backend = NULL;
	drop_requests(backend);
	free(backend->database);
	free(backend);
}

static const struct store_backend_ops fake_backend_ops = {
	.send_request = keep_request,
	.free_backend = free_fake_backend,
};

void
fake_store_open(void *arg, struct store *store, const struct settings *settings,
    const struct inputs_database *database)
{
	struct fake_store *fake = arg;
	struct fake_backend *backend;

	(void)database;
	strlcpy(fake->database, settings->envelope_database, sizeof(fake->database));
	if (strcmp(fake->database, "none") == 0)
		return;
	backend = xcalloc(1, sizeof(*backend));
	backend->base.ops = &fake_backend_ops;
	backend->fake = fake;
	backend->store = store;
	backend->database = xstrdup(settings->envelope_database);
	STAILQ_INIT(&backend->requests);
	store_set_backend(store, &backend->base);
	fake->backend = backend;
	if (fake->lost)
		store_lost(store, fake->problem);
}

static void
set_problem(struct fake_store *fake, const char *problem, size_t len)
{
	free(fake->problem);
	fake->problem = xstrndup(problem, len);
}

void
fake_store_set_mode(
    struct fake_store *fake, enum fake_store_mode mode, const char *problem, size_t len)
{
	fake->mode = mode;
	set_problem(fake, problem, len);
}

void
fake_store_lose(struct fake_store *fake, const char *problem, size_t len)
{
	fake->lost = true;
	set_problem(fake, problem, len);
	if (fake->backend == NULL)
		return;
	fake->backend->connected = false;
	drop_requests(fake->backend);
	store_lost(fake->backend->store, fake->problem);
}

void
fake_store_connect(struct fake_store *fake)
{
	fake->lost = false;
}

static struct fake_row *
find_row(const struct fake_store *fake, const char *alias)
{
	struct fake_row *row;

	LIST_FOREACH (row, &fake->rows, next)
		if (strcmp(row->database, fake->backend->database) == 0 &&
		    strcmp(row->alias, alias) == 0)
			return row;
	return NULL;
}

bool
fake_store_remove(struct fake_store *fake, const char *alias)
{
	struct fake_row *row = fake->backend == NULL ? NULL : find_row(fake, alias);

	if (row == NULL)
		return false;
	LIST_REMOVE(row, next);
	free(row->database);
	free(row);
	return true;
}

static void
write_row(struct fake_store *fake, const char *alias, struct text address, time_t expires)
{
	struct fake_row *row = xcalloc(1, sizeof(*row) + address.len);

	fake_store_remove(fake, alias);
	row->database = xstrdup(fake->backend->database);
	strlcpy(row->alias, alias, sizeof(row->alias));
	row->expires = expires;
	row->len = address.len;
	if (address.len > 0)
		memcpy(row->address, address.s, address.len);
	LIST_INSERT_HEAD(&fake->rows, row, next);
	store_set_rows(fake->backend->store, (int64_t)fake_store_rows(fake));
}

bool
fake_store_write(struct fake_store *fake, const char *alias, struct text address)
{
	if (fake->backend == NULL)
		return false;
	write_row(fake, alias, address, 0);
	return true;
}

size_t
fake_store_rows(const struct fake_store *fake)
{
	const struct fake_row *row;
	size_t n = 0;

	if (fake->backend == NULL)
		return 0;
	LIST_FOREACH (row, &fake->rows, next)
		n += strcmp(row->database, fake->backend->database) == 0;
	return n;
}

unsigned
fake_store_take(struct fake_store *fake, enum store_operation operation)
{
	unsigned n = fake->requests[operation];

	fake->requests[operation] = 0;
	return n;
}

static enum store_outcome
answer_put(struct fake_store *fake, const struct fake_request *request)
{
	const struct text address = { request->address, request->len };

	if (fake->mode == FAKE_STORE_FULL)
		return STORE_FULL;
	write_row(fake, request->alias, address, request->expires);
	return STORE_DONE;
}

/* answer_get - a row that has expired is gone */
static enum store_outcome
answer_get(struct fake_store *fake, const struct fake_request *request, struct text *address)
{
	const struct fake_row *row = find_row(fake, request->alias);

	if (row == NULL || (row->expires != 0 && row->expires <= virtual_time_wall()))
		return STORE_MISSING;
	*address = (struct text){ row->address, row->len };
	return STORE_DONE;
}

static void
answer_request(struct fake_store *fake, const struct fake_request *request)
{
	struct text address = { "", 0 };
	enum store_outcome outcome;

	if (fake->mode == FAKE_STORE_FAILING)
		outcome = STORE_FAILED;
	else if (request->operation == STORE_PUT)
		outcome = answer_put(fake, request);
	else
		outcome = answer_get(fake, request, &address);
	store_answer(fake->backend->store, request->number, outcome, address, fake->problem);
}

bool
fake_store_deliver(struct fake_store *fake)
{
	struct fake_backend *backend = fake->backend;
	struct fake_request *request;
	bool some = false;

	if (backend == NULL || fake->lost)
		return false;
	if (!backend->connected) {
		some = backend->connected = true;
		store_connected(backend->store);
		store_set_rows(backend->store, (int64_t)fake_store_rows(fake));
	}
	while (fake->mode != FAKE_STORE_SILENT &&
	       (request = STAILQ_FIRST(&backend->requests)) != NULL) {
		STAILQ_REMOVE_HEAD(&backend->requests, next);
		answer_request(fake, request);
		free(request);
		some = true;
	}
	return some;
}
