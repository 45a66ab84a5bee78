/* SPDX-License-Identifier: ISC */
#include "tests/unit/unit.h"

#include "common/idna.h"

struct name_row {
	const char *name;
	const char *want;
};

static size_t
to_ascii(char ascii[HOSTNAME_MAX + 1], const char *name, size_t len)
{
	char *copy = unit_copy(name, len);
	size_t n;

	memset(ascii, 'x', HOSTNAME_MAX + 1);
	n = idna_to_ascii(ascii, copy, len);
	free(copy);
	return n;
}

static void
check_names(const struct name_row *rows, size_t n)
{
	char ascii[HOSTNAME_MAX + 1];
	size_t i, len;

	for (i = 0; i < n; i++) {
		len = to_ascii(ascii, rows[i].name, strlen(rows[i].name));
		unit_text(rows[i].name, "A-labels", ascii, rows[i].want);
		unit_int(rows[i].name, "length", (int)len, (int)strlen(rows[i].want));
	}
	unit_end();
}

static void
test_ascii_stays(void **state)
{
	static const struct name_row rows[] = {
		{ "example.test", "example.test" },
		{ "EXAMPLE.Test", "EXAMPLE.Test" },
		{ "xn--bcher-kva.test", "xn--bcher-kva.test" },
		{ "_spf.example.test", "_spf.example.test" },
		{ "a..b", "a..b" },
		{ "[192.0.2.1]", "[192.0.2.1]" },
		{ "with space", "with space" },
		{ "x", "x" },
	};

	(void)state;
	check_names(rows, COUNT(rows));
}

static void
test_u_labels(void **state)
{
	static const struct name_row rows[] = {
		{ "b\303\274cher.test", "xn--bcher-kva.test" },
		{ "mail.b\303\274cher.test", "mail.xn--bcher-kva.test" },
		{ "fa\303\237.test", "xn--fa-hia.test" },
		{ "\346\227\245\346\234\254.test", "xn--wgv71a.test" },
		{ "\320\277\320\276\321\207\321\202\320\260.test", "xn--80a1acny.test" },
	};

	(void)state;
	check_names(rows, COUNT(rows));
}

static void
test_no_names(void **state)
{
	static const struct {
		const char *name;
		size_t len;
	} rows[] = {
		{ BYTES("") },
		{ BYTES("\377.test") },
		{ BYTES("\303.test") },
		{ BYTES("b\303\274cher\200.test") },
		{ BYTES("\355\240\200.test") },
		{ BYTES("example\0.test") },
		{ BYTES("b\303\274cher\0.test") },
		{ BYTES("\314\201x.test") },
	};
	char ascii[HOSTNAME_MAX + 1];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		unit_int(
		    rows[i].name, "length", (int)to_ascii(ascii, rows[i].name, rows[i].len), 0);
		unit_text(rows[i].name, "text", ascii, "");
	}
	unit_end();
}

static void
test_lengths(void **state)
{
	char ascii[HOSTNAME_MAX + 1], *name = unit_fill('n', 254), wide[HOSTNAME_MAX] = "";
	int i;

	(void)state;
	assert_int_equal(to_ascii(ascii, name, 253), 253);
	assert_int_equal(to_ascii(ascii, name, 254), 0);
	assert_string_equal(ascii, "");
	/* 80 times three bytes, but nine in A-labels. */
	for (i = 0; i < 80; i++)
		strcat(wide, "\303\274.");
	strcat(wide, "test");
	assert_int_equal(to_ascii(ascii, wide, strlen(wide)), 0);
	assert_string_equal(ascii, "");
	free(name);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ascii_stays),
		cmocka_unit_test(test_u_labels),
		cmocka_unit_test(test_no_names),
		cmocka_unit_test(test_lengths),
	};

	return cmocka_run_group_tests_name("idna", tests, NULL, NULL);
}
