/* SPDX-License-Identifier: ISC */
/*
 * spf_libspf2 - the second evaluator: the result of libspf2 for a record. The only user of that
 * library. Pure.
 *
 * SECURITY: libspf2 has had no release since 2021, and overflows, aborts and loops on text that a
 * sender controls. It gets no such text. Our own parser checks a record first, and libspf2 never
 * gets a record that it refuses. An accepted record is written again: with expanded macros, with
 * plain names (an alias replaces any other name) and within the sizes of libspf2's buffers. Sender,
 * HELO name and explanation are constants, and its DNS is the table of answers. The number of its
 * queries is bounded, because it starts a new count of lookups in each include. After a fatal error
 * control returns here.
 *
 * BUGS: results that differ from RFC 7208 are listed in tests/unit/test_spf_libspf2.c. A fatal
 * error of libspf2 (no such error is known) leaks the memory of that pass.
 */
#ifndef SPF_SPF_LIBSPF2_H
#define SPF_SPF_LIBSPF2_H

#include <stdbool.h>

#include "spf/spf_answers.h"
#include "spf/spf_verdict.h"

/*
 * An evaluator, see spf_verdict.h. Returns true with a verdict, false while answers are wanted. It
 * requests one answer after the other, so the native evaluator should run first. The verdict has no
 * mechanism and no explanation.
 */
bool spf_libspf2_eval(
    const struct spf_request *req, struct spf_answers *answers, struct spf_verdict *verdict);

#endif
