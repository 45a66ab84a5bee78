/* SPDX-License-Identifier: ISC */
/*
 * milter_recipient - an SRS recipient of ours in a milter session, as the policy service judges it.
 *
 * A client learns from the milter whether a hash is wrong. So the milter charges the same budgets
 * as the policy service, with the same answers (policy_charge.h). If Postfix asks both about a
 * recipient, the client is charged once. Without a usable address of the client, nothing can be
 * charged: a right and a wrong hash get the same answer, and neither recipient is replaced.
 */
#ifndef SRSD_SERVICE_MILTER_RECIPIENT_H
#define SRSD_SERVICE_MILTER_RECIPIENT_H

#include <stdbool.h>

#include "srsd/service/milter_message.h"

/* True unless the client is known and is outside of skip-addresses. */
bool milter_recipient_is_from_us(
    const struct milter_service *service, const struct milter_peer *peer);

/*
 * Judges RCPT with a fact other than SRS_FACT_FOREIGN, and charges the client. False: it is refused
 * or deferred with the SMTP reply in `reply`.
 */
bool milter_recipient_accept(const struct milter_message *message, const struct milter_peer *peer,
    struct text rcpt, const struct forwarding_recipient *recipient,
    char reply[MILTER_MESSAGE_REPLY_SIZE]);

/* True if a recipient that was accepted is replaced by the sender that it stands for. */
bool milter_recipient_is_reversed(
    const struct forwarding_recipient *recipient, const struct milter_peer *peer);

#endif
