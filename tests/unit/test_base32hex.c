/* SPDX-License-Identifier: ISC */
/* The texts were computed with Python's base64.b32hexencode. */
#include "tests/unit/unit.h"

#include "common/base32hex.h"

static void
test_encode(void **state)
{
	static const struct {
		const char *raw;
		size_t len;
		const char *want;
	} rows[] = {
		{ BYTES(""), "" },
		{ BYTES("fooba"), "CPNMUOJ1" },
		{ BYTES("\0\0\0\0\0"), "00000000" },
		{ BYTES("\xff\xff\xff\xff\xff"), "VVVVVVVV" },
		{ BYTES("\x00\x44\x32\x14\xc7"), "01234567" },
		{ BYTES("\x42\x54\xb6\x35\xcf"), "89ABCDEF" },
		{ BYTES("\x84\x65\x3a\x56\xd7"), "GHIJKLMN" },
		{ BYTES("\xc6\x75\xbe\x77\xdf"), "OPQRSTUV" },
		{ BYTES("foobarbaz0"), "CPNMUOJ1E9H62UHG" },
		{ BYTES("\x01\0\0\0\0\0\0\0\0\x80"), "0400000000000040" },
	};
	size_t i, len;
	char *copy, *text;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		copy = unit_copy(rows[i].raw, rows[i].len);
		len = BASE32HEX_LEN(rows[i].len);
		text = malloc(len + 1);
		base32hex_encode(text, (const unsigned char *)copy, rows[i].len);
		unit_bytes(
		    unit_row("row %zu", i), "text", text, len, rows[i].want, strlen(rows[i].want));
		free(copy);
		free(text);
	}
	unit_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_encode),
	};

	return cmocka_run_group_tests_name("base32hex", tests, NULL, NULL);
}
