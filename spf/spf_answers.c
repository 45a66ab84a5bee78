/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "common/xmalloc.h"
#include "spf/spf_answers.h"

struct spf_answers {
	TAILQ_HEAD(, spf_answer) list;
	size_t n;
	size_t bytes; /* of the replies */
	spf_answers_known_fn *known;
	void *known_arg;
};

struct spf_answers *
spf_answers_new(void)
{
	struct spf_answers *answers = xmalloc(sizeof(*answers));

	TAILQ_INIT(&answers->list);
	answers->n = 0;
	answers->bytes = 0;
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
	free(*answers);
	*answers = NULL;
}

void
spf_answers_set_known(struct spf_answers *answers, spf_answers_known_fn *known, void *arg)
{
	answers->known = known;
	answers->known_arg = arg;
}

/* add - a new question; its answer may be known */
static struct spf_answer *
add(struct spf_answers *answers, const char *name, size_t len, enum dns_type type)
{
	/* Not calloc(3), which passes by the blocks that malloc(3) and free(3) keep at hand. */
	struct spf_answer *answer = xmalloc(sizeof(*answer) + len + 1);
	struct dns_answer *reply = NULL;

	answer->type = type;
	answer->asked = answer->at_once = answer->given_up = false;
	answer->asked_ms = answer->answered_ms = 0;
	answer->reply = NULL;
	answer->owner = NULL;
	memcpy(answer->name, name, len + 1);
	TAILQ_INSERT_TAIL(&answers->list, answer, next);
	answers->n++;
	if (answers->known != NULL)
		reply = answers->known(answers->known_arg, name, type);
	if (reply != NULL) {
		answer->at_once = true;
		spf_answers_set(answers, answer, reply);
	}
	return answer;
}

/* get - find an answer, or add it while there are fewer than max */
static struct spf_answer *
get(struct spf_answers *answers, const char *name, enum dns_type type, size_t max)
{
	size_t len = strnlen(name, HOSTNAME_MAX);
	char lower[HOSTNAME_MAX + 1];
	struct spf_answer *answer;

	memcpy(lower, name, len);
	lower[len] = '\0';
	hostname_lower(lower, len);
	TAILQ_FOREACH (answer, &answers->list, next)
		if (answer->type == type && strcmp(answer->name, lower) == 0)
			return answer;
	return answers->n >= max ? NULL : add(answers, lower, len, type);
}

struct spf_answer *
spf_answers_get(struct spf_answers *answers, const char *name, enum dns_type type)
{
	return get(answers, name, type, SPF_ANSWERS_MAX);
}

struct spf_answer *
spf_answers_guess(struct spf_answers *answers, const char *name, enum dns_type type)
{
	return get(answers, name, type, SPF_ANSWERS_GUESSES);
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

static struct spf_answer *
first_missing(struct spf_answers *answers, bool asked)
{
	struct spf_answer *answer;

	TAILQ_FOREACH (answer, &answers->list, next)
		if (answer->reply == NULL && answer->asked == asked)
			return answer;
	return NULL;
}

struct spf_answer *
spf_answers_wanted(struct spf_answers *answers)
{
	return first_missing(answers, false);
}

struct spf_answer *
spf_answers_asked(struct spf_answers *answers)
{
	return first_missing(answers, true);
}

size_t
spf_answers_count(const struct spf_answers *answers)
{
	return answers->n;
}

void
spf_answers_set(struct spf_answers *answers, struct spf_answer *answer, struct dns_answer *reply)
{
	if (answers->bytes + reply->size > SPF_ANSWERS_BYTES) {
		dns_answer_unref(&reply);
		reply = dns_answer_new(DNS_ERROR);
	}
	answers->bytes += reply->size;
	answer->reply = reply;
}
