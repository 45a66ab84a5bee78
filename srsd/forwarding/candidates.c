/* SPDX-License-Identifier: ISC */
#include <sys/queue.h>
#include <sys/tree.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/aged_table.h"
#include "common/clock.h"
#include "common/hash.h"
#include "common/idna.h"
#include "common/xmalloc.h"
#include "srsd/forwarding/candidate_check.h"
#include "srsd/forwarding/candidates.h"

/* Seconds after which a state that was not asked again is removed, even if there is room for it. */
#define SHOWN_SECONDS 86400

struct candidate_entry {
	struct aged_entry aged;
	RB_ENTRY(candidate_entry) node;
	struct candidate_state state;
	uint64_t since, expires; /* on the clock, in seconds */
	const char *domain;
	char texts[]; /* the domain and the host of the state */
};

RB_HEAD(candidate_tree, candidate_entry);

struct candidate_question {
	TAILQ_ENTRY(candidate_question) next;
	struct candidate_run *run;
	candidates_done_fn *done;
	void *arg;
};

/* A check that runs. */
struct candidate_run {
	LIST_ENTRY(candidate_run) next;
	struct candidates *candidates;
	struct candidate_check *check;
	TAILQ_HEAD(, candidate_question) questions;
	uint64_t started; /* on the clock, in milliseconds */
	bool forgotten;   /* its settings are no longer in force */
	char domain[];
};

struct candidates {
	const struct spf_checker *checker;
	struct aged_table *table;   /* in the order of the checks; the hash is that of a cache */
	struct candidate_tree tree; /* the same entries, in the order of candidates_each */
	size_t counts[CANDIDATE_KINDS];
	LIST_HEAD(, candidate_run) runs;
	size_t n_runs;
};

/* compare_candidates - those that are not usable come first */
static int
compare_candidates(const struct candidate_entry *a, const struct candidate_entry *b)
{
	bool a_usable = a->state.kind == CANDIDATE_USABLE,
	     b_usable = b->state.kind == CANDIDATE_USABLE;

	if (a_usable != b_usable)
		return a_usable ? 1 : -1;
	return strcmp(a->domain, b->domain);
}

RB_GENERATE_INTERNAL(
    candidate_tree, candidate_entry, node, compare_candidates, static __attribute__((__unused__)))

static void
free_candidate_entry(struct aged_entry *aged, void *context)
{
	struct candidate_entry *entry = (struct candidate_entry *)aged;
	struct candidates *candidates = context;

	RB_REMOVE(candidate_tree, &candidates->tree, entry);
	candidates->counts[entry->state.kind]--;
	free(entry);
}

struct candidates *
candidates_new(const struct spf_checker *checker)
{
	struct candidates *candidates = xcalloc(1, sizeof(*candidates));

	candidates->checker = checker;
	RB_INIT(&candidates->tree);
	LIST_INIT(&candidates->runs);
	candidates->table =
	    aged_table_new(CANDIDATES_MAX, AGED_HASH_UNKEYED, free_candidate_entry, candidates);
	return candidates;
}

static uint64_t
get_checker_seconds(const struct candidates *candidates)
{
	return clock_elapsed(candidates->checker->clock) / 1000;
}

/* copy_domain - in A-labels and lower case; "" if that is impossible */
static void
copy_domain(char name[HOSTNAME_MAX + 1], const char *domain)
{
	size_t len = idna_to_ascii(name, domain, hostname_length(domain, strlen(domain)));

	hostname_lower(name, len);
}

static uint32_t
hash_domain(const char *name)
{
	return hash_bytes(HASH_BEGIN, name, strlen(name));
}

static bool
has_domain(const struct aged_entry *aged, const void *name)
{
	return strcmp(((const struct candidate_entry *)aged)->domain, name) == 0;
}

static struct candidate_entry *
find_candidate_entry(const struct candidates *candidates, const char *name)
{
	return (struct candidate_entry *)aged_table_find(
	    candidates->table, hash_domain(name), has_domain, name);
}

static struct candidate_entry *
make_candidate_entry(const char *name, const struct candidate_state *state)
{
	size_t size = strlen(name) + 1, host_size = strlen(state->host) + 1;
	struct candidate_entry *entry = xcalloc(1, sizeof(*entry) + size + host_size);

	memcpy(entry->texts, name, size);
	memcpy(entry->texts + size, state->host, host_size);
	entry->domain = entry->texts;
	entry->state = *state;
	entry->state.host = entry->texts + size;
	return entry;
}

static uint64_t
limit_lifetime(uint64_t expires, uint64_t now)
{
	if (expires <= now + CANDIDATES_SHORTEST)
		return now + CANDIDATES_SHORTEST;
	return expires < now + CANDIDATES_LONGEST ? expires : now + CANDIDATES_LONGEST;
}

static void
remove_old_entries(struct candidates *candidates, uint64_t now)
{
	const struct candidate_entry *oldest;

	while ((oldest = (struct candidate_entry *)aged_table_oldest(candidates->table)) != NULL &&
	       now - oldest->since >= SHOWN_SECONDS)
		aged_table_remove(candidates->table, aged_table_oldest(candidates->table));
}

/* keep_state - of a check that is done; it replaces an earlier one */
static void
keep_state(struct candidates *candidates, const char *name, const struct candidate_check *check)
{
	struct candidate_entry *entry = find_candidate_entry(candidates, name);
	uint64_t now = get_checker_seconds(candidates);

	if (entry != NULL)
		aged_table_remove(candidates->table, &entry->aged);
	remove_old_entries(candidates, now);
	entry = make_candidate_entry(name, candidate_check_state(check));
	entry->since = now;
	entry->expires = limit_lifetime(candidate_check_expires(check), now);
	aged_table_add(candidates->table, &entry->aged, hash_domain(name));
	RB_INSERT(candidate_tree, &candidates->tree, entry);
	candidates->counts[entry->state.kind]++;
}

static struct candidate_run *
make_run(struct candidates *candidates, const char *name)
{
	size_t size = strlen(name) + 1;
	struct candidate_run *run = xcalloc(1, sizeof(*run) + size);

	run->candidates = candidates;
	run->started = clock_elapsed(candidates->checker->clock);
	TAILQ_INIT(&run->questions);
	memcpy(run->domain, name, size);
	LIST_INSERT_HEAD(&candidates->runs, run, next);
	candidates->n_runs++;
	return run;
}

/* unlink_run - no more questions join it */
static void
unlink_run(struct candidate_run *run)
{
	LIST_REMOVE(run, next);
	run->candidates->n_runs--;
}

static void
free_candidate_question(struct candidate_question *question)
{
	TAILQ_REMOVE(&question->run->questions, question, next);
	free(question);
}

/* answer_candidate_question - hand the state over; done may ask and cancel others */
static void
answer_candidate_question(struct candidate_question *question, const struct candidate_state *state)
{
	candidates_done_fn *done = question->done;
	void *arg = question->arg;

	free_candidate_question(question);
	done(arg, state);
}

static void
free_run(struct candidate_run *run)
{
	candidate_check_free(&run->check);
	free(run);
}

void
candidates_free(struct candidates **candidatesp)
{
	struct candidates *candidates = *candidatesp;
	struct candidate_run *run;

	if (candidates == NULL)
		return;
	while ((run = LIST_FIRST(&candidates->runs)) != NULL) {
		while (!TAILQ_EMPTY(&run->questions))
			free_candidate_question(TAILQ_FIRST(&run->questions));
		unlink_run(run);
		free_run(run);
	}
	aged_table_free(&candidates->table);
	free(candidates);
	*candidatesp = NULL;
}

void
candidates_forget(struct candidates *candidates)
{
	struct candidate_run *run;

	aged_table_clear(candidates->table);
	LIST_FOREACH (run, &candidates->runs, next)
		run->forgotten = true;
}

static bool
are_equal_lists(const struct text_list *a, const struct text_list *b)
{
	size_t i;

	for (i = 0; a->n == b->n && i < a->n; i++)
		if (strcmp(a->text[i], b->text[i]) != 0)
			return false;
	return a->n == b->n;
}

bool
candidates_differ(const struct settings *before, const struct settings *after)
{
	return strcmp(before->per_domain, after->per_domain) != 0 ||
	       strcmp(before->srs_domain, after->srs_domain) != 0 ||
	       !are_equal_lists(&before->outbound_addresses, &after->outbound_addresses) ||
	       !are_equal_lists(&before->inbound_hosts, &after->inbound_hosts);
}

static const struct candidate_state *
find_known_state(struct candidates *candidates, const char *name)
{
	struct candidate_entry *entry = find_candidate_entry(candidates, name);

	if (entry == NULL || get_checker_seconds(candidates) >= entry->expires)
		return NULL;
	entry->aged.second_chance = true;
	return &entry->state;
}

const struct candidate_state *
candidates_known(struct candidates *candidates, const char *domain)
{
	char name[HOSTNAME_MAX + 1];

	copy_domain(name, domain);
	return find_known_state(candidates, name);
}

static struct candidate_run *
find_run(const struct candidates *candidates, const char *name)
{
	struct candidate_run *run;

	LIST_FOREACH (run, &candidates->runs, next)
		if (!run->forgotten && strcmp(run->domain, name) == 0)
			return run;
	return NULL;
}

/* on_run_done - from the event loop */
static void
on_run_done(void *arg)
{
	struct candidate_run *run = arg;
	const struct candidate_state *state = candidate_check_state(run->check);
	struct candidate_question *question;

	unlink_run(run);
	if (!run->forgotten)
		keep_state(run->candidates, run->domain, run->check);
	while ((question = TAILQ_FIRST(&run->questions)) != NULL)
		answer_candidate_question(question, state);
	free_run(run);
}

static struct candidate_question *
join_run(struct candidate_run *run, candidates_done_fn *done, void *arg)
{
	struct candidate_question *question = xcalloc(1, sizeof(*question));

	question->run = run;
	question->done = done;
	question->arg = arg;
	TAILQ_INSERT_TAIL(&run->questions, question, next);
	return question;
}

static bool
takes_long(const struct candidate_run *run)
{
	return clock_elapsed(run->candidates->checker->clock) - run->started >= CANDIDATES_PATIENCE;
}

/* refuse_candidate_question - too many checks run, or one takes too long */
static void
refuse_candidate_question(const struct candidates *candidates, candidates_done_fn *done, void *arg)
{
	struct candidate_state state = { .kind = CANDIDATE_UNAVAILABLE, .host = "" };

	state.checked = clock_wall(candidates->checker->clock);
	done(arg, &state);
}

/* start_run - NULL: done was called */
static struct candidate_question *
start_run(struct candidates *candidates, struct settings *settings, const char *name,
    candidates_done_fn *done, void *arg)
{
	struct candidate_run *run = make_run(candidates, name);
	struct candidate_question *question = join_run(run, done, arg);

	run->check = candidate_check_start(candidates->checker, settings, name, on_run_done, run);
	if (!candidate_check_is_done(run->check))
		return question;
	on_run_done(run);
	return NULL;
}

struct candidate_question *
candidates_ask(struct candidates *candidates, struct settings *settings, const char *domain,
    candidates_done_fn *done, void *arg)
{
	char name[HOSTNAME_MAX + 1];
	const struct candidate_state *known;
	struct candidate_run *run;

	copy_domain(name, domain);
	known = find_known_state(candidates, name);
	if (known != NULL) {
		done(arg, known);
		return NULL;
	}
	run = find_run(candidates, name);
	if (run != NULL && !takes_long(run))
		return join_run(run, done, arg);
	if (run == NULL && candidates->n_runs < CANDIDATES_CHECKS)
		return start_run(candidates, settings, name, done, arg);
	refuse_candidate_question(candidates, done, arg);
	return NULL;
}

void
candidates_cancel(struct candidate_question **question)
{
	if (*question != NULL)
		free_candidate_question(*question);
	*question = NULL;
}

void
candidates_count(const struct candidates *candidates, size_t counts[CANDIDATE_KINDS])
{
	memcpy(counts, candidates->counts, sizeof(candidates->counts));
}

void
candidates_each(
    const struct candidates *candidates, size_t max, candidates_each_fn *each, void *arg)
{
	struct candidate_tree *tree = (struct candidate_tree *)(uintptr_t)&candidates->tree;
	struct candidate_entry *entry;

	RB_FOREACH (entry, candidate_tree, tree) {
		if (max-- == 0)
			break;
		each(arg, entry->domain, &entry->state);
	}
}
