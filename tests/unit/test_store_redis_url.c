/* SPDX-License-Identifier: ISC */
#include "tests/unit/unit.h"

#include "srsd/store/store_redis_url.h"

static const struct {
	const char *text;
	const char *host; /* NULL: refused */
	unsigned port;
	const char *path;
	bool needs_password;
	const char *error; /* a part of it */
} rows[] = {
	{ "redis:127.0.0.1:6379", "127.0.0.1", 6379, "", false, NULL },
	{ "redis:127.255.0.9:1", "127.255.0.9", 1, "", false, NULL },
	{ "redis:192.0.2.1:65535", "192.0.2.1", 65535, "", true, NULL },
	{ "redis:0.0.0.0:6379", "0.0.0.0", 6379, "", true, NULL },
	{ "redis:[::1]:6379", "::1", 6379, "", false, NULL },
	{ "redis:[0:0::1]:6379", "0:0::1", 6379, "", false, NULL },
	{ "redis:[::]:6379", "::", 6379, "", true, NULL },
	{ "redis:[2001:db8::1]:6379", "2001:db8::1", 6379, "", true, NULL },
	{ "redis:[::ffff:127.0.0.1]:6379", "::ffff:127.0.0.1", 6379, "", false, NULL },
	{ "redis:[::ffff:192.0.2.1]:6379", "::ffff:192.0.2.1", 6379, "", true, NULL },
	{ "redis:[fe80::1%eth0]:6379", "fe80::1%eth0", 6379, "", true, NULL },
	{ "redis:localhost:6379", "localhost", 6379, "", false, NULL },
	{ "redis:LOCALHOST:6379", "LOCALHOST", 6379, "", false, NULL },
	{ "redis:localhost.example:6379", "localhost.example", 6379, "", true, NULL },
	{ "redis:store.example.org:6379", "store.example.org", 6379, "", true, NULL },
	{ "redis:unix:/run/redis/redis.sock", "", 0, "/run/redis/redis.sock", false, NULL },
	{ "redis:unix:/a:1", "", 0, "/a:1", false, NULL },
	{ "redis:unix:6379", NULL, 0, NULL, false, "must begin with /" },
	{ "redis:unix:", NULL, 0, NULL, false, "must begin with /" },
	{ "redis:unix:/a\nb", NULL, 0, NULL, false, "control" },
	{ "", NULL, 0, NULL, false, "form" },
	{ "redis", NULL, 0, NULL, false, "form" },
	{ "redis:", NULL, 0, NULL, false, "form" },
	{ "redis:host", NULL, 0, NULL, false, "form" },
	{ "redis::6379", NULL, 0, NULL, false, "form" },
	{ "sqlite:/var/lib/x", NULL, 0, NULL, false, "form" },
	{ "REDIS:host:6379", NULL, 0, NULL, false, "form" },
	{ "redis://host:6379", NULL, 0, NULL, false, "host" },
	{ "redis:host:6379/0", NULL, 0, NULL, false, "port" },
	{ "redis:host:", NULL, 0, NULL, false, "port" },
	{ "redis:host:0", NULL, 0, NULL, false, "port" },
	{ "redis:host:65536", NULL, 0, NULL, false, "port" },
	{ "redis:host:+1", NULL, 0, NULL, false, "port" },
	{ "redis:host: 1", NULL, 0, NULL, false, "port" },
	{ "redis:host:99999999999999999999", NULL, 0, NULL, false, "port" },
	{ "redis:*:6379", NULL, 0, NULL, false, "host" },
	{ "redis:user@host:6379", NULL, 0, NULL, false, "host" },
	{ "redis:127.1:6379", NULL, 0, NULL, false, "host" },
	{ "redis:2130706433:6379", NULL, 0, NULL, false, "host" },
	{ "redis:127.0.0.256:6379", NULL, 0, NULL, false, "host" },
	{ "redis:::1:6379", NULL, 0, NULL, false, "brackets" },
	{ "redis:[]:6379", NULL, 0, NULL, false, "host" },
	{ "redis:[::1:6379", NULL, 0, NULL, false, "brackets" },
	{ "redis:[::1]x:6379", NULL, 0, NULL, false, "brackets" },
	{ "redis:[::1%]:6379", NULL, 0, NULL, false, "brackets" },
	{ "redis:[::1% x]:6379", NULL, 0, NULL, false, "brackets" },
	{ "redis:[127.0.0.1]:6379", NULL, 0, NULL, false, "brackets" },
	{ "redis:[store.example]:6379", NULL, 0, NULL, false, "brackets" },
};

static void
test_parse(void **state)
{
	struct store_redis_url url;
	const char *error, *row;
	bool valid;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		row = rows[i].text;
		valid = store_redis_url_parse(&url, row, &error);
		unit_int(row, "valid", valid, rows[i].host != NULL);
		if (!valid)
			unit_holds(row, "error", error, rows[i].error);
		if (!valid || rows[i].host == NULL)
			continue;
		unit_text(row, "host", url.host, rows[i].host);
		unit_text(row, "path", url.path, rows[i].path);
		unit_int(row, "port", url.port, rows[i].port);
		unit_int(row, "needs a password", store_redis_url_needs_password(&url),
		    rows[i].needs_password);
	}
	unit_end();
}

/* test_long - the longest that fits, and one byte more */
static void
test_long(void **state)
{
	char text[400];
	struct store_redis_url url;
	const char *error;
	char *fill = unit_fill('a', 107);

	(void)state;
	snprintf(text, sizeof(text), "redis:unix:/%.106s", fill);
	assert_true(store_redis_url_parse(&url, text, &error));
	assert_int_equal(strlen(url.path), 107);
	snprintf(text, sizeof(text), "redis:unix:/%.107s", fill);
	assert_false(store_redis_url_parse(&url, text, &error));
	unit_holds("long path", "error", error, "107");
	snprintf(text, sizeof(text), "redis:%.60s.%.60s.%.60s.%.60s.aaaaaaaaa:1", fill, fill, fill,
	    fill);
	assert_true(store_redis_url_parse(&url, text, &error));
	assert_int_equal(strlen(url.host), 253);
	snprintf(text, sizeof(text), "redis:%.60s.%.60s.%.60s.%.60s.aaaaaaaaaa:1", fill, fill, fill,
	    fill);
	assert_false(store_redis_url_parse(&url, text, &error));
	snprintf(text, sizeof(text), "redis:[fe80::1%%%.107s%.107s%.107s]:1", fill, fill, fill);
	assert_false(store_redis_url_parse(&url, text, &error));
	free(fill);
	unit_end();
}

static void
test_resolve(void **state)
{
	static const struct {
		const char *text;
		int family;
	} hosts[] = {
		{ "redis:127.0.0.1:6379", AF_INET },
		{ "redis:[::1]:6379", AF_INET6 },
		{ "redis:unix:/run/x", AF_UNIX },
	};
	struct store_redis_url url;
	struct endpoint endpoint;
	const char *error;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(hosts); i++) {
		assert_true(store_redis_url_parse(&url, hosts[i].text, &error));
		assert_true(store_redis_url_resolve(&url, &endpoint, &error));
		unit_int(hosts[i].text, "addresses", (long long)endpoint.n, 1);
		unit_int(hosts[i].text, "family", endpoint.addr[0].u.sa.sa_family, hosts[i].family);
	}
	assert_int_equal(endpoint.addr[0].u.in.sin_family, AF_UNIX);
	unit_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_resolve),
	};

	return cmocka_run_group_tests_name("store_redis_url", tests, NULL, NULL);
}
