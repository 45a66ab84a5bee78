/* SPDX-License-Identifier: ISC */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/xmalloc.h"
#include "spf/dns/dns_answer.h"

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

/* get_rcode_name - the names of RFC 6895, 2.3 */
static const char *
get_rcode_name(uint8_t rcode)
{
	static const char *const names[] = { "no usable answer", "FORMERR", "SERVFAIL", "NXDOMAIN",
		"NOTIMP", "REFUSED", "YXDOMAIN", "YXRRSET", "NXRRSET", "NOTAUTH", "NOTZONE" };

	return rcode < sizeof(names) / sizeof(names[0]) ? names[rcode] : "unknown error code";
}

const char *
dns_failure_text(const struct dns_answer *answer)
{
	if (answer->failure == DNS_LATE)
		return "no answer in time";
	if (answer->failure == DNS_SATURATED)
		return "too many pending DNS queries";
	return answer->security == DNS_BOGUS ? "DNSSEC validation failed"
					     : get_rcode_name(answer->rcode);
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

struct dns_answer *
dns_answer_new_error(enum dns_failure failure)
{
	struct dns_answer *answer = dns_answer_new(DNS_ERROR);

	answer->failure = failure;
	return answer;
}

void
dns_answer_add(struct dns_answer *answer, const struct ipaddr *ip, uint16_t preference,
    const char *data, size_t len)
{
	struct dns_rr *rr;

	/* An answer may have thousands of records, so the array doubles. */
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

static int
compare_addresses(const void *x, const void *y)
{
	const struct dns_rr *a = *(const struct dns_rr *const *)x;
	const struct dns_rr *b = *(const struct dns_rr *const *)y;

	return memcmp(a->ip.bytes, b->ip.bytes, sizeof(a->ip.bytes));
}

static int
compare_texts(const void *x, const void *y)
{
	const struct dns_rr *a = *(const struct dns_rr *const *)x;
	const struct dns_rr *b = *(const struct dns_rr *const *)y;

	if (a->len != b->len)
		return a->len < b->len ? -1 : 1;
	return memcmp(a->data, b->data, a->len);
}

static int
compare_names(const void *x, const void *y)
{
	const struct dns_rr *a = *(const struct dns_rr *const *)x;
	const struct dns_rr *b = *(const struct dns_rr *const *)y;

	if (a->preference != b->preference)
		return a->preference < b->preference ? -1 : 1;
	return strcasecmp(a->data, b->data);
}

typedef int compare_fn(const void *, const void *);

/* choose_comparison - an order in which equal records of a type are adjacent */
static compare_fn *
choose_comparison(enum dns_type type)
{
	switch (type) {
	case DNS_A:
	case DNS_AAAA:
		return compare_addresses;
	case DNS_TXT:
		return compare_texts;
	default:
		return compare_names;
	}
}

/* mark_repeated - of equal records, mark all but the first one in the answer */
static void
mark_repeated(struct dns_rr *const *sorted, size_t n, compare_fn *compare, const struct dns_rr *rr,
    bool *marked)
{
	const struct dns_rr *first = sorted[0];
	size_t i;

	for (i = 1; i < n; i++) {
		if (compare(&first, &sorted[i]) != 0) {
			first = sorted[i];
			continue;
		}
		marked[(sorted[i] > first ? sorted[i] : first) - rr] = true;
		if (sorted[i] < first)
			first = sorted[i];
	}
}

static void
remove_marked(struct dns_answer *answer, const bool *marked)
{
	size_t i, n = 0;

	for (i = 0; i < answer->n; i++) {
		if (marked[i])
			free(answer->rr[i].data);
		else
			answer->rr[n++] = answer->rr[i];
	}
	answer->n = n;
}

void
dns_answer_unique(struct dns_answer *answer, enum dns_type type)
{
	compare_fn *compare = choose_comparison(type);
	struct dns_rr **sorted;
	bool *marked;
	size_t i;

	if (answer->n < 2)
		return;
	/* Sorting keeps thousands of records cheap. */
	sorted = xcalloc(answer->n, sizeof(struct dns_rr *));
	marked = xcalloc(answer->n, sizeof(*marked));
	for (i = 0; i < answer->n; i++)
		sorted[i] = &answer->rr[i];
	qsort(sorted, answer->n, sizeof(struct dns_rr *), compare);
	mark_repeated(sorted, answer->n, compare, answer->rr, marked);
	remove_marked(answer, marked);
	free(sorted);
	free(marked);
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
