/* SPDX-License-Identifier: ISC */
#include "tests/unit/unit.h"

#include "conf/config.h"
#include "conf/spf_sections.h"

static struct text
as_text(const char *s)
{
	struct text text = { s, strlen(s) };

	return text;
}

static struct spf_section *
add(struct spf_sections *sections, const char *name)
{
	char error[OPTION_ERROR_SIZE];
	struct spf_section *section = spf_sections_add(sections, name, error);

	if (section == NULL)
		fail_msg("%s: %s", name, error);
	return section;
}

static void
set(struct spf_section *section, const char *name, const char *value)
{
	char error[OPTION_ERROR_SIZE];

	if (!spf_section_set(section, option_find("spf", name), &value, 1, error))
		fail_msg("%s: %s", name, error);
}

/* look_up - the name of the section of a recipient, in copies that the sanitizer guards; NULL: none */
static const char *
look_up(const struct spf_sections *sections, const char *local, const char *domain)
{
	char *l = unit_copy(local, strlen(local)), *d = unit_copy(domain, strlen(domain));
	const struct text of_local = { l, strlen(local) }, of_domain = { d, strlen(domain) };
	const struct spf_section *section = spf_sections_find(sections, of_local, of_domain);

	free(l);
	free(d);
	return section == NULL ? NULL : section->name;
}

static void
test_lookups(void **state)
{
	static const char *const names[] = { "example.org", "user@example.org",
		"user+list@example.org", "Jane.Roe@Example.ORG", "only@address.example",
		"b\303\274cher.example", "x", "mail.example.org.", "+@example.org",
		"a b@example.org", "long.name.of.a.customer.example", "a@b@example.org" };
	static const struct {
		const char *local, *domain;
		const char *want;
	} rows[] = {
		{ "other", "example.org", "example.org" },
		{ "", "example.org", "example.org" },
		{ "other", "EXAMPLE.org", "example.org" },
		{ "user", "example.org", "user@example.org" },
		{ "USER", "Example.Org", "user@example.org" },
		{ "user+list", "example.org", "user+list@example.org" },
		{ "User+List", "example.org", "user+list@example.org" },
		{ "user+other", "example.org", "user@example.org" },
		{ "user+list+other", "example.org", "user@example.org" },
		{ "user+", "example.org", "user@example.org" },
		{ "user-list", "example.org", "example.org" },
		{ "use", "example.org", "example.org" },
		{ "users", "example.org", "example.org" },
		{ "jane.roe", "example.org", "Jane.Roe@Example.ORG" },
		{ "only", "address.example", "only@address.example" },
		{ "any", "address.example", NULL },
		{ "any+only", "address.example", NULL },
		{ "a", "b\303\274cher.example", "b\303\274cher.example" },
		{ "a", "B\303\234CHER.example", "b\303\274cher.example" },
		{ "a", "xn--bcher-kva.example", "b\303\274cher.example" },
		{ "a", "XN--BCHER-KVA.example", "b\303\274cher.example" },
		{ "a", "x", "x" },
		{ "a", "X", "x" },
		{ "a", "mail.example.org", "mail.example.org." },
		{ "a", "www.example.org", NULL },
		{ "a", "example.or", NULL },
		{ "a", "xexample.org", NULL },
		{ "a", "", NULL },
		{ "", "", NULL },
		{ "+", "example.org", "+@example.org" },
		{ "+x", "example.org", "example.org" },
		{ "a b", "example.org", "a b@example.org" },
		{ "a@b", "example.org", "a@b@example.org" },
		{ "a", "Long.Name.of.a.Customer.example", "long.name.of.a.customer.example" },
		{ "a", "long.name.of.a.customer.exampl3", NULL },
		/* '@' and '`', '[' and '{' differ in the bit of the case, and are no letters. */
		{ "a", "e`ample.org", NULL },
		{ "a", "\377.example", NULL },
	};
	struct spf_sections *sections = spf_sections_new();
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(names); i++)
		add(sections, names[i]);
	for (i = 0; i < COUNT(rows); i++)
		unit_text(unit_row("%s@%s", rows[i].local, rows[i].domain), "section",
		    look_up(sections, rows[i].local, rows[i].domain), rows[i].want);
	spf_sections_free(&sections);
	assert_null(sections);
	unit_end();
}

/*
 * Recipients that Postfix 3.7 accepts and delivers to kim@shop.example, with host.example in
 * mydestination and shop.example in virtual_mailbox_domains: none may avoid the section of that
 * address, or have that of another.
 */
static void
test_spellings_that_postfix_accepts(void **state)
{
	static const struct {
		const char *local, *domain;
		const char *want;
	} rows[] = {
		{ "\342\204\252im", "shop.example", "kim@shop.example" }, /* KELVIN SIGN */
		{ "kim", "\305\277hop.example", "kim@shop.example" },     /* LONG S */
		{ "\342\204\252im+x", "shop.example", "kim@shop.example" },
		{ "\305\277tra\303\237e", "shop.example", "strasse@shop.example" },
		{ "strasse", "shop.example", "strasse@shop.example" },
		{ "o\357\254\203ce", "shop.example", "o\357\254\203ce@shop.example" },
		{ "OFFICE", "shop.example", "o\357\254\203ce@shop.example" },
		{ "o\357\254", "shop.example", "shop.example" },
		{ "kim%shop.example", "host.example", "kim@shop.example" },
		{ "kim@shop.example", "host.example", "kim@shop.example" },
		{ "shop.example!kim", "host.example", "kim@shop.example" },
		{ "kim%shop.example.", "host.example", "kim@shop.example" },
		{ "kim%shop.example%host.example", "host.example", "kim@shop.example" },
		{ "host.example!shop.example!kim", "host.example", "kim@shop.example" },
		{ "kim@shop.example", "", "kim@shop.example" },
		{ "kim@shop.example.", "", "kim@shop.example" },
		{ "kim@shop.example@", "", "kim@shop.example" },
		{ "kim%shop.example", "", "kim@shop.example" },
		{ "other%shop.example", "host.example", "shop.example" },
		{ "kim%elsewhere.example", "host.example", NULL },
		{ "kim%", "host.example", "host.example" },
		{ "kim", "host.example", "host.example" },
		{ "a%b", "shop.example", "a%b@shop.example" },
		{ "%", "", NULL },
	};
	struct spf_sections *sections = spf_sections_new();
	size_t i;

	(void)state;
	add(sections, "host.example");
	add(sections, "shop.example");
	add(sections, "kim@shop.example");
	add(sections, "strasse@shop.example");
	add(sections, "o\357\254\203ce@shop.example");
	add(sections, "a%b@shop.example");
	for (i = 0; i < COUNT(rows); i++)
		unit_text(unit_row("%s@%s", rows[i].local, rows[i].domain), "section",
		    look_up(sections, rows[i].local, rows[i].domain), rows[i].want);
	spf_sections_free(&sections);
	unit_end();
}

/* The case bit is that of letters alone. */
static void
test_bytes_that_are_no_letters(void **state)
{
	struct spf_sections *sections = spf_sections_new();

	(void)state;
	add(sections, "a[@x.test");
	unit_text("a{", "section", look_up(sections, "a{", "x.test"), NULL);
	unit_text("A[", "section", look_up(sections, "A[", "x.test"), "a[@x.test");
	spf_sections_free(&sections);
	unit_end();
}

static void
test_without_sections(void **state)
{
	struct spf_sections *sections = NULL;

	(void)state;
	assert_null(spf_sections_find(NULL, as_text("a"), as_text("x.test")));
	assert_int_equal(spf_sections_count(NULL), 0);
	spf_sections_free(&sections);
	sections = spf_sections_new();
	assert_null(spf_sections_find(sections, as_text("a"), as_text("x.test")));
	assert_null(spf_sections_at(sections, 0));
	spf_sections_free(&sections);
}

static void
test_names_that_are_refused(void **state)
{
	static const struct {
		const char *name;
		const char *want;
	} rows[] = {
		{ "", "'' is not accepted as the name of a section; use a domain or an address" },
		{ "@", "'@' is not accepted" },
		{ "@example.org", "'@example.org' is not accepted" },
		{ "user@", "'user@' is not accepted" },
		{ ".example.org", "'.example.org' is not accepted" },
		{ "example..org", "'example..org' is not accepted" },
		{ "example.org..", "'example.org..' is not accepted" },
		{ "example org", "'example org' is not accepted" },
		{ "[192.0.2.1]", "'[192.0.2.1]' is not accepted" },
		{ "*@example.org*", "'*@example.org*' is not accepted" },
		{ "\"a b\"@example.org", "'\"a b\"@example.org' is not accepted" },
		{ "a\nb@example.org", "'a\nb@example.org' is not accepted" },
		{ "example.net", "\"example.net\" is given twice" },
		{ "EXAMPLE.net.", "\"EXAMPLE.net.\" is given twice" },
		{ "xn--bcher-kva.example", "\"xn--bcher-kva.example\" is given twice" },
		{ "User@Example.Net", "\"User@Example.Net\" is given twice" },
	};
	struct spf_sections *sections = spf_sections_new();
	char error[OPTION_ERROR_SIZE], long_name[400];
	size_t i;

	(void)state;
	add(sections, "example.net");
	add(sections, "user@example.net");
	add(sections, "b\303\274cher.example");
	for (i = 0; i < COUNT(rows); i++) {
		strlcpy(error, "none", sizeof(error));
		unit_true(rows[i].name, "is refused",
		    spf_sections_add(sections, rows[i].name, error) == NULL);
		unit_holds(rows[i].name, "error", error, rows[i].want);
	}
	memset(long_name, 'a', sizeof(long_name));
	strlcpy(long_name + 255, "@example.net", sizeof(long_name) - 255);
	unit_true("long", "is refused", spf_sections_add(sections, long_name, error) == NULL);
	unit_true("254", "is accepted", spf_sections_add(sections, long_name + 1, error) != NULL);
	unit_int("refused names", "count", (long long)spf_sections_count(sections), 4);
	spf_sections_free(&sections);
	unit_end();
}

static void
test_inherited_options(void **state)
{
	struct settings *s = config_defaults();
	struct spf_sections *sections = spf_sections_new();
	struct spf_section *first = add(sections, "one.example"),
			   *second = add(sections, "two.example");
	char error[OPTION_ERROR_SIZE];
	const char *const nets[] = { "192.0.2.0/24", "2001:db8::/32" };
	const char *message = "no: {reason}";

	(void)state;
	assert_true(option_set(s, option_find("spf", "whitelist"), nets, 2, error));
	assert_true(option_set(s, option_find("spf", "reason-message"), &message, 1, error));
	set(first, "mail-from-reject", "softfail");
	set(first, "test-only", "yes");
	set(first, "helo-whitelist", "mx.friend.example");
	set(second, "reason-message", "rather not");
	set(second, "reason-message", "not at all");
	spf_sections_complete(sections, &s->spf);

	unit_int("one", "mail-from-reject", first->spf.mail_from_reject, SPF_REJECT_SOFTFAIL);
	unit_int("one", "helo-reject", first->spf.helo_reject, SPF_REJECT_FAIL);
	unit_true("one", "test-only", first->spf.test_only);
	unit_int("one", "whitelist", (long long)first->spf.whitelist.n, 2);
	unit_text("one", "reason-message", first->spf.reason_message, "no: {reason}");
	unit_int("one", "lookup-time", first->spf.lookup_time, 20);
	unit_true("one", "has lists of its own", first->own_lists);
	unit_int("two", "mail-from-reject", second->spf.mail_from_reject, SPF_REJECT_FAIL);
	unit_text("two", "reason-message", second->spf.reason_message, "not at all");
	unit_true("two", "shares authserv-id", second->spf.authserv_id == s->spf.authserv_id);
	unit_true("two", "has no lists of its own", !second->own_lists);
	unit_true("two", "sets reason-message",
	    spf_section_has(second, option_find("spf", "reason-message")));
	unit_true("two", "does not set whitelist",
	    !spf_section_has(second, option_find("spf", "whitelist")));
	spf_sections_free(&sections);
	settings_free(&s);
	unit_end();
}

static void
test_values_that_are_refused(void **state)
{
	struct spf_sections *sections = spf_sections_new();
	struct spf_section *section = add(sections, "one.example");
	const struct conf_option *o = option_find("spf", "helo-reject");
	char error[OPTION_ERROR_SIZE];
	const char *value = "perhaps";

	(void)state;
	assert_false(spf_section_set(section, o, &value, 1, error));
	unit_holds(
	    "perhaps", "error", error, "'perhaps' is not accepted; use one of: spf-not-pass");
	assert_false(spf_section_has(section, o));
	spf_sections_free(&sections);
	unit_end();
}

static void
test_printing(void **state)
{
	struct spf_sections *sections = spf_sections_new();
	struct spf_section *section;
	size_t size;
	char *text;
	FILE *out;

	(void)state;
	section = add(sections, "Example.org.");
	set(section, "no-mail", "on");
	set(section, "helo-reject", "False");
	add(sections, "a\\b$c@x.example");
	assert_ptr_equal(spf_sections_at(sections, 0), section);
	out = open_memstream(&text, &size);
	assert_non_null(out);
	spf_sections_print(sections, out);
	spf_sections_print(NULL, out);
	fclose(out);
	unit_text("both", "printed", text,
	    "spf \"Example.org.\" {\n\thelo-reject = \"false\"\n\tno-mail = true\n}\n"
	    "spf \"a\\\\b\\$c@x.example\" {\n}\n");
	free(text);
	spf_sections_free(&sections);
	unit_end();
}

/* More than one size of the hash table, and each name is found again. */
static void
test_many_sections(void **state)
{
	struct spf_sections *sections = spf_sections_new();
	char name[60], local[30], domain[30];
	int i;

	(void)state;
	for (i = 0; i < 2000; i++) {
		snprintf(name, sizeof(name), "customer%d.example", i);
		add(sections, name);
		snprintf(name, sizeof(name), "user%d@shared.example", i);
		add(sections, name);
	}
	unit_int("all", "count", (long long)spf_sections_count(sections), 4000);
	for (i = 0; i < 2000; i++) {
		snprintf(domain, sizeof(domain), "CUSTOMER%d.example", i);
		snprintf(name, sizeof(name), "customer%d.example", i);
		unit_text(domain, "section", look_up(sections, "any", domain), name);
		snprintf(local, sizeof(local), "User%d", i);
		snprintf(name, sizeof(name), "user%d@shared.example", i);
		unit_text(local, "section", look_up(sections, local, "shared.example"), name);
	}
	unit_text("user2000", "section", look_up(sections, "user2000", "shared.example"), NULL);
	spf_sections_free(&sections);
	unit_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lookups),
		cmocka_unit_test(test_spellings_that_postfix_accepts),
		cmocka_unit_test(test_bytes_that_are_no_letters),
		cmocka_unit_test(test_without_sections),
		cmocka_unit_test(test_names_that_are_refused),
		cmocka_unit_test(test_inherited_options),
		cmocka_unit_test(test_values_that_are_refused),
		cmocka_unit_test(test_printing),
		cmocka_unit_test(test_many_sections),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
