/* SPDX-License-Identifier: ISC */
#include "tests/unit/hash_collision.h"

#include "common/hostname.h"
#include "spf/dns/dns_cache.h"

/* keep - put an answer with one text into the cache */
static void
keep(struct dns_cache *cache, const char *name, enum dns_type type, const char *text, uint32_t ttl,
    uint64_t now)
{
	struct dns_answer *answer = dns_answer_new(DNS_FOUND);

	answer->ttl = ttl;
	dns_answer_add(answer, NULL, 0, text, strlen(text));
	dns_cache_put(cache, name, type, answer, now);
	dns_answer_unref(&answer);
}

/* check_found - the text that is kept, or NULL */
static void
check_found(
    struct dns_cache *cache, const char *name, enum dns_type type, uint64_t now, const char *want)
{
	struct dns_answer *answer = dns_cache_find(cache, name, type, now);

	unit_text(name, unit_row("%s at %llu", dns_type_name(type), (unsigned long long)now),
	    answer == NULL ? NULL : answer->rr[0].data, want);
	dns_answer_unref(&answer);
}

static void
test_name_and_type(void **state)
{
	struct dns_cache *cache = dns_cache_new();

	(void)state;
	keep(cache, "a.test", DNS_TXT, "text of a", 60, 1000);
	keep(cache, "a.test", DNS_MX, "mx of a", 60, 1000);
	keep(cache, "b.test", DNS_TXT, "text of b", 60, 1000);
	check_found(cache, "a.test", DNS_TXT, 1000, "text of a");
	check_found(cache, "a.test", DNS_MX, 1000, "mx of a");
	check_found(cache, "b.test", DNS_TXT, 1000, "text of b");
	check_found(cache, "b.test", DNS_MX, 1000, NULL);
	check_found(cache, "c.test", DNS_TXT, 1000, NULL);
	check_found(cache, "a.tes", DNS_TXT, 1000, NULL);
	unit_int("all", "count", (int)dns_cache_count(cache), 3);
	dns_cache_free(&cache);
	assert_null(cache);
	dns_cache_free(&cache);
	unit_end();
}

static void
test_time_to_live(void **state)
{
	struct dns_cache *cache = dns_cache_new();

	(void)state;
	keep(cache, "a.test", DNS_TXT, "a", 60, 1000);
	check_found(cache, "a.test", DNS_TXT, 1059, "a");
	check_found(cache, "a.test", DNS_TXT, 1060, NULL);
	unit_int("expired", "count", (int)dns_cache_count(cache), 0);
	keep(cache, "b.test", DNS_TXT, "b", 1, 2000);
	check_found(cache, "b.test", DNS_TXT, 2000, "b");
	check_found(cache, "b.test", DNS_TXT, 2001, NULL);
	dns_cache_free(&cache);
	unit_end();
}

static void
test_longest_time_to_live(void **state)
{
	struct dns_cache *cache = dns_cache_new();

	(void)state;
	keep(cache, "a.test", DNS_TXT, "a", UINT32_MAX, 1000);
	check_found(cache, "a.test", DNS_TXT, 1000 + 86399, "a");
	check_found(cache, "a.test", DNS_TXT, 1000 + 86400, NULL);
	dns_cache_free(&cache);
	unit_end();
}

static void
test_not_kept(void **state)
{
	struct dns_cache *cache = dns_cache_new();
	struct dns_answer *late = dns_answer_new_error(DNS_LATE);
	struct dns_answer *saturated = dns_answer_new_error(DNS_SATURATED);

	(void)state;
	late->ttl = saturated->ttl = 60;
	dns_cache_put(cache, "a.test", DNS_TXT, late, 1000);
	dns_cache_put(cache, "c.test", DNS_TXT, saturated, 1000);
	dns_answer_unref(&late);
	dns_answer_unref(&saturated);
	keep(cache, "b.test", DNS_TXT, "b", 0, 1000);
	assert_int_equal(dns_cache_count(cache), 0);
	assert_null(dns_cache_find(cache, "a.test", DNS_TXT, 1000));
	assert_null(dns_cache_find(cache, "c.test", DNS_TXT, 1000));
	assert_null(dns_cache_find(cache, "b.test", DNS_TXT, 1000));
	dns_cache_free(&cache);
}

/* An error of the DNS is kept for a moment, whatever its TTL, and takes the place of an answer. */
static void
test_errors(void **state)
{
	struct dns_cache *cache = dns_cache_new();
	struct dns_answer *error = dns_answer_new_error(DNS_FAILED), *found;

	(void)state;
	error->ttl = 60;
	keep(cache, "a.test", DNS_TXT, "a", 600, 1000);
	dns_cache_put(cache, "a.test", DNS_TXT, error, 1000);
	found = dns_cache_find(cache, "a.test", DNS_TXT, 1000 + DNS_CACHE_ERROR_TTL - 1);
	assert_ptr_equal(found, error);
	dns_answer_unref(&found);
	assert_null(dns_cache_find(cache, "a.test", DNS_TXT, 1000 + DNS_CACHE_ERROR_TTL));
	dns_answer_unref(&error);
	dns_cache_free(&cache);
}

static void
test_void_answers_are_kept(void **state)
{
	struct dns_cache *cache = dns_cache_new();
	struct dns_answer *answer = dns_answer_new(DNS_VOID);

	(void)state;
	answer->ttl = 60;
	dns_cache_put(cache, "a.test", DNS_A, answer, 1000);
	dns_answer_unref(&answer);
	answer = dns_cache_find(cache, "a.test", DNS_A, 1059);
	assert_non_null(answer);
	assert_int_equal(answer->status, DNS_VOID);
	dns_answer_unref(&answer);
	dns_cache_free(&cache);
}

static void
test_newer_answer_replaces(void **state)
{
	struct dns_cache *cache = dns_cache_new();

	(void)state;
	keep(cache, "a.test", DNS_TXT, "old", 60, 1000);
	keep(cache, "a.test", DNS_TXT, "new", 60, 1030);
	check_found(cache, "a.test", DNS_TXT, 1080, "new");
	unit_int("a.test", "count", (int)dns_cache_count(cache), 1);
	keep(cache, "a.test", DNS_TXT, "none", 0, 1081);
	check_found(cache, "a.test", DNS_TXT, 1081, NULL);
	dns_cache_free(&cache);
	unit_end();
}

/* An answer that is in use outlives the cache. */
static void
test_references(void **state)
{
	struct dns_cache *cache = dns_cache_new();
	struct dns_answer *answer;

	(void)state;
	keep(cache, "a.test", DNS_TXT, "text", 60, 1000);
	answer = dns_cache_find(cache, "a.test", DNS_TXT, 1000);
	dns_cache_free(&cache);
	assert_string_equal(answer->rr[0].data, "text");
	dns_answer_unref(&answer);
}

static void
keep_numbered(struct dns_cache *cache, unsigned number, const char *text)
{
	char name[40];

	snprintf(name, sizeof(name), "n%u.test", number);
	keep(cache, name, DNS_TXT, text, 3600, 1000);
}

static void
test_bounded_in_number(void **state)
{
	struct dns_cache *cache = dns_cache_new();
	char last[40];
	unsigned i;

	(void)state;
	for (i = 0; i < DNS_CACHE_ENTRIES; i++)
		keep_numbered(cache, i, "x");
	unit_int("full", "count", (int)dns_cache_count(cache), DNS_CACHE_ENTRIES);
	check_found(cache, "n0.test", DNS_TXT, 1001, "x"); /* is used, so it stays */
	keep_numbered(cache, i, "x");
	unit_int("over", "count", (int)dns_cache_count(cache), DNS_CACHE_ENTRIES);
	check_found(cache, "n0.test", DNS_TXT, 1001, "x");
	check_found(cache, "n1.test", DNS_TXT, 1001, NULL);
	check_found(cache, "n2.test", DNS_TXT, 1001, "x");
	snprintf(last, sizeof(last), "n%u.test", i);
	check_found(cache, last, DNS_TXT, 1001, "x");
	dns_cache_free(&cache);
	unit_end();
}

static void
test_bounded_in_bytes(void **state)
{
	struct dns_cache *cache = dns_cache_new();
	char *text = unit_fill('t', 60000);
	unsigned i;

	(void)state;
	for (i = 0; i < 1000; i++)
		keep_numbered(cache, i, text);
	assert_in_range(dns_cache_count(cache), DNS_CACHE_BYTES / 65000, DNS_CACHE_BYTES / 60000);
	check_found(cache, "n999.test", DNS_TXT, 1001, text);
	check_found(cache, "n0.test", DNS_TXT, 1001, NULL);
	free(text);
	dns_cache_free(&cache);
	unit_end();
}

/* Names count as well. */
static void
test_bounded_in_bytes_of_names(void **state)
{
	struct dns_cache *cache = dns_cache_new();
	char *text = unit_fill('t', 1500), name[HOSTNAME_MAX + 1];
	unsigned i;

	(void)state;
	for (i = 0; i < 30000; i++) {
		snprintf(name, sizeof(name), "%0240u.test", i);
		keep(cache, name, DNS_TXT, text, 3600, 1000);
	}
	assert_in_range(dns_cache_count(cache), DNS_CACHE_BYTES / 2200, DNS_CACHE_BYTES / 1745);
	free(text);
	dns_cache_free(&cache);
}

/* Every entry is found before it is evicted: each use costs it only its place in the order. */
static void
test_all_in_use(void **state)
{
	struct dns_cache *cache = dns_cache_new();
	unsigned i;

	(void)state;
	for (i = 0; i < DNS_CACHE_ENTRIES; i++) {
		keep_numbered(cache, i, "x");
		if (i == 0 || i == 1)
			check_found(cache, i == 0 ? "n0.test" : "n1.test", DNS_TXT, 1000, "x");
	}
	keep_numbered(cache, i, "x");
	check_found(cache, "n0.test", DNS_TXT, 1000, "x");
	check_found(cache, "n1.test", DNS_TXT, 1000, "x");
	check_found(cache, "n2.test", DNS_TXT, 1000, NULL);
	check_found(cache, "n3.test", DNS_TXT, 1000, "x");
	dns_cache_free(&cache);
	unit_end();
}

/* A new answer stays even if all others were used. */
static void
test_new_answer_among_used_ones(void **state)
{
	struct dns_cache *cache = dns_cache_new();
	char name[40];
	unsigned i;

	(void)state;
	for (i = 0; i < DNS_CACHE_ENTRIES; i++) {
		keep_numbered(cache, i, "x");
		snprintf(name, sizeof(name), "n%u.test", i);
		check_found(cache, name, DNS_TXT, 1000, "x");
	}
	keep(cache, "new.test", DNS_TXT, "x", 3600, 1000);
	check_found(cache, "new.test", DNS_TXT, 1000, "x");
	check_found(cache, "n0.test", DNS_TXT, 1000, NULL);
	check_found(cache, "n1.test", DNS_TXT, 1000, "x");
	dns_cache_free(&cache);
	unit_end();
}

/* Names that collide evict each other, and no others; no lookup has a long way. */
static void
test_collisions(void **state)
{
	struct dns_cache *cache = dns_cache_new();
	uint32_t bucket, wanted = 0;
	unsigned i, n = 0;
	char name[40], first[40] = "", last[40] = "";

	(void)state;
	keep(cache, "other.test", DNS_TXT, "x", 3600, 1000);
	for (i = 0; n < 20; i++) {
		snprintf(name, sizeof(name), "n%u.test", i);
		bucket = hash_bytes(HASH_BEGIN ^ DNS_TXT, name, strlen(name)) % DNS_CACHE_ENTRIES;
		if (n == 0)
			wanted = bucket;
		if (bucket != wanted)
			continue;
		keep(cache, name, DNS_TXT, "x", 3600, 1000);
		memcpy(n++ == 0 ? first : last, name, sizeof(name));
	}
	unit_int("bucket", "count", (int)dns_cache_count(cache), 1 + 16);
	check_found(cache, first, DNS_TXT, 1000, NULL);
	check_found(cache, last, DNS_TXT, 1000, "x");
	check_found(cache, "other.test", DNS_TXT, 1000, "x");
	dns_cache_free(&cache);
	unit_end();
}

/* A name that was computed to have the hash of another one does not get its answer. */
static void
test_equal_hashes(void **state)
{
	struct dns_cache *cache = dns_cache_new();
	char name[2][HASH_COLLISION_SIZE];

	(void)state;
	hash_collision_find(HASH_BEGIN ^ DNS_TXT, ".test", name);
	keep(cache, name[0], DNS_TXT, "x", 60, 1000);
	check_found(cache, name[1], DNS_TXT, 1000, NULL);
	keep(cache, name[1], DNS_TXT, "y", 60, 1000);
	check_found(cache, name[0], DNS_TXT, 1000, "x");
	check_found(cache, name[1], DNS_TXT, 1000, "y");
	dns_cache_free(&cache);
	unit_end();
}

/* Each answer carries the end of its time. */
static void
test_time_of_expiry(void **state)
{
	struct dns_cache *cache = dns_cache_new();
	struct dns_answer *answer = dns_answer_new(DNS_VOID), *kept;

	(void)state;
	dns_cache_put(cache, "a.test", DNS_A, answer, 1000); /* a TTL of 0 */
	assert_int_equal(answer->expires, 0);
	answer->ttl = 60;
	dns_cache_put(cache, "a.test", DNS_A, answer, 1000);
	kept = dns_cache_find(cache, "a.test", DNS_A, 1050);
	assert_ptr_equal(kept, answer);
	assert_int_equal(kept->expires, 1060);
	dns_answer_unref(&kept);
	dns_answer_unref(&answer);
	dns_cache_free(&cache);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_name_and_type),
		cmocka_unit_test(test_time_to_live),
		cmocka_unit_test(test_longest_time_to_live),
		cmocka_unit_test(test_not_kept),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_void_answers_are_kept),
		cmocka_unit_test(test_newer_answer_replaces),
		cmocka_unit_test(test_references),
		cmocka_unit_test(test_bounded_in_number),
		cmocka_unit_test(test_bounded_in_bytes),
		cmocka_unit_test(test_bounded_in_bytes_of_names),
		cmocka_unit_test(test_all_in_use),
		cmocka_unit_test(test_new_answer_among_used_ones),
		cmocka_unit_test(test_collisions),
		cmocka_unit_test(test_equal_hashes),
		cmocka_unit_test(test_time_of_expiry),
	};

	return cmocka_run_group_tests_name("dns_cache", tests, NULL, NULL);
}
