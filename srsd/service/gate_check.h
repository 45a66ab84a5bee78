/* SPDX-License-Identifier: ISC */
/*
 * gate_check - the work around a call of the gate: finding the SRS facts, evaluating the plan, and
 * making the token of the header. The policy service answers in this way, and gate_explain
 * explains its answer. Pure.
 */
#ifndef SRSD_SERVICE_GATE_CHECK_H
#define SRSD_SERVICE_GATE_CHECK_H

#include <time.h>

#include "spf/spf_check.h"
#include "srsd/forwarding/verdict_token.h"
#include "srsd/service/gate.h"
#include "srsd/srs/srs_rewrite.h"

/* Sets q->srs.sender and q->srs.recipient. */
void gate_check_facts(struct gate_query *q, const struct srs_context *context);

/*
 * The check that evaluates the identities of a plan, except those that are known already. known may
 * be NULL. The texts of the check point to those of the query.
 */
struct spf_check_request gate_check_request(const struct gate_query *q,
    const struct settings *settings, const struct gate_plan *plan, const struct spf_verdicts *known,
    time_t now);

/*
 * The token for a header, if a milter of ours may read it; NULL: the header has none. A site
 * without a milter does not pay for an HMAC.
 */
const char *gate_check_token(char token[VERDICT_TOKEN_SIZE], const struct gate_query *q,
    const struct srs_context *context, const struct spf_verdicts *v, enum gate_header header);

#endif
