/* SPDX-License-Identifier: ISC */
/*
 * Addresses that postsrsd 1.10 and Mail::SRS have signed, and their answers to other addresses,
 * from the file cases/srs-vectors.tsv in the directory SRSD_SHARED, or ../shared by default.
 * Without the file the test is skipped. A row is
 *
 *	KIND TAB TIME TAB INPUT TAB OUTPUT [TAB # REMARK]
 *
 * srsd differs on purpose in three points: tomorrow's stamp is accepted, a hash that is followed by
 * other characters is refused, and hashes in base64url are accepted.
 */
#include "tests/unit/srs_case.h"

#include <errno.h>

#include "srsd/srs/srs_rewrite.h"

#define ROW_SIZE 1000
#define ROWS_MAX 500

struct row {
	char kind[20];
	time_t now;
	char input[ROW_SIZE];
	char output[ROW_SIZE];
};

static struct row rows[ROWS_MAX];
static size_t rows_count;

/* Seen by a test; at the end all must be. */
static bool seen[ROWS_MAX];

/* The vectors' own settings. */
static struct settings *settings;
static struct srs_keys *one_secret, *two_secrets;

/* cut_remark - "OUTPUT TAB # REMARK" without its remark and the blanks before it */
static void
cut_remark(char *text)
{
	char *remark = strstr(text, "\t#");

	if (remark != NULL)
		*remark = '\0';
	text[strcspn(text, "\n")] = '\0';
}

static void
read_row(char *line)
{
	struct row *row = &rows[rows_count];
	char *kind = strsep(&line, "\t"), *now, *input;

	assert_true(rows_count < ROWS_MAX);
	strlcpy(row->kind, kind, sizeof(row->kind));
	if (strcmp(kind, "MAC") == 0) { /* has no time */
		row->now = 0;
	} else {
		now = strsep(&line, "\t");
		assert_non_null(now);
		row->now = (time_t)strtoll(now, NULL, 10);
	}
	input = strsep(&line, "\t");
	assert_non_null(line);
	cut_remark(line);
	strlcpy(row->input, input, sizeof(row->input));
	strlcpy(row->output, line, sizeof(row->output));
	rows_count++;
}

/* read_rows - false when there is no file */
static bool
read_rows(const char *path)
{
	FILE *in = fopen(path, "re");
	char line[2 * ROW_SIZE];

	if (in == NULL)
		return false;
	while (fgets(line, sizeof(line), in) != NULL)
		if (line[0] != '#' && line[0] != '\n')
			read_row(line);
	fclose(in);
	return true;
}

static int
begin(void **state)
{
	(void)state;
	settings = srs_settings();
	srs_rename(settings, "example.com");
	srs_own(settings, "example.com");
	one_secret = srs_keys_of("tops3cr3t\n");
	two_secrets = srs_keys_of("newsecret2026\ntops3cr3t\n");
	return 0;
}

static int
end(void **state)
{
	(void)state;
	settings_free(&settings);
	srs_keys_free(&one_secret);
	srs_keys_free(&two_secrets);
	return 0;
}

/* next_row - the next row of a kind, after *i; false at the end */
static bool
next_row(const char *kind, size_t *i)
{
	for (; *i < rows_count; (*i)++) {
		if (strcmp(rows[*i].kind, kind) == 0) {
			seen[(*i)++] = true;
			return true;
		}
	}
	return false;
}

typedef void rewrite_fn(
    struct srs_result *result, const struct srs_context *context, const char *key, size_t len);

static const char *
answer(rewrite_fn *rewrite, const char *key, struct srs_keys *keys, time_t now)
{
	const struct srs_context context = { .settings = settings, .keys = keys, .now = now };
	static struct srs_result result;

	rewrite(&result, &context, key, strlen(key));
	return result.verdict == SRS_REWRITTEN ? result.address : srs_verdict_text(result.verdict);
}

/* check_forward - what we make is what they make, and we read it back */
static void
check_forward(const char *kind, struct srs_keys *keys)
{
	char back[ROW_SIZE];
	size_t i = 0, n;

	for (n = 0; next_row(kind, &i); n++) {
		const struct row *row = &rows[i - 1];

		unit_text(row->input, "forward",
		    answer(srs_rewrite_forward, row->input, keys, row->now), row->output);
		strlcpy(
		    back, answer(srs_rewrite_reverse, row->output, keys, row->now), sizeof(back));
		if (strncmp(row->output, "SRS0", 4) == 0)
			unit_text(row->output, "reverse", back, row->input);
		else
			unit_holds(row->output, "reverse", back, "@");
	}
	unit_true(kind, "there are rows", n > 0);
	unit_end();
}

static void
test_forward(void **state)
{
	(void)state;
	check_forward("FWD", one_secret);
}

/* -n 8 -N 4 with a new secret before the old one */
static void
test_forward_with_two_secrets(void **state)
{
	(void)state;
	srs_set(settings, "hash-length", "8");
	check_forward("FWD2", two_secrets);
}

static void
test_forward_with_a_long_secret(void **state)
{
	char *text = unit_fill('k', 100);
	struct srs_keys *keys = srs_keys_of(text);

	(void)state;
	check_forward("FWD-K100", keys);
	srs_keys_free(&keys);
	free(text);
}

static void
test_forward_with_blanks_in_the_secret(void **state)
{
	struct srs_keys *keys = srs_keys_of(" pad \t\n");

	(void)state;
	check_forward("FWD-PAD", keys);
	srs_keys_free(&keys);
}

static void
check_reverse(const char *kind, struct srs_keys *keys)
{
	size_t i = 0, n;

	for (n = 0; next_row(kind, &i); n++)
		unit_text(rows[i - 1].input, "reverse",
		    answer(srs_rewrite_reverse, rows[i - 1].input, keys, rows[i - 1].now),
		    rows[i - 1].output);
	unit_true(kind, "there are rows", n > 0);
	unit_end();
}

static void
test_reverse(void **state)
{
	(void)state;
	check_reverse("REV", one_secret);
}

static void
test_reverse_with_two_secrets(void **state)
{
	(void)state;
	check_reverse("REV2", two_secrets);
}

/* is_tomorrow - the row that we accept: the stamp of the day after its time */
static bool
is_tomorrow(const struct row *row)
{
	return strncmp(row->input, "SRS0=c1l4=2X=", 13) == 0;
}

/* is_ours - our words for a refusal of theirs; several of theirs are one of ours */
static bool
is_ours(const char *got, const char *theirs)
{
	static const struct {
		const char *theirs;
		const char *ours[2];
	} words[] = {
		{ "Time stamp out of date.", { "expired", "malformed" } },
		{ "Hash invalid in SRS address.", { "bad hash", "bad hash" } },
		{ "Hash too short in SRS address.", { "bad hash", "bad hash" } },
		{ "Bad base32 character in timestamp.", { "malformed", "malformed" } },
		{ "No hash in SRS0 address.", { "malformed", "malformed" } },
		{ "No timestamp in SRS0 address.", { "malformed", "malformed" } },
		{ "No host in SRS0 address.", { "malformed", "malformed" } },
		{ "No user in SRS0 address.", { "malformed", "malformed" } },
	};
	size_t i;

	for (i = 0; i < COUNT(words); i++)
		if (strcmp(theirs, words[i].theirs) == 0)
			return strcmp(got, words[i].ours[0]) == 0 ||
			       strcmp(got, words[i].ours[1]) == 0;
	return false;
}

static void
check_refused(const char *kind, struct srs_keys *keys)
{
	const struct row *row;
	const char *got;
	size_t i = 0, n;

	for (n = 0; next_row(kind, &i); n++) {
		row = &rows[i - 1];
		got = answer(srs_rewrite_reverse, row->input, keys, row->now);
		if (is_tomorrow(row))
			unit_text(row->input, "tomorrow's", got, "test@otherdomain.com");
		else if (!is_ours(got, row->output))
			unit_text(row->input, "refusal", got, row->output);
	}
	unit_true(kind, "there are rows", n > 0);
	unit_end();
}

static void
test_refused(void **state)
{
	(void)state;
	check_refused("BAD", one_secret);
}

static void
test_refused_with_two_secrets(void **state)
{
	(void)state;
	check_refused("BAD2", two_secrets);
}

/* Where they do not agree with each other. */
static void
test_differences(void **state)
{
	size_t i = 0, n;
	const char *got;

	(void)state;
	for (n = 0; next_row("DIFF", &i); n++) {
		got = answer(srs_rewrite_reverse, rows[i - 1].input, one_secret, rows[i - 1].now);
		if (strstr(rows[i - 1].input, "XXXX") != NULL)
			unit_text(rows[i - 1].input, "rubbish", got, "bad hash");
		else
			unit_text(rows[i - 1].input, "base64url", got, "hash234@somedomain.com");
	}
	unit_true("DIFF", "there are rows", n > 0);
	unit_end();
}

/* take_parts - "A"+"B"+"C" into parts; a quoted part may contain '+' */
static size_t
take_parts(const char *text, struct text parts[3])
{
	size_t n;

	for (n = 0; n < 3 && *text == '"'; n++) {
		parts[n].s = text + 1;
		parts[n].len = strcspn(text + 1, "\"");
		text += parts[n].len + 2;
		text += *text == '+';
	}
	return n;
}

static void
test_digests(void **state)
{
	struct text parts[3];
	char digest[SRS_MAC_LEN + 1];
	size_t i = 0, n, used;

	(void)state;
	for (n = 0; next_row("MAC", &i); n++) {
		used = take_parts(rows[i - 1].input, parts);
		assert_true(srs_keys_sign(one_secret, SRS_MAC_COMPATIBLE, parts, used, digest));
		rows[i - 1].output[SRS_MAC_LEN] = '\0'; /* the '=' that fills it up */
		unit_text(parts[0].s, "digest", digest, rows[i - 1].output);
	}
	unit_true("MAC", "there are rows", n > 0);
	unit_end();
}

static void
test_no_row_is_left_over(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < rows_count; i++)
		unit_true(rows[i].input, rows[i].kind, seen[i]);
	unit_end();
}

#define VECTORS_TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		VECTORS_TEST(test_forward),
		VECTORS_TEST(test_forward_with_two_secrets),
		VECTORS_TEST(test_forward_with_a_long_secret),
		VECTORS_TEST(test_forward_with_blanks_in_the_secret),
		VECTORS_TEST(test_reverse),
		VECTORS_TEST(test_reverse_with_two_secrets),
		VECTORS_TEST(test_refused),
		VECTORS_TEST(test_refused_with_two_secrets),
		VECTORS_TEST(test_differences),
		VECTORS_TEST(test_digests),
		VECTORS_TEST(test_no_row_is_left_over),
	};
	const char *shared = getenv("SRSD_SHARED"), *srcdir = getenv("srcdir");
	char *path;

	if (shared != NULL && shared[0] != '\0')
		xasprintf(&path, "%s/cases/srs-vectors.tsv", shared);
	else
		xasprintf(
		    &path, "%s/../shared/cases/srs-vectors.tsv", srcdir == NULL ? "." : srcdir);
	if (!read_rows(path)) {
		/* One line for all: cmocka 1.1's own skip looks like a failure to automake. */
		printf("1..0 # SKIP %s: %s\n", path, strerror(errno));
		free(path);
		return 0;
	}
	free(path);
	return cmocka_run_group_tests_name("vectors", tests, NULL, NULL);
}
