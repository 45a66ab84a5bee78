/* SPDX-License-Identifier: ISC */
/*
 * spf_libspf2 - the second engine: what libspf2 makes of a record. The only user of that library.
 *
 * SECURITY: libspf2 has no release since 2021 and overflows, aborts and loops on text that a
 * sender controls. So it sees none: our own parser takes a record first, and what it refuses never
 * gets there. What it takes is written anew, with the macros expanded, plain names (others stand
 * behind an alias) and within the sizes of libspf2's buffers. Sender, HELO name and explanation
 * are constants, its DNS is the table of answers, and the number of its questions is bounded, for
 * it counts lookups in each include afresh. Its fatal errors lead back here.
 *
 * BUGS: the verdicts are libspf2's; where RFC 7208 has others is listed in
 * tests/unit/test_spf_libspf2.c. A fatal error of libspf2 (none is known) leaks that pass's memory.
 */
#ifndef SPF_SPF_LIBSPF2_H
#define SPF_SPF_LIBSPF2_H

#include <stdbool.h>

#include "spf/spf_answers.h"
#include "spf/spf_verdict.h"

/*
 * An engine, see spf_verdict.h. It asks one question after the other; let the native engine ask
 * first. The verdict tells no mechanism and no explanation.
 */
bool spf_libspf2_eval(const struct spf_request *, struct spf_answers *, struct spf_verdict *);

#endif
