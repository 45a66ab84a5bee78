/* SPDX-License-Identifier: ISC */
/*
 * candidates - the domains that may be SRS domains of this host with `per-domain`, and whether
 * their DNS records permit it.
 *
 * A check of a candidate answers two questions.
 *
 * Does mail from each of `outbound-addresses` pass its SPF record? The native evaluator decides,
 * with the limits of RFC 7208, for a sender postmaster@CANDIDATE. A result that depends on the
 * local part or on HELO does not count as a pass, because real senders have other ones.
 *
 * Do bounces come back? All MX hosts of the candidate must be inbound hosts (way_back.h).
 *
 * A state is kept for the lowest TTL of its answers, at least a minute and at most an hour; one
 * that is unavailable is kept for a minute. So a domain is checked at most once a minute. The
 * number of states and of checks that run is bounded.
 *
 * SECURITY: a state does not say that signing under the candidate is safe. A candidate that is
 * aligned with From: must not be used for a message that was not authenticated.
 */
#ifndef SRSD_FORWARDING_CANDIDATES_H
#define SRSD_FORWARDING_CANDIDATES_H

#include <stddef.h>

#include "conf/settings.h"
#include "spf/spf_check.h"
#include "srsd/forwarding/candidate_state.h"

/* States that are kept; beyond that, the oldest ones that were not used again are removed. */
#define CANDIDATES_MAX 100000

/* Checks that run; beyond that a candidate is unavailable, and this state is not kept. */
#define CANDIDATES_CHECKS 100

/*
 * The time, in milliseconds, in which a check should end. After that no question joins it, so that
 * a silent domain delays the first of its messages and not all of them.
 */
#define CANDIDATES_PATIENCE 5000

/* The shortest and the longest time for which a state is kept, in seconds. */
#define CANDIDATES_SHORTEST 60
#define CANDIDATES_LONGEST 3600

struct candidates;
struct candidate_question;

/* No state is known. The checker outlives the candidates; its resolver may change. */
struct candidates *candidates_new(const struct spf_checker *checker);

/*
 * Ends all checks, before the resolver and the inflight of the checker are freed. No question may
 * be pending. Sets the pointer to NULL; it may be NULL.
 */
void candidates_free(struct candidates **candidates);

/*
 * Removes all states, after a reload that has changed outbound-addresses, inbound-hosts, per-domain
 * or srs-domain. Checks that run go on for their questions, and their results are not kept.
 */
void candidates_forget(struct candidates *candidates);

/* True if states that were found with `before` do not apply to `after`: call candidates_forget. */
bool candidates_differ(const struct settings *before, const struct settings *after);

/*
 * Returns the state of a candidate (srs_domains_candidate), or NULL: it must be asked. The state is
 * valid until the next call of another function of this module or of the event loop.
 */
const struct candidate_state *candidates_known(struct candidates *candidates, const char *domain);

/*
 * Called once with the state, which is valid during the call only. It may ask and cancel. The
 * question no longer exists then.
 */
typedef void candidates_done_fn(void *arg, const struct candidate_state *state);

/*
 * Asks for the state of a candidate. Returns NULL if done was called before this returns: the state
 * is known, or all answers are in the cache, or too many checks run, or one of this candidate takes
 * more than CANDIDATES_PATIENCE. Otherwise done is called from the event loop, within lookup-time
 * for each of outbound-addresses. All questions for one candidate share one check. The settings get
 * one more reference.
 */
struct candidate_question *candidates_ask(struct candidates *candidates, struct settings *settings,
    const char *domain, candidates_done_fn *done, void *arg);

/*
 * Ends a question: done is not called. The check goes on, and its result is kept. Sets the pointer
 * to NULL; it may be NULL.
 */
void candidates_cancel(struct candidate_question **question);

/* The numbers of states of each kind, including those that have expired and are still kept. */
void candidates_count(const struct candidates *candidates, size_t counts[CANDIDATE_KINDS]);

/*
 * Calls back for at most max of these states: first those that are not usable, then the others,
 * each in the order of their names. The function must not use the candidates.
 */
typedef void candidates_each_fn(void *arg, const char *domain, const struct candidate_state *state);
void candidates_each(
    const struct candidates *candidates, size_t max, candidates_each_fn *each, void *arg);

#endif
