/* SPDX-License-Identifier: ISC */
#include "tests/unit/hash_collision.h"

#include "spf/spf_memory.h"

#define NOW 1000

static const char address[] = "192.0.2.1";

static struct spf_verdict
make_verdict(enum spf_result result, const char *mechanism)
{
	struct spf_verdict verdict;

	spf_verdict_init(&verdict);
	verdict.result = verdict.native = result;
	strlcpy(verdict.mechanism, mechanism, sizeof(verdict.mechanism));
	return verdict;
}

static void
add_verdict(struct spf_memory *memory, const char *ip_text, const char *domain,
    const struct spf_verdict *verdict, uint64_t expires)
{
	const struct spf_memory_basis basis = { 3, expires };
	struct spf_memory_key key = { NULL, text_of(domain) };
	struct ipaddr ip;

	assert_true(ipaddr_parse(&ip, ip_text, strlen(ip_text)));
	key.ip = &ip;
	spf_memory_add(memory, &key, verdict, &basis, NOW);
}

/* check_known - the mechanism of the verdict that is found, or NULL */
static void
check_known(struct spf_memory *memory, const char *ip_text, const char *domain, uint64_t now,
    const char *want)
{
	struct spf_memory_key key = { NULL, text_of(domain) };
	struct spf_memory_basis basis;
	struct spf_verdict verdict;
	struct ipaddr ip;
	bool found;

	assert_true(ipaddr_parse(&ip, ip_text, strlen(ip_text)));
	key.ip = &ip;
	found = spf_memory_find(memory, &key, now, &verdict, &basis);
	unit_text(domain, unit_row("%s at %llu", ip_text, (unsigned long long)now),
	    found ? verdict.mechanism : NULL, want);
}

static void
test_whole_verdict(void **state)
{
	struct spf_memory *memory = spf_memory_new();
	struct spf_verdict verdict = make_verdict(SPF_SOFTFAIL, "~all"), found;
	struct spf_memory_basis basis = { 0, 0 };
	struct spf_memory_key key = { NULL, text_of("x.test") };
	struct ipaddr ip;

	(void)state;
	verdict.security = DNS_SECURE;
	verdict.lookups = 4;
	verdict.voids = 1;
	verdict.no_mail = true;
	add_verdict(memory, address, "x.test", &verdict, NOW + 60);
	memset(&found, 0x55, sizeof(found));
	assert_true(ipaddr_parse(&ip, address, strlen(address)));
	key.ip = &ip;
	assert_true(spf_memory_find(memory, &key, NOW, &found, &basis));
	/* All members before the problem, including any that are added later. */
	assert_memory_equal(&found, &verdict, offsetof(struct spf_verdict, problem));
	assert_string_equal(found.problem, "");
	assert_string_equal(found.explanation, "");
	assert_int_equal(basis.questions, 3);
	assert_int_equal(basis.expires, NOW + 60);
	spf_memory_free(&memory);
	assert_null(memory);
	spf_memory_free(&memory);
}

static void
test_address_and_domain(void **state)
{
	struct spf_memory *memory = spf_memory_new();
	struct spf_verdict a = make_verdict(SPF_PASS, "a"), b = make_verdict(SPF_PASS, "b"),
			   c = make_verdict(SPF_PASS, "c");

	(void)state;
	add_verdict(memory, address, "x.test", &a, NOW + 60);
	add_verdict(memory, address, "y.test", &b, NOW + 60);
	add_verdict(memory, "2001:db8::1", "x.test", &c, NOW + 60);
	check_known(memory, address, "x.test", NOW, "a");
	check_known(memory, address, "y.test", NOW, "b");
	check_known(memory, "2001:db8::1", "x.test", NOW, "c");
	check_known(memory, "2001:db8::2", "x.test", NOW, NULL);
	check_known(memory, "192.0.2.2", "x.test", NOW, NULL);
	check_known(memory, address, "x.tes", NOW, NULL);
	check_known(memory, address, "x.test.", NOW, NULL);
	check_known(memory, address, "", NOW, NULL);
	/* Problems and traces show a name as it was given, so its case counts. */
	check_known(memory, address, "X.test", NOW, NULL);
	/* The first bytes of an IPv6 address are no IPv4 address. */
	check_known(memory, "c000:0201::", "x.test", NOW, NULL);
	unit_int("all", "count", (int)spf_memory_count(memory), 3);
	spf_memory_free(&memory);
	unit_end();
}

/* A domain that was computed to have the hash of another one does not get its verdict. */
static void
test_equal_hashes(void **state)
{
	struct spf_memory *memory = spf_memory_new();
	struct spf_verdict a = make_verdict(SPF_PASS, "a"), b = make_verdict(SPF_PASS, "b");
	char domain[2][HASH_COLLISION_SIZE];
	struct ipaddr ip;

	(void)state;
	assert_true(ipaddr_parse(&ip, address, strlen(address)));
	hash_collision_find(
	    hash_bytes(HASH_BEGIN, (const char *)ip.bytes, ipaddr_size(&ip)), ".test", domain);
	add_verdict(memory, address, domain[0], &a, NOW + 60);
	check_known(memory, address, domain[1], NOW, NULL);
	add_verdict(memory, address, domain[1], &b, NOW + 60);
	check_known(memory, address, domain[0], NOW, "a");
	check_known(memory, address, domain[1], NOW, "b");
	spf_memory_free(&memory);
	unit_end();
}

static void
test_until_an_answer_expires(void **state)
{
	struct spf_memory *memory = spf_memory_new();
	struct spf_verdict verdict = make_verdict(SPF_PASS, "a");

	(void)state;
	add_verdict(memory, address, "x.test", &verdict, NOW + 30);
	check_known(memory, address, "x.test", NOW + 29, "a");
	check_known(memory, address, "x.test", NOW + 30, NULL);
	unit_int("expired", "count", (int)spf_memory_count(memory), 0);
	/* An answer that may not be kept, one that has expired, and a verdict without an answer. */
	add_verdict(memory, address, "x.test", &verdict, 0);
	add_verdict(memory, address, "x.test", &verdict, NOW);
	add_verdict(memory, address, "x.test", &verdict, UINT64_MAX);
	unit_int("never kept", "count", (int)spf_memory_count(memory), 0);
	spf_memory_free(&memory);
	unit_end();
}

static void
test_replaced(void **state)
{
	struct spf_memory *memory = spf_memory_new();
	struct spf_verdict a = make_verdict(SPF_PASS, "a"), b = make_verdict(SPF_FAIL, "-all");

	(void)state;
	add_verdict(memory, address, "x.test", &a, NOW + 30);
	add_verdict(memory, address, "x.test", &b, NOW + 60);
	unit_int("replaced", "count", (int)spf_memory_count(memory), 1);
	check_known(memory, address, "x.test", NOW + 30, "-all");
	spf_memory_free(&memory);
	unit_end();
}

static void
test_evaluated_each_time(void **state)
{
	static const struct {
		const char *name;
		enum spf_result result;
		bool varies, explained, saturated, differs;
		bool kept;
	} rows[] = {
		{ "none", SPF_NONE, false, false, false, false, true },
		{ "neutral", SPF_NEUTRAL, false, false, false, false, true },
		{ "pass", SPF_PASS, false, false, false, false, true },
		{ "fail", SPF_FAIL, false, false, false, false, true },
		{ "softfail", SPF_SOFTFAIL, false, false, false, false, true },
		{ "temperror", SPF_TEMPERROR, false, false, false, false, false },
		{ "permerror", SPF_PERMERROR, false, false, false, false, false },
		{ "varies", SPF_PASS, true, false, false, false, false },
		{ "explained", SPF_FAIL, false, true, false, false, false },
		{ "saturated", SPF_NONE, false, false, true, false, false },
		{ "differs", SPF_PASS, false, false, false, true, false },
	};
	struct spf_verdict verdict;
	struct spf_memory *memory;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		memory = spf_memory_new();
		verdict = make_verdict(rows[i].result, "x");
		verdict.varies = rows[i].varies;
		verdict.explained = rows[i].explained;
		verdict.saturated = rows[i].saturated;
		verdict.differs = rows[i].differs;
		add_verdict(memory, address, "x.test", &verdict, NOW + 60);
		unit_int(rows[i].name, "count", (int)spf_memory_count(memory), rows[i].kept);
		spf_memory_free(&memory);
	}
	unit_end();
}

static void
test_forget(void **state)
{
	struct spf_memory *memory = spf_memory_new();
	struct spf_verdict verdict = make_verdict(SPF_PASS, "a");

	(void)state;
	add_verdict(memory, address, "x.test", &verdict, NOW + 60);
	add_verdict(memory, address, "y.test", &verdict, NOW + 60);
	spf_memory_forget(memory);
	check_known(memory, address, "x.test", NOW, NULL);
	unit_int("forgotten", "count", (int)spf_memory_count(memory), 0);
	add_verdict(memory, address, "x.test", &verdict, NOW + 60);
	check_known(memory, address, "x.test", NOW, "a");
	spf_memory_forget(memory);
	spf_memory_forget(memory);
	spf_memory_free(&memory);
	unit_end();
}

static void
test_number_is_bounded(void **state)
{
	struct spf_memory *memory = spf_memory_new();
	struct spf_verdict verdict = make_verdict(SPF_PASS, "a");
	char domain[40];
	int i;

	(void)state;
	for (i = 0; i < 2 * SPF_MEMORY_MAX; i++) {
		snprintf(domain, sizeof(domain), "d%d.test", i);
		add_verdict(memory, address, domain, &verdict, NOW + 60);
		/* One that is used stays. */
		check_known(memory, address, "d0.test", NOW, "a");
	}
	unit_true("full", "count", spf_memory_count(memory) <= SPF_MEMORY_MAX);
	unit_true("full", "used", spf_memory_count(memory) > SPF_MEMORY_MAX * 9 / 10);
	check_known(memory, address, "d1.test", NOW, NULL);
	check_known(memory, address, domain, NOW, "a");
	spf_memory_free(&memory);
	unit_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole_verdict),
		cmocka_unit_test(test_address_and_domain),
		cmocka_unit_test(test_equal_hashes),
		cmocka_unit_test(test_until_an_answer_expires),
		cmocka_unit_test(test_replaced),
		cmocka_unit_test(test_evaluated_each_time),
		cmocka_unit_test(test_forget),
		cmocka_unit_test(test_number_is_bounded),
	};

	return cmocka_run_group_tests_name("spf_memory", tests, NULL, NULL);
}
