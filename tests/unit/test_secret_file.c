/* SPDX-License-Identifier: ISC */
/*
 * Secrets are named by letters here: the secret of A is "secret-A".
 */
#include "tests/unit/unit.h"
#include "tests/unit/unit_dir.h"

#include "srsd/ctl/secret_file.h"
#include "srsd/srs/srs_keys.h"

#define NOW ((time_t)1780000000)

/* A time of change that is before NOW. */
#define MADE ((time_t)1770000000)

static struct secret_owner
own(void)
{
	return (struct secret_owner){ geteuid(), getegid(), 0600, geteuid() };
}

/* open_file - to change it */
static struct secret_file *
open_file(const char *name)
{
	struct secret_owner owner = own();
	char error[SECRET_FILE_ERROR_SIZE] = "";
	struct secret_file *f = secret_file_open(unit_path(name), &owner, error);

	unit_text(name, "error", error, "");
	assert_non_null(f);
	return f;
}

static void
add_secret(struct secret_file *f, char letter, bool last, time_t now)
{
	char secret[] = "secret-A";

	secret[7] = letter;
	assert_true(secret_file_add(f, secret, last, now));
}

static char
letter_of(const char *fingerprint)
{
	char secret[] = "secret-A", got[SRS_MAC_FINGERPRINT_LEN + 1];

	for (; secret[7] <= 'Z'; secret[7]++)
		if (srs_mac_fingerprint(secret, 8, got) && strcmp(got, fingerprint) == 0)
			return secret[7];
	return '?';
}

/* describe - "A+ B- C0": A signs, B stopped, C is unused */
static const char *
describe(const struct secret_file *f, char text[200])
{
	const struct srs_secret_past *past;
	size_t i, n = 0;

	text[0] = '\0';
	for (i = 0; i < secret_file_count(f); i++) {
		past = secret_file_past(f, i);
		n += (size_t)snprintf(text + n, 200 - n, "%s%c%c", i == 0 ? "" : " ",
		    letter_of(past->fingerprint), "+-0"[past->state]);
	}
	return text;
}

static void
test_changes(void **state)
{
	struct secret_file *f = open_file("secrets");
	char text[200];

	(void)state;
	unit_text("new", "secrets", describe(f, text), "");
	add_secret(f, 'A', true, NOW);
	unit_text("the only one signs", "secrets", describe(f, text), "A+");
	add_secret(f, 'B', true, NOW + 1);
	unit_text("last", "secrets", describe(f, text), "A+ B0");
	add_secret(f, 'C', false, NOW + 2);
	unit_text("first", "secrets", describe(f, text), "C+ A- B0");
	unit_int("A", "stopped", secret_file_past(f, 1)->stopped, NOW + 2);
	unit_int("C", "created", secret_file_past(f, 0)->created, NOW + 2);

	secret_file_promote(f, 2, NOW + 3);
	unit_text("promoted", "secrets", describe(f, text), "B+ C- A-");
	unit_int("C", "stopped", secret_file_past(f, 1)->stopped, NOW + 3);
	secret_file_promote(f, 0, NOW + 4);
	unit_text("promoted again", "secrets", describe(f, text), "B+ C- A-");
	secret_file_promote(f, 1, NOW + 5);
	unit_text("second", "secrets", describe(f, text), "C+ B- A-");

	secret_file_remove(f, 1);
	unit_text("removed from the middle", "secrets", describe(f, text), "C+ A-");
	secret_file_remove(f, 0);
	unit_text("removed from the front", "secrets", describe(f, text), "A+");
	secret_file_remove(f, 0);
	unit_text("removed", "secrets", describe(f, text), "");
	secret_file_close(&f);
	assert_null(f);
	secret_file_close(&f);
	unit_end();
}

static void
test_find(void **state)
{
	char upper[SRS_MAC_FINGERPRINT_LEN + 1];
	struct secret_file *f = open_file("secrets");
	size_t i;

	(void)state;
	add_secret(f, 'A', true, NOW);
	add_secret(f, 'B', true, NOW);
	strlcpy(upper, secret_file_past(f, 1)->fingerprint, sizeof(upper));
	unit_int("lower case", "number", secret_file_find(f, upper), 1);
	for (i = 0; upper[i] != '\0'; i++)
		if (upper[i] >= 'a')
			upper[i] -= 'a' - 'A';
	unit_int("upper case", "number", secret_file_find(f, upper), 1);
	upper[SRS_MAC_FINGERPRINT_LEN - 1] = '\0';
	unit_int("cut", "number", secret_file_find(f, upper), -1);
	unit_int("empty", "number", secret_file_find(f, ""), -1);
	secret_file_close(&f);
	unit_end();
}

/* The files are replaced, and have the same meaning when they are read again. */
static void
test_write(void **state)
{
	char error[SECRET_FILE_ERROR_SIZE] = "", text[200];
	struct secret_file *f = open_file("secrets");
	const char *path;
	struct stat st;
	size_t i;

	(void)state;
	add_secret(f, 'A', false, MADE);
	add_secret(f, 'B', false, MADE + 1);
	add_secret(f, 'C', true, MADE + 2);
	assert_true(secret_file_write(f, error));
	secret_file_close(&f);
	path = unit_path("secrets");
	assert_int_equal(stat(path, &st), 0);
	unit_int("new", "mode", st.st_mode & 07777, 0600);
	unit_int("new", "size", st.st_size, 3 * 9);

	assert_int_equal(chmod(path, 0640), 0);
	f = open_file("secrets");
	unit_text("read", "secrets", describe(f, text), "B+ A- C0");
	for (i = 0; i < 3; i++)
		unit_int(unit_row("%zu", i), "created", secret_file_past(f, i)->created,
		    MADE + (i == 0      ? 1
			       : i == 1 ? 0
					: 2));
	unit_int("A", "stopped", secret_file_past(f, 1)->stopped, MADE + 1);
	secret_file_remove(f, 1);
	assert_true(secret_file_write(f, error));
	secret_file_close(&f);
	assert_int_equal(stat(unit_path("secrets"), &st), 0);
	unit_int("kept", "mode", st.st_mode & 07777, 0640);

	f = secret_file_open(unit_path("secrets"), NULL, error);
	assert_non_null(f);
	unit_text("only read", "secrets", describe(f, text), "B+ C0");
	secret_file_close(&f);
	unit_end();
}

/* One more than fits can be added, but not written; the file stays as it was. */
static void
test_limit(void **state)
{
	char error[SECRET_FILE_ERROR_SIZE] = "", secret[20];
	struct secret_file *f = open_file("secrets");
	struct stat before, after;
	unsigned i;

	(void)state;
	for (i = 0; i < SRS_KEYS_MAX; i++) {
		snprintf(secret, sizeof(secret), "number-%u", i);
		assert_true(secret_file_add(f, secret, true, NOW));
	}
	assert_true(secret_file_write(f, error));
	assert_int_equal(stat(unit_path("secrets"), &before), 0);
	add_secret(f, 'A', true, NOW);
	unit_true("full", "refused", !secret_file_write(f, error));
	unit_holds("full", "error", error, unit_path("secrets"));
	assert_int_equal(stat(unit_path("secrets"), &after), 0);
	unit_true("full", "file is the same", before.st_ino == after.st_ino);
	secret_file_close(&f);
	unit_end();
}

/* Files and directories that root must not follow or trust. */
static void
test_refused(void **state)
{
	static const struct {
		const char *name, *error;
	} rows[] = {
		{ "link", "link is a symbolic link" },
		{ "second", "second has another hard link" },
		{ "none/secrets", "No such file or directory" },
		{ "open/secrets", "other users can write to it" },
		{ "bad", "bad:1: " },
	};
	char error[SECRET_FILE_ERROR_SIZE];
	struct secret_owner owner = own();
	struct secret_file *f;
	size_t i;

	(void)state;
	unit_write("real", BYTES("secret-A\n"), 0600);
	unit_write("bad", BYTES("\0\n"), 0600);
	assert_int_equal(symlink("real", unit_path("link")), 0);
	assert_int_equal(link(unit_path("real"), unit_path("second")), 0);
	assert_int_equal(mkdir(unit_path("open"), 0700), 0);
	assert_int_equal(chmod(unit_path("open"), 0770), 0);
	for (i = 0; i < COUNT(rows); i++) {
		error[0] = '\0';
		f = secret_file_open(unit_path(rows[i].name), &owner, error);
		unit_true(rows[i].name, "refused", f == NULL);
		unit_holds(rows[i].name, "error", error, rows[i].error);
		secret_file_close(&f);
	}
	rmdir(unit_path("open"));
	unit_end();
}

/* An empty file has no secrets yet; to read it alone is no error, either. */
static void
test_empty(void **state)
{
	char error[SECRET_FILE_ERROR_SIZE] = "";
	struct secret_file *f;

	(void)state;
	unit_write("empty", BYTES(""), 0600);
	f = open_file("empty");
	unit_int("empty", "secrets", (long long)secret_file_count(f), 0);
	secret_file_close(&f);
	f = secret_file_open(unit_path("none"), NULL, error);
	unit_true("none", "refused", f == NULL);
	secret_file_close(&f);
	unit_end();
}

/* A file without secrets has lost them if its history lists any. */
static void
test_lost(void **state)
{
	static const struct {
		const char *name, *secrets, *history; /* NULL: no file */
		bool lost;
	} rows[] = {
		{ "new", NULL, NULL, false },
		{ "empty", "", NULL, false },
		{ "no history", NULL, "# kept by srsctl: fingerprint, made at, signed until\n",
		    false },
		{ "missing", NULL,
		    "# kept by srsctl: fingerprint, made at, signed until\n0123456789ab 1 -\n",
		    true },
		{ "emptied", "\n",
		    "# kept by srsctl: fingerprint, made at, signed until\n0123456789ab 1 -\n",
		    true },
		{ "kept", "secret-A\n",
		    "# kept by srsctl: fingerprint, made at, signed until\n0123456789ab 1 -\n",
		    false },
	};
	struct secret_file *f;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		unlink(unit_path("secret"));
		unlink(unit_path("secret.history"));
		if (rows[i].secrets != NULL)
			unit_write("secret", rows[i].secrets, strlen(rows[i].secrets), 0600);
		if (rows[i].history != NULL)
			unit_write(
			    "secret.history", rows[i].history, strlen(rows[i].history), 0600);
		f = open_file("secret");
		unit_int(rows[i].name, "lost", secret_file_has_lost(f), rows[i].lost);
		secret_file_close(&f);
	}
	unit_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_DIR_TEST(test_changes),
		UNIT_DIR_TEST(test_find),
		UNIT_DIR_TEST(test_write),
		UNIT_DIR_TEST(test_limit),
		UNIT_DIR_TEST(test_refused),
		UNIT_DIR_TEST(test_empty),
		UNIT_DIR_TEST(test_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
