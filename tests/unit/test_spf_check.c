/* SPDX-License-Identifier: ISC */
#include "tests/unit/fake_resolver.h"

#include "common/clock.h"
#include "common/xmalloc.h"
#include "conf/option.h"
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

static struct event_base *base;
static struct resolver resolver;
static struct spf_checker checker;
static struct settings *settings;
static unsigned wakes;

static int
begin(void **state)
{
	const struct option *o;

	(void)state;
	settings = xcalloc(1, sizeof(*settings));
	for (o = options; o < options + options_count; o++)
		option_preset(settings, o);
	base = event_base_new();
	memset(&resolver, 0, sizeof(resolver));
	resolver.zone = zone;
	checker.base = base;
	checker.resolver = &resolver;
	checker.inflight = spf_inflight_new();
	checker.clock = &clock_system;
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
	/* Side by side. */
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

/* known - the resolver's cache has what the test's names say */
static struct dns_answer *
known(struct resolver *r, const char *name, enum dns_type type)
{
	return strstr(name, "relay.test") != NULL || strcmp(name, "x.test") == 0
		   ? fake_answer(r->zone, name, type)
		   : NULL;
}

/* What is known is not asked for, and leads on to what is not. */
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

/* All is in the cache: done before it was begun, and nobody is woken. */
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

/* RFC 8616: A-labels before any look-up. */
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
	const struct option *o = option_find("spf", "authserv-id");
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

/* Who is freed while he waits hears nothing any more. */
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
	fake_resolver_answer(&resolver); /* half-way, with an answer not looked at yet */
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

/* What was decided before the deadline stays decided. */
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
	/* One that is done makes room for the next, as does one that goes away. */
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
		CHECK_TEST(test_cancelled),
		CHECK_TEST(test_deadline),
		CHECK_TEST(test_deadline_of_one_identity),
		CHECK_TEST(test_woken_once),
		CHECK_TEST(test_many_checks_of_one_domain),
	};

	return cmocka_run_group_tests_name("spf_check", tests, NULL, NULL);
}
