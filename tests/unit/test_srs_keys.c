/* SPDX-License-Identifier: ISC */
#include "tests/unit/unit_dir.h"

#include "srsd/srs/srs_keys.h"

/* The digest of the one part "x" with each secret; see test_srs_mac.c. */
static const struct text part = { "x", 1 };

static struct srs_keys *
parse(const char *text, size_t len, unsigned *line, const char **error)
{
	char *copy = unit_copy(text, len);
	struct srs_keys *keys = srs_keys_parse(copy, len, line, error);

	free(copy);
	return keys;
}

/* check_first - the secret that signs, identified by its digest of "x" */
static void
check_first(const char *row, struct srs_keys *keys, const char *want)
{
	char digest[SRS_MAC_LEN + 1] = "";

	unit_true(row, "signs", srs_keys_sign(keys, SRS_MAC_COMPATIBLE, &part, 1, digest));
	unit_text(row, "digest", digest, want);
}

#define BLANKS " blanks \t"
#define BLANKS_DIGEST "0mPa7a8oa5Y+4dxRPWYe8RVWbGo"
#define K "k"
#define K_FINGERPRINT "77fa2cfb1cb6"
#define K_DIGEST "ywATH87GAqj8hEE6KnAVTYwGoNI"

static void
test_lines(void **state)
{
	static const struct {
		const char *text;
		size_t len;
		size_t count;
		const char *first;
	} rows[] = {
		{ BYTES("k"), 1, K_DIGEST },
		{ BYTES("k\n"), 1, K_DIGEST },
		{ BYTES("k\r\n"), 1, K_DIGEST },
		{ BYTES("\n\n\r\nk\n\n"), 1, K_DIGEST },
		{ BYTES("k\nother\n"), 2, K_DIGEST },
		{ BYTES("k\r\nother\r\nthird"), 3, K_DIGEST },
		{ BYTES("k\nk\nk\n"), 3, K_DIGEST },
		{ BYTES(BLANKS "\n"), 1, BLANKS_DIGEST },
		{ BYTES(BLANKS "\r\n" K "\n"), 2, BLANKS_DIGEST },
	};
	struct srs_keys *keys;
	const char *error;
	unsigned line;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		keys = parse(rows[i].text, rows[i].len, &line, &error);
		unit_true(rows[i].text, "taken", keys != NULL);
		if (keys == NULL)
			continue;
		unit_int(rows[i].text, "count", (int)srs_keys_count(keys), (int)rows[i].count);
		check_first(rows[i].text, keys, rows[i].first);
		if (strcmp(rows[i].first, K_DIGEST) == 0)
			unit_text(rows[i].text, "fingerprint", srs_keys_fingerprint(keys, 0),
			    K_FINGERPRINT);
		srs_keys_free(&keys);
		assert_null(keys);
	}
	srs_keys_free(&keys);
	unit_end();
}

/* signs_alike - do two files' first secrets make the same digest? */
static bool
signs_alike(const char *a, const char *b)
{
	char digests[2][SRS_MAC_LEN + 1];
	const char *texts[] = { a, b }, *error;
	struct srs_keys *keys;
	unsigned line, i;

	for (i = 0; i < 2; i++) {
		keys = parse(texts[i], strlen(texts[i]), &line, &error);
		assert_non_null(keys);
		assert_true(srs_keys_sign(keys, SRS_MAC_COMPATIBLE, &part, 1, digests[i]));
		srs_keys_free(&keys);
	}
	return strcmp(digests[0], digests[1]) == 0;
}

static void
test_bytes_of_a_line(void **state)
{
	(void)state;
	assert_true(signs_alike("secret\n", "secret"));
	assert_true(signs_alike("secret\r\n", "secret"));
	assert_false(signs_alike("secret \n", "secret\n"));
	assert_false(signs_alike(" secret\n", "secret\n"));
	assert_false(signs_alike("secret\t\n", "secret\n"));
	assert_false(signs_alike("# secret\n", "secret\n"));
	assert_false(signs_alike("#secret\nsecret\n", "secret\n"));
	assert_false(signs_alike("secret # comment\n", "secret\n"));
	assert_false(signs_alike("Secret\n", "secret\n"));
	assert_false(signs_alike("\"secret\"\n", "secret\n"));
	assert_false(signs_alike("sec\rret\n", "secret\n"));
	assert_true(signs_alike("sec\rret\n", "sec\n"));
	assert_true(signs_alike("\r\rsec\r\rret\n", "sec\n"));
}

static void
test_bad_files(void **state)
{
	static const struct {
		const char *text;
		size_t len;
		unsigned line;
		const char *error;
	} rows[] = {
		{ BYTES(""), 0, "no secret" },
		{ BYTES("\n"), 0, "no secret" },
		{ BYTES("\r\n\r\n\n"), 0, "no secret" },
		{ BYTES("sec\0ret\n"), 1, "NUL" },
		{ BYTES("\0"), 1, "NUL" },
		{ BYTES("one\n\n\0\n"), 3, "NUL" },
		{ BYTES("one\ntwo\0"), 2, "NUL" },
	};
	const char *error;
	unsigned line;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		error = "";
		unit_true(rows[i].text, "refused",
		    parse(rows[i].text, rows[i].len, &line, &error) == NULL);
		unit_int(rows[i].text, "line", line, rows[i].line);
		unit_holds(rows[i].text, "reason", error, rows[i].error);
	}
	unit_end();
}

static void
test_longest_secret(void **state)
{
	char *text = unit_fill('k', 1100);
	struct srs_keys *keys;
	const char *error;
	unsigned line;

	(void)state;
	keys = parse(text, 1023, &line, &error);
	assert_non_null(keys);
	check_first("1023 bytes", keys, "1M6b35EXQqJhUQ+g22UymSnahuM");
	srs_keys_free(&keys);
	memcpy(text + 1023, "\r\n", 2);
	keys = parse(text, 1025, &line, &error);
	assert_non_null(keys);
	check_first("1023 bytes and CRLF", keys, "1M6b35EXQqJhUQ+g22UymSnahuM");
	srs_keys_free(&keys);
	memset(text, 'k', 1100);
	keys = parse(text, 1024, &line, &error);
	assert_non_null(keys);
	assert_int_equal(srs_keys_count(keys), 2);
	check_first("1024 bytes", keys, "1M6b35EXQqJhUQ+g22UymSnahuM");
	unit_text("1024 bytes", "rest", srs_keys_fingerprint(keys, 1), K_FINGERPRINT);
	srs_keys_free(&keys);
	memcpy(text, "k\n", 2);
	memcpy(text + 2 + 1023, "\nk", 2);
	keys = parse(text, 2 + 1023 + 2, &line, &error);
	assert_non_null(keys);
	assert_int_equal(srs_keys_count(keys), 3);
	assert_int_equal(line, 3);
	srs_keys_free(&keys);
	free(text);
	unit_end();
}

static void
test_most_secrets(void **state)
{
	char text[4000] = "";
	struct srs_keys *keys;
	const char *error;
	unsigned line;
	size_t len = 0;
	int i;

	(void)state;
	for (i = 0; i < SRS_KEYS_MAX; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "secret number %d\n", i);
	keys = parse(text, len, &line, &error);
	assert_non_null(keys);
	assert_int_equal(srs_keys_count(keys), SRS_KEYS_MAX);
	srs_keys_free(&keys);
	strcpy(text + len, "\n\none more\n");
	assert_null(parse(text, strlen(text), &line, &error));
	assert_non_null(strstr(error, "more than 100"));
	assert_int_equal(line, SRS_KEYS_MAX + 3);
}

#define GOOD "0123456789abcdef\n"

static void
test_doubts(void **state)
{
	static const struct {
		const char *text;
		int kind;      /* the only one; -1: none */
		unsigned line; /* that it names */
	} rows[] = {
		{ GOOD, -1, 0 },
		{ GOOD "fedcba9876543210\n", -1, 0 },
		{ "\n\r\n" GOOD "\n", -1, 0 },
		{ "secret # with a number sign\n", -1, 0 },
		{ "0123456789abcde\n", SRS_KEYS_SHORT, 1 },
		{ GOOD "k\n", SRS_KEYS_SHORT, 2 },
		{ "\n\nk\n" GOOD "k\n", SRS_KEYS_SHORT, 3 },
		{ "ababababababababababcde\n", SRS_KEYS_MONOTONOUS, 1 },
		{ "# secrets of example.org, since 2019\n" GOOD, SRS_KEYS_COMMENT, 1 },
		{ GOOD " \t#0123456789abcdef\n", SRS_KEYS_COMMENT, 2 },
		{ "#\n" GOOD, SRS_KEYS_COMMENT, 1 },
		{ GOOD " \n", SRS_KEYS_BLANK, 2 },
		{ GOOD "\t  \t\r\n", SRS_KEYS_BLANK, 2 },
		{ GOOD "0123456789abcdef\rx\n", SRS_KEYS_RETURNED, 2 },
		{ GOOD "0123456789abcdef \n", SRS_KEYS_EDGE, 2 },
		{ GOOD "0123456789abcdef\t\r\n", SRS_KEYS_EDGE, 2 },
		{ " 0123456789abcdef\n" GOOD, SRS_KEYS_EDGE, 1 },
		{ GOOD "0123456789 abcdef\n", -1, 0 },
		{ "\xef\xbb\xbf" GOOD, SRS_KEYS_MARKED, 1 },
		{ "\xef\xbb" GOOD, -1, 0 },
	};
	char text[SRS_KEYS_DOUBT_SIZE];
	struct srs_keys *keys;
	const char *error;
	unsigned line, kind;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		keys = parse(rows[i].text, strlen(rows[i].text), &line, &error);
		for (kind = 0; kind < SRS_KEYS_DOUBTS; kind++) {
			unit_int(rows[i].text, unit_row("doubt %u", kind),
			    srs_keys_doubt(keys, kind, text), (int)kind == rows[i].kind);
			if ((int)kind == rows[i].kind)
				unit_holds(rows[i].text, "text", text,
				    unit_row("line %u: ", rows[i].line));
		}
		srs_keys_free(&keys);
	}
	unit_end();
}

static void
test_doubt_of_a_part(void **state)
{
	char *long_line = unit_fill('x', 1500), text[SRS_KEYS_DOUBT_SIZE];
	struct srs_keys *keys;
	const char *error;
	unsigned line;

	(void)state;
	memcpy(long_line, GOOD, strlen(GOOD));
	keys = parse(long_line, 1500, &line, &error);
	assert_non_null(keys);
	assert_true(srs_keys_doubt(keys, SRS_KEYS_PART, text));
	unit_holds("part", "text", text, "line 2: this line of more than 1023 bytes");
	srs_keys_free(&keys);
	keys = parse(long_line, strlen(GOOD) + 1023, &line, &error);
	assert_non_null(keys);
	assert_false(srs_keys_doubt(keys, SRS_KEYS_PART, text));
	srs_keys_free(&keys);
	free(long_line);
	unit_end();
}

static int
verify(struct srs_keys *keys, const char *hash)
{
	return srs_keys_verify(keys, SRS_MAC_COMPATIBLE, &part, 1, hash, strlen(hash));
}

static void
test_verify(void **state)
{
	static const char text[] = BLANKS "\n" K "\nsome other secret\n" K "\n";
	struct srs_keys *keys;
	const char *error;
	unsigned line;

	(void)state;
	keys = parse(text, strlen(text), &line, &error);
	assert_non_null(keys);
	assert_int_equal(verify(keys, BLANKS_DIGEST), 0);
	assert_int_equal(verify(keys, K_DIGEST), 1);
	assert_int_equal(verify(keys, "0mPa"), 0);
	assert_int_equal(verify(keys, "ywAT"), 1);
	assert_int_equal(verify(keys, "YWat"), 1);
	assert_int_equal(verify(keys, "yw"), 1);
	assert_int_equal(verify(keys, "ywAX"), SRS_KEYS_NONE);
	assert_int_equal(verify(keys, "ywATXXXX"), SRS_KEYS_NONE);
	assert_int_equal(verify(keys, K_DIGEST "="), SRS_KEYS_NONE);
	assert_int_equal(verify(keys, ""), SRS_KEYS_NONE);
	srs_keys_free(&keys);
}

/* All secrets verify in both forms, and a hash of one form never in the other. */
static void
test_verify_forms(void **state)
{
	static const char text[] = BLANKS "\n" K "\nsome other secret\n";
	static const enum srs_mac_form forms[] = { SRS_MAC_COMPATIBLE, SRS_MAC_SEPARATED };
	static const char *const digests[][2] = {
		{ BLANKS_DIGEST, "rqwu9nFJoFVNYUQ4JtiJBf1V9PA" },
		{ K_DIGEST, "VSNq70mkGCduwuR3FP3sjdXXM8o" },
		{ "FmnQpc+M0LLw79n/Rj5kpWERN+8", "p3ERZo1SwqFl8wQbJCpSpXrsyOk" },
	};
	struct srs_keys *keys;
	char digest[SRS_MAC_LEN + 1];
	const char *error, *hash;
	unsigned line;
	size_t i, j, f;
	int got;

	(void)state;
	keys = parse(text, strlen(text), &line, &error);
	assert_non_null(keys);
	for (i = 0; i < COUNT(digests); i++)
		for (j = 0; j < 2; j++)
			for (f = 0; f < 2; f++) {
				hash = digests[i][j];
				got = srs_keys_verify(keys, forms[f], &part, 1, hash, strlen(hash));
				unit_int(hash, unit_row("form %zu", f), got,
				    f == j ? (int)i : SRS_KEYS_NONE);
			}
	for (f = 0; f < 2; f++) {
		assert_true(srs_keys_sign(keys, forms[f], &part, 1, digest));
		unit_text(unit_row("form %zu", f), "signs", digest, digests[0][f]);
	}
	srs_keys_free(&keys);
	unit_end();
}

/* load - a file of that mode and group */
static struct srs_keys *
load(mode_t mode, gid_t group, gid_t daemon_group, char *error, size_t size)
{
	const char *path = unit_write("secret", BYTES(K "\n"), 0600);

	if (group != getegid() && chown(path, (uid_t)-1, group) == -1)
		fail_msg("chown: group %u", (unsigned)group);
	assert_int_equal(chmod(path, mode), 0);
	return srs_keys_load(
	    NULL, path, &(struct identity){ geteuid(), daemon_group }, error, size);
}

static void
test_load_modes(void **state)
{
	static const struct {
		mode_t mode;
		bool want;
	} rows[] = { { 0600, true }, { 0400, true }, { 0640, true }, { 0440, true },
		{ 0620, false }, { 0660, false }, { 0644, false }, { 0604, false }, { 0602, false },
		{ 0601, false }, { 0666, false }, { 0777, false } };
	struct srs_keys *keys;
	char error[300];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		const char *row = unit_row("%04o", (unsigned)rows[i].mode);

		error[0] = '\0';
		keys = load(rows[i].mode, getegid(), getegid(), error, sizeof(error));
		unit_int(row, "taken", keys != NULL, rows[i].want);
		if (keys == NULL) {
			unit_holds(row, "names the file", error, unit_path("secret"));
			unit_holds(row, "names no line", error, "/secret: ");
			unit_holds(row, "says what to do", error, "chmod");
		}
		srs_keys_free(&keys);
	}
	unit_end();
}

static void
test_load_groups(void **state)
{
	gid_t ours = getegid(), other = 54321;
	struct srs_keys *keys;
	char error[300];

	(void)state;
	/* Readable by a group that is neither root's nor the daemon's. */
	if (geteuid() == 0) {
		assert_null(load(0640, other, 54322, error, sizeof(error)));
		assert_non_null(strstr(error, "group"));
		keys = load(0640, other, other, error, sizeof(error));
		assert_non_null(keys);
		srs_keys_free(&keys);
		keys = load(0600, other, 54322, error, sizeof(error));
		assert_non_null(keys);
		srs_keys_free(&keys);
		keys = load(0640, 0, other, error, sizeof(error));
		assert_non_null(keys);
		srs_keys_free(&keys);
		return;
	}
	keys = load(0640, ours, other, error, sizeof(error));
	assert_true((keys != NULL) == (ours == 0));
	srs_keys_free(&keys);
}

static void
test_load_owners(void **state)
{
	static const struct {
		uid_t owner, daemon;
		bool want;
	} rows[] = { { 0, 54321, true }, { 54321, 54321, true }, { 54322, 54321, false },
		{ 54321, 0, false }, { 0, 0, true } };
	struct srs_keys *keys;
	char error[300];
	size_t i;

	(void)state;
	if (geteuid() != 0)
		return;
	for (i = 0; i < COUNT(rows); i++) {
		const char *row =
		    unit_row("%u for %u", (unsigned)rows[i].owner, (unsigned)rows[i].daemon);
		const char *path = unit_write("secret", BYTES(K "\n"), 0600);

		error[0] = '\0';
		assert_int_equal(chown(path, rows[i].owner, 0), 0);
		keys = srs_keys_load(
		    NULL, path, &(struct identity){ rows[i].daemon, 0 }, error, sizeof(error));
		unit_int(row, "taken", keys != NULL, rows[i].want);
		if (keys == NULL)
			unit_holds(row, "message", error, "belongs to a user other than root");
		srs_keys_free(&keys);
		unlink(path);
	}
	unit_end();
}

static void
test_load_errors(void **state)
{
	const struct identity ours = { geteuid(), getegid() };
	char error[300], *huge = unit_fill('\n', 300 * 1024);

	(void)state;
	assert_null(srs_keys_load(NULL, unit_path("none"), &ours, error, sizeof(error)));
	unit_holds("missing", "message", error, "/none: ");
	unit_holds("missing", "message", error,
	    "No such file or directory; restore it from a backup, or, if it has never existed, "
	    "create one with srsctl secret new");
	unit_write("secret", BYTES("one\n\nsec\0ret\n"), 0600);
	assert_null(srs_keys_load(NULL, unit_path("secret"), &ours, error, sizeof(error)));
	unit_holds("NUL", "message", error, "/secret:3: NUL");
	unit_write("secret", BYTES("\n\n"), 0600);
	assert_null(srs_keys_load(NULL, unit_path("secret"), &ours, error, sizeof(error)));
	unit_holds("empty", "message", error,
	    "/secret: contains no secret; restore it from a backup, or, if it has never existed, "
	    "create one with srsctl secret new");
	unit_write("secret", huge, 300 * 1024, 0600);
	assert_null(srs_keys_load(NULL, unit_path("secret"), &ours, error, sizeof(error)));
	unit_holds("huge", "message", error, "/secret: too large; it can have at most 100 secrets");
	assert_null(srs_keys_load(NULL, unit_dir, &ours, error, sizeof(error)));
	unit_holds("directory", "message", error, "not a regular file");
	free(huge);
	unit_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_bytes_of_a_line),
		cmocka_unit_test(test_bad_files),
		cmocka_unit_test(test_longest_secret),
		cmocka_unit_test(test_most_secrets),
		cmocka_unit_test(test_doubts),
		cmocka_unit_test(test_doubt_of_a_part),
		cmocka_unit_test(test_verify),
		cmocka_unit_test(test_verify_forms),
		UNIT_DIR_TEST(test_load_modes),
		UNIT_DIR_TEST(test_load_groups),
		UNIT_DIR_TEST(test_load_owners),
		UNIT_DIR_TEST(test_load_errors),
	};

	return cmocka_run_group_tests_name("srs_keys", tests, NULL, NULL);
}
