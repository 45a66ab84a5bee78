/* SPDX-License-Identifier: ISC */
#include "tests/unit/unit.h"

#include "spf/spf_record.h"
#include "spf/spf_term_hint.h"

struct hint_row {
	const char *text;
	size_t len;
	const char *want; /* NULL: no hint */
};

/* parses - is a text valid as the only term of a record? */
static bool
parses(const char *term, size_t len)
{
	static const char version[] = "v=spf1 ";
	struct spf_record record;
	struct text at;
	const char *error;
	char text[200];
	bool valid;

	memcpy(text, version, sizeof(version) - 1);
	memcpy(text + sizeof(version) - 1, term, len);
	valid = spf_record_parse(&record, text, sizeof(version) - 1 + len, &error, &at);
	spf_record_free(&record);
	return valid;
}

static void
test_invalid_terms(void **state)
{
	static const struct hint_row rows[] = {
		{ BYTES("ipv4:192.0.2.1"), "looks like ip4:192.0.2.1" },
		{ BYTES("-IPv4:192.0.2.0/24"), "looks like -ip4:192.0.2.0/24" },
		{ BYTES("ip:192.0.2.1"), "looks like ip4:192.0.2.1" },
		{ BYTES("ip:2001:db8::1"), "looks like ip6:2001:db8::1" },
		{ BYTES("ipv6:2001:db8::/32"), "looks like ip6:2001:db8::/32" },
		{ BYTES("ip4:2001:db8::1"), "looks like ip6:2001:db8::1" },
		{ BYTES("ip6:192.0.2.1"), "looks like ip4:192.0.2.1" },
		{ BYTES("a:192.0.2.1"), "looks like ip4:192.0.2.1" },
		{ BYTES("~mx:192.0.2.1"), "looks like ~ip4:192.0.2.1" },
		{ BYTES("include:192.0.2.1"), "looks like ip4:192.0.2.1" },
		{ BYTES("a:2001:db8::1"), "looks like ip6:2001:db8::1" },
		{ BYTES("192.0.2.1"), "looks like ip4:192.0.2.1" },
		{ BYTES("+192.0.2.0/24"), "looks like +ip4:192.0.2.0/24" },
		{ BYTES("2001:db8::1"), "looks like ip6:2001:db8::1" },
		{ BYTES("ip4:mail.example.org"), "looks like a:mail.example.org" },
		{ BYTES("host:mail.example.org"), "looks like a:mail.example.org" },
		{ BYTES("redirect:example.org"), "looks like redirect=example.org" },
		{ BYTES("Exp:example.org"), "looks like exp=example.org" },
		{ BYTES("-all."), "looks like -all" },
		{ BYTES("~ALL;"), "looks like ~all" },
		{ BYTES("-all\""), "looks like -all" },
		{ BYTES("all:x"), "looks like all" },
		/* No hint. */
		{ BYTES(""), NULL },
		{ BYTES("-"), NULL },
		{ BYTES("moo"), NULL },
		{ BYTES("moo:192.0.2.1"), NULL },
		{ BYTES("ip4:192.0.2.x"), NULL },
		{ BYTES("ip4:300.0.2.1"), NULL },
		{ BYTES("ip4:192.0.2.1/33"), NULL },
		{ BYTES("ip4:"), NULL },
		{ BYTES("include:"), NULL },
		{ BYTES("a:\0"), NULL },
		{ BYTES("allow"), NULL },
	};
	char hint[SPF_TERM_HINT_SIZE];
	size_t i;
	char *copy;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		copy = unit_copy(rows[i].text, rows[i].len);
		unit_true(rows[i].text, "invalid",
		    rows[i].len == 0 || !parses(rows[i].text, rows[i].len));
		unit_text(rows[i].text, "hint",
		    spf_term_hint(hint, copy, rows[i].len) ? hint : NULL, rows[i].want);
		free(copy);
	}
	unit_end();
}

static void
test_valid_terms(void **state)
{
	static const char *const rows[] = { "all", "-all", "a", "a/24", "mx//64", "a:x.test",
		"mx:x.test/24", "ip4:192.0.2.1", "ip6:2001:db8::/32", "include:x.test",
		"exists:%{i}.x.test", "ptr", "redirect=x.test", "exp=x.test", "all=x", "all-x=y",
		"include:1.2.3.test", "unknown=192.0.2.1" };
	char hint[SPF_TERM_HINT_SIZE];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		unit_true(rows[i], "valid", parses(rows[i], strlen(rows[i])));
		unit_true(rows[i], "no hint", !spf_term_hint(hint, rows[i], strlen(rows[i])));
	}
	unit_end();
}

static void
test_ignored_terms(void **state)
{
	static const struct hint_row rows[] = {
		{ BYTES("v=spf1 include=x.test -all"),
		    "has include=x.test, which is ignored; looks like include:x.test" },
		{ BYTES("v=spf1  ip4=192.0.2.1 -all"),
		    "has ip4=192.0.2.1, which is ignored; looks like ip4:192.0.2.1" },
		{ BYTES("v=spf1 mx all=fail"), "has all=fail, which is ignored; looks like all" },
		{ BYTES("v=spf1 -all ip4:192.0.2.1"),
		    "has ip4:192.0.2.1, which is ignored after all" },
		{ BYTES("v=spf1 a ?ALL mx -all"), "has mx, which is ignored after all" },
		{ BYTES("v=spf1 redirect=x.test -all"),
		    "has redirect=x.test, which is ignored because of all" },
		{ BYTES("v=spf1 -all redirect=x.test "),
		    "has redirect=x.test, which is ignored because of all" },
		{ BYTES("v=spf1 -all exp=why.test"), NULL },
		{ BYTES("v=spf1 exp=why.test -all"), NULL },
		{ BYTES("v=spf1 -all "), NULL },
		{ BYTES("v=spf1 redirect=x.test"), NULL },
		{ BYTES("v=spf1 unknown=x a mx -all"), NULL },
		{ BYTES("v=spf1 a:all.x.test mx"), NULL },
		{ BYTES("v=spf1"), NULL },
		{ BYTES(""), NULL },
		{ BYTES("v=spf1 -all \033[m\0"), "has ?[m?, which is ignored after all" },
	};
	char hint[SPF_TERM_HINT_SIZE];
	size_t i;
	char *copy;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		copy = unit_copy(rows[i].text, rows[i].len);
		unit_text(rows[i].text, "hint",
		    spf_term_hint_ignored(hint, copy, rows[i].len) ? hint : NULL, rows[i].want);
		free(copy);
	}
	unit_end();
}

/* A term of any length leaves room for the rest of the hint. */
static void
test_long_terms(void **state)
{
	char hint[SPF_TERM_HINT_SIZE], *text = unit_fill('x', 1000);

	(void)state;
	memcpy(text, "v=spf1 a=", 9);
	unit_true("modifier", "hint", spf_term_hint_ignored(hint, text, 1000));
	unit_holds("modifier", "hint", hint, "..., which is ignored; looks like a:xxx");
	unit_true("modifier", "not cut", strlen(hint) < sizeof(hint) - 1);
	memcpy(text, "redirect:", 9);
	unit_true("redirect", "hint", spf_term_hint(hint, text, 1000));
	unit_holds("redirect", "hint", hint, "looks like redirect=xxx");
	free(text);
	unit_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_invalid_terms),
		cmocka_unit_test(test_valid_terms),
		cmocka_unit_test(test_ignored_terms),
		cmocka_unit_test(test_long_terms),
	};

	return cmocka_run_group_tests_name("spf_term_hint", tests, NULL, NULL);
}
