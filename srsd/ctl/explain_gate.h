/* SPDX-License-Identifier: ISC */
/*
 * explain_gate - srsctl explain CLIENT SENDER RECIPIENT [HELO]: the decision of the policy service
 * as the running daemon would make it, with its steps (srsd/service/gate_explain.h).
 */
#ifndef SRSD_CTL_EXPLAIN_GATE_H
#define SRSD_CTL_EXPLAIN_GATE_H

#include <stdbool.h>

#include "srsd/ctl/ctl.h"

/*
 * Asks the daemon, and prints the steps and the answer, or the JSON of the reply. There are 3 or 4
 * arguments. Returns the exit status: CTL_OK for mail that is accepted, CTL_FAILED for mail that is
 * refused or deferred. Otherwise an error was printed: CTL_USAGE for a wrong argument, CTL_UNKNOWN
 * when the daemon has not answered.
 */
int explain_gate(const struct ctl *ctl, char *const *arguments, int n, bool as_json);

/* Prints a reply for people. Its texts must be printable (ctl_make_printable). */
void explain_gate_print(const json_t *reply);

#endif
