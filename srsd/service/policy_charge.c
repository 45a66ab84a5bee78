/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "common/ascii.h"
#include "common/log.h"
#include "common/mailaddr.h"
#include "common/printable.h"
#include "common/tally.h"
#include "srsd/service/policy_charge.h"

/* A client and a recipient: longer addresses are not charged by both services. */
struct charge_key {
	size_t len;
	char text[sizeof(struct ipaddr) + 1 + 2 * MAILADDR_SIZE];
};

static void
put_key_text(struct charge_key *key, struct text text)
{
	size_t i, n = text.len < MAILADDR_SIZE ? text.len : MAILADDR_SIZE;

	for (i = 0; i < n; i++)
		key->text[key->len++] = ascii_tolower(text.s[i]);
}

static void
make_charge_key(struct charge_key *key, const struct gate_query *q)
{
	key->len = ipaddr_size(&q->client);
	memcpy(key->text, q->client.bytes, key->len);
	put_key_text(key, q->recipient_local);
	key->text[key->len++] = '\0'; /* "a@x.org" is not "ax.org" */
	put_key_text(key, q->recipient_domain);
}

/* remember_charge - for another service that is asked about the same recipient */
static void
remember_charge(const struct policy_charge *charge, const struct gate_query *q)
{
	struct charge_key key;

	if (charge->charged == NULL || q->client.family == 0)
		return;
	make_charge_key(&key, q);
	tally_add(charge->charged, key.text, key.len, charge->now);
}

bool
policy_charge_is_made(const struct policy_charge *charge, const struct gate_query *q)
{
	struct charge_key key;

	if (q->client.family == 0)
		return false;
	make_charge_key(&key, q);
	if (tally_get(charge->charged, key.text, key.len, charge->now) == 0)
		return false;
	tally_take_back(charge->charged, key.text, key.len, charge->now);
	return true;
}

static unsigned
get_guess_limit(const struct policy_charge *charge)
{
	return (unsigned)charge->settings->spf.srs_guess_limit;
}

static unsigned
get_daily_limit(const struct policy_charge *charge)
{
	return (unsigned)charge->settings->spf.srs_daily_limit;
}

/* get_paying_client - the client with the budget to charge; NULL: only that of all clients */
static const struct ipaddr *
get_paying_client(const struct policy_charge *charge, const struct gate_query *q)
{
	if (gate_exemption(q, charge->settings) != NULL || gate_guards_nat(q, charge->settings))
		return NULL;
	return &q->client;
}

static void
warn_of_guesses(
    const struct policy_charge *charge, const struct gate_query *q, const struct ipaddr *client)
{
	const struct text address = q->req->client_address;
	char text[PRINTABLE_SIZE];

	if (client != NULL &&
	    srs_budget_warns_of(charge->budget, client, get_guess_limit(charge), charge->now)) {
		printable(text, sizeof(text), address.s, address.len);
		log_warnx("guess-limit client=%s guesses=%u", text,
		    srs_budget_guesses(charge->budget, client, charge->now));
	}
	if (srs_budget_warns_of(charge->budget, NULL, get_guess_limit(charge), charge->now))
		log_warnx(
		    "guess-limit: all clients together sent %u bad SRS hashes within an hour; "
		    "set hash-length and hash-minimum to 6",
		    srs_budget_guesses(charge->budget, NULL, charge->now));
}

static void
count_guess(const struct policy_charge *charge, const struct gate_query *q)
{
	const struct ipaddr *client = get_paying_client(charge, q);

	srs_budget_guess(charge->budget, client, charge->now);
	charge->stats->guesses++;
	warn_of_guesses(charge, q, client);
}

/* is_client_guessing - a wrong hash of the recipient is counted already, unless the charge is dry */
static bool
is_client_guessing(const struct policy_charge *charge, const struct gate_query *q)
{
	unsigned more = charge->dry && q->srs.recipient == SRS_FACT_FORGED;

	return srs_budget_is_guessing(charge->budget, get_paying_client(charge, q), more,
	    get_guess_limit(charge), charge->now);
}

/* must_doubt_sender - it is pending already, unless the charge is dry */
static bool
must_doubt_sender(const struct policy_charge *charge, const struct gate_query *q)
{
	unsigned more = charge->dry ? 1U + (q->srs.recipient == SRS_FACT_FORGED) : 0U;

	return srs_budget_doubts_senders(charge->budget, get_paying_client(charge, q), more,
	    get_guess_limit(charge), charge->now);
}

/*
 * is_hash_sensitive_sender - does the answer to a sender of ours depend on its hash, by srs-sender?
 */
static bool
is_hash_sensitive_sender(const struct policy_charge *charge, const struct gate_query *q)
{
	return q->srs.sender != SRS_FACT_FOREIGN && q->srs.sender != SRS_FACT_UNKNOWN &&
	       charge->settings->spf.srs_sender != SRS_SENDER_CHECK;
}

/* start_pending_sender - if its client has a budget */
static void
start_pending_sender(const struct policy_charge *charge, struct gate_query *q)
{
	const struct ipaddr *client = get_paying_client(charge, q);

	if (client == NULL)
		return;
	if (!charge->dry) {
		srs_budget_sender_begins(charge->budget, client, charge->now);
		q->srs.sender_pending = true;
	}
	q->srs.sender_guessing = must_doubt_sender(charge, q);
}

/* describe_use - of the recipient, or of the sender */
static struct srs_budget_use
describe_use(const struct policy_charge *charge, const struct gate_query *q, bool as_sender)
{
	struct text local = as_sender ? q->sender_local : q->recipient_local;
	struct srs_budget_use use = {
		.use = as_sender        ? SRS_USE_SENDER
		       : q->null_sender ? SRS_USE_BOUNCE
					: SRS_USE_MAIL,
		.client = get_paying_client(charge, q),
		.local = local.s,
		.len = local.len,
	};

	return use;
}

static bool
is_address_used_up(const struct policy_charge *charge, const struct gate_query *q, bool as_sender)
{
	struct srs_budget_use use = describe_use(charge, q, as_sender);

	return srs_budget_is_used_up(charge->budget, &use, get_daily_limit(charge), charge->now);
}

void
policy_charge_request(const struct policy_charge *charge, struct gate_query *q)
{
	bool at_rcpt = gate_is_at(q, "RCPT");

	if (!at_rcpt && !gate_is_at(q, "VRFY"))
		return;
	if (q->srs.recipient == SRS_FACT_FOREIGN && q->srs.sender == SRS_FACT_FOREIGN)
		return;
	if (q->srs.recipient == SRS_FACT_FORGED && !charge->dry) {
		count_guess(charge, q);
		remember_charge(charge, q);
	}
	if (gate_exemption(q, charge->settings) != NULL)
		return;
	q->srs.guessing = is_client_guessing(charge, q);
	if (!at_rcpt)
		return;
	if (is_hash_sensitive_sender(charge, q))
		start_pending_sender(charge, q);
	if (q->srs.recipient == SRS_FACT_VALID)
		q->srs.overused = is_address_used_up(charge, q, false);
	if (q->srs.sender == SRS_FACT_VALID && is_hash_sensitive_sender(charge, q))
		q->srs.sender_overused = is_address_used_up(charge, q, true);
}

void
policy_charge_again(const struct policy_charge *charge, struct gate_query *q)
{
	q->srs.guessing =
	    gate_exemption(q, charge->settings) == NULL && is_client_guessing(charge, q);
}

/*
 * reveals_hash - would the answer differ if the hash of the sender were right?
 *
 * The answers are compared as if the client were within its limit. Otherwise a guess would not
 * count because the client is over its limit already.
 */
static bool
reveals_hash(const struct gate_query *q, const struct settings *settings,
    const struct spf_verdicts *verdicts)
{
	struct gate_query forged = *q, valid;
	struct gate_action to_forged, to_valid;

	forged.srs.sender_guessing = false;
	valid = forged;
	valid.srs.sender = SRS_FACT_VALID;
	gate_after(&forged, settings, verdicts, gate_nth_header(settings, 0), NULL, &to_forged);
	gate_after(&valid, settings, verdicts, gate_nth_header(settings, 0), NULL, &to_valid);
	return to_forged.kind != to_valid.kind || strcmp(to_forged.text, to_valid.text) != 0;
}

/*
 * passes_mail_from - does MAIL FROM pass for the client itself? With prospective it is another
 * address
 */
static bool
passes_mail_from(const struct settings *settings, const struct spf_verdicts *verdicts)
{
	return settings->prospective.family == 0 && verdicts->has_mailfrom &&
	       verdicts->mailfrom.result == SPF_PASS;
}

static void
end_pending_sender(
    struct srs_budget *budget, const struct ipaddr *client, struct gate_srs_facts *srs, time_t now)
{
	if (srs->sender_pending)
		srs_budget_sender_ends(budget, client, now);
	srs->sender_pending = false;
}

void
policy_charge_end(const struct policy_charge *charge, struct gate_query *q)
{
	end_pending_sender(charge->budget, &q->client, &q->srs, charge->now);
}

void
policy_charge_leave(
    struct srs_budget *budget, const struct ipaddr *client, struct gate_srs_facts *srs, time_t now)
{
	if (srs->sender_pending && srs->sender == SRS_FACT_FORGED)
		srs_budget_guess(budget, client, now);
	end_pending_sender(budget, client, srs, now);
}

void
policy_charge_verdicts(const struct policy_charge *charge, const struct spf_verdicts *verdicts,
    bool seen, struct gate_query *q)
{
	if (!is_hash_sensitive_sender(charge, q))
		return;
	q->srs.sender_guessing |= must_doubt_sender(charge, q);
	policy_charge_end(charge, q);
	if (charge->dry || q->srs.sender_counted || q->srs.sender != SRS_FACT_FORGED ||
	    passes_mail_from(charge->settings, verdicts) ||
	    !(seen || reveals_hash(q, charge->settings, verdicts)))
		return;
	count_guess(charge, q);
	q->srs.sender_counted = true;
}

static void
warn_of_bounces(const struct gate_query *q)
{
	static struct log_limit limit;
	char address[PRINTABLE_SIZE];

	if (!log_allows(&limit))
		return;
	printable(address, sizeof(address), q->req->recipient.s, q->req->recipient.len);
	log_warnx(
	    "daily-limit: <%s> received more bounces than srs-daily-limit allows; further ones "
	    "are deferred",
	    address);
}

void
policy_charge_answer(const struct policy_charge *charge, const struct gate_query *q,
    const struct gate_action *action)
{
	struct srs_budget_use use;

	if (q->srs.recipient != SRS_FACT_VALID && q->srs.sender != SRS_FACT_VALID)
		return;
	if (gate_refuses(action) || !gate_is_at(q, "RCPT") ||
	    gate_exemption(q, charge->settings) != NULL)
		return;
	if (q->srs.recipient == SRS_FACT_VALID) {
		use = describe_use(charge, q, false);
		if (srs_budget_use(charge->budget, &use, get_daily_limit(charge), charge->now))
			warn_of_bounces(q);
		remember_charge(charge, q);
	}
	if (q->srs.sender == SRS_FACT_VALID && is_hash_sensitive_sender(charge, q)) {
		use = describe_use(charge, q, true);
		srs_budget_use(charge->budget, &use, get_daily_limit(charge), charge->now);
	}
}
