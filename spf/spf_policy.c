/* SPDX-License-Identifier: ISC */
#include <stdlib.h>

#include "common/xmalloc.h"
#include "spf/spf_policy.h"

static void
free_policy(void *arg)
{
	struct spf_policy *policy = arg;

	if (policy->valid)
		spf_record_free(&policy->record);
	free(policy);
}

static struct spf_policy *
make_policy(const struct dns_answer *answer)
{
	struct spf_policy *policy = xcalloc(1, sizeof(*policy));
	const struct dns_rr *rr = NULL;
	size_t i;

	for (i = 0; i < answer->n; i++) {
		if (!spf_record_is_spf(answer->rr[i].data, answer->rr[i].len))
			continue;
		rr = &answer->rr[i];
		policy->n++;
	}
	if (rr == NULL || policy->n != 1)
		return policy;
	policy->no_mail = spf_record_is_no_mail(rr->data, rr->len);
	policy->valid =
	    spf_record_parse(&policy->record, rr->data, rr->len, &policy->error, &policy->at);
	return policy;
}

const struct spf_policy *
spf_policy_of(struct dns_answer *answer)
{
	struct spf_policy *policy;

	if (answer->status != DNS_FOUND || answer->derived != NULL)
		return answer->derived;
	policy = make_policy(answer);
	answer->derived = policy;
	answer->free_derived = free_policy;
	answer->size += sizeof(*policy) + policy->record.n * sizeof(*policy->record.terms);
	return policy;
}
