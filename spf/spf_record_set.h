/* SPDX-License-Identifier: ISC */
/*
 * spf_record_set - the SPF records among the TXT records of a name: none, one that is valid or not,
 * or too many (RFC 7208, 4.5). Parsed once for each DNS answer and kept with it, so that all checks
 * that share the answer share the parsed record too.
 */
#ifndef SPF_SPF_RECORD_SET_H
#define SPF_SPF_RECORD_SET_H

#include <stdbool.h>
#include <stddef.h>

#include "spf/dns/dns_answer.h"
#include "spf/spf_record.h"

struct spf_record_set {
	size_t n;     /* how many SPF records there are */
	bool no_mail; /* it is "v=spf1 -all" and nothing else */
	bool valid;
	struct spf_record record; /* when there is one, and it is valid */
	const char *error;        /* else what is wrong (static), and where */
	struct text at;
};

/*
 * The set of a TXT answer, owned by the answer; NULL unless its status is DNS_FOUND. The first call
 * parses it and adds to the answer's size, so it has to come before the answer enters a cache.
 */
const struct spf_record_set *spf_record_set_of(struct dns_answer *answer);

/* Makes the set of a new answer with TXT records: a resolver_prepare_fn. */
void spf_record_set_prepare(struct dns_answer *answer, enum dns_type type);

#endif
