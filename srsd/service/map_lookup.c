/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "common/day.h"
#include "common/line.h"
#include "common/log.h"
#include "srsd/service/map_lookup.h"
#include "srsd/srs/srs_addr.h"

/* Days that a row stays beyond max-age: an address is valid through its last day, and one of skew. */
#define ROW_EXTRA_DAYS 2

void
map_lookup_init(struct map_lookup *lookup, void (*wake)(void *arg), void *arg)
{
	lookup->question = NULL;
	lookup->answered = false;
	lookup->probe = false;
	lookup->wake = wake;
	lookup->arg = arg;
}

static bool
is_local_part_long(const struct srs_result *result)
{
	const char *at = memrchr(result->address, '@', result->len);

	return at != NULL && at - result->address > SRS_LOCAL_MAX;
}

static void
put_rewritten(struct line *line, const struct map_lookup *lookup)
{
	const struct srs_result *result = &lookup->result;

	line_put(line, "> to=<");
	line_put_untrusted(line, result->address, result->len);
	if (lookup->service->kind == MAP_REVERSE) {
		line_put(line, "> result=rewritten secret=");
		line_put_number(line, (unsigned)result->secret + 1);
	} else {
		line_put(line, "> result=rewritten");
		if (is_local_part_long(result))
			line_put(line, " note=local-part-over-64");
	}
	if (lookup->stored)
		line_put(line, " stored=yes");
}

static void
put_unchanged(struct line *line, const char *result, enum srs_verdict verdict)
{
	line_put(line, "> result=");
	line_put(line, result);
	line_put(line, " reason=");
	line_put(line, srs_verdict_word(verdict));
}

/* get_result_word - for a key that was not rewritten */
static const char *
get_result_word(enum srs_verdict verdict)
{
	switch (verdict) {
	case SRS_BAD_HASH:
	case SRS_EXPIRED:
	case SRS_MALFORMED:
		return "refused";
	case SRS_UNAVAILABLE:
	case SRS_NO_STORE:
		return "deferred";
	default:
		return "kept";
	}
}

/* is_failed_lookup - was the address refused or deferred? */
static bool
is_failed_lookup(enum srs_verdict verdict)
{
	return get_result_word(verdict)[0] != 'k';
}

/* is_whole_address - Postfix also looks up the local part alone, and "@domain" */
static bool
is_whole_address(struct text key)
{
	const char *at = memchr(key.s, '@', key.len);

	return at != NULL && at > key.s;
}

/*
 * is_routine_lookup - logged with -v only?
 *
 * A sender that should be rewritten and cannot be is not routine, because its mail leaves without a
 * signature. Nor is an SRS recipient in a domain that is not ours, because it may be missing in
 * reverse-domains.
 */
static bool
is_routine_lookup(struct text key, enum srs_verdict verdict)
{
	switch (verdict) {
	case SRS_ALREADY_OURS:
	case SRS_LOCAL_DOMAIN:
	case SRS_NULL_SENDER:
	case SRS_NOT_SRS:
		return true;
	case SRS_NOT_ADDRESS:
		return !is_whole_address(key);
	default:
		return false;
	}
}

/* remember_lookup - for srsctl recent: the key is the sender, or the recipient of a bounce */
static void
remember_lookup(const struct map_lookup *lookup, struct text key)
{
	const struct map_service *service = lookup->service;
	const struct srs_result *result = &lookup->result;
	bool forward = service->kind == MAP_FORWARD;
	struct recent_decision *d = recent_begin(
	    service->recent, forward ? RECENT_FORWARD : RECENT_REVERSE, clock_wall(service->clock));

	if (d == NULL)
		return;
	recent_put(d, forward ? RECENT_SENDER : RECENT_RECIPIENT, key.s, key.len);
	if (result->verdict == SRS_REWRITTEN) {
		recent_put(d, RECENT_TO, result->address, result->len);
		d->result = "rewritten";
	} else {
		d->result = get_result_word(result->verdict);
		d->reason = srs_verdict_word(result->verdict);
		d->refused = is_failed_lookup(result->verdict);
	}
	recent_end(service->recent);
}

static void
log_map_lookup(const struct map_lookup *lookup, struct text key)
{
	enum srs_verdict verdict = lookup->result.verdict;
	struct line line;

	if (is_routine_lookup(key, verdict)) {
		if (!log_debugging())
			return;
	} else if (!lookup->probe) {
		remember_lookup(lookup, key);
	}
	line_begin(
	    &line, lookup->service->kind == MAP_FORWARD ? "forward from=<" : "reverse from=<");
	line_put_untrusted(&line, key.s, key.len);
	if (verdict == SRS_REWRITTEN)
		put_rewritten(&line, lookup);
	else
		put_unchanged(&line, get_result_word(verdict), verdict);
	if (lookup->probe)
		line_put(&line, " probe=yes");
	log_line(&line);
}

/* judge_overlong_key - an overlong key is not an address */
static void
judge_overlong_key(enum map_kind kind, struct text key, struct srs_result *result)
{
	if (kind == MAP_FORWARD)
		result->verdict = SRS_TOO_LONG;
	else if (srs_addr_tag(key.s, key.len) == -1)
		result->verdict = SRS_NOT_SRS;
	else
		result->verdict = SRS_MALFORMED;
}

static struct srs_context
make_context(const struct map_lookup *lookup)
{
	const struct map_service *service = lookup->service;
	struct srs_context context = { .settings = service->settings,
		.keys = service->keys,
		.now = clock_wall(service->clock),
		.uncounted = lookup->probe };

	return context;
}

/* fail_store_lookup - the store cannot say; Postfix asks again */
static void
fail_store_lookup(struct map_lookup *lookup, const char *problem)
{
	static struct log_limit limit;

	lookup->result.verdict = SRS_NO_STORE;
	if (log_allows(&limit))
		log_warnx(
		    "%s: envelope-database: %s", map_kind_name(lookup->service->kind), problem);
}

/* use_embedded_form - of a sender for which the store has no room */
static void
use_embedded_form(struct map_lookup *lookup)
{
	static struct log_limit limit;

	if (log_allows(&limit))
		log_warnx(
		    "forward: envelope-database has envelope-limit rows; senders are embedded, "
		    "and deferred if they do not fit");
	if (lookup->result.verdict != SRS_REWRITTEN)
		lookup->result.verdict = SRS_NO_STORE;
}

static void
use_alias(struct map_lookup *lookup)
{
	const struct srs_context context = make_context(lookup);

	srs_rewrite_alias(&lookup->result, &context, lookup->domain, lookup->envelope.alias);
	lookup->stored = true;
}

/* is_lookup_outdated - was there a reload while the lookup waited? */
static bool
is_lookup_outdated(const struct map_lookup *lookup)
{
	return lookup->generation != lookup->service->generation;
}

/* continue_lookup - with the result, or from the beginning; the session may be gone afterwards */
static void
continue_lookup(struct map_lookup *lookup)
{
	lookup->question = NULL;
	lookup->answered = !is_lookup_outdated(lookup);
	lookup->wake(lookup->arg);
}

static void
use_put_reply(struct map_lookup *lookup, const struct store_reply *reply)
{
	switch (reply->outcome) {
	case STORE_DONE:
		use_alias(lookup);
		break;
	case STORE_FULL:
		use_embedded_form(lookup);
		break;
	default:
		fail_store_lookup(
		    lookup, reply->problem == NULL ? "unexpected answer" : reply->problem);
		break;
	}
}

static void
on_sender_stored(void *arg, const struct store_reply *reply)
{
	struct map_lookup *lookup = arg;

	if (!is_lookup_outdated(lookup))
		use_put_reply(lookup, reply);
	continue_lookup(lookup);
}

static void
restore_sender(struct map_lookup *lookup, struct text address)
{
	static struct log_limit limit; /* other failures must not hide a wrong row */
	const struct srs_context context = make_context(lookup);
	const char *error;

	srs_rewrite_restore(&lookup->result, &context, address, &error);
	lookup->stored = lookup->result.verdict == SRS_REWRITTEN;
	if (lookup->stored)
		return;
	if (lookup->result.verdict != SRS_UNAVAILABLE)
		lookup->result.verdict = SRS_NO_STORE;
	if (log_allows(&limit))
		log_warnx("reverse: envelope-database: %s", error);
}

static void
use_get_reply(struct map_lookup *lookup, const struct store_reply *reply)
{
	switch (reply->outcome) {
	case STORE_DONE:
		restore_sender(lookup, reply->address);
		break;
	case STORE_MISSING: /* the result is SRS_UNKNOWN_ALIAS already */
		break;
	default:
		fail_store_lookup(
		    lookup, reply->problem == NULL ? "unexpected answer" : reply->problem);
		break;
	}
}

static void
on_sender_found(void *arg, const struct store_reply *reply)
{
	struct map_lookup *lookup = arg;

	if (!is_lookup_outdated(lookup))
		use_get_reply(lookup, reply);
	continue_lookup(lookup);
}

time_t
map_lookup_row_expiry(const struct settings *settings, time_t now)
{
	return (now / DAY_SECONDS + settings->max_age + ROW_EXTRA_DAYS) * DAY_SECONDS;
}

/* store_sender - false: the lookup waits for the store */
static bool
store_sender(struct map_lookup *lookup, const struct map_service *service, time_t now)
{
	const struct srs_envelope *envelope = &lookup->envelope;
	const struct text address = { envelope->address, envelope->len };
	time_t expires = map_lookup_row_expiry(service->settings, now);

	if (service->store == NULL) {
		fail_store_lookup(lookup, "not open");
		return true;
	}
	if (store_knows(service->store, envelope->alias, expires)) {
		use_alias(lookup);
		return true;
	}
	lookup->generation = service->generation;
	lookup->question =
	    store_put(service->store, envelope->alias, address, expires, on_sender_stored, lookup);
	return false;
}

static inline bool
run_forward(struct map_lookup *lookup, const struct map_service *service, struct text key)
{
	const struct srs_context context = make_context(lookup);

	if (lookup->domain == NULL)
		srs_rewrite_forward(&lookup->result, &context, key.s, key.len);
	else
		srs_rewrite_sign(&lookup->result, &context, lookup->domain, key.s, key.len);
	if (service->settings->original_envelope == ENVELOPE_EMBEDDED)
		return true; /* srs_rewrite_envelope() would say so too, after a call */
	switch (
	    srs_rewrite_envelope(&lookup->envelope, &context, key.s, key.len, &lookup->result)) {
	case 1:
		return store_sender(lookup, service, context.now);
	case -1:
		lookup->result.verdict = SRS_UNAVAILABLE;
		break;
	default:
		break;
	}
	return true;
}

static bool
run_reverse(struct map_lookup *lookup, const struct map_service *service, struct text key)
{
	const struct srs_context context = make_context(lookup);
	struct srs_result *result = &lookup->result;

	srs_rewrite_reverse(result, &context, key.s, key.len);
	if (result->verdict != SRS_UNKNOWN_ALIAS || service->store == NULL ||
	    result->alias[0] == '\0')
		return true;
	lookup->generation = service->generation;
	lookup->question = store_get(service->store, result->alias, on_sender_found, lookup);
	return false;
}

static inline bool
start_map_lookup(
    struct map_lookup *lookup, const struct map_service *service, struct text key, bool overlong)
{
	if (overlong) {
		judge_overlong_key(service->kind, key, &lookup->result);
		return true;
	}
	return service->kind == MAP_FORWARD ? run_forward(lookup, service, key)
					    : run_reverse(lookup, service, key);
}

/*
 * resolve_key - domain: to sign the key under; NULL: as the map answers it
 *
 * This and what it calls is inline, because the calls were 1 % of the instructions of a lookup.
 */
static inline bool
resolve_key(struct map_lookup *lookup, const struct map_service *service, struct text key,
    bool overlong, const char *domain)
{
	if (lookup->question != NULL)
		return false;
	if (lookup->answered) {
		lookup->answered = false;
		return true;
	}
	lookup->service = service;
	lookup->domain = domain;
	lookup->stored = false;
	return start_map_lookup(lookup, service, key, overlong);
}

bool
map_lookup_resolve(
    struct map_lookup *lookup, const struct map_service *service, struct text key, bool overlong)
{
	return resolve_key(lookup, service, key, overlong, NULL);
}

bool
map_lookup_sign(struct map_lookup *lookup, const struct map_service *service, struct text key,
    const char *domain)
{
	return resolve_key(
	    lookup, service, key, false, domain == NULL ? service->settings->srs_domain : domain);
}

bool
map_lookup_run(
    struct map_lookup *lookup, const struct map_service *service, struct text key, bool overlong)
{
	if (!resolve_key(lookup, service, key, overlong, NULL))
		return false;
	if (!lookup->probe)
		service->stats->lookups[service->kind][lookup->result.verdict]++;
	log_map_lookup(lookup, key);
	return true;
}

void
map_lookup_cancel(struct map_lookup *lookup)
{
	store_cancel(&lookup->question);
}
