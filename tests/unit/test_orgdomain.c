/* SPDX-License-Identifier: ISC */
#include "tests/unit/unit.h"

#include "common/orgdomain.h"

static void
test_organizational_domain(void **state)
{
	static const char *const rows[][2] = {
		/* name, its organizational domain; NULL: it has none */
		{ "example.org", "example.org" },
		{ "srs.example.org", "example.org" },
		{ "a.b.c.example.org", "example.org" },
		{ "SRS.Example.ORG", "Example.ORG" },
		{ "srs.example.org.", "example.org" },
		{ "example.co.uk", "example.co.uk" },
		{ "srs.example.co.uk", "example.co.uk" },
		{ "srs.b\xc3\xbc"
		  "cher.de",
		    "b\xc3\xbc"
		    "cher.de" },
		{ "srs.xn--bcher-kva.de", "xn--bcher-kva.de" },
		{ "a.b.test", "b.test" }, /* a top-level domain that the list does not know */
		{ "org", NULL },
		{ "co.uk", NULL },
		{ "localhost", NULL },
		{ "", NULL },
		{ ".", NULL },
		{ "[192.0.2.1]", NULL },
		{ "a..org", NULL },
	};
	const char *org;
	char *copy, got[256];
	size_t i, len, org_len;
	bool found;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		len = strlen(rows[i][0]);
		copy = unit_copy(rows[i][0], len); /* without a NUL after it */
		found = orgdomain_of(copy, len, &org, &org_len);
		unit_int(rows[i][0], "found", found, rows[i][1] != NULL);
		if (found && rows[i][1] != NULL) {
			snprintf(got, sizeof(got), "%.*s", (int)org_len, org);
			unit_text(rows[i][0], "domain", got, rows[i][1]);
		}
		free(copy);
	}
	unit_end();
}

static void
test_shared(void **state)
{
	static const struct {
		const char *a, *b;
		bool want;
	} rows[] = {
		{ "srs.example.org", "example.org", true },
		{ "example.org", "EXAMPLE.ORG.", true },
		{ "srs.example.org", "mail.example.org", true },
		{ "example.org", "example.net", false },
		{ "srs.a.co.uk", "b.co.uk", false },
		{ "b\xc3\xbc"
		  "cher.de",
		    "srs.xn--bcher-kva.de", true },
		{ "org", "org", false },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++)
		unit_int(unit_row("%s / %s", rows[i].a, rows[i].b), "shared",
		    orgdomain_is_shared(rows[i].a, strlen(rows[i].a), rows[i].b, strlen(rows[i].b)),
		    rows[i].want);
	unit_end();
}

static void
test_may_be_aligned(void **state)
{
	static const struct {
		const char *a, *b;
		bool want;
	} rows[] = {
		{ "example.org", "srs.example.org", true },
		{ "MAIL.example.org", "srs.Example.org.", true },
		{ "example.org", "example.net", false },
		{ "example.org", "anexample.org", false },
		{ "a.co.uk", "b.co.uk", false },
		{ "a.b.co.uk", "c.b.co.uk", true },
		{ "a.test", "b.test", false },
		{ "x.a.test", "a.test", true },
		{ "b\xc3\xbc"
		  "cher.de",
		    "srs.xn--bcher-kva.de", true },
		/* a suffix of a hosting company is not one for each reader */
		{ "a.github.io", "b.github.io", true },
		{ "a.github.io", "github.io", true },
		/* a suffix of a registry */
		{ "co.uk", "co.uk", true },
		{ "co.uk", "a.co.uk", false },
		{ "org", "example.org", false },
		{ "localhost", "localhost", true },
		/* not a domain */
		{ "", "example.org", true },
		{ "example.org", "a..org", true },
		{ "[192.0.2.1]", "example.org", true },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		unit_int(unit_row("%s / %s", rows[i].a, rows[i].b), "may be aligned",
		    orgdomain_may_be_aligned(
			rows[i].a, strlen(rows[i].a), rows[i].b, strlen(rows[i].b)),
		    rows[i].want);
		unit_int(unit_row("%s / %s", rows[i].b, rows[i].a), "may be aligned",
		    orgdomain_may_be_aligned(
			rows[i].b, strlen(rows[i].b), rows[i].a, strlen(rows[i].a)),
		    rows[i].want);
	}
	unit_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_organizational_domain),
		cmocka_unit_test(test_shared),
		cmocka_unit_test(test_may_be_aligned),
	};

	return cmocka_run_group_tests_name("orgdomain", tests, NULL, NULL);
}
