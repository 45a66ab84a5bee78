/* SPDX-License-Identifier: ISC */
/*
 * policy_charge - what a request costs its client in the budgets of SRS addresses (srs_budget.h).
 *
 * A guess is counted whenever the answer to a wrong hash differs from the answer to a right one,
 * whatever makes it differ. For a recipient it always does: Postfix itself refuses a wrong one. For
 * a sender it depends on the verdicts, so a forged sender is charged before they are known and gets
 * the guess back when the two answers turn out to be the same, or when MAIL FROM passes: a host
 * that may send for our domain does not need to guess. Being charged first, guesses that wait for
 * the DNS side by side count from the first one on.
 *
 * An exempt client (spf_gate.h) and one that nat-guard spares have no budget of their own: the
 * former is trusted, the latter stands for clients that we cannot tell apart. What they guess
 * counts for all clients together.
 *
 * Uses are counted for mail that may come in. VRFY guesses, and uses nothing.
 */
#ifndef SRSD_POLICY_CHARGE_H
#define SRSD_POLICY_CHARGE_H

#include <time.h>

#include "conf/settings.h"
#include "spf/spf_gate.h"
#include "srsd/srs_budget.h"
#include "srsd/stats.h"

struct policy_charge {
	struct srs_budget *budget;
	struct stats *stats;
	const struct settings *settings; /* those that the request began with */
	time_t now;
};

/*
 * Charges a new request whose q->srs.sender and q->srs.recipient are set, and sets the rest of
 * q->srs.
 */
void policy_charge_request(const struct policy_charge *charge, struct gate_query *q);

/*
 * Called once the verdicts are known and before the answer is made of them: decides whether a
 * charged sender was a guess. q->srs.guessing says afterwards whether the client is over its limit.
 */
void policy_charge_verdicts(
    const struct policy_charge *charge, const struct spf_verdicts *verdicts, struct gate_query *q);

/*
 * Gives a charged sender its guess back: the answer does not depend on its hash, or was given
 * before, for another recipient of the message.
 */
void policy_charge_take_back(const struct policy_charge *charge, struct gate_query *q);

/* Counts the uses of a request that got this answer. */
void policy_charge_answer(const struct policy_charge *charge, const struct gate_query *q,
    const struct gate_action *action);

#endif
