/* SPDX-License-Identifier: ISC */
/*
 * spf_answers - the DNS answers of one evaluation, and the list of those that it still lacks.
 *
 * Answers stay for the whole check, so that a record with a TTL of zero cannot change between two
 * passes or lead to endless queries. Pure.
 */
#ifndef SPF_SPF_ANSWERS_H
#define SPF_SPF_ANSWERS_H

#include <sys/queue.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/hostname.h"
#include "spf/dns/dns_answer.h"

struct spf_answer {
	TAILQ_ENTRY(spf_answer) next;        /* in the order in which they were added */
	SLIST_ENTRY(spf_answer) same_bucket; /* of the table's index */
	enum dns_type type;
	bool needed;    /* an evaluation stops at it; else it was requested ahead */
	bool of_client; /* about the names of the client, which the owner of the client publishes */
	bool asked;     /* a query was started */
	bool at_once;   /* it came from a cache */
	bool given_up;  /* it did not come in time, or our own bounds ended its query */
	bool given;     /* it is that of spf_answers_give */
	uint64_t asked_ms; /* milliseconds since the check began, shown by srsctl */
	uint64_t answered_ms;
	struct dns_answer *reply; /* NULL while it is missing */
	void *owner; /* of the module that runs the query: the pending query, or NULL */
	char name[]; /* the queried name, in lower case */
};

struct spf_answers;

/*
 * The largest number of answers of one evaluation. Each term of a record leads to at most eleven
 * (an MX answer and its hosts), 40 terms to 440, and %{p} and an explanation to some more.
 *
 * Queries that are requested ahead, because an evaluation may need them, are added only while the
 * table has fewer than SPF_ANSWERS_GUESSES answers. So a record that provokes many of them leaves
 * room for the needed ones.
 */
#define SPF_ANSWERS_MAX 1024
#define SPF_ANSWERS_GUESSES 256

struct spf_answers *spf_answers_new(void);

/* Releases all answers. Sets the pointer to NULL; it may be NULL. No query may be pending. */
void spf_answers_free(struct spf_answers **answers);

/*
 * A function that looks a name, in lower case, up in a cache. It returns a reference for the
 * table, or NULL. It is called for each new answer, so that a cached one leaves no pass pending.
 */
typedef struct dns_answer *spf_answers_known_fn(void *arg, const char *name, enum dns_type type);
void spf_answers_set_known(struct spf_answers *answers, spf_answers_known_fn *known, void *arg);

/*
 * Returns the answer for a name, which counts as needed from now on. A new one is added, and is
 * wanted unless the cache has it. NULL: it would be new, and the table has SPF_ANSWERS_MAX answers.
 * The name fulfils spf_answers_is_name, in any case.
 */
struct spf_answer *spf_answers_get(
    struct spf_answers *answers, const char *name, enum dns_type type);

/*
 * The same for an answer that is requested ahead; it does not count as needed. NULL: it would be
 * new, and the table has SPF_ANSWERS_GUESSES answers.
 */
struct spf_answer *spf_answers_guess(
    struct spf_answers *answers, const char *name, enum dns_type type);

/*
 * Adds an answer that is to be used instead of that of the DNS, and takes over the reference. The
 * name fulfils spf_answers_is_name. No answer was added to the table before.
 */
void spf_answers_give(
    struct spf_answers *answers, const char *name, enum dns_type type, struct dns_answer *reply);

/* Returns the reply that the table has, and owns, or NULL. Adds nothing. */
struct dns_answer *spf_answers_peek(
    const struct spf_answers *answers, const char *name, enum dns_type type);

/* True if the name can be queried: labels of 1 to 63 bytes, at most 253 bytes in all. */
bool spf_answers_is_name(const char *name, size_t len);

/* True if the name can also have an SPF record: it has more than one label (RFC 7208, 4.3). */
bool spf_answers_is_domain(const char *name, size_t len);

/* Returns the oldest answer without a started query, needed ones first; NULL: no such answer. */
struct spf_answer *spf_answers_wanted(struct spf_answers *answers);

/* Returns the oldest answer with a query that was started and is pending; NULL: no such answer. */
struct spf_answer *spf_answers_asked(struct spf_answers *answers);

/*
 * From now on spf_ask_client uses an error of this kind for each missing answer, so that no pass
 * waits for them. The queries stay pending, and may still be answered.
 */
void spf_answers_end_client(struct spf_answers *answers, enum dns_failure failure);

/* Returns that error, which the table owns; NULL before spf_answers_end_client. */
struct dns_answer *spf_answers_client_error(const struct spf_answers *answers);

/*
 * From now on each missing answer is an error of this kind, and so is each one that is added later
 * and not cached. The next pass reaches a verdict. No query may be pending.
 */
void spf_answers_end(struct spf_answers *answers, enum dns_failure failure);

/* The number of answers, including the missing ones. */
size_t spf_answers_count(const struct spf_answers *answers);

/* True if at least one query was started that a cache did not answer at once. */
bool spf_answers_used_network(const struct spf_answers *answers);

/* The number of answers that a cache had or that were queried. */
size_t spf_answers_questions(const struct spf_answers *answers);

/*
 * Returns the time at which the first of the needed answers expires, see dns_answer.h: 0 if one of
 * them was never kept, as the error of spf_answers_end_client, and UINT64_MAX if no answer was
 * needed.
 */
uint64_t spf_answers_expires(const struct spf_answers *answers);

/* The largest size of all answers in a table, in bytes; one that exceeds it is DNS_SATURATED. */
#define SPF_ANSWERS_BYTES (1024 * 1024)

/* Sets the reply of an answer without a reply. The table takes over the reference. */
void spf_answers_set(
    struct spf_answers *answers, struct spf_answer *answer, struct dns_answer *reply);

#endif
