/* SPDX-License-Identifier: ISC */
#include "tests/unit/unit.h"

#include "spf/dns/dns_servers.h"

#define KEY "anchor . IN DS 20326 8 2 E06D\n"

static void
test_lists(void **state)
{
	static const struct {
		const char *plan, *list;
		size_t n;
	} rows[] = {
		{ "", "", 0 },
		{ KEY, "", 0 },
		{ "forward 127.0.0.1\n", "127.0.0.1", 1 },
		{ "forward 127.0.0.1@5353\n" KEY, "127.0.0.1:5353", 1 },
		{ KEY "forward ::1@53\nforward 2001:db8::1\n", "[::1]:53, 2001:db8::1", 2 },
		{ "forward 192.0.2.1\nforward 192.0.2.2@54\n", "192.0.2.1, 192.0.2.2:54", 2 },
		{ "forward 192.0.2.1", "192.0.2.1", 1 },
	};
	char list[DNS_SERVERS_SIZE];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		unit_int(rows[i].plan, "number", (long long)dns_servers_list(rows[i].plan, list),
		    (long long)rows[i].n);
		unit_text(rows[i].plan, "list", list, rows[i].list);
	}
	unit_end();
}

static void
test_more_than_fit(void **state)
{
	char plan[5000] = "", list[DNS_SERVERS_SIZE];
	size_t i;

	(void)state;
	for (i = 0; i < 50; i++)
		strlcat(plan, "forward 192.0.2.1@10053\n", sizeof(plan));
	assert_int_equal(dns_servers_list(plan, list), 50);
	assert_string_equal(list + strlen(list) - 24, ":10053, 192.0.2.1:10053, ..." + 4);
}

static void
test_kinds(void **state)
{
	static const struct {
		const char *plan;
		bool ip4, ip6, loopback;
	} rows[] = {
		{ "", false, false, false },
		{ KEY, false, false, false },
		{ "forward 127.0.0.1\n", true, false, true },
		{ "forward 127.0.0.53@5353\n" KEY, true, false, true },
		{ KEY "forward ::1\n", false, true, true },
		{ "forward ::1@53\nforward 127.0.0.1\n", true, true, true },
		{ "forward 192.0.2.1\n", true, false, false },
		{ "forward 127.0.0.1\nforward 192.0.2.1@53\n", true, false, false },
		{ "forward 2001:db8::1@53\nforward ::1\n", false, true, false },
		{ "forward 127.0.0.1\nforward 2001:db8::1\n", true, true, false },
		{ "forward 127.0.0.1\nforward fe80::1%eth0\n", true, true, false },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		struct dns_servers_kinds kinds = dns_servers_find_kinds(rows[i].plan);

		unit_true(rows[i].plan, "IPv4", kinds.ip4 == rows[i].ip4);
		unit_true(rows[i].plan, "IPv6", kinds.ip6 == rows[i].ip6);
		unit_true(rows[i].plan, "loopback", kinds.loopback == rows[i].loopback);
	}
	unit_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_more_than_fit),
		cmocka_unit_test(test_kinds),
	};

	return cmocka_run_group_tests_name("dns_servers", tests, NULL, NULL);
}
