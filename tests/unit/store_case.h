/* SPDX-License-Identifier: ISC */
/* store_case - aliases, addresses and answers for the tests of the store. */
#ifndef TESTS_UNIT_STORE_CASE_H
#define TESTS_UNIT_STORE_CASE_H

#include "tests/unit/unit.h"

#include <event2/event.h>

#include "common/clock.h"
#include "srsd/store/store.h"

/* store_case_alias - the alias of a number; valid until the call after the next */
static inline const char *
store_case_alias(uint64_t number)
{
	static char aliases[2][STORE_ALIAS_LEN + 1];
	static unsigned turn;
	char *alias = aliases[turn++ % 2];
	int i;

	/* Spread over the index, as a hash is. */
	number *= 0x9e3779b97f4a7c15u;
	for (i = 0; i < STORE_ALIAS_LEN - 2; i++) {
		alias[i] = "0123456789ABCDEFGHIJKLMNOPQRSTUV"[number & 31];
		number = number >> 5 | number << 59;
	}
	memcpy(alias + i, "@1", 3);
	return alias;
}

/* store_case_address - the address of a number; valid until the call after the next */
static inline struct text
store_case_address(uint64_t number)
{
	static char addresses[2][STORE_ADDRESS_MAX];
	static unsigned turn;
	char *address = addresses[turn++ % 2];
	int len = snprintf(address, STORE_ADDRESS_MAX,
	    "bounces+0100018f3a2b%llu-0a1b2c3d-4e5f-6789-abcd-ef0123456789-000000@mail.example",
	    (unsigned long long)number);

	return (struct text){ address, (size_t)len };
}

static inline struct text
store_case_text(const char *s)
{
	return (struct text){ s, strlen(s) };
}

/* The answer to one question. */
struct store_case_answer {
	unsigned calls;
	enum store_outcome outcome;
	char address[STORE_ADDRESS_MAX + 1];
	char problem[STORE_PROBLEM_SIZE];
	struct store_question *question; /* of the caller */
};

/* store_case_done - a store_done_fn */
static inline void
store_case_done(void *arg, const struct store_reply *reply)
{
	struct store_case_answer *answer = arg;

	answer->calls++;
	answer->outcome = reply->outcome;
	memcpy(answer->address, reply->address.s, reply->address.len);
	answer->address[reply->address.len] = '\0';
	strlcpy(
	    answer->problem, reply->problem == NULL ? "" : reply->problem, sizeof(answer->problem));
	answer->question = NULL;
}

/* store_case_check - an answer that came once */
static inline void
store_case_check(const char *row, const struct store_case_answer *answer,
    enum store_outcome outcome, const char *address, const char *problem)
{
	unit_int(row, "calls", answer->calls, 1);
	unit_int(row, "outcome", answer->outcome, outcome);
	unit_text(row, "address", answer->address, address);
	unit_holds(row, "problem", answer->problem, problem);
}

/* store_case_turn - run what is ready */
static inline void
store_case_turn(struct event_base *base)
{
	event_base_loop(base, EVLOOP_NONBLOCK);
}

/* store_case_wait - run the loop until a count is reached, for a minute at most */
static inline void
store_case_wait(struct event_base *base, const unsigned *count, unsigned wanted)
{
	uint64_t end = clock_elapsed(&clock_system) + 60000;
	struct timeval tick = { 0, 5000 };

	while (*count < wanted && clock_elapsed(&clock_system) < end) {
		event_base_loopexit(base, &tick);
		event_base_loop(base, EVLOOP_ONCE);
	}
	unit_int("wait", "answers", *count >= wanted, true);
}

#endif
