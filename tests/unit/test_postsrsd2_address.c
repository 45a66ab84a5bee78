/* SPDX-License-Identifier: ISC */
#include "tests/unit/unit.h"

#include "srsd/ctl/import/postsrsd2_address.h"

static void
test_endpoint(void **state)
{
	static const struct {
		const char *value, *want; /* NULL: refused */
	} rows[] = {
		{ "unix:/var/spool/postfix/srs", "unix:/var/spool/postfix/srs" },
		{ "local:/run/srs", "unix:/run/srs" },
		{ "unix:srs", NULL },
		{ "unix:", NULL },
		{ "inet:localhost:10003", "inet:localhost:10003" },
		{ "inet4:localhost:10003", "inet:127.0.0.1:10003" },
		{ "inet6:localhost:10003", "inet:[::1]:10003" },
		{ "inet:10003", "inet:localhost:10003" },
		{ "inet4:10003", "inet:127.0.0.1:10003" },
		{ "inet::10003", "inet:localhost:10003" },
		{ "inet:*:10003", "inet:*:10003" },
		{ "inet4:*:10003", "inet:0.0.0.0:10003" },
		{ "inet6:*:10003", "inet:[::]:10003" },
		{ "inet:192.0.2.1:10003", "inet:192.0.2.1:10003" },
		{ "inet:[2001:db8::1]:10003", "inet:[2001:db8::1]:10003" },
		{ "inet:[192.0.2.1]:10003", "inet:192.0.2.1:10003" },
		{ "inet:mx.test:10003", "inet:mx.test:10003" },
		{ "inet:localhost:smtp", NULL },
		{ "inet:localhost:", NULL },
		{ "inet:2001:db8::1:10003", NULL },
		{ "inet:[::1]10003", NULL },
		{ "inet:[::1]", NULL },
		{ "inet:[::1", NULL },
		{ "inet:", NULL },
		{ "10003", NULL },
		{ "", NULL },
	};
	char text[POSTSRSD2_ADDRESS_SIZE];
	const char *why;
	size_t i;
	bool ok;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		why = NULL;
		ok = postsrsd2_address_endpoint(rows[i].value, text, &why);
		unit_text(rows[i].value, "endpoint", ok ? text : NULL, rows[i].want);
		unit_true(rows[i].value, "reason", ok || why != NULL);
	}
	unit_end();
}

static void
test_long(void **state)
{
	char value[2 * POSTSRSD2_ADDRESS_SIZE] = "inet:", text[POSTSRSD2_ADDRESS_SIZE];
	const char *why;

	(void)state;
	memset(value + 5, 'a', sizeof(value) - 6);
	unit_true("host", "refused", !postsrsd2_address_endpoint(value, text, &why));
	memcpy(value + sizeof(value) - 3, ":1", 2);
	unit_true("host and port", "refused", !postsrsd2_address_endpoint(value, text, &why));
	value[5] = '[';
	unit_true("bracket", "refused", !postsrsd2_address_endpoint(value, text, &why));
	memcpy(value, "unix:/", 6);
	unit_true("path", "refused", !postsrsd2_address_endpoint(value, text, &why));
	memcpy(value, "sqlite:/", 8);
	unit_int("sqlite", "database", postsrsd2_address_database(value, "", text),
	    POSTSRSD2_DATABASE_INVALID);
	unit_int("chroot", "database", postsrsd2_address_database("sqlite:x", value + 7, text),
	    POSTSRSD2_DATABASE_INVALID);
	memcpy(value, "redis:aa", 8);
	unit_int("redis", "database", postsrsd2_address_database(value, "", text),
	    POSTSRSD2_DATABASE_INVALID);
	unit_end();
}

static void
test_table(void **state)
{
	static const char *const rows[][2] = {
		{ "unix:/var/spool/postfix/srs", "unix:srs" },
		{ "unix:/run/srs", "unix:/run/srs" },
		{ "inet:localhost:10003", "inet:localhost:10003" },
		{ "inet:*:10003", "inet:127.0.0.1:10003" },
	};
	char text[POSTSRSD2_ADDRESS_SIZE];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++)
		unit_text(
		    rows[i][0], "table", postsrsd2_address_table(rows[i][0], text), rows[i][1]);
	unit_end();
}

static void
test_collides(void **state)
{
	static const struct {
		const char *one, *other;
		bool want;
	} rows[] = {
		{ "inet:localhost:10003", "inet:127.0.0.1:10003", true },
		{ "inet:127.0.0.1:10003", "inet:127.0.0.1:10003", true },
		{ "inet:*:10003", "inet:127.0.0.1:10003", true },
		{ "inet:0.0.0.0:10003", "inet:127.0.0.1:10003", true },
		{ "inet:[::]:10003", "inet:[::1]:10003", true },
		{ "inet:[::1]:10003", "inet:127.0.0.1:10003", false },
		{ "inet:192.0.2.1:10003", "inet:127.0.0.1:10003", false },
		{ "inet:localhost:10004", "inet:127.0.0.1:10003", false },
		{ "inet:localhost:1000", "inet:127.0.0.1:10003", false },
		{ "unix:/a", "unix:/a", true },
		{ "unix:/a", "unix:/b", false },
		{ "unix:/a", "inet:127.0.0.1:10003", false },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		unit_int(rows[i].one, rows[i].other,
		    postsrsd2_address_collides(rows[i].one, rows[i].other), rows[i].want);
		unit_int(rows[i].other, rows[i].one,
		    postsrsd2_address_collides(rows[i].other, rows[i].one), rows[i].want);
	}
	unit_end();
}

static void
test_database(void **state)
{
	static const struct {
		const char *value, *chroot_dir, *want; /* NULL: not FOUND */
		enum postsrsd2_database result;
	} rows[] = {
		{ "sqlite:senders.db", "/var/lib/p", "sqlite:/var/lib/p/senders.db", 0 },
		{ "sqlite:/senders.db", "/var/lib/p", "sqlite:/var/lib/p/senders.db", 0 },
		{ "sqlite:/senders.db", "/var/lib/p/", "sqlite:/var/lib/p/senders.db", 0 },
		{ "sqlite:./a//b/../c", "/j", "sqlite:/j/a/c", 0 },
		{ "sqlite:../../c", "/j", "sqlite:/j/c", 0 },
		{ "sqlite:..c/.d", "/j", "sqlite:/j/..c/.d", 0 },
		{ "sqlite:c", "/", "sqlite:/c", 0 },
		{ "sqlite:/a/senders.db", "", "sqlite:/a/senders.db", 0 },
		{ "sqlite:senders.db", "", NULL, POSTSRSD2_DATABASE_RELATIVE },
		{ "sqlite:senders.db", "j", NULL, POSTSRSD2_DATABASE_RELATIVE },
		{ "sqlite:/", "/j", NULL, POSTSRSD2_DATABASE_INVALID },
		{ "sqlite:", "/j", NULL, POSTSRSD2_DATABASE_VOLATILE },
		{ "sqlite::memory:", "/j", NULL, POSTSRSD2_DATABASE_VOLATILE },
		{ "redis:localhost:6379", "/j", "redis:localhost:6379", 0 },
		{ "redis:192.0.2.1:6379", "", "redis:192.0.2.1:6379", 0 },
		{ "redis:/run/r.sock", "/j", "redis:unix:/j/run/r.sock", 0 },
		{ "redis:/run/r.sock", "", "redis:unix:/run/r.sock", 0 },
		{ "redis:r.sock", "/j", "redis:unix:/j/r.sock", 0 },
		{ "redis:r.sock", "", NULL, POSTSRSD2_DATABASE_RELATIVE },
		{ "redis:a:b/c", "/j", "redis:unix:/j/a:b/c", 0 },
		{ "redis:localhost:", "/j", NULL, POSTSRSD2_DATABASE_INVALID },
		{ "redis:localhost:0", "/j", NULL, POSTSRSD2_DATABASE_INVALID },
		{ "redis:localhost:1x", "/j", NULL, POSTSRSD2_DATABASE_INVALID },
		{ "redis::6379", "/j", NULL, POSTSRSD2_DATABASE_INVALID },
		{ "redis:", "/j", NULL, POSTSRSD2_DATABASE_INVALID },
		{ "/var/lib/senders.db", "/j", NULL, POSTSRSD2_DATABASE_INVALID },
		{ "", "/j", NULL, POSTSRSD2_DATABASE_INVALID },
	};
	char text[POSTSRSD2_ADDRESS_SIZE];
	enum postsrsd2_database result;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		result = postsrsd2_address_database(rows[i].value, rows[i].chroot_dir, text);
		unit_int(rows[i].value, rows[i].chroot_dir, (int)result, (int)rows[i].result);
		unit_text(rows[i].value, "database",
		    result == POSTSRSD2_DATABASE_FOUND ? text : NULL, rows[i].want);
	}
	unit_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_endpoint),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_collides),
		cmocka_unit_test(test_database),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
