/* SPDX-License-Identifier: ISC */
/*
 * spf_answers - the DNS answers of one check: what the evaluation reads, and the list of what it
 * still wants. Answers stay for the whole check, so that a record with a TTL of zero cannot
 * change between two passes or make us ask for ever.
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
	TAILQ_ENTRY(spf_answer) next;
	enum dns_type type;
	bool needed;    /* an evaluation stops at it; else it is asked ahead */
	bool of_client; /* it is about the names of the client, which the client's owner answers */
	bool asked;     /* somebody fetches it */
	bool at_once;   /* it came from a cache */
	bool given_up;  /* it did not come in time, or was cut off */
	uint64_t asked_ms; /* when, since the check began; for srsctl */
	uint64_t answered_ms;
	struct dns_answer *reply; /* NULL until it is there */
	void *owner;              /* of who fetches it: the question that is out */
	char name[];              /* as asked for, lower case */
};

struct spf_answers;

/*
 * Most questions of one identity's check. The terms of a record lead to eleven each at most (an MX
 * answer and its hosts), 40 terms to 440, and some more for %{p} and an explanation. Questions that
 * are asked ahead, because they may be needed, get the first part of the table alone: however many
 * a record provokes, those that matter always find room.
 */
#define SPF_ANSWERS_MAX 1024
#define SPF_ANSWERS_GUESSES 256

struct spf_answers *spf_answers_new(void);
void spf_answers_free(struct spf_answers **);

/*
 * Who knows answers already is asked for each new question, with a name in lower case, and gives a
 * reference to its answer, or NULL: what is known makes no pass a pending one.
 */
typedef struct dns_answer *spf_answers_known_fn(void *arg, const char *name, enum dns_type);
void spf_answers_set_known(struct spf_answers *, spf_answers_known_fn *, void *arg);

/*
 * The answer for a name, which is added as wanted when nobody asked before. NULL when the table is
 * full. The name must be askable, see spf_answers_is_name.
 */
struct spf_answer *spf_answers_get(struct spf_answers *, const char *name, enum dns_type);

/* The answer that is there already, in the table's keeping; NULL: none is. Asks nothing. */
struct dns_answer *spf_answers_peek(const struct spf_answers *, const char *name, enum dns_type);

/* The same for a question asked ahead: NULL for a new one when the first half is full. */
struct spf_answer *spf_answers_guess(struct spf_answers *, const char *name, enum dns_type);

/* True when the DNS can be asked for it: labels of 1..63 bytes, at most 253 in all. */
bool spf_answers_is_name(const char *name, size_t len);

/* May it have a record? Such a name, of more than one label (RFC 7208, 4.3). */
bool spf_answers_is_domain(const char *name, size_t len);

/*
 * The oldest question that is not being fetched yet, one that is needed before any that is asked
 * ahead; NULL: every question is. And one that is being fetched; NULL: no question is.
 */
struct spf_answer *spf_answers_wanted(struct spf_answers *);
struct spf_answer *spf_answers_asked(struct spf_answers *);

/*
 * From now on what is missing about the names of the client is an error (spf_ask_client), so that
 * no pass waits for it. The questions stay, and may still be answered.
 */
void spf_answers_end_client(struct spf_answers *, enum dns_failure);

/* The error that stands for such an answer, in the table's keeping; NULL: the table waits for it.
 */
struct dns_answer *spf_answers_client_error(const struct spf_answers *);

/*
 * Ends the waiting: every answer that is missing becomes an error, and so does every question that
 * is added later. The next pass comes to a verdict. No question may be out.
 */
void spf_answers_end(struct spf_answers *, enum dns_failure);
size_t spf_answers_count(const struct spf_answers *);

/* True when one of the questions was asked and no cache answered it at once. */
bool spf_answers_used_network(const struct spf_answers *answers);

/* Those of the questions that were asked, a cache or the DNS. */
size_t spf_answers_questions(const struct spf_answers *);

/* Bytes of answers in one table; an answer that no longer fits becomes DNS_SATURATED. */
#define SPF_ANSWERS_BYTES (1024 * 1024)

/* Fills an answer in, once; takes the reference over. */
void spf_answers_set(struct spf_answers *, struct spf_answer *, struct dns_answer *);

#endif
