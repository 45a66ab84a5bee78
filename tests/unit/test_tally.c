/* SPDX-License-Identifier: ISC */
#include "tests/unit/hash_key.h"

#include "common/tally.h"

#define NOW 1700000000

static void
test_counts_each_key(void **state)
{
	struct tally *tally = tally_new(10, 60);

	(void)state;
	assert_int_equal(tally_get(tally, BYTES("a"), NOW), 0);
	assert_int_equal(tally_keys(tally), 0);
	assert_int_equal(tally_add(tally, BYTES("a"), NOW), 1);
	assert_int_equal(tally_add(tally, BYTES("a"), NOW), 2);
	assert_int_equal(tally_add(tally, BYTES("b"), NOW), 1);
	assert_int_equal(tally_add(tally, BYTES("a\0"), NOW), 1);
	assert_int_equal(tally_add(tally, BYTES("A"), NOW), 1);
	assert_int_equal(tally_get(tally, BYTES("a"), NOW), 2);
	assert_int_equal(tally_get(tally, BYTES("a"), NOW), 2);
	assert_int_equal(tally_get(tally, BYTES("c"), NOW), 0);
	assert_int_equal(tally_keys(tally), 4);
	tally_free(&tally);
	assert_null(tally);
	tally_free(&tally);
}

static void
test_key_is_copied(void **state)
{
	struct tally *tally = tally_new(10, 60);
	char key[] = "key";

	(void)state;
	assert_int_equal(tally_add(tally, key, 3, NOW), 1);
	key[0] = 'x';
	assert_int_equal(tally_add(tally, BYTES("key"), NOW), 2);
	tally_free(&tally);
}

static void
test_taken_back(void **state)
{
	struct tally *tally = tally_new(10, 60);

	(void)state;
	tally_take_back(tally, BYTES("a"), NOW);
	assert_int_equal(tally_add(tally, BYTES("a"), NOW), 1);
	assert_int_equal(tally_add(tally, BYTES("a"), NOW), 2);
	tally_take_back(tally, BYTES("a"), NOW);
	assert_int_equal(tally_get(tally, BYTES("a"), NOW), 1);
	tally_take_back(tally, BYTES("a"), NOW);
	assert_int_equal(tally_get(tally, BYTES("a"), NOW), 0);
	assert_int_equal(tally_keys(tally), 0);
	tally_take_back(tally, BYTES("a"), NOW);
	assert_int_equal(tally_add(tally, BYTES("a"), NOW), 1);
	tally_take_back(tally, BYTES("a"), NOW + 60);
	assert_int_equal(tally_add(tally, BYTES("a"), NOW + 60), 1);
	tally_free(&tally);
}

/* The window begins with the first event, and later ones do not make it longer. */
static void
test_window(void **state)
{
	struct tally *tally = tally_new(10, 60);

	(void)state;
	assert_int_equal(tally_add(tally, BYTES("a"), NOW), 1);
	assert_int_equal(tally_add(tally, BYTES("a"), NOW + 59), 2);
	assert_int_equal(tally_get(tally, BYTES("a"), NOW + 59), 2);
	assert_int_equal(tally_get(tally, BYTES("a"), NOW + 60), 0);
	assert_int_equal(tally_add(tally, BYTES("a"), NOW + 60), 1);
	assert_int_equal(tally_add(tally, BYTES("a"), NOW + 119), 2);
	assert_int_equal(tally_add(tally, BYTES("a"), NOW + 120), 1);
	tally_free(&tally);
}

static void
test_expired_keys_make_room(void **state)
{
	struct tally *tally = tally_new(10, 60);

	(void)state;
	tally_add(tally, BYTES("a"), NOW);
	tally_add(tally, BYTES("b"), NOW + 30);
	tally_add(tally, BYTES("c"), NOW + 61);
	assert_int_equal(tally_keys(tally), 2);
	tally_add(tally, BYTES("d"), NOW + 1000);
	assert_int_equal(tally_keys(tally), 1);
	tally_free(&tally);
}

static void
test_clock_goes_backwards(void **state)
{
	struct tally *tally = tally_new(10, 60);

	(void)state;
	assert_int_equal(tally_add(tally, BYTES("a"), NOW), 1);
	assert_int_equal(tally_get(tally, BYTES("a"), NOW - 1000), 0);
	assert_int_equal(tally_add(tally, BYTES("a"), NOW - 1000), 1);
	assert_int_equal(tally_add(tally, BYTES("a"), NOW - 999), 2);
	assert_int_equal(tally_get(tally, BYTES("a"), NOW - 940), 0);
	tally_free(&tally);
}

static void
test_bounded(void **state)
{
	struct tally *tally = tally_new(100, 60);
	int i;

	(void)state;
	for (i = 0; i < 100; i++)
		assert_int_equal(tally_add(tally, &i, sizeof(i), NOW), 1);
	for (i = 0; i < 100; i++)
		assert_int_equal(tally_add(tally, &i, sizeof(i), NOW), 2);
	for (i = 100; i < 150; i++)
		assert_int_equal(tally_add(tally, &i, sizeof(i), NOW), 1);
	assert_int_equal(tally_keys(tally), 100);
	for (i = 0; i < 150; i++)
		unit_int(unit_row("%d", i), "count", tally_get(tally, &i, sizeof(i), NOW),
		    i < 50    ? 0
		    : i < 100 ? 2
			      : 1);
	tally_free(&tally);
	unit_end();
}

/* Keys that were computed to collide with another key do not remove its count. */
static void
test_chosen_collisions(void **state)
{
	struct tally *tally = tally_new(1000, 60);
	uint32_t wanted = hash_bytes(HASH_BEGIN, BYTES("victim"));
	unsigned i, n = 0;

	(void)state;
	tally_add(tally, BYTES("victim"), NOW);
	for (i = 0; n < 100; i++) {
		if ((hash_bytes(HASH_BEGIN, (const char *)&i, sizeof(i)) ^ wanted) % 1024 != 0)
			continue;
		tally_add(tally, &i, sizeof(i), NOW);
		n++;
	}
	assert_int_equal(tally_keys(tally), 101);
	assert_int_equal(tally_get(tally, BYTES("victim"), NOW), 1);
	tally_free(&tally);
}

/* A client cannot compute colliding keys: each table has a hash of its own. */
static void
test_own_hash(void **state)
{
	struct tally *one = tally_new(10, 60), *other = tally_new(10, 60);
	struct siphash_key key;

	(void)state;
	tally_add(one, BYTES("a"), NOW);
	key = hash_key_last;
	tally_add(other, BYTES("a"), NOW);
	hash_key_check(key);
	tally_free(&one);
	tally_free(&other);
}

static void
test_equal_hashes(void **state)
{
	struct tally *tally = tally_new(10, 60);

	(void)state;
	hash_key_collides = true;
	assert_int_equal(tally_add(tally, BYTES("ab"), NOW), 1);
	assert_int_equal(tally_add(tally, BYTES("ac"), NOW), 1);
	assert_int_equal(tally_add(tally, BYTES("a"), NOW), 1);
	assert_int_equal(tally_add(tally, BYTES("abc"), NOW), 1);
	assert_int_equal(tally_add(tally, BYTES("ab"), NOW), 2);
	assert_int_equal(tally_keys(tally), 4);
	hash_key_collides = false;
	tally_free(&tally);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counts_each_key),
		cmocka_unit_test(test_key_is_copied),
		cmocka_unit_test(test_taken_back),
		cmocka_unit_test(test_window),
		cmocka_unit_test(test_expired_keys_make_room),
		cmocka_unit_test(test_clock_goes_backwards),
		cmocka_unit_test(test_bounded),
		cmocka_unit_test(test_chosen_collisions),
		cmocka_unit_test(test_own_hash),
		cmocka_unit_test(test_equal_hashes),
	};

	return cmocka_run_group_tests_name("tally", tests, NULL, NULL);
}
