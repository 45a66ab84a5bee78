/* SPDX-License-Identifier: ISC */
#include "tests/unit/fake_resolver.h"
#include "tests/unit/json_case.h"

#include "common/clock.h"
#include "common/xmalloc.h"
#include "conf/option.h"
#include "conf/option_value.h"
#include "spf/spf_query.h"

static const char zone[] = "x.test TXT v=spf1 ip4:192.0.2.1 -all\n"
			   "v6.test TXT v=spf1 ip6:2001:db8::/32 -all\n"
			   "local.test TXT v=spf1 exists:%{l}.users.test -all\n"
			   "jane.users.test A 127.0.0.1\n"
			   "a@b.users.test A 127.0.0.1\n"
			   "postmaster.users.test A 127.0.0.1\n"
			   "mx.test TXT v=spf1 +all\n";

static uint64_t
standing(void *arg)
{
	(void)arg;
	return 1000;
}

static const struct clock clock_of_the_test = { NULL, standing, NULL };

static struct resolver resolver;
static struct spf_checker checker;
static struct settings *settings;
static unsigned wakes;

static int
begin(void **state)
{
	const struct conf_option *o;

	(void)state;
	settings = xcalloc(1, sizeof(*settings));
	for (o = option_table; o < option_table + option_count; o++)
		option_preset(settings, o);
	memset(&resolver, 0, sizeof(resolver));
	resolver.zone = zone;
	resolver.cached = true;
	checker.base = event_base_new();
	checker.resolver = &resolver;
	checker.inflight = spf_inflight_new();
	checker.clock = &clock_of_the_test;
	wakes = 0;
	return 0;
}

static int
end(void **state)
{
	(void)state;
	assert_int_equal(resolver.out, 0);
	assert_int_equal(spf_inflight_count(checker.inflight), 0);
	spf_inflight_free(&checker.inflight);
	event_base_free(checker.base);
	settings_free(&settings);
	return 0;
}

#define QUERY_TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

static void
wake(void *arg)
{
	assert_ptr_equal(arg, &wakes);
	wakes++;
}

/* start - the query of a JSON text, which is freed before this returns */
static struct spf_query *
start(const char *text, const char **error)
{
	json_t *request = json_case_read(text);
	struct spf_query *query =
	    spf_query_start(&checker, settings, request, 1700000000, wake, &wakes, error);

	json_decref(request);
	return query;
}

/* results - of all identities of a report, as "helo pass, mailfrom fail" */
static const char *
results(const json_t *report)
{
	static char text[200];
	const json_t *identities = json_object_get(report, "identities"), *one;
	size_t i, n = 0;

	text[0] = '\0';
	for (i = 0; i < json_array_size(identities); i++) {
		one = json_array_get(identities, i);
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s %s", i == 0 ? "" : ", ",
		    json_string_value(json_object_get(one, "identity")),
		    json_string_value(json_object_get(one, "result")));
	}
	return text;
}

static void
test_requests(void **state)
{
	static const struct {
		const char *request;
		const char *want;
	} rows[] = {
		{ "{\"ip\":\"192.0.2.1\",\"sender\":\"a@x.test\",\"helo\":\"mx.test\"}",
		    "helo pass, mailfrom pass" },
		{ "{\"ip\":\"192.0.2.2\",\"sender\":\"a@x.test\",\"helo\":\"mx.test\"}",
		    "helo pass, mailfrom fail" },
		{ "{\"ip\":\"192.0.2.2\",\"sender\":\"a@x.test\"}", "mailfrom fail" },
		{ "{\"ip\":\"192.0.2.2\",\"sender\":\"x.test\"}", "mailfrom fail" },
		{ "{\"ip\":\"192.0.2.2\",\"sender\":\"@x.test\"}", "mailfrom fail" },
		{ "{\"ip\":\"192.0.2.2\",\"sender\":\"\",\"helo\":\"mx.test\"}", "helo pass" },
		{ "{\"ip\":\"192.0.2.2\",\"sender\":\"<>\",\"helo\":\"mx.test\"}", "helo pass" },
		{ "{\"ip\":\"192.0.2.2\",\"helo\":\"mx.test\"}", "helo pass" },
		{ "{\"ip\":\"192.0.2.2\",\"sender\":null,\"helo\":\"mx.test\"}", "helo pass" },
		{ "{\"ip\":\"2001:db8::5\",\"sender\":\"a@v6.test\"}", "mailfrom pass" },
		{ "{\"ip\":\"2001:db9::5\",\"sender\":\"a@v6.test\"}", "mailfrom fail" },
		{ "{\"ip\":\"192.0.2.1\",\"sender\":\"jane@local.test\"}", "mailfrom pass" },
		{ "{\"ip\":\"192.0.2.1\",\"sender\":\"john@local.test\"}", "mailfrom fail" },
		{ "{\"ip\":\"192.0.2.1\",\"sender\":\"a@b@local.test\"}", "mailfrom pass" },
		{ "{\"ip\":\"192.0.2.1\",\"sender\":\"local.test\"}", "mailfrom pass" },
		/* As Postfix completes addresses, and so as the policy service evaluates them. */
		{ "{\"ip\":\"192.0.2.2\",\"sender\":\"a@x.test.\"}", "mailfrom fail" },
		{ "{\"ip\":\"192.0.2.2\",\"sender\":\"a%x.test\"}", "mailfrom fail" },
		{ "{\"ip\":\"192.0.2.2\",\"sender\":\"x.test!a\"}", "mailfrom fail" },
		{ "{\"ip\":\"192.0.2.1\",\"sender\":\"a@x.test\",\"engine\":\"native\"}",
		    "mailfrom pass" },
		{ "{\"ip\":\"192.0.2.1\",\"sender\":\"a@x.test\",\"engine\":\"\"}",
		    "mailfrom pass" },
		{ "{\"ip\":\"192.0.2.1\",\"sender\":\"a@x.test\",\"other\":[1,{}]}",
		    "mailfrom pass" },
	};
	const char *error = NULL;
	struct spf_query *query;
	json_t *report;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		query = start(rows[i].request, &error);
		if (query == NULL) {
			unit_text(rows[i].request, "refused", error, NULL);
			continue;
		}
		unit_true(rows[i].request, "done", spf_query_is_done(query));
		report = spf_query_report(query);
		unit_text(rows[i].request, "results", results(report), rows[i].want);
		json_decref(report);
		spf_query_free(&query);
		unit_true(rows[i].request, "freed", query == NULL);
	}
	assert_int_equal(wakes, 0);
	spf_query_free(&query);
	unit_end();
}

static void
test_refused(void **state)
{
	static const struct {
		const char *request;
		const char *why;
	} rows[] = {
		{ "{}", "ip: " },
		{ "{\"sender\":\"a@x.test\"}", "ip: " },
		{ "{\"ip\":\"\",\"sender\":\"a@x.test\"}", "ip: " },
		{ "{\"ip\":12,\"sender\":\"a@x.test\"}", "ip: " },
		{ "{\"ip\":[\"192.0.2.1\"],\"sender\":\"a@x.test\"}", "ip: " },
		{ "{\"ip\":\"192.0.2.256\",\"sender\":\"a@x.test\"}", "ip: " },
		{ "{\"ip\":\"192.0.2.1 \",\"sender\":\"a@x.test\"}", "ip: " },
		{ "{\"ip\":\"fe80::1%eth0\",\"sender\":\"a@x.test\"}", "ip: " },
		{ "{\"ip\":\"mx.test\",\"sender\":\"a@x.test\"}", "ip: " },
		{ "{\"ip\":\"192.0.2.1\"}", "null sender" },
		{ "{\"ip\":\"192.0.2.1\",\"sender\":\"\"}", "null sender" },
		{ "{\"ip\":\"192.0.2.1\",\"sender\":\"<>\"}", "null sender" },
		{ "{\"ip\":\"192.0.2.1\",\"sender\":\"<>\",\"helo\":\"\"}", "null sender" },
		{ "{\"ip\":\"192.0.2.1\",\"sender\":\"<>\",\"helo\":5}", "null sender" },
		{ "{\"ip\":\"192.0.2.1\",\"sender\":\"a@x.test\",\"engine\":\"other\"}",
		    "engine: " },
		{ "{\"ip\":\"192.0.2.1\",\"sender\":\"a@x.test\",\"engine\":\"Native\"}",
		    "engine: " },
	};
	const char *error;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		error = "";
		unit_true(rows[i].request, "refused", start(rows[i].request, &error) == NULL);
		unit_holds(rows[i].request, "why", error, rows[i].why);
	}
	assert_int_equal(resolver.asked, 0);
	unit_end();
}

/* A record that is not published yet: the DNS answers all but the TXT query of its domain. */
static void
test_record(void **state)
{
	static const struct {
		const char *request;
		const char *want;
		unsigned asked; /* queries */
	} rows[] = {
		{ "{\"ip\":\"192.0.2.1\",\"sender\":\"a@x.test\",\"record\":\"v=spf1 -all\"}",
		    "mailfrom fail", 0 },
		{ "{\"ip\":\"192.0.2.1\",\"sender\":\"X.test.\",\"record\":\"v=spf1 -all\"}",
		    "mailfrom fail", 0 },
		{ "{\"ip\":\"192.0.2.1\",\"sender\":\"a@new.test\","
		  "\"record\":\"v=spf1 include:x.test -all\"}",
		    "mailfrom pass", 1 },
		{ "{\"ip\":\"192.0.2.1\",\"sender\":\"a@new.test\","
		  "\"record\":\"v=spf1 include:NEW.test -all\"}",
		    "mailfrom permerror", 0 },
		{ "{\"ip\":\"192.0.2.1\",\"sender\":\"a@x.test\",\"record\":\"\"}", "mailfrom none",
		    0 },
		{ "{\"ip\":\"192.0.2.1\",\"sender\":\"a@x.test\",\"record\":\"v=spf1 \\u00e9\"}",
		    "mailfrom permerror", 0 },
		{ "{\"ip\":\"192.0.2.1\",\"sender\":\"a@x.test\",\"record\":\"v=spf1 moo\"}",
		    "mailfrom permerror", 0 },
		{ "{\"ip\":\"192.0.2.1\",\"sender\":\"a@x.test\",\"record\":null}", "mailfrom pass",
		    1 },
		/* Of the sender, and of the HELO name only if that has the same domain. */
		{ "{\"ip\":\"192.0.2.1\",\"sender\":\"a@x.test\",\"helo\":\"mx.test\","
		  "\"record\":\"v=spf1 -all\"}",
		    "helo pass, mailfrom fail", 1 },
		{ "{\"ip\":\"192.0.2.1\",\"sender\":\"a@x.test\",\"helo\":\"x.test\","
		  "\"record\":\"v=spf1 -all\"}",
		    "helo fail, mailfrom fail", 0 },
		{ "{\"ip\":\"192.0.2.1\",\"helo\":\"mx.test\",\"record\":\"v=spf1 -all\"}",
		    "helo fail", 0 },
		{ "{\"ip\":\"192.0.2.1\",\"sender\":\"a@[192.0.2.1]\","
		  "\"record\":\"v=spf1 -all\"}",
		    "mailfrom none", 0 },
	};
	const char *error;
	struct spf_query *query;
	json_t *report;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		resolver.asked = 0;
		query = start(rows[i].request, &error);
		assert_non_null(query);
		report = spf_query_report(query);
		unit_text(rows[i].request, "results", results(report), rows[i].want);
		unit_int(rows[i].request, "queries", resolver.asked, rows[i].asked);
		json_decref(report);
		spf_query_free(&query);
	}
	unit_end();
}

/* The cache has the published record, which does not count either. */
static struct dns_answer *
know_all(struct resolver *r, const char *name, enum dns_type type)
{
	return fake_answer(r->zone, name, type);
}

static void
test_record_precedes_the_cache(void **state)
{
	const char *error;
	struct spf_query *query;
	json_t *report, *term;

	(void)state;
	resolver.known = know_all;
	query = start("{\"ip\":\"192.0.2.1\",\"sender\":\"a@x.test\",\"helo\":\"mx.test\","
		      "\"record\":\"v=spf1 ip4:192.0.2.7 ?all\"}",
	    &error);
	report = spf_query_report(query);
	json_case_keys("report", report, "ip sender helo record identities nameservers");
	json_case_member("report", report, "record", "\"v=spf1 ip4:192.0.2.7 ?all\"");
	assert_string_equal(results(report), "helo pass, mailfrom neutral");
	term = json_array_get(
	    json_object_get(json_array_get(json_object_get(report, "identities"), 1), "terms"), 0);
	term = json_array_get(json_object_get(term, "dns"), 0);
	json_case_member("answer", term, "records", "[\"v=spf1 ip4:192.0.2.7 ?all\"]");
	json_case_member("answer", term, "given", "true");
	json_case_member("answer", term, "cached", "false");
	json_decref(report);
	spf_query_free(&query);
	unit_end();
}

/* An SRS domain instead of a client: test_spf_outbound has its results. */
static void
test_for(void **state)
{
	static const char *const addresses[] = { "192.0.2.1", "192.0.2.9" };
	static const char request[] = "{\"for\":\"x.test\",\"record\":\"v=spf1 ?all\"}";
	char option_error[OPTION_ERROR_SIZE];
	const char *error = "";
	struct spf_query *query;
	json_t *report;

	(void)state;
	unit_true("no addresses", "refused", start(request, &error) == NULL);
	unit_holds("no addresses", "why", error, "outbound-addresses is empty");
	assert_true(option_set(
	    settings, option_find(NULL, "outbound-addresses"), addresses, 2, option_error));
	unit_true("number", "refused", start("{\"for\":7}", &error) == NULL);
	unit_holds("number", "why", error, "for: ");
	query = start(request, &error);
	assert_non_null(query);
	assert_true(spf_query_is_done(query));
	report = spf_query_report(query);
	json_case_keys("report", report, "for record addresses nameservers");
	assert_int_equal(json_array_size(json_object_get(report, "addresses")), 2);
	json_decref(report);
	spf_query_free(&query);
	resolver.cached = false;
	query = start("{\"for\":\"x.test\"}", &error);
	assert_false(spf_query_is_done(query));
	spf_query_free(&query);
	assert_int_equal(wakes, 0);
	unit_end();
}

/* The report begins with what was asked, as it was asked. */
static void
test_shape(void **state)
{
	const char *error;
	struct spf_query *query = start("{\"engine\":\"native\",\"helo\":\"mx.test\","
					"\"sender\":\"a@x.test\",\"ip\":\"192.0.2.1\"}",
	    &error);
	json_t *report = spf_query_report(query);

	(void)state;
	json_case_keys("report", report, "ip sender helo identities nameservers");
	json_case_member("report", report, "ip", "\"192.0.2.1\"");
	json_case_member("report", report, "sender", "\"a@x.test\"");
	json_case_member("report", report, "helo", "\"mx.test\"");
	json_case_member("report", report, "nameservers", "[\"192.0.2.53:5353\"]");
	assert_int_equal(json_array_size(json_object_get(report, "identities")), 2);
	json_decref(report);
	spf_query_free(&query);
	query = start("{\"ip\":\"192.0.2.1\",\"sender\":\"x.test\"}", &error);
	report = spf_query_report(query);
	json_case_keys("no helo", report, "ip sender identities nameservers");
	json_decref(report);
	spf_query_free(&query);
	unit_end();
}

/* The engine, if the query does not name one: that of the settings. */
static void
test_engines(void **state)
{
	static const struct {
		const char *setting, *engine;
		bool told; /* libspf2's result, too */
	} rows[] = {
		{ "native", "", false },
		{ "native", ",\"engine\":\"native\"", false },
#ifdef HAVE_LIBSPF2
		{ "libspf2", "", true },
		{ "libspf2", ",\"engine\":\"native\"", false },
		{ "native", ",\"engine\":\"libspf2\"", true },
		{ "native", ",\"engine\":\"both\"", true },
#endif
	};
	char text[200], option_error[OPTION_ERROR_SIZE];
	struct spf_query *query;
	const char *error;
	json_t *report, *identity;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		assert_true(option_set(
		    settings, option_find("spf", "engine"), &rows[i].setting, 1, option_error));
		snprintf(text, sizeof(text), "{\"ip\":\"192.0.2.1\",\"sender\":\"a@x.test\"%s}",
		    rows[i].engine);
		query = start(text, &error);
		assert_non_null(query);
		report = spf_query_report(query);
		identity = json_array_get(json_object_get(report, "identities"), 0);
		unit_int(text, "libspf2 shown", json_object_get(identity, "libspf2") != NULL,
		    rows[i].told);
		json_case_member(text, identity, "result", "\"pass\"");
		json_decref(report);
		spf_query_free(&query);
	}
	unit_end();
}

/* It waits, wakes once, and keeps what it needs of request and settings. */
static void
test_waits(void **state)
{
	struct settings *mine = settings_ref(settings);
	struct spf_query *query;
	const char *error;
	json_t *report;

	(void)state;
	resolver.cached = false;
	query =
	    start("{\"ip\":\"192.0.2.1\",\"sender\":\"a@x.test\",\"helo\":\"mx.test\"}", &error);
	assert_false(spf_query_is_done(query));
	settings_free(&mine);
	fake_resolver_answer(&resolver);
	event_base_loop(checker.base, EVLOOP_NONBLOCK);
	assert_int_equal(wakes, 0);
	fake_resolver_run(&resolver, checker.base);
	assert_int_equal(wakes, 1);
	assert_true(spf_query_is_done(query));
	report = spf_query_report(query);
	assert_string_equal(results(report), "helo pass, mailfrom pass");
	json_decref(report);
	spf_query_free(&query);
}

/* Settings that are replaced meanwhile live as long as the query. */
static void
test_settings_are_replaced(void **state)
{
	struct spf_query *query;
	const char *error;
	json_t *report;

	resolver.cached = false;
	query = start("{\"ip\":\"192.0.2.1\",\"sender\":\"a@x.test\"}", &error);
	settings_free(&settings);
	fake_resolver_run(&resolver, checker.base);
	report = spf_query_report(query);
	assert_string_equal(results(report), "mailfrom pass");
	json_decref(report);
	spf_query_free(&query);
	assert_int_equal(end(state), 0);
	assert_int_equal(begin(state), 0);
}

static void
test_cancelled(void **state)
{
	struct spf_query *query;
	const char *error;

	(void)state;
	resolver.cached = false;
	query =
	    start("{\"ip\":\"192.0.2.1\",\"sender\":\"a@x.test\",\"helo\":\"mx.test\"}", &error);
	assert_int_equal(resolver.out, 2);
	spf_query_free(&query);
	assert_null(query);
	assert_int_equal(resolver.cancelled, 2);
	event_base_loop(checker.base, EVLOOP_NONBLOCK);
	assert_int_equal(wakes, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		QUERY_TEST(test_requests),
		QUERY_TEST(test_refused),
		QUERY_TEST(test_record),
		QUERY_TEST(test_record_precedes_the_cache),
		QUERY_TEST(test_for),
		QUERY_TEST(test_shape),
		QUERY_TEST(test_engines),
		QUERY_TEST(test_waits),
		QUERY_TEST(test_settings_are_replaced),
		QUERY_TEST(test_cancelled),
	};

	return cmocka_run_group_tests_name("spf_query", tests, NULL, NULL);
}
