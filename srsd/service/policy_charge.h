/* SPDX-License-Identifier: ISC */
/*
 * policy_charge - charges requests to the budgets of SRS addresses (srs_budget.h).
 *
 * A guess is counted whenever a client can tell the answer to a wrong hash from the answer to a
 * right one, for whatever reason. For a recipient it always can, because Postfix itself refuses a
 * wrong hash. For a sender it depends on the verdicts, so that a sender with a wrong hash is
 * counted when they are known. MAIL FROM of a sender that verifies is not evaluated, so that the
 * time and the DNS queries of an evaluation also tell them apart. A MAIL FROM that passes is not a
 * guess: a host that may send for our domain does not need to guess.
 *
 * Until then the sender is pending, whatever its hash (srs_budget.h).
 *
 * An exempt client (gate.h) and one that nat-guard spares have no budget of their own: the former
 * is trusted, and the latter stands for many clients. Their guesses count for all clients together.
 *
 * The milter judges SRS recipients, too (milter_recipient.h). A recipient that the policy service
 * has charged is not charged again for the same client a moment later.
 *
 * Uses are counted for mail that is accepted. VRFY counts as a guess, and never as a use.
 */
#ifndef SRSD_SERVICE_POLICY_CHARGE_H
#define SRSD_SERVICE_POLICY_CHARGE_H

#include <time.h>

#include "conf/settings.h"
#include "srsd/service/gate.h"
#include "srsd/service/stats.h"
#include "srsd/srs/srs_budget.h"

/* The caller owns what these point to. */
struct policy_charge {
	struct srs_budget *budget;
	struct stats *stats;
	const struct settings *settings; /* those at the beginning of the request */
	time_t now;
	/*
	 * The recipients that were charged within the last POLICY_CHARGE_SECONDS, with their
	 * clients; NULL: nothing else charges them.
	 */
	struct tally *charged;
	bool dry; /* nothing is charged, and q->srs is set as if it were: for an explanation */
};

/* Postfix asks the milter about a recipient right after the policy service. */
#define POLICY_CHARGE_SECONDS 60
#define POLICY_CHARGE_RECIPIENTS 4096

/*
 * Charges a new request. q->srs.sender and q->srs.recipient must be set; it sets the rest of
 * q->srs. If q->srs.sender_pending is then true, exactly one of policy_charge_verdicts,
 * policy_charge_end and policy_charge_leave must follow.
 */
void policy_charge_request(const struct policy_charge *charge, struct gate_query *q);

/*
 * Called when the verdicts are known, and before gate_after. Ends a pending sender, counts a wrong
 * hash of the sender, and sets q->srs.sender_guessing if the answer must not depend on the hash.
 * seen: the evaluation of MAIL FROM sent queries to the DNS, which the client may have seen. A hash
 * is counted once for a message: the caller sets q->srs.sender_counted for its other recipients.
 */
void policy_charge_verdicts(const struct policy_charge *charge, const struct spf_verdicts *verdicts,
    bool seen, struct gate_query *q);

/* Ends a pending sender if the answer does not depend on its hash. */
void policy_charge_end(const struct policy_charge *charge, struct gate_query *q);

/*
 * Ends the pending sender of a client that has disconnected. A wrong hash counts as a guess,
 * because the delay of the answer may have shown it. Ends nothing if no sender is pending.
 */
void policy_charge_leave(
    struct srs_budget *budget, const struct ipaddr *client, struct gate_srs_facts *srs, time_t now);

/* Counts the uses of a request with this answer. */
void policy_charge_answer(const struct policy_charge *charge, const struct gate_query *q,
    const struct gate_action *action);

/*
 * Sets q->srs.guessing of a request that was charged already, as policy_charge_request does.
 */
void policy_charge_again(const struct policy_charge *charge, struct gate_query *q);

/*
 * True if the recipient was charged for this client a moment ago, in charge->charged. That is then
 * forgotten.
 */
bool policy_charge_is_made(const struct policy_charge *charge, const struct gate_query *q);

#endif
