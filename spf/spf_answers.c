/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "common/xmalloc.h"
#include "spf/spf_answers.h"

struct spf_answers {
	TAILQ_HEAD(, spf_answer) list;
	size_t n;
	size_t bytes; /* of the replies */
};

struct spf_answers *
spf_answers_new(void)
{
	struct spf_answers *answers = xcalloc(1, sizeof(*answers));

	TAILQ_INIT(&answers->list);
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

/* get - find an answer, or add it while there are fewer than max */
static struct spf_answer *
get(struct spf_answers *answers, const char *name, enum dns_type type, size_t max)
{
	char lower[HOSTNAME_MAX + 1];
	struct spf_answer *answer;
	size_t len = strlcpy(lower, name, sizeof(lower));

	hostname_lower(lower, len < sizeof(lower) ? len : sizeof(lower) - 1);
	TAILQ_FOREACH (answer, &answers->list, next)
		if (answer->type == type && strcmp(answer->name, lower) == 0)
			return answer;
	if (answers->n >= max)
		return NULL;
	answer = xcalloc(1, sizeof(*answer));
	strlcpy(answer->name, lower, sizeof(answer->name));
	answer->type = type;
	TAILQ_INSERT_TAIL(&answers->list, answer, next);
	answers->n++;
	return answer;
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
