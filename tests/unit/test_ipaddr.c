/* SPDX-License-Identifier: ISC */
#include "tests/unit/unit.h"

#include "common/ipaddr.h"

static bool
parse(struct ipaddr *ip, const char *text)
{
	size_t len = strlen(text);
	char *copy = unit_copy(text, len);
	bool ok = ipaddr_parse(ip, copy, len);

	free(copy);
	return ok;
}

static bool
parse_cidr(struct cidr *net, const char *text)
{
	size_t len = strlen(text);
	char *copy = unit_copy(text, len);
	bool ok = cidr_parse(net, copy, len);

	free(copy);
	return ok;
}

struct address_row {
	const char *text;
	int family;
	const char *formatted;
};

static void
check_addresses(const struct address_row *rows, size_t n)
{
	char text[IPADDR_TEXT_SIZE];
	struct ipaddr ip;
	size_t i;

	for (i = 0; i < n; i++) {
		memset(&ip, 0xaa, sizeof(ip));
		unit_true(rows[i].text, "parsed", parse(&ip, rows[i].text));
		unit_int(rows[i].text, "family", ip.family, rows[i].family);
		ipaddr_format(&ip, text);
		unit_text(rows[i].text, "formatted", text, rows[i].formatted);
	}
	unit_end();
}

static void
test_ipv4(void **state)
{
	static const struct address_row rows[] = {
		{ "192.0.2.1", AF_INET, "192.0.2.1" },
		{ "0.0.0.0", AF_INET, "0.0.0.0" },
		{ "255.255.255.255", AF_INET, "255.255.255.255" },
		{ "198.51.100.200", AF_INET, "198.51.100.200" },
	};

	(void)state;
	check_addresses(rows, COUNT(rows));
}

static void
test_ipv6(void **state)
{
	static const struct address_row rows[] = {
		{ "2001:db8::1", AF_INET6, "2001:db8::1" },
		{ "2001:0DB8:0:0:0:0:0:1", AF_INET6, "2001:db8::1" },
		{ "::", AF_INET6, "::" },
		{ "::1", AF_INET6, "::1" },
		{ "2001:db8:1:2:3:4:5:6", AF_INET6, "2001:db8:1:2:3:4:5:6" },
		{ "2001:db8::192.0.2.1", AF_INET6, "2001:db8::c000:201" },
		{ "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", AF_INET6,
		    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" },
		{ "fe80::1", AF_INET6, "fe80::1" },
	};

	(void)state;
	check_addresses(rows, COUNT(rows));
}

static void
test_mapped_addresses_are_ipv4(void **state)
{
	static const struct address_row rows[] = {
		{ "::ffff:192.0.2.1", AF_INET, "192.0.2.1" },
		{ "::FFFF:c000:0201", AF_INET, "192.0.2.1" },
		{ "0:0:0:0:0:ffff:203.0.113.9", AF_INET, "203.0.113.9" },
		{ "::ffff:0:0", AF_INET, "0.0.0.0" },
		{ "::fffe:192.0.2.1", AF_INET6, "::fffe:c000:201" },
		{ "1::ffff:192.0.2.1", AF_INET6, "1::ffff:c000:201" },
		{ "::ffff:0:192.0.2.1", AF_INET6, "::ffff:0:c000:201" },
	};

	(void)state;
	check_addresses(rows, COUNT(rows));
}

static void
test_no_addresses(void **state)
{
	static const struct {
		const char *text;
		size_t len;
	} rows[] = {
		{ BYTES("") },
		{ BYTES(" ") },
		{ BYTES("unknown") },
		{ BYTES("192.0.2") },
		{ BYTES("192.0.2.256") },
		{ BYTES("192.0.2.1.1") },
		{ BYTES("192.0.2.") },
		{ BYTES(".192.0.2.1") },
		{ BYTES("192.0.2.01") },
		{ BYTES("192.0.2.0x1") },
		{ BYTES("3221225985") },
		{ BYTES("192.0.2.-1") },
		{ BYTES(" 192.0.2.1") },
		{ BYTES("192.0.2.1 ") },
		{ BYTES("192.0.2.1\n") },
		{ BYTES("192.0.2.1\0") },
		{ BYTES("192.0.2.1\0.9") },
		{ BYTES("192.0.2.1/32") },
		{ BYTES("[192.0.2.1]") },
		{ BYTES(":") },
		{ BYTES(":::") },
		{ BYTES("2001:db8:::1") },
		{ BYTES("2001:db8::1::2") },
		{ BYTES("2001:db8:1:2:3:4:5:6:7") },
		{ BYTES("2001:db8:1:2:3:4:5") },
		{ BYTES("2001:db8::12345") },
		{ BYTES("2001:db8::g") },
		{ BYTES("2001:db8::192.0.2.256") },
		{ BYTES("::ffff:192.0.2") },
		{ BYTES("fe80::1%eth0") },
		{ BYTES("[2001:db8::1]") },
		{ BYTES("IPv6:2001:db8::1") },
		{ BYTES("::1\0") },
		{ BYTES("0000:0000:0000:0000:0000:0000:0000:0000:0000:0000") },
	};
	struct ipaddr ip;
	size_t i;
	char *copy;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		copy = unit_copy(rows[i].text, rows[i].len);
		unit_true(rows[i].text, "refused", !ipaddr_parse(&ip, copy, rows[i].len));
		free(copy);
	}
	unit_end();
}

static void
test_from_bytes(void **state)
{
	static const uint8_t v4[] = { 192, 0, 2, 77 };
	static const uint8_t v6[16] = { 0x20, 0x01, 0x0d, 0xb8, [15] = 0x4d };
	static const uint8_t mapped[16] = { [10] = 0xff, [11] = 0xff, 192, 0, 2, 77 };
	char text[IPADDR_TEXT_SIZE];
	struct ipaddr ip;

	(void)state;
	ipaddr_from_bytes(&ip, AF_INET, v4);
	ipaddr_format(&ip, text);
	unit_text("4 bytes", "address", text, "192.0.2.77");
	unit_int("4 bytes", "size", (int)ipaddr_size(&ip), 4);
	ipaddr_from_bytes(&ip, AF_INET6, v6);
	ipaddr_format(&ip, text);
	unit_text("16 bytes", "address", text, "2001:db8::4d");
	unit_int("16 bytes", "size", (int)ipaddr_size(&ip), 16);
	ipaddr_from_bytes(&ip, AF_INET6, mapped);
	ipaddr_format(&ip, text);
	unit_text("mapped", "address", text, "192.0.2.77");
	unit_int("mapped", "size", (int)ipaddr_size(&ip), 4);
	unit_end();
}

static void
test_no_address_formats_as_nothing(void **state)
{
	struct ipaddr none = { .family = 0 };
	char text[IPADDR_TEXT_SIZE] = "rubbish";

	(void)state;
	ipaddr_format(&none, text);
	assert_string_equal(text, "");
}

/* check_agreement - two addresses that differ in one bit agree up to that bit, and no further */
static void
check_agreement(const char *text, unsigned bits)
{
	struct ipaddr a, b;
	unsigned bit, prefix;

	assert_true(parse(&a, text));
	for (bit = 0; bit < bits; bit++) {
		b = a;
		b.bytes[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
		for (prefix = 0; prefix <= bits; prefix++)
			unit_int(unit_row("%s, bit %u", text, bit), unit_row("/%u", prefix),
			    ipaddr_agree(&a, &b, prefix), prefix <= bit);
	}
	unit_true(text, "agrees with itself", ipaddr_agree(&a, &a, bits));
	unit_end();
}

static void
test_agree_ipv4(void **state)
{
	(void)state;
	check_agreement("192.0.2.129", 32);
}

static void
test_agree_ipv6(void **state)
{
	(void)state;
	check_agreement("2001:db8:5a5a::ff01", 128);
}

static void
test_agree_across_families(void **state)
{
	struct ipaddr v4, v6, none = { .family = 0 };

	(void)state;
	assert_true(parse(&v4, "0.0.0.0"));
	assert_true(parse(&v6, "::"));
	assert_false(ipaddr_agree(&v4, &v6, 0));
	assert_false(ipaddr_agree(&v6, &v4, 0));
	assert_false(ipaddr_agree(&none, &none, 0));
	assert_false(ipaddr_agree(&none, &v4, 0));
}

static void
test_private_addresses(void **state)
{
	static const struct {
		const char *text;
		bool want;
	} rows[] = {
		{ "9.255.255.255", false },
		{ "10.0.0.0", true },
		{ "10.255.255.255", true },
		{ "11.0.0.0", false },
		{ "172.15.255.255", false },
		{ "172.16.0.0", true },
		{ "172.31.255.255", true },
		{ "172.32.0.0", false },
		{ "192.167.255.255", false },
		{ "192.168.0.0", true },
		{ "192.168.255.255", true },
		{ "192.169.0.0", false },
		{ "126.255.255.255", false },
		{ "127.0.0.0", true },
		{ "127.255.255.255", true },
		{ "128.0.0.0", false },
		{ "169.253.255.255", false },
		{ "169.254.0.0", true },
		{ "169.254.255.255", true },
		{ "169.255.0.0", false },
		{ "100.63.255.255", false },
		{ "100.64.0.0", true },
		{ "100.127.255.255", true },
		{ "100.128.0.0", false },
		{ "0.0.0.0", false },
		{ "192.0.2.1", false },
		{ "::ffff:10.1.2.3", true },
		{ "::ffff:192.0.2.1", false },
		{ "fbff:ffff::1", false },
		{ "fc00::", true },
		{ "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", true },
		{ "fe00::", false },
		{ "fe7f:ffff::1", false },
		{ "fe80::", true },
		{ "febf:ffff::1", true },
		{ "fec0::", false },
		{ "::", false },
		{ "::1", true },
		{ "::2", false },
		{ "1::1", false },
		{ "2001:db8::10", false },
	};
	struct ipaddr ip;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		assert_true(parse(&ip, rows[i].text));
		unit_int(rows[i].text, "private", ipaddr_is_private(&ip), rows[i].want);
	}
	unit_end();
}

static void
test_loopback_addresses(void **state)
{
	static const struct {
		const char *text;
		bool want;
	} rows[] = {
		{ "126.255.255.255", false },
		{ "127.0.0.0", true },
		{ "127.0.0.53", true },
		{ "127.255.255.255", true },
		{ "128.0.0.0", false },
		{ "0.0.0.0", false },
		{ "10.0.0.1", false },
		{ "::ffff:127.0.0.1", true },
		{ "::1", true },
		{ "::", false },
		{ "::2", false },
		{ "1::1", false },
		{ "7f00::1", false },
		{ "fe80::1", false },
	};
	static const struct ipaddr none = { .family = 0 };
	struct ipaddr ip;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		assert_true(parse(&ip, rows[i].text));
		unit_int(rows[i].text, "loopback", ipaddr_is_loopback(&ip), rows[i].want);
	}
	assert_false(ipaddr_is_loopback(&none));
	unit_end();
}

static void
test_client_networks(void **state)
{
	static const struct {
		const char *text;
		unsigned v6_bits;
		const char *network;
		unsigned prefix;
	} rows[] = {
		{ "192.0.2.1", 64, "192.0.2.1", 32 },
		{ "192.0.2.1", 0, "192.0.2.1", 32 },
		{ "::ffff:192.0.2.1", 48, "192.0.2.1", 32 },
		{ "2001:db8:1:2:3:4:5:6", 64, "2001:db8:1:2::", 64 },
		{ "2001:db8:1:2:3:4:5:6", 48, "2001:db8:1::", 48 },
		{ "2001:db8:1:ffff:3:4:5:6", 52, "2001:db8:1:f000::", 52 },
		{ "2001:db8::ffff", 127, "2001:db8::fffe", 127 },
		{ "2001:db8::ffff", 128, "2001:db8::ffff", 128 },
		{ "2001:db8::1", 0, "::", 0 },
		{ "64:ff9b::192.0.2.1", 64, "192.0.2.1", 32 },
		{ "64:ff9b::192.0.2.1", 48, "192.0.2.1", 32 },
		/* RFC 8215 and RFC 6052 let a site choose other prefixes, which look like any network. */
		{ "64:ff9b:1::192.0.2.1", 48, "64:ff9b:1::", 48 },
		{ "64:ff9b:0:0:1::192.0.2.1", 64, "64:ff9b::", 64 },
		{ "64:ff9a::192.0.2.1", 64, "64:ff9a::", 64 },
	};
	char text[IPADDR_TEXT_SIZE];
	struct ipaddr ip;
	struct cidr network;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		assert_true(parse(&ip, rows[i].text));
		network = ipaddr_client_network(&ip, rows[i].v6_bits);
		ipaddr_format(&network.addr, text);
		unit_text(rows[i].text, "network", text, rows[i].network);
		unit_int(rows[i].text, "prefix", (int)network.prefix, (int)rows[i].prefix);
		unit_true(rows[i].text, "same family unless it is NAT64",
		    cidr_contains(&network, &ip) || network.addr.family == AF_INET);
	}
	memset(&ip, 0, sizeof(ip));
	network = ipaddr_client_network(&ip, 64);
	unit_int("no address", "family", network.addr.family, 0);
	unit_int("no address", "prefix", (int)network.prefix, 0);
	unit_end();
}

static void
test_networks(void **state)
{
	static const struct {
		const char *text;
		int family;
		const char *addr;
		unsigned prefix;
	} rows[] = {
		{ "192.0.2.0/24", AF_INET, "192.0.2.0", 24 },
		{ "192.0.2.7", AF_INET, "192.0.2.7", 32 },
		{ "192.0.2.7/32", AF_INET, "192.0.2.7", 32 },
		{ "192.0.2.7/0", AF_INET, "192.0.2.7", 0 },
		{ "0.0.0.0/0", AF_INET, "0.0.0.0", 0 },
		{ "10.1.2.3/8", AF_INET, "10.1.2.3", 8 },
		{ "2001:db8::/32", AF_INET6, "2001:db8::", 32 },
		{ "2001:db8::1", AF_INET6, "2001:db8::1", 128 },
		{ "2001:db8::1/128", AF_INET6, "2001:db8::1", 128 },
		{ "::/0", AF_INET6, "::", 0 },
		{ "2001:db8::1/100", AF_INET6, "2001:db8::1", 100 },
		{ "::ffff:192.0.2.1", AF_INET, "192.0.2.1", 32 },
		{ "::ffff:192.0.2.0/120", AF_INET, "192.0.2.0", 24 },
		{ "::ffff:127.0.0.0/104", AF_INET, "127.0.0.0", 8 },
		{ "::ffff:0:0/96", AF_INET, "0.0.0.0", 0 },
	};
	char text[IPADDR_TEXT_SIZE];
	struct cidr net;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		memset(&net, 0, sizeof(net));
		unit_true(rows[i].text, "parsed", parse_cidr(&net, rows[i].text));
		unit_int(rows[i].text, "family", net.addr.family, rows[i].family);
		ipaddr_format(&net.addr, text);
		unit_text(rows[i].text, "address", text, rows[i].addr);
		unit_int(rows[i].text, "prefix", net.prefix, rows[i].prefix);
	}
	unit_end();
}

static void
test_no_networks(void **state)
{
	static const char *const rows[] = { "", "/", "/24", "192.0.2.0/", "192.0.2.0/33",
		"192.0.2.0/128", "192.0.2.0/-1", "192.0.2.0/+8", "192.0.2.0/ 8", "192.0.2.0/8 ",
		"192.0.2.0/08", "192.0.2.0/00", "192.0.2.0/0x8", "192.0.2.0/8a", "192.0.2.0/1000",
		"192.0.2.0/4294967296", "192.0.2.0/24/24", "192.0.2.0//24",
		"192.0.2.0/255.255.255.0", "192.0.2/24", "192.0.2.0.0/24", "2001:db8::/129",
		"2001:db8::/032", "2001:db8::/", "2001:db8::/1281", "2001:db8::/ffff",
		"::ffff:192.0.2.0/95", "::ffff:192.0.2.0/24", "::ffff:192.0.2.0/0", "example.test",
		"example.test/24", " 192.0.2.0/24", "192.0.2.0 /24", "[2001:db8::]/32" };
	struct cidr net;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++)
		unit_true(rows[i], "refused", !parse_cidr(&net, rows[i]));
	unit_end();
}

static void
test_membership(void **state)
{
	static const struct {
		const char *net;
		const char *ip;
		bool want;
	} rows[] = {
		{ "192.0.2.0/24", "192.0.2.0", true },
		{ "192.0.2.0/24", "192.0.2.255", true },
		{ "192.0.2.0/24", "192.0.1.255", false },
		{ "192.0.2.0/24", "192.0.3.0", false },
		{ "192.0.2.200/24", "192.0.2.7", true }, /* host bits are ignored */
		{ "10.1.2.3/8", "10.255.0.1", true },
		{ "192.0.2.128/25", "192.0.2.127", false },
		{ "192.0.2.128/25", "192.0.2.128", true },
		{ "192.0.2.4/31", "192.0.2.5", true },
		{ "192.0.2.4/31", "192.0.2.6", false },
		{ "192.0.2.4", "192.0.2.4", true },
		{ "192.0.2.4", "192.0.2.5", false },
		{ "192.0.2.4/0", "203.0.113.1", true },
		{ "0.0.0.0/0", "2001:db8::1", false },
		{ "::/0", "2001:db8::1", true },
		{ "::/0", "192.0.2.1", false },
		{ "::/0", "::ffff:192.0.2.1", false },
		{ "192.0.2.0/24", "::ffff:192.0.2.9", true },
		{ "::ffff:192.0.2.0/120", "192.0.2.9", true },
		{ "::ffff:192.0.2.0/120", "192.0.3.9", false },
		{ "2001:db8::/32", "2001:db8:ffff::1", true },
		{ "2001:db8::/32", "2001:db9::1", false },
		{ "2001:db8::/33", "2001:db8:7fff::1", true },
		{ "2001:db8::/33", "2001:db8:8000::1", false },
		{ "2001:db8::ff/120", "2001:db8::1", true },
	};
	struct ipaddr ip;
	struct cidr net;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		assert_true(parse_cidr(&net, rows[i].net));
		assert_true(parse(&ip, rows[i].ip));
		unit_int(rows[i].net, rows[i].ip, cidr_contains(&net, &ip), rows[i].want);
	}
	unit_end();
}

/* cidr_compare: -1, 0 or 1 as the first network comes before the second, is the same, or follows. */
static void
test_order(void **state)
{
	static const struct {
		const char *a, *b;
		int want;
	} rows[] = {
		{ "192.0.2.1", "192.0.2.1/32", 0 },
		{ "192.0.2.1", "::ffff:192.0.2.1", 0 },
		{ "192.0.2.0/24", "192.0.2.255/24", 0 },
		{ "192.0.2.0/25", "192.0.2.127/25", 0 },
		{ "192.0.2.0/25", "192.0.2.128/25", -1 },
		{ "192.0.2.1", "192.0.2.2", -1 },
		{ "192.0.3.0/24", "192.0.2.0/24", 1 },
		{ "192.0.2.0/24", "192.0.2.0/25", -1 },
		{ "0.0.0.0/0", "255.0.0.0/0", 0 },
		{ "0.0.0.0/0", "::/0", -1 },
		{ "2001:db8::/33", "2001:db8:7fff::/33", 0 },
		{ "2001:db8::/33", "2001:db8:8000::/33", -1 },
		{ "2001:db8::1", "2001:db8::1", 0 },
		{ "2001:db8::1", "2001:db8::2", -1 },
	};
	struct cidr a, b;
	size_t i;
	int order;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		assert_true(parse_cidr(&a, rows[i].a) && parse_cidr(&b, rows[i].b));
		order = cidr_compare(&a, &b);
		unit_int(rows[i].a, rows[i].b, (order > 0) - (order < 0), rows[i].want);
		order = cidr_compare(&b, &a);
		unit_int(rows[i].b, rows[i].a, (order > 0) - (order < 0), -rows[i].want);
	}
	unit_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ipv4),
		cmocka_unit_test(test_ipv6),
		cmocka_unit_test(test_mapped_addresses_are_ipv4),
		cmocka_unit_test(test_no_addresses),
		cmocka_unit_test(test_from_bytes),
		cmocka_unit_test(test_no_address_formats_as_nothing),
		cmocka_unit_test(test_agree_ipv4),
		cmocka_unit_test(test_agree_ipv6),
		cmocka_unit_test(test_agree_across_families),
		cmocka_unit_test(test_private_addresses),
		cmocka_unit_test(test_loopback_addresses),
		cmocka_unit_test(test_client_networks),
		cmocka_unit_test(test_networks),
		cmocka_unit_test(test_no_networks),
		cmocka_unit_test(test_membership),
		cmocka_unit_test(test_order),
	};

	return cmocka_run_group_tests_name("ipaddr", tests, NULL, NULL);
}
