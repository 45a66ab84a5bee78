/* SPDX-License-Identifier: ISC */
/*
 * candidate_check - one check of a candidate: SPF for each outbound address, one after the other,
 * and the way back in parallel with the first.
 *
 * The answers that several addresses need come from the DNS cache after the first one. Each address
 * may take lookup-time, and the first one without a pass ends the check.
 */
#ifndef SRSD_FORWARDING_CANDIDATE_CHECK_H
#define SRSD_FORWARDING_CANDIDATE_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include "conf/settings.h"
#include "spf/spf_check.h"
#include "srsd/forwarding/candidate_state.h"

struct candidate_check;

/*
 * Starts a check of a domain in A-labels and without a trailing dot, of at most HOSTNAME_MAX bytes,
 * which is copied. The settings get one more reference. wake is called from the event loop, once,
 * when the check is done; it is not called if the check is done when this returns.
 */
struct candidate_check *candidate_check_start(const struct spf_checker *checker,
    struct settings *settings, const char *domain, void (*wake)(void *arg), void *arg);

bool candidate_check_is_done(const struct candidate_check *check);

/* Returns the state that a check has found, which is done. The check owns it. */
const struct candidate_state *candidate_check_state(const struct candidate_check *check);

/*
 * Returns the time at which the first answer of a check expires, see spf_check_expires; 0 if the
 * state is CANDIDATE_UNAVAILABLE.
 */
uint64_t candidate_check_expires(const struct candidate_check *check);

/* Ends a check, done or not. Sets the pointer to NULL; it may be NULL. */
void candidate_check_free(struct candidate_check **checkp);

#endif
