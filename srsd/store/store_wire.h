/* SPDX-License-Identifier: ISC */
/*
 * store_wire - the messages between the engine and the store process, on a stream of bytes.
 *
 *	message  = length (4 bytes, of what follows) type (1) number (8) body
 *	question = PUT: alias (34) expires (8) address (1 to STORE_ADDRESS_MAX)
 *	         | GET: alias (34)
 *	report   = DONE: address (of a get) | MISSING | FULL | FAILED: problem
 *	         | STATE: rows (8) problem; its number counts how often the database was opened,
 *	           and closed because it was broken
 *
 * Numbers are big-endian. The engine sends questions, and the process sends reports.
 *
 * SECURITY: each end treats the other one as hostile. The length is checked before anything else,
 * so a parser never waits for more than STORE_WIRE_MAX bytes. Pure.
 */
#ifndef SRSD_STORE_STORE_WIRE_H
#define SRSD_STORE_STORE_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/text.h"
#include "srsd/store/store.h"
#include "srsd/store/store_backend.h"

/* The longest message: a put of the longest address. */
#define STORE_WIRE_MAX (4 + 1 + 8 + STORE_ALIAS_LEN + 8 + STORE_ADDRESS_MAX)

struct store_wire_question {
	uint64_t number;
	enum store_operation operation;
	char alias[STORE_ALIAS_LEN + 1]; /* store_is_alias(), and a NUL */
	int64_t expires;                 /* of a put */
	struct text address;             /* of a put: 1 to STORE_ADDRESS_MAX bytes of any kind */
};

struct store_wire_report {
	bool is_state;              /* false: an answer */
	uint64_t number;            /* of the question, or of openings of the database */
	enum store_outcome outcome; /* of an answer */
	int64_t rows;               /* of a state, or STORE_ROWS_UNKNOWN */
	struct text text; /* DONE: an address, of any bytes; FAILED and a state: a problem, of any
	                     bytes, at most STORE_PROBLEM_SIZE - 1, or empty */
};

/* Writes a question that keeps the contract of struct store_request; returns its length. */
size_t store_wire_write_question(char buf[STORE_WIRE_MAX], const struct store_request *request);

/* Writes a report; a text that is too long is cut. Returns its length. */
size_t store_wire_write_report(char buf[STORE_WIRE_MAX], const struct store_wire_report *report);

/*
 * Parse the first message of some bytes.
 *
 *	1   a message; *used is its length, and the texts are parts of s
 *	0   its end has not arrived
 *	-1  not a message; *error is a static reason
 */
int store_wire_parse_question(const char *s, size_t len, struct store_wire_question *question,
    size_t *used, const char **error);
int store_wire_parse_report(
    const char *s, size_t len, struct store_wire_report *report, size_t *used, const char **error);

#endif
