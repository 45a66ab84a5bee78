/* SPDX-License-Identifier: ISC */
/* The plans that settings, /etc/resolv.conf and the file of trust anchors make. */
#include "tests/unit/dns_settings.h"
#include "tests/unit/log_capture.h"

#include <sys/mman.h>

#include "spf/dns/resolver_plan.h"

static struct settings *settings;
static char error[500];

static int
make_settings(void **state)
{
	if (unit_dir_make(state) != 0)
		return -1;
	settings = make_dns_settings();
	error[0] = '\0';
	return 0;
}

static int
free_settings(void **state)
{
	settings_free(&settings);
	return unit_dir_remove(state);
}

#define PLAN_TEST(test) cmocka_unit_test_setup_teardown(test, make_settings, free_settings)

/* find_bytes - bytes in bytes; memmem(3) is not everywhere */
static char *
find_bytes(char *data, size_t len, const char *what, size_t what_len)
{
	size_t i;

	for (i = 0; i + what_len <= len; i++)
		if (memcmp(data + i, what, what_len) == 0)
			return data + i;
	return NULL;
}

/*
 * box_with - a closed box that has a resolv.conf with this text
 *
 * The box reads a file whose path has the same length. Its path is replaced in the memory file.
 */
static struct filebox *
box_with(const char *text, size_t len)
{
	static const char stand_in[] = "sixteen-letters!";
	struct filebox *box = filebox_new();
	const char *why;
	char bytes[70000], *path;
	struct file file;
	ssize_t n;
	int fd, directory = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_int_equal(strlen(stand_in), strlen(RESOLVER_PLAN_FILE));
	unit_write(stand_in, text, len, 0644);
	assert_int_equal(chdir(unit_dir), 0);
	assert_true(filebox_read(box, &file, stand_in, 65536, &why));
	file_free(&file);
	assert_int_equal(fchdir(directory), 0);
	close(directory);
	fd = filebox_store(box);
	filebox_free(&box);
	n = pread(fd, bytes, sizeof(bytes), 0);
	close(fd);
	assert_in_range(n, 1, sizeof(bytes) - 1);
	path = find_bytes(bytes, (size_t)n, stand_in, strlen(stand_in));
	assert_non_null(path);
	memcpy(path, RESOLVER_PLAN_FILE, strlen(RESOLVER_PLAN_FILE));
	fd = memfd_create("test", MFD_CLOEXEC);
	assert_int_equal(write(fd, bytes, (size_t)n), n);
	box = filebox_load(fd);
	close(fd);
	assert_non_null(box);
	return box;
}

/* check_plan - made of the settings as they are; the box may be NULL */
static void
check_plan(const char *row, struct filebox *box, const char *want)
{
	char *plan = resolver_plan_make(settings, box, error, sizeof(error));

	unit_text(row, "plan", plan == NULL ? error : plan, want);
	free(plan);
}

static void
test_resolv_conf(void **state)
{
	static const struct {
		const char *text;
		size_t len;
		const char *want;
	} rows[] = {
		{ BYTES("nameserver 192.0.2.1\n"), "forward 192.0.2.1\n" },
		{ BYTES("nameserver 192.0.2.1"), "forward 192.0.2.1\n" },
		{ BYTES("nameserver\t192.0.2.1\r\n"), "forward 192.0.2.1\n" },
		{ BYTES("  nameserver   192.0.2.1  \n"), "forward 192.0.2.1\n" },
		{ BYTES("nameserver 192.0.2.1 # the first one\n"), "forward 192.0.2.1\n" },
		{ BYTES("nameserver 192.0.2.1 192.0.2.2\n"), "forward 192.0.2.1\n" },
		{ BYTES("search x.test\noptions edns0 trust-ad\nnameserver 192.0.2.1\n"),
		    "forward 192.0.2.1\n" },
		{ BYTES("\n\n\r\n\t\nnameserver 192.0.2.1\n\n"), "forward 192.0.2.1\n" },
		{ BYTES("# nameserver 192.0.2.9\n;nameserver 192.0.2.9\n#nameserver 192.0.2.9\n"
			"nameserver 192.0.2.1\n"),
		    "forward 192.0.2.1\n" },
		{ BYTES("nameserver\nnameserver \nnameserver192.0.2.9\nnameservers 192.0.2.9\n"
			"name server 192.0.2.9\nNAMESERVER 192.0.2.9\nnameserver 192.0.2.1\n"),
		    "forward 192.0.2.1\n" },
		{ BYTES("nameserver x.test\nnameserver 192.0.2\nnameserver 192.0.2.256\n"
			"nameserver 192.0.2.9:53\nnameserver [2001:db8::9]\nnameserver ::g\n"
			"nameserver 192.0.2.1\n"),
		    "forward 192.0.2.1\n" },
		{ BYTES("nameserver 192.0.2.1\nnameserver 192.0.2.2\nnameserver 192.0.2.3\n"
			"nameserver 192.0.2.4\n"),
		    "forward 192.0.2.1\nforward 192.0.2.2\nforward 192.0.2.3\nforward 192.0.2.4\n" },
		{ BYTES("nameserver 2001:db8::1\nnameserver ::1\n"),
		    "forward 2001:db8::1\nforward ::1\n" },
		/* An address with a scope is ignored. */
		{ BYTES("nameserver fe80::1%eth0\nnameserver 192.0.2.1\n"), "forward 192.0.2.1\n" },
		{ BYTES("nameserver fe80::1%\nnameserver fe80::1%2\nnameserver 192.0.2.1\n"),
		    "forward 192.0.2.1\n" },
		/* Text after a NUL is ignored. */
		{ BYTES("nameserver 192.0.2.1\n\0nameserver 192.0.2.2\n"), "forward 192.0.2.1\n" },
	};
	struct filebox *box;
	size_t i;

	(void)state;
	set_nameservers(settings, "");
	for (i = 0; i < COUNT(rows); i++) {
		box = box_with(rows[i].text, rows[i].len);
		check_plan(rows[i].text, box, rows[i].want);
		filebox_free(&box);
	}
	unit_end();
}

/* Without a nameserver or without the file, the plan is empty: the root servers are queried. */
static void
test_no_nameserver(void **state)
{
	static const char *const rows[] = { "", "\n", "# nothing\n", "search x.test\n",
		"nameserver fe80::1%eth0\n", "nameserver x\n" };
	struct filebox *box = filebox_new();
	int fd = filebox_store(box);
	size_t i;

	(void)state;
	filebox_free(&box);
	box = filebox_load(fd);
	close(fd);
	set_nameservers(settings, "");
	log_capture_begin();
	check_plan("no file", box, "");
	unit_holds("no file", "log", log_capture_end(), "/etc/resolv.conf: ");
	filebox_free(&box);
	for (i = 0; i < COUNT(rows); i++) {
		box = box_with(rows[i], strlen(rows[i]));
		check_plan(rows[i], box, "");
		filebox_free(&box);
	}
	unit_end();
}

/* With the option nameservers the file is not read. */
static void
test_nameservers(void **state)
{
	static const struct {
		const char *nameservers, *want;
	} rows[] = {
		{ "192.0.2.1", "forward 192.0.2.1\n" },
		{ "192.0.2.1 192.0.2.2", "forward 192.0.2.1\nforward 192.0.2.2\n" },
		{ "192.0.2.2 192.0.2.1", "forward 192.0.2.2\nforward 192.0.2.1\n" },
		{ "192.0.2.1:53", "forward 192.0.2.1@53\n" },
		{ "192.0.2.1:5353", "forward 192.0.2.1@5353\n" },
		{ "2001:db8::1", "forward 2001:db8::1\n" },
		{ "[2001:db8::1]:53", "forward 2001:db8::1@53\n" },
		{ "[2001:db8::1]:5353", "forward 2001:db8::1@5353\n" },
	};
	struct filebox *box = box_with(BYTES("nameserver 192.0.2.99\n"));
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		set_nameservers(settings, rows[i].nameservers);
		check_plan(rows[i].nameservers, box, rows[i].want);
	}
	filebox_free(&box);
	unit_end();
}

#define KEY ". IN DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D"
#define SERVER "forward 192.0.2.1\n"

static void
test_trust_anchors(void **state)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{ KEY "\n", SERVER "anchor " KEY "\n" },
		{ KEY, SERVER "anchor " KEY "\n" },
		{ KEY "\n\n" KEY "\n", SERVER "anchor " KEY "\nanchor " KEY "\n" },
		{ "; a comment\n\n" KEY " ; and another\r\n", SERVER "anchor " KEY "\n" },
		{ "   " KEY "\t\n", SERVER "anchor " KEY "\n" },
	};
	size_t i;

	(void)state;
	set_nameservers(settings, "192.0.2.1");
	set_value(settings, "dnssec", "true");
	set_value(settings, "trust-anchor", unit_path("key"));
	for (i = 0; i < COUNT(rows); i++) {
		unit_write("key", rows[i].text, strlen(rows[i].text), 0644);
		check_plan(rows[i].text, NULL, rows[i].want);
	}
	/* Without validation no key is needed. */
	unlink(unit_path("key"));
	set_value(settings, "dnssec", "false");
	check_plan("dnssec = false", NULL, SERVER);
	unit_end();
}

static void
test_no_trust_anchor(void **state)
{
	static const struct {
		const char *text, *why;
	} rows[] = {
		{ "", "has no resource record" },
		{ "\n\r\n \t\n", "has no resource record" },
		{ "; nothing\n  ; but comments\n;", "has no resource record" },
		{ NULL, "No such file or directory" },
	};
	size_t i;

	(void)state;
	set_nameservers(settings, "192.0.2.1");
	set_value(settings, "dnssec", "true");
	set_value(settings, "trust-anchor", unit_path("key"));
	for (i = 0; i < COUNT(rows); i++) {
		const char *row = rows[i].text == NULL ? "no file" : rows[i].text;

		unlink(unit_path("key"));
		if (rows[i].text != NULL)
			unit_write("key", rows[i].text, strlen(rows[i].text), 0644);
		error[0] = '\0';
		unit_true(row, "no plan",
		    resolver_plan_make(settings, NULL, error, sizeof(error)) == NULL);
		unit_holds(row, "error", error, rows[i].why);
		unit_holds(row, "names the file", error, unit_path("key"));
	}
	unit_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		PLAN_TEST(test_resolv_conf),
		PLAN_TEST(test_no_nameserver),
		PLAN_TEST(test_nameservers),
		PLAN_TEST(test_trust_anchors),
		PLAN_TEST(test_no_trust_anchor),
	};

	return cmocka_run_group_tests_name("resolver_plan", tests, NULL, NULL);
}
