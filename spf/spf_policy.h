/* SPDX-License-Identifier: ISC */
/*
 * spf_policy - what the TXT records of a name say about SPF: none, one record, a broken one, or too
 * many (RFC 7208, 4.5). Made once for each DNS answer and kept with it, for all who share it.
 */
#ifndef SPF_SPF_POLICY_H
#define SPF_SPF_POLICY_H

#include <stdbool.h>
#include <stddef.h>

#include "spf/dns_answer.h"
#include "spf/spf_record.h"

struct spf_policy {
	size_t n;     /* how many SPF records there are */
	bool no_mail; /* it is "v=spf1 -all" and nothing else */
	bool valid;
	struct spf_record record; /* when there is one, and it is valid */
	const char *error;        /* else what is wrong (static), and where */
	struct text at;
};

/*
 * The policy in a TXT answer, the answer's own; NULL unless its status is DNS_FOUND. The first
 * call makes it and adds to the answer's size: do that before the answer is kept anywhere.
 */
const struct spf_policy *spf_policy_of(struct dns_answer *);

#endif
