/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "common/line.h"
#include "common/log.h"
#include "common/mailaddr.h"
#include "srsd/service/gate.h"
#include "srsd/service/milter_recipient.h"
#include "srsd/service/policy_charge.h"

/* An address in the form of policy requests. */
struct internal_address {
	size_t len;
	char text[2 * MAILADDR_SIZE];
};

bool
milter_recipient_is_from_us(const struct milter_service *service, const struct milter_peer *peer)
{
	return peer->address.family == 0 ||
	       settings_list_contains(&service->settings->spf.skip_addresses, &peer->address);
}

static void
unquote_address(struct internal_address *address, struct text external)
{
	struct mailaddr addr;

	address->len = external.len < sizeof(address->text) ? external.len : sizeof(address->text);
	memcpy(address->text, external.s, address->len); /* one that Postfix completes */
	if (mailaddr_parse_external(&addr, external.s, external.len) != MAILADDR_OK)
		return;
	memcpy(address->text, addr.local, addr.local_len);
	address->text[addr.local_len] = '@';
	memcpy(address->text + addr.local_len + 1, addr.domain, addr.domain_len);
	address->len = addr.local_len + 1 + addr.domain_len;
}

/* get_refusal_result - of an action that refuses */
static enum milter_result
get_refusal_result(const struct gate_action *action)
{
	return action->kind == GATE_REJECT ? MILTER_RESULT_REFUSED : MILTER_RESULT_DEFERRED;
}

static void
log_milter_refusal(const struct milter_message *m, const struct milter_peer *peer, struct text rcpt,
    const struct gate_action *action)
{
	struct line line;

	line_begin(&line, "milter client=");
	line_put_untrusted(&line, peer->text, strlen(peer->text));
	line_put(&line, " sender=<");
	line_put_untrusted(&line, m->sender.text, m->sender.len);
	line_put(&line, "> recipient=<");
	line_put_untrusted(&line, rcpt.s, rcpt.len);
	line_put(&line, "> result=");
	line_put(&line, milter_result_name(get_refusal_result(action)));
	line_put(&line, " reason=");
	line_put(&line, action->reason);
	log_line(&line);
}

/* remember_refusal - for srsctl recent */
static void
remember_refusal(const struct milter_message *m, const struct milter_peer *peer, struct text rcpt,
    const struct gate_action *action)
{
	struct recent *recent = m->service->recent;
	struct recent_decision *d =
	    recent_begin(recent, RECENT_MILTER, clock_wall(m->service->clock));

	if (d == NULL)
		return;
	d->result = milter_result_name(get_refusal_result(action));
	d->reason = action->reason;
	d->refused = true;
	recent_put(d, RECENT_CLIENT, peer->text, strlen(peer->text));
	recent_put(d, RECENT_SENDER, m->sender.text, m->sender.len);
	recent_put(d, RECENT_RECIPIENT, rcpt.s, rcpt.len);
	recent_end(recent);
}

bool
milter_recipient_accept(const struct milter_message *m, const struct milter_peer *peer,
    struct text rcpt, const struct forwarding_recipient *recipient,
    char reply[MILTER_MESSAGE_REPLY_SIZE])
{
	const struct milter_service *service = m->service;
	struct internal_address to, from;
	struct policy_request req = { .protocol_state = text_of("RCPT") };
	struct policy_charge charge = { .budget = service->budget,
		.stats = service->stats,
		.settings = m->settings,
		.now = clock_wall(service->clock),
		.charged = service->charged };
	struct gate_action action;
	struct gate_plan plan;
	struct gate_query q;
	bool is_charged;

	unquote_address(&to, rcpt);
	unquote_address(&from, (struct text){ m->sender.text, m->sender.len });
	req.client_address = text_of(peer->text);
	req.sasl_username = text_of(peer->sasl_username);
	req.recipient = (struct text){ to.text, to.len };
	req.sender = (struct text){ from.text, from.len };
	gate_query_init(&q, &req, m->settings);
	q.srs.recipient = recipient->fact;
	q.srs.sender = SRS_FACT_FOREIGN;
	is_charged = policy_charge_is_made(&charge, &q);
	charge.charged = NULL;
	if (is_charged)
		policy_charge_again(&charge, &q);
	else
		policy_charge_request(&charge, &q);
	if (!gate_before(&q, m->settings, &action, &plan))
		memset(&action, 0, sizeof(action)); /* SPF is for the policy service */
	if (m->settings->milter_test_only && gate_refuses(&action))
		return true;
	if (!is_charged)
		policy_charge_answer(&charge, &q, &action);
	if (!gate_refuses(&action))
		return true;
	strlcpy(reply, action.text, MILTER_MESSAGE_REPLY_SIZE);
	remember_refusal(m, peer, rcpt, &action);
	log_milter_refusal(m, peer, rcpt, &action);
	service->stats->milter[recipient->kind][get_refusal_result(&action)]++;
	return false;
}

bool
milter_recipient_is_reversed(
    const struct forwarding_recipient *recipient, const struct milter_peer *peer)
{
	return recipient->fact == SRS_FACT_VALID && peer->address.family != 0;
}
