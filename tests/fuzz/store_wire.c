/* SPDX-License-Identifier: ISC */
/*
 * The bytes that the store process gets from an engine, or the engine from a store process. Every
 * message that is accepted is written again as the same bytes, and however the bytes are cut, the
 * verdicts are the same.
 */
#include "tests/fuzz/fuzz.h"

#include "srsd/store/store_wire.h"

/* check_question - one that is accepted keeps the contract of a request */
static void
check_question(const char *s, size_t used, const struct store_wire_question *question)
{
	struct store_request request = {
		.number = question->number,
		.operation = question->operation,
		.alias = question->alias,
		.address = question->address,
		.expires = (time_t)question->expires,
	};
	char again[STORE_WIRE_MAX];

	fuzz_must(strlen(question->alias) == STORE_ALIAS_LEN);
	fuzz_must(store_is_alias(question->alias, STORE_ALIAS_LEN));
	fuzz_must(question->operation < STORE_OPERATIONS);
	fuzz_must(question->address.len <= STORE_ADDRESS_MAX);
	fuzz_must((question->address.len > 0) == (question->operation == STORE_PUT));
	fuzz_must(fuzz_same(again, store_wire_write_question(again, &request), s, used));
	fuzz_say("[%s %llu ", question->operation == STORE_PUT ? "put" : "get",
	    (unsigned long long)question->number);
	fuzz_say_bytes(question->address.s, question->address.len);
	fuzz_say("]");
}

static void
check_report(const char *s, size_t used, const struct store_wire_report *report)
{
	static const char *const names[] = { "done", "missing", "full", "failed" };
	char again[STORE_WIRE_MAX];

	fuzz_must(report->outcome < STORE_OUTCOMES);
	fuzz_must(report->text.len <= STORE_ADDRESS_MAX);
	fuzz_must(report->rows >= STORE_ROWS_UNKNOWN);
	fuzz_must(fuzz_same(again, store_wire_write_report(again, report), s, used));
	fuzz_say("[%s %llu ", report->is_state ? "state" : names[report->outcome],
	    (unsigned long long)report->number);
	fuzz_say_bytes(report->text.s, report->text.len);
	fuzz_say("]");
}

/* parse_next - one message of either direction, from bytes of just their length */
static int
parse_next(bool questions, const uint8_t *data, size_t size, size_t *used)
{
	struct store_wire_question question;
	struct store_wire_report report;
	const char *error = "untouched";
	char *copy = fuzz_copy(data, size);
	int got = questions ? store_wire_parse_question(copy, size, &question, used, &error)
			    : store_wire_parse_report(copy, size, &report, used, &error);

	if (got == 1 && questions)
		check_question(copy, *used, &question);
	else if (got == 1)
		check_report(copy, *used, &report);
	else if (got == -1)
		fuzz_say("[%s]", error);
	fuzz_must(got != 1 || (*used > 0 && *used <= size && *used <= STORE_WIRE_MAX));
	/* A parser that wants more than this would wait for ever. */
	fuzz_must(got != 0 || size < STORE_WIRE_MAX);
	free(copy);
	return got;
}

/* check_cuts - any beginning of a message is not one yet, or is refused for the same reason */
static void
check_cuts(bool questions, const uint8_t *data, size_t size, int verdict)
{
	struct store_wire_question question;
	struct store_wire_report report;
	const char *error;
	size_t used, cut;
	unsigned i;
	int got;

	for (i = 0; i < 4; i++) {
		cut = fuzz_cut(data, size, i);
		got = questions ? store_wire_parse_question(
				      (const char *)data, cut, &question, &used, &error)
				: store_wire_parse_report(
				      (const char *)data, cut, &report, &used, &error);
		fuzz_must(got == 0 || (got == -1 && verdict == -1));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	bool questions;
	size_t used;
	int got;

	if (size == 0)
		return 0;
	questions = data[0] == 'Q';
	data++;
	size--;
	while (size > 0) {
		got = parse_next(questions, data, size, &used);
		check_cuts(questions, data, got == 1 ? used : size, got);
		if (got != 1)
			break;
		data += used;
		size -= used;
	}
	if (size > 0)
		fuzz_say("[%zu bytes left]", size);
	return 0;
}
