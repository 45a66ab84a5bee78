/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "common/xmalloc.h"
#include "spf/dns_answer.h"

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

const char *
dns_status_name(enum dns_status status)
{
	static const char *const names[] = { "found", "void", "error" };

	return names[status];
}

const char *
dns_security_name(enum dns_security security)
{
	static const char *const names[] = { "bogus", "insecure", "secure" };

	return names[security];
}

struct dns_answer *
dns_answer_new(enum dns_status status)
{
	struct dns_answer *answer = xcalloc(1, sizeof(*answer));

	answer->status = status;
	answer->security = DNS_INSECURE;
	answer->references = 1;
	answer->size = sizeof(*answer);
	return answer;
}

void
dns_answer_add(struct dns_answer *answer, const struct ipaddr *ip, uint16_t preference,
    const char *data, size_t len)
{
	struct dns_rr *rr;

	/* Doubled each time that it is full: it may be thousands. */
	if ((answer->n & (answer->n - 1)) == 0)
		answer->rr = xreallocarray(
		    answer->rr, answer->n == 0 ? 1 : 2 * answer->n, sizeof(*answer->rr));
	rr = &answer->rr[answer->n++];
	memset(rr, 0, sizeof(*rr));
	answer->size += sizeof(*rr) + len;
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

struct dns_answer *
dns_answer_ref(struct dns_answer *answer)
{
	answer->references++;
	return answer;
}

void
dns_answer_unref(struct dns_answer **answerp)
{
	struct dns_answer *answer = *answerp;
	size_t i;

	*answerp = NULL;
	if (answer == NULL || --answer->references > 0)
		return;
	if (answer->derived != NULL)
		answer->free_derived(answer->derived);
	for (i = 0; i < answer->n; i++)
		free(answer->rr[i].data);
	free(answer->rr);
	free(answer);
}
