/* SPDX-License-Identifier: ISC */
#include "tests/unit/fake_resolver.h"

#include "common/clock.h"
#include "common/xmalloc.h"
#include "conf/option.h"
#include "conf/option_value.h"
#include "spf/spf_check.h"

static const char zone[] = "x.test TXT v=spf1 include:i.test -all\n"
			   "i.test TXT v=spf1 a:h.test ?all\n"
			   "h.test A 192.0.2.1\n"
			   "mx.relay.test TXT v=spf1 a -all\n"
			   "mx.relay.test A 192.0.2.1\n"
			   "xn--bcher-kva.test TXT v=spf1 exists:%{h}.helo.test -all\n"
			   "mx.relay.test.helo.test A 127.0.0.1\n"
			   "local.test TXT v=spf1 exists:%{l}.users.test -all\n"
			   "jane.users.test A 127.0.0.1\n"
			   "exp.test TXT v=spf1 -all exp=why.test\n"
			   "why.test TXT no, says %{r} at %{t}\n";

/* A clock that the test sets. */
static uint64_t hand_ms;

static uint64_t
hand_elapsed(void *arg)
{
	(void)arg;
	return hand_ms;
}

static const struct clock hand_clock = { NULL, hand_elapsed, NULL };

static struct event_base *base;
static struct resolver resolver;
static struct spf_checker checker;
static struct settings *settings;
static unsigned wakes;

static struct settings *
make_settings(void)
{
	struct settings *made = xcalloc(1, sizeof(*made));
	const struct conf_option *o;

	for (o = option_table; o < option_table + option_count; o++)
		option_preset(made, o);
	return made;
}

static int
begin(void **state)
{
	(void)state;
	settings = make_settings();
	base = event_base_new();
	memset(&resolver, 0, sizeof(resolver));
	resolver.zone = zone;
	checker.base = base;
	checker.resolver = &resolver;
	checker.inflight = spf_inflight_new();
	checker.clock = &hand_clock;
	hand_ms = 5000;
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
	event_base_free(base);
	settings_free(&settings);
	return 0;
}

#define CHECK_TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

static void
wake(void *arg)
{
	assert_ptr_equal(arg, &wakes);
	wakes++;
}

static struct spf_check_request
make_request(const char *helo, const char *local, const char *domain)
{
	struct spf_check_request req = {
		.helo = fake_text(helo),
		.sender_local = fake_text(local),
		.sender_domain = fake_text(domain),
		.check_helo = true,
		.check_mailfrom = true,
		.now = 1700000000,
	};

	assert_true(ipaddr_parse(&req.ip, "192.0.2.1", 9));
	return req;
}

static struct spf_check *
start(const struct spf_check_request *req)
{
	return spf_check_start(&checker, settings, req, wake, &wakes);
}

static void
check_results(const struct spf_check *check, enum spf_result helo, enum spf_result mailfrom)
{
	assert_true(spf_check_is_done(check));
	assert_true(spf_check_verdicts(check)->has_helo);
	assert_true(spf_check_verdicts(check)->has_mailfrom);
	assert_int_equal(spf_check_verdicts(check)->helo.result, helo);
	assert_int_equal(spf_check_verdicts(check)->mailfrom.result, mailfrom);
}

static void
test_both_identities(void **state)
{
	struct spf_check_request req = make_request("mx.relay.test", "jane", "x.test");
	struct spf_check *check = start(&req);

	(void)state;
	assert_false(spf_check_is_done(check));
	/* HELO and MAIL FROM in parallel. */
	assert_int_equal(resolver.out, 2);
	assert_true(fake_resolver_is_out(&resolver, "mx.relay.test", DNS_TXT));
	assert_true(fake_resolver_is_out(&resolver, "x.test", DNS_TXT));
	fake_resolver_run(&resolver, base);
	check_results(check, SPF_PASS, SPF_PASS);
	assert_int_equal(wakes, 1);
	assert_int_equal(spf_check_questions(check), 5);
	assert_int_equal(resolver.cancelled, 0);
	spf_check_free(&check);
	assert_null(check);
	spf_check_free(&check);
}

/* known - whether the resolver's cache has an answer, by the names of the test */
static struct dns_answer *
known(struct resolver *r, const char *name, enum dns_type type)
{
	return strstr(name, "relay.test") != NULL || strcmp(name, "x.test") == 0
		   ? fake_answer(r->zone, name, type)
		   : NULL;
}

/* A cached answer needs no query, and leads on to one that is not cached. */
static void
test_known_answers(void **state)
{
	struct spf_check_request req = make_request("mx.relay.test", "jane", "x.test");
	struct spf_check *check;

	(void)state;
	resolver.known = known;
	check = start(&req);
	assert_false(spf_check_is_done(check));
	assert_int_equal(resolver.asked, 1);
	assert_true(fake_resolver_is_out(&resolver, "i.test", DNS_TXT));
	fake_resolver_run(&resolver, base);
	check_results(check, SPF_PASS, SPF_PASS);
	assert_int_equal(spf_check_questions(check), 5);
	spf_check_free(&check);
	req.sender_domain = fake_text("mx.relay.test");
	check = start(&req);
	check_results(check, SPF_PASS, SPF_PASS);
	assert_int_equal(resolver.asked, 2);
	spf_check_free(&check);
}

static void
test_one_identity(void **state)
{
	struct spf_check_request req = make_request("mx.relay.test", "", "");
	struct spf_check *check;

	(void)state;
	req.check_mailfrom = false;
	check = start(&req);
	fake_resolver_run(&resolver, base);
	assert_true(spf_check_is_done(check));
	assert_true(spf_check_verdicts(check)->has_helo);
	assert_false(spf_check_verdicts(check)->has_mailfrom);
	assert_int_equal(spf_check_verdicts(check)->helo.result, SPF_PASS);
	spf_check_free(&check);
	req = make_request("mx.relay.test", "jane", "x.test");
	req.check_helo = false;
	check = start(&req);
	assert_int_equal(resolver.out, 1);
	fake_resolver_run(&resolver, base);
	assert_false(spf_check_verdicts(check)->has_helo);
	assert_int_equal(spf_check_verdicts(check)->mailfrom.result, SPF_PASS);
	spf_check_free(&check);
}

/* All answers are in the cache: done when the start returns, and wake is not called. */
static void
test_cached_answers(void **state)
{
	struct spf_check_request req = make_request("mx.relay.test", "jane", "x.test");
	struct spf_check *check;

	(void)state;
	resolver.cached = true;
	check = start(&req);
	check_results(check, SPF_PASS, SPF_PASS);
	event_base_loop(base, EVLOOP_NONBLOCK);
	assert_int_equal(wakes, 0);
	spf_check_free(&check);
}

static void
test_nothing_to_ask(void **state)
{
	struct spf_check_request req = make_request("localhost", "jane", "localhost");
	struct spf_check *check = start(&req);

	(void)state;
	check_results(check, SPF_NONE, SPF_NONE);
	assert_int_equal(spf_check_questions(check), 0);
	assert_int_equal(resolver.asked, 0);
	assert_int_equal(wakes, 0);
	spf_check_free(&check);
	req = make_request("[192.0.2.1]", "", "");
	req.sender_domain.s = req.sender_local.s = NULL;
	req.helo.s = NULL;
	req.helo.len = 0;
	check = start(&req);
	check_results(check, SPF_NONE, SPF_NONE);
	spf_check_free(&check);
}

static void
test_request_is_copied(void **state)
{
	char helo[] = "mx.relay.test", local[] = "jane", domain[] = "local.test";
	struct spf_check_request req = make_request(helo, local, domain);
	struct spf_check *check = start(&req);

	(void)state;
	memset(helo, 'x', sizeof(helo) - 1);
	memset(local, 'x', sizeof(local) - 1);
	memset(domain, 'x', sizeof(domain) - 1);
	memset(&req, 0, sizeof(req));
	fake_resolver_run(&resolver, base);
	check_results(check, SPF_PASS, SPF_PASS);
	spf_check_free(&check);
}

/* RFC 8616: A-labels before any lookup. */
static void
test_u_labels(void **state)
{
	struct spf_check_request req = make_request("mx.relay.test", "j", "b\303\274cher.test");
	struct spf_check *check = start(&req);

	(void)state;
	assert_true(fake_resolver_is_out(&resolver, "xn--bcher-kva.test", DNS_TXT));
	fake_resolver_run(&resolver, base);
	check_results(check, SPF_PASS, SPF_PASS);
	spf_check_free(&check);
	req = make_request("mx.relay.test", "j", "b\377cher.test");
	resolver.cached = true;
	check = start(&req);
	check_results(check, SPF_PASS, SPF_NONE);
	spf_check_free(&check);
}

/* A local part is the sender's; HELO is checked as postmaster. */
static void
test_local_parts(void **state)
{
	static const char users[] = "local.test TXT v=spf1 exists:%{l}.users.test -all\n"
				    "postmaster.users.test A 127.0.0.1\n";
	struct spf_check_request req = make_request("local.test", "jane", "local.test");
	struct spf_check *check;

	(void)state;
	resolver.zone = users;
	resolver.cached = true;
	check = start(&req);
	check_results(check, SPF_PASS, SPF_FAIL);
	spf_check_free(&check);
}

static void
test_huge_values(void **state)
{
	char *text = unit_fill('a', 8192);
	struct spf_check_request req = make_request(text, text, "local.test");
	struct spf_check *check;

	(void)state;
	resolver.cached = true;
	check = start(&req);
	check_results(check, SPF_NONE, SPF_FAIL);
	spf_check_free(&check);
	req.sender_domain = req.helo;
	check = start(&req);
	check_results(check, SPF_NONE, SPF_NONE);
	spf_check_free(&check);
	free(text);
}

static void
test_explanation(void **state)
{
	struct spf_check_request req = make_request("mx.relay.test", "jane", "exp.test");
	const struct conf_option *o = option_find("spf", "authserv-id");
	static const char *const id = "mx.receiver.test";
	char error[OPTION_ERROR_SIZE];
	struct spf_check *check;

	(void)state;
	assert_true(option_set(settings, o, &id, 1, error));
	resolver.cached = true;
	check = start(&req);
	assert_string_equal(spf_check_verdicts(check)->mailfrom.explanation, "");
	spf_check_free(&check);
	settings->spf.use_exp = true;
	check = start(&req);
	check_results(check, SPF_PASS, SPF_FAIL);
	assert_string_equal(spf_check_verdicts(check)->mailfrom.explanation,
	    "no, says mx.receiver.test at 1700000000");
	spf_check_free(&check);
}

static void
test_limits_of_settings(void **state)
{
	struct spf_check_request req = make_request("mx.relay.test", "jane", "x.test");
	struct spf_check *check;

	(void)state;
	resolver.cached = true;
	settings->spf.lookup_limit = 1;
	check = start(&req);
	check_results(check, SPF_PASS, SPF_PERMERROR);
	spf_check_free(&check);
	settings->spf.lookup_limit = 10;
	settings->spf.void_limit = 0;
	req = make_request("mx.relay.test", "joe", "local.test");
	check = start(&req);
	check_results(check, SPF_PASS, SPF_PERMERROR);
	spf_check_free(&check);
}

/* Other receivers do not know the limits of our settings. */
static void
test_limits_of_the_rfc(void **state)
{
	struct spf_check_request req = make_request("mx.relay.test", "joe", "local.test");
	struct spf_check *check;

	(void)state;
	resolver.cached = true;
	req.rfc_limits = true;
	settings->spf.void_limit = 0;
	settings->spf.lookup_limit = 1;
	check = start(&req);
	check_results(check, SPF_PASS, SPF_FAIL);
	spf_check_free(&check);
	settings->spf.void_limit = settings->spf.lookup_limit = 40;
	resolver.zone = "many.test TXT v=spf1 a a a a a a a a a a a ip4:192.0.2.1 -all\n"
			"many.test A 192.0.2.2\n"
			"void.test TXT v=spf1 a:n.test a:n.test a:n.test ip4:192.0.2.1 -all\n";
	req = make_request("many.test", "joe", "void.test");
	check = start(&req);
	check_results(check, SPF_PASS, SPF_PASS);
	spf_check_free(&check);
	req.rfc_limits = true;
	check = start(&req);
	check_results(check, SPF_PERMERROR, SPF_PERMERROR);
	spf_check_free(&check);
}

/* An evaluation of the caller, which needs two answers. */
struct further {
	unsigned passes;
	bool failed; /* an answer is an error */
};

static bool
evaluate_further(void *arg, struct spf_answers *answers)
{
	struct further *further = arg;
	const struct spf_answer *mx = spf_answers_get(answers, "x.test", DNS_MX);
	const struct spf_answer *a = spf_answers_get(answers, "h.test", DNS_A);

	further->passes++;
	if (mx->reply == NULL || a->reply == NULL)
		return false;
	further->failed = mx->reply->status == DNS_ERROR || a->reply->status == DNS_ERROR;
	return true;
}

static void
test_further(void **state)
{
	struct spf_check_request req = make_request("", "jane", "x.test");
	struct further further = { 0 };
	struct spf_check *check;

	(void)state;
	req.check_helo = false;
	req.further = evaluate_further;
	req.further_arg = &further;
	check = start(&req);
	/* In parallel with the sender. */
	assert_int_equal(resolver.out, 3);
	while (resolver.out > 0) {
		assert_false(spf_check_is_done(check));
		fake_resolver_answer(&resolver);
		event_base_loop(base, EVLOOP_NONBLOCK);
	}
	assert_true(spf_check_is_done(check));
	assert_int_equal(spf_check_verdicts(check)->mailfrom.result, SPF_PASS);
	assert_false(spf_check_verdicts(check)->has_allowed);
	assert_false(further.failed);
	assert_int_equal(wakes, 1);
	assert_int_equal(spf_check_questions(check), 5);
	spf_check_free(&check);
	resolver.cached = true;
	further.passes = 0;
	check = start(&req);
	assert_true(spf_check_is_done(check));
	assert_true(further.passes > 0);
	spf_check_free(&check);
	assert_int_equal(wakes, 1);
}

/* Missing answers are errors then. */
static void
test_deadline_of_further(void **state)
{
	struct spf_check_request req = make_request("", "jane", "x.test");
	struct further further = { 0 };
	struct spf_check *check;

	(void)state;
	settings->spf.lookup_time = 0;
	req.check_helo = false;
	req.further = evaluate_further;
	req.further_arg = &further;
	check = start(&req);
	event_base_loop(base, EVLOOP_ONCE);
	assert_true(spf_check_is_done(check));
	assert_true(further.failed);
	assert_int_equal(further.passes, 2);
	assert_int_equal(wakes, 1);
	assert_int_equal(resolver.out, 0);
	spf_check_free(&check);
}

/* make_kept_answer - as from a cache that drops TXT records at 700, and others at 900 */
static struct dns_answer *
make_kept_answer(struct resolver *r, const char *name, enum dns_type type)
{
	struct dns_answer *answer = fake_answer(r->zone, name, type);

	answer->expires = type == DNS_TXT ? 700 : 900;
	if (strcmp(name, "i.test") == 0)
		answer->expires = 0;
	return answer;
}

static void
test_expires(void **state)
{
	struct spf_check_request req = make_request("", "jane", "mx.relay.test");
	struct further further = { 0 };
	struct spf_check *check;

	(void)state;
	resolver.known = make_kept_answer;
	req.check_helo = false;
	check = start(&req);
	assert_int_equal(spf_check_expires(check), 700);
	spf_check_free(&check);
	req.sender_domain = fake_text("x.test");
	check = start(&req);
	assert_int_equal(spf_check_verdicts(check)->mailfrom.result, SPF_PASS);
	assert_int_equal(spf_check_expires(check), 0);
	spf_check_free(&check);
	req.sender_domain = fake_text("localhost");
	check = start(&req);
	assert_true(spf_check_expires(check) == UINT64_MAX);
	spf_check_free(&check);
	req.further = evaluate_further;
	req.further_arg = &further;
	check = start(&req);
	assert_int_equal(spf_check_expires(check), 900);
	spf_check_free(&check);
}

/* What a check reports about an identity and all of them; and the verdict, with empty texts. */
struct reported {
	struct spf_verdict verdict;
	size_t questions;
	uint64_t expires;
	struct spf_cost limits;
	char domain[HOSTNAME_MAX + 1];
};

static struct reported
report_check(const struct spf_check *check)
{
	struct reported r;

	memset(&r, 0, sizeof(r));
	assert_true(spf_check_is_done(check));
	assert_true(spf_check_evaluates(check, SPF_IDENTITY_MAILFROM));
	assert_true(spf_check_verdicts(check)->has_mailfrom);
	assert_false(spf_check_used_network(check, SPF_IDENTITY_MAILFROM));
	memcpy(&r.verdict, &spf_check_verdicts(check)->mailfrom,
	    offsetof(struct spf_verdict, problem));
	strlcpy(r.verdict.problem, spf_check_verdicts(check)->mailfrom.problem,
	    sizeof(r.verdict.problem));
	strlcpy(r.verdict.explanation, spf_check_verdicts(check)->mailfrom.explanation,
	    sizeof(r.verdict.explanation));
	r.questions = spf_check_questions(check);
	r.expires = spf_check_expires(check);
	r.limits = spf_check_limits(check, SPF_IDENTITY_MAILFROM);
	strlcpy(r.domain, spf_check_domain(check, SPF_IDENTITY_MAILFROM), sizeof(r.domain));
	return r;
}

/* check_twice - the second check reports the same; true if it has used the memory */
static bool
check_twice(const struct spf_check_request *req)
{
	size_t counted = resolver.counted;
	struct reported first, second;
	struct spf_check *check;

	check = start(req);
	first = report_check(check);
	spf_check_free(&check);
	check = start(req);
	second = report_check(check);
	spf_check_free(&check);
	assert_memory_equal(&first, &second, sizeof(first));
	if (resolver.counted == counted)
		return false;
	assert_int_equal(resolver.counted - counted, first.questions);
	return true;
}

static void
use_memory(struct spf_check_request *req)
{
	req->remember = true;
	req->check_helo = false;
	resolver.known = make_kept_answer;
	checker.memory = spf_memory_new();
}

static void
test_remembered_or_not(void **state)
{
	static const struct {
		const char *local, *domain;
		bool known; /* to the second check */
	} rows[] = {
		{ "jane", "mx.relay.test", true },
		{ "jane", "MX.relay.test", true },
		{ "jane", "mx.relay.test.", true },
		{ "jane", "void.test", true },
		{ "jane", "neutral.test", true },
		{ "jane", "hard.test", true },
		/* An answer that may not be kept. */
		{ "jane", "x.test", false },
		/* Another local part or HELO name may get another result. */
		{ "jane", "local.test", false },
		{ "jane", "xn--bcher-kva.test", false },
		/* A fail with an explanation, even if that is missing. */
		{ "jane", "exp.test", false },
		{ "jane", "lost.test", false },
		/* Permerror, temperror, no question at all. */
		{ "jane", "bad.test", false },
		{ "jane", "broken.test", false },
		{ "jane", "localhost", false },
	};
	struct spf_check_request req = make_request("mx.relay.test", "", "");
	size_t i;

	(void)state;
	use_memory(&req);
	settings->spf.use_exp = true;
	resolver.zone = "mx.relay.test TXT v=spf1 a -all\n"
			"mx.relay.test A 192.0.2.1\n"
			"neutral.test TXT v=spf1 a:void.test ?all\n"
			"hard.test TXT v=spf1 -all\n"
			"x.test TXT v=spf1 include:i.test -all\n"
			"i.test TXT v=spf1 ?all\n"
			"local.test TXT v=spf1 exists:%{l}.users.test -all\n"
			"jane.users.test A 127.0.0.1\n"
			"xn--bcher-kva.test TXT v=spf1 exists:%{h}.helo.test -all\n"
			"exp.test TXT v=spf1 -all exp=why.test\n"
			"why.test TXT no, says %{r} at %{t}\n"
			"lost.test TXT v=spf1 -all exp=%{l}.lost.test\n"
			"bad.test TXT v=spf1 bad\n"
			"broken.test TXT !\n";
	for (i = 0; i < COUNT(rows); i++) {
		req.sender_local = fake_text(rows[i].local);
		req.sender_domain = fake_text(rows[i].domain);
		unit_int(rows[i].domain, "known", check_twice(&req), rows[i].known);
	}
	spf_memory_free(&checker.memory);
	unit_end();
}

/* check_mailfrom - the result of one check of a domain */
static void
check_mailfrom(const struct spf_check_request *req, const char *name, enum spf_result result)
{
	struct spf_check *check = start(req);

	unit_int(name, "result", spf_check_verdicts(check)->mailfrom.result, result);
	spf_check_free(&check);
}

#define OTHER_ZONE "mx.relay.test TXT v=spf1 ?all\n"

static void
test_remembered_until_an_answer_expires(void **state)
{
	struct spf_check_request req = make_request("mx.relay.test", "jane", "mx.relay.test");
	struct spf_check *check;

	(void)state;
	use_memory(&req);
	check_mailfrom(&req, "first", SPF_PASS);
	/* The TXT record expires at 700, the address at 900. */
	resolver.zone = OTHER_ZONE;
	hand_ms = 699999;
	check_mailfrom(&req, "last", SPF_PASS);
	req.check_helo = true;
	req.check_mailfrom = false;
	check = start(&req);
	unit_int("other identity", "result", spf_check_verdicts(check)->helo.result, SPF_PASS);
	unit_true("other identity", "no MAIL FROM", !spf_check_verdicts(check)->has_mailfrom);
	spf_check_free(&check);
	req.check_helo = false;
	req.check_mailfrom = true;
	hand_ms = 700000;
	check_mailfrom(&req, "expired", SPF_NEUTRAL);
	spf_memory_free(&checker.memory);
	unit_end();
}

static void
test_memory_not_used(void **state)
{
	const struct spf_check_request plain = make_request("h", "jane", "mx.relay.test");
	struct spf_check_request req = plain;

	(void)state;
	use_memory(&req);
	check_mailfrom(&req, "first", SPF_PASS);
	resolver.zone = OTHER_ZONE;
	check_mailfrom(&req, "known", SPF_PASS);
	req.remember = false;
	check_mailfrom(&req, "not wanted", SPF_NEUTRAL);
	req.remember = true;
	req.trace = true;
	check_mailfrom(&req, "trace", SPF_NEUTRAL);
	req.trace = false;
	req.rfc_limits = true;
	check_mailfrom(&req, "limits", SPF_NEUTRAL);
	req.rfc_limits = false;
	req.record = fake_text("v=spf1 ~all");
	check_mailfrom(&req, "record", SPF_SOFTFAIL);
	req.record.s = NULL;
#ifdef HAVE_LIBSPF2
	req.evaluator = SPF_EVALUATOR_BOTH;
	check_mailfrom(&req, "both", SPF_NEUTRAL);
	req.evaluator = SPF_EVALUATOR_NATIVE;
#endif
	assert_true(ipaddr_parse(&req.ip, "192.0.2.2", 9));
	check_mailfrom(&req, "other address", SPF_NEUTRAL);
	req.ip = plain.ip;
	/* None of them was remembered instead. */
	check_mailfrom(&req, "still known", SPF_PASS);
	spf_memory_forget(checker.memory);
	check_mailfrom(&req, "forgotten", SPF_NEUTRAL);
	spf_memory_free(&checker.memory);
	unit_end();
}

/* The settings or the resolver may have changed while a check waited. */
static void
test_waited_is_not_remembered(void **state)
{
	struct spf_check_request req = make_request("h", "jane", "mx.relay.test");
	struct spf_check *check;

	(void)state;
	use_memory(&req);
	resolver.known = NULL;
	check = start(&req);
	fake_resolver_run(&resolver, base);
	assert_int_equal(spf_check_verdicts(check)->mailfrom.result, SPF_PASS);
	assert_int_equal(spf_memory_count(checker.memory), 0);
	spf_check_free(&check);
	spf_memory_free(&checker.memory);
}

/* One identity is known, the other one has to wait; the allow-lists and further need answers. */
static void
test_one_remembered(void **state)
{
	struct spf_check_request req = make_request("void.test", "jane", "mx.relay.test");
	struct spf_check *check;

	(void)state;
	use_memory(&req);
	check_mailfrom(&req, "first", SPF_PASS);
	resolver.known = NULL;
	req.check_helo = true;
	check = start(&req);
	assert_false(spf_check_is_done(check));
	assert_int_equal(resolver.out, 1);
	fake_resolver_run(&resolver, base);
	check_results(check, SPF_NONE, SPF_PASS);
	assert_true(spf_check_used_network(check, SPF_IDENTITY_HELO));
	assert_false(spf_check_used_network(check, SPF_IDENTITY_MAILFROM));
	assert_int_equal(spf_check_questions(check), 3);
	spf_check_free(&check);
	spf_memory_free(&checker.memory);
}

/* After a check that waits is freed, wake is not called any more. */
static void
test_cancelled(void **state)
{
	struct spf_check_request req = make_request("mx.relay.test", "jane", "x.test");
	struct spf_check *check = start(&req);

	(void)state;
	assert_int_equal(resolver.out, 2);
	spf_check_free(&check);
	assert_int_equal(resolver.out, 0);
	assert_int_equal(resolver.cancelled, 2);
	check = start(&req);
	fake_resolver_answer(&resolver); /* half-way, with an answer that was not examined yet */
	spf_check_free(&check);
	assert_int_equal(resolver.out, 0);
	event_base_loop(base, EVLOOP_NONBLOCK);
	assert_int_equal(wakes, 0);
}

static void
test_deadline(void **state)
{
	struct spf_check_request req = make_request("mx.relay.test", "jane", "x.test");
	struct spf_check *check;

	(void)state;
	settings->spf.lookup_time = 0;
	check = start(&req);
	assert_false(spf_check_is_done(check));
	event_base_loop(base, EVLOOP_ONCE);
	check_results(check, SPF_TEMPERROR, SPF_TEMPERROR);
	assert_int_equal(wakes, 1);
	assert_int_equal(resolver.out, 0);
	assert_true(spf_check_verdicts(check)->mailfrom.problem[0] != '\0');
	spf_check_free(&check);
}

/* A verdict that was reached before the deadline does not change. */
static void
test_deadline_of_one_identity(void **state)
{
	struct spf_check_request req = make_request("localhost", "jane", "x.test");
	struct spf_check *check;

	(void)state;
	settings->spf.lookup_time = 0;
	check = start(&req);
	event_base_loop(base, EVLOOP_ONCE);
	check_results(check, SPF_NONE, SPF_TEMPERROR);
	assert_int_equal(wakes, 1);
	spf_check_free(&check);
}

/* The last answer and the deadline in one turn of the loop. */
static void
test_woken_once(void **state)
{
	struct spf_check_request req = make_request("localhost", "jane", "none.test");
	struct spf_check *check;

	(void)state;
	settings->spf.lookup_time = 0;
	check = start(&req);
	fake_resolver_answer(&resolver);
	event_base_loop(base, EVLOOP_ONCE);
	event_base_loop(base, EVLOOP_NONBLOCK);
	spf_check_free(&check);
	assert_int_equal(wakes, 1);
}

static void
test_many_checks_of_one_domain(void **state)
{
	struct spf_check_request req = make_request("localhost", "jane", "slow.test");
	struct spf_check_request other = make_request("localhost", "jane", "x.test");
	struct spf_check *checks[SPF_INFLIGHT_MAX], *check;
	size_t i;

	(void)state;
	for (i = 0; i < SPF_INFLIGHT_MAX; i++) {
		checks[i] = start(&req);
		assert_false(spf_check_is_done(checks[i]));
	}
	check = start(&req);
	check_results(check, SPF_NONE, SPF_TEMPERROR);
	spf_check_free(&check);
	check = start(&other);
	assert_false(spf_check_is_done(check));
	spf_check_free(&check);
	/* A check that is done or freed makes room for the next. */
	spf_check_free(&checks[0]);
	check = start(&req);
	assert_false(spf_check_is_done(check));
	fake_resolver_run(&resolver, base);
	for (i = 1; i < SPF_INFLIGHT_MAX; i++) {
		check_results(checks[i], SPF_NONE, SPF_NONE);
		spf_check_free(&checks[i]);
	}
	spf_check_free(&check);
	assert_int_equal(wakes, SPF_INFLIGHT_MAX);
}

/*
 * The checks of a stranger use nothing up for another client; and a check that was cut off has no
 * verdict.
 */
static void
test_cut_off(void **state)
{
	struct spf_check_request req = make_request("localhost", "jane", "slow.test");
	struct spf_check *checks[SPF_INFLIGHT_MAX], *check;
	size_t i;

	(void)state;
	for (i = 0; i < SPF_INFLIGHT_MAX; i++)
		checks[i] = start(&req);
	check = start(&req);
	check_results(check, SPF_NONE, SPF_TEMPERROR);
	assert_true(spf_check_verdicts(check)->mailfrom.saturated);
	assert_false(spf_verdicts_are_final(spf_check_verdicts(check)));
	assert_int_equal(spf_check_questions(check), 0);
	spf_check_free(&check);
	assert_true(ipaddr_parse(&req.client, "192.0.2.2", 9));
	check = start(&req);
	assert_false(spf_check_is_done(check));
	spf_check_free(&check);
	for (i = 0; i < SPF_INFLIGHT_MAX; i++)
		spf_check_free(&checks[i]);
}

/* Sixteen queries at a time, always including the one that the evaluation needs next. */
static void
test_questions_at_a_time(void **state)
{
	static const char many[] =
	    "x.test TXT v=spf1 include:i.test a:1.s.test a:2.s.test mx:m.test -all\n"
	    "i.test TXT v=spf1 include:j.test ?all\n"
	    "j.test TXT v=spf1 ip4:192.0.2.1 ?all\n"
	    "m.test MX 1.m.test\nm.test MX 2.m.test\nm.test MX 3.m.test\nm.test MX 4.m.test\n"
	    "m.test MX 5.m.test\nm.test MX 6.m.test\nm.test MX 7.m.test\nm.test MX 8.m.test\n"
	    "m.test MX 9.m.test\nm.test MX 10.m.test\n";
	struct spf_check_request req = make_request("localhost", "jane", "x.test");
	struct spf_check *check;
	size_t i;

	(void)state;
	resolver.zone = many;
	check = start(&req);
	fake_resolver_answer(&resolver);
	event_base_loop(base, EVLOOP_NONBLOCK);
	/* i.test, two addresses, m.test; the latter's answer leads to ten more. */
	assert_int_equal(resolver.out, 4);
	fake_resolver_reply(&resolver, resolver.question[3]);
	event_base_loop(base, EVLOOP_NONBLOCK);
	assert_int_equal(resolver.out, 13);
	for (i = 0; i < resolver.out && strcmp(resolver.question[i]->name, "i.test") != 0; i++)
		;
	fake_resolver_reply(&resolver, resolver.question[i]);
	event_base_loop(base, EVLOOP_NONBLOCK);
	assert_true(fake_resolver_is_out(&resolver, "j.test", DNS_TXT));
	for (i = 0; strcmp(resolver.question[i]->name, "j.test") != 0; i++)
		;
	fake_resolver_reply(&resolver, resolver.question[i]);
	event_base_loop(base, EVLOOP_NONBLOCK);
	check_results(check, SPF_NONE, SPF_PASS);
	/* Queries that were sent in advance are not needed any more. */
	assert_int_equal(resolver.out, 0);
	spf_check_free(&check);
}

static void
test_questions_ahead_wait(void **state)
{
	static char many[4000];
	struct spf_check_request req = make_request("localhost", "jane", "x.test");
	struct spf_check *check;
	size_t i, n;

	(void)state;
	n = (size_t)snprintf(many, sizeof(many), "x.test TXT v=spf1 mx:m.test mx:n.test -all\n");
	for (i = 0; i < 10; i++)
		n += (size_t)snprintf(many + n, sizeof(many) - n,
		    "m.test MX %zu.m.test\nn.test MX %zu.n.test\n", i, i);
	resolver.zone = many;
	check = start(&req);
	fake_resolver_answer(&resolver);
	event_base_loop(base, EVLOOP_NONBLOCK);
	assert_int_equal(resolver.out, 2);
	fake_resolver_answer(&resolver);
	fake_resolver_answer(&resolver);
	event_base_loop(base, EVLOOP_NONBLOCK);
	assert_int_equal(resolver.out, SPF_INFLIGHT_CHECK);
	fake_resolver_answer(&resolver);
	event_base_loop(base, EVLOOP_NONBLOCK);
	assert_in_range(resolver.out, SPF_INFLIGHT_CHECK, SPF_INFLIGHT_CHECK + 1);
	fake_resolver_run(&resolver, base);
	check_results(check, SPF_NONE, SPF_FAIL);
	assert_int_equal(spf_check_questions(check), 23);
	spf_check_free(&check);
}

static void
set_list(const char *name, const char *entry)
{
	char error[OPTION_ERROR_SIZE];

	assert_true(option_set(settings, option_find("spf", name), &entry, 1, error));
}

static const char listed[] = "bad.test TXT v=spf1 -all\n"
			     "sick.test TXT !\n"
			     "list.test TXT v=spf1 a:h.list.test -all\n"
			     "h.list.test A 192.0.2.1\n"
			     "empty.list.test TXT v=spf1 a:h.list.test -all\n"
			     "xn--bcher-kva.test A 192.0.2.1\n"
			     "1.2.0.192.in-addr.arpa PTR h.list.test\n";

/* start_refused - a check with a reason to look up the lists: HELO none, MAIL FROM fail */
static struct spf_check *
start_refused(const char *helo)
{
	struct spf_check_request req = make_request(helo, "jane", "bad.test");
	struct spf_check *check;

	resolver.zone = listed;
	check = start(&req);
	fake_resolver_run(&resolver, base);
	check_results(check, SPF_NONE, SPF_FAIL);
	assert_false(spf_check_verdicts(check)->has_allowed);
	assert_null(spf_check_verdicts(check)->allowed);
	return check;
}

static void
check_allowed(const struct spf_check *check, const char *want)
{
	check_results(check, SPF_NONE, SPF_FAIL);
	assert_true(spf_check_verdicts(check)->has_allowed);
	if (want == NULL)
		assert_null(spf_check_verdicts(check)->allowed);
	else
		assert_string_equal(spf_check_verdicts(check)->allowed, want);
}

/* What an earlier check knows is neither evaluated again nor lost. */
static void
test_known_verdicts(void **state)
{
	struct spf_check_request req = make_request("list.test", "jane", "bad.test");
	struct spf_check *first, *check;

	(void)state;
	resolver.zone = listed;
	req.check_helo = false;
	first = start(&req);
	fake_resolver_run(&resolver, base);
	assert_false(spf_check_evaluates(first, SPF_IDENTITY_HELO));
	assert_true(spf_check_evaluates(first, SPF_IDENTITY_MAILFROM));
	assert_false(spf_check_verdicts(first)->has_helo);

	req.check_helo = true;
	req.check_mailfrom = false;
	req.known = spf_check_verdicts(first);
	check = start(&req);
	spf_check_free(&first);
	fake_resolver_run(&resolver, base);
	check_results(check, SPF_PASS, SPF_FAIL);
	assert_true(spf_check_evaluates(check, SPF_IDENTITY_HELO));
	assert_false(spf_check_evaluates(check, SPF_IDENTITY_MAILFROM));
	assert_string_equal(spf_check_verdicts(check)->mailfrom.mechanism, "-all");
	assert_int_equal(spf_check_questions(check), 2);
	spf_check_free(&check);
}

/* A check that knows both verdicts is done at once, and can still look up the lists. */
static void
test_lists_of_known_verdicts(void **state)
{
	struct spf_check_request req = make_request("mx.relay.test", "jane", "bad.test");
	struct spf_check *first = start_refused("mx.relay.test"), *check;
	struct spf_settings lists;

	(void)state;
	set_list("domain-whitelist", "list.test");
	lists = settings->spf;
	lists.domain_whitelist.n = 0;
	spf_check_allow(first, &settings->spf);
	fake_resolver_run(&resolver, base);
	check_allowed(first, "domain-whitelist");
	assert_false(spf_check_verdicts(first)->allowed_in_section);

	req.check_helo = req.check_mailfrom = false;
	req.known = spf_check_verdicts(first);
	check = start(&req);
	assert_true(spf_check_is_done(check));
	check_allowed(check, "domain-whitelist");
	spf_check_allow(check, &lists);
	fake_resolver_run(&resolver, base);
	check_allowed(check, NULL);
	assert_true(spf_check_verdicts(check)->allowed_in_section);
	spf_check_free(&check);
	spf_check_free(&first);
}

/* The lists cause no query before they are needed. */
static void
test_allow_from_the_cache(void **state)
{
	struct spf_check *check;

	(void)state;
	resolver.cached = true;
	set_list("domain-whitelist", "list.test");
	check = start_refused("mx.relay.test");
	assert_int_equal(spf_check_questions(check), 2);
	spf_check_allow(check, &settings->spf);
	check_allowed(check, "domain-whitelist");
	assert_int_equal(spf_check_questions(check), 4);
	assert_int_equal(wakes, 0);
	/* A second call changes nothing. */
	spf_check_allow(check, &settings->spf);
	check_allowed(check, "domain-whitelist");
	assert_int_equal(resolver.asked, 4);
	spf_check_free(&check);
}

static void
test_allow_waits(void **state)
{
	struct spf_check *check;

	(void)state;
	set_list("domain-whitelist", "list.test");
	check = start_refused("mx.relay.test");
	assert_int_equal(wakes, 1);
	spf_check_allow(check, &settings->spf);
	assert_false(spf_check_is_done(check));
	assert_int_equal(resolver.out, 1);
	assert_true(fake_resolver_is_out(&resolver, "list.test", DNS_TXT));
	/* A domain of ours has no limit of checks. */
	assert_int_equal(spf_inflight_count(checker.inflight), 0);
	fake_resolver_run(&resolver, base);
	check_allowed(check, "domain-whitelist");
	assert_int_equal(wakes, 2);
	event_base_loop(base, EVLOOP_NONBLOCK);
	assert_int_equal(wakes, 2);
	spf_check_free(&check);
}

static void
test_allow_words(void **state)
{
	static const struct {
		const char *list, *entry, *helo, *want;
	} rows[] = {
		{ "helo-whitelist", "h.list.test", "h.list.test", "helo-whitelist" },
		{ "helo-whitelist", "h.list.test", "H.List.Test", "helo-whitelist" },
		{ "helo-whitelist", "b\303\274cher.test", "b\303\274cher.test", "helo-whitelist" },
		{ "helo-whitelist", "b\303\274cher.test", "xn--bcher-kva.test", "helo-whitelist" },
		{ "helo-whitelist", "xn--bcher-kva.test", "B\303\234CHER.test", "helo-whitelist" },
		{ "helo-whitelist", "h.list.test", "mx.relay.test", NULL },
		{ "helo-whitelist", "bad.test", "b\377d.test", NULL },
		{ "domain-whitelist", "list.test", "mx.relay.test", "domain-whitelist" },
		{ "domain-whitelist", "bad.test", "mx.relay.test", NULL },
		{ "domain-whitelist", "sick.test", "mx.relay.test", NULL },
		{ "domain-whitelist-ptr", "list.test", "mx.relay.test", "domain-whitelist-ptr" },
		{ "domain-whitelist-ptr", "other.test", "mx.relay.test", NULL },
	};
	struct spf_check *check;
	size_t i;

	(void)state;
	resolver.cached = true;
	for (i = 0; i < COUNT(rows); i++) {
		set_list("helo-whitelist", "empty.test");
		set_list(rows[i].list, rows[i].entry);
		check = start_refused(rows[i].helo);
		spf_check_allow(check, &settings->spf);
		unit_text(unit_row("%s %s, HELO %s", rows[i].list, rows[i].entry, rows[i].helo),
		    "list", spf_check_verdicts(check)->allowed, rows[i].want);
		spf_check_free(&check);
		settings_free(&settings);
		settings = make_settings();
	}
	unit_end();
}

/*
 * A check that has waited for its verdicts until the deadline does not wait for the lists as well.
 */
static void
test_allow_after_the_deadline(void **state)
{
	struct spf_check_request req = make_request("mx.relay.test", "jane", "bad.test");
	struct spf_check *check;
	unsigned asked;

	(void)state;
	resolver.zone = listed;
	settings->spf.lookup_time = 0;
	set_list("domain-whitelist", "list.test");
	check = start(&req);
	event_base_loop(base, EVLOOP_ONCE);
	check_results(check, SPF_TEMPERROR, SPF_TEMPERROR);
	asked = resolver.asked;
	resolver.cached = true;
	spf_check_allow(check, &settings->spf);
	check_results(check, SPF_TEMPERROR, SPF_TEMPERROR);
	assert_true(spf_check_verdicts(check)->has_allowed);
	assert_null(spf_check_verdicts(check)->allowed);
	assert_int_equal(resolver.asked, asked);
	assert_int_equal(wakes, 1);
	spf_check_free(&check);
}

/* The deadline passes between the verdicts and the lookup of the lists. */
static void
test_allow_after_a_late_verdict(void **state)
{
	struct spf_check_request req = make_request("localhost", "jane", "bad.test");
	struct spf_check *check;

	(void)state;
	resolver.zone = listed;
	settings->spf.lookup_time = 0;
	set_list("domain-whitelist", "list.test");
	check = start(&req);
	fake_resolver_answer(&resolver);
	event_base_loop(base, EVLOOP_ONCE);
	event_base_loop(base, EVLOOP_NONBLOCK);
	check_results(check, SPF_NONE, SPF_FAIL);
	assert_int_equal(wakes, 1);
	spf_check_allow(check, &settings->spf);
	check_allowed(check, NULL);
	assert_int_equal(resolver.asked, 1);
	event_base_loop(base, EVLOOP_NONBLOCK);
	assert_int_equal(wakes, 1);
	spf_check_free(&check);
}

/* Lists that do not answer in time spare no client; the verdicts do not change. */
static void
test_deadline_of_the_lists(void **state)
{
	struct spf_check *check;

	(void)state;
	settings->spf.lookup_time = 0;
	set_list("domain-whitelist", "list.test");
	resolver.cached = true;
	check = start_refused("mx.relay.test");
	resolver.cached = false;
	spf_check_allow(check, &settings->spf);
	assert_false(spf_check_is_done(check));
	event_base_loop(base, EVLOOP_ONCE);
	check_allowed(check, NULL);
	assert_int_equal(wakes, 1);
	assert_int_equal(resolver.out, 0);
	assert_int_equal(resolver.cancelled, 1);
	event_base_loop(base, EVLOOP_NONBLOCK);
	assert_int_equal(wakes, 1);
	spf_check_free(&check);
}

/* Looks up the lists as soon as it is woken, as the policy service does. */
static void
wake_and_ask(void *arg)
{
	struct spf_check **check = arg;

	if (++wakes == 1)
		spf_check_allow(*check, &settings->spf);
}

/* One deadline for both: it starts with the first wait. */
static void
test_one_deadline(void **state)
{
	struct spf_check_request req = make_request("localhost", "jane", "bad.test");
	struct spf_check *check;

	(void)state;
	resolver.zone = listed;
	settings->spf.lookup_time = 0;
	set_list("domain-whitelist", "list.test");
	check = spf_check_start(&checker, settings, &req, wake_and_ask, &check);
	fake_resolver_answer(&resolver);
	event_base_loop(base, EVLOOP_ONCE);
	event_base_loop(base, EVLOOP_NONBLOCK);
	check_allowed(check, NULL);
	assert_int_equal(wakes, 2);
	assert_int_equal(resolver.asked, 2);
	assert_int_equal(resolver.out, 0);
	spf_check_free(&check);
}

static void
test_cancelled_lists(void **state)
{
	struct spf_check *check;

	(void)state;
	set_list("domain-whitelist", "list.test");
	set_list("domain-whitelist-ptr", "list.test");
	check = start_refused("mx.relay.test");
	spf_check_allow(check, &settings->spf);
	assert_int_equal(resolver.out, 2);
	fake_resolver_answer(&resolver); /* which is not examined yet */
	spf_check_free(&check);
	assert_int_equal(resolver.out, 0);
	assert_int_equal(resolver.cancelled, 1);
	event_base_loop(base, EVLOOP_NONBLOCK);
	assert_int_equal(wakes, 1);
}

/* One list that contains the client is enough: the other queries are cancelled. */
static void
test_answers_behind_the_lists(void **state)
{
	struct spf_check *check;

	(void)state;
	set_list("helo-whitelist", "h.list.test");
	set_list("domain-whitelist-ptr", "list.test");
	check = start_refused("h.list.test");
	spf_check_allow(check, &settings->spf);
	assert_int_equal(resolver.out, 2);
	fake_resolver_answer(&resolver);
	event_base_loop(base, EVLOOP_NONBLOCK);
	check_allowed(check, "helo-whitelist");
	assert_int_equal(wakes, 2);
	fake_resolver_run(&resolver, base);
	assert_int_equal(wakes, 2);
	spf_check_free(&check);
}

static const struct spf_answer *
asked_of(const struct spf_check *check, size_t step, size_t nth)
{
	const struct spf_trace *trace = spf_check_trace(check, SPF_IDENTITY_MAILFROM);

	assert_in_range(step, 0, trace->n - 1);
	assert_in_range(nth, 0, trace->step[step].n - 1);
	return trace->step[step].asked[nth];
}

static void
check_times(const struct spf_answer *answer, const char *name, uint64_t asked, uint64_t answered)
{
	assert_string_equal(answer->name, name);
	assert_int_equal(answer->asked_ms, asked);
	assert_int_equal(answer->answered_ms, answered);
}

static void
test_trace_and_times(void **state)
{
	struct spf_check_request req = make_request("localhost", "jane", "x.test");
	const struct spf_trace *trace;
	struct spf_check *check;
	size_t i;

	(void)state;
	req.trace = true;
	check = start(&req);
	hand_ms += 10;
	for (i = 0; i < 3; i++) {
		fake_resolver_answer(&resolver);
		event_base_loop(base, EVLOOP_NONBLOCK);
		hand_ms += 10;
	}
	check_results(check, SPF_NONE, SPF_PASS);
	assert_int_equal(spf_check_ms(check, SPF_IDENTITY_HELO), 0);
	assert_int_equal(spf_check_ms(check, SPF_IDENTITY_MAILFROM), 30);
	assert_int_equal(spf_check_trace(check, SPF_IDENTITY_HELO)->n, 0);
	trace = spf_check_trace(check, SPF_IDENTITY_MAILFROM);
	assert_int_equal(trace->n, 4);
	assert_string_equal(trace->step[1].term, "include:i.test");
	assert_string_equal(trace->step[1].outcome, "match");
	assert_int_equal(trace->step[3].depth, 1);
	assert_string_equal(trace->step[3].term, "a:h.test");
	check_times(asked_of(check, 0, 0), "x.test", 0, 10);
	check_times(asked_of(check, 2, 0), "i.test", 10, 20);
	check_times(asked_of(check, 3, 0), "h.test", 20, 30);
	assert_false(asked_of(check, 0, 0)->at_once);
	assert_false(asked_of(check, 0, 0)->given_up);
	spf_check_free(&check);
}

static void
test_trace_of_cached_answers(void **state)
{
	struct spf_check_request req = make_request("mx.relay.test", "jane", "x.test");
	struct spf_check *check;

	(void)state;
	resolver.cached = true;
	req.trace = true;
	check = start(&req);
	check_times(asked_of(check, 0, 0), "x.test", 0, 0);
	assert_true(asked_of(check, 0, 0)->at_once);
	assert_true(spf_check_trace(check, SPF_IDENTITY_HELO)->n > 0);
	assert_int_equal(spf_check_ms(check, SPF_IDENTITY_MAILFROM), 0);
	spf_check_free(&check);
	req.trace = false;
	check = start(&req);
	assert_null(spf_check_trace(check, SPF_IDENTITY_HELO));
	assert_null(spf_check_trace(check, SPF_IDENTITY_MAILFROM));
	spf_check_free(&check);
}

static void
test_trace_of_what_came_too_late(void **state)
{
	struct spf_check_request req = make_request("localhost", "jane", "x.test");
	struct spf_check *check;

	(void)state;
	settings->spf.lookup_time = 0;
	req.trace = true;
	check = start(&req);
	hand_ms += 20000;
	event_base_loop(base, EVLOOP_ONCE);
	check_results(check, SPF_NONE, SPF_TEMPERROR);
	assert_int_equal(spf_check_ms(check, SPF_IDENTITY_MAILFROM), 20000);
	assert_string_equal(asked_of(check, 0, 0)->name, "x.test");
	assert_true(asked_of(check, 0, 0)->given_up);
	assert_string_equal(
	    spf_check_trace(check, SPF_IDENTITY_MAILFROM)->step[0].outcome, "error");
	spf_check_free(&check);
}

#ifdef HAVE_LIBSPF2
static void
test_engine(void **state)
{
	static const char any[] = "x.test TXT v=spf1 ip4:0.0.0.0/0 -all\n"
				  "mx.relay.test TXT v=spf1 a -all\n"
				  "mx.relay.test A 192.0.2.1\n";
	struct spf_check_request req = make_request("mx.relay.test", "jane", "x.test");
	struct spf_check *check;

	(void)state;
	resolver.zone = any;
	check = start(&req);
	fake_resolver_run(&resolver, base);
	check_results(check, SPF_PASS, SPF_PASS);
	assert_false(spf_check_verdicts(check)->mailfrom.differs);
	spf_check_free(&check);
	req.evaluator = SPF_EVALUATOR_LIBSPF2;
	wakes = 0;
	check = start(&req);
	fake_resolver_run(&resolver, base);
	check_results(check, SPF_PASS, SPF_PERMERROR);
	assert_false(spf_check_verdicts(check)->helo.differs);
	assert_string_equal(spf_check_verdicts(check)->helo.mechanism, "a");
	assert_true(spf_check_verdicts(check)->mailfrom.differs);
	assert_int_equal(spf_check_verdicts(check)->mailfrom.native, SPF_PASS);
	assert_int_equal(wakes, 1);
	spf_check_free(&check);
	/* No verdict is no difference. */
	settings->spf.lookup_time = 0;
	check = start(&req);
	event_base_loop(base, EVLOOP_ONCE);
	check_results(check, SPF_TEMPERROR, SPF_TEMPERROR);
	assert_false(spf_check_verdicts(check)->mailfrom.differs);
	spf_check_free(&check);
}

/* The lists always use the native engine. */
static void
test_engine_of_the_lists(void **state)
{
	static const char any[] = "bad.test TXT v=spf1 -all\n"
				  "list.test TXT v=spf1 ip4:0.0.0.0/0 -all\n";
	struct spf_check_request req = make_request("localhost", "jane", "bad.test");
	struct spf_check *check;

	(void)state;
	resolver.zone = any;
	resolver.cached = true;
	set_list("domain-whitelist", "list.test");
	req.evaluator = SPF_EVALUATOR_LIBSPF2;
	check = start(&req);
	spf_check_allow(check, &settings->spf);
	check_allowed(check, "domain-whitelist");
	spf_check_free(&check);
}
#endif

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK_TEST(test_both_identities),
		CHECK_TEST(test_known_answers),
		CHECK_TEST(test_one_identity),
		CHECK_TEST(test_cached_answers),
		CHECK_TEST(test_nothing_to_ask),
		CHECK_TEST(test_request_is_copied),
		CHECK_TEST(test_u_labels),
		CHECK_TEST(test_local_parts),
		CHECK_TEST(test_huge_values),
		CHECK_TEST(test_explanation),
		CHECK_TEST(test_limits_of_settings),
		CHECK_TEST(test_limits_of_the_rfc),
		CHECK_TEST(test_further),
		CHECK_TEST(test_deadline_of_further),
		CHECK_TEST(test_expires),
		CHECK_TEST(test_remembered_or_not),
		CHECK_TEST(test_remembered_until_an_answer_expires),
		CHECK_TEST(test_memory_not_used),
		CHECK_TEST(test_waited_is_not_remembered),
		CHECK_TEST(test_one_remembered),
		CHECK_TEST(test_cancelled),
		CHECK_TEST(test_deadline),
		CHECK_TEST(test_deadline_of_one_identity),
		CHECK_TEST(test_woken_once),
		CHECK_TEST(test_many_checks_of_one_domain),
		CHECK_TEST(test_cut_off),
		CHECK_TEST(test_questions_at_a_time),
		CHECK_TEST(test_questions_ahead_wait),
		CHECK_TEST(test_known_verdicts),
		CHECK_TEST(test_lists_of_known_verdicts),
		CHECK_TEST(test_allow_from_the_cache),
		CHECK_TEST(test_allow_waits),
		CHECK_TEST(test_allow_words),
		CHECK_TEST(test_allow_after_the_deadline),
		CHECK_TEST(test_allow_after_a_late_verdict),
		CHECK_TEST(test_deadline_of_the_lists),
		CHECK_TEST(test_one_deadline),
		CHECK_TEST(test_cancelled_lists),
		CHECK_TEST(test_answers_behind_the_lists),
		CHECK_TEST(test_trace_and_times),
		CHECK_TEST(test_trace_of_cached_answers),
		CHECK_TEST(test_trace_of_what_came_too_late),
#ifdef HAVE_LIBSPF2
		CHECK_TEST(test_engine),
		CHECK_TEST(test_engine_of_the_lists),
#endif
	};

	return cmocka_run_group_tests_name("spf_check", tests, NULL, NULL);
}
