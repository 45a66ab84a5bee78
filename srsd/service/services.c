/* SPDX-License-Identifier: ISC */
#include <stdlib.h>

#include "common/day.h"
#include "common/log.h"
#include "common/xmalloc.h"
#include "spf/spf_record_set.h"
#include "srsd/service/services.h"
#include "srsd/srs/srs_hash_change.h"

/* use_inputs - let all services answer with the current settings, keys and resolver */
static void
use_inputs(struct services *s)
{
	s->forward.settings = s->reverse.settings = s->settings;
	s->forward.keys = s->reverse.keys = s->keys;
	s->policy.settings = s->control.settings = s->settings;
	s->policy.keys = s->control.keys = s->keys;
	s->policy.checker.resolver = s->resolver;
	resolver_count_in(s->resolver, &s->stats.dns);
}

static void
adopt_inputs(struct services *s, struct inputs *inputs)
{
	s->settings = inputs->settings;
	s->keys = inputs->keys;
	inputs->settings = NULL;
	inputs->keys = NULL;
	use_inputs(s);
}

static struct resolver *
make_resolver(struct event_base *base, const struct clock *clock, const struct inputs *inputs,
    char *error, size_t size)
{
	const struct resolver_host host = { base, clock, spf_record_set_prepare };

	return resolver_new(&host, inputs->settings, inputs->dns, error, size);
}

struct services *
services_new(struct event_base *base, const struct clock *clock, struct inputs *inputs, char *error,
    size_t size)
{
	struct resolver *resolver = make_resolver(base, clock, inputs, error, size);
	struct services *s;

	if (resolver == NULL)
		return NULL;
	s = xcalloc(1, sizeof(*s));
	s->base = base;
	s->clock = clock;
	s->resolver = resolver;
	s->inflight = spf_inflight_new();
	s->messages = message_memory_new();
	s->budget = srs_budget_new();
	s->stats.started = clock_wall(clock);
	s->forward =
	    (struct map_service){ .kind = MAP_FORWARD, .clock = clock, .stats = &s->stats };
	s->reverse =
	    (struct map_service){ .kind = MAP_REVERSE, .clock = clock, .stats = &s->stats };
	s->socketmap = (struct socketmap_service){ &s->forward, &s->reverse };
	s->policy = (struct policy_service){
		.checker = { base, resolver, s->inflight, clock },
		.messages = s->messages,
		.budget = s->budget,
		.clock = clock,
		.stats = &s->stats,
	};
	s->control = (struct control_service){ .checker = &s->policy.checker, .clock = clock };
	control_service_init(&s->control);
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
	message_memory_free(&s->messages);
	srs_budget_free(&s->budget);
	resolver_free(&s->resolver);
	spf_inflight_free(&s->inflight); /* after the resolver, whose queries have places in it */
	srs_keys_free(&s->keys);
	settings_free(&s->settings);
	free(s);
}

/* warn_of_lost_bounces - when the new settings do not accept hashes that the old ones made */
static void
warn_of_lost_bounces(const struct settings *before, const struct settings *after, time_t now)
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

bool
services_take(struct services *s, struct inputs *inputs, char *error, size_t size)
{
	struct resolver *resolver = s->resolver;

	if (!resolver_is_for(resolver, inputs->dns))
		resolver = make_resolver(s->base, s->clock, inputs, error, size);
	if (resolver == NULL)
		return false;
	if (resolver != s->resolver)
		resolver_retire(&s->resolver);
	s->resolver = resolver;
	warn_of_lost_bounces(s->settings, inputs->settings, clock_wall(s->clock));
	srs_keys_inherit(inputs->keys, s->keys);
	srs_keys_free(&s->keys);
	settings_free(&s->settings);
	adopt_inputs(s, inputs);
	return true;
}

void
services_reloaded(struct services *s, const char *error)
{
	s->stats.reloaded = clock_wall(s->clock);
	s->stats.reload_refused = error != NULL;
	s->stats.reloads++;
	control_service_reloaded(&s->control, error);
}
