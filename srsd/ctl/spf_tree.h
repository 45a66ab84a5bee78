/* SPDX-License-Identifier: ISC */
/*
 * spf_tree - the report of `srsctl spf` as a tree: a line for each term, below it the DNS answers
 * that it used, and the terms of the record that it leads to. Pure.
 *
 *	mailfrom x.test: fail by -all
 *	  lookups 3 of 10, void 0 of 2, 12 ms, dnssec insecure
 *	  record of x.test: found
 *	  |  TXT x.test "v=spf1 a:h.test include:i.test -all"  (3 ms, at 0 ms)
 *	  |- a:h.test: no match  [lookup 1]
 *	  |     A h.test 198.51.100.1  (2 ms, at 3 ms)
 *	  |- include:i.test: no match  [lookups 2-3]
 *	  |  |  TXT i.test "v=spf1 mx ?all"  (2 ms, at 3 ms)
 *	  |  |- mx: no match  [lookup 3]
 *	  |  |     MX i.test h.test  (4 ms, at 5 ms)
 *	  |  |     A h.test 198.51.100.1  (2 ms, at 3 ms)
 *	  |  `- ?all: match, neutral
 *	  `- -all: match, fail  <- decides
 *
 * [lookups 2-3]: the term and the record that it includes use the second and the third of the
 * lookups that the limit allows.
 */
#ifndef SRSD_CTL_SPF_TREE_H
#define SRSD_CTL_SPF_TREE_H

#include <jansson.h>

#include "common/buffer.h"
#include "srsd/ctl/terminal.h"

/*
 * Appends the lines of a report (spf/spf_query.h) for a terminal. The texts of the report must be
 * printable (ctl_make_printable). Members that are missing or of another type are shown as empty or
 * left out. The time and the memory that this needs are in proportion to the report.
 */
void spf_tree_add(struct buffer *out, const json_t *report, const struct terminal *terminal);

#endif
