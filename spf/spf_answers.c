/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "common/xmalloc.h"
#include "spf/spf_answers.h"

struct spf_answers {
	TAILQ_HEAD(, spf_answer) list;
	size_t n;
};

const char *
dns_type_name(enum dns_type type)
{
	switch (type) {
	case DNS_A:
		return "A";
	case DNS_PTR:
		return "PTR";
	case DNS_MX:
		return "MX";
	case DNS_TXT:
		return "TXT";
	case DNS_AAAA:
		return "AAAA";
	}
	return "?";
}

struct spf_answers *
spf_answers_new(void)
{
	struct spf_answers *answers = xcalloc(1, sizeof(*answers));

	TAILQ_INIT(&answers->list);
	return answers;
}

static void
free_answer(struct spf_answer *answer)
{
	size_t i;

	for (i = 0; i < answer->n; i++)
		free(answer->rr[i].data);
	free(answer->rr);
	free(answer);
}

void
spf_answers_free(struct spf_answers **answers)
{
	struct spf_answer *answer;

	if (*answers == NULL)
		return;
	while ((answer = TAILQ_FIRST(&(*answers)->list)) != NULL) {
		TAILQ_REMOVE(&(*answers)->list, answer, next);
		free_answer(answer);
	}
	free(*answers);
	*answers = NULL;
}

struct spf_answer *
spf_answers_get(struct spf_answers *answers, const char *name, enum dns_type type)
{
	char lower[HOSTNAME_MAX + 1];
	struct spf_answer *answer;
	size_t len = strlcpy(lower, name, sizeof(lower));

	hostname_lower(lower, len < sizeof(lower) ? len : sizeof(lower) - 1);
	TAILQ_FOREACH (answer, &answers->list, next)
		if (answer->type == type && strcmp(answer->name, lower) == 0)
			return answer;
	if (answers->n == SPF_ANSWERS_MAX)
		return NULL;
	answer = xcalloc(1, sizeof(*answer));
	strlcpy(answer->name, lower, sizeof(answer->name));
	answer->type = type;
	answer->status = SPF_ANSWER_WANTED;
	TAILQ_INSERT_TAIL(&answers->list, answer, next);
	answers->n++;
	return answer;
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

struct spf_answer *
spf_answers_first(struct spf_answers *answers, enum spf_answer_status status)
{
	struct spf_answer *answer;

	TAILQ_FOREACH (answer, &answers->list, next)
		if (answer->status == status)
			return answer;
	return NULL;
}

size_t
spf_answers_count(const struct spf_answers *answers)
{
	return answers->n;
}

void
spf_answer_add(struct spf_answer *answer, const struct ipaddr *ip, uint16_t preference,
    const char *data, size_t len)
{
	struct spf_rr *rr;

	answer->rr = xreallocarray(answer->rr, answer->n + 1, sizeof(*answer->rr));
	rr = &answer->rr[answer->n++];
	memset(rr, 0, sizeof(*rr));
	rr->preference = preference;
	if (ip != NULL)
		rr->ip = *ip;
	if (data != NULL) {
		rr->data = xmalloc(len + 1);
		memcpy(rr->data, data, len);
		rr->data[len] = '\0';
		rr->len = len;
	}
}
