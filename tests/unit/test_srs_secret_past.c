/* SPDX-License-Identifier: ISC */
#include "tests/unit/unit.h"

#include "srsd/srs/srs_secret_past.h"

#define X "0123456789ab"
#define Y "ba9876543210"
#define CHANGED 1700000000
#define DAY 86400

struct find_row {
	const char *text;
	size_t len;
	bool first;
	int state;
	long long created, stopped;
};

static void
test_find(void **state)
{
	static const struct find_row rows[] = {
		/* Nothing is known. */
		{ BYTES(""), true, SECRET_SIGNS, 0, 0 },
		{ BYTES(""), false, SECRET_STOPPED, 0, CHANGED },
		{ BYTES(Y " 5 7\n"), false, SECRET_STOPPED, 0, CHANGED },
		{ BYTES(X "\n"), false, SECRET_STOPPED, 0, CHANGED },
		{ BYTES(X " 5\n"), false, SECRET_STOPPED, 0, CHANGED },
		{ BYTES(X " five six\n"), false, SECRET_STOPPED, 0, CHANGED },
		{ BYTES(X " -5 -6\n"), false, SECRET_STOPPED, 0, CHANGED },
		{ BYTES(X " 5 99999999999999999999\n"), false, SECRET_STOPPED, 5, CHANGED },
		{ BYTES(X "\0 5 7\n"), false, SECRET_STOPPED, 0, CHANGED },
		/* It is, and agrees with its place. */
		{ BYTES(X " 5 -\n"), true, SECRET_SIGNS, 5, 0 },
		{ BYTES("# comment\n" Y " 1 2\n" X " 5 7\n"), false, SECRET_STOPPED, 5, 7 },
		{ BYTES(X " 5 7"), false, SECRET_STOPPED, 5, 7 },
		{ BYTES(X " - 7\n"), false, SECRET_STOPPED, 0, 7 },
		{ BYTES(X " 5 never\n"), false, SECRET_UNUSED, 5, 0 },
		/* The file was edited by hand. */
		{ BYTES(X " 5 7\n"), true, SECRET_SIGNS, 5, 0 },
		{ BYTES(X " 5 never\n"), true, SECRET_SIGNS, 5, 0 },
		{ BYTES(X " 5 -\n"), false, SECRET_STOPPED, 5, CHANGED },
	};
	struct srs_secret_past past;
	char *text;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		memset(&past, 0, sizeof(past));
		strcpy(past.fingerprint, X);
		text = unit_copy(rows[i].text, rows[i].len);
		srs_secret_past_find(&past, text, rows[i].len, rows[i].first, CHANGED);
		free(text);
		unit_int(unit_row("row %zu", i), "state", past.state, rows[i].state);
		unit_int(unit_row("row %zu", i), "created", past.created, rows[i].created);
		if (past.state == SECRET_STOPPED)
			unit_int(unit_row("row %zu", i), "stopped", past.stopped, rows[i].stopped);
	}
	unit_end();
}

static void
test_line(void **state)
{
	static const struct {
		struct srs_secret_past past;
		const char *want;
	} rows[] = {
		{ { X, SECRET_SIGNS, 5, 9 }, X " 5 -\n" },
		{ { X, SECRET_SIGNS, 0, 0 }, X " - -\n" },
		{ { X, SECRET_STOPPED, 5, 1700000000 }, X " 5 1700000000\n" },
		{ { X, SECRET_UNUSED, 5, 9 }, X " 5 never\n" },
	};
	char line[SECRET_PAST_LINE_SIZE];
	struct srs_secret_past past;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		srs_secret_past_line(&rows[i].past, line);
		unit_text(rows[i].want, "line", line, rows[i].want);
		strcpy(past.fingerprint, X);
		srs_secret_past_find(
		    &past, line, strlen(line), rows[i].past.state == SECRET_SIGNS, CHANGED);
		unit_int(rows[i].want, "state", past.state, rows[i].past.state);
	}
	unit_end();
}

static void
test_end(void **state)
{
	struct srs_secret_past past = { X, SECRET_STOPPED, 0, CHANGED };
	struct settings settings = { .max_age = 21 };

	(void)state;
	unit_int("plain", "end", srs_secret_past_end(&past, &settings), CHANGED + 22 * DAY);
	settings.hash_avoid_slash = true;
	unit_int("avoid slash", "end", srs_secret_past_end(&past, &settings), CHANGED + 24 * DAY);
	unit_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_line),
		cmocka_unit_test(test_end),
	};

	return cmocka_run_group_tests_name("srs_secret_past", tests, NULL, NULL);
}
