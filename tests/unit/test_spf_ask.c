/* SPDX-License-Identifier: ISC */
/*
 * The queries of one pass, and the names that it makes. Here every answer is given before the pass;
 * missing answers stay missing.
 */
#include "tests/unit/fake_dns.h"

#include "spf/spf_ask.h"
#include "spf/spf_trace.h"

static struct spf_answers *answers;

static int
begin(void **state)
{
	(void)state;
	answers = spf_answers_new();
	return 0;
}

static int
end(void **state)
{
	(void)state;
	spf_answers_free(&answers);
	return 0;
}

#define ASK_TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

static struct spf_answer *
know(const char *zone, const char *name, enum dns_type type)
{
	struct spf_answer *answer = spf_answers_get(answers, name, type);

	assert_non_null(answer);
	spf_answers_set(answers, answer, fake_answer(zone, name, type));
	return answer;
}

static struct spf_ask
begin_pass(const struct spf_request *req)
{
	struct spf_ask ask;

	spf_ask_init(&ask, req, answers);
	return ask;
}

static void
test_answers_and_pending(void **state)
{
	struct spf_request req = fake_request("a@x.test", "192.0.2.1");
	struct spf_ask ask = begin_pass(&req);
	const struct spf_answer *a = know("a.test A 192.0.2.1\n", "a.test", DNS_A);

	(void)state;
	unit_true("new", "not pending", !ask.pending);
	unit_true("known", "the table's answer", spf_ask(&ask, "A.Test", DNS_A) == a->reply);
	unit_true("known", "not pending", !ask.pending);
	unit_true("unknown", "no answer", spf_ask(&ask, "b.test", DNS_A) == NULL);
	unit_true("unknown", "pending", ask.pending);
	unit_text("unknown", "wanted", spf_answers_wanted(answers)->name, "b.test");
	/* It goes on, and stays pending. */
	unit_true("known", "the table's answer", spf_ask(&ask, "a.test", DNS_A) == a->reply);
	unit_true("ahead", "no answer", spf_ask(&ask, "a.test", DNS_MX) == NULL);
	unit_true("at the end", "pending", ask.pending);
	unit_int("at the end", "questions", (long long)spf_answers_count(answers), 3);
	unit_end();
}

/* Questions that are asked ahead leave room for those that count. */
static void
test_full_table(void **state)
{
	struct spf_request req = fake_request("a@x.test", "192.0.2.1");
	struct spf_ask ask = begin_pass(&req);
	const struct dns_answer *refused;
	char name[40];
	size_t i;

	(void)state;
	for (i = 0; i < SPF_ANSWERS_MAX + 10; i++) {
		snprintf(name, sizeof(name), "n%zu.test", i);
		unit_true(name, "no answer", spf_ask(&ask, name, DNS_A) == NULL);
	}
	unit_int("ahead", "questions", (long long)spf_answers_count(answers), SPF_ANSWERS_GUESSES);
	for (i = 0; i < SPF_ANSWERS_MAX; i++) {
		snprintf(name, sizeof(name), "n%zu.test", i);
		know("", name, DNS_A);
	}
	ask = begin_pass(&req);
	refused = spf_ask(&ask, "one.more.test", DNS_A);
	unit_true("full", "an answer", refused != NULL);
	unit_int("full", "status", refused->status, DNS_ERROR);
	unit_true("full", "not pending", !ask.pending);
	unit_int("full", "questions", (long long)spf_answers_count(answers), SPF_ANSWERS_MAX);
	unit_end();
}

static void
test_security(void **state)
{
	static const struct {
		const char *name;
		enum dns_security answers[3];
		enum dns_security want;
	} rows[] = {
		{ "all secure", { DNS_SECURE, DNS_SECURE, DNS_SECURE }, DNS_SECURE },
		{ "one insecure", { DNS_SECURE, DNS_INSECURE, DNS_SECURE }, DNS_INSECURE },
		{ "one bogus", { DNS_INSECURE, DNS_SECURE, DNS_BOGUS }, DNS_BOGUS },
		{ "bogus first", { DNS_BOGUS, DNS_SECURE, DNS_INSECURE }, DNS_BOGUS },
	};
	struct spf_request req = fake_request("a@x.test", "192.0.2.1");
	struct spf_ask ask;
	char name[40];
	size_t i, n;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		ask = begin_pass(&req);
		unit_int(rows[i].name, "at first", ask.security, DNS_SECURE);
		for (n = 0; n < 3; n++) {
			snprintf(name, sizeof(name), "n%zu.row%zu.test", n, i);
			know("", name, DNS_A)->reply->security = rows[i].answers[n];
			spf_ask(&ask, name, DNS_A);
		}
		unit_int(rows[i].name, "security", ask.security, rows[i].want);
	}
	/* The answers to queries that a pending pass sends in advance may not be needed. */
	know("", "bogus.test", DNS_A)->reply->security = DNS_BOGUS;
	ask = begin_pass(&req);
	spf_ask(&ask, "missing.test", DNS_A);
	spf_ask(&ask, "bogus.test", DNS_A);
	unit_int("ahead", "security", ask.security, DNS_SECURE);
	unit_end();
}

static void
test_trace_notes_the_questions(void **state)
{
	struct spf_request req = fake_request("a@x.test", "192.0.2.1");
	struct spf_ask ask;
	const struct spf_step *step;

	(void)state;
	req.trace = spf_trace_new();
	ask = begin_pass(&req);
	spf_trace_step(req.trace, 0, "x.test", fake_text("a"));
	know("a.test A 192.0.2.1\n", "a.test", DNS_A);
	spf_ask(&ask, "a.test", DNS_A);
	spf_ask(&ask, "b.test", DNS_MX);
	step = &req.trace->step[0];
	assert_int_equal(step->n, 2);
	assert_string_equal(step->asked[0]->name, "a.test");
	assert_non_null(step->asked[0]->reply);
	assert_string_equal(step->asked[1]->name, "b.test");
	assert_int_equal(step->asked[1]->type, DNS_MX);
	assert_null(step->asked[1]->reply);
	spf_trace_free(&req.trace);
}

#define V6_REVERSE "b.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa"

static void
test_address_type_and_reverse_name(void **state)
{
	static const struct {
		const char *ip;
		enum dns_type type;
		const char *reverse;
	} rows[] = {
		{ "192.0.2.1", DNS_A, "1.2.0.192.in-addr.arpa" },
		{ "255.254.0.10", DNS_A, "10.0.254.255.in-addr.arpa" },
		{ "::ffff:192.0.2.1", DNS_A, "1.2.0.192.in-addr.arpa" },
		{ "2001:db8::b", DNS_AAAA, V6_REVERSE },
	};
	char name[HOSTNAME_MAX + 1];
	struct spf_request req;
	struct spf_ask ask;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		req = fake_request("a@x.test", rows[i].ip);
		ask = begin_pass(&req);
		unit_int(rows[i].ip, "type", spf_ask_address_type(&ask), rows[i].type);
		spf_ask_reverse_name(&req, name);
		unit_true(rows[i].ip, name, strcasecmp(name, rows[i].reverse) == 0);
	}
	unit_end();
}

static void
test_holds_client(void **state)
{
	static const char zone[] = "four.test A 198.51.100.1\n"
				   "four.test A 192.0.2.128\n"
				   "six.test AAAA 2001:db8::1\n";
	static const struct {
		const char *ip, *name;
		enum dns_type type;
		unsigned prefix;
		bool want;
	} rows[] = {
		{ "192.0.2.128", "four.test", DNS_A, 32, true },
		{ "192.0.2.129", "four.test", DNS_A, 32, false },
		{ "192.0.2.129", "four.test", DNS_A, 31, true },
		{ "192.0.2.127", "four.test", DNS_A, 25, false },
		{ "192.0.2.127", "four.test", DNS_A, 24, true },
		{ "203.0.113.1", "four.test", DNS_A, 0, true },
		{ "2001:db8::1", "four.test", DNS_A, 0, false },
		{ "2001:db8::1", "six.test", DNS_AAAA, 128, true },
		{ "2001:db8::2", "six.test", DNS_AAAA, 128, false },
		{ "2001:db8::2", "six.test", DNS_AAAA, 126, true },
		{ "192.0.2.1", "six.test", DNS_AAAA, 0, false },
		{ "192.0.2.1", "gone.test", DNS_A, 0, false },
	};
	struct dns_answer *answer;
	struct spf_request req;
	struct spf_ask ask;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		req = fake_request("a@x.test", rows[i].ip);
		ask = begin_pass(&req);
		answer = fake_answer(zone, rows[i].name, rows[i].type);
		unit_int(unit_row("%s in %s/%u", rows[i].ip, rows[i].name, rows[i].prefix), "holds",
		    spf_ask_holds_client(&ask, answer, rows[i].prefix), rows[i].want);
		dns_answer_unref(&answer);
	}
	unit_end();
}

static void
test_leads_back(void **state)
{
	static const char zone[] = "good.test A 192.0.2.1\n"
				   "good.test AAAA 2001:db8::1\n"
				   "liar.test A 192.0.2.2\n"
				   "sick.test A !\n"
				   "sick.test AAAA !\n";
	static const struct {
		const char *name, *ip;
		enum spf_asked want;
	} rows[] = {
		{ "good.test", "192.0.2.1", SPF_ASKED_YES },
		{ "GOOD.Test", "192.0.2.1", SPF_ASKED_YES },
		{ "good.test", "2001:db8::1", SPF_ASKED_YES },
		{ "good.test", "192.0.2.3", SPF_ASKED_NO }, /* not its network */
		{ "liar.test", "192.0.2.1", SPF_ASKED_NO },
		{ "gone.test", "192.0.2.1", SPF_ASKED_NO },
		{ "sick.test", "192.0.2.1", SPF_ASKED_NO },
		{ "sick.test", "2001:db8::1", SPF_ASKED_NO },
		{ "missing.test", "192.0.2.1", SPF_ASKED_PENDING },
		{ "", "192.0.2.1", SPF_ASKED_NO },
		{ ".", "192.0.2.1", SPF_ASKED_NO },
		{ "a..test", "192.0.2.1", SPF_ASKED_NO },
		{ "good.test\\000", "192.0.2.1", SPF_ASKED_NO },
	};
	static const char *const known[] = { "good.test", "liar.test", "gone.test", "sick.test" };
	struct dns_rr rr = { .data = NULL };
	struct spf_request req;
	struct spf_ask ask;
	char name[100];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(known); i++) {
		know(zone, known[i], DNS_A);
		know(zone, known[i], DNS_AAAA);
	}
	for (i = 0; i < COUNT(rows); i++) {
		req = fake_request("a@x.test", rows[i].ip);
		ask = begin_pass(&req);
		rr.data = name;
		rr.len = fake_unescape(name, rows[i].name, strlen(rows[i].name));
		name[rr.len] = '\0';
		unit_int(unit_row("%s %s", rows[i].name, rows[i].ip), "leads back",
		    spf_ask_leads_back(&ask, &rr, NULL), rows[i].want);
		unit_int(unit_row("%s %s", rows[i].name, rows[i].ip), "pending", ask.pending,
		    rows[i].want == SPF_ASKED_PENDING);
	}
	unit_int("all", "questions", (long long)spf_answers_count(answers), 2 * COUNT(known) + 1);
	unit_end();
}

struct named {
	const struct spf_request *req;
	const char *domain;
	const char *name;
};

static bool
validate(void *arg, struct spf_answers *table)
{
	struct named *named = arg;
	struct spf_ask ask;

	spf_ask_init(&ask, named->req, table);
	named->name = spf_ask_validated_name(&ask, named->domain);
	assert_true(ask.pending == (named->name == NULL));
	return named->name != NULL;
}

/* The domain itself, a name below it, any other (7.3); the smallest of its kind, in whatever order they come. */
static void
test_validated_name(void **state)
{
	static const char zone[] = "1.2.0.192.in-addr.arpa PTR first.other.test\n"
				   "1.2.0.192.in-addr.arpa PTR second.other.test\n"
				   "1.2.0.192.in-addr.arpa PTR a.own.test\n"
				   "1.2.0.192.in-addr.arpa PTR b.own.test\n"
				   "1.2.0.192.in-addr.arpa PTR Own.test\n"
				   "1.2.0.192.in-addr.arpa PTR liar.test\n"
				   "1.2.0.192.in-addr.arpa PTR sick.test\n"
				   "first.other.test A 192.0.2.1\n"
				   "second.other.test A 192.0.2.1\n"
				   "a.own.test A 192.0.2.1\n"
				   "b.own.test A 192.0.2.1\n"
				   "own.test A 192.0.2.1\n"
				   "liar.test A 192.0.2.2\n"
				   "sick.test A !\n"
				   "2.2.0.192.in-addr.arpa PTR liar.test\n"
				   "3.2.0.192.in-addr.arpa PTR liar.test\n"
				   "4.2.0.192.in-addr.arpa PTR !\n"
				   "6.2.0.192.in-addr.arpa PTR second.both.test\n"
				   "6.2.0.192.in-addr.arpa PTR First.both.test\n"
				   "first.both.test A 192.0.2.6\n"
				   "second.both.test A 192.0.2.6\n";
	static const struct {
		const char *ip, *domain, *want;
	} rows[] = {
		{ "192.0.2.1", "own.test", "Own.test" },
		{ "192.0.2.1", "OWN.TEST", "Own.test" },
		{ "192.0.2.1", "other.test", "first.other.test" },
		{ "192.0.2.1", "second.other.test", "second.other.test" },
		{ "192.0.2.1", "b.own.test", "b.own.test" },
		{ "192.0.2.1", "third.test", "a.own.test" },
		{ "192.0.2.1", "liar.test", "a.own.test" },
		{ "192.0.2.1", "n.test", "a.own.test" }, /* whole labels */
		{ "192.0.2.2", "third.test", "liar.test" },
		{ "192.0.2.3", "liar.test", "unknown" },
		{ "192.0.2.4", "own.test", "unknown" },
		{ "192.0.2.5", "own.test", "unknown" },
		{ "192.0.2.6", "both.test", "First.both.test" },
		{ "192.0.2.6", "third.test", "First.both.test" },
	};
	struct fake_dns dns = { .zone = zone, .seed = 3 };
	struct spf_answers *table;
	struct spf_request req;
	struct named named;
	unsigned order;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		req = fake_request("a@x.test", rows[i].ip);
		named = (struct named){ .req = &req, .domain = rows[i].domain };
		for (order = 0; order < 8; order++) {
			dns.order = order < FAKE_MIXED ? (enum fake_order)order : FAKE_MIXED;
			table = fake_drive(&dns, validate, &named);
			unit_text(unit_row("%s for %s", rows[i].ip, rows[i].domain), "name",
			    named.name, rows[i].want);
			spf_answers_free(&table);
		}
	}
	unit_end();
}

static void
test_macro_values(void **state)
{
	struct spf_request req = fake_request("jane@x.test", "192.0.2.1");
	struct spf_ask ask = begin_pass(&req);
	struct spf_macro_values values;

	(void)state;
	spf_ask_macro_values(&ask, "current.test", &values);
	unit_bytes("sender", "local", values.local.s, values.local.len, BYTES("jane"));
	unit_bytes("sender", "its domain", values.sender_domain.s, values.sender_domain.len,
	    BYTES("x.test"));
	unit_bytes("sender", "domain", values.domain.s, values.domain.len, BYTES("current.test"));
	unit_bytes("sender", "HELO", values.helo.s, values.helo.len, BYTES("mx.relay.test"));
	unit_text("sender", "receiver", values.receiver, "mx.receiver.test");
	unit_true("sender", "address", values.ip == &req.ip);
	unit_int("sender", "time", values.now, 1700000000);
	unit_true("sender", "no validated name yet", values.validated == NULL);
	req = fake_request("x.test", "192.0.2.1");
	spf_ask_macro_values(&ask, "current.test", &values);
	unit_bytes("null sender", "local", values.local.s, values.local.len, BYTES("postmaster"));
	unit_end();
}

struct target {
	const struct spf_request *req;
	const char *spec;
	enum spf_asked asked;
	char name[HOSTNAME_MAX + 1];
};

static bool
find_target(void *arg, struct spf_answers *table)
{
	struct target *t = arg;
	struct spf_ask ask;

	spf_ask_init(&ask, t->req, table);
	t->asked = spf_ask_target(&ask, fake_text(t->spec), "d.own.test", t->name);
	assert_true(ask.pending == (t->asked == SPF_ASKED_PENDING));
	return t->asked != SPF_ASKED_PENDING;
}

static void
test_targets(void **state)
{
	static const char zone[] = "1.2.0.192.in-addr.arpa PTR host.other.test\n"
				   "host.other.test A 192.0.2.1\n";
	static const struct {
		const char *sender, *spec;
		enum spf_asked asked;
		const char *want;
		unsigned questions;
	} rows[] = {
		{ "jane@x.test", "", SPF_ASKED_YES, "d.own.test", 0 },
		{ "jane@x.test", "y.test", SPF_ASKED_YES, "y.test", 0 },
		{ "jane@x.test", "%{d}.y.test", SPF_ASKED_YES, "d.own.test.y.test", 0 },
		{ "jane@x.test", "%{l}.%{o}", SPF_ASKED_YES, "jane.x.test", 0 },
		{ "jane@x.test", "%{ir}.%{v}.%{h}", SPF_ASKED_YES,
		    "1.2.0.192.in-addr.mx.relay.test", 0 },
		{ "x.test", "%{s}", SPF_ASKED_YES, "postmaster@x.test", 0 },
		{ "jane@x.test", "%{p}.y.test", SPF_ASKED_YES, "host.other.test.y.test", 2 },
		{ "j\303\266@x.test", "%{l}.y.test", SPF_ASKED_NO, NULL, 0 },
		{ "j\303\266@x.test", "%{S}.y.test", SPF_ASKED_NO, NULL, 0 },
		{ "j\303\266@x.test", "%{lr}.%{p}.y.test", SPF_ASKED_NO, NULL, 0 },
		{ "j\303\266@x.test", "%{d}.y.test", SPF_ASKED_YES, "d.own.test.y.test", 0 },
		{ "j\303\266@x.test", "", SPF_ASKED_YES, "d.own.test", 0 },
	};
	struct fake_dns dns = { .zone = zone };
	struct spf_answers *table;
	struct spf_request req;
	struct target t;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		const char *row = unit_row("%s for %s", rows[i].spec, rows[i].sender);

		req = fake_request(rows[i].sender, "192.0.2.1");
		t = (struct target){ .req = &req, .spec = rows[i].spec };
		table = fake_drive(&dns, find_target, &t);
		unit_int(row, "asked", t.asked, rows[i].asked);
		unit_int(row, "questions", dns.questions, rows[i].questions);
		if (rows[i].want != NULL)
			unit_text(row, "name", t.name, rows[i].want);
		spf_answers_free(&table);
	}
	unit_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ASK_TEST(test_answers_and_pending),
		ASK_TEST(test_full_table),
		ASK_TEST(test_security),
		ASK_TEST(test_trace_notes_the_questions),
		ASK_TEST(test_address_type_and_reverse_name),
		ASK_TEST(test_holds_client),
		ASK_TEST(test_leads_back),
		ASK_TEST(test_validated_name),
		ASK_TEST(test_macro_values),
		ASK_TEST(test_targets),
	};

	return cmocka_run_group_tests_name("spf_ask", tests, NULL, NULL);
}
