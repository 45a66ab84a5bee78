/* SPDX-License-Identifier: ISC */
/*
 * gate_explain - the decision of the policy service on a recipient that an operator asks about with
 * `srsctl explain`: the answer that Postfix would get for the first recipient of a new message, and
 * the steps that lead to it.
 *
 *	{ "client": "192.0.2.1", "sender": "a@x.org", "recipient": "b@y.org", "helo": "mx.x.org" }
 *
 * sender may be "" or "<>", and helo may be missing. The addresses are in the form of Postfix's
 * policy protocol, without quotes. The report:
 *
 * { "client": ..., "sender": ..., "recipient": ..., "helo": ..., as in the request
 *   "section": "NAME" if the recipient has a section of spf,
 *   "steps": [{"step": "whitelist", "applies": false, "text": "..."}, ...] in the order of the gate,
 *   "identities": [{"identity": "mailfrom", "domain": "x.org", "result": "fail", "mechanism": "-all",
 *       "problem": "..."}, ...] those that were evaluated, the last two members only if not empty,
 *   "action": "reject", "reason": "..." and "would": "..." as in the log,
 *   "answer": "550 5.7.23 ...", the text after "action=" }
 *
 * It calls the functions that the policy service uses, and changes nothing that they depend on: no
 * counter, no budget, no memory of decisions or messages. Only DNS queries are sent and cached.
 */
#ifndef SRSD_SERVICE_GATE_EXPLAIN_H
#define SRSD_SERVICE_GATE_EXPLAIN_H

#include <jansson.h>

#include "srsd/service/policy_service.h"

/* Bytes of each text of a request. */
#define GATE_EXPLAIN_TEXT_MAX 1024

struct gate_explain;

/*
 * Starts an explanation; the request is copied. wake is called from the event loop each time the
 * report may be ready, but not if the report is ready when this returns. NULL with a static text in
 * *error when the request is wrong.
 */
struct gate_explain *gate_explain_start(const struct policy_service *service, const json_t *request,
    void (*wake)(void *arg), void *arg, const char **error);

/* The report, a new reference, once; NULL: the DNS has not answered yet. */
json_t *gate_explain_report(struct gate_explain *explain);

/* Ends it, and sets the pointer to NULL; it may be NULL. */
void gate_explain_free(struct gate_explain **explain);

#endif
