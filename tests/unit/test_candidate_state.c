/* SPDX-License-Identifier: ISC */
#include "tests/unit/unit.h"

#include "srsd/forwarding/candidate_state.h"
#include "tests/unit/candidate_case.h"

struct state_row {
	enum candidate_kind kind;
	enum spf_result result;
	const char *host;
	const char *name, *want;
};

static struct candidate_state
make_state(enum candidate_kind kind, enum spf_result result, const char *host)
{
	struct candidate_state made = { .kind = kind, .result = result, .host = host };

	if (kind == CANDIDATE_SPF || kind == CANDIDATE_SPF_VARIES)
		assert_true(ipaddr_parse(&made.address, "192.0.2.1", 9));
	return made;
}

static void
test_descriptions(void **state)
{
	static const struct state_row rows[] = {
		{ CANDIDATE_USABLE, SPF_PASS, "", "usable", "usable" },
		{ CANDIDATE_SPF, SPF_SOFTFAIL, "", "spf",
		    "SPF is softfail for mail from 192.0.2.1" },
		{ CANDIDATE_SPF, SPF_NEUTRAL, "", "spf", "SPF is neutral for mail from 192.0.2.1" },
		{ CANDIDATE_SPF, SPF_FAIL, "", "spf", "SPF is fail for mail from 192.0.2.1" },
		{ CANDIDATE_SPF, SPF_NONE, "", "spf", "it has no SPF record" },
		{ CANDIDATE_SPF, SPF_PERMERROR, "", "spf",
		    "its SPF record is invalid (permerror for mail from 192.0.2.1)" },
		{ CANDIDATE_SPF_VARIES, SPF_PASS, "", "spf-varies",
		    "its SPF result depends on the local part or on HELO" },
		{ CANDIDATE_MX_ELSEWHERE, SPF_PASS, "mx.else.test", "mx-elsewhere",
		    "its MX host mx.else.test is not an inbound host" },
		{ CANDIDATE_MX_ELSEWHERE, SPF_PASS, "a b\n\033.test", "mx-elsewhere",
		    "its MX host a?b??.test is not an inbound host" },
		{ CANDIDATE_MX_ELSEWHERE, SPF_PASS, "", "mx-elsewhere",
		    "it has no MX record, and its own address is not that of an inbound host" },
		{ CANDIDATE_NULL_MX, SPF_PASS, "", "null-mx",
		    "it has a null MX, so no bounce can come back" },
		{ CANDIDATE_NO_MX, SPF_PASS, "", "no-mx",
		    "it has no MX record and no address, so no bounce can come back" },
		{ CANDIDATE_NO_ADDRESSES, SPF_NONE, "", "no-addresses",
		    "outbound-addresses is empty" },
		{ CANDIDATE_UNAVAILABLE, SPF_TEMPERROR, "", "unavailable",
		    "no answer from the DNS at the moment" },
	};
	char text[CANDIDATE_TEXT_SIZE], small[8];
	struct candidate_state made;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		made = make_state(rows[i].kind, rows[i].result, rows[i].host);
		candidate_state_describe(&made, text, sizeof(text));
		unit_text(rows[i].name, "text", text, rows[i].want);
		unit_text(rows[i].want, "name", candidate_kind_name(rows[i].kind), rows[i].name);
		candidate_state_describe(&made, small, sizeof(small));
		unit_bytes(rows[i].name, "cut", small, strlen(small), text,
		    strlen(text) < sizeof(small) ? strlen(text) : sizeof(small) - 1);
	}
	unit_end();
}

/* A host name of the DNS is as long as names are. */
static void
test_longest_description(void **state)
{
	char *host = unit_fill('h', HOSTNAME_MAX), text[CANDIDATE_TEXT_SIZE], want[400];
	struct candidate_state made = make_state(CANDIDATE_MX_ELSEWHERE, SPF_PASS, host);

	(void)state;
	candidate_state_describe(&made, text, sizeof(text));
	snprintf(want, sizeof(want), "its MX host %s is not an inbound host", host);
	assert_string_equal(text, want);
	free(host);
}

static void
check_remedy(const struct settings *settings, const struct state_row *row, bool srs_domain_usable)
{
	struct candidate_state made = make_state(row->kind, row->result, row->host);
	char text[CANDIDATE_REMEDY_SIZE];

	candidate_state_remedy(
	    &made, settings, "srs.x.test", srs_domain_usable, text, sizeof(text));
	unit_text(
	    row->name, unit_row("%s %d", settings->per_domain, srs_domain_usable), text, row->want);
}

#define FULL_RECORDS                                                                 \
	"publish srs.x.test. MX 10 mx1.own.test., srs.x.test. MX 10 mx2.own.test., " \
	"srs.x.test. TXT \"v=spf1 ip4:192.0.2.1 ip6:2001:db8::1 -all\""

static void
test_remedies_of_a_label(void **state)
{
	static const struct state_row by_reference[] = {
		{ CANDIDATE_USABLE, SPF_PASS, "", "usable", "" },
		{ CANDIDATE_SPF, SPF_NONE, "", "none", "publish srs.x.test. CNAME srs.own.test." },
		{ CANDIDATE_NO_MX, SPF_PASS, "", "no-mx",
		    "publish srs.x.test. CNAME srs.own.test." },
		{ CANDIDATE_NO_ADDRESSES, SPF_NONE, "", "no-addresses",
		    "list in outbound-addresses the addresses from which mail leaves this host" },
		{ CANDIDATE_UNAVAILABLE, SPF_TEMPERROR, "", "unavailable",
		    "check nameservers, or try again" },
	};
	static const struct state_row in_full[] = {
		{ CANDIDATE_USABLE, SPF_PASS, "", "usable", "" },
		{ CANDIDATE_SPF, SPF_SOFTFAIL, "", "softfail", FULL_RECORDS },
		{ CANDIDATE_SPF_VARIES, SPF_PASS, "", "varies", FULL_RECORDS },
		{ CANDIDATE_MX_ELSEWHERE, SPF_PASS, "mx.else.test", "elsewhere", FULL_RECORDS },
		{ CANDIDATE_NULL_MX, SPF_PASS, "", "null", FULL_RECORDS },
	};
	struct settings *settings =
	    make_candidate_settings("srs.", "192.0.2.1 2001:db8::1", "mx1.own.test mx2.own.test");
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(by_reference); i++)
		check_remedy(settings, &by_reference[i], true);
	for (i = 0; i < COUNT(in_full); i++)
		check_remedy(settings, &in_full[i], false);
	set_words(settings, "inbound-hosts", "");
	check_remedy(settings,
	    &(struct state_row){ CANDIDATE_SPF, SPF_NONE, "", "default hosts",
		"publish the MX records of srs.own.test for srs.x.test, srs.x.test. TXT \"v=spf1 "
		"ip4:192.0.2.1 ip6:2001:db8::1 -all\"" },
	    false);
	unit_end();
	settings_free(&settings);
}

static void
test_remedies_of_the_same_domain(void **state)
{
	static const char elsewhere[] = "per-domain = same is for domains whose mail this host "
					"receives; use a label, such as srs.";
	static const struct state_row by_reference[] = {
		{ CANDIDATE_SPF, SPF_FAIL, "", "fail",
		    "add include:srs.own.test to the SPF record of srs.x.test" },
		{ CANDIDATE_SPF, SPF_NONE, "", "none",
		    "publish an SPF record for srs.x.test with include:srs.own.test, and with the "
		    "other hosts that send its mail" },
		{ CANDIDATE_SPF_VARIES, SPF_PASS, "", "varies",
		    "publish an SPF record for srs.x.test without %{s}, %{l} and %{h}" },
		{ CANDIDATE_MX_ELSEWHERE, SPF_PASS, "mx.else.test", "elsewhere", elsewhere },
		{ CANDIDATE_NO_MX, SPF_PASS, "", "no-mx", elsewhere },
	};
	static const struct state_row in_full[] = {
		{ CANDIDATE_SPF, SPF_FAIL, "", "fail",
		    "add ip4:192.0.2.1 ip6:2001:db8::1 to the SPF record of srs.x.test" },
		{ CANDIDATE_SPF, SPF_NONE, "", "none",
		    "publish an SPF record for srs.x.test with ip4:192.0.2.1 ip6:2001:db8::1, and "
		    "with the other hosts that send its mail" },
	};
	struct settings *settings = make_candidate_settings("same", "192.0.2.1 2001:db8::1", "");
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(by_reference); i++)
		check_remedy(settings, &by_reference[i], true);
	for (i = 0; i < COUNT(in_full); i++)
		check_remedy(settings, &in_full[i], false);
	unit_end();
	settings_free(&settings);
}

/* A list that is too long for one line is named instead. */
static void
test_remedy_of_many_addresses(void **state)
{
	struct settings *settings = make_candidate_settings("srs.", "", "mx.own.test");
	const struct state_row label = { CANDIDATE_SPF, SPF_NONE, "", "label",
		"publish srs.x.test. MX 10 mx.own.test., and an SPF record for srs.x.test with all "
		"of outbound-addresses" };
	const struct state_row same = { CANDIDATE_SPF, SPF_FAIL, "", "same",
		"add all of outbound-addresses to the SPF record of srs.x.test" };
	char addresses[1500], hosts[1500];
	size_t i, n = 0, m = 0;

	(void)state;
	for (i = 0; i < 40; i++) {
		n += (size_t)snprintf(
		    addresses + n, sizeof(addresses) - n, " 2001:db8:1:2:3:4:5:%zu", i);
		m += (size_t)snprintf(hosts + m, sizeof(hosts) - m, " mx%02zu.own.test", i);
	}
	set_words(settings, "outbound-addresses", addresses);
	check_remedy(settings, &label, false);
	set_words(settings, "inbound-hosts", hosts);
	check_remedy(settings,
	    &(struct state_row){ CANDIDATE_SPF, SPF_NONE, "", "hosts",
		"publish the MX records of srs.own.test for srs.x.test, and an SPF record for "
		"srs.x.test with all of outbound-addresses" },
	    false);
	set_words(settings, "per-domain", "same");
	check_remedy(settings, &same, false);
	unit_end();
	settings_free(&settings);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_descriptions),
		cmocka_unit_test(test_longest_description),
		cmocka_unit_test(test_remedies_of_a_label),
		cmocka_unit_test(test_remedies_of_the_same_domain),
		cmocka_unit_test(test_remedy_of_many_addresses),
	};

	return cmocka_run_group_tests_name("candidate_state", tests, NULL, NULL);
}
