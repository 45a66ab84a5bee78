/* SPDX-License-Identifier: ISC */
#include "tests/unit/unit.h"

#include "common/aged_table.h"
#include "common/hash.h"

/* The same bytes have the same hash at any address. */
static void
test_alignment(void **state)
{
	static const char bytes[] = "0123456789abcdef0123456789abcdef";
	char copy[sizeof(bytes) + 16];
	size_t len, shift;

	(void)state;
	for (len = 0; len < sizeof(bytes); len++) {
		for (shift = 0; shift < 16; shift++) {
			memcpy(copy + shift, bytes, len);
			unit_true("equal", unit_row("%zu bytes at %zu", len, shift),
			    hash_bytes(HASH_BEGIN, copy + shift, len) ==
				hash_bytes(HASH_BEGIN, bytes, len));
		}
	}
	unit_end();
}

/* Every byte counts, and so do the length and the start. */
static void
test_any_difference(void **state)
{
	char bytes[40] = "";
	uint32_t hash;
	size_t len, i;

	(void)state;
	for (len = 0; len < sizeof(bytes); len++) {
		hash = hash_bytes(HASH_BEGIN, bytes, len);
		unit_true(
		    "length", unit_row("%zu", len), hash != hash_bytes(HASH_BEGIN, bytes, len + 1));
		unit_true("start", unit_row("%zu", len), hash != hash_bytes(hash, bytes, len));
		for (i = 0; i < len; i++) {
			bytes[i] ^= 0x40;
			unit_true("byte", unit_row("%zu of %zu", i, len),
			    hash != hash_bytes(HASH_BEGIN, bytes, len));
			bytes[i] ^= 0x40;
		}
	}
	assert_int_equal(hash_bytes(7, NULL, 0), hash_bytes(7, "", 0));
	unit_end();
}

#define BUCKETS 4096

/* Names that differ in a number fill the buckets evenly: a full table removes none of them. */
static void
test_buckets(void **state)
{
	static const char *const forms[] = { "d%zu.test", "mx.customer%zu.example.com", "%zu",
		"%06zu", "a-very-long-local-part-of-a-newsletter+%zu" };
	unsigned n[BUCKETS], most;
	uint32_t bucket;
	char name[80];
	size_t form, i;
	int len;

	(void)state;
	for (form = 0; form < COUNT(forms); form++) {
		memset(n, 0, sizeof(n));
		most = 0;
		for (i = 0; i < 2 * BUCKETS; i++) {
			len = snprintf(name, sizeof(name), forms[form], i);
			bucket = hash_bytes(HASH_BEGIN, name, (size_t)len) % BUCKETS;
			if (++n[bucket] > most)
				most = n[bucket];
		}
		unit_true(
		    forms[form], unit_row("%u in a bucket", most), most <= AGED_COLLISIONS_MAX);
	}
	unit_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_alignment),
		cmocka_unit_test(test_any_difference),
		cmocka_unit_test(test_buckets),
	};

	return cmocka_run_group_tests_name("hash", tests, NULL, NULL);
}
