/* SPDX-License-Identifier: ISC */
/*
 * store - original senders that do not fit in an SRS address, by alias.
 *
 * The front that services use, on the event loop. It never blocks: a question is put, and its
 * answer arrives by callback. A backend (srsd/store/store_backend.h) asks a process with an SQLite
 * database, or a Redis server. The front has the deadlines, repeats open questions after a lost
 * connection, remembers what is durable, and counts.
 *
 * DURABILITY. A put is STORE_DONE only after the backend has confirmed that the row survives a
 * crash. Every other outcome of a put, the deadline included, means that the row may or may not be
 * there: the address must not be given out. Puts are idempotent, so they can be repeated.
 *
 * MISSING IS NOT FAILED. STORE_MISSING means that the store was read and has no such alias. Every
 * reason that prevents the reading is STORE_FAILED. The two must never be confused: the first one
 * refuses a bounce for good, the second one defers it.
 *
 * SECURITY: the answers of a backend may be hostile. An address with a control byte, or longer
 * than STORE_ADDRESS_MAX, is STORE_FAILED. Whether an address belongs to its alias is for the
 * caller to verify.
 */
#ifndef SRSD_STORE_STORE_H
#define SRSD_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "common/clock.h"
#include "common/text.h"

struct event_base;
struct store;
struct store_question;

/* 32 characters of base32hex (RFC 4648, upper case) and "@1". */
#define STORE_ALIAS_LEN 34

/* Octets of an address; RFC 5321 has 256, and Postfix accepts somewhat more. */
#define STORE_ADDRESS_MAX 2048

/* Open questions; one more fails. */
#define STORE_IN_FLIGHT_MAX 16384

/* Aliases that are remembered as durable. */
#define STORE_KNOWN_MAX 65536

/* A problem in words, printable, with its NUL. */
#define STORE_PROBLEM_SIZE 200

enum store_operation {
	STORE_PUT,
	STORE_GET,
	STORE_OPERATIONS,
};

enum store_outcome {
	STORE_DONE,    /* put: the row is durable. get: the row was found */
	STORE_MISSING, /* get: the store was read, and has no such alias */
	STORE_FULL,    /* put: the limit of rows is reached */
	STORE_FAILED,  /* anything else: cannot read, cannot write, no answer in time */
	STORE_OUTCOMES,
};

/* Valid during the callback. */
struct store_reply {
	enum store_outcome outcome;
	struct text address; /* of a get that is STORE_DONE; otherwise empty */
	const char *problem; /* of STORE_FAILED, in words; otherwise NULL */
};

typedef void store_done_fn(void *arg, const struct store_reply *reply);

/* The operation as one word for logs and counters: "put" or "get". */
const char *store_operation_word(enum store_operation operation);

/* The outcome, likewise: "done", "missing", "full" or "failed". */
const char *store_outcome_word(enum store_outcome outcome);

/* Upper bounds of the histogram of durations, in milliseconds; one more for all above. */
#define STORE_BOUNDS                                      \
	{                                                 \
		1, 5, 10, 50, 100, 500, 1000, 5000, 20000 \
	}
#define STORE_BUCKETS 10

#define STORE_ROWS_UNKNOWN (-1)

struct store_counts {
	uint64_t answered[STORE_OPERATIONS][STORE_OUTCOMES]; /* cancelled questions included */
	uint64_t duration[STORE_BUCKETS]; /* questions that took that long, each counted once */
	uint64_t ms;                      /* of all questions together */
	uint64_t known;                   /* how often store_knows() was true */
	uint64_t lost;                    /* connections that were lost */
	size_t open;                      /* questions without an answer */
	int64_t rows;                     /* last known, or STORE_ROWS_UNKNOWN */
	bool connected;
	char problem[STORE_PROBLEM_SIZE]; /* the last one; "" when the store works */
};

/*
 * A store without a backend: every question fails. The base and the clock belong to the caller, and
 * outlive the store. timeout_ms > 0.
 */
struct store *store_new(struct event_base *base, const struct clock *clock, unsigned timeout_ms);

/*
 * Frees the store and its backend, and sets *store to NULL; it may be NULL. The callbacks of open
 * questions are not called.
 */
void store_free(struct store **store);

/* The deadline of all questions that follow, in milliseconds, > 0. */
void store_set_timeout(struct store *store, unsigned timeout_ms);

/* True for text that has the form of an alias. */
bool store_is_alias(const char *text, size_t len);

/*
 * Stores the address of an alias until `expires` (unix time) at least. It replaces an earlier row.
 * alias (NUL-terminated) and address are copied.
 *
 * done is called exactly once, from the event loop, and never before this function has returned.
 * It may call any function of the store except store_free() and store_set_timeout(). An alias or
 * an address that cannot be stored is STORE_FAILED.
 *
 * Returns the question. The pointer is invalid once done was called.
 */
struct store_question *store_put(struct store *store, const char *alias, struct text address,
    time_t expires, store_done_fn *done, void *arg);

/* Looks an alias up; otherwise as store_put(). */
struct store_question *store_get(
    struct store *store, const char *alias, store_done_fn *done, void *arg);

/*
 * Gives up an answer: done is not called. A put may happen nevertheless. Sets *question to NULL; it
 * may be NULL.
 */
void store_cancel(struct store_question **question);

/*
 * True when a put of this alias, with the same or a later `expires`, was acknowledged since the
 * memory was last emptied: another put is not needed. To profit from it, a caller derives `expires`
 * from the day and not from the second.
 */
bool store_knows(struct store *store, const char *alias, time_t expires);

/* Empties the memory of store_knows(): after a purge, and after a reload. */
void store_forget(struct store *store);

/* The counts, valid until the next call of a function of the store. */
const struct store_counts *store_counts(struct store *store);

#endif
