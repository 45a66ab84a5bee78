/* SPDX-License-Identifier: ISC */
/*
 * spf_term_hint - terms of an SPF record that do not mean what their author meant.
 *
 * "ipv4:192.0.2.1", "a:192.0.2.1" and "all." make a record invalid. "include=x.org" does not,
 * because the grammar takes it for a modifier, and unknown modifiers are ignored (RFC 7208, 6); so
 * are all mechanisms after "all" (5.1). Pure.
 */
#ifndef SPF_SPF_TERM_HINT_H
#define SPF_SPF_TERM_HINT_H

#include <stdbool.h>
#include <stddef.h>

#define SPF_TERM_HINT_SIZE 320

/*
 * Returns true if a term is not valid but looks like one that is. hint then names that in visible
 * ASCII: "looks like ip4:192.0.2.1". Returns false for valid terms and for all others.
 */
bool spf_term_hint(char hint[SPF_TERM_HINT_SIZE], const char *term, size_t len);

/*
 * Returns true if a record has a term that is ignored although it looks like a mechanism or is
 * known. hint then describes the first: "has include=x.org, which is ignored; looks like
 * include:x.org".
 */
bool spf_term_hint_ignored(char hint[SPF_TERM_HINT_SIZE], const char *record, size_t len);

#endif
