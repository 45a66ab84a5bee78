/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "common/clock.h"
#include "spf/spf_query.h"
#include "srsd/offline.h"

bool
offline_open(struct offline *offline, struct settings *settings, char *error, size_t size)
{
	char *plan = resolver_plan(settings, NULL, error, size);

	memset(offline, 0, sizeof(*offline));
	if (plan == NULL)
		return false;
	offline->settings = settings;
	offline->base = event_base_new();
	strlcpy(error, "no event base", size);
	if (offline->base != NULL)
		offline->resolver =
		    resolver_new(offline->base, &clock_system, settings, plan, error, size);
	free(plan);
	if (offline->resolver == NULL)
		offline_close(offline);
	return offline->resolver != NULL;
}

void
offline_close(struct offline *offline)
{
	resolver_free(&offline->resolver);
	if (offline->base != NULL)
		event_base_free(offline->base);
	offline->base = NULL;
}

/* on_done - the loop turns once for each event, and is asked then */
static void
on_done(void *arg)
{
	(void)arg;
}

json_t *
offline_spf(struct offline *offline, const json_t *request, const char **error)
{
	struct spf_checker checker = { offline->base, offline->resolver, spf_inflight_new(),
		&clock_system };
	struct spf_query *query;
	json_t *report = NULL;

	query = spf_query_start(
	    &checker, offline->settings, request, clock_wall(&clock_system), on_done, NULL, error);
	while (query != NULL && !spf_query_is_done(query) &&
	       event_base_loop(offline->base, EVLOOP_ONCE) == 0)
		;
	if (query != NULL && spf_query_is_done(query))
		report = spf_query_report(query);
	else if (query != NULL)
		*error = "the event loop failed";
	spf_query_free(&query);
	spf_inflight_free(&checker.inflight);
	return report;
}
