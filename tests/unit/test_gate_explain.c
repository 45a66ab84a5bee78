/* SPDX-License-Identifier: ISC */
/*
 * Explanations of decisions: each is compared with the answer that the policy service then gives,
 * and nothing has changed in between. The DNS is a text; see fake_resolver.h.
 */
#include "tests/unit/json_case.h"
#include "tests/unit/policy_case.h"

#include "conf/spf_sections.h"
#include "srsd/service/gate_explain.h"
#include "srsd/service/gate_steps.h"

static const char zone[] = "good.test TXT v=spf1 ip4:192.0.2.1 -all\n"
			   "bad.test TXT v=spf1 -all\n"
			   "soft.test TXT v=spf1 ~all\n"
			   "srs.test TXT v=spf1 -all\n"
			   "sick.test TXT !\n"
			   "relay.test TXT v=spf1 ip4:192.0.2.7 -all\n"
			   "broken.test TXT v=spf1 nonsense -all\n";

static int
begin(void **state)
{
	service.recent = recent_new(1000);
	return policy_case_begin(state, zone);
}

static int
end(void **state)
{
	recent_free(&service.recent);
	return policy_case_end(state);
}

#define EXPLAIN_TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

struct question {
	const char *client, *sender, *recipient, *helo;
};

/* ask_policy - the answer of the policy service, as Postfix gets it */
static const char *
ask_policy(const struct question *q)
{
	char text[2000];

	snprintf(text, sizeof(text),
	    "request=smtpd_access_policy\nprotocol_state=RCPT\nclient_address=%s\nhelo_name=%s\n"
	    "sender=%s\nrecipient=%s\ninstance=\n\n",
	    q->client, q->helo, q->sender, q->recipient);
	return session_feed_run(&feed, text, strlen(text), strlen(text), 1);
}

static unsigned woken;

static void
wake(void *arg)
{
	assert_ptr_equal(arg, &woken);
	woken++;
}

static struct gate_explain *
start(const struct question *q)
{
	json_t *request = json_pack("{s:s, s:s, s:s, s:s}", "client", q->client, "sender",
	    q->sender, "recipient", q->recipient, "helo", q->helo);
	const char *error;
	struct gate_explain *explain = gate_explain_start(&service, request, wake, &woken, &error);

	if (explain == NULL)
		fail_msg("%s", error);
	json_decref(request);
	return explain;
}

/* explain - the report; every answer of the DNS is in the cache */
static json_t *
explain(const struct question *q)
{
	struct gate_explain *started = start(q);
	json_t *report = gate_explain_report(started);

	assert_non_null(report);
	gate_explain_free(&started);
	return report;
}

/* All that a request of Postfix changes. */
struct traces {
	struct stats stats;
	uint64_t verified, decisions;
	size_t messages;
	unsigned guesses, all_guesses;
};

static struct traces
take_traces(const struct question *q)
{
	struct traces traces;
	struct ipaddr client;

	memset(&traces, 0, sizeof(traces));
	assert_true(ipaddr_parse(&client, q->client, strlen(q->client)));
	traces.stats = stats;
	traces.verified = srs_keys_verified(service.keys, 0);
	traces.decisions = recent_next(service.recent);
	traces.messages = message_memory_count(service.messages);
	traces.guesses = srs_budget_guesses(service.budget, &client, session_feed_now);
	traces.all_guesses = srs_budget_guesses(service.budget, NULL, session_feed_now);
	return traces;
}

/* check_agreement - explain, then ask: the answers are the same, and explaining changed nothing */
static void
check_agreement(const char *row, const struct question *q)
{
	struct traces before = take_traces(q), after;
	json_t *first = explain(q), *second = explain(q);
	const char *answer = json_string_value(json_object_get(first, "answer")), *got;
	char want[1000];

	after = take_traces(q);
	unit_true(row, "explaining changes nothing", memcmp(&before, &after, sizeof(before)) == 0);
	unit_text(row, "log", log_capture_take(), "");
	unit_true(row, "the second explanation is the same", json_equal(first, second) == 1);
	got = ask_policy(q);
	snprintf(want, sizeof(want), "action=%s\n\n", answer == NULL ? UNIT_NULL : answer);
	unit_text(row, "answer", got, want);
	after = take_traces(q);
	unit_true(row, "asking changes something", memcmp(&before, &after, sizeof(before)) != 0);
	log_capture_take();
	json_decref(first);
	json_decref(second);
}

static const char *
find_step(const json_t *report, const char *name, bool *applies)
{
	const json_t *step;
	size_t i;

	json_array_foreach (json_object_get(report, "steps"), i, step) {
		if (strcmp(json_string_value(json_object_get(step, "step")), name) != 0)
			continue;
		*applies = json_is_true(json_object_get(step, "applies"));
		return json_string_value(json_object_get(step, "text"));
	}
	return UNIT_NULL;
}

/* count_repeated_steps - those whose name an earlier one has */
static unsigned
count_repeated_steps(const json_t *report)
{
	const json_t *steps = json_object_get(report, "steps"), *step, *earlier;
	unsigned n = 0;
	size_t i, j;

	json_array_foreach (steps, i, step)
		json_array_foreach (steps, j, earlier)
			n += j < i && json_equal(json_object_get(step, "step"),
					  json_object_get(earlier, "step"));
	return n;
}

/* A question with up to two options of spf, and the step of its explanation that is of interest. */
struct row {
	const char *name;
	struct question question;
	const char *option[2][2];
	int days; /* later than NOW */
	const char *action, *step;
	bool applies;
	const char *text;
};

static const struct row rows[] = {
	{ "fail", { "192.0.2.1", "a@bad.test", "b@own.test", "mx.relay.test" }, { { NULL } }, 0,
	    "reject", "mailfrom", true, "bad.test: fail by -all, to be answered with 550 5.7.23" },
	{ "HELO passes", { "192.0.2.1", "a@bad.test", "b@own.test", "good.test" }, { { NULL } }, 0,
	    "reject", "helo", false, "good.test: pass by ip4:192.0.2.1, which is never refused" },
	{ "pass", { "192.0.2.1", "a@good.test", "b@own.test", "mx.relay.test" }, { { NULL } }, 0,
	    "prepend", "pass-restriction", false, "no restriction class is set for this result" },
	{ "softfail", { "192.0.2.1", "a@soft.test", "b@own.test", "mx.relay.test" }, { { NULL } },
	    0, "prepend", "mailfrom", false,
	    "soft.test: softfail by ~all, which mail-from-reject does not refuse" },
	{ "class", { "192.0.2.1", "a@good.test", "b@own.test", "mx.relay.test" },
	    { { "mail-from-pass-restriction", "spf_pass" } }, 0, "restriction", "pass-restriction",
	    true, "mail that passes gets the restriction class spf_pass" },
	{ "class in test-only", { "192.0.2.1", "a@good.test", "b@own.test", "mx.relay.test" },
	    { { "mail-from-pass-restriction", "spf_pass" }, { "test-only", "true" } }, 0, "prepend",
	    "pass-restriction", false, "test-only holds back the restriction class spf_pass" },
	{ "temperror", { "192.0.2.1", "a@sick.test", "b@own.test", "mx.relay.test" }, { { NULL } },
	    0, "prepend", "mailfrom", false,
	    "sick.test: temperror, SERVFAIL for the TXT records of sick.test, which temperror-defer does not refuse" },
	{ "temperror-defer", { "192.0.2.1", "a@sick.test", "b@own.test", "mx.relay.test" },
	    { { "temperror-defer", "true" } }, 0, "defer", "mailfrom", true,
	    "sick.test: temperror, SERVFAIL for the TXT records of sick.test, to be answered with 451 4.7.24" },
	{ "permerror", { "192.0.2.1", "a@broken.test", "b@own.test", "mx.relay.test" },
	    { { "permerror-reject", "true" } }, 0, "reject", "mailfrom", true, NULL },
	{ "bounce of a bad HELO", { "192.0.2.1", "", "b@own.test", "bad.test" },
	    { { "helo-reject", "fail" } }, 0, "reject", "helo", true,
	    "bad.test: fail by -all, to be answered with 550 5.7.23" },
	{ "bounce of a soft HELO", { "192.0.2.1", "<>", "b@own.test", "soft.test" },
	    { { "null-sender-reject", "fail" } }, 0, "prepend", "helo", false,
	    "soft.test: softfail by ~all, which null-sender-reject does not refuse" },
	{ "no HELO", { "192.0.2.1", "a@good.test", "b@own.test", "" }, { { NULL } }, 0, "prepend",
	    "helo", false, "no HELO name: none, which is never refused" },
	{ "skip-addresses", { "127.0.0.1", "a@bad.test", "b@own.test", "mx.relay.test" },
	    { { NULL } }, 0, "dunno", "skip-addresses", true,
	    "the client is in skip-addresses, and its mail is not checked" },
	{ "whitelist", { "192.0.2.1", "a@bad.test", "b@own.test", "mx.relay.test" },
	    { { "whitelist", "192.0.2.0/24" } }, 0, "dunno", "whitelist", true,
	    "the client is in whitelist" },
	{ "no-check", { "192.0.2.1", "a@bad.test", "b@own.test", "mx.relay.test" },
	    { { "mail-from-reject", "no-check" }, { "helo-reject", "no-check" } }, 0, "dunno",
	    "no-check", true, NULL },
	{ "nat-guard", { "10.0.0.1", "a@bad.test", "b@own.test", "mx.relay.test" }, { { NULL } }, 0,
	    "prepend", "spared", true,
	    "nat-guard: the client has a private address, which may hide the real one" },
	{ "no nat-guard", { "10.0.0.1", "a@bad.test", "b@own.test", "mx.relay.test" },
	    { { "nat-guard", "false" } }, 0, "reject", "spared", false, NULL },
	{ "allow-list", { "192.0.2.7", "a@bad.test", "b@own.test", "mx.relay.test" },
	    { { "domain-whitelist", "relay.test" } }, 0, "prepend", "spared", true,
	    "the client is in domain-whitelist" },
	{ "not in the allow-list", { "192.0.2.1", "a@bad.test", "b@own.test", "mx.relay.test" },
	    { { "domain-whitelist", "relay.test" } }, 0, "reject", "allow-list", false,
	    "all allow-lists were looked up" },
	{ "unknown allow-list", { "192.0.2.1", "a@bad.test", "b@own.test", "mx.relay.test" },
	    { { "domain-whitelist", "sick.test" } }, 0, "defer", "allow-list", true,
	    "the DNS has no answer for an allow-list: the mail is deferred" },
	{ "test-only", { "192.0.2.1", "a@bad.test", "b@own.test", "mx.relay.test" },
	    { { "test-only", "true" } }, 0, "prepend", "test-only", true,
	    "without test-only the answer would be 550 5.7.23" },
	{ "nothing to hold back", { "192.0.2.1", "a@good.test", "b@own.test", "mx.relay.test" },
	    { { "test-only", "true" } }, 0, "prepend", "test-only", false,
	    "there is no refusal to hold back" },
	{ "srs-bounce", { "192.0.2.1", "", JANE, "mx.relay.test" }, { { NULL } }, 0, "dunno",
	    "srs-recipient", true,
	    "a bounce to a valid SRS address of ours, which needs no SPF check" },
	{ "forged", { "192.0.2.1", "", FORGED, "mx.relay.test" }, { { NULL } }, 0, "reject",
	    "srs-recipient", true,
	    "the recipient looks like an SRS address of ours, but has a bad hash or is malformed" },
	{ "forged in test-only", { "192.0.2.1", "", FORGED, "mx.relay.test" },
	    { { "test-only", "true" } }, 0, "prepend", "srs-recipient", false,
	    "the recipient looks like an SRS address of ours, but has a bad hash or is malformed; "
	    "test-only holds the refusal back" },
	{ "srs-forged", { "192.0.2.1", "", FORGED, "mx.relay.test" }, { { "srs-forged", "check" } },
	    0, "prepend", "srs-recipient", false, NULL },
	{ "expired", { "192.0.2.1", "", JANE, "mx.relay.test" }, { { NULL } }, 60, "reject",
	    "srs-recipient", true, "the recipient is an SRS address of ours that has expired" },
	{ "with a sender", { "192.0.2.1", "a@good.test", JANE, "mx.relay.test" }, { { NULL } }, 0,
	    "prepend", "srs-recipient", false,
	    "mail with a sender to a valid SRS address of ours; because of srs-nonnull = check, SPF "
	    "decides" },
	{ "srs-nonnull", { "192.0.2.1", "a@good.test", JANE, "mx.relay.test" },
	    { { "srs-nonnull", "reject" } }, 0, "reject", "srs-recipient", true,
	    "mail with a sender to a valid SRS address of ours" },
	{ "srs-sender", { "192.0.2.1", JANE, "b@own.test", "mx.relay.test" }, { { NULL } }, 0,
	    "prepend", "srs-sender", true,
	    "the sender is a valid SRS address of ours, and is not evaluated because of "
	    "srs-sender = skip" },
	{ "srs-sender = no-reject", { "192.0.2.1", JANE, "b@own.test", "mx.relay.test" },
	    { { "srs-sender", "no-reject" } }, 0, "prepend", "spared", true,
	    "srs-sender: the sender is an SRS address of ours" },
	{ "forged sender", { "192.0.2.1", FORGED, "b@own.test", "mx.relay.test" }, { { NULL } }, 0,
	    "reject", "srs-sender", false, "the sender is not a valid SRS address" },
};

static void
check_row(const struct row *row)
{
	bool applies = !row->applies;
	json_t *report;
	size_t i;

	for (i = 0; i < 2 && row->option[i][0] != NULL; i++)
		set_spf(row->option[i][0], row->option[i][1]);
	session_feed_now += (time_t)row->days * DAY;
	report = explain(&row->question);
	unit_text(
	    row->name, "action", json_string_value(json_object_get(report, "action")), row->action);
	if (row->text != NULL)
		unit_text(row->name, "text", find_step(report, row->step, &applies), row->text);
	else
		find_step(report, row->step, &applies);
	unit_int(row->name, "applies", applies, row->applies);
	unit_int(row->name, "repeated steps", count_repeated_steps(report), 0);
	json_decref(report);
	check_agreement(row->name, &row->question);
}

static void
test_decisions(void **state)
{
	void *inner;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		inner = NULL;
		assert_int_equal(begin(&inner), 0);
		check_row(&rows[i]);
		assert_int_equal(end(&inner), 0);
	}
	unit_end();
}

/* The next guess is explained as it will be answered, right up to the limit and over it. */
static void
test_guess_limit(void **state)
{
	static const struct question of_recipient = { "192.0.2.1", "", FORGED, "mx.relay.test" },
				     of_sender = { "192.0.2.2", FORGED, "b@own.test", "mx.test" },
				     of_both = { "192.0.2.3", FORGED, FORGED, "mx.test" };
	json_t *report;
	bool applies;
	unsigned i;

	(void)state;
	set_spf("srs-guess-limit", "3");
	for (i = 0; i < 6; i++) {
		check_agreement(unit_row("recipient %u", i), &of_recipient);
		check_agreement(unit_row("sender %u", i), &of_sender);
		check_agreement(unit_row("both %u", i), &of_both);
	}
	report = explain(&of_recipient);
	unit_text("recipient", "text", find_step(report, "srs-recipient", &applies),
	    "the recipient looks like an SRS address of ours, but has a bad hash or is malformed; the "
	    "client is over srs-guess-limit with 6 bad hashes within an hour, not counting "
	    "this one");
	json_decref(report);
	report = explain(&of_sender);
	unit_text("sender", "text", find_step(report, "sender-limit", &applies),
	    "the sender is an SRS address, and the client is over srs-guess-limit: the mail is "
	    "deferred");
	json_decref(report);
	unit_end();
}

static void
test_daily_limit(void **state)
{
	static const struct question bounce = { "192.0.2.1", "", JANE, "mx.relay.test" },
				     mail = { "192.0.2.1", "a@good.test", JANE, "mx.relay.test" };
	json_t *report;
	bool applies;
	unsigned i;

	(void)state;
	set_spf("srs-daily-limit", "2");
	for (i = 0; i < 4; i++) {
		check_agreement(unit_row("bounce %u", i), &bounce);
		check_agreement(unit_row("mail %u", i), &mail);
	}
	report = explain(&mail);
	unit_text("mail", "text", find_step(report, "srs-recipient", &applies),
	    "mail with a sender to a valid SRS address of ours; the address has reached "
	    "srs-daily-limit");
	json_decref(report);
	unit_end();
}

static void
test_section(void **state)
{
	static const struct question strict = { "192.0.2.1", "a@soft.test", "b@strict.test",
		"mx.test" },
				     other = { "192.0.2.1", "a@soft.test", "b@own.test",
					     "mx.test" };
	const char *value = "softfail";
	char error[OPTION_ERROR_SIZE];
	json_t *report;

	(void)state;
	settings->sections = spf_sections_new();
	assert_true(spf_section_set(spf_sections_add(settings->sections, "strict.test", error),
	    option_find("spf", "mail-from-reject"), &value, 1, error));
	spf_sections_complete(settings->sections, &settings->spf);
	check_agreement("strict", &strict);
	check_agreement("other", &other);
	report = explain(&strict);
	json_case_member("strict", report, "section", "\"strict.test\"");
	json_case_member("strict", report, "action", "\"reject\"");
	json_decref(report);
	report = explain(&other);
	json_case_member("other", report, "section", NULL);
	json_decref(report);
	unit_end();
}

/* With a milter the header has a token, which must be the same one. */
static void
test_milter(void **state)
{
	static const struct question q = { "192.0.2.1", "a@good.test", "b@own.test", "mx.test" };
	json_t *report;

	(void)state;
	srs_set(settings, "milter", "inet:127.0.0.1:10005");
	check_agreement("milter", &q);
	report = explain(&q);
	unit_holds(
	    "milter", "answer", json_string_value(json_object_get(report, "answer")), " x-srsd=");
	json_decref(report);
	unit_end();
}

static void
test_report(void **state)
{
	static const struct question q = { "192.0.2.1", "a@bad.test", "b@own.test", "good.test" };
	json_t *report;

	(void)state;
	report = explain(&q);
	json_case_keys(
	    "fail", report, "client sender recipient helo steps identities action answer");
	json_case_member("fail", report, "client", "\"192.0.2.1\"");
	json_case_member("fail", report, "identities",
	    "[{\"identity\":\"helo\",\"domain\":\"good.test\",\"result\":\"pass\",\"mechanism\":"
	    "\"ip4:192.0.2.1\"},{\"identity\":\"mailfrom\",\"domain\":\"bad.test\",\"result\":\"fail\","
	    "\"mechanism\":\"-all\"}]");
	json_decref(report);
	set_spf("test-only", "true");
	report = explain(&q);
	json_case_keys("test-only", report,
	    "client sender recipient helo steps identities action reason would answer");
	json_case_member("test-only", report, "reason", "\"test-only\"");
	json_case_member("test-only", report, "would", "\"reject\"");
	json_decref(report);
	unit_end();
}

/* A text of a stranger: what is shown of it is visible ASCII. */
static void
test_hostile_texts(void **state)
{
	static const struct question q = { "192.0.2.1", "a@\303\274\377<x>.test", "b@own.test",
		"a<b> c\303\277" };
	struct gate_explain *started;
	const char *error;
	json_t *request = json_pack("{s:s, s:s%, s:s, s:s}", "client", q.client, "sender",
	    "a@\303\274<x>.test", (size_t)12, "recipient", q.recipient, "helo", q.helo);
	json_t *report;
	bool applies;

	(void)state;
	assert_non_null(request);
	started = gate_explain_start(&service, request, wake, &woken, &error);
	assert_non_null(started);
	report = gate_explain_report(started);
	unit_holds("helo", "text", find_step(report, "helo", &applies), "a?b?");
	json_decref(report);
	gate_explain_free(&started);
	json_decref(request);
	unit_end();
}

/* The DNS answers later: for the identities, then for the allow-list. */
static void
test_waits(void **state)
{
	static const struct question q = { "192.0.2.7", "a@bad.test", "b@own.test", "mx.test" };
	struct gate_explain *started;
	json_t *report;

	(void)state;
	set_spf("domain-whitelist", "relay.test");
	resolver.cached = false;
	woken = 0;
	started = start(&q);
	assert_null(gate_explain_report(started));
	fake_resolver_run(&resolver, service.checker.base);
	event_base_loop(service.checker.base, EVLOOP_NONBLOCK);
	unit_int("identities", "woken", woken, 1);
	assert_null(gate_explain_report(started)); /* now the allow-list */
	fake_resolver_run(&resolver, service.checker.base);
	event_base_loop(service.checker.base, EVLOOP_NONBLOCK);
	unit_int("allow-list", "woken", woken, 2);
	report = gate_explain_report(started);
	json_case_member("allow-list", report, "reason", "\"domain-whitelist\"");
	json_decref(report);
	gate_explain_free(&started);
	started = start(&q); /* given up while it waits */
	gate_explain_free(&started);
	assert_null(started);
	gate_explain_free(&started);
	unit_end();
}

static void
test_bad_requests(void **state)
{
	static const struct {
		const char *request, *error;
	} bad[] = {
		{ "{}", "client: not an IPv4 or IPv6 address" },
		{ "{\"client\":\"mx.test\",\"recipient\":\"b@own.test\"}",
		    "client: not an IPv4 or IPv6 address" },
		{ "{\"client\":\"192.0.2.1\"}", "no recipient" },
		{ "{\"client\":\"192.0.2.1\",\"recipient\":\"\"}", "no recipient" },
		{ "{\"client\":\"192.0.2.1\",\"recipient\":1}", "client, sender, " },
		{ "{\"client\":\"192.0.2.1\",\"recipient\":\"b@own.test\",\"sender\":null}",
		    "client, sender, " },
		{ "{\"client\":\"192.0.2.1\",\"recipient\":\"b@own.test\\nsender=x\"}",
		    "client, sender, " },
		{ "{\"client\":\"192.0.2.1\",\"recipient\":\"b@own.test\",\"helo\":\"\\u007f\"}",
		    "client, sender, " },
	};
	char large[GATE_EXPLAIN_TEXT_MAX + 2];
	const char *error;
	json_t *request;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(bad); i++) {
		request = json_case_read(bad[i].request);
		error = UNIT_NULL;
		unit_true(bad[i].request, "refused",
		    gate_explain_start(&service, request, wake, &woken, &error) == NULL);
		unit_holds(bad[i].request, "error", error, bad[i].error);
		json_decref(request);
	}
	memset(large, 'a', sizeof(large) - 1);
	large[sizeof(large) - 1] = '\0';
	request = json_pack("{s:s, s:s}", "client", "192.0.2.1", "recipient", large);
	assert_null(gate_explain_start(&service, request, wake, &woken, &error));
	json_decref(request);
	unit_end();
}

/* The shortest recipient, and the longest one: they are not refused. */
static void
test_accepted_lengths(void **state)
{
	char longest[GATE_EXPLAIN_TEXT_MAX + 1];
	struct question q = { .client = "192.0.2.1", .sender = "", .recipient = "b", .helo = "" };
	struct gate_explain *started = start(&q);

	(void)state;
	gate_explain_free(&started);
	memset(longest, 'a', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	q.recipient = longest;
	started = start(&q);
	gate_explain_free(&started);
}

/* A step beyond the last that there is room for is dropped. */
static void
test_too_many_steps(void **state)
{
	struct gate_steps steps = { .n = 0 };
	const struct gate_step step = { .kind = GATE_STEP_TEST_ONLY };
	size_t i;

	(void)state;
	for (i = 0; i < GATE_STEP_KINDS + 1; i++)
		gate_steps_add(&steps, step);
	assert_int_equal(steps.n, GATE_STEP_KINDS);
	gate_steps_add(NULL, step);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decisions),
		cmocka_unit_test(test_too_many_steps),
		EXPLAIN_TEST(test_guess_limit),
		EXPLAIN_TEST(test_daily_limit),
		EXPLAIN_TEST(test_section),
		EXPLAIN_TEST(test_milter),
		EXPLAIN_TEST(test_report),
		EXPLAIN_TEST(test_hostile_texts),
		EXPLAIN_TEST(test_waits),
		EXPLAIN_TEST(test_bad_requests),
		EXPLAIN_TEST(test_accepted_lengths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
