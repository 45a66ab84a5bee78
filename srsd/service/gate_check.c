/* SPDX-License-Identifier: ISC */
#include <stddef.h>

#include "common/mailaddr.h"
#include "srsd/service/gate_check.h"

static enum srs_fact
find_srs_fact(const struct srs_context *context, struct text local, struct text domain)
{
	const struct mailaddr_parts address = { local.s, local.len, domain.s, domain.len };

	return srs_rewrite_fact(context, &address);
}

void
gate_check_facts(struct gate_query *q, const struct srs_context *context)
{
	q->srs.sender = find_srs_fact(context, q->sender_local, q->sender_domain);
	q->srs.recipient = find_srs_fact(context, q->recipient_local, q->recipient_domain);
}

struct spf_check_request
gate_check_request(const struct gate_query *q, const struct settings *settings,
    const struct gate_plan *plan, const struct spf_verdicts *known, time_t now)
{
	const struct spf_check_request req = {
		.ip = *gate_evaluated_client(q, settings),
		.client = q->client,
		.helo = q->helo,
		.sender_local = q->sender_local,
		.sender_domain = q->sender_domain,
		.check_helo = plan->helo && !(known != NULL && known->has_helo),
		.check_mailfrom = plan->mailfrom && !(known != NULL && known->has_mailfrom),
		.known = known,
		.evaluator = settings->spf.evaluator,
		.now = now,
	};

	return req;
}

const char *
gate_check_token(char token[VERDICT_TOKEN_SIZE], const struct gate_query *q,
    const struct srs_context *context, const struct spf_verdicts *v, enum gate_header header)
{
	struct verdict_token shown;

	if (context->settings->milter.n == 0 || header == GATE_HEADER_NONE ||
	    !gate_shown_verdict(q, context->settings, v, &shown) ||
	    !verdict_token_make(
		token, context->keys, q->sender_local, q->sender_domain, &shown, context->now))
		return NULL;
	return token;
}
