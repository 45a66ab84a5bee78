/* SPDX-License-Identifier: ISC */
#include "tests/unit/unit.h"

#include "common/siphash.h"

/* The key of the published vectors is the bytes 0 to 15, and their message the bytes from 0 on. */
static const struct siphash_key key = { 0x0706050403020100, 0x0f0e0d0c0b0a0908 };

/* The result for 15 bytes is in appendix A of the paper, the others in the reference code. */
static void
test_published_vectors(void **state)
{
	static const struct {
		size_t len;
		uint64_t want;
	} rows[] = {
		{ 0, 0x726fdb47dd0e0e31 },
		{ 1, 0x74f839c593dc67fd },
		{ 7, 0xab0200f58b01d137 },
		{ 8, 0x93f5f5799a932462 },
		{ 9, 0x9e0082df0ba9e4b0 },
		{ 15, 0xa129ca6149be45e5 },
		{ 16, 0x3f2acc7f57c29bdb },
		{ 63, 0x958a324ceb064572 },
	};
	unsigned char message[64];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(message); i++)
		message[i] = (unsigned char)i;
	for (i = 0; i < COUNT(rows); i++)
		unit_true(unit_row("%zu bytes", rows[i].len), "hash",
		    siphash(&key, message, rows[i].len) == rows[i].want);
	unit_end();
}

static void
test_data_is_null(void **state)
{
	(void)state;
	assert_true(siphash(&key, NULL, 0) == 0x726fdb47dd0e0e31);
}

static void
test_unaligned_data(void **state)
{
	unsigned char message[17];
	size_t i;

	(void)state;
	for (i = 0; i < 16; i++)
		message[i + 1] = (unsigned char)i;
	assert_true(siphash(&key, message + 1, 16) == 0x3f2acc7f57c29bdb);
}

static void
test_depends_on_the_key(void **state)
{
	const struct siphash_key first = { key.k0 + 1, key.k1 }, second = { key.k0, key.k1 + 1 };

	(void)state;
	assert_true(siphash(&first, BYTES("a")) != siphash(&key, BYTES("a")));
	assert_true(siphash(&second, BYTES("a")) != siphash(&key, BYTES("a")));
	assert_true(siphash(&second, BYTES("a")) != siphash(&first, BYTES("a")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_published_vectors),
		cmocka_unit_test(test_data_is_null),
		cmocka_unit_test(test_unaligned_data),
		cmocka_unit_test(test_depends_on_the_key),
	};

	return cmocka_run_group_tests_name("siphash", tests, NULL, NULL);
}
