/* SPDX-License-Identifier: ISC */
/* Each row is evaluated with the answers arriving in several orders. */
#include "tests/unit/fake_dns.h"

#include "srsd/forwarding/way_back.h"
#include "tests/unit/candidate_case.h"

static const char *const kinds[] = { "ours", "elsewhere", "null", "none", "unavailable" };

static const char zone[] = "srs.own.test MX mx1.own.test\n"
			   "srs.own.test MX mx2.own.test\n"
			   "mx1.own.test A 192.0.2.1\n"
			   "mx1.own.test AAAA 2001:db8::1\n"
			   "mx2.own.test A 192.0.2.2\n"
			   "name.test MX mx2.own.test\n"
			   "case.test MX MX2.Own.Test\n"
			   "both.test MX mx1.own.test\n"
			   "both.test MX mx2.own.test\n"
			   "backup.test MX mx1.own.test\n"
			   "backup.test MX mx.else.test\n"
			   "others.test MX mx.else.test\n"
			   "others.test MX Mail.else.test\n"
			   "mx.else.test A 203.0.113.1\n"
			   "mail.else.test A 203.0.113.2\n"
			   "alias.test MX alias.own.test\n"
			   "alias.own.test A 192.0.2.1\n"
			   "alias.own.test AAAA 2001:db8::1\n"
			   "spread.test MX spread.own.test\n"
			   "spread.own.test A 192.0.2.1\n"
			   "spread.own.test A 192.0.2.2\n"
			   "half.test MX half.own.test\n"
			   "half.own.test A 192.0.2.1\n"
			   "half.own.test A 203.0.113.1\n"
			   "half6.test MX half6.own.test\n"
			   "half6.own.test A 192.0.2.1\n"
			   "half6.own.test AAAA 2001:db8::2\n"
			   "gone.test MX gone.own.test\n"
			   "implicit.test A 192.0.2.2\n"
			   "implicit6.test AAAA 2001:db8::1\n"
			   "implicit-else.test A 203.0.113.1\n"
			   "implicit-half.test A 192.0.2.2\n"
			   "implicit-half.test AAAA 2001:db8::2\n"
			   "null.test MX \n"
			   "dot.test MX .\n"
			   "mixed.test MX mx1.own.test\n"
			   "mixed.test MX .\n"
			   "error.test MX !\n"
			   "bogus.test MX !bogus\n"
			   "sick.test MX sick.own.test\n"
			   "sick.own.test A !\n"
			   "sick-else.test MX sick.own.test\n"
			   "sick-else.test MX mx.else.test\n"
			   "sick6.test MX sick6.own.test\n"
			   "sick6.own.test A 192.0.2.1\n"
			   "sick6.own.test AAAA !\n"
			   "implicit-sick.test A !\n"
			   "strange.test MX a..b\n"
			   "mx1.own.test MX mx1.own.test\n"
			   /* srs-domains of other rows */
			   "plain.own.test A 192.0.2.1\n"
			   "sick.srs.test MX !\n"
			   "sick-host.srs.test MX sick.own.test\n"
			   "sick-host.srs.test MX mx1.own.test\n"
			   "null.srs.test MX .\n"
			   "via-plain.test MX plain.own.test\n"
			   "xn--bcher-kva.test A 192.0.2.9\n"
			   "u-label.test MX xn--bcher-kva.test\n";

struct way_back_case {
	const struct settings *settings;
	const char *domain;
	struct way_back result;
};

static bool
pass_way_back(void *arg, struct spf_answers *answers)
{
	struct way_back_case *row = arg;

	return way_back_eval(row->settings, row->domain, answers, &row->result);
}

/* describe_way_back - "elsewhere mx.else.test" */
static void
describe_way_back(const struct way_back *result, char *text, size_t size)
{
	snprintf(text, size, "%s%s%s", kinds[result->kind], result->host[0] == '\0' ? "" : " ",
	    result->host);
}

static void
check_way_back(
    const char *records, const struct settings *settings, const char *domain, const char *want)
{
	struct fake_dns dns = { .zone = records, .seed = 4408 };
	struct way_back_case row = { settings, domain, { .host = "" } };
	struct spf_answers *answers;
	char text[HOSTNAME_MAX + 20];
	unsigned i;

	for (i = 0; i < 8; i++) {
		dns.order = i < FAKE_MIXED ? (enum fake_order)i : FAKE_MIXED;
		answers = fake_drive(&dns, pass_way_back, &row);
		spf_answers_free(&answers);
		describe_way_back(&row.result, text, sizeof(text));
		unit_text(domain, unit_row("order %u", i), text, want);
	}
}

struct way_back_row {
	const char *domain, *want;
};

static void
check_rows(const struct settings *settings, const struct way_back_row *rows, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		check_way_back(zone, settings, rows[i].domain, rows[i].want);
	unit_end();
}

/* The MX hosts of srs-domain are the inbound hosts. */
static void
test_hosts_of_srs_domain(void **state)
{
	static const struct way_back_row rows[] = {
		{ "name.test", "ours" },
		{ "case.test", "ours" },
		{ "both.test", "ours" },
		{ "srs.own.test", "ours" },
		{ "backup.test", "elsewhere mx.else.test" },
		{ "others.test", "elsewhere mail.else.test" },
		{ "alias.test", "ours" },
		{ "spread.test", "ours" },
		{ "half.test", "elsewhere half.own.test" },
		{ "half6.test", "elsewhere half6.own.test" },
		{ "gone.test", "elsewhere gone.own.test" },
		{ "implicit.test", "ours" },
		{ "implicit6.test", "ours" },
		{ "implicit-else.test", "elsewhere" },
		{ "implicit-half.test", "elsewhere" },
		{ "null.test", "null" },
		{ "dot.test", "null" },
		{ "mixed.test", "elsewhere ." },
		{ "nothing.test", "none" },
		{ "error.test", "unavailable" },
		{ "bogus.test", "unavailable" },
		{ "sick.test", "unavailable" },
		{ "sick6.test", "unavailable" },
		{ "sick-else.test", "elsewhere mx.else.test" },
		{ "implicit-sick.test", "unavailable" },
		{ "strange.test", "elsewhere a..b" },
		{ "u-label.test", "elsewhere xn--bcher-kva.test" },
		{ "", "none" },
	};
	struct settings *settings = make_candidate_settings("srs.", "", "");

	(void)state;
	check_rows(settings, rows, COUNT(rows));
	settings_free(&settings);
}

static void
test_listed_hosts(void **state)
{
	static const struct way_back_row rows[] = {
		{ "name.test", "ours" },
		{ "backup.test", "ours" },
		{ "both.test", "elsewhere mx1.own.test" },
		{ "others.test", "elsewhere mail.else.test" },
		{ "u-label.test", "ours" },
		{ "implicit.test", "ours" },
		{ "null.test", "null" },
	};
	struct settings *settings = make_candidate_settings("srs.", "",
	    "MX2.own.test mx.else.test b\xc3\xbc"
	    "cher.test");

	(void)state;
	/* mx1.own.test is none of them, by name or by address. */
	check_way_back(zone, settings, "backup.test", "elsewhere mx1.own.test");
	check_rows(settings, rows + 2, COUNT(rows) - 2);
	check_way_back(zone, settings, "name.test", "ours");
	unit_end();
	settings_free(&settings);
}

/* Without an MX record srs-domain is its own host. */
static void
test_srs_domain_without_mx(void **state)
{
	static const struct way_back_row rows[] = {
		{ "via-plain.test", "ours" },
		{ "name.test", "elsewhere mx2.own.test" },
		{ "mx1.own.test", "elsewhere mx1.own.test" },
		{ "plain.own.test", "ours" },
	};
	struct settings *settings = make_candidate_settings("srs.", "", "");

	(void)state;
	set_words(settings, "srs-domain", "Plain.own.test");
	check_rows(settings, rows, COUNT(rows));
	/* It has no address either. */
	set_words(settings, "srs-domain", "nothing.test");
	check_way_back(zone, settings, "nothing.test", "none");
	check_way_back(zone, settings, "name.test", "elsewhere mx2.own.test");
	unit_end();
	settings_free(&settings);
}

/* What does not depend on the inbound hosts is known without them. */
static void
test_unknown_inbound_hosts(void **state)
{
	static const struct way_back_row rows[] = {
		{ "name.test", "unavailable" },
		{ "implicit.test", "unavailable" },
		{ "null.test", "null" },
		{ "nothing.test", "none" },
	};
	struct settings *settings = make_candidate_settings("srs.", "", "");

	(void)state;
	set_words(settings, "srs-domain", "sick.srs.test");
	check_rows(settings, rows, COUNT(rows));
	/* One host has no answer: the others are known. */
	set_words(settings, "srs-domain", "sick-host.srs.test");
	check_way_back(zone, settings, "alias.test", "ours");
	check_way_back(zone, settings, "implicit6.test", "ours");
	check_way_back(zone, settings, "others.test", "unavailable");
	check_way_back(zone, settings, "mx1.own.test", "ours");
	set_words(settings, "srs-domain", "null.srs.test");
	check_way_back(zone, settings, "name.test", "elsewhere mx2.own.test");
	unit_end();
	settings_free(&settings);
}

/* The names alone decide, without the addresses of any host. */
static void
test_questions(void **state)
{
	struct settings *settings = make_candidate_settings("srs.", "", "");
	struct way_back_case row = { settings, "both.test", { .host = "" } };
	struct fake_dns dns = { .zone = zone, .order = FAKE_ALL };
	struct spf_answers *answers = fake_drive(&dns, pass_way_back, &row);

	(void)state;
	assert_string_equal(dns.asked, "MX both.test, MX srs.own.test");
	assert_int_equal(dns.passes, 2);
	spf_answers_free(&answers);
	set_words(settings, "inbound-hosts", "mx1.own.test");
	row.domain = "alias.test";
	answers = fake_drive(&dns, pass_way_back, &row);
	assert_string_equal(dns.asked, "MX alias.test, A mx1.own.test, AAAA mx1.own.test, "
				       "A alias.own.test, AAAA alias.own.test");
	assert_int_equal(dns.passes, 3);
	spf_answers_free(&answers);
	/* A domain without MX records: its addresses and those of our hosts are queried together. */
	row.domain = "implicit.test";
	answers = fake_drive(&dns, pass_way_back, &row);
	assert_string_equal(dns.asked, "MX implicit.test, A implicit.test, AAAA implicit.test, "
				       "A mx1.own.test, AAAA mx1.own.test");
	assert_int_equal(dns.passes, 3);
	spf_answers_free(&answers);
	settings_free(&settings);
}

/* A domain cannot make us look up any number of hosts. */
static void
test_too_many_hosts(void **state)
{
	struct settings *settings = make_candidate_settings("srs.", "", "a.test h05.test");
	struct way_back_case row = { settings, "many.test", { .host = "" } };
	char records[4000] = "a.test A 192.0.2.1\n";
	struct fake_dns dns = { .zone = records };
	struct spf_answers *answers;
	size_t i, n = strlen(records);

	(void)state;
	for (i = 0; i < WAY_BACK_HOSTS; i++)
		n += (size_t)snprintf(records + n, sizeof(records) - n,
		    "many.test MX h%02zu.test\nh%02zu.test A 192.0.2.1\n", i + 5, i + 5);
	check_way_back(records, settings, "many.test", "ours");
	snprintf(records + n, sizeof(records) - n, "many.test MX a.test\n");
	check_way_back(records, settings, "many.test", "elsewhere h06.test");
	answers = fake_drive(&dns, pass_way_back, &row);
	assert_string_equal(dns.asked, "MX many.test");
	spf_answers_free(&answers);
	unit_end();
	settings_free(&settings);
}

/* Of several hosts that are not ours, the one with the best preference is named. */
static void
test_preference(void **state)
{
	struct settings *settings = make_candidate_settings("srs.", "", "a.test");
	struct spf_answers *answers = spf_answers_new();
	struct dns_answer *mx = dns_answer_new(DNS_FOUND);
	const struct spf_answer *wanted;
	struct way_back result;

	(void)state;
	dns_answer_add(mx, NULL, 30, "b.test", 6);
	dns_answer_add(mx, NULL, 10, "a.test", 6);
	dns_answer_add(mx, NULL, 20, "d.test", 6);
	dns_answer_add(mx, NULL, 20, "C.test", 6);
	spf_answers_set(answers, spf_answers_get(answers, "x.test", DNS_MX), mx);
	assert_false(way_back_eval(settings, "x.test", answers, &result));
	while ((wanted = spf_answers_wanted(answers)) != NULL)
		spf_answers_set(answers, spf_answers_get(answers, wanted->name, wanted->type),
		    dns_answer_new(DNS_VOID));
	assert_true(way_back_eval(settings, "x.test", answers, &result));
	assert_int_equal(result.kind, WAY_BACK_ELSEWHERE);
	assert_string_equal(result.host, "c.test");
	spf_answers_free(&answers);
	settings_free(&settings);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hosts_of_srs_domain),
		cmocka_unit_test(test_listed_hosts),
		cmocka_unit_test(test_srs_domain_without_mx),
		cmocka_unit_test(test_unknown_inbound_hosts),
		cmocka_unit_test(test_questions),
		cmocka_unit_test(test_too_many_hosts),
		cmocka_unit_test(test_preference),
	};

	return cmocka_run_group_tests_name("way_back", tests, NULL, NULL);
}
