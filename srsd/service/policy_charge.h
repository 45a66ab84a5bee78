/* SPDX-License-Identifier: ISC */
/*
 * policy_charge - what a request costs its client in the budgets of SRS addresses (srs_budget.h).
 *
 * A guess is counted whenever a client can tell the answer to a wrong hash from the answer to a
 * right one, whatever makes them differ. For a recipient it always can: Postfix itself refuses a
 * wrong one. For a sender it depends on the verdicts, so the sender is counted when they are known,
 * and only if its hash is wrong. MAIL FROM of a sender that verifies is not evaluated, so also the
 * time and the DNS queries of an evaluation tell them apart. No guess is a sender whose MAIL FROM
 * passes: a host that may send for our domain does not need to guess.
 *
 * Until then the sender is pending, whatever its hash (srs_budget.h).
 *
 * An exempt client (gate.h) and one that nat-guard spares have no budget of their own: the
 * former is trusted, the latter stands for clients that we cannot tell apart. What they guess
 * counts for all clients together.
 *
 * Uses are counted for mail that may come in. VRFY guesses, and uses nothing.
 */
#ifndef SRSD_SERVICE_POLICY_CHARGE_H
#define SRSD_SERVICE_POLICY_CHARGE_H

#include <time.h>

#include "conf/settings.h"
#include "srsd/service/gate.h"
#include "srsd/service/stats.h"
#include "srsd/srs/srs_budget.h"

struct policy_charge {
	struct srs_budget *budget;
	struct stats *stats;
	const struct settings *settings; /* those that the request began with */
	time_t now;
};

/*
 * Charges a new request whose q->srs.sender and q->srs.recipient are set, and sets the rest of
 * q->srs. A sender that is pending then ends with policy_charge_verdicts or policy_charge_end.
 */
void policy_charge_request(const struct policy_charge *charge, struct gate_query *q);

/*
 * Called once the verdicts are known and before the answer is made of them: counts a wrong hash of
 * the sender, and decides whether the answer may depend on the hash. seen: the evaluation of MAIL
 * FROM had to ask the DNS.
 */
void policy_charge_verdicts(const struct policy_charge *charge, const struct spf_verdicts *verdicts,
    bool seen, struct gate_query *q);

/* Ends a pending sender whose answer does not depend on its hash, or was given before. */
void policy_charge_end(const struct policy_charge *charge, struct gate_query *q);

/*
 * Ends the pending sender of a client that has left. A wrong hash counts: that there was no answer
 * yet may have shown it.
 */
void policy_charge_leave(
    struct srs_budget *budget, const struct ipaddr *client, struct gate_srs_facts *srs, time_t now);

/* Counts the uses of a request that got this answer. */
void policy_charge_answer(const struct policy_charge *charge, const struct gate_query *q,
    const struct gate_action *action);

#endif
