/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "common/day.h"
#include "common/log.h"
#include "common/printable.h"
#include "common/tally.h"
#include "common/xmalloc.h"
#include "conf/envelope_database.h"
#include "spf/dns/resolver_plan.h"
#include "spf/spf_record_set.h"
#include "srsd/service/control_recent.h"
#include "srsd/service/policy_charge.h"
#include "srsd/service/services.h"
#include "srsd/srs/srs_domains.h"
#include "srsd/srs/srs_hash_change.h"
#include "srsd/store/store_backend.h"

/* Domains of which the milter warns, each once an hour. */
#define UNKNOWN_DOMAINS_MAX 1000

static bool
has_database(const struct settings *settings)
{
	return envelope_database_is_set(settings->envelope_database);
}

static bool
is_same_text(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/* has_same_database - true: the connection of the store remains */
static bool
has_same_database(const struct services *s, const struct inputs *inputs)
{
	const struct settings *a = s->settings, *b = inputs->settings;

	return strcmp(a->envelope_database, b->envelope_database) == 0 &&
	       strcmp(a->envelope_database_user, b->envelope_database_user) == 0 &&
	       is_same_text(s->database.password, inputs->database.password) &&
	       is_same_text(s->database.authorities, inputs->database.authorities) &&
	       a->envelope_database_tls == b->envelope_database_tls &&
	       a->envelope_limit == b->envelope_limit;
}

static void
open_store(struct services *s)
{
	store_set_backend(s->store, NULL);
	if (s->open_store != NULL)
		s->open_store(s->open_store_arg, s->store, s->settings, &s->database);
}

static void
on_reopen(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	open_store(arg);
}

/*
 * reopen_store - empties its memory, and counts the rows again
 *
 * The backend is replaced from the loop: it may be calling us with an answer now, and have more.
 */
static void
reopen_store(void *arg)
{
	struct services *s = arg;

	store_forget(s->store);
	event_active(s->reopen, EV_TIMEOUT, 0);
}

static void
use_resolver(struct services *s)
{
	s->policy.checker.resolver = s->resolver;
	spf_memory_forget(s->policy.checker.memory);
	resolver_count_in(s->resolver, &s->stats.dns);
	resolver_report_to(s->resolver, &s->dns_watch);
}

/* use_inputs - let all services answer with the current settings, keys and resolver */
static void
use_inputs(struct services *s)
{
	s->forward.settings = s->reverse.settings = s->settings;
	s->forward.keys = s->reverse.keys = s->keys;
	s->forward.generation++;
	s->reverse.generation++;
	s->forward.store = s->reverse.store = has_database(s->settings) ? s->store : NULL;
	store_set_timeout(s->store, 1000 * (unsigned)s->settings->store_timeout);
	s->control.store = s->forward.store;
	s->policy.settings = s->control.settings = s->milter.settings = s->settings;
	s->policy.keys = s->control.keys = s->milter.keys = s->keys;
	recent_resize(s->recent, (size_t)s->settings->recent_decisions);
	use_resolver(s);
}

static void
free_inputs(struct services *s)
{
	srs_keys_free(&s->keys);
	settings_free(&s->settings);
	inputs_free_database(&s->database);
}

static void
adopt_inputs(struct services *s, struct inputs *inputs)
{
	s->settings = inputs->settings;
	s->keys = inputs->keys;
	inputs->settings = NULL;
	inputs->keys = NULL;
	s->database = inputs->database;
	memset(&inputs->database, 0, sizeof(inputs->database));
	use_inputs(s);
}

static struct resolver *
make_resolver(struct event_base *base, const struct clock *clock, const struct settings *settings,
    const char *plan, char *error, size_t size)
{
	const struct resolver_host host = { base, clock, spf_record_set_prepare };

	return resolver_new(&host, settings, plan, error, size);
}

/* make_memories - what the services share, and what outlives a reload */
static void
make_memories(struct services *s)
{
	s->inflight = spf_inflight_new();
	s->messages = message_memory_new();
	s->verdicts = spf_memory_new();
	s->budget = srs_budget_new();
	s->recent = recent_new(0);
	s->charged = tally_new(POLICY_CHARGE_RECIPIENTS, POLICY_CHARGE_SECONDS);
	s->forward_counts = forward_counts_new();
	s->unknown_domains = tally_new(UNKNOWN_DOMAINS_MAX, 3600);
}

static void
make_maps(struct services *s)
{
	s->forward = (struct map_service){
		.kind = MAP_FORWARD, .clock = s->clock, .stats = &s->stats, .recent = s->recent
	};
	s->reverse = s->forward;
	s->reverse.kind = MAP_REVERSE;
	s->socketmap = (struct socketmap_service){ &s->forward, &s->reverse };
}

static void
make_policy(struct services *s)
{
	s->policy = (struct policy_service){
		.checker = { s->base, s->resolver, s->inflight, s->clock, s->verdicts },
		.messages = s->messages,
		.budget = s->budget,
		.charged = s->charged,
		.clock = s->clock,
		.stats = &s->stats,
		.recent = s->recent,
	};
}

/* make_milter - after the maps and the policy service, which it uses */
static void
make_milter(struct services *s)
{
	s->candidates = candidates_new(&s->policy.checker);
	s->milter = (struct milter_service){
		.forward = &s->forward,
		.reverse = &s->reverse,
		.candidates = s->candidates,
		.budget = s->budget,
		.charged = s->charged,
		.counts = s->forward_counts,
		.unknown = s->unknown_domains,
		.base = s->base,
		.clock = s->clock,
		.stats = &s->stats,
		.recent = s->recent,
	};
}

static void
make_control(struct services *s)
{
	s->control_recent = control_recent_new(s->base, s->clock, s->recent);
	s->reopen = event_new(s->base, -1, 0, on_reopen, s);
	if (s->reopen == NULL)
		xmalloc_failed("libevent");
	s->control = (struct control_service){
		.checker = &s->policy.checker,
		.policy = &s->policy,
		.clock = s->clock,
		.recent = s->control_recent,
		.reopen_store = reopen_store,
		.reopen_store_arg = s,
	};
	control_service_init(&s->control);
}

struct services *
services_new(struct event_base *base, const struct clock *clock, struct inputs *inputs, char *error,
    size_t size)
{
	struct resolver *resolver =
	    make_resolver(base, clock, inputs->settings, inputs->dns, error, size);
	struct services *s;

	if (resolver == NULL)
		return NULL;
	s = xcalloc(1, sizeof(*s));
	s->base = base;
	s->clock = clock;
	s->resolver = resolver;
	s->stats.started = clock_wall(clock);
	dns_watch_begin(&s->dns_watch, inputs->dns);
	s->store = store_new(base, clock, 1000 * (unsigned)inputs->settings->store_timeout);
	make_memories(s);
	make_maps(s);
	make_policy(s);
	make_milter(s);
	make_control(s);
	adopt_inputs(s, inputs);
	return s;
}

void
services_free(struct services **services)
{
	struct services *s = *services;

	*services = NULL;
	if (s == NULL)
		return;
	candidates_free(&s->candidates);
	forward_counts_free(&s->forward_counts);
	control_recent_free(&s->control_recent);
	recent_free(&s->recent);
	tally_free(&s->charged);
	tally_free(&s->unknown_domains);
	message_memory_free(&s->messages);
	spf_memory_free(&s->verdicts);
	srs_budget_free(&s->budget);
	event_free(s->reopen);
	store_free(&s->store);
	resolver_free(&s->resolver);
	spf_inflight_free(&s->inflight); /* after the resolver: its queries have places in it */
	free_inputs(s);
	free(s);
}

/* warn_of_lost_hashes - when the new settings do not accept hashes that the old ones made */
static void
warn_of_lost_hashes(const struct settings *before, const struct settings *after, time_t now)
{
	enum hash_format other = srs_hash_change_other(after);
	char until[DAY_TEXT_SIZE];

	if (!srs_hash_change_loses(before, after, now))
		return;
	day_format(until, srs_hash_change_day(after, now));
	log_warnx(
	    "hash-format has changed: bounces to the addresses that were signed until now will "
	    "be refused; hash-accept-%s = \"%s\" accepts them",
	    srs_hash_change_name(other), until);
}

/* warn_of_lost_domains - when the new settings do not accept SRS domains that the old ones had */
static void
warn_of_lost_domains(const struct settings *before, const struct settings *after)
{
	struct srs_domains_loss loss;
	size_t n = 0;

	while (srs_domains_loses(before, after, &n, &loss))
		log_warnx(
		    "%s no longer has \"%s\": bounces to addresses that were signed under it in the "
		    "last %d days will be refused, unless %s lists it",
		    loss.option, loss.value, before->max_age,
		    loss.form ? "per-domain-accept" : "reverse-domains");
}

/* warn_of_lost_secret - when the new secrets do not have the one that has signed until now */
static void
warn_of_lost_secret(const struct srs_keys *before, const struct srs_keys *after)
{
	const char *signer = srs_keys_fingerprint(before, 0);
	size_t i;

	for (i = 0; i < srs_keys_count(after); i++)
		if (strcmp(srs_keys_fingerprint(after, i), signer) == 0)
			return;
	log_warnx("secrets-file no longer has %s, the secret that has signed until now: bounces to "
		  "the addresses that it signed will be refused, unless it is put back after the "
		  "first one",
	    signer);
}

static void
warn_of_lost_bounces(const struct services *s, const struct inputs *inputs)
{
	warn_of_lost_hashes(s->settings, inputs->settings, clock_wall(s->clock));
	warn_of_lost_domains(s->settings, inputs->settings);
	warn_of_lost_secret(s->keys, inputs->keys);
}

/* use_nameservers - of a plan; the resolver stays if its plan is the same. False: error is set */
static bool
use_nameservers(
    struct services *s, const struct settings *settings, const char *plan, char *error, size_t size)
{
	struct resolver *resolver;

	if (resolver_is_for(s->resolver, plan))
		return true;
	resolver = make_resolver(s->base, s->clock, settings, plan, error, size);
	if (resolver == NULL)
		return false;
	resolver_retire(&s->resolver);
	s->resolver = resolver;
	dns_watch_begin(&s->dns_watch, plan);
	return true;
}

bool
services_use_plan(struct services *s, const char *plan, char *error, size_t size)
{
	if (!use_nameservers(s, s->settings, plan, error, size))
		return false;
	use_resolver(s);
	log_info("dns: %s has changed: the nameservers are %s", RESOLVER_PLAN_FILE,
	    s->dns_watch.servers);
	return true;
}

bool
services_take(struct services *s, struct inputs *inputs, char *error, size_t size)
{
	bool same_database;

	if (!use_nameservers(s, inputs->settings, inputs->dns, error, size))
		return false;
	warn_of_lost_bounces(s, inputs);
	srs_keys_inherit(inputs->keys, s->keys);
	if (candidates_differ(s->settings, inputs->settings))
		candidates_forget(s->candidates);
	same_database = has_same_database(s, inputs);
	free_inputs(s);
	adopt_inputs(s, inputs);
	store_forget(s->store);
	if (!same_database)
		open_store(s);
	return true;
}

void
services_use_store(struct services *s, services_open_store_fn *open, void *arg)
{
	s->open_store = open;
	s->open_store_arg = arg;
	open_store(s);
}

const struct store_counts *
services_store_counts(struct services *s)
{
	return has_database(s->settings) ? store_counts(s->store) : NULL;
}

/* find_wall_time - of a time on the clock that never goes back; 0 for 0 */
static time_t
find_wall_time(const struct services *s, uint64_t elapsed)
{
	if (elapsed == 0)
		return 0;
	return clock_wall(s->clock) - (time_t)((clock_elapsed(s->clock) - elapsed) / 1000);
}

void
services_describe_dns(const struct services *s, struct status_dns *dns)
{
	const struct dns_outage *outage = &s->dns_watch.outage;

	dns->plan = resolver_get_plan(s->resolver);
	dns->last_answer = find_wall_time(s, outage->heard);
	dns->outage_since = outage->on ? find_wall_time(s, outage->since) : 0;
}

void
services_reloaded(struct services *s, const char *error)
{
	s->stats.reloaded = clock_wall(s->clock);
	s->stats.reload_refused = error != NULL;
	printable_text(s->reload_error, sizeof(s->reload_error), error == NULL ? "" : error,
	    error == NULL ? 0 : strlen(error));
	s->stats.reloads++;
	control_service_reloaded(&s->control, error);
}
