/* SPDX-License-Identifier: ISC */
#include <stdlib.h>

#include "common/xmalloc.h"
#include "spf/spf_record_set.h"

static void
free_record_set(void *arg)
{
	struct spf_record_set *set = arg;

	if (set->valid)
		spf_record_free(&set->record);
	free(set);
}

static struct spf_record_set *
make_record_set(const struct dns_answer *answer)
{
	struct spf_record_set *set = xcalloc(1, sizeof(*set));
	const struct dns_rr *rr = NULL;
	size_t i;

	for (i = 0; i < answer->n; i++) {
		if (!spf_record_is_spf(answer->rr[i].data, answer->rr[i].len))
			continue;
		rr = &answer->rr[i];
		set->n++;
	}
	if (rr == NULL || set->n != 1)
		return set;
	set->no_mail = spf_record_is_no_mail(rr->data, rr->len);
	set->valid = spf_record_parse(&set->record, rr->data, rr->len, &set->error, &set->at);
	return set;
}

const struct spf_record_set *
spf_record_set_of(struct dns_answer *answer)
{
	struct spf_record_set *set;

	if (answer->status != DNS_FOUND || answer->derived != NULL)
		return answer->derived;
	set = make_record_set(answer);
	answer->derived = set;
	answer->free_derived = free_record_set;
	answer->size += sizeof(*set) + set->record.n * sizeof(*set->record.terms);
	return set;
}

void
spf_record_set_prepare(struct dns_answer *answer, enum dns_type type)
{
	if (type == DNS_TXT)
		spf_record_set_of(answer);
}
