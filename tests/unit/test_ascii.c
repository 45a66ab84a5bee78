/* SPDX-License-Identifier: ISC */
#include "tests/unit/unit.h"

#include "common/ascii.h"

static const char digits[] = "0123456789";
static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
static const char marks[] = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";

static bool
is_in(const char *set, char c)
{
	return c != '\0' && strchr(set, c) != NULL;
}

/* Each class is compared for all 256 values of a char. */
#define FOR_EACH_CHAR(c, i) for (i = 0, c = '\0'; i < 256; i++, c = (char)i)

static void
test_digits(void **state)
{
	int i;
	char c;

	(void)state;
	FOR_EACH_CHAR(c, i)
	unit_int(unit_row("\\x%02x", i), "digit", ascii_isdigit(c), is_in(digits, c));
	unit_end();
}

static void
test_letters(void **state)
{
	int i;
	char c;

	(void)state;
	FOR_EACH_CHAR(c, i)
	unit_int(unit_row("\\x%02x", i), "letter", ascii_isalpha(c), is_in(letters, c));
	unit_end();
}

static void
test_letters_and_digits(void **state)
{
	int i;
	char c;

	(void)state;
	FOR_EACH_CHAR(c, i)
	unit_int(unit_row("\\x%02x", i), "alnum", ascii_isalnum(c),
	    is_in(letters, c) || is_in(digits, c));
	unit_end();
}

static void
test_control_characters(void **state)
{
	int i;
	char c;

	(void)state;
	FOR_EACH_CHAR(c, i)
	unit_int(unit_row("\\x%02x", i), "control", ascii_iscntrl(c), i < 32 || i == 127);
	unit_end();
}

static void
test_visible_characters(void **state)
{
	int i;
	char c;

	(void)state;
	FOR_EACH_CHAR(c, i)
	unit_int(unit_row("\\x%02x", i), "visible", ascii_isgraph(c),
	    is_in(letters, c) || is_in(digits, c) || is_in(marks, c));
	unit_end();
}

static void
test_lower_case(void **state)
{
	int i;
	char c;

	(void)state;
	FOR_EACH_CHAR(c, i)
	unit_int(
	    unit_row("\\x%02x", i), "lower", ascii_tolower(c), i >= 'A' && i <= 'Z' ? c + 32 : c);
	unit_end();
}

static void
test_hexadecimal_digits(void **state)
{
	static const char hex[] = "0123456789abcdefABCDEF";
	int i, want;
	char c;

	(void)state;
	FOR_EACH_CHAR(c, i)
	{
		want = is_in(hex, c) ? (int)(strchr(hex, c) - hex) : -1;
		unit_int(
		    unit_row("\\x%02x", i), "value", ascii_hex(c), want > 15 ? want - 6 : want);
	}
	unit_end();
}

/* Every length, and a byte above 0x7f at every place of it. */
static void
test_ascii_only(void **state)
{
	char text[40], *copy;
	size_t len, i;

	(void)state;
	memset(text, 0x7f, sizeof(text));
	for (len = 0; len <= sizeof(text); len++) {
		copy = unit_copy(text, len);
		unit_true(unit_row("%zu bytes", len), "are ASCII", ascii_only(copy, len));
		for (i = 0; i < len; i++) {
			copy[i] = (char)0x80;
			unit_true(unit_row("%zu bytes, one of them above 0x7f", len), "are not",
			    !ascii_only(copy, len));
			copy[i] = 0;
		}
		free(copy);
	}
	unit_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_digits),
		cmocka_unit_test(test_letters),
		cmocka_unit_test(test_letters_and_digits),
		cmocka_unit_test(test_control_characters),
		cmocka_unit_test(test_visible_characters),
		cmocka_unit_test(test_lower_case),
		cmocka_unit_test(test_hexadecimal_digits),
		cmocka_unit_test(test_ascii_only),
	};

	return cmocka_run_group_tests_name("ascii", tests, NULL, NULL);
}
