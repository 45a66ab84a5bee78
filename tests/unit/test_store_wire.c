/* SPDX-License-Identifier: ISC */
#include "tests/unit/unit.h"

#include "srsd/store/store_wire.h"

#define ALIAS "0123456789ABCDEFGHIJKLMNOPQRSTUV@1"

/* A head: length, type and number 0x0102030405060708. */
#define HEAD(length, type) "\0\0\0" length type "\1\2\3\4\5\6\7\10"

struct wire_row {
	const char *name;
	const char *bytes;
	size_t len;
	int want;
	const char *error; /* of -1 */
};

static const struct wire_row questions[] = {
	{ "put", BYTES(HEAD("\66", "\1") ALIAS "\0\0\0\0\0\0\1\0abc"), 1, NULL },
	{ "put of one byte", BYTES(HEAD("\64", "\1") ALIAS "\0\0\0\0\0\0\1\0a"), 1, NULL },
	{ "put without an address", BYTES(HEAD("\63", "\1") ALIAS "\0\0\0\0\0\0\1\0"), -1,
	    "not a question" },
	{ "put without a time", BYTES(HEAD("\53", "\1") ALIAS), -1, "not a question" },
	{ "get", BYTES(HEAD("\53", "\2") ALIAS), 1, NULL },
	{ "get with an address", BYTES(HEAD("\54", "\2") ALIAS "a"), -1, "not a question" },
	{ "get of no alias", BYTES(HEAD("\53", "\2") "0123456789abcdefghijklmnopqrstuv@1"), -1,
	    "not a question" },
	{ "get without an alias", BYTES(HEAD("\11", "\2")), -1, "not a question" },
	{ "report", BYTES(HEAD("\53", "\3") ALIAS), -1, "not a question" },
	{ "type 0", BYTES(HEAD("\53", "\0") ALIAS), -1, "not a question" },
	{ "too short", BYTES("\0\0\0\10"), -1, "impossible length" },
	{ "length 0", BYTES("\0\0\0\0"), -1, "impossible length" },
	{ "too long", BYTES("\0\0\10\65"), -1, "impossible length" },
	{ "much too long", BYTES("\377\377\377\377"), -1, "impossible length" },
};

static const struct wire_row reports[] = {
	{ "done", BYTES(HEAD("\11", "\3")), 1, NULL },
	{ "done with an address", BYTES(HEAD("\14", "\3") "a@b"), 1, NULL },
	{ "missing", BYTES(HEAD("\11", "\4")), 1, NULL },
	{ "missing with a text", BYTES(HEAD("\12", "\4") "a"), -1, "not a report" },
	{ "full", BYTES(HEAD("\11", "\5")), 1, NULL },
	{ "full with a text", BYTES(HEAD("\12", "\5") "a"), -1, "not a report" },
	{ "failed", BYTES(HEAD("\14", "\6") "why"), 1, NULL },
	{ "state", BYTES(HEAD("\21", "\7") "\0\0\0\0\0\0\0\5"), 1, NULL },
	{ "state with a problem", BYTES(HEAD("\24", "\7") "\0\0\0\0\0\0\0\5why"), 1, NULL },
	{ "state of unknown rows", BYTES(HEAD("\21", "\7") "\377\377\377\377\377\377\377\377"), 1,
	    NULL },
	{ "state of fewer rows", BYTES(HEAD("\21", "\7") "\377\377\377\377\377\377\377\376"), -1,
	    "not a report" },
	{ "state without rows", BYTES(HEAD("\20", "\7") "\0\0\0\0\0\0\0"), -1, "not a report" },
	{ "question", BYTES(HEAD("\53", "\2") ALIAS), -1, "not a report" },
	{ "type 8", BYTES(HEAD("\11", "\10")), -1, "not a report" },
	{ "too long", BYTES("\0\0\10\65"), -1, "impossible length" },
};

static int
parse_question(const char *s, size_t len, size_t *used, const char **error)
{
	struct store_wire_question question;

	return store_wire_parse_question(s, len, &question, used, error);
}

static int
parse_report(const char *s, size_t len, size_t *used, const char **error)
{
	struct store_wire_report report;

	return store_wire_parse_report(s, len, &report, used, error);
}

typedef int wire_parser(const char *s, size_t len, size_t *used, const char **error);

/* check_rows - whole, and byte by byte: until the verdict, more bytes are wanted */
static void
check_rows(const struct wire_row *rows, size_t n, wire_parser *parse)
{
	const char *error;
	size_t i, len, used;
	char *copy;
	int got;

	for (i = 0; i < n; i++) {
		for (got = 0, len = 0; got == 0 && len <= rows[i].len; len++) {
			copy = unit_copy(rows[i].bytes, len);
			used = 0;
			error = "";
			got = parse(copy, len, &used, &error);
			free(copy);
			if (got == 0 && len == rows[i].len)
				break;
		}
		unit_int(rows[i].name, "verdict", got, rows[i].want);
		if (got == 1)
			unit_int(rows[i].name, "used", (long long)used, (long long)rows[i].len);
		if (got == -1)
			unit_holds(rows[i].name, "error", error, rows[i].error);
		got = parse(rows[i].bytes, rows[i].len, &used, &error);
		unit_int(rows[i].name, "whole", got, rows[i].want);
	}
}

static void
test_parse(void **state)
{
	(void)state;
	check_rows(questions, COUNT(questions), parse_question);
	check_rows(reports, COUNT(reports), parse_report);
	unit_end();
}

static void
test_questions(void **state)
{
	static char longest[STORE_ADDRESS_MAX];
	const struct store_request rows[] = {
		{ 1, STORE_PUT, ALIAS, { BYTES("a@b") }, 1700000000 },
		{ UINT64_MAX, STORE_PUT, ALIAS, { longest, sizeof(longest) }, -1 },
		{ 0, STORE_GET, ALIAS, { BYTES("") }, 0 },
	};
	struct store_wire_question got;
	char message[STORE_WIRE_MAX];
	const char *error;
	size_t i, len, used;

	(void)state;
	memset(longest, '\377', sizeof(longest));
	for (i = 0; i < COUNT(rows); i++) {
		len = store_wire_write_question(message, &rows[i]);
		unit_int("question", "parsed",
		    store_wire_parse_question(message, len, &got, &used, &error), 1);
		unit_int("question", "used", (long long)used, (long long)len);
		unit_true("question", "number", got.number == rows[i].number);
		unit_int("question", "operation", got.operation, rows[i].operation);
		unit_text("question", "alias", got.alias, rows[i].alias);
		unit_int("question", "expires", got.expires, rows[i].expires);
		unit_bytes("question", "address", got.address.s, got.address.len, rows[i].address.s,
		    rows[i].address.len);
	}
	unit_int("longest", "fits", (long long)store_wire_write_question(message, &rows[1]),
	    STORE_WIRE_MAX);
	unit_end();
}

static void
test_reports(void **state)
{
	static char longest[STORE_ADDRESS_MAX + 1];
	const struct {
		struct store_wire_report report;
		size_t text; /* that arrives */
	} rows[] = {
		{ { .number = 1, .outcome = STORE_DONE, .text = { BYTES("a@b") } }, 3 },
		{ { .number = 2, .outcome = STORE_DONE, .text = { NULL, 0 } }, 0 },
		{ { .outcome = STORE_DONE, .text = { longest, sizeof(longest) } },
		    STORE_ADDRESS_MAX },
		{ { .outcome = STORE_MISSING, .text = { BYTES("dropped") } }, 0 },
		{ { .outcome = STORE_FULL, .text = { NULL, 0 } }, 0 },
		{ { .outcome = STORE_FAILED, .text = { longest, sizeof(longest) } },
		    STORE_PROBLEM_SIZE - 1 },
		{ { .is_state = true, .number = 3, .rows = 7, .text = { BYTES("why") } }, 3 },
		{ { .is_state = true, .rows = STORE_ROWS_UNKNOWN, .text = { NULL, 0 } }, 0 },
	};
	struct store_wire_report got;
	char message[STORE_WIRE_MAX];
	const char *error;
	size_t i, len, used;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		len = store_wire_write_report(message, &rows[i].report);
		unit_int("report", "parsed",
		    store_wire_parse_report(message, len, &got, &used, &error), 1);
		unit_int("report", "used", (long long)used, (long long)len);
		unit_int("report", "state", got.is_state, rows[i].report.is_state);
		unit_int("report", "outcome", got.outcome, rows[i].report.outcome);
		unit_int("report", "rows", got.rows, rows[i].report.rows);
		unit_true("report", "number", got.number == rows[i].report.number);
		unit_bytes("report", "text", got.text.s, got.text.len, rows[i].report.text.s,
		    rows[i].text);
	}
	unit_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_questions),
		cmocka_unit_test(test_reports),
	};

	return cmocka_run_group_tests_name("store_wire", tests, NULL, NULL);
}
