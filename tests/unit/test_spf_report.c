/* SPDX-License-Identifier: ISC */
#include "tests/unit/fake_resolver.h"
#include "tests/unit/json_case.h"

#include "common/clock.h"
#include "common/xmalloc.h"
#include "conf/option.h"
#include "conf/option_value.h"
#include "spf/spf_report.h"

static const char zone[] = "x.test TXT v=spf1 include:i.test a:h.test -all exp=why.test\n"
			   "i.test TXT v=spf1 ip4:198.51.100.1 ~all\n"
			   "i.test TXT !secure\n"
			   "h.test A 192.0.2.7\n"
			   "h.test A 192.0.2.8\n"
			   "why.test TXT not from <here>\n"
			   "sick.test TXT !\n"
			   "bogus.test TXT !bogus\n"
			   "odd.test TXT v=spf1 \\033[31m\n"
			   "odd.test TXT \\011\\303\\274 <b>\n"
			   "helo.test TXT v=spf1 +all\n";

#define REPORT_KEYS                                                                           \
	"identity domain result mechanism problem explanation dnssec time_ms varies lookups " \
	"lookup_limit voids void_limit"
#define STEP_KEYS "depth domain term outcome problem decides"
#define RECORD_KEYS STEP_KEYS " dns"
#define TERM_KEYS STEP_KEYS " lookups lookups_total voids voids_total dns"
#define QUESTION_KEYS "name type status asked_ms"
#define ANSWERED_KEYS QUESTION_KEYS " records ttl dnssec cached given answered_ms"

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
	checker.base = event_base_new();
	checker.resolver = &resolver;
	checker.inflight = spf_inflight_new();
	checker.clock = &hand_clock;
	hand_ms = 1000;
	return 0;
}

static int
end(void **state)
{
	(void)state;
	spf_inflight_free(&checker.inflight);
	event_base_free(checker.base);
	settings_free(&settings);
	return 0;
}

#define REPORT_TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

static void
wake(void *arg)
{
	(void)arg;
}

/* start - a traced check of a@DOMAIN, and of a HELO name unless that is empty */
static struct spf_check *
start(const char *domain, const char *helo, enum spf_evaluator evaluator)
{
	struct spf_check_request req = {
		.helo = fake_text(helo),
		.sender_local = fake_text("a"),
		.sender_domain = fake_text(domain),
		.check_helo = helo[0] != '\0',
		.check_mailfrom = true,
		.evaluator = evaluator,
		.trace = true,
		.now = 1700000000,
	};

	assert_true(ipaddr_parse(&req.ip, "192.0.2.1", 9));
	return spf_check_start(&checker, settings, &req, wake, NULL);
}

/* done - the same, with all answers, each of which takes 5 ms */
static struct spf_check *
done(const char *domain, const char *helo, enum spf_evaluator evaluator)
{
	struct spf_check *check = start(domain, helo, evaluator);

	while (resolver.out > 0) {
		hand_ms += 5;
		fake_resolver_answer(&resolver);
		event_base_loop(checker.base, EVLOOP_NONBLOCK);
	}
	assert_true(spf_check_is_done(check));
	return check;
}

static json_t *
report(const struct spf_check *check, enum spf_evaluator evaluator)
{
	return spf_report(check, SPF_IDENTITY_MAILFROM, evaluator);
}

/* check_question - one question of a term, as "NAME TYPE STATUS", and what was answered */
static void
check_question(json_t *term, size_t at, const char *want, const char *records)
{
	json_t *question = json_array_get(json_object_get(term, "dns"), at);
	char got[200];

	assert_non_null(question);
	snprintf(got, sizeof(got), "%s %s %s", json_string_value(json_object_get(question, "name")),
	    json_string_value(json_object_get(question, "type")),
	    json_string_value(json_object_get(question, "status")));
	unit_text(want, "question", got, want);
	json_case_keys(want, question, records == NULL ? QUESTION_KEYS : ANSWERED_KEYS);
	json_case_member(want, question, "records", records);
}

static void
test_whole(void **state)
{
	struct spf_check *check = done("x.test", "", SPF_EVALUATOR_NATIVE);
	json_t *object = report(check, SPF_EVALUATOR_NATIVE), *terms, *term;
	static const char *const rows[] = { "0 x.test : ", "0 x.test include:i.test: ",
		"1 i.test : ", "1 i.test ip4:198.51.100.1: ", "1 i.test ~all: ",
		"0 x.test a:h.test: ", "0 x.test -all: " };
	char got[200];
	size_t i;

	(void)state;
	json_case_keys("report", object, REPORT_KEYS " terms");
	json_case_member("report", object, "identity", "\"mailfrom\"");
	json_case_member("report", object, "domain", "\"x.test\"");
	json_case_member("report", object, "result", "\"fail\"");
	json_case_member("report", object, "mechanism", "\"-all\"");
	json_case_member("report", object, "problem", "\"\"");
	json_case_member("report", object, "dnssec", "\"insecure\"");
	json_case_member("report", object, "varies", "false");
	json_case_member("report", object, "lookups", "2");
	json_case_member("report", object, "lookup_limit", "10");
	json_case_member("report", object, "voids", "0");
	json_case_member("report", object, "void_limit", "2");
	unit_true("report", "time", json_integer_value(json_object_get(object, "time_ms")) > 0);
	terms = json_object_get(object, "terms");
	/* The terms in the order of their evaluation; other notes follow them. */
	for (i = 0; i < COUNT(rows); i++) {
		term = json_array_get(terms, i);
		json_case_keys(
		    rows[i], term, strstr(rows[i], " : ") != NULL ? RECORD_KEYS : TERM_KEYS);
		snprintf(got, sizeof(got),
		    "%lld %s %s: ", (long long)json_integer_value(json_object_get(term, "depth")),
		    json_string_value(json_object_get(term, "domain")),
		    json_string_value(json_object_get(term, "term")));
		unit_text(rows[i], "term", got, rows[i]);
		unit_true(
		    rows[i], "outcome", json_string_length(json_object_get(term, "outcome")) > 0);
	}
	json_case_member("include", json_array_get(terms, 1), "lookups", "1");
	json_case_member("include", json_array_get(terms, 1), "lookups_total", "1");
	json_case_member("a", json_array_get(terms, 5), "lookups_total", "2");
	json_case_member("a", json_array_get(terms, 5), "voids", "0");
	json_case_member("a", json_array_get(terms, 5), "voids_total", "0");
	json_case_member("a", json_array_get(terms, 5), "problem", "\"\"");
	json_case_member("a", json_array_get(terms, 5), "decides", "false");
	json_case_member("-all", json_array_get(terms, 6), "decides", "true");
	check_question(json_array_get(terms, 0), 0, "x.test TXT found",
	    "[\"v=spf1 include:i.test a:h.test -all exp=why.test\"]");
	check_question(
	    json_array_get(terms, 5), 0, "h.test A found", "[\"192.0.2.7\",\"192.0.2.8\"]");
	json_decref(object);
	spf_check_free(&check);
	unit_end();
}

/* Untrusted text is shown as visible ASCII and blanks, whatever its bytes. */
static void
test_text_of_others(void **state)
{
	static const char *const yes = "true";
	char error[OPTION_ERROR_SIZE];
	struct spf_check *check;
	json_t *object;
	char *text;
	size_t i;

	(void)state;
	assert_true(option_set(settings, option_find("spf", "use-exp"), &yes, 1, error));
	check = done("x.test", "", SPF_EVALUATOR_NATIVE);
	object = report(check, SPF_EVALUATOR_NATIVE);
	json_case_member("exp", object, "explanation", "\"not from <here>\"");
	json_decref(object);
	spf_check_free(&check);
	check = done("odd.test", "", SPF_EVALUATOR_NATIVE);
	object = report(check, SPF_EVALUATOR_NATIVE);
	text = json_dumps(object, JSON_COMPACT);
	json_case_member("odd", object, "result", "\"permerror\"");
	for (i = 0; text[i] != '\0'; i++)
		unit_true(unit_row("byte %zu", i), "visible", text[i] >= ' ' && text[i] <= '~');
	unit_true("odd", "no escapes", strstr(text, "\\u") == NULL);
	free(text);
	json_decref(object);
	spf_check_free(&check);
	unit_end();
}

static void
test_errors(void **state)
{
	static const struct {
		const char *domain, *result, *question, *security;
	} rows[] = {
		{ "sick.test", "\"temperror\"", "sick.test TXT error", "\"insecure\"" },
		{ "bogus.test", "\"temperror\"", "bogus.test TXT error", "\"bogus\"" },
		{ "none.test", "\"none\"", "none.test TXT void", "\"insecure\"" },
	};
	struct spf_check *check;
	json_t *object, *term;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		check = done(rows[i].domain, "", SPF_EVALUATOR_NATIVE);
		object = report(check, SPF_EVALUATOR_NATIVE);
		json_case_member(rows[i].domain, object, "result", rows[i].result);
		json_case_member(rows[i].domain, object, "dnssec", rows[i].security);
		term = json_array_get(json_object_get(object, "terms"), 0);
		check_question(term, 0, rows[i].question, "[]");
		json_decref(object);
		spf_check_free(&check);
	}
	unit_end();
}

/* A text that was meant to be an SPF record is pointed out, unless there is one. */
static void
test_hints(void **state)
{
	static const char hinted[] = "near.test TXT words\n"
				     "near.test TXT v=spf1\\302\\240-all\n"
				     "both.test TXT v=spf1; -all\n"
				     "both.test TXT v=spf1 -all\n"
				     "far.test TXT words\n"
				     "outer.test TXT v=spf1 include:near.test -all\n"
				     "ipv4.test TXT v=spf1 ipv4:192.0.2.1\n"
				     "modifier.test TXT v=spf1 include=x.test\n";
	static const struct {
		const char *domain;
		unsigned step;
		const char *hint;
	} rows[] = {
		{ "near.test", 0,
		    "\"looks like an SPF record, but byte 7 is 0xC2 0xA0 (no-break space); "
		    "a blank has to follow v=spf1\"" },
		{ "outer.test", 2,
		    "\"looks like an SPF record, but byte 7 is 0xC2 0xA0 (no-break space); "
		    "a blank has to follow v=spf1\"" },
		{ "outer.test", 0, NULL },
		{ "ipv4.test", 1, "\"looks like ip4:192.0.2.1\"" },
		{ "modifier.test", 0,
		    "\"has include=x.test, which is ignored; looks like include:x.test\"" },
		{ "both.test", 0, NULL },
		{ "far.test", 0, NULL },
	};
	struct spf_check *check;
	json_t *object, *term;
	size_t i;

	(void)state;
	resolver.zone = hinted;
	for (i = 0; i < COUNT(rows); i++) {
		check = done(rows[i].domain, "", SPF_EVALUATOR_NATIVE);
		object = report(check, SPF_EVALUATOR_NATIVE);
		term = json_array_get(json_object_get(object, "terms"), rows[i].step);
		if (rows[i].hint != NULL)
			json_case_member(rows[i].domain, term, "hint", rows[i].hint);
		else
			json_case_keys(rows[i].domain, term, RECORD_KEYS);
		json_decref(object);
		spf_check_free(&check);
	}
	unit_end();
}

/* An answer that did not come before the deadline has no records. */
static void
test_waiting(void **state)
{
	static const char *const lookup_time = "1";
	const struct conf_option *o = option_find("spf", "lookup-time");
	char error[OPTION_ERROR_SIZE];
	struct spf_check *check;
	json_t *object;

	(void)state;
	assert_true(option_set(settings, o, &lookup_time, 1, error));
	check = start("x.test", "", SPF_EVALUATOR_NATIVE);
	hand_ms += 1000;
	while (!spf_check_is_done(check))
		event_base_loop(checker.base, EVLOOP_ONCE);
	object = report(check, SPF_EVALUATOR_NATIVE);
	json_case_member("late", object, "result", "\"temperror\"");
	check_question(
	    json_array_get(json_object_get(object, "terms"), 0), 0, "x.test TXT waiting", NULL);
	json_decref(object);
	spf_check_free(&check);
	unit_end();
}

/* A record of a thousand strings is cut, and so are its bytes. */
static void
test_many_records(void **state)
{
	char *large = malloc(60 * 1300);
	struct spf_check *check;
	json_t *object, *records;
	size_t n, i;

	(void)state;
	assert_non_null(large);
	n = (size_t)sprintf(large, "big.test TXT v=spf1 -all\n");
	for (i = 0; i < 59; i++)
		n += (size_t)sprintf(large + n, "big.test TXT %01100d\n", 0);
	resolver.zone = large;
	check = done("big.test", "", SPF_EVALUATOR_NATIVE);
	object = report(check, SPF_EVALUATOR_NATIVE);
	records = json_object_get(
	    json_array_get(
		json_object_get(json_array_get(json_object_get(object, "terms"), 0), "dns"), 0),
	    "records");
	assert_int_equal(json_array_size(records), 51);
	assert_string_equal(json_string_value(json_array_get(records, 50)), "...");
	for (i = 1; i < 50; i++) {
		const char *text = json_string_value(json_array_get(records, i));

		assert_int_equal(strlen(text), 1000);
		assert_string_equal(text + 997, "...");
	}
	json_decref(object);
	spf_check_free(&check);
	free(large);
}

static void
test_identities(void **state)
{
	struct spf_check *check = done("x.test", "helo.test", SPF_EVALUATOR_NATIVE);
	json_t *helo = spf_report(check, SPF_IDENTITY_HELO, SPF_EVALUATOR_NATIVE);

	(void)state;
	json_case_keys("helo", helo, REPORT_KEYS " terms");
	json_case_member("helo", helo, "identity", "\"helo\"");
	json_case_member("helo", helo, "domain", "\"helo.test\"");
	json_case_member("helo", helo, "result", "\"pass\"");
	json_decref(helo);
	spf_check_free(&check);
	check = done("x.test", "", SPF_EVALUATOR_NATIVE);
	assert_null(spf_report(check, SPF_IDENTITY_HELO, SPF_EVALUATOR_NATIVE));
	spf_check_free(&check);
	unit_end();
}

#ifdef HAVE_LIBSPF2
static void
test_engines(void **state)
{
	struct spf_check *check = done("x.test", "", SPF_EVALUATOR_BOTH);
	json_t *object = report(check, SPF_EVALUATOR_BOTH);

	(void)state;
	json_case_keys("both", object, REPORT_KEYS " native libspf2 engines_agree terms");
	json_case_member("both", object, "native", "\"fail\"");
	json_case_member("both", object, "libspf2", "\"fail\"");
	json_case_member("both", object, "engines_agree", "true");
	json_decref(object);
	object = report(check, SPF_EVALUATOR_LIBSPF2);
	json_case_keys("libspf2", object, REPORT_KEYS " native libspf2 engines_agree terms");
	json_decref(object);
	spf_check_free(&check);
	unit_end();
}
#endif

int
main(void)
{
	const struct CMUnitTest tests[] = {
		REPORT_TEST(test_whole),
		REPORT_TEST(test_text_of_others),
		REPORT_TEST(test_errors),
		REPORT_TEST(test_hints),
		REPORT_TEST(test_waiting),
		REPORT_TEST(test_many_records),
		REPORT_TEST(test_identities),
#ifdef HAVE_LIBSPF2
		REPORT_TEST(test_engines),
#endif
	};

	return cmocka_run_group_tests_name("spf_report", tests, NULL, NULL);
}
