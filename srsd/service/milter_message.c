/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "common/line.h"
#include "common/log.h"
#include "common/printable.h"
#include "common/tally.h"
#include "common/xmalloc.h"
#include "srsd/forwarding/authentication.h"
#include "srsd/postfix/orcpt.h"
#include "srsd/service/milter_message.h"
#include "srsd/service/milter_recipient.h"
#include "srsd/srs/srs_domains.h"

/* A message waits for the DNS at most this long. Without an answer, srs-domain is used. */
#define CANDIDATE_WAIT 5000

/* After a failure of the store, a message tries again after this time. */
#define RETRY_WAIT 1000

static struct srs_context
make_milter_context(const struct milter_message *m)
{
	struct srs_context context = { .settings = m->settings,
		.keys = m->service->keys,
		.now = clock_wall(m->service->clock) };

	return context;
}

static void
stop_milter_timer(struct milter_message *m)
{
	if (m->waits)
		event_del(&m->timer);
	m->waits = false;
}

static void
start_milter_timer(struct milter_message *m, unsigned ms)
{
	const struct timeval wait = { ms / 1000, (suseconds_t)(ms % 1000) * 1000 };

	event_add(&m->timer, &wait);
	m->waits = true;
}

/* start_deadline - when a message begins to wait */
static void
start_deadline(struct milter_message *m)
{
	const struct timeval wait = { m->settings->milter_timeout, 0 };

	if (!m->has_deadline)
		event_add(&m->deadline, &wait);
	m->has_deadline = true;
}

static void
stop_deadline(struct milter_message *m)
{
	if (m->has_deadline)
		event_del(&m->deadline);
	m->has_deadline = m->is_late = false;
}

static void
on_milter_timer(evutil_socket_t fd, short what, void *arg)
{
	struct milter_message *m = arg;

	(void)fd;
	(void)what;
	m->waits = false;
	candidates_cancel(&m->question);
	if (m->stage == MILTER_STAGE_CANDIDATE)
		m->candidate[0] = '\0'; /* the DNS is too slow */
	m->wake(m->arg);
}

/* on_milter_deadline - what the message still waits for comes too late */
static void
on_milter_deadline(evutil_socket_t fd, short what, void *arg)
{
	struct milter_message *m = arg;

	(void)fd;
	(void)what;
	m->is_late = true;
	stop_milter_timer(m);
	map_lookup_cancel(&m->lookup);
	m->wake(m->arg);
}

static void
on_milter_lookup(void *arg)
{
	struct milter_message *m = arg;

	m->wake(m->arg);
}

void
milter_message_init(
    struct milter_message *m, struct milter_service *service, void (*wake)(void *arg), void *arg)
{
	memset(m, 0, sizeof(*m));
	m->service = service;
	m->wake = wake;
	m->arg = arg;
	m->can_rewrite = true;
	map_lookup_init(&m->lookup, on_milter_lookup, m);
	event_assign(&m->timer, service->base, -1, 0, on_milter_timer, m);
	event_assign(&m->deadline, service->base, -1, 0, on_milter_deadline, m);
}

bool
milter_message_is_begun(const struct milter_message *m)
{
	return m->settings != NULL;
}

void
milter_message_clear(struct milter_message *m)
{
	stop_milter_timer(m);
	stop_deadline(m);
	candidates_cancel(&m->question);
	map_lookup_cancel(&m->lookup);
	free(m->changes);
	m->changes = NULL;
	m->n_changes = m->dropped = m->looked_up = 0;
	m->stage = MILTER_STAGE_OPEN;
	settings_free(&m->settings);
	m->changed = m->is_signed = false;
	m->problem = m->deferred = NULL;
	m->candidate[0] = '\0';
	memset(&m->decision, 0, sizeof(m->decision));
}

static void
copy_milter_address(struct milter_address *address, struct text text)
{
	address->len = text.len < sizeof(address->text) ? text.len : sizeof(address->text);
	memcpy(address->text, text.s, address->len);
}

/* copy_key - a sender that is too long becomes no address, because its beginning may be another one */
static void
copy_key(struct milter_message *m, struct text sender)
{
	static const struct text too_long = { "@", 1 };

	if (sender.len > sizeof(m->key))
		sender = too_long;
	memcpy(m->key, sender.s, sender.len);
	m->key_len = sender.len;
}

void
milter_message_begin(struct milter_message *m, struct text sender, const char *myhostname)
{
	struct srs_context context;

	milter_message_clear(m);
	m->settings = settings_ref(m->service->settings);
	context = make_milter_context(m);
	m->recipient.len = m->original.len = 0;
	copy_milter_address(&m->sender, sender);
	copy_key(m, sender);
	forwarding_start(&m->envelope, &context, sender);
	mail_headers_init(&m->headers, m->settings, myhostname);
}

/* add_change - to replace or drop a recipient; not if there are too many, or it is too long */
static void
add_change(struct milter_message *m, struct text rcpt, bool drop)
{
	struct milter_change *change;

	if (m->n_changes == MILTER_MESSAGE_CHANGES_MAX || rcpt.len > MAILADDR_MAX)
		return;
	if ((m->n_changes & (m->n_changes - 1)) == 0)
		m->changes = xreallocarray(
		    m->changes, m->n_changes == 0 ? 1 : 2 * m->n_changes, sizeof(*m->changes));
	change = &m->changes[m->n_changes++];
	memcpy(change->from, rcpt.s, rcpt.len);
	change->from[rcpt.len] = '\0';
	change->to[0] = '\0';
	change->drop = drop;
	m->dropped += drop;
}

/*
 * warn_of_unknown - a recipient that Postfix expanded, of a domain that is not listed
 *
 * A stranger can write any number of domains into ORCPT.
 */
static void
warn_of_unknown(const struct milter_message *m, const struct forwarding_recipient *recipient)
{
	static struct log_limit limit;
	const struct milter_service *service = m->service;
	size_t len = strlen(recipient->domain);
	time_t now = clock_wall(service->clock);
	char domain[PRINTABLE_SIZE];

	if (m->envelope.sender != FORWARDING_REDIRECTED || !recipient->is_unknown ||
	    tally_get(service->unknown, recipient->domain, len, now) > 0 || !log_allows(&limit))
		return;
	tally_add(service->unknown, recipient->domain, len, now);
	printable(domain, sizeof(domain), recipient->domain, len);
	log_warnx("milter: mail to %s was forwarded, but that domain is not listed in domains: it "
		  "is treated as redirected mail",
	    domain);
}

/* is_unwanted_bounce - to a forward that was kept apart, and unauthenticated-bounces drops it */
static bool
is_unwanted_bounce(const struct milter_message *m, const struct forwarding_recipient *recipient)
{
	const struct settings *settings = m->settings;

	return m->envelope.sender == FORWARDING_BOUNCE && recipient->returns_apart &&
	       settings->unauthenticated_bounces == UNAUTHENTICATED_BOUNCES_DISCARD;
}

/* count_bounce - that returns to a sender that was signed under this SRS domain */
static void
count_bounce(const struct milter_message *m, const struct forwarding_recipient *recipient)
{
	const struct milter_service *service = m->service;
	const char *domain = recipient->domain;
	char forwarder[HOSTNAME_MAX + 1];
	struct forward_hour hour;
	time_t now = clock_wall(service->clock);

	if (m->envelope.sender != FORWARDING_BOUNCE || !recipient->was_reversed)
		return;
	if (srs_domains_forwarder(m->settings, text_of(domain), forwarder))
		domain = forwarder;
	forward_counts_add(service->counts, domain, strlen(domain), FORWARD_BOUNCED, now);
	if (forward_counts_warn(
		service->counts, domain, strlen(domain), m->settings->bounce_warning, now, &hour))
		log_warnx("bounce-warning domain=%s bounced=%llu forwarded=%llu within an hour",
		    domain, (unsigned long long)hour.bounced, (unsigned long long)hour.forwarded);
}

const char *
milter_message_add_recipient(struct milter_message *m, const struct milter_peer *peer,
    struct text rcpt, struct text original, char reply[MILTER_MESSAGE_REPLY_SIZE])
{
	const struct srs_context context = make_milter_context(m);
	struct forwarding_recipient recipient;
	struct orcpt orcpt;

	orcpt.len = 0;
	if (original.len > 0 && !orcpt_parse(&orcpt, original))
		orcpt.len = 0;
	original.s = orcpt.address;
	original.len = orcpt.len;
	forwarding_read_recipient(
	    &recipient, &context, rcpt, original, !milter_recipient_is_from_us(m->service, peer));
	if (recipient.fact != SRS_FACT_FOREIGN &&
	    !milter_recipient_accept(m, peer, rcpt, &recipient, reply))
		return reply;
	if (is_unwanted_bounce(m, &recipient))
		add_change(m, rcpt, true);
	else if (milter_recipient_is_reversed(&recipient, peer))
		add_change(m, rcpt, false);
	count_bounce(m, &recipient);
	warn_of_unknown(m, &recipient);
	if (forwarding_add(&m->envelope, &recipient)) {
		copy_milter_address(&m->recipient, rcpt);
		copy_milter_address(&m->original, original);
	}
	return NULL;
}

void
milter_message_add_header(struct milter_message *m, struct text name, struct text value, bool cut)
{
	if (cut)
		mail_headers_add_cut(&m->headers, name, value);
	else
		mail_headers_add(&m->headers, name, value);
}

/* count_hold - n is -1 for a message that is not held after all */
static void
count_hold(const struct milter_message *m, int n)
{
	if (m->decision.hold && !m->settings->milter_test_only && m->service->holds + n >= 0)
		m->service->holds += n;
}

static void
defer_message(struct milter_message *m, const char *reply)
{
	count_hold(m, -1);
	m->deferred = reply;
	m->stage = MILTER_STAGE_DONE;
}

static void
on_candidate(void *arg, const struct candidate_state *state)
{
	struct milter_message *m = arg;

	if (state->kind != CANDIDATE_USABLE)
		m->candidate[0] = '\0';
	m->question = NULL;
	if (m->stage != MILTER_STAGE_CANDIDATE)
		return; /* from within ask_candidate */
	stop_milter_timer(m);
	m->wake(m->arg);
}

/* compute_candidate_wait - in milliseconds: it ends before the deadline */
static unsigned
compute_candidate_wait(const struct settings *settings)
{
	unsigned longest = 1000 * (unsigned)settings->milter_timeout;

	return longest > CANDIDATE_WAIT ? CANDIDATE_WAIT : longest / 2;
}

/* ask_candidate - is the SRS domain of the forwarding domain usable? False: the DNS must answer */
static bool
ask_candidate(struct milter_message *m)
{
	struct milter_service *service = m->service;
	const char *forwarder = m->envelope.deciding.domain;
	const struct candidate_state *known;

	if (!forwarding_needs_candidate(&m->envelope, m->settings, m->auth) ||
	    !srs_domains_candidate(
		m->settings, m->settings->per_domain, text_of(forwarder), m->candidate)) {
		m->candidate[0] = '\0';
		return true;
	}
	known = candidates_known(service->candidates, m->candidate);
	if (known != NULL) {
		on_candidate(m, known);
		return true;
	}
	m->question =
	    candidates_ask(service->candidates, m->settings, m->candidate, on_candidate, m);
	if (m->question == NULL)
		return true;
	m->stage = MILTER_STAGE_CANDIDATE;
	start_milter_timer(m, compute_candidate_wait(m->settings));
	return false;
}

/* is_hold_full - in the hour that began with the first hold */
static bool
is_hold_full(struct milter_service *service)
{
	time_t now = clock_wall(service->clock);

	if (now < service->hold_since || now - service->hold_since >= 3600)
		service->holds = 0;
	if (service->holds == 0)
		service->hold_since = now;
	return service->holds >= service->settings->hold_limit;
}

static void
decide_message(struct milter_message *m)
{
	const struct settings *settings = m->settings;
	struct forwarding_facts facts = {
		.auth = m->auth,
		.candidate = m->candidate,
		.hold_is_full = is_hold_full(m->service),
	};

	authentication_set_alignment(&facts, &m->headers, &m->envelope, settings);
	forwarding_decide(&m->decision, &m->envelope, settings, &facts);
	count_hold(m, 1);
	if (m->decision.domain != NULL)
		strlcpy(m->domain, m->decision.domain, sizeof(m->domain));
	m->stage = m->decision.domain == NULL ? MILTER_STAGE_REVERSE : MILTER_STAGE_SIGN;
}

/* retry_lookup - in a while, after a failure of the store or of libcrypto; always false */
static bool
retry_lookup(struct milter_message *m)
{
	start_milter_timer(m, RETRY_WAIT);
	return false;
}

/* keep_back - a message that must not leave with its sender: hold it, or else defer it */
static void
keep_back(struct milter_message *m)
{
	if (m->decision.hold)
		return;
	if (is_hold_full(m->service)) {
		defer_message(m, "451 4.1.7 the sender cannot be rewritten");
		return;
	}
	m->decision.hold = true;
	count_hold(m, 1);
}

static void
use_signed_sender(struct milter_message *m)
{
	const struct srs_result *result = &m->lookup.result;

	m->stage = MILTER_STAGE_REVERSE;
	if (result->verdict == SRS_REWRITTEN) {
		m->is_signed = true;
		copy_milter_address(&m->to, (struct text){ result->address, result->len });
		return;
	}
	m->problem = srs_verdict_word(result->verdict);
	if (forwarding_is_unsafe_unsigned(&m->envelope, m->settings, m->auth))
		keep_back(m);
}

/* is_too_long_under - an address may fit under srs-domain if it does not under a candidate */
static bool
is_too_long_under(const struct milter_message *m)
{
	const char *srs_domain = m->settings->srs_domain;

	/* The candidate may be srs-domain itself: then there is no other one to try. */
	return m->lookup.result.verdict == SRS_TOO_LONG && m->candidate[0] != '\0' &&
	       strcmp(m->domain, m->candidate) == 0 && strcasecmp(m->domain, srs_domain) != 0 &&
	       !mail_headers_mislead(&m->headers, srs_domain);
}

/* sign_sender - false: it waits */
static bool
sign_sender(struct milter_message *m)
{
	const struct text key = { m->key, m->key_len };

	if (!m->can_rewrite) {
		defer_message(m, "451 4.3.5 the MTA does not let a milter change the sender");
		return true;
	}
	if (!map_lookup_sign(&m->lookup, m->service->forward, key, m->domain))
		return false;
	if (is_too_long_under(m)) {
		strlcpy(m->domain, m->settings->srs_domain, sizeof(m->domain));
		return sign_sender(m);
	}
	if (srs_verdict_is_temporary(m->lookup.result.verdict))
		return retry_lookup(m);
	use_signed_sender(m);
	return true;
}

/* restore_recipients - false: it waits */
static bool
restore_recipients(struct milter_message *m)
{
	const struct srs_result *result = &m->lookup.result;
	struct milter_change *change;

	for (; m->looked_up < m->n_changes; m->looked_up++) {
		change = &m->changes[m->looked_up];
		if (change->drop)
			continue;
		if (!map_lookup_resolve(
			&m->lookup, m->service->reverse, text_of(change->from), false))
			return false;
		if (srs_verdict_is_temporary(result->verdict))
			return retry_lookup(m);
		if (result->verdict != SRS_REWRITTEN)
			continue; /* Postfix knows no such user */
		memcpy(change->to, result->address, result->len + 1);
		m->changed = true;
	}
	m->stage = MILTER_STAGE_DONE;
	return true;
}

/* judge_message - false: it waits */
static bool
judge_message(struct milter_message *m)
{
	const struct milter_service *service = m->service;

	if (!authentication_judge(
		&m->auth, &m->headers, service->keys, &m->envelope, clock_wall(service->clock)))
		return retry_lookup(m);
	if (!ask_candidate(m))
		return false;
	decide_message(m);
	return true;
}

static void
begin_end(struct milter_message *m)
{
	mail_headers_finish(&m->headers);
	m->stage = MILTER_STAGE_JUDGE;
}

/* take_stage - the next one; false: the message waits */
static bool
take_stage(struct milter_message *m)
{
	switch (m->stage) {
	case MILTER_STAGE_OPEN:
		begin_end(m);
		return true;
	case MILTER_STAGE_JUDGE:
		return judge_message(m);
	case MILTER_STAGE_CANDIDATE:
		decide_message(m);
		return true;
	case MILTER_STAGE_SIGN:
		return sign_sender(m);
	case MILTER_STAGE_REVERSE:
	case MILTER_STAGE_DONE:
		break;
	}
	return restore_recipients(m);
}

bool
milter_message_end(struct milter_message *m)
{
	if (m->is_late)
		defer_message(m, "451 4.3.0 the message cannot be rewritten at the moment");
	while (m->stage != MILTER_STAGE_DONE)
		if (m->waits || !take_stage(m)) {
			start_deadline(m);
			return false;
		}
	stop_deadline(m);
	return true;
}

static bool
is_dropped(const struct milter_message *m)
{
	return m->dropped > 0 && m->dropped == m->envelope.recipients;
}

enum milter_result
milter_message_result(const struct milter_message *m)
{
	if (m->deferred != NULL)
		return MILTER_RESULT_DEFERRED;
	if (is_dropped(m))
		return MILTER_RESULT_DISCARDED;
	if (m->decision.hold)
		return MILTER_RESULT_HELD;
	if (m->is_signed)
		return MILTER_RESULT_REWRITTEN;
	return m->changed ? MILTER_RESULT_REVERSED : MILTER_RESULT_KEPT;
}

static void
put_milter_address(struct line *line, const char *name, const struct milter_address *address)
{
	line_put(line, name);
	line_put_untrusted(line, address->text, address->len);
	line_put(line, ">");
}

static void
put_milter_word(struct line *line, const char *name, const char *word)
{
	if (word == NULL)
		return;
	line_put(line, name);
	line_put(line, word);
}

static void
put_decision(struct line *line, const struct milter_message *m)
{
	put_milter_word(line, " kind=", forwarding_kind_name(m->decision.kind));
	if (m->decision.kind == FORWARDING_FORWARD)
		put_milter_word(line, " domain=", m->envelope.deciding.domain);
	put_milter_word(line, " auth=", forwarding_auth_name(m->auth));
}

/* get_reason_word - why; NULL: the log has no reason */
static const char *
get_reason_word(const struct milter_message *m)
{
	return m->problem != NULL ? m->problem : forwarding_reason_name(m->decision.reason);
}

static void
put_result(struct line *line, const struct milter_message *m, enum milter_result result)
{
	const char *word = milter_result_name(result);
	bool test_only = m->settings->milter_test_only;

	put_milter_word(line, test_only ? " result=kept would=" : " result=", word);
	if (m->is_signed)
		put_milter_address(line, " to=<", &m->to);
	put_milter_word(line, " reason=", get_reason_word(m));
	if (m->is_signed && m->lookup.stored)
		line_put(line, " stored=yes");
	if (m->envelope.recipients > 1) {
		line_put(line, " recipients=");
		line_put_number(line, m->envelope.recipients);
	}
	if (m->envelope.differ)
		line_put(line, " note=recipients-differ");
}

/* is_routine_message - one on its way in, with nothing to do */
static bool
is_routine_message(const struct milter_message *m, enum milter_result result)
{
	return m->decision.kind == FORWARDING_INCOMING && result == MILTER_RESULT_KEPT;
}

static void
log_milter_message(const struct milter_message *m, struct text queue, enum milter_result result)
{
	struct line line;

	if (is_routine_message(m, result) && !log_debugging())
		return;
	line_begin(&line, "milter queue=");
	line_put_untrusted(&line, queue.s, queue.len);
	put_milter_address(&line, " sender=<", &m->sender);
	if (m->original.len > 0)
		put_milter_address(&line, " orcpt=<", &m->original);
	put_milter_address(&line, " recipient=<", &m->recipient);
	if (m->stage == MILTER_STAGE_DONE)
		put_decision(&line, m);
	put_result(&line, m, result);
	log_line(&line);
}

/* remember_message - for srsctl recent */
static void
remember_message(const struct milter_message *m, struct text queue, enum milter_result result)
{
	struct recent *recent = m->service->recent;
	struct recent_decision *d;

	if (is_routine_message(m, result))
		return;
	d = recent_begin(recent, RECENT_MILTER, clock_wall(m->service->clock));
	if (d == NULL)
		return;
	d->result = milter_result_name(result);
	if (m->settings->milter_test_only) {
		d->would = d->result;
		d->result = milter_result_name(MILTER_RESULT_KEPT);
	}
	d->kind = m->stage == MILTER_STAGE_DONE ? forwarding_kind_name(m->decision.kind) : NULL;
	d->reason = get_reason_word(m);
	d->refused = !m->settings->milter_test_only &&
		     (result == MILTER_RESULT_DEFERRED || result == MILTER_RESULT_REFUSED);
	recent_put(d, RECENT_QUEUE, queue.s, queue.len);
	recent_put(d, RECENT_SENDER, m->sender.text, m->sender.len);
	recent_put(d, RECENT_RECIPIENT, m->recipient.text, m->recipient.len);
	recent_put(d, RECENT_ORIGINAL, m->original.text, m->original.len);
	if (m->is_signed)
		recent_put(d, RECENT_TO, m->to.text, m->to.len);
	recent_end(recent);
}

/* count_forward - for the domain that forwards, and for the SRS domain that gets its bounces */
static void
count_forward(const struct milter_message *m)
{
	struct forward_counts *counts = m->service->counts;
	const char *forwarder = m->envelope.deciding.domain;
	time_t now = clock_wall(m->service->clock);

	if (m->decision.kind == FORWARDING_FORWARD) {
		forward_counts_add(counts, forwarder, strlen(forwarder), FORWARD_FORWARDED, now);
		if (m->auth == FORWARDING_FAIL)
			forward_counts_add(
			    counts, forwarder, strlen(forwarder), FORWARD_UNAUTHENTICATED, now);
	}
	if (m->is_signed && strcmp(m->domain, m->candidate) != 0)
		forward_counts_add_signed(counts, m->domain, strlen(m->domain), now);
}

void
milter_message_report(const struct milter_message *m, struct text queue)
{
	enum milter_result result = milter_message_result(m);
	struct milter_service *service = m->service;

	service->stats->milter[m->decision.kind][result]++;
	if (!m->settings->milter_test_only && result != MILTER_RESULT_DEFERRED)
		count_forward(m);
	remember_message(m, queue, result);
	log_milter_message(m, queue, result);
}
