/* SPDX-License-Identifier: ISC */
#include "tests/unit/unit.h"

#include "common/domainset.h"
#include "common/hostname.h"

static struct domainset *
make_set(const char *const *entries, size_t n)
{
	struct domainset *set = domainset_new();
	size_t i, len;
	char *copy;

	for (i = 0; i < n; i++) {
		len = strlen(entries[i]);
		copy = unit_copy(entries[i], len);
		assert_true(domainset_add(set, copy, len));
		free(copy);
	}
	return set;
}

static bool
contains(const struct domainset *set, const char *domain)
{
	size_t len = strlen(domain);
	char *copy = unit_copy(domain, len);
	bool found = domainset_contains(set, copy, len);

	free(copy);
	return found;
}

struct lookup_row {
	const char *domain;
	bool want;
};

static void
check_lookups(const struct domainset *set, const struct lookup_row *rows, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		unit_int(rows[i].domain, "contained", contains(set, rows[i].domain), rows[i].want);
}

/* A mail client writes one form, a mail server the other. */
static void
test_u_labels_are_a_labels(void **state)
{
	static const char *const entries[] = { "b\xc3\xbc"
					       "cher.test",
		"xn--mgba3gch31f.test",
		".stra\xc3\x9f"
		"e.test",
		"\xff\xfe.test" };
	static const struct lookup_row rows[] = {
		{ "b\xc3\xbc"
		  "cher.test",
		    true },
		{ "B\xc3\x9c"
		  "CHER.test",
		    true },
		{ "xn--bcher-kva.test", true },
		{ "XN--Bcher-KVA.Test", true },
		{ "bucher.test", false },
		{ "\xd8\xaa\xd9\x88\xd8\xa7\xd9\x86\xd8\xa7.test", false },
		{ "a.xn--strae-oqa.test", true },
		{ "b\xc3\xbc"
		  "cher.stra\xc3\x9f"
		  "e.test",
		    true },
		{ "xn--strae-oqa.test", false },
		{ "\xff\xfe.test", true },
		{ "\xff\xfd.test", false },
	};
	struct domainset *set = make_set(entries, COUNT(entries));

	(void)state;
	check_lookups(set, rows, COUNT(rows));
	unit_int("entries", "number", (int)domainset_size(set), COUNT(entries));
	domainset_free(&set);
	unit_end();
}

static void
test_exact(void **state)
{
	static const char *const entries[] = { "one.test", "TWO.test", "a.three.test" };
	static const struct lookup_row rows[] = {
		{ "one.test", true },
		{ "ONE.Test", true },
		{ "two.test", true },
		{ "a.three.test", true },
		{ "A.THREE.TEST", true },
		{ "sub.one.test", false },
		{ "three.test", false },
		{ "b.three.test", false },
		{ "xone.test", false },
		{ "one.testx", false },
		{ "one.tes", false },
		{ "test", false },
		{ ".one.test", false },
		{ "one.test.", false },
		{ "", false },
	};
	struct domainset *set = make_set(entries, COUNT(entries));

	(void)state;
	check_lookups(set, rows, COUNT(rows));
	domainset_free(&set);
	unit_end();
}

static void
test_subdomains(void **state)
{
	static const char *const entries[] = { ".one.test", ".B.two.TEST" };
	static const struct lookup_row rows[] = {
		{ "a.one.test", true },
		{ "A.One.Test", true },
		{ "c.b.a.one.test", true },
		{ "one.test", false },
		{ "xone.test", false },
		{ "a.xone.test", false },
		{ "a.b.two.test", true },
		{ "b.two.test", false },
		{ "a.c.two.test", false },
		{ "a.one.test.other.test", false },
	};
	struct domainset *set = make_set(entries, COUNT(entries));

	(void)state;
	check_lookups(set, rows, COUNT(rows));
	domainset_free(&set);
	unit_end();
}

static void
test_domain_and_its_subdomains(void **state)
{
	static const char *const entries[] = { "one.test", ".one.test", ".test2" };
	static const struct lookup_row rows[] = {
		{ "one.test", true },
		{ "a.one.test", true },
		{ "two.test", false },
		{ "a.test2", true },
		{ "test2", false },
	};
	struct domainset *set = make_set(entries, COUNT(entries));

	(void)state;
	check_lookups(set, rows, COUNT(rows));
	domainset_free(&set);
	unit_end();
}

/* Only what is an entry by itself, whatever subdomains there are. */
static void
test_literal_entries(void **state)
{
	static const char *const entries[] = { "one.test", ".two.test", "A.three.test",
		".three.test",
		"b\xc3\xbc"
		"cher.test" };
	static const struct lookup_row rows[] = {
		{ "one.test", true },
		{ "ONE.Test", true },
		{ "a.three.test", true },
		{ "xn--bcher-kva.test", true },
		{ "B\xc3\x9c"
		  "CHER.test",
		    true },
		{ "a.one.test", false },
		{ "two.test", false },
		{ "a.two.test", false },
		{ ".two.test", false },
		{ "b.three.test", false },
		{ "three.test", false },
		{ "one.test.", false },
		{ ".one.test", false },
		{ "", false },
	};
	struct domainset *set = make_set(entries, COUNT(entries)), *empty = domainset_new();
	size_t i, len;
	char *copy;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		len = strlen(rows[i].domain);
		copy = unit_copy(rows[i].domain, len);
		unit_int(rows[i].domain, "literal", domainset_contains_literal(set, copy, len),
		    rows[i].want);
		unit_int(rows[i].domain, "literal in an empty set",
		    domainset_contains_literal(empty, copy, len), false);
		free(copy);
	}
	domainset_free(&set);
	domainset_free(&empty);
	unit_end();
}

struct find_case {
	const char *wanted;
	unsigned calls;
};

static bool
is_wanted_entry(void *arg, const char *entry)
{
	struct find_case *find = arg;

	find->calls++;
	return strcmp(entry, find->wanted) == 0;
}

static void
test_find(void **state)
{
	static const char *const entries[] = { "ONE.test", ".two.test",
		"b\xc3\xbc"
		"cher.test" };
	static const char *const found[] = { "one.test", ".two.test", "xn--bcher-kva.test" };
	struct domainset *set = make_set(entries, COUNT(entries)), *empty = domainset_new();
	struct find_case find = { .wanted = "two.test" };
	size_t i;

	(void)state;
	unit_text("two.test", "found", domainset_find(set, is_wanted_entry, &find), NULL);
	unit_int("two.test", "entries", find.calls, COUNT(entries));
	for (i = 0; i < COUNT(found); i++) {
		find.wanted = found[i];
		unit_text(found[i], "found", domainset_find(set, is_wanted_entry, &find), found[i]);
		unit_text(found[i], "found in an empty set",
		    domainset_find(empty, is_wanted_entry, &find), NULL);
	}
	domainset_free(&set);
	domainset_free(&empty);
	unit_end();
}

static void
test_empty_set(void **state)
{
	struct domainset *set = domainset_new();

	(void)state;
	assert_false(contains(set, "one.test"));
	assert_int_equal(domainset_size(set), 0);
	domainset_free(&set);
	assert_null(set);
	domainset_free(&set);
}

static void
test_size_counts_an_entry_once(void **state)
{
	static const char *const entries[] = { "one.test", "ONE.test", "one.test", ".one.test",
		".ONE.test", "two.test" };
	struct domainset *set = make_set(entries, COUNT(entries));

	(void)state;
	assert_int_equal(domainset_size(set), 3);
	domainset_free(&set);
}

static void
test_bad_entries(void **state)
{
	static const char *const rows[] = { "", ".", "..", "..one.test", "one..test", "one.test.",
		"*.one.test", "one test", " one.test", "one.test ", "one.test#", "[192.0.2.1]",
		"user@one.test", "one,test", ".one.test." };
	struct domainset *set = domainset_new();
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++)
		unit_true(rows[i], "refused", !domainset_add(set, rows[i], strlen(rows[i])));
	unit_true("NUL", "refused", !domainset_add(set, "a\0.test", 7));
	unit_int("all", "size", (int)domainset_size(set), 0);
	domainset_free(&set);
	unit_end();
}

static void
test_longest_names(void **state)
{
	struct domainset *set = domainset_new();
	char *name = unit_fill('n', HOSTNAME_MAX + 1);

	(void)state;
	name[0] = '.';
	assert_true(domainset_add(set, name, HOSTNAME_MAX + 1));
	assert_true(domainset_add(set, name + 1, HOSTNAME_MAX));
	assert_true(domainset_contains(set, name + 1, HOSTNAME_MAX));
	name[0] = 'n';
	assert_false(domainset_add(set, name, HOSTNAME_MAX + 1));
	assert_false(domainset_contains(set, name, HOSTNAME_MAX + 1));
	assert_true(domainset_contains_literal(set, name + 1, HOSTNAME_MAX));
	assert_false(domainset_contains_literal(set, name, HOSTNAME_MAX + 1));
	free(name);
	domainset_free(&set);
}

static void
test_lines(void **state)
{
	static const struct {
		const char *text;
		size_t len;
		size_t size;
		const char *holds;
	} rows[] = {
		{ BYTES(""), 0, NULL },
		{ BYTES("\n\n\n"), 0, NULL },
		{ BYTES("one.test"), 1, "one.test" },
		{ BYTES("one.test\n"), 1, "one.test" },
		{ BYTES("one.test\r\n"), 1, "one.test" },
		{ BYTES("a.test\r\n\r\none.test\r\n"), 2, "one.test" },
		{ BYTES("  one.test\t \n"), 1, "one.test" },
		{ BYTES("# nothing but words\n"), 0, NULL },
		{ BYTES("   # nothing\none.test"), 1, "one.test" },
		{ BYTES("one.test # ours\n"), 1, "one.test" },
		{ BYTES("one.test#ours\n"), 1, "one.test" },
		{ BYTES(".one.test\n"), 1, "a.one.test" },
		{ BYTES("a.test\nb.test\none.test\n"), 3, "one.test" },
		{ BYTES("one.test\none.test\n"), 1, "one.test" },
		{ BYTES("#"), 0, NULL },
		{ BYTES("\r"), 0, NULL },
	};
	struct domainset *set;
	unsigned line;
	size_t i;
	char *copy;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		set = domainset_new();
		copy = unit_copy(rows[i].text, rows[i].len);
		unit_true(
		    rows[i].text, "taken", domainset_add_lines(set, copy, rows[i].len, &line));
		unit_int(rows[i].text, "size", (int)domainset_size(set), (int)rows[i].size);
		if (rows[i].holds != NULL)
			unit_true(rows[i].text, rows[i].holds, contains(set, rows[i].holds));
		free(copy);
		domainset_free(&set);
	}
	unit_end();
}

static void
test_bad_lines(void **state)
{
	static const struct {
		const char *text;
		size_t len;
		unsigned line;
	} rows[] = {
		{ BYTES("not a domain\n"), 1 },
		{ BYTES("one.test two.test\n"), 1 },
		{ BYTES("one.test\nuser@one.test\n"), 2 },
		{ BYTES("# words\n\none.test\n*.one.test\ntwo.test\n"), 4 },
		{ BYTES("one.test\r\n\r\n..\r\n"), 3 },
		{ BYTES("one.test\ntwo.test\n-=-"), 3 },
		{ BYTES("one.test\n.\n"), 2 },
		{ BYTES("one.test, # comma\n"), 1 },
		{ BYTES("one\0.test\n"), 1 },
		{ BYTES("a.test\nb.test\n\n\n\n\n\n\n\nx y\n"), 10 },
		{ BYTES("one\r.test\n"), 1 },
	};
	struct domainset *set;
	unsigned line;
	size_t i;
	char *copy;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		set = domainset_new();
		copy = unit_copy(rows[i].text, rows[i].len);
		unit_true(
		    rows[i].text, "refused", !domainset_add_lines(set, copy, rows[i].len, &line));
		unit_int(rows[i].text, "line", line, rows[i].line);
		free(copy);
		domainset_free(&set);
	}
	unit_end();
}

#define MANY 100000

static void
test_hundred_thousand(void **state)
{
	struct domainset *set = domainset_new();
	size_t size = MANY * 32, len = 0;
	char *text = unit_fill(' ', size), name[40];
	unsigned i, line;

	(void)state;
	for (i = 0; i < MANY; i++)
		len += (size_t)snprintf(
		    text + len, size - len, "%sdomain-%u.test\n", i % 2 == 0 ? "" : ".", i);
	assert_true(domainset_add_lines(set, text, len, &line));
	assert_int_equal(domainset_size(set), MANY);
	for (i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "Domain-%u.test", i);
		unit_int(name, "contained", contains(set, name), i % 2 == 0);
		snprintf(name, sizeof(name), "a.domain-%u.TEST", i);
		unit_int(name, "contained", contains(set, name), i % 2 == 1);
	}
	unit_true("domain-100000.test", "not contained", !contains(set, "domain-100000.test"));
	free(text);
	domainset_free(&set);
	unit_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exact),
		cmocka_unit_test(test_u_labels_are_a_labels),
		cmocka_unit_test(test_subdomains),
		cmocka_unit_test(test_domain_and_its_subdomains),
		cmocka_unit_test(test_literal_entries),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_empty_set),
		cmocka_unit_test(test_size_counts_an_entry_once),
		cmocka_unit_test(test_bad_entries),
		cmocka_unit_test(test_longest_names),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_bad_lines),
		cmocka_unit_test(test_hundred_thousand),
	};

	return cmocka_run_group_tests_name("domainset", tests, NULL, NULL);
}
