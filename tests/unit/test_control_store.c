/* SPDX-License-Identifier: ISC */
/* Requests of srsctl to the store, over a backend of the test that answers when it is asked to. */
#include "tests/unit/srs_case.h"

#include <event2/event.h>
#include <jansson.h>

#include "srsd/service/control.h"
#include "srsd/service/control_store.h"
#include "srsd/service/map_lookup.h"
#include "srsd/srs/srs_alias.h"
#include "srsd/store/store_backend.h"

#define SENDER "jane@example.test"
/* The alias of postsrsd 2, base32hex of SHA-1. */
#define SENDER_SHA1 "B0AAPESKG4PLH798TFK3CAH28H3U9142@1"
#define PUTS_MAX 8

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

static struct control_service service;
static struct event_base *base;
static unsigned woken;
static uint64_t numbers[PUTS_MAX]; /* of the questions that were asked */
static unsigned asked;
static time_t expires; /* of the last put */

static void
send_request(struct store_backend *backend, const struct store_request *request)
{
	(void)backend;
	assert_in_range(asked, 0, PUTS_MAX - 1);
	numbers[asked++] = request->number;
	expires = request->expires;
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
	(void)state;
	base = event_base_new();
	memset(&service, 0, sizeof(service));
	service.settings = srs_settings();
	service.keys = srs_keys_of(SECRET "\n");
	service.clock = &clock_of_the_test;
	service.store = store_new(base, &clock_of_the_test, 1000);
	store_set_backend(service.store, &backend);
	store_connected(service.store);
	woken = asked = 0;
	return 0;
}

static int
end(void **state)
{
	(void)state;
	store_free(&service.store);
	srs_keys_free(&service.keys);
	settings_free(&service.settings);
	event_base_free(base);
	return 0;
}

static void
answer(unsigned question, enum store_outcome outcome, const char *address)
{
	store_answer(service.store, numbers[question], outcome,
	    (struct text){ address, strlen(address) }, "disk on fire");
}

/* check_report - the report as JSON, or NULL for one that is not there yet */
static void
check_report(const char *row, const struct control_store *request, const char *want)
{
	json_t *report = control_store_report(request);
	char *text = report == NULL ? NULL : json_dumps(report, JSON_COMPACT | JSON_SORT_KEYS);

	unit_text(row, "report", text, want);
	free(text);
	json_decref(report);
}

static struct control_store *
get_alias(const char *alias)
{
	json_t *request = json_pack("{s:s}", "alias", alias);
	const char *error = NULL;
	struct control_store *get = control_store_get(&service, request, on_wake, &woken, &error);

	json_decref(request);
	if (get == NULL)
		assert_non_null(error);
	return get;
}

static void
test_get(void **state)
{
	static const struct {
		const char *row;
		enum store_outcome outcome;
		const char *address, *want;
	} rows[] = {
		{ "found", STORE_DONE, SENDER,
		    "{\"address\":\"" SENDER "\",\"alias\":\"" SENDER_SHA1
		    "\",\"made_by\":\"postsrsd 2\"}" },
		{ "of another", STORE_DONE, "eve@example.test",
		    "{\"address\":\"eve@example.test\",\"alias\":\"" SENDER_SHA1
		    "\",\"made_by\":null}" },
		{ "not UTF-8", STORE_DONE, "\xff@example.test",
		    "{\"address\":null,\"alias\":\"" SENDER_SHA1 "\",\"made_by\":null}" },
		{ "missing", STORE_MISSING, "",
		    "{\"alias\":\"" SENDER_SHA1 "\",\"reason\":\"unknown alias\"}" },
		{ "failed", STORE_FAILED, "",
		    "{\"error\":\"the envelope database cannot be read: disk on fire\"}" },
	};
	struct control_store *get;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		woken = asked = 0;
		get = get_alias(SENDER_SHA1);
		assert_non_null(get);
		check_report("waits", get, UNIT_NULL);
		answer(0, rows[i].outcome, rows[i].address);
		unit_int(rows[i].row, "woken", woken, 1);
		check_report(rows[i].row, get, rows[i].want);
		control_store_free(&get);
		assert_null(get);
	}
	unit_end();
}

static void
test_forms_of_an_alias(void **state)
{
	static const char *const right[] = { "B0AAPESKG4PLH798TFK3CAH28H3U9142",
		"b0aapeskg4plh798tfk3cah28h3u9142", "b0aapeskg4plh798tfk3cah28h3u9142@1",
		"SRS0=aaaa=AA=1=B0AAPESKG4PLH798TFK3CAH28H3U9142@srs.test" };
	static const char *const wrong[] = { "", "@1", SENDER, "B0AAPESKG4PLH798TFK3CAH28H3U914Z",
		"B0AAPESKG4PLH798TFK3CAH28H3U9142@2", "B0AAPESKG4PLH798TFK3CAH28H3U9142@1@1",
		"SRS1=aaaa=a.test==aaaa=AA=1=B0AAPESKG4PLH798TFK3CAH28H3U9142@srs.test",
		"SRS0=aaaa=AA=example.test=jane@srs.test" };
	struct control_store *get;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(right); i++) {
		get = get_alias(right[i]);
		unit_true(right[i], "asked", get != NULL);
		control_store_free(&get);
	}
	for (i = 0; i < COUNT(wrong); i++)
		unit_true(wrong[i], "refused", get_alias(wrong[i]) == NULL);
	unit_int("all", "asked", asked, COUNT(right));
	unit_end();
}

static struct control_store *
put_rows(const char *rows, const char **error)
{
	json_t *request = json_object();
	struct control_store *put;

	json_object_set_new(request, "rows", json_loads(rows, 0, NULL));
	put = control_store_put(&service, request, on_wake, &woken, error);
	json_decref(request);
	return put;
}

static void
check_counts(const char *row, const struct control_store *put, int done, int full, int failed,
    int refused, int expired, int of_postsrsd2)
{
	char want[200];

	snprintf(want, sizeof(want),
	    "{\"done\":%d,\"expired\":%d,\"failed\":%d,\"full\":%d,\"postsrsd2\":%d,"
	    "\"problem\":\"%s\",\"refused\":%d}",
	    done, expired, failed, full, of_postsrsd2, failed > 0 ? "disk on fire" : "", refused);
	check_report(row, put, want);
}

#define LATER "9999999999"

static void
test_put(void **state)
{
	static const char row[] = "[\"" SENDER_SHA1 "\", \"" SENDER "\", " LATER "]";
	char rows[1000];
	struct control_store *put;
	const char *error;

	(void)state;
	snprintf(rows, sizeof(rows), "[%s, %s, %s]", row, row, row);
	put = put_rows(rows, &error);
	assert_non_null(put);
	assert_int_equal(asked, 3);
	assert_int_equal(expires, map_lookup_row_expiry(service.settings, NOW));
	answer(1, STORE_FULL, "");
	answer(0, STORE_DONE, "");
	check_report("waits", put, UNIT_NULL);
	assert_int_equal(woken, 0);
	answer(2, STORE_FAILED, "");
	assert_int_equal(woken, 1);
	check_counts("all", put, 1, 1, 1, 0, 0, 3);
	control_store_free(&put);
	unit_end();
}

/* Rows that are not stored: nothing is asked, and the report is there at once. */
static void
test_put_refused(void **state)
{
	static const struct {
		const char *row;
		bool is_expired;
	} rows[] = {
		{ "[\"" SENDER_SHA1 "\", \"" SENDER "\", 1]", true },
		{ "[\"" SENDER_SHA1 "\", \"" SENDER "\"]", true },
		{ "[\"" SENDER_SHA1 "\", \"" SENDER "\", \"x\"]", true },
		{ "[\"" SENDER_SHA1 "\", \"eve@example.test\", " LATER "]", false },
		{ "[\"" SENDER_SHA1 "\", \"\", " LATER "]", false },
		{ "[\"" SENDER_SHA1 "\", 7, " LATER "]", false },
		{ "[\"x\", \"" SENDER "\", " LATER "]", false },
		{ "[7, \"" SENDER "\", " LATER "]", false },
		{ "[]", false },
		{ "{}", false },
		{ "null", false },
	};
	struct control_store *put;
	const char *error;
	char list[500];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		snprintf(list, sizeof(list), "[%s]", rows[i].row);
		put = put_rows(list, &error);
		check_counts(rows[i].row, put, 0, 0, 0, !rows[i].is_expired, rows[i].is_expired, 0);
		control_store_free(&put);
	}
	put = put_rows("[]", &error);
	check_counts("empty", put, 0, 0, 0, 0, 0, 0);
	control_store_free(&put);
	unit_true("no list", "refused", put_rows("{}", &error) == NULL);
	unit_true("no rows", "refused", put_rows("null", &error) == NULL);
	assert_int_equal(asked, 0);
	unit_end();
}

static void
test_too_many_rows(void **state)
{
	json_t *request = json_object(), *rows = json_array();
	const char *error;
	size_t i;

	(void)state;
	for (i = 0; i <= CONTROL_STORE_ROWS_MAX; i++)
		json_array_append_new(rows, json_null());
	json_object_set_new(request, "rows", rows);
	assert_null(control_store_put(&service, request, on_wake, &woken, &error));
	assert_non_null(strstr(error, "too many"));
	json_decref(request);
}

/* A row of ours, as another srsd with the same secrets has stored it. */
static void
test_put_of_ours(void **state)
{
	const struct text sender = { SENDER, strlen(SENDER) };
	char key[SRS_ALIAS_KEY_SIZE], rows[200];
	struct control_store *put;
	const char *error;

	(void)state;
	assert_true(srs_alias_make(service.keys, sender, key));
	snprintf(rows, sizeof(rows), "[[\"%s\", \"" SENDER "\", " LATER "]]", key);
	put = put_rows(rows, &error);
	assert_int_equal(asked, 1);
	answer(0, STORE_DONE, "");
	check_counts("ours", put, 1, 0, 0, 0, 0, 0);
	control_store_free(&put);
	unit_end();
}

static void
test_cancelled(void **state)
{
	struct control_store *get = get_alias(SENDER_SHA1), *put;
	const char *error;

	(void)state;
	control_store_free(&get);
	put = put_rows("[[\"" SENDER_SHA1 "\", \"" SENDER "\", " LATER "]]", &error);
	assert_int_equal(asked, 2);
	control_store_free(&put);
	answer(0, STORE_DONE, SENDER);
	answer(1, STORE_DONE, "");
	assert_int_equal(woken, 0);
}

static void
test_no_database(void **state)
{
	struct store *store = service.store;
	const char *error;

	(void)state;
	service.store = NULL;
	assert_null(get_alias(SENDER_SHA1));
	assert_null(put_rows("[]", &error));
	assert_string_equal(error, "no envelope-database is set");
	service.store = store;
}

static void
check_reverse(const char *row, enum store_outcome outcome, const char *address, const char *want)
{
	struct srs_result result = { .verdict = SRS_UNKNOWN_ALIAS, .secret = 0 };
	const struct text sender = { SENDER, strlen(SENDER) };
	struct control_store *reverse;

	woken = asked = 0;
	assert_true(srs_alias_make(service.keys, sender, result.alias));
	reverse = control_store_reverse(
	    &service, &result, json_pack("{s:s}", "secret", "s"), on_wake, &woken);
	check_report("waits", reverse, UNIT_NULL);
	answer(0, outcome, address);
	unit_int(row, "woken", woken, 1);
	check_report(row, reverse, want);
	control_store_free(&reverse);
}

static void
test_reverse(void **state)
{
	(void)state;
	check_reverse("found", STORE_DONE, SENDER, "{\"address\":\"" SENDER "\",\"secret\":\"s\"}");
	check_reverse(
	    "missing", STORE_MISSING, "", "{\"reason\":\"unknown alias\",\"secret\":\"s\"}");
	check_reverse("failed", STORE_FAILED, "",
	    "{\"error\":\"the envelope database cannot be read: disk on fire\"}");
	check_reverse("of another", STORE_DONE, "eve@example.test",
	    "{\"error\":\"the envelope database has a wrong row: the alias was not made from the "
	    "address that is stored for it\"}");
	unit_end();
}

#define STORE_TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(test_get),
		STORE_TEST(test_forms_of_an_alias),
		STORE_TEST(test_put),
		STORE_TEST(test_put_refused),
		STORE_TEST(test_too_many_rows),
		STORE_TEST(test_put_of_ours),
		STORE_TEST(test_cancelled),
		STORE_TEST(test_no_database),
		STORE_TEST(test_reverse),
	};

	return cmocka_run_group_tests_name("control_store", tests, NULL, NULL);
}
