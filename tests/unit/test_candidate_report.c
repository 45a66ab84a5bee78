/* SPDX-License-Identifier: ISC */
#include "tests/unit/fake_resolver.h"
#include "tests/unit/json_case.h"

#include "common/clock.h"
#include "srsd/service/candidate_report.h"
#include "tests/unit/candidate_case.h"

static const char zone[] = "good.test TXT v=spf1 +all\n"
			   "good.test MX mx.own.test\n"
			   "else.test TXT v=spf1 +all\n"
			   "else.test MX a\\033b.test\n"
			   "soft.test TXT v=spf1 ~all\n"
			   "soft.test MX mx.own.test\n";

static time_t
read_wall(void *arg)
{
	(void)arg;
	return 1700000000;
}

static uint64_t
read_elapsed(void *arg)
{
	(void)arg;
	return 7000;
}

static const struct clock fixed_clock = { read_wall, read_elapsed, NULL };

static struct resolver resolver;
static struct spf_checker checker;
static struct settings *settings;
static struct candidates *candidates;

static int
begin(void **state)
{
	(void)state;
	settings = make_candidate_settings("srs.", "192.0.2.1", "mx.own.test");
	memset(&resolver, 0, sizeof(resolver));
	resolver.zone = zone;
	resolver.cached = true;
	checker.base = event_base_new();
	checker.resolver = &resolver;
	checker.inflight = spf_inflight_new();
	checker.clock = &fixed_clock;
	candidates = candidates_new(&checker);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	candidates_free(&candidates);
	spf_inflight_free(&checker.inflight);
	event_base_free(checker.base);
	settings_free(&settings);
	return 0;
}

#define REPORT_TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

static void
ignore_state(void *arg, const struct candidate_state *state)
{
	(void)arg;
	(void)state;
}

static void
ask(const char *domain)
{
	assert_null(candidates_ask(candidates, settings, domain, ignore_state, NULL));
}

static void
test_report(void **state)
{
	json_t *report = candidate_report_json(candidates);

	(void)state;
	json_case_keys("empty", report, "counts domains");
	json_case_member("empty", report, "domains", "[]");
	json_decref(report);
	ask("good.test");
	ask("soft.test");
	ask("else.test");
	report = candidate_report_json(candidates);
	json_case_member("counts", report, "counts",
	    "{\"usable\":1,\"spf\":1,\"spf-varies\":0,\"mx-elsewhere\":1,\"null-mx\":0,\"no-mx\":0,"
	    "\"no-addresses\":0,\"unavailable\":0}");
	json_case_member("domains", report, "domains",
	    "[{\"domain\":\"else.test\",\"state\":\"mx-elsewhere\",\"text\":\"its MX host a?b.test "
	    "is not an inbound host\",\"checked\":1700000000},"
	    "{\"domain\":\"soft.test\",\"state\":\"spf\",\"text\":\"SPF is softfail for mail from "
	    "192.0.2.1\",\"checked\":1700000000},"
	    "{\"domain\":\"good.test\",\"state\":\"usable\",\"text\":\"usable\",\"checked\":"
	    "1700000000}]");
	json_decref(report);
	unit_end();
}

/* The others are counted. */
static void
test_many(void **state)
{
	json_t *report;
	char domain[40];
	size_t i;

	(void)state;
	for (i = 0; i < CANDIDATE_REPORT_DOMAINS + 5; i++) {
		snprintf(domain, sizeof(domain), "n%zu.test", i);
		ask(domain);
	}
	report = candidate_report_json(candidates);
	assert_int_equal(
	    json_array_size(json_object_get(report, "domains")), CANDIDATE_REPORT_DOMAINS);
	assert_int_equal(
	    json_integer_value(json_object_get(json_object_get(report, "counts"), "spf")),
	    CANDIDATE_REPORT_DOMAINS + 5);
	json_decref(report);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		REPORT_TEST(test_report),
		REPORT_TEST(test_many),
	};

	return cmocka_run_group_tests_name("candidate_report", tests, NULL, NULL);
}
