/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "common/clock.h"
#include "conf/config.h"
#include "spf/dns/resolver_plan.h"
#include "spf/spf_query.h"
#include "spf/spf_record_set.h"
#include "srsd/ctl/offline.h"
#include "srsd/forwarding/candidates.h"

/* Input of the confined process. */
struct offline_job {
	struct settings *settings;
	offline_work_fn *work;
	void *arg;
	struct offline offline;
};

static void
close_resolver(struct offline *offline)
{
	resolver_free(&offline->resolver);
	/* After the resolver, because its queries are counted there. */
	spf_inflight_free(&offline->inflight);
	if (offline->base != NULL)
		event_base_free(offline->base);
	offline->base = NULL;
}

static bool
open_resolver(struct offline *offline, struct settings *settings, char *error, size_t size)
{
	struct resolver_host host = { NULL, &clock_system, spf_record_set_prepare };
	char *plan = resolver_plan_make(settings, NULL, error, size);

	memset(offline, 0, sizeof(*offline));
	if (plan == NULL)
		return false;
	offline->settings = settings;
	offline->inflight = spf_inflight_new();
	offline->base = host.base = event_base_new();
	strlcpy(error, "cannot create an event loop", size);
	if (offline->base != NULL)
		offline->resolver = resolver_new(&host, settings, plan, error, size);
	free(plan);
	if (offline->resolver == NULL)
		close_resolver(offline);
	return offline->resolver != NULL;
}

/* prepare_job - read the files of the resolver, because the sandbox refuses to open them */
static json_t *
prepare_job(void *arg)
{
	struct offline_job *job = arg;
	char error[CONFIG_ERROR_SIZE];

	if (open_resolver(&job->offline, job->settings, error, sizeof(error)))
		return NULL;
	return confined_failure(error);
}

static json_t *
run_job(void *arg)
{
	struct offline_job *job = arg;
	json_t *reply = job->work(&job->offline, job->arg);

	close_resolver(&job->offline);
	return reply;
}

json_t *
offline_run(struct settings *settings, offline_work_fn *work, void *arg, unsigned seconds,
    char error[OFFLINE_ERROR_SIZE])
{
	struct offline_job job = { settings, work, arg, { .settings = settings } };
	const struct confined_work confined = {
		.prepare = prepare_job,
		.run = run_job,
		.arg = &job,
		.seconds = seconds,
		.doing = "queries the DNS",
	};
	const char *instead, *why;
	struct identity id;

	if (!privdrop_daemon(&id, settings->unprivileged_user, &instead, &why)) {
		snprintf(error, OFFLINE_ERROR_SIZE, "unprivileged-user '%s': %s",
		    settings->unprivileged_user, why);
		return NULL;
	}
	return confined_run(&confined, &id, error);
}

/* on_query_done - offline_spf looks for the end after each turn of the loop */
static void
on_query_done(void *arg)
{
	(void)arg;
}

json_t *
offline_spf(struct offline *offline, const json_t *request, const char **error)
{
	struct spf_checker checker = { offline->base, offline->resolver, offline->inflight,
		&clock_system, NULL };
	struct spf_query *query;
	json_t *report = NULL;

	query = spf_query_start(&checker, offline->settings, request, clock_wall(&clock_system),
	    on_query_done, NULL, error);
	while (query != NULL && !spf_query_is_done(query) &&
	       event_base_loop(offline->base, EVLOOP_ONCE) == 0)
		;
	if (query != NULL && spf_query_is_done(query))
		report = spf_query_report(query);
	else if (query != NULL)
		*error = "the event loop failed";
	spf_query_free(&query);
	return report;
}

struct offline_state {
	bool known, usable;
	char *text; /* CANDIDATE_TEXT_SIZE */
};

/* note_candidate_state - a candidates_done_fn */
static void
note_candidate_state(void *arg, const struct candidate_state *state)
{
	struct offline_state *offline = arg;

	offline->known = true;
	offline->usable = state->kind == CANDIDATE_USABLE;
	candidate_state_describe(state, offline->text, CANDIDATE_TEXT_SIZE);
}

bool
offline_candidate(struct offline *offline, const char *domain, char text[CANDIDATE_TEXT_SIZE])
{
	struct spf_checker checker = { offline->base, offline->resolver, offline->inflight,
		&clock_system, NULL };
	struct candidates *candidates = candidates_new(&checker);
	struct offline_state state = { .text = text };
	struct candidate_question *question;

	strlcpy(text, "the event loop failed", CANDIDATE_TEXT_SIZE);
	question =
	    candidates_ask(candidates, offline->settings, domain, note_candidate_state, &state);
	while (!state.known && event_base_loop(offline->base, EVLOOP_ONCE) == 0)
		;
	if (!state.known)
		candidates_cancel(&question);
	candidates_free(&candidates);
	return state.usable;
}
