/* SPDX-License-Identifier: ISC */
#include "tests/unit/fake_resolver.h"
#include "tests/unit/json_case.h"

#include "common/clock.h"
#include "common/xmalloc.h"
#include "conf/option.h"
#include "conf/option_value.h"
#include "spf/spf_outbound.h"

static const char zone[] = "all.test TXT v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/32 -all\n"
			   "some.test TXT v=spf1 ip4:192.0.2.1 ~all\n"
			   "neutral.test TXT v=spf1 a:h.test\n"
			   "h.test A 192.0.2.1\n"
			   "local.test TXT v=spf1 exists:%{l}.l.test -all\n"
			   "postmaster.l.test A 127.0.0.1\n"
			   "bad.test TXT v=spf1 moo\n"
			   "sick.test TXT !\n";

static uint64_t hand_ms;

static uint64_t
hand_elapsed(void *arg)
{
	(void)arg;
	return hand_ms;
}

static const struct clock hand_clock = { NULL, hand_elapsed, NULL };

static struct resolver resolver;
static struct spf_checker checker;
static struct settings *settings;
static unsigned wakes;

static void
set_addresses(const char *const *addresses, size_t n)
{
	char error[OPTION_ERROR_SIZE];

	assert_true(
	    option_set(settings, option_find(NULL, "outbound-addresses"), addresses, n, error));
}

static int
begin(void **state)
{
	static const char *const addresses[] = { "192.0.2.1", "2001:db8::1" };
	const struct conf_option *o;

	(void)state;
	settings = xcalloc(1, sizeof(*settings));
	for (o = option_table; o < option_table + option_count; o++)
		option_preset(settings, o);
	set_addresses(addresses, COUNT(addresses));
	memset(&resolver, 0, sizeof(resolver));
	resolver.zone = zone;
	resolver.cached = true;
	checker.base = event_base_new();
	checker.resolver = &resolver;
	checker.inflight = spf_inflight_new();
	checker.clock = &hand_clock;
	hand_ms = 1000;
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

#define OUTBOUND_TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

static void
wake(void *arg)
{
	assert_ptr_equal(arg, &wakes);
	wakes++;
}

static struct spf_outbound *
start(const char *domain, const char *record, const char **error)
{
	struct text no_record = { NULL, 0 };

	return spf_outbound_start(&checker, settings, fake_text(domain),
	    record == NULL ? no_record : fake_text(record), 1700000000, wake, &wakes, error);
}

/* describe - "192.0.2.1 pass, 2001:db8::1 fail (hint)"; frees the report */
static const char *
describe(json_t *report)
{
	static char text[1000];
	const json_t *address, *identity, *hint;
	size_t i, n = 0;

	text[0] = '\0';
	json_array_foreach (report, i, address) {
		identity = json_array_get(json_object_get(address, "identities"), 0);
		hint = json_object_get(address, "hint");
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s %s%s%s%s",
		    i == 0 ? "" : ", ", json_string_value(json_object_get(address, "ip")),
		    identity == NULL ? "not evaluated"
				     : json_string_value(json_object_get(identity, "result")),
		    hint == NULL ? "" : " (", hint == NULL ? "" : json_string_value(hint),
		    hint == NULL ? "" : ")");
	}
	json_decref(report);
	return text;
}

static void
check_domain(const char *domain, const char *record, const char *want)
{
	const char *error;
	struct spf_outbound *outbound = start(domain, record, &error);

	assert_non_null(outbound);
	unit_true(domain, "done", spf_outbound_is_done(outbound));
	unit_text(domain, "verdicts", describe(spf_outbound_report(outbound)), want);
	spf_outbound_free(&outbound);
}

static void
test_verdicts(void **state)
{
	static const struct {
		const char *domain, *record, *want;
	} rows[] = {
		{ "all.test", NULL, "192.0.2.1 pass, 2001:db8::1 pass" },
		{ "some.test", NULL,
		    "192.0.2.1 pass, 2001:db8::1 softfail "
		    "(add ip6:2001:db8::1 to the SPF record of some.test)" },
		{ "neutral.test", NULL,
		    "192.0.2.1 pass, 2001:db8::1 neutral "
		    "(add ip6:2001:db8::1 to the SPF record of neutral.test)" },
		{ "none.test", NULL,
		    "192.0.2.1 none (publish an SPF record for none.test with ip4:192.0.2.1), "
		    "2001:db8::1 none (publish an SPF record for none.test with ip6:2001:db8::1)" },
		{ "local.test", NULL,
		    "192.0.2.1 pass (publish an SPF record for local.test "
		    "without %{s}, %{l} and %{h}), 2001:db8::1 pass (publish an SPF record for "
		    "local.test without %{s}, %{l} and %{h})" },
		{ "bad.test", NULL, "192.0.2.1 permerror, 2001:db8::1 permerror" },
		{ "sick.test", NULL, "192.0.2.1 temperror, 2001:db8::1 temperror" },
		{ "none.test", "v=spf1 include:some.test -all",
		    "192.0.2.1 pass, 2001:db8::1 fail "
		    "(add ip6:2001:db8::1 to the SPF record of none.test)" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++)
		check_domain(rows[i].domain, rows[i].record, rows[i].want);
	unit_end();
}

/* Receivers have the limits of RFC 7208, whatever ours are; and the report has theirs. */
static void
test_limits(void **state)
{
	static const char *const limit = "40";
	char option_error[OPTION_ERROR_SIZE];
	const char *error;
	struct spf_outbound *outbound;
	json_t *report, *identity;

	(void)state;
	assert_true(
	    option_set(settings, option_find("spf", "lookup-limit"), &limit, 1, option_error));
	resolver.zone = "long.test TXT v=spf1 a a a a a a a a a a a ip4:192.0.2.1 -all\n"
			"long.test A 198.51.100.1\n"
			"long.test AAAA 2001:db8::9\n";
	outbound = start("long.test", NULL, &error);
	report = spf_outbound_report(outbound);
	identity = json_array_get(json_object_get(json_array_get(report, 0), "identities"), 0);
	json_case_member("long", identity, "result", "\"permerror\"");
	json_case_member("long", identity, "lookups", "11");
	json_case_member("long", identity, "lookup_limit", "10");
	json_case_member("long", identity, "void_limit", "2");
	json_decref(report);
	spf_outbound_free(&outbound);
	unit_end();
}

/* The terms are of interest if mail does not pass. */
static void
test_terms(void **state)
{
	const char *error;
	struct spf_outbound *outbound = start("some.test", NULL, &error);
	json_t *report = spf_outbound_report(outbound), *address, *identity;

	(void)state;
	address = json_array_get(report, 0);
	json_case_keys("pass", address, "ip identities");
	identity = json_array_get(json_object_get(address, "identities"), 0);
	unit_true("pass", "no terms", json_object_get(identity, "terms") == NULL);
	json_case_member("pass", identity, "mechanism", "\"ip4:192.0.2.1\"");
	address = json_array_get(report, 1);
	json_case_keys("softfail", address, "ip identities hint");
	identity = json_array_get(json_object_get(address, "identities"), 0);
	unit_int(
	    "softfail", "terms", (long long)json_array_size(json_object_get(identity, "terms")), 3);
	json_decref(report);
	spf_outbound_free(&outbound);
	unit_end();
}

static void
test_refused(void **state)
{
	const char *error;

	(void)state;
	unit_true("empty", "refused", start("", NULL, &error) == NULL);
	unit_text("empty", "why", error, "for: must be a domain");
	unit_true("address", "refused", start("a@x.test", NULL, &error) == NULL);
	unit_text("address", "why", error, "for: must be a domain");
	set_addresses(NULL, 0);
	unit_true("no addresses", "refused", start("x.test", NULL, &error) == NULL);
	unit_holds("no addresses", "why", error, "outbound-addresses is empty");
	unit_end();
}

/* One address after the other; wake is called once, at the end. */
static void
test_waits(void **state)
{
	struct settings *mine = settings_ref(settings);
	const char *error;
	struct spf_outbound *outbound;

	(void)state;
	resolver.cached = false;
	outbound = start("all.test", NULL, &error);
	settings_free(&mine);
	assert_int_equal(resolver.out, 1);
	assert_false(spf_outbound_is_done(outbound));
	fake_resolver_answer(&resolver);
	event_base_loop(checker.base, EVLOOP_NONBLOCK);
	assert_int_equal(resolver.out, 1);
	assert_int_equal(wakes, 0);
	fake_resolver_run(&resolver, checker.base);
	assert_int_equal(wakes, 1);
	assert_true(spf_outbound_is_done(outbound));
	assert_string_equal(
	    describe(spf_outbound_report(outbound)), "192.0.2.1 pass, 2001:db8::1 pass");
	spf_outbound_free(&outbound);
	assert_null(outbound);
	spf_outbound_free(&outbound);
}

/* A slow DNS does not keep an operator for ever. */
static void
test_time_is_up(void **state)
{
	static const char *const addresses[] = { "192.0.2.1", "192.0.2.2", "192.0.2.3" };
	const char *error;
	struct spf_outbound *outbound;

	(void)state;
	set_addresses(addresses, COUNT(addresses));
	resolver.cached = false;
	outbound = start("all.test", NULL, &error);
	fake_resolver_answer(&resolver);
	event_base_loop(checker.base, EVLOOP_NONBLOCK);
	assert_false(spf_outbound_is_done(outbound));
	hand_ms += SPF_OUTBOUND_SECONDS * 1000;
	fake_resolver_answer(&resolver);
	event_base_loop(checker.base, EVLOOP_NONBLOCK);
	assert_true(spf_outbound_is_done(outbound));
	assert_int_equal(wakes, 1);
	assert_string_equal(describe(spf_outbound_report(outbound)),
	    "192.0.2.1 pass, 192.0.2.2 pass, 192.0.2.3 not evaluated");
	spf_outbound_free(&outbound);
}

static void
test_cancelled(void **state)
{
	const char *error;
	struct spf_outbound *outbound;

	(void)state;
	resolver.cached = false;
	outbound = start("all.test", NULL, &error);
	spf_outbound_free(&outbound);
	assert_int_equal(resolver.cancelled, 1);
	event_base_loop(checker.base, EVLOOP_NONBLOCK);
	assert_int_equal(wakes, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		OUTBOUND_TEST(test_verdicts),
		OUTBOUND_TEST(test_limits),
		OUTBOUND_TEST(test_terms),
		OUTBOUND_TEST(test_refused),
		OUTBOUND_TEST(test_waits),
		OUTBOUND_TEST(test_time_is_up),
		OUTBOUND_TEST(test_cancelled),
	};

	return cmocka_run_group_tests_name("spf_outbound", tests, NULL, NULL);
}
