/* SPDX-License-Identifier: ISC */
#include "tests/unit/unit.h"

#include "common/hostname.h"

struct name_row {
	const char *name;
	size_t len;
	bool want;
};

static void
check_names(bool (*is_valid)(const char *, size_t), const struct name_row *rows, size_t n)
{
	size_t i;
	char *copy;

	for (i = 0; i < n; i++) {
		copy = unit_copy(rows[i].name, rows[i].len);
		unit_int(rows[i].name, "valid", is_valid(copy, rows[i].len), rows[i].want);
		free(copy);
	}
	unit_end();
}

static void
test_mail_domains(void **state)
{
	static const struct name_row rows[] = {
		{ BYTES("example.test"), true },
		{ BYTES("x"), true },
		{ BYTES("localhost"), true },
		{ BYTES("EXAMPLE.Test"), true },
		{ BYTES("mail-1.example.test"), true },
		{ BYTES("_dmarc.example.test"), true },
		{ BYTES("a_b.test"), true },
		{ BYTES("-odd-.test"), true },
		{ BYTES("192.0.2.1"), true },
		{ BYTES("1.2.3"), true },
		{ BYTES("b\303\274cher.test"), true },
		{ BYTES("\xff\x80.test"), true },
		{ BYTES("a.b.c.d.e.f.g.h.test"), true },
	};

	(void)state;
	check_names(hostname_is_mail_domain, rows, COUNT(rows));
}

static void
test_not_mail_domains(void **state)
{
	static const struct name_row rows[] = {
		{ BYTES(""), false },
		{ BYTES("."), false },
		{ BYTES(".."), false },
		{ BYTES(".example.test"), false },
		{ BYTES("example.test."), false },
		{ BYTES("example..test"), false },
		{ BYTES("exam ple.test"), false },
		{ BYTES(" example.test"), false },
		{ BYTES("example.test "), false },
		{ BYTES("[192.0.2.1]"), false },
		{ BYTES("[IPv6:2001:db8::1]"), false },
		{ BYTES("2001:db8::1"), false },
		{ BYTES("a@b.test"), false },
		{ BYTES("a=b.test"), false },
		{ BYTES("a+b.test"), false },
		{ BYTES("*.example.test"), false },
		{ BYTES("a/b.test"), false },
		{ BYTES("\"x\".test"), false },
		{ BYTES("x>.test"), false },
		{ BYTES("x\\y.test"), false },
		{ BYTES("x%y.test"), false },
		{ BYTES("example.test\n"), false },
		{ BYTES("example\0.test"), false },
		{ BYTES("\0"), false },
		{ BYTES("exam\x7fple.test"), false },
		{ BYTES("exam\tple.test"), false },
	};

	(void)state;
	check_names(hostname_is_mail_domain, rows, COUNT(rows));
}

static void
test_every_byte_in_a_mail_domain(void **state)
{
	char name[] = "a?b.test";
	bool want;
	int i;

	(void)state;
	for (i = 0; i < 256; i++) {
		name[1] = (char)i;
		want = i >= 0x80 || i == '.' || i == '-' || i == '_' || (i >= '0' && i <= '9') ||
		       (i >= 'a' && i <= 'z') || (i >= 'A' && i <= 'Z');
		unit_int(unit_row("a\\x%02xb.test", i), "valid",
		    hostname_is_mail_domain(name, sizeof(name) - 1), want);
	}
	unit_end();
}

/* make_long - a name of len bytes with labels of 49 letters */
static void
make_long(char *name, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		name[i] = i % 50 == 49 && i + 1 < len ? '.' : 'n';
	name[len] = '\0';
}

static void
test_lengths(void **state)
{
	char name[HOSTNAME_MAX + 2];

	(void)state;
	make_long(name, 253);
	unit_true("253 bytes", "mail domain", hostname_is_mail_domain(name, 253));
	unit_true("253 bytes", "fqdn", hostname_is_fqdn(name, 253));
	make_long(name, 254);
	unit_true("254 bytes", "no mail domain", !hostname_is_mail_domain(name, 254));
	unit_true("254 bytes", "no fqdn", !hostname_is_fqdn(name, 254));
	unit_end();
}

static void
test_fqdns(void **state)
{
	static const struct name_row rows[] = {
		{ BYTES("example.test"), true },
		{ BYTES("a.b"), true },
		{ BYTES("EXAMPLE.TEST"), true },
		{ BYTES("a-b.c--d.test"), true },
		{ BYTES("1.test"), true },
		{ BYTES("192.0.2.test"), true },
		{ BYTES("x.1a"), true },
		{ BYTES("x.1-2"), true },
		{ BYTES("xn--bcher-kva.test"), true },
		{ BYTES("a123456789012345678901234567890123456789012345678901234567890123.test"),
		    false },
		{ BYTES("a12345678901234567890123456789012345678901234567890123456789012.test"),
		    true },
		{ BYTES("x.a12345678901234567890123456789012345678901234567890123456789012"),
		    true },
	};

	(void)state;
	check_names(hostname_is_fqdn, rows, COUNT(rows));
}

static void
test_not_fqdns(void **state)
{
	static const struct name_row rows[] = {
		{ BYTES(""), false },
		{ BYTES("."), false },
		{ BYTES("localhost"), false },
		{ BYTES("example.test."), false },
		{ BYTES(".example.test"), false },
		{ BYTES("example..test"), false },
		{ BYTES("192.0.2.1"), false },
		{ BYTES("x.0"), false },
		{ BYTES("-x.test"), false },
		{ BYTES("x-.test"), false },
		{ BYTES("x.-test"), false },
		{ BYTES("x.test-"), false },
		{ BYTES("-.test"), false },
		{ BYTES("x_y.test"), false },
		{ BYTES("x y.test"), false },
		{ BYTES("b\303\274cher.test"), false },
		{ BYTES("x\0.test"), false },
		{ BYTES("[192.0.2.1]"), false },
		{ BYTES("x.test\n"), false },
		{ BYTES("x.test/y"), false },
		{ BYTES("x@y.test"), false },
	};

	(void)state;
	check_names(hostname_is_fqdn, rows, COUNT(rows));
}

static void
test_lower_case(void **state)
{
	static const char mixed[] = "ExAmPlE-1.TEST\xc3\x9c@Z[";
	char text[] = "ExAmPlE-1.TEST\xc3\x9c@Z[";

	(void)state;
	hostname_lower(text, sizeof(text) - 1);
	unit_text(mixed, "lower", text, "example-1.test\xc3\x9c@z[");
	memcpy(text, mixed, sizeof(text));
	hostname_lower(text, 2);
	unit_text(mixed, "two bytes", text, "exAmPlE-1.TEST\xc3\x9c@Z[");
	hostname_lower(text, 0);
	unit_text(mixed, "no byte", text, "exAmPlE-1.TEST\xc3\x9c@Z[");
	unit_end();
}

static void
test_within(void **state)
{
	static const struct {
		const char *name;
		const char *parent;
		bool want;
	} rows[] = {
		{ "example.test", "example.test", true },
		{ "EXAMPLE.test", "example.TEST", true },
		{ "a.example.test", "example.test", true },
		{ "b.a.Example.Test", "example.test", true },
		{ "notexample.test", "example.test", false },
		{ "example.test", "a.example.test", false },
		{ "xample.test", "example.test", false },
		{ "example.test.other.test", "example.test", false },
		{ "a-example.test", "example.test", false },
		{ ".example.test", "example.test", true },
		{ "example.testx", "example.test", false },
		{ "", "example.test", false },
	};
	char *name, *parent;
	size_t i, len, parent_len;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		len = strlen(rows[i].name);
		parent_len = strlen(rows[i].parent);
		name = unit_copy(rows[i].name, len);
		parent = unit_copy(rows[i].parent, parent_len);
		unit_int(rows[i].name, rows[i].parent,
		    hostname_is_within(name, len, parent, parent_len), rows[i].want);
		free(name);
		free(parent);
	}
	unit_end();
}

static void
test_length_without_dot(void **state)
{
	static const struct {
		const char *name;
		int want;
	} rows[] = {
		{ "example.test", 12 },
		{ "example.test.", 12 },
		{ "example.test..", 14 },
		{ "x.", 1 },
		{ ".", 1 },
		{ "..", 2 },
		{ "", 0 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++)
		unit_int(rows[i].name, "length",
		    (int)hostname_length(rows[i].name, strlen(rows[i].name)), rows[i].want);
	unit_int("no name", "length", (int)hostname_length(NULL, 0), 0);
	unit_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mail_domains),
		cmocka_unit_test(test_not_mail_domains),
		cmocka_unit_test(test_every_byte_in_a_mail_domain),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_fqdns),
		cmocka_unit_test(test_not_fqdns),
		cmocka_unit_test(test_lower_case),
		cmocka_unit_test(test_within),
		cmocka_unit_test(test_length_without_dot),
	};

	return cmocka_run_group_tests_name("hostname", tests, NULL, NULL);
}
