/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "common/hash.h"
#include "common/xmalloc.h"
#include "spf/spf_answers.h"

/* Names chosen for one bucket cost no more than a list, and there are at most SPF_ANSWERS_MAX. */
#define BUCKETS 16

struct spf_answers {
	TAILQ_HEAD(, spf_answer) list;
	SLIST_HEAD(bucket, spf_answer) bucket[BUCKETS]; /* by name */
	size_t n;
	size_t bytes;                  /* of the replies */
	struct dns_answer *end;        /* after spf_answers_end: the reply of missing answers */
	struct dns_answer *client_end; /* after spf_answers_end_client: its error */
	spf_answers_known_fn *known;
	void *known_arg;
};

struct spf_answers *
spf_answers_new(void)
{
	struct spf_answers *answers = xmalloc(sizeof(*answers));
	size_t i;

	TAILQ_INIT(&answers->list);
	for (i = 0; i < BUCKETS; i++)
		SLIST_INIT(&answers->bucket[i]);
	answers->n = 0;
	answers->bytes = 0;
	answers->end = NULL;
	answers->client_end = NULL;
	answers->known = NULL;
	answers->known_arg = NULL;
	return answers;
}

void
spf_answers_free(struct spf_answers **answers)
{
	struct spf_answer *answer;

	if (*answers == NULL)
		return;
	while ((answer = TAILQ_FIRST(&(*answers)->list)) != NULL) {
		TAILQ_REMOVE(&(*answers)->list, answer, next);
		dns_answer_unref(&answer->reply);
		free(answer);
	}
	dns_answer_unref(&(*answers)->end);
	dns_answer_unref(&(*answers)->client_end);
	free(*answers);
	*answers = NULL;
}

void
spf_answers_set_known(struct spf_answers *answers, spf_answers_known_fn *known, void *arg)
{
	answers->known = known;
	answers->known_arg = arg;
}

/* fail_answer - with the error of spf_answers_end */
static void
fail_answer(struct spf_answers *answers, struct spf_answer *answer)
{
	answer->given_up = true;
	spf_answers_set(answers, answer, dns_answer_ref(answers->end));
}

/* choose_bucket - for a name in lower case */
static size_t
choose_bucket(const char *name, size_t len)
{
	return hash_bytes(HASH_BEGIN, name, len) % BUCKETS;
}

/* find_answer - the name is in lower case; NULL: not in its bucket */
static struct spf_answer *
find_answer(const struct bucket *bucket, const char *name, enum dns_type type)
{
	struct spf_answer *answer;

	SLIST_FOREACH (answer, bucket, same_bucket)
		if (answer->type == type && strcmp(answer->name, name) == 0)
			return answer;
	return NULL;
}

/* add_answer - with its reply, if that is known */
static struct spf_answer *
add_answer(struct spf_answers *answers, struct bucket *bucket, const char *name, size_t len,
    enum dns_type type)
{
	/* calloc(3) does not use the cache of free blocks that malloc(3) has for each thread. */
	struct spf_answer *answer = xmalloc(sizeof(*answer) + len + 1);
	struct dns_answer *reply = NULL;

	answer->type = type;
	answer->needed = answer->of_client = false;
	answer->asked = answer->at_once = answer->given_up = answer->given = false;
	answer->asked_ms = answer->answered_ms = 0;
	answer->reply = NULL;
	answer->owner = NULL;
	memcpy(answer->name, name, len + 1);
	TAILQ_INSERT_TAIL(&answers->list, answer, next);
	SLIST_INSERT_HEAD(bucket, answer, same_bucket);
	answers->n++;
	if (answers->known != NULL)
		reply = answers->known(answers->known_arg, name, type);
	if (reply != NULL) {
		answer->at_once = true;
		spf_answers_set(answers, answer, reply);
	} else if (answers->end != NULL) {
		fail_answer(answers, answer);
	}
	return answer;
}

/* lower_name - returns the length */
static size_t
lower_name(char lower[HOSTNAME_MAX + 1], const char *name)
{
	size_t len = strnlen(name, HOSTNAME_MAX);

	memcpy(lower, name, len);
	lower[len] = '\0';
	hostname_lower(lower, len);
	return len;
}

/* find_or_add_answer - add it only while there are fewer than max */
static struct spf_answer *
find_or_add_answer(struct spf_answers *answers, const char *name, enum dns_type type, size_t max)
{
	char lower[HOSTNAME_MAX + 1];
	size_t len = lower_name(lower, name);
	struct bucket *bucket = &answers->bucket[choose_bucket(lower, len)];
	struct spf_answer *answer = find_answer(bucket, lower, type);

	if (answer != NULL || answers->n >= max)
		return answer;
	return add_answer(answers, bucket, lower, len, type);
}

struct spf_answer *
spf_answers_get(struct spf_answers *answers, const char *name, enum dns_type type)
{
	struct spf_answer *answer = find_or_add_answer(answers, name, type, SPF_ANSWERS_MAX);

	if (answer != NULL)
		answer->needed = true;
	return answer;
}

void
spf_answers_give(
    struct spf_answers *answers, const char *name, enum dns_type type, struct dns_answer *reply)
{
	spf_answers_known_fn *known = answers->known;
	struct spf_answer *answer;

	answers->known = NULL;
	answer = find_or_add_answer(answers, name, type, SPF_ANSWERS_MAX);
	answers->known = known;
	answer->given = true;
	spf_answers_set(answers, answer, reply);
}

struct dns_answer *
spf_answers_peek(const struct spf_answers *answers, const char *name, enum dns_type type)
{
	char lower[HOSTNAME_MAX + 1];
	size_t len = lower_name(lower, name);
	const struct spf_answer *answer =
	    find_answer(&answers->bucket[choose_bucket(lower, len)], lower, type);

	return answer == NULL ? NULL : answer->reply;
}

struct spf_answer *
spf_answers_guess(struct spf_answers *answers, const char *name, enum dns_type type)
{
	return find_or_add_answer(answers, name, type, SPF_ANSWERS_GUESSES);
}

bool
spf_answers_is_name(const char *name, size_t len)
{
	const char *end = name + len, *dot;

	if (len == 0 || len > HOSTNAME_MAX || memchr(name, '\0', len) != NULL)
		return false;
	for (;; name = dot + 1) {
		dot = memchr(name, '.', (size_t)(end - name));
		if (dot == NULL)
			break;
		if (dot == name || dot - name > 63)
			return false;
	}
	return end > name && end - name <= 63;
}

bool
spf_answers_is_domain(const char *name, size_t len)
{
	return spf_answers_is_name(name, len) && memchr(name, '.', len) != NULL;
}

struct spf_answer *
spf_answers_wanted(struct spf_answers *answers)
{
	struct spf_answer *answer, *ahead = NULL;

	TAILQ_FOREACH (answer, &answers->list, next) {
		if (answer->reply != NULL || answer->asked)
			continue;
		if (answer->needed)
			return answer;
		if (ahead == NULL)
			ahead = answer;
	}
	return ahead;
}

struct spf_answer *
spf_answers_asked(struct spf_answers *answers)
{
	struct spf_answer *answer;

	TAILQ_FOREACH (answer, &answers->list, next)
		if (answer->reply == NULL && answer->asked)
			return answer;
	return NULL;
}

void
spf_answers_end_client(struct spf_answers *answers, enum dns_failure failure)
{
	dns_answer_unref(&answers->client_end);
	answers->client_end = dns_answer_new_error(failure);
}

struct dns_answer *
spf_answers_client_error(const struct spf_answers *answers)
{
	return answers->client_end;
}

void
spf_answers_end(struct spf_answers *answers, enum dns_failure failure)
{
	struct spf_answer *answer;

	dns_answer_unref(&answers->end);
	answers->end = dns_answer_new_error(failure);
	TAILQ_FOREACH (answer, &answers->list, next)
		if (answer->reply == NULL)
			fail_answer(answers, answer);
}

size_t
spf_answers_count(const struct spf_answers *answers)
{
	return answers->n;
}

size_t
spf_answers_questions(const struct spf_answers *answers)
{
	const struct spf_answer *answer;
	size_t n = 0;

	TAILQ_FOREACH (answer, &answers->list, next)
		n += answer->asked || answer->at_once;
	return n;
}

bool
spf_answers_used_network(const struct spf_answers *answers)
{
	const struct spf_answer *answer;

	TAILQ_FOREACH (answer, &answers->list, next)
		if (answer->asked && !answer->at_once)
			return true;
	return false;
}

uint64_t
spf_answers_expires(const struct spf_answers *answers)
{
	const struct dns_answer *late = spf_answers_client_error(answers), *reply;
	const struct spf_answer *answer;
	uint64_t first = UINT64_MAX;

	TAILQ_FOREACH (answer, &answers->list, next) {
		reply = answer->reply == NULL && answer->of_client ? late : answer->reply;
		if (answer->needed && reply != NULL && reply->expires < first)
			first = reply->expires;
	}
	return first;
}

void
spf_answers_set(struct spf_answers *answers, struct spf_answer *answer, struct dns_answer *reply)
{
	if (answers->bytes + reply->size > SPF_ANSWERS_BYTES) {
		/* The DNS is not at fault: the client may have filled the table. */
		dns_answer_unref(&reply);
		reply = dns_answer_new_error(DNS_SATURATED);
	}
	answers->bytes += reply->size;
	answer->reply = reply;
}
