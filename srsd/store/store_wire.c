/* SPDX-License-Identifier: ISC */
#include <endian.h>
#include <string.h>

#include "srsd/store/store_wire.h"

#define LENGTH_SIZE 4
#define NUMBER_SIZE 8
#define HEAD_SIZE (LENGTH_SIZE + 1 + NUMBER_SIZE)

enum store_wire_type {
	WIRE_PUT = 1,
	WIRE_GET,
	WIRE_DONE,
	WIRE_MISSING,
	WIRE_FULL,
	WIRE_FAILED,
	WIRE_STATE,
};

/* A message before its body is parsed. */
struct store_wire_head {
	unsigned char type;
	uint64_t number;
	const char *body;
	size_t len; /* of the body */
};

static uint64_t
decode_number(const char *s)
{
	uint64_t number;

	memcpy(&number, s, sizeof(number));
	return be64toh(number);
}

static size_t
encode_number(char *s, uint64_t number)
{
	number = htobe64(number);
	memcpy(s, &number, sizeof(number));
	return sizeof(number);
}

/* finish_message - write the head of a message after its body; returns the length of both */
static size_t
finish_message(char *buf, enum store_wire_type type, uint64_t number, size_t body)
{
	uint32_t length = htobe32((uint32_t)(HEAD_SIZE - LENGTH_SIZE + body));

	memcpy(buf, &length, sizeof(length));
	buf[LENGTH_SIZE] = (char)type;
	encode_number(buf + LENGTH_SIZE + 1, number);
	return HEAD_SIZE + body;
}

size_t
store_wire_write_question(char buf[STORE_WIRE_MAX], const struct store_request *request)
{
	char *body = buf + HEAD_SIZE;
	size_t len = STORE_ALIAS_LEN;

	memcpy(body, request->alias, STORE_ALIAS_LEN);
	if (request->operation == STORE_GET)
		return finish_message(buf, WIRE_GET, request->number, len);
	len += encode_number(body + len, (uint64_t)request->expires);
	memcpy(body + len, request->address.s, request->address.len);
	return finish_message(buf, WIRE_PUT, request->number, len + request->address.len);
}

static enum store_wire_type
type_of_outcome(enum store_outcome outcome)
{
	switch (outcome) {
	case STORE_DONE:
		return WIRE_DONE;
	case STORE_MISSING:
		return WIRE_MISSING;
	case STORE_FULL:
		return WIRE_FULL;
	case STORE_FAILED:
	case STORE_OUTCOMES:
		break;
	}
	return WIRE_FAILED;
}

size_t
store_wire_write_report(char buf[STORE_WIRE_MAX], const struct store_wire_report *report)
{
	enum store_wire_type type =
	    report->is_state ? WIRE_STATE : type_of_outcome(report->outcome);
	size_t max = type == WIRE_DONE                           ? STORE_ADDRESS_MAX
		     : type == WIRE_FAILED || type == WIRE_STATE ? STORE_PROBLEM_SIZE - 1
								 : 0;
	size_t text = report->text.len < max ? report->text.len : max;
	size_t len = 0;

	if (report->is_state)
		len = encode_number(buf + HEAD_SIZE, (uint64_t)report->rows);
	if (text > 0)
		memcpy(buf + HEAD_SIZE + len, report->text.s, text);
	return finish_message(buf, type, report->number, len + text);
}

/* parse_head - 1, 0 or -1 as the parsers of messages, for a message with all of its bytes */
static int
parse_head(
    const char *s, size_t len, struct store_wire_head *head, size_t *used, const char **error)
{
	uint32_t length;

	if (len < sizeof(length))
		return 0;
	memcpy(&length, s, sizeof(length));
	length = be32toh(length);
	if (length < HEAD_SIZE - LENGTH_SIZE || length > STORE_WIRE_MAX - LENGTH_SIZE) {
		*error = "a message of impossible length";
		return -1;
	}
	if (len - LENGTH_SIZE < length)
		return 0;
	head->type = (unsigned char)s[LENGTH_SIZE];
	head->number = decode_number(s + LENGTH_SIZE + 1);
	head->body = s + HEAD_SIZE;
	head->len = length - (HEAD_SIZE - LENGTH_SIZE);
	*used = LENGTH_SIZE + length;
	return 1;
}

/* parse_put - what follows the alias */
static bool
parse_put(const struct store_wire_head *head, struct store_wire_question *question)
{
	const size_t fixed = STORE_ALIAS_LEN + NUMBER_SIZE;

	if (head->len <= fixed)
		return false;
	question->operation = STORE_PUT;
	question->expires = (int64_t)decode_number(head->body + STORE_ALIAS_LEN);
	question->address.s = head->body + fixed;
	question->address.len = head->len - fixed;
	return true;
}

int
store_wire_parse_question(const char *s, size_t len, struct store_wire_question *question,
    size_t *used, const char **error)
{
	struct store_wire_head head;
	int got = parse_head(s, len, &head, used, error);

	if (got != 1)
		return got;
	*error = "not a question";
	if (head.len < STORE_ALIAS_LEN || !store_is_alias(head.body, STORE_ALIAS_LEN))
		return -1;
	memset(question, 0, sizeof(*question));
	question->number = head.number;
	memcpy(question->alias, head.body, STORE_ALIAS_LEN);
	question->operation = STORE_GET;
	question->address.s = "";
	if (head.type == WIRE_PUT)
		return parse_put(&head, question) ? 1 : -1;
	return head.type == WIRE_GET && head.len == STORE_ALIAS_LEN ? 1 : -1;
}

/* parse_answer - the outcome of an answer; false when its body does not fit */
static bool
parse_answer(const struct store_wire_head *head, struct store_wire_report *report)
{
	size_t max = 0;

	if (head->type == WIRE_DONE) {
		report->outcome = STORE_DONE;
		max = STORE_ADDRESS_MAX;
	} else if (head->type == WIRE_FAILED) {
		report->outcome = STORE_FAILED;
		max = STORE_PROBLEM_SIZE - 1;
	} else if (head->type == WIRE_MISSING) {
		report->outcome = STORE_MISSING;
	} else if (head->type == WIRE_FULL) {
		report->outcome = STORE_FULL;
	} else {
		return false;
	}
	return head->len <= max;
}

static bool
parse_state(const struct store_wire_head *head, struct store_wire_report *report)
{
	if (head->len < NUMBER_SIZE || head->len - NUMBER_SIZE > STORE_PROBLEM_SIZE - 1)
		return false;
	report->is_state = true;
	report->rows = (int64_t)decode_number(head->body);
	report->text.s += NUMBER_SIZE;
	report->text.len -= NUMBER_SIZE;
	return report->rows >= STORE_ROWS_UNKNOWN;
}

int
store_wire_parse_report(
    const char *s, size_t len, struct store_wire_report *report, size_t *used, const char **error)
{
	struct store_wire_head head;
	int got = parse_head(s, len, &head, used, error);

	if (got != 1)
		return got;
	memset(report, 0, sizeof(*report));
	report->number = head.number;
	report->text.s = head.body;
	report->text.len = head.len;
	if (head.type == WIRE_STATE ? parse_state(&head, report) : parse_answer(&head, report))
		return 1;
	*error = "not a report";
	return -1;
}
