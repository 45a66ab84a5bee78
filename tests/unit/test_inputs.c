/* SPDX-License-Identifier: ISC */
#include "tests/unit/unit_dir.h"

#include "srsd/service/inputs.h"

#define CONF                              \
	"srs-domain = srs.test\n"         \
	"nameservers = {192.0.2.53}\n"    \
	"domains-file = \"%s/domains\"\n" \
	"secrets-file = \"%s/secret\"\n"

static char conf_path[UNIT_DIR_SIZE + 20];
static struct inputs_source source;
static char error[CONFIG_ERROR_SIZE];

/* write_conf - the configuration, followed by more lines */
static void
write_conf(const char *more)
{
	char text[1000];
	int n = snprintf(text, sizeof(text), CONF "%s", unit_dir, unit_dir, more);

	unit_write("conf", text, (size_t)n, 0644);
}

static int
begin(void **state)
{
	if (unit_dir_make(state) != 0)
		return -1;
	write_conf("");
	unit_write("domains", BYTES("one.test\ntwo.test\n"), 0644);
	unit_write("secret", BYTES("correct horse battery\nan older secret\n"), 0600);
	snprintf(conf_path, sizeof(conf_path), "%s", unit_path("conf"));
	memset(&source, 0, sizeof(source));
	source.config = conf_path;
	error[0] = '\0';
	return 0;
}

#define INPUTS_TEST(test) cmocka_unit_test_setup_teardown(test, begin, unit_dir_remove)

static bool
read_all(struct inputs *in, struct filebox *box)
{
	return inputs_read_settings(in, box, &source, error) &&
	       inputs_read_rest(in, &(struct identity){ geteuid(), getegid() }, error);
}

static void
check_whole(const struct inputs *in)
{
	assert_string_equal(in->settings->srs_domain, "srs.test");
	assert_int_equal(domainset_size(in->settings->own_domains), 3);
	assert_int_equal(srs_keys_count(in->keys), 2);
}

static void
check_nothing_left(const char *row, const struct inputs *in)
{
	unit_true(
	    row, "nothing to free", in->box == NULL && in->settings == NULL && in->keys == NULL);
}

static void
test_read(void **state)
{
	struct inputs in;

	(void)state;
	assert_true(read_all(&in, filebox_new()));
	check_whole(&in);
	inputs_free(&in);
	check_nothing_left("freed", &in);
	inputs_free(&in);
	unit_end();
}

static void
test_from_the_disk(void **state)
{
	struct inputs in;

	(void)state;
	assert_true(read_all(&in, NULL));
	check_whole(&in);
	inputs_free(&in);
}

/* The other process gets the same from files that have been removed or changed since. */
static void
test_through_a_box(void **state)
{
	struct inputs in, theirs;
	int fd;

	(void)state;
	assert_true(read_all(&in, filebox_new()));
	fd = filebox_store(in.box);
	assert_int_not_equal(fd, -1);
	write_conf("max-age = 3\nno such option\n");
	unlink(unit_path("domains"));
	unit_write("secret", BYTES(""), 0600);
	assert_true(read_all(&theirs, filebox_load(fd)));
	close(fd);
	check_whole(&theirs);
	assert_int_equal(theirs.settings->max_age, in.settings->max_age);
	inputs_free(&theirs);
	inputs_free(&in);
}

static void
test_overrides(void **state)
{
	static const char *const overrides[] = { "max-age=3", "srs-domain=other.test" };
	struct inputs in;

	(void)state;
	source.overrides = overrides;
	source.n_overrides = COUNT(overrides);
	assert_true(read_all(&in, filebox_new()));
	assert_string_equal(in.settings->srs_domain, "other.test");
	assert_int_equal(in.settings->max_age, 3);
	inputs_free(&in);
}

/* Every fault is reported in one line, and nothing is left allocated. */
static void
test_refused(void **state)
{
	static const struct {
		const char *file; /* the one to replace, or NULL: more lines of the configuration */
		const char *text; /* NULL: it is removed */
		mode_t mode;
		bool settings; /* they can be read all the same */
		const char *why;
	} rows[] = {
		{ "conf", NULL, 0, false, "No such file" },
		{ NULL, "max-age = x\n", 0, false, "max-age" },
		{ NULL, "max-age = 7\nmax-age = 8\n", 0, false, "max-age" },
		{ "domains", NULL, 0, false, "domains: No such file" },
		{ "domains", "one.test\ntwo words\n", 0644, false, "domains:2" },
		{ "secret", NULL, 0, true, "secret: No such file" },
		{ "secret", "", 0600, true, "contains no secret" },
		{ "secret", "a good secret", 0644, true, "others may read" },
		{ NULL, "dnssec = true\ntrust-anchor = /nonexistent/key\n", 0, true,
		    "/nonexistent/key" },
#ifdef HAVE_HIREDIS
		{ NULL, "envelope-database = \"redis:db.test:6379\"\n", 0, true,
		    "envelope-database redis:db.test:6379: a server that is not on this host" },
		{ NULL, "envelope-database = \"redis:192.0.2.1:6379\"\n", 0, true,
		    "needs a password" },
		{ NULL, "envelope-database = \"redis:[2001:db8::1]:6379\"\n", 0, true,
		    "needs a password" },
		{ NULL, "envelope-database = \"redis:127.0.0.1:x\"\n", 0, true, "port is not" },
		{ NULL, "envelope-database-password-file = /nonexistent/password\n", 0, true,
		    "envelope-database-password-file /nonexistent/password: No such file" },
#endif
#ifndef HAVE_HIREDIS_SSL
		{ NULL, "envelope-database-tls = true\n", 0, true,
		    "envelope-database-tls: this srsd was built without TLS" },
#endif
	};
	struct inputs in;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		if (rows[i].file == NULL)
			write_conf(rows[i].text);
		else if (rows[i].text == NULL)
			unlink(unit_path(rows[i].file));
		else
			unit_write(rows[i].file, rows[i].text, strlen(rows[i].text), rows[i].mode);
		memset(&in, 0, sizeof(in));
		unit_int(rows[i].why, "settings",
		    inputs_read_settings(&in, filebox_new(), &source, error), rows[i].settings);
		if (rows[i].settings)
			unit_true(rows[i].why, "refused",
			    !inputs_read_rest(
				&in, &(struct identity){ geteuid(), getegid() }, error));
		unit_holds(rows[i].why, "error", error, rows[i].why);
		unit_true(rows[i].why, "one line", strchr(error, '\n') == NULL);
		check_nothing_left(rows[i].why, &in);
		write_conf("");
		unit_write("domains", BYTES("one.test\ntwo.test\n"), 0644);
		unit_write("secret", BYTES("correct horse battery\nan older secret\n"), 0600);
	}
	assert_true(read_all(&in, filebox_new()));
	check_whole(&in);
	inputs_free(&in);
	unit_end();
}

#ifdef HAVE_HIREDIS
/* A server on this host needs no password, and another one has one. */
static void
test_database_server(void **state)
{
	static const char *const local[] = { "redis:127.0.0.1:6379", "redis:[::1]:6379",
		"redis:localhost:6379", "redis:unix:/run/redis.sock" };
	char text[200];
	struct inputs in;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(local); i++) {
		snprintf(text, sizeof(text), "envelope-database = \"%s\"\n", local[i]);
		write_conf(text);
		unit_true(local[i], "accepted", read_all(&in, filebox_new()));
		inputs_free(&in);
	}
	unit_end();
}

/* A server on another host, and a file with its password. */
static void
test_database_password(void **state)
{
	static const struct {
		const char *text;
		mode_t mode;
		const char *password, *why;
	} rows[] = {
		{ "of the database\n", 0600, "of the database", NULL },
		{ "x", 0600, "x", NULL },
		{ "first\r\nsecond\n", 0600, "first", NULL },
		{ "", 0600, NULL, "password: its first line is empty" },
		{ "\nsecond\n", 0600, NULL, "password: its first line is empty" },
		{ "\r\n", 0600, NULL, "password: its first line is empty" },
		{ "of the database\n", 0644, NULL, "others may read" },
	};
	char text[200];
	struct inputs in;
	size_t i;

	(void)state;
	snprintf(text, sizeof(text),
	    "envelope-database = \"redis:192.0.2.1:6379\"\n"
	    "envelope-database-password-file = \"%s\"\n",
	    unit_path("password"));
	write_conf(text);
	for (i = 0; i < COUNT(rows); i++) {
		unit_write("password", rows[i].text, strlen(rows[i].text), rows[i].mode);
		unit_int(rows[i].text, "accepted", read_all(&in, filebox_new()),
		    rows[i].password != NULL);
		if (rows[i].password == NULL) {
			unit_holds(rows[i].text, "error", error, rows[i].why);
			continue;
		}
		unit_text(rows[i].text, "password", in.database.password, rows[i].password);
		inputs_free(&in);
	}
	unit_end();
}
#endif

int
main(void)
{
	const struct CMUnitTest tests[] = {
		INPUTS_TEST(test_read),
		INPUTS_TEST(test_from_the_disk),
		INPUTS_TEST(test_through_a_box),
		INPUTS_TEST(test_overrides),
		INPUTS_TEST(test_refused),
#ifdef HAVE_HIREDIS
		INPUTS_TEST(test_database_server),
		INPUTS_TEST(test_database_password),
#endif
	};

	return cmocka_run_group_tests_name("inputs", tests, NULL, NULL);
}
