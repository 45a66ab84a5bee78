/* SPDX-License-Identifier: ISC */
/* Which options depend on the servers, and on the purpose of the context. */
#include "tests/unit/unit.h"

#include "spf/dns/unbound_options.h"

#define KEY "anchor . IN DS 20326 8 2 E06D\n"

/* find_value - the last value of an option, which is the one that counts; "" without one */
static const char *
find_value(const struct unbound_options *options, const char *name)
{
	size_t i;

	for (i = options->n; i-- > 0;)
		if (strcmp(options->list[i].name, name) == 0)
			return options->list[i].value;
	return "";
}

/* Beyond loopback each query has a socket and a random port of its own. */
static void
test_servers(void **state)
{
	static const struct {
		const char *plan;
		bool shares;
		const char *ip4, *ip6, *names;
	} rows[] = {
		{ "forward 192.0.2.1\n", false, "", "no", "no" },
		{ "forward 10.0.0.1@53\n" KEY, false, "", "no", "no" },
		{ "forward 2001:db8::1@53\n", false, "no", "", "no" },
		{ "forward 192.0.2.1\nforward 2001:db8::1\n", false, "", "", "no" },
		{ "forward 127.0.0.1\nforward 192.0.2.1\n", false, "", "no", "no" },
		{ "forward 2001:db8::1\nforward ::1\n", false, "no", "", "no" },
		{ "forward 127.0.0.53\n", true, "", "no", "no" },
		{ "forward ::1@5353\n", true, "no", "", "no" },
		{ "forward 127.0.0.1\nforward ::1\n", true, "", "", "no" },
		/* The servers of all zones are queried: no server may see more than it needs. */
		{ "", false, "", "", "" },
		{ KEY, false, "", "", "" },
	};
	struct unbound_options options;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		const struct unbound_purpose purpose = { rows[i].plan, false, false, 0 };

		unit_int(
		    rows[i].plan, "shares", unbound_options_can_share(&purpose), rows[i].shares);
		unbound_options_choose(&options, &purpose);
		unit_text(rows[i].plan, "IPv4", find_value(&options, "do-ip4:"), rows[i].ip4);
		unit_text(rows[i].plan, "IPv6", find_value(&options, "do-ip6:"), rows[i].ip6);
		unit_text(rows[i].plan, "names", find_value(&options, "qname-minimisation:"),
		    rows[i].names);
		unit_text(
		    rows[i].plan, "modules", find_value(&options, "module-config:"), "iterator");
		unit_text(rows[i].plan, "TCP", find_value(&options, "tcp-upstream:"), "");
	}
	unit_end();
}

/* Shared sockets have the ports of the block, and are not reachable from other hosts. */
static void
test_sockets(void **state)
{
	static const struct {
		const char *plan;
		unsigned port;
		const char *connect, *range, *avoid, *permit, *interface;
	} rows[] = {
		{ "forward 127.0.0.1\n", 0, "", "1536", "", "", "" },
		{ "forward 127.0.0.1\n", 61001, "no", "32", "0-65535", "61001-61008", "127.0.0.1" },
		{ "forward ::1\n", 65528, "no", "32", "0-65535", "65528-65535", "::1" },
	};
	struct unbound_options options;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		const struct unbound_purpose purpose = { rows[i].plan, false, false, rows[i].port };
		const struct {
			const char *name, *value;
		} want[] = {
			{ "udp-connect:", rows[i].connect },
			{ "outgoing-range:", rows[i].range },
			{ "outgoing-port-avoid:", rows[i].avoid },
			{ "outgoing-port-permit:", rows[i].permit },
			{ "outgoing-interface:", rows[i].interface },
		};
		size_t k;

		unbound_options_choose(&options, &purpose);
		for (k = 0; k < COUNT(want); k++)
			unit_text(rows[i].plan, want[k].name, find_value(&options, want[k].name),
			    want[k].value);
	}
	unit_end();
}

/* A patient context asks over TCP, whatever its servers are. */
static void
test_patience(void **state)
{
	static const char *const plans[] = { "", "forward 127.0.0.1\n", "forward 192.0.2.1\n" };
	struct unbound_options options;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(plans); i++) {
		const struct unbound_purpose purpose = { plans[i], true, true, 0 };

		assert_false(unbound_options_can_share(&purpose));
		unbound_options_choose(&options, &purpose);
		unit_text(plans[i], "TCP", find_value(&options, "tcp-upstream:"), "yes");
		unit_text(
		    plans[i], "wait", find_value(&options, "tcp-auth-query-timeout:"), "8000");
		unit_text(plans[i], "sockets", find_value(&options, "outgoing-range:"), "16");
		unit_text(
		    plans[i], "connections", find_value(&options, "outgoing-num-tcp:"), "160");
		unit_text(plans[i], "modules", find_value(&options, "module-config:"),
		    "validator iterator");
	}
	unit_end();
}

/* An older library refuses these two; it may not refuse any other. */
static void
test_recent_options(void **state)
{
	const struct unbound_purpose purpose = { "", true, true, 0 };
	struct unbound_options options;
	unsigned recent = 0;
	size_t i;

	(void)state;
	unbound_options_choose(&options, &purpose);
	for (i = 0; i < options.n; i++)
		recent += unbound_options_is_recent(options.list[i].name);
	assert_int_equal(recent, 2);
	assert_true(unbound_options_is_recent("outbound-msg-retry:"));
	assert_true(unbound_options_is_recent("tcp-auth-query-timeout:"));
}

/* has_line - true if an option has this value, among others */
static bool
has_line(const struct unbound_options *options, const char *name, const char *value)
{
	size_t i;

	for (i = 0; i < options->n; i++)
		if (strcmp(options->list[i].name, name) == 0 &&
		    strcmp(options->list[i].value, value) == 0)
			return true;
	return false;
}

/* The forwarder, not libunbound, answers for the names of loopback: for ::1 one digit, then 31. */
static void
test_loopback_names(void **state)
{
	const struct unbound_purpose purpose = { "forward 127.0.0.1\n", false, false, 0 };
	struct unbound_options options;
	char zone[100] = "1.";
	size_t i;

	(void)state;
	for (i = 0; i < 31; i++)
		strlcat(zone, "0.", sizeof(zone));
	strlcat(zone, "ip6.arpa. transparent", sizeof(zone));
	unbound_options_choose(&options, &purpose);
	assert_true(has_line(&options, "local-zone:", zone));
	assert_true(has_line(&options, "local-zone:", "127.in-addr.arpa. transparent"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_servers),
		cmocka_unit_test(test_sockets),
		cmocka_unit_test(test_patience),
		cmocka_unit_test(test_recent_options),
		cmocka_unit_test(test_loopback_names),
	};

	return cmocka_run_group_tests_name("unbound_options", tests, NULL, NULL);
}
