/* SPDX-License-Identifier: ISC */
/* Lookups of the milter: without counters and log lines, and signed under a given domain. */
#include "tests/unit/log_capture.h"
#include "tests/unit/srs_case.h"

#include <event2/event.h>

#include "srsd/service/map_lookup.h"
#include "srsd/store/store_backend.h"

#define SENDER "jane@example.test"
#define SIGNED "SRS0=mqiS=G3=example.test=jane@"
#define KEY(literal) ((struct text){ BYTES(literal) })

#define QUESTIONS_MAX 8

static time_t
wall(void *arg)
{
	(void)arg;
	return NOW;
}

static uint64_t
elapsed(void *arg)
{
	(void)arg;
	return 12345;
}

static const struct clock clock_of_the_test = { wall, elapsed, NULL };

static struct settings *settings;
static struct map_service service;
static struct stats stats;
static struct event_base *base;
static struct map_lookup lookup;
static unsigned woken;
static uint64_t numbers[QUESTIONS_MAX]; /* of the questions that were asked */
static char stored[MAILADDR_SIZE];      /* the address of the last put */
static unsigned asked;

static void
send_request(struct store_backend *backend, const struct store_request *request)
{
	(void)backend;
	assert_in_range(asked, 0, QUESTIONS_MAX - 1);
	numbers[asked++] = request->number;
	snprintf(stored, sizeof(stored), "%.*s", (int)request->address.len, request->address.s);
}

static void
free_backend(struct store_backend *backend)
{
	(void)backend;
}

static const struct store_backend_ops ops = { send_request, free_backend };
static struct store_backend backend = { &ops };

static void
on_wake(void *arg)
{
	assert_ptr_equal(arg, &woken);
	woken++;
}

static int
begin(void **state)
{
	base = event_base_new();
	settings = srs_settings();
	srs_own(settings, "own.test");
	srs_set(settings, "per-domain", "fwd.");
	memset(&stats, 0, sizeof(stats));
	service = (struct map_service){ .settings = settings, .clock = &clock_of_the_test };
	service.stats = &stats;
	service.keys = srs_keys_of(SECRET "\n");
	service.store = store_new(base, &clock_of_the_test, 1000);
	store_set_backend(service.store, &backend);
	store_connected(service.store);
	woken = asked = 0;
	map_lookup_init(&lookup, on_wake, &woken);
	if (unit_dir_make(state) != 0)
		return -1;
	log_capture_take();
	return 0;
}

static int
end(void **state)
{
	log_capture_take();
	map_lookup_cancel(&lookup);
	store_free(&service.store);
	srs_keys_free(&service.keys);
	settings_free(&settings);
	event_base_free(base);
	return unit_dir_remove(state);
}

#define LOOKUP_TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

static void
answer(unsigned question, enum store_outcome outcome, const char *address)
{
	store_answer(service.store, numbers[question], outcome,
	    (struct text){ address, strlen(address) }, "disk on fire");
}

/* check_result - the result as an address or a reason; nothing is counted or logged */
static void
check_result(const char *row, const char *want)
{
	static const struct stats none;

	unit_text(row, "result",
	    lookup.result.verdict == SRS_REWRITTEN ? lookup.result.address
						   : srs_verdict_text(lookup.result.verdict),
	    want);
	unit_text(row, "log", log_capture_take(), "");
	unit_int(row, "counters", memcmp(&stats.lookups, &none.lookups, sizeof(none.lookups)), 0);
}

static void
test_resolve(void **state)
{
	static const struct {
		enum map_kind kind;
		struct text key;
		bool overlong;
		const char *want;
	} rows[] = {
		{ MAP_FORWARD, { BYTES(SENDER) }, false, SIGNED "srs.test" },
		{ MAP_FORWARD, { BYTES("user@own.test") }, false, "local domain" },
		{ MAP_FORWARD, { BYTES("a") }, true, "too long" },
		{ MAP_REVERSE, { BYTES(SIGNED "srs.test") }, false, SENDER },
		{ MAP_REVERSE, { BYTES(SIGNED "fwd.own.test") }, false, SENDER },
		{ MAP_REVERSE, { BYTES("SRS0=x") }, true, "malformed" },
		{ MAP_REVERSE, { BYTES("SRS0=xxxx=G3=example.test=jane@srs.test") }, false,
		    "bad hash" },
	};
	uint64_t verified;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		service.kind = rows[i].kind;
		unit_true(rows[i].key.s, "there at once",
		    map_lookup_resolve(&lookup, &service, rows[i].key, rows[i].overlong));
		check_result(rows[i].key.s, rows[i].want);
	}
	/* The same lookup for a map is counted and logged. */
	assert_true(map_lookup_run(&lookup, &service, rows[COUNT(rows) - 1].key, false));
	unit_int("run", "counter", (int)stats.lookups[MAP_REVERSE][SRS_BAD_HASH], 1);
	unit_holds("run", "log", log_capture_take(), "reason=bad-hash");
	assert_true(map_lookup_run(&lookup, &service, KEY(SIGNED "srs.test"), false));
	verified = srs_keys_verified(service.keys, 0);
	unit_true("run", "verified", verified > 0);
	log_capture_take();
	/* A probe is not counted, and marked. */
	lookup.probe = true;
	assert_true(map_lookup_run(&lookup, &service, KEY(SIGNED "srs.test"), false));
	unit_int("probe", "verified", (int)srs_keys_verified(service.keys, 0), (int)verified);
	unit_holds("probe", "log", log_capture_take(), "result=rewritten secret=1 probe=yes");
	assert_true(map_lookup_run(&lookup, &service, rows[COUNT(rows) - 1].key, false));
	unit_int("probe", "counter", (int)stats.lookups[MAP_REVERSE][SRS_BAD_HASH], 1);
	unit_holds("probe", "log", log_capture_take(), "reason=bad-hash probe=yes");
	lookup.probe = false;
	unit_end();
}

/* What srsctl recent shows, and srsctl top counts as refused. */
static void
test_remembered(void **state)
{
	static const struct {
		enum map_kind kind;
		struct text key;
		const char *result;
		bool refused;
	} rows[] = {
		{ MAP_FORWARD, { BYTES(SENDER) }, "rewritten", false },
		{ MAP_FORWARD, { BYTES("jane@exa mple") }, "kept", false },
		{ MAP_REVERSE, { BYTES(SIGNED "srs.test") }, "rewritten", false },
		{ MAP_REVERSE, { BYTES(SIGNED "elsewhere.test") }, "kept", false },
		{ MAP_REVERSE, { BYTES("SRS0=xxxx=G3=example.test=jane@srs.test") }, "refused",
		    true },
		{ MAP_REVERSE, { BYTES("SRS0=x@srs.test") }, "refused", true },
	};
	const struct recent_decision *d;
	size_t i;

	(void)state;
	service.recent = recent_new(COUNT(rows));
	for (i = 0; i < COUNT(rows); i++) {
		service.kind = rows[i].kind;
		assert_true(map_lookup_run(&lookup, &service, rows[i].key, false));
		d = recent_get(service.recent, i + 1);
		assert_non_null(d);
		unit_text(rows[i].key.s, "result", d->result, rows[i].result);
		unit_int(rows[i].key.s, "refused", d->refused, rows[i].refused);
	}
	/* Deferred is refused as well, for now. */
	srs_set(settings, "original-envelope", "database");
	service.kind = MAP_FORWARD;
	assert_false(map_lookup_run(&lookup, &service, KEY(SENDER), false));
	answer(0, STORE_FAILED, "");
	assert_true(map_lookup_run(&lookup, &service, KEY(SENDER), false));
	d = recent_get(service.recent, COUNT(rows) + 1);
	assert_non_null(d);
	unit_text("deferred", "result", d->result, "deferred");
	unit_true("deferred", "refused", d->refused);
	recent_free(&service.recent);
	unit_end();
}

static void
test_sign(void **state)
{
	(void)state;
	assert_true(map_lookup_sign(&lookup, &service, KEY(SENDER), "fwd.own.test"));
	check_result("under a candidate", SIGNED "fwd.own.test");
	assert_true(map_lookup_sign(&lookup, &service, KEY(SENDER), NULL));
	check_result("under srs-domain", SIGNED "srs.test");
	assert_true(map_lookup_sign(&lookup, &service, KEY("user@own.test"), NULL));
	check_result("own sender", "SRS0=i+NK=G3=own.test=user@srs.test");
	assert_true(map_lookup_sign(&lookup, &service, KEY(SIGNED "srs.test"), "fwd.own.test"));
	check_result("an SRS address of ours", "already ours");
	assert_true(map_lookup_resolve(&lookup, &service, KEY("user@own.test"), false));
	check_result("in the map after that", "local domain");
	unit_end();
}

/* The milter gives an address out only when its sender is durable. */
static void
test_sign_with_the_store(void **state)
{
	(void)state;
	srs_set(settings, "original-envelope", "database");
	assert_false(map_lookup_sign(&lookup, &service, KEY("user@own.test"), "fwd.own.test"));
	assert_false(map_lookup_sign(&lookup, &service, KEY("user@own.test"), "fwd.own.test"));
	assert_int_equal(asked, 1);
	assert_string_equal(stored, "user@own.test");
	answer(0, STORE_DONE, "");
	assert_int_equal(woken, 1);
	assert_true(map_lookup_sign(&lookup, &service, KEY("user@own.test"), "fwd.own.test"));
	assert_true(lookup.stored);
	unit_holds("stored", "address", lookup.result.address, "=1=");
	unit_holds("stored", "address", lookup.result.address, "@fwd.own.test");
	/* The row is known, also for another domain. */
	assert_true(map_lookup_sign(&lookup, &service, KEY("user@own.test"), NULL));
	unit_holds("known", "address", lookup.result.address, "@srs.test");
	assert_int_equal(asked, 1);
	unit_int("counters", "deferred", (int)stats.lookups[MAP_FORWARD][SRS_NO_STORE], 0);
	unit_text("store", "log", log_capture_take(), "");
	unit_end();
}

static void
test_store_that_fails(void **state)
{
	(void)state;
	srs_set(settings, "original-envelope", "database");
	assert_false(map_lookup_sign(&lookup, &service, KEY(SENDER), "fwd.own.test"));
	answer(0, STORE_FULL, "");
	assert_true(map_lookup_sign(&lookup, &service, KEY(SENDER), "fwd.own.test"));
	assert_false(lookup.stored);
	unit_holds("full", "log", log_capture_take(), "envelope-limit");
	check_result("full", SIGNED "fwd.own.test");
	assert_false(map_lookup_sign(&lookup, &service, KEY(SENDER), "fwd.own.test"));
	answer(1, STORE_FAILED, "");
	assert_true(map_lookup_sign(&lookup, &service, KEY(SENDER), "fwd.own.test"));
	unit_int("failed", "verdict", (int)lookup.result.verdict, SRS_NO_STORE);
	unit_holds("failed", "log", log_capture_take(), "disk on fire");
	unit_end();
}

/* A reload may change the domain, and free the text of the old one. */
static void
test_reload_in_between(void **state)
{
	char *domain = strdup("fwd.own.test");

	(void)state;
	srs_set(settings, "original-envelope", "database");
	assert_false(map_lookup_sign(&lookup, &service, KEY(SENDER), domain));
	free(domain);
	service.generation++;
	answer(0, STORE_DONE, "");
	assert_int_equal(woken, 1);
	assert_true(map_lookup_sign(&lookup, &service, KEY(SENDER), "srs.test"));
	unit_holds("after the reload", "address", lookup.result.address, "@srs.test");
	unit_end();
}

static void
test_cancelled(void **state)
{
	(void)state;
	srs_set(settings, "original-envelope", "database");
	assert_false(map_lookup_sign(&lookup, &service, KEY(SENDER), "fwd.own.test"));
	map_lookup_cancel(&lookup);
	answer(0, STORE_DONE, "");
	assert_int_equal(woken, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		LOOKUP_TEST(test_resolve),
		LOOKUP_TEST(test_sign),
		LOOKUP_TEST(test_sign_with_the_store),
		LOOKUP_TEST(test_store_that_fails),
		LOOKUP_TEST(test_remembered),
		LOOKUP_TEST(test_reload_in_between),
		LOOKUP_TEST(test_cancelled),
	};

	return cmocka_run_group_tests_name("map_lookup", tests, NULL, NULL);
}
