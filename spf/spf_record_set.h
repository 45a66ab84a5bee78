/* SPDX-License-Identifier: ISC */
/*
 * spf_record_set - the SPF records among the TXT records of a name: none, a valid one, an invalid
 * one, or too many (RFC 7208, 4.5). They are parsed once for each DNS answer and kept with it, so
 * that all checks that share the answer share the parsed record. Pure.
 */
#ifndef SPF_SPF_RECORD_SET_H
#define SPF_SPF_RECORD_SET_H

#include <stdbool.h>
#include <stddef.h>

#include "spf/dns/dns_answer.h"
#include "spf/spf_record.h"

struct spf_record_set {
	size_t n;     /* the number of SPF records; the other members are for one record only */
	bool no_mail; /* it is exactly "v=spf1 -all" */
	bool valid;
	struct spf_record record; /* of a valid one */
	const char *error;        /* of an invalid one: the reason, static, and the term */
	struct text at;
};

/*
 * Returns the set of a TXT answer, which owns it; NULL unless the status is DNS_FOUND. The first
 * call parses the records and adds to the size of the answer, so it must come before the answer
 * enters a cache.
 */
const struct spf_record_set *spf_record_set_of(struct dns_answer *answer);

/* Makes the set of a new TXT answer; ignores other types. A resolver_prepare_fn. */
void spf_record_set_prepare(struct dns_answer *answer, enum dns_type type);

#endif
