/* SPDX-License-Identifier: ISC */
/*
 * A client of both maps over socketmap, with and without an envelope store. However its bytes are
 * divided, the replies are the same. Each is a netstring that Postfix reads, and no address with an
 * alias is given out that the store has not confirmed.
 *
 * The store depends on nothing but the alias: some are confirmed, some are not, at once or later,
 * and some belong to another address.
 */
#include "tests/fuzz/session_case.h"

#include <sys/queue.h>

#include <event2/event.h>

#include "srsd/postfix/socketmap.h"
#include "srsd/service/socketmap_service.h"
#include "srsd/srs/srs_rewrite.h"
#include "srsd/store/store_backend.h"

#define STORE_TIMEOUT 2000

struct kept_row {
	STAILQ_ENTRY(kept_row) next;
	char alias[STORE_ALIAS_LEN + 1];
	size_t len;
	char address[MAILADDR_SIZE];
};

struct kept_request {
	STAILQ_ENTRY(kept_request) next;
	uint64_t number;
	enum store_operation operation;
	struct kept_row *row; /* the alias, and of a put the address */
};

static void keep_request(struct store_backend *backend, const struct store_request *request);
static void leave_backend(struct store_backend *backend);

static const struct store_backend_ops backend_ops = { keep_request, leave_backend };
static struct store_backend backend = { &backend_ops };
static struct event_base *base;
static struct store *store;
static STAILQ_HEAD(, kept_request) requests = STAILQ_HEAD_INITIALIZER(requests);
static STAILQ_HEAD(, kept_row) rows = STAILQ_HEAD_INITIALIZER(rows);

static struct stats stats;
static struct settings *settings;
static struct map_service forward = { .kind = MAP_FORWARD, .clock = &session_case_clock };
static struct map_service reverse = { .kind = MAP_REVERSE, .clock = &session_case_clock };
static struct socketmap_service service = { &forward, &reverse };

static void
keep_request(struct store_backend *unused, const struct store_request *from)
{
	struct kept_request *request;
	const struct text none = { "", 0 };

	(void)unused;
	if (from->alias[0] == '0') {
		store_answer(store, from->number, STORE_FAILED, none, "cannot send");
		return;
	}
	request = xcalloc(1, sizeof(*request));
	request->number = from->number;
	request->operation = from->operation;
	request->row = xcalloc(1, sizeof(*request->row));
	strlcpy(request->row->alias, from->alias, sizeof(request->row->alias));
	fuzz_must(from->address.len < sizeof(request->row->address));
	request->row->len = from->address.len;
	memcpy(request->row->address, from->address.s, from->address.len);
	STAILQ_INSERT_TAIL(&requests, request, next);
}

static void
leave_backend(struct store_backend *unused)
{
	(void)unused;
}

static const struct kept_row *
find_kept_row(const char *alias)
{
	const struct kept_row *row;

	STAILQ_FOREACH (row, &rows, next)
		if (strcmp(row->alias, alias) == 0)
			return row;
	return NULL;
}

/* answer_kept_put - takes over the row */
static void
answer_kept_put(const struct kept_request *request)
{
	static const enum store_outcome outcomes[] = { STORE_DONE, STORE_DONE, STORE_FULL,
		STORE_FAILED };
	const struct text none = { "", 0 };
	enum store_outcome outcome = outcomes[request->row->alias[1] & 3];

	if (outcome == STORE_DONE)
		STAILQ_INSERT_HEAD(&rows, request->row, next);
	else
		free(request->row);
	store_answer(store, request->number, outcome, none, "disk I/O error");
}

static void
answer_kept_get(const struct kept_request *request)
{
	const struct kept_row *row = find_kept_row(request->row->alias);
	struct text address = { "victim@x.test", 13 };
	enum store_outcome outcome = STORE_DONE;

	if (row != NULL)
		address = (struct text){ row->address, row->len };
	else if (request->row->alias[1] >= 'G')
		outcome = STORE_MISSING;
	else if (request->row->alias[1] >= '8')
		outcome = STORE_FAILED;
	free(request->row);
	store_answer(store, request->number, outcome, address, "database is locked");
}

/* settle_store - answer all that has been asked; sessions may ask more meanwhile */
static void
settle_store(void)
{
	struct kept_request *request;

	event_base_loop(base, EVLOOP_NONBLOCK);
	while ((request = STAILQ_FIRST(&requests)) != NULL) {
		STAILQ_REMOVE_HEAD(&requests, next);
		if (request->operation == STORE_PUT)
			answer_kept_put(request);
		else
			answer_kept_get(request);
		free(request);
	}
}

static struct session_case whole = {
	.open = socketmap_session_open, .service = &service, .settle = settle_store
};
static struct session_case cut = {
	.open = socketmap_session_open, .service = &service, .settle = settle_store
};

static void
prepare(void)
{
	if (settings != NULL)
		return;
	settings = srs_settings();
	srs_own(settings, "own.test");
	forward.settings = reverse.settings = settings;
	forward.keys = reverse.keys = srs_keys_of(SECRET "\n");
	forward.stats = reverse.stats = &stats;
	base = event_base_new();
	store = store_new(base, &session_case_clock, STORE_TIMEOUT);
	store_set_backend(store, &backend);
	store_connected(store);
}

/* forget_rows - each run begins with an empty store, of which nothing is known */
static void
forget_rows(void)
{
	struct kept_row *row;

	fuzz_must(STAILQ_EMPTY(&requests));
	if (STAILQ_EMPTY(&rows))
		return; /* to empty the store's memory costs more than the rest of a run */
	while ((row = STAILQ_FIRST(&rows)) != NULL) {
		STAILQ_REMOVE_HEAD(&rows, next);
		free(row);
	}
	store_forget(store);
}

/* check_address - one of ours with an alias has its row */
static void
check_address(const char *s, size_t len)
{
	const struct srs_context context = {
		.settings = settings, .keys = forward.keys, .now = session_case_now
	};
	struct srs_result result;

	fuzz_must(len > 0 && len < MAILADDR_SIZE);
	fuzz_must(memchr(s, '\0', len) == NULL);
	srs_rewrite_reverse(&result, &context, s, len);
	if (result.verdict == SRS_UNKNOWN_ALIAS)
		fuzz_must(forward.store != NULL && find_kept_row(result.alias) != NULL);
}

static void
check_payload(const char *s, size_t len)
{
	static const char *const refusals[] = { "NOTFOUND ", "TEMP ", "PERM " };
	size_t i;

	if (len > 3 && memcmp(s, "OK ", 3) == 0) {
		check_address(s + 3, len - 3);
		return;
	}
	fuzz_must(fuzz_is_visible(s, len));
	for (i = 0; i < 3; i++)
		if (len > strlen(refusals[i]) && memcmp(s, refusals[i], strlen(refusals[i])) == 0)
			return;
	fuzz_must(false && "a reply that Postfix knows");
}

/* check_replies - as Postfix reads them: digits, ':', so many bytes and ',' */
static void
check_replies(const struct session_case *c)
{
	const char *s = c->output, *end = s + c->len, *colon;
	size_t len;

	for (; s < end; s = colon + 1 + len + 1) {
		colon = memchr(s, ':', (size_t)(end - s));
		fuzz_must(colon != NULL && colon > s && colon - s <= 4 && *s != '0');
		for (len = 0; s < colon; s++) {
			fuzz_must(*s >= '0' && *s <= '9');
			len = 10 * len + (size_t)(*s - '0');
		}
		fuzz_must((size_t)(end - colon) > len + 1 && colon[1 + len] == ',');
		check_payload(colon + 1, len);
	}
}

static void
run_step(struct session_case *c, const uint8_t *data, size_t size, size_t step)
{
	forget_rows();
	session_case_run(c, data, size, step);
	check_replies(c);
}

static void
wake_closed_session(void *arg)
{
	(void)arg;
	fuzz_must(false && "a session that is closed calls wake");
}

/* leave_early - the client closes the connection, perhaps while a lookup waits */
static void
leave_early(const uint8_t *data, size_t size)
{
	const struct session_host host = { wake_closed_session, NULL };
	struct session *session = socketmap_session_open(&service, &host);
	struct buffer out = { NULL, 0, 0 };
	char *copy = fuzz_copy(data, size);
	size_t used;

	forget_rows();
	session->ops->input(session, copy, size, &used, &out);
	free(copy);
	buffer_free(&out);
	session->ops->close(session);
	settle_store();
	log_forget();
}

static void
check_settings(enum original_envelope envelope, const uint8_t *data, size_t size)
{
	settings->original_envelope = envelope;
	run_step(&whole, data, size, size + 1);
	run_step(&cut, data, size, 1 + fuzz_cut(data, size, 1));
	fuzz_must(session_case_same(&whole, &cut));
	run_step(&cut, data, size, 1 + size / 512);
	fuzz_must(session_case_same(&whole, &cut));
	leave_early(data, size);
	fuzz_say_bytes(whole.output, whole.len);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	prepare();
	forward.store = reverse.store = NULL;
	check_settings(ENVELOPE_EMBEDDED, data, size);
	forward.store = reverse.store = store;
	fuzz_say(" | ");
	check_settings(ENVELOPE_LONG, data, size);
	fuzz_say(" | ");
	check_settings(ENVELOPE_DATABASE, data, size);
	return 0;
}
