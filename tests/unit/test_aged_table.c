/* SPDX-License-Identifier: ISC */
#include "tests/unit/unit.h"

#include "common/aged_table.h"
#include "common/xmalloc.h"

#define MAX 64

struct number_entry {
	struct aged_entry aged;
	unsigned number;
};

/* Numbers of the entries that were freed, in that order. */
struct freed {
	size_t n;
	unsigned number[4 * MAX];
};

static void
free_number(struct aged_entry *aged, void *context)
{
	struct number_entry *entry = (struct number_entry *)aged;
	struct freed *freed = context;

	if (freed->n < COUNT(freed->number))
		freed->number[freed->n] = entry->number;
	freed->n++;
	free(entry);
}

static bool
has_number(const struct aged_entry *aged, const void *key)
{
	return ((const struct number_entry *)aged)->number == *(const unsigned *)key;
}

/* find_number - with the number as its hash, unless another one is given */
static struct aged_entry *
find_hashed_number(const struct aged_table *table, unsigned number, uint32_t hash)
{
	return aged_table_find(table, hash, has_number, &number);
}

static struct aged_entry *
find_number(const struct aged_table *table, unsigned number)
{
	return find_hashed_number(table, number, number);
}

static void
add_hashed_number(struct aged_table *table, unsigned number, uint32_t hash)
{
	struct number_entry *entry = xmalloc(sizeof(*entry));

	memset(entry, 0xff, sizeof(*entry)); /* the table relies on no member */
	entry->number = number;
	aged_table_add(table, &entry->aged, hash);
}

static void
add_number(struct aged_table *table, unsigned number)
{
	add_hashed_number(table, number, number);
}

static void
add_numbers(struct aged_table *table, unsigned from, unsigned to)
{
	unsigned i;

	for (i = from; i < to; i++)
		add_number(table, i);
}

/* check_freed - these numbers, in this order, since the last call */
static void
check_freed(const char *row, struct freed *freed, const unsigned *want, size_t n)
{
	size_t i;

	unit_int(row, "freed", (int)freed->n, (int)n);
	for (i = 0; i < n && i < freed->n; i++)
		unit_int(row, unit_row("freed [%zu]", i), (int)freed->number[i], (int)want[i]);
	freed->n = 0;
}

#define CHECK_FREED(row, freed, ...)                               \
	check_freed(row, freed, (const unsigned[]){ __VA_ARGS__ }, \
	    sizeof((const unsigned[]){ __VA_ARGS__ }) / sizeof(unsigned))

static void
test_found_by_hash_and_key(void **state)
{
	struct freed freed = { 0 };
	struct aged_table *table = aged_table_new(MAX, AGED_HASH_UNKEYED, free_number, &freed);

	(void)state;
	assert_null(find_number(table, 1));
	assert_null(aged_table_oldest(table));
	add_number(table, 1);
	add_hashed_number(table, 2, 1);
	add_hashed_number(table, 3, 1 + MAX); /* the same bucket */
	assert_int_equal(aged_table_count(table), 3);
	assert_int_equal(((struct number_entry *)find_number(table, 1))->number, 1);
	assert_int_equal(((struct number_entry *)find_hashed_number(table, 2, 1))->number, 2);
	assert_non_null(find_hashed_number(table, 3, 1 + MAX));
	assert_null(find_number(table, 2));
	assert_null(find_hashed_number(table, 3, 1));
	assert_null(find_hashed_number(table, 1, 1 + MAX));
	assert_int_equal(freed.n, 0);
	aged_table_free(&table);
	assert_null(table);
	CHECK_FREED("free", &freed, 1, 2, 3);
	aged_table_free(&table);
	unit_end();
}

static void
test_removed(void **state)
{
	struct freed freed = { 0 };
	struct aged_table *table = aged_table_new(MAX, AGED_HASH_UNKEYED, free_number, &freed);

	(void)state;
	add_numbers(table, 0, 3);
	add_hashed_number(table, 9, 1);
	aged_table_remove(table, find_number(table, 1));
	CHECK_FREED("from a bucket of two", &freed, 1);
	assert_null(find_number(table, 1));
	assert_non_null(find_hashed_number(table, 9, 1));
	assert_int_equal(aged_table_count(table), 3);
	aged_table_remove(table, aged_table_oldest(table));
	CHECK_FREED("the oldest", &freed, 0);
	assert_ptr_equal(aged_table_oldest(table), find_number(table, 2));
	add_number(table, 1);
	assert_non_null(find_number(table, 1));
	aged_table_free(&table);
	CHECK_FREED("free", &freed, 2, 9, 1);
	unit_end();
}

static void
test_bounded(void **state)
{
	static const size_t rows[] = { 1, 2, 3, 10, MAX - 1, MAX };
	struct freed freed = { 0 };
	struct aged_table *table;
	unsigned i, j;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		table = aged_table_new(rows[i], AGED_HASH_UNKEYED, free_number, &freed);
		add_numbers(table, 0, (unsigned)rows[i]);
		unit_int(unit_row("max %zu", rows[i]), "freed", (int)freed.n, 0);
		add_numbers(table, (unsigned)rows[i], (unsigned)rows[i] + 5);
		CHECK_FREED(unit_row("max %zu", rows[i]), &freed, 0, 1, 2, 3, 4);
		unit_int(unit_row("max %zu", rows[i]), "count", (int)aged_table_count(table),
		    (int)rows[i]);
		for (j = 0; j < rows[i] + 5; j++)
			unit_int(unit_row("max %zu", rows[i]), unit_row("found %u", j),
			    find_number(table, j) != NULL, j >= 5);
		aged_table_free(&table);
		freed.n = 0;
	}
	unit_end();
}

static void
test_lookup_does_not_change_ages(void **state)
{
	struct freed freed = { 0 };
	struct aged_table *table = aged_table_new(4, AGED_HASH_UNKEYED, free_number, &freed);

	(void)state;
	add_numbers(table, 0, 4);
	assert_non_null(find_number(table, 0));
	add_number(table, 4);
	CHECK_FREED("full", &freed, 0);
	aged_table_free(&table);
	unit_end();
}

static void
test_second_chance(void **state)
{
	struct freed freed = { 0 };
	struct aged_table *table = aged_table_new(4, AGED_HASH_UNKEYED, free_number, &freed);

	(void)state;
	add_numbers(table, 0, 4);
	find_number(table, 0)->second_chance = true;
	find_number(table, 1)->second_chance = true;
	find_number(table, 3)->second_chance = true;
	add_number(table, 4);
	CHECK_FREED("0 and 1 move back", &freed, 2);
	add_number(table, 5);
	CHECK_FREED("3 moves back", &freed, 0);
	add_numbers(table, 6, 10);
	CHECK_FREED("no third chance", &freed, 1, 4, 3, 5);
	aged_table_free(&table);
	unit_end();
}

/*
 * If all entries have a second chance, the oldest one is removed all the same, and the new one
 * stays.
 */
static void
test_second_chance_for_all(void **state)
{
	struct freed freed = { 0 };
	struct aged_table *table = aged_table_new(4, AGED_HASH_UNKEYED, free_number, &freed);
	unsigned i;

	(void)state;
	add_numbers(table, 0, 4);
	for (i = 0; i < 4; i++)
		find_number(table, i)->second_chance = true;
	add_number(table, 4);
	CHECK_FREED("full", &freed, 0);
	assert_non_null(find_number(table, 4));
	aged_table_free(&table);
	CHECK_FREED("free", &freed, 1, 2, 3, 4);
	unit_end();
}

static void
test_evict(void **state)
{
	struct freed freed = { 0 };
	struct aged_table *table = aged_table_new(4, AGED_HASH_UNKEYED, free_number, &freed);

	(void)state;
	assert_false(aged_table_evict(table));
	add_numbers(table, 0, 2);
	find_number(table, 0)->second_chance = true;
	assert_true(aged_table_evict(table));
	CHECK_FREED("0 moves back", &freed, 1);
	find_number(table, 0)->second_chance = true;
	assert_true(aged_table_evict(table));
	CHECK_FREED("0 is the only one", &freed, 0);
	assert_false(aged_table_evict(table));
	assert_int_equal(aged_table_count(table), 0);
	aged_table_free(&table);
	unit_end();
}

/* Keys that collide remove each other, and no others. A second chance does not protect them. */
static void
test_unkeyed_collisions(void **state)
{
	struct freed freed = { 0 };
	struct aged_table *table = aged_table_new(MAX, AGED_HASH_UNKEYED, free_number, &freed);
	unsigned i;

	(void)state;
	add_number(table, 7);
	for (i = 0; i < AGED_COLLISIONS_MAX; i++)
		add_hashed_number(table, 100 + i, i % 2 == 0 ? 8 : 8 + MAX);
	unit_int("as many as may collide", "freed", (int)freed.n, 0);
	find_hashed_number(table, 100, 8)->second_chance = true;
	add_hashed_number(table, 200, 8);
	CHECK_FREED("one more", &freed, 100);
	add_hashed_number(table, 201, 8 + MAX);
	CHECK_FREED("another hash in the same bucket", &freed, 101);
	assert_non_null(find_number(table, 7));
	assert_int_equal(aged_table_count(table), 1 + AGED_COLLISIONS_MAX);
	aged_table_free(&table);
	unit_end();
}

/* With a keyed hash, collisions are chance, and remove nothing. */
static void
test_keyed_collisions(void **state)
{
	struct freed freed = { 0 };
	struct aged_table *table = aged_table_new(MAX, AGED_HASH_KEYED, free_number, &freed);
	unsigned i;

	(void)state;
	for (i = 0; i < MAX; i++)
		add_hashed_number(table, i, 8);
	unit_int("full", "freed", (int)freed.n, 0);
	for (i = 0; i < MAX; i++)
		unit_true("full", unit_row("%u", i), find_hashed_number(table, i, 8) != NULL);
	add_hashed_number(table, MAX, 8);
	CHECK_FREED("one more", &freed, 0);
	aged_table_free(&table);
	unit_end();
}

/* The caller expires entries: those that were added first, until one is not over. */
static void
test_expired_by_the_caller(void **state)
{
	struct freed freed = { 0 };
	struct aged_table *table = aged_table_new(MAX, AGED_HASH_KEYED, free_number, &freed);
	struct aged_entry *oldest;

	(void)state;
	add_numbers(table, 0, 10);
	while ((oldest = aged_table_oldest(table)) != NULL &&
	       ((struct number_entry *)oldest)->number < 3)
		aged_table_remove(table, oldest);
	CHECK_FREED("expired", &freed, 0, 1, 2);
	assert_int_equal(aged_table_count(table), 7);
	aged_table_free(&table);
	unit_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_found_by_hash_and_key),
		cmocka_unit_test(test_removed),
		cmocka_unit_test(test_bounded),
		cmocka_unit_test(test_lookup_does_not_change_ages),
		cmocka_unit_test(test_second_chance),
		cmocka_unit_test(test_second_chance_for_all),
		cmocka_unit_test(test_evict),
		cmocka_unit_test(test_unkeyed_collisions),
		cmocka_unit_test(test_keyed_collisions),
		cmocka_unit_test(test_expired_by_the_caller),
	};

	return cmocka_run_group_tests_name("aged_table", tests, NULL, NULL);
}
