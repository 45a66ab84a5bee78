/* SPDX-License-Identifier: ISC */
#include <sys/queue.h>

#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "common/aged_table.h"
#include "common/duration.h"
#include "common/log.h"
#include "common/printable.h"
#include "common/siphash.h"
#include "common/xmalloc.h"
#include "srsd/store/store.h"
#include "srsd/store/store_backend.h"

/* The lower bits of a number are the slot of the question, and the upper ones are never reused. */
#define SLOT_BITS 14
#define SLOT_MASK ((1u << SLOT_BITS) - 1)

_Static_assert(STORE_IN_FLIGHT_MAX == 1u << SLOT_BITS, "a slot for each open question");

struct store_question {
	TAILQ_ENTRY(store_question) link;
	struct store *store;
	bool failed;         /* in the list of failed questions, and without a slot */
	char *problem;       /* of a failed question */
	uint64_t number;     /* of an open question */
	uint64_t asked;      /* when, by clock_elapsed() */
	uint64_t due;        /* its deadline, likewise */
	uint64_t epoch;      /* of the memory, when the question was sent */
	store_done_fn *done; /* NULL: cancelled */
	void *arg;
	enum store_operation operation;
	time_t expires;
	char alias[STORE_ALIAS_LEN + 1];
	size_t len;
	char address[];
};

TAILQ_HEAD(store_questions, store_question);

/* An alias that is durable until a time. */
struct store_known {
	struct aged_entry aged;
	time_t expires;
	char alias[STORE_ALIAS_LEN];
};

struct store {
	struct event_base *base;
	const struct clock *clock;
	unsigned timeout_ms;
	struct store_backend *backend;
	uint64_t lost_since;           /* without a connection */
	struct store_questions open;   /* by deadline */
	struct store_questions failed; /* reported from the loop */
	struct store_question *slot[STORE_IN_FLIGHT_MAX];
	uint16_t free_slot[STORE_IN_FLIGHT_MAX];
	size_t n_free;
	uint64_t serial;
	struct store_question *sending; /* that send_request() has now, or NULL */
	struct event *deadline;
	struct event *soon; /* reports failed questions */
	struct aged_table *known;
	struct siphash_key known_key;
	uint64_t epoch;         /* how often the memory was emptied */
	uint64_t failing_since; /* when the first question of a series failed; 0: none has */
	struct store_counts counts;
};

static const uint64_t bounds[STORE_BUCKETS - 1] = STORE_BOUNDS;

static void
free_known(struct aged_entry *entry, void *context)
{
	(void)context;
	free(entry);
}

static bool
has_known_alias(const struct aged_entry *aged, const void *alias)
{
	return memcmp(((const struct store_known *)aged)->alias, alias, STORE_ALIAS_LEN) == 0;
}

static uint32_t
hash_known_alias(const struct store *store, const char *alias)
{
	return (uint32_t)siphash(&store->known_key, alias, STORE_ALIAS_LEN);
}

/* remember_alias - a put was acknowledged, and the memory was not emptied since it was sent */
static void
remember_alias(struct store *store, const struct store_question *question)
{
	uint32_t hash = hash_known_alias(store, question->alias);
	struct aged_entry *earlier =
	    aged_table_find(store->known, hash, has_known_alias, question->alias);
	struct store_known *known;

	if (question->epoch != store->epoch)
		return;
	if (earlier != NULL)
		aged_table_remove(store->known, earlier);
	known = xcalloc(1, sizeof(*known));
	known->expires = question->expires;
	memcpy(known->alias, question->alias, STORE_ALIAS_LEN);
	aged_table_add(store->known, &known->aged, hash);
}

bool
store_knows(struct store *store, const char *alias, time_t expires)
{
	struct store_known *known;

	if (!store_is_alias(alias, strlen(alias)))
		return false;
	known = (struct store_known *)aged_table_find(
	    store->known, hash_known_alias(store, alias), has_known_alias, alias);
	if (known == NULL || known->expires < expires)
		return false;
	known->aged.second_chance = true;
	store->counts.known++;
	return true;
}

void
store_forget(struct store *store)
{
	store->epoch++;
	/* A hostile store process can ask for this all the time. */
	if (store->known != NULL && aged_table_count(store->known) == 0)
		return;
	aged_table_free(&store->known);
	store->known = aged_table_new(STORE_KNOWN_MAX, AGED_HASH_KEYED, free_known, NULL);
}

const char *
store_operation_word(enum store_operation operation)
{
	static const char *const words[STORE_OPERATIONS] = {
		[STORE_PUT] = "put",
		[STORE_GET] = "get",
	};

	return words[operation];
}

const char *
store_outcome_word(enum store_outcome outcome)
{
	static const char *const words[STORE_OUTCOMES] = {
		[STORE_DONE] = "done",
		[STORE_MISSING] = "missing",
		[STORE_FULL] = "full",
		[STORE_FAILED] = "failed",
	};

	return words[outcome];
}

bool
store_is_alias(const char *text, size_t len)
{
	size_t i;

	if (len != STORE_ALIAS_LEN || text[len - 2] != '@' || text[len - 1] != '1')
		return false;
	for (i = 0; i < len - 2; i++)
		if (!((text[i] >= '0' && text[i] <= '9') || (text[i] >= 'A' && text[i] <= 'V')))
			return false;
	return true;
}

/* is_store_address - an address that a store may hold: bounded, and without control bytes */
static bool
is_store_address(struct text address)
{
	return address.len > 0 && address.len <= STORE_ADDRESS_MAX &&
	       !printable_has_control(address.s, address.len);
}

/* print_problem - untrusted words, or NULL, made visible; returns the buffer */
static const char *
print_problem(char printed[STORE_PROBLEM_SIZE], const char *problem)
{
	if (problem == NULL)
		problem = "";
	return printable_text(printed, STORE_PROBLEM_SIZE, problem, strlen(problem));
}

/* set_deadline - the timer of the question with the next deadline */
static void
set_deadline(struct store *store)
{
	const struct store_question *first = TAILQ_FIRST(&store->open);
	uint64_t now = clock_elapsed(store->clock), wait;
	struct timeval tv;

	if (first == NULL) {
		evtimer_del(store->deadline);
		return;
	}
	wait = first->due > now ? first->due - now : 0;
	tv.tv_sec = (time_t)(wait / 1000);
	tv.tv_usec = (suseconds_t)(wait % 1000 * 1000);
	evtimer_add(store->deadline, &tv);
}

/* open_question - give a question a number, and a place in the order of the deadlines */
static void
open_question(struct store *store, struct store_question *question)
{
	struct store_question *before = TAILQ_LAST(&store->open, store_questions);
	uint16_t slot = store->free_slot[--store->n_free];

	question->number = store->serial++ << SLOT_BITS | slot;
	store->slot[slot] = question;
	while (before != NULL && before->due > question->due)
		before = TAILQ_PREV(before, store_questions, link);
	if (before == NULL)
		TAILQ_INSERT_HEAD(&store->open, question, link);
	else
		TAILQ_INSERT_AFTER(&store->open, before, question, link);
	if (TAILQ_FIRST(&store->open) == question)
		set_deadline(store);
}

/* close_question - an open question gives its number back */
static void
close_question(struct store *store, struct store_question *question)
{
	uint16_t slot = (uint16_t)(question->number & SLOT_MASK);

	store->slot[slot] = NULL;
	store->free_slot[store->n_free++] = slot;
	TAILQ_REMOVE(&store->open, question, link);
}

/* fail_later - from the loop, because done is never called before store_put() has returned */
static void
fail_later(struct store *store, struct store_question *question, const char *problem)
{
	question->failed = true;
	question->problem = xstrdup(problem);
	TAILQ_INSERT_TAIL(&store->failed, question, link);
	event_active(store->soon, EV_TIMEOUT, 0);
}

static void
free_store_question(struct store_question *question)
{
	free(question->problem);
	free(question);
}

static void
count_question(
    struct store *store, const struct store_question *question, enum store_outcome outcome)
{
	uint64_t ms = clock_elapsed(store->clock) - question->asked;
	size_t i = 0;

	while (i < STORE_BUCKETS - 1 && ms > bounds[i])
		i++;
	store->counts.duration[i]++;
	store->counts.ms += ms;
	store->counts.answered[question->operation][outcome]++;
}

/* end_failure - log it, if there was one; map_lookup has logged its beginning */
static void
end_failure(struct store *store)
{
	static struct log_limit limit;
	char time[DURATION_TEXT_SIZE];

	if (store->failing_since == 0)
		return;
	duration_format(time, clock_elapsed(store->clock) - store->failing_since);
	store->failing_since = 0;
	if (log_allows(&limit))
		log_warnx("envelope-database: works again after %s", time);
}

/* note_outcome - a question that no store could answer says nothing about the store */
static void
note_outcome(struct store *store, const struct store_question *question, enum store_outcome outcome)
{
	if (outcome != STORE_FAILED)
		end_failure(store);
	else if (store->failing_since == 0 && question->alias[0] != '\0')
		store->failing_since = question->asked;
}

/* finish_question - one that is no longer in a list */
static void
finish_question(struct store_question *question, const struct store_reply *reply)
{
	count_question(question->store, question, reply->outcome);
	note_outcome(question->store, question, reply->outcome);
	if (question->done != NULL)
		question->done(question->arg, reply);
	free_store_question(question);
}

static void
on_store_soon(evutil_socket_t fd, short what, void *arg)
{
	struct store *store = arg;
	struct store_questions failed = TAILQ_HEAD_INITIALIZER(failed);
	struct store_question *question;
	struct store_reply reply = { .outcome = STORE_FAILED, .address = { "", 0 } };

	(void)fd;
	(void)what;
	/* Those that fail during a callback are reported in the next turn, so that this one ends. */
	TAILQ_CONCAT(&failed, &store->failed, link);
	while ((question = TAILQ_FIRST(&failed)) != NULL) {
		TAILQ_REMOVE(&failed, question, link);
		reply.problem = question->problem;
		finish_question(question, &reply);
	}
}

static void
on_store_deadline(evutil_socket_t fd, short what, void *arg)
{
	struct store *store = arg;
	uint64_t now = clock_elapsed(store->clock);
	struct store_question *question;
	struct store_reply reply = { .outcome = STORE_FAILED, .address = { "", 0 } };
	char problem[STORE_PROBLEM_SIZE];

	(void)fd;
	(void)what;
	while ((question = TAILQ_FIRST(&store->open)) != NULL && question->due <= now) {
		close_question(store, question);
		/* A callback may change the problem. */
		strlcpy(problem,
		    store->counts.problem[0] == '\0' ? "no answer in time" : store->counts.problem,
		    sizeof(problem));
		reply.problem = problem;
		finish_question(question, &reply);
	}
	set_deadline(store);
}

struct store *
store_new(struct event_base *base, const struct clock *clock, unsigned timeout_ms)
{
	struct store *store = xcalloc(1, sizeof(*store));
	uint16_t i;

	store->base = base;
	store->clock = clock;
	store->timeout_ms = timeout_ms;
	store->lost_since = clock_elapsed(clock);
	store->counts.rows = STORE_ROWS_UNKNOWN;
	TAILQ_INIT(&store->open);
	TAILQ_INIT(&store->failed);
	for (i = 0; i < STORE_IN_FLIGHT_MAX; i++)
		store->free_slot[i] = i;
	store->n_free = STORE_IN_FLIGHT_MAX;
	arc4random_buf(&store->known_key, sizeof(store->known_key));
	store_forget(store);
	store->deadline = evtimer_new(base, on_store_deadline, store);
	store->soon = evtimer_new(base, on_store_soon, store);
	return store;
}

static void
free_questions(struct store_questions *questions)
{
	struct store_question *question;

	while ((question = TAILQ_FIRST(questions)) != NULL) {
		TAILQ_REMOVE(questions, question, link);
		free_store_question(question);
	}
}

void
store_free(struct store **storep)
{
	struct store *store = *storep;

	if (store == NULL)
		return;
	if (store->backend != NULL)
		store->backend->ops->free_backend(store->backend);
	free_questions(&store->open);
	free_questions(&store->failed);
	event_free(store->deadline);
	event_free(store->soon);
	aged_table_free(&store->known);
	free(store);
	*storep = NULL;
}

void
store_set_timeout(struct store *store, unsigned timeout_ms)
{
	store->timeout_ms = timeout_ms;
}

static void
send_open_question(struct store *store, struct store_question *question)
{
	struct store_request request = {
		.number = question->number,
		.operation = question->operation,
		.alias = question->alias,
		.address = { question->address, question->len },
		.expires = question->expires,
	};

	question->epoch = store->epoch;
	store->sending = question;
	store->backend->ops->send_request(store->backend, &request);
	store->sending = NULL;
}

/* refuse_question - the reason to send none, or NULL */
static const char *
refuse_question(
    const struct store *store, const struct store_question *question, struct text address)
{
	uint64_t now = question->asked;

	if (question->alias[0] == '\0')
		return "not an alias";
	if (question->operation == STORE_PUT && !is_store_address(address))
		return "an address that cannot be stored";
	if (store->n_free == 0)
		return "too many questions to the store";
	if (store->backend == NULL)
		return "no store";
	/* A short gap is bridged: a process that is started again, a server that restarts. */
	if (!store->counts.connected && now - store->lost_since >= store->timeout_ms)
		return store->counts.problem[0] == '\0' ? "no connection" : store->counts.problem;
	return NULL;
}

static struct store_question *
ask_store(
    struct store *store, struct store_question *question, const char *alias, struct text address)
{
	const char *problem;

	question->store = store;
	question->asked = clock_elapsed(store->clock);
	question->due = question->asked + store->timeout_ms;
	if (store_is_alias(alias, strlen(alias)))
		memcpy(question->alias, alias, STORE_ALIAS_LEN);
	problem = refuse_question(store, question, address);
	if (problem != NULL) {
		fail_later(store, question, problem);
		return question;
	}
	open_question(store, question);
	if (store->counts.connected)
		send_open_question(store, question);
	return question;
}

struct store_question *
store_put(struct store *store, const char *alias, struct text address, time_t expires,
    store_done_fn *done, void *arg)
{
	size_t len = is_store_address(address) ? address.len : 0;
	struct store_question *question = xcalloc(1, sizeof(*question) + len);

	question->operation = STORE_PUT;
	question->expires = expires;
	question->len = len;
	if (len > 0)
		memcpy(question->address, address.s, len);
	question->done = done;
	question->arg = arg;
	return ask_store(store, question, alias, address);
}

struct store_question *
store_get(struct store *store, const char *alias, store_done_fn *done, void *arg)
{
	struct store_question *question = xcalloc(1, sizeof(*question));
	struct text none = { "", 0 };

	question->operation = STORE_GET;
	question->done = done;
	question->arg = arg;
	return ask_store(store, question, alias, none);
}

void
store_cancel(struct store_question **question)
{
	/* It keeps its number until the answer or the deadline: the backend is still busy with it. */
	if (*question != NULL)
		(*question)->done = NULL;
	*question = NULL;
}

const struct store_counts *
store_counts(struct store *store)
{
	store->counts.open = STORE_IN_FLIGHT_MAX - store->n_free;
	return &store->counts;
}

/* disconnect_store - what was durable before may not be in what is connected next */
static void
disconnect_store(struct store *store)
{
	if (!store->counts.connected)
		return;
	store->counts.connected = false;
	store->counts.lost++;
	store->lost_since = clock_elapsed(store->clock);
	store_forget(store);
}

void
store_set_backend(struct store *store, struct store_backend *backend)
{
	if (store->backend != NULL)
		store->backend->ops->free_backend(store->backend);
	disconnect_store(store);
	store->backend = backend;
	store->lost_since = clock_elapsed(store->clock);
	store->counts.rows = STORE_ROWS_UNKNOWN;
	store->failing_since = 0;
	store_set_problem(store, NULL);
}

void
store_connected(struct store *store)
{
	struct store_question *question, *next;

	if (store->counts.connected)
		return;
	store->counts.connected = true;
	store_set_problem(store, NULL);
	end_failure(store);
	TAILQ_FOREACH_SAFE (question, &store->open, link, next) {
		if (!store->counts.connected)
			break;
		send_open_question(store, question);
	}
}

void
store_lost(struct store *store, const char *problem)
{
	disconnect_store(store);
	store_set_problem(store, problem);
}

/* find_fault_of_answer - why an answer cannot be one to this question, or NULL */
static const char *
find_fault_of_answer(
    const struct store_question *question, enum store_outcome outcome, struct text address)
{
	bool is_get = question->operation == STORE_GET;

	if (outcome == STORE_DONE)
		return is_get && !is_store_address(address)
			   ? "the store has an address that is not valid"
			   : NULL;
	if (outcome == STORE_FAILED || outcome == (is_get ? STORE_MISSING : STORE_FULL))
		return NULL;
	return "the store gave an answer that does not fit the question";
}

void
store_answer(struct store *store, uint64_t number, enum store_outcome outcome, struct text address,
    const char *problem)
{
	struct store_question *question = store->slot[number & SLOT_MASK];
	struct store_reply reply = { .outcome = outcome, .address = { "", 0 } };
	char printed[STORE_PROBLEM_SIZE];
	const char *fault;

	if (question == NULL || question->number != number)
		return;
	close_question(store, question);
	fault = find_fault_of_answer(question, outcome, address);
	if (fault != NULL) {
		reply.outcome = STORE_FAILED;
		problem = fault;
	}
	if (reply.outcome == STORE_FAILED)
		reply.problem = print_problem(printed, problem);
	if (store->sending == question) {
		fail_later(store, question, reply.problem == NULL ? "" : reply.problem);
		return;
	}
	if (reply.outcome == STORE_DONE && question->operation == STORE_GET)
		reply.address = address;
	else if (reply.outcome == STORE_DONE)
		remember_alias(store, question);
	finish_question(question, &reply);
}

void
store_set_rows(struct store *store, int64_t rows)
{
	store->counts.rows = rows < 0 ? STORE_ROWS_UNKNOWN : rows;
}

void
store_set_problem(struct store *store, const char *problem)
{
	print_problem(store->counts.problem, problem);
}
