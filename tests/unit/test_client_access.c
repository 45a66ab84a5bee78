/* SPDX-License-Identifier: ISC */
#include "tests/unit/unit.h"

#include "srsd/client_access.h"

static struct ipaddr
parse_ip(const char *text)
{
	struct ipaddr ip;

	if (!ipaddr_parse(&ip, text, strlen(text)))
		fail_msg("%s", text);
	return ip;
}

/* parse_networks - of words with blanks between them; the caller frees list.net */
static struct cidr_list
parse_networks(const char *text)
{
	struct cidr_list list = { 0, calloc(8, sizeof(struct cidr)) };
	size_t len;

	for (; *text != '\0'; text += len + (text[len] != '\0')) {
		len = strcspn(text, " ");
		assert_true(list.n < 8 && cidr_parse(&list.net[list.n++], text, len));
	}
	return list;
}

static void
test_permits(void **state)
{
	static const struct {
		const char *clients;
		const char *from;
		bool want;
	} rows[] = {
		/* without clients: this host */
		{ "", "127.0.0.1", true },
		{ "", "127.255.255.254", true },
		{ "", "::ffff:127.0.0.1", true },
		{ "", "::1", true },
		{ "", "126.255.255.255", false },
		{ "", "128.0.0.0", false },
		{ "", "192.0.2.1", false },
		{ "", "10.0.0.1", false },
		{ "", "0.0.0.0", false },
		{ "", "::", false },
		{ "", "::2", false },
		{ "", "::127.0.0.1", false },
		{ "", "fe80::1", false },
		{ "", "2001:db8::1", false },
		/* the list is complete: loopback is not in it by itself */
		{ "192.0.2.0/24 2001:db8::/32", "192.0.2.1", true },
		{ "192.0.2.0/24 2001:db8::/32", "192.0.2.255", true },
		{ "192.0.2.0/24 2001:db8::/32", "::ffff:192.0.2.7", true },
		{ "192.0.2.0/24 2001:db8::/32", "2001:db8:ffff::1", true },
		{ "192.0.2.0/24 2001:db8::/32", "192.0.3.0", false },
		{ "192.0.2.0/24 2001:db8::/32", "2001:db9::", false },
		{ "192.0.2.0/24 2001:db8::/32", "127.0.0.1", false },
		{ "192.0.2.0/24 2001:db8::/32", "::1", false },
		{ "127.0.0.2", "127.0.0.2", true },
		{ "127.0.0.2", "127.0.0.1", false },
		{ "::ffff:192.0.2.0/120", "192.0.2.9", true },
		{ "0.0.0.0/0", "203.0.113.1", true },
		{ "0.0.0.0/0", "2001:db8::1", false },
		{ "::/0", "2001:db8::1", true },
		{ "::/0", "192.0.2.1", false },
	};
	struct settings settings = { 0 };
	struct ipaddr ip;
	size_t i;
	int kind;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		settings.clients = parse_networks(rows[i].clients);
		ip = parse_ip(rows[i].from);
		for (kind = 0; kind < SERVICE_MAIL_KINDS; kind++)
			unit_int(unit_row("{%s} %s", rows[i].clients, rows[i].from),
			    service_kind_name((enum service_kind)kind),
			    client_access_permits(
				client_access_networks(&settings, (enum service_kind)kind), &ip),
			    rows[i].want);
		free(settings.clients.net);
	}
	unit_end();
}

/* metrics-remote opens the page to all; clients bounds it like the other services. */
static void
test_metrics(void **state)
{
	struct settings settings = { 0 };
	struct ipaddr near = parse_ip("192.0.2.1"), far = parse_ip("203.0.113.1");

	(void)state;
	assert_null(client_access_networks(&settings, SERVICE_METRICS));
	assert_true(client_access_permits(NULL, &far));
	settings.clients = parse_networks("192.0.2.0/24");
	assert_true(
	    client_access_permits(client_access_networks(&settings, SERVICE_METRICS), &near));
	assert_false(
	    client_access_permits(client_access_networks(&settings, SERVICE_METRICS), &far));
	free(settings.clients.net);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_permits),
		cmocka_unit_test(test_metrics),
	};

	return cmocka_run_group_tests_name("client_access", tests, NULL, NULL);
}
