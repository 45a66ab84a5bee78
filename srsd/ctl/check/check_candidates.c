/* SPDX-License-Identifier: ISC */
/*
 * The candidates of per-domain: which domains can be used for signing, and the records that the
 * others lack.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <event2/event.h>

#include "common/clock.h"
#include "common/idna.h"
#include "common/xmalloc.h"
#include "srsd/ctl/check/check.h"
#include "srsd/ctl/offline.h"
#include "srsd/forwarding/candidates.h"
#include "srsd/srs/srs_domains.h"

/* Domains that are listed; a site may have any number of them. */
#define DOMAINS_MAX 200

/* Checks that run at the same time. */
#define AT_ONCE 20

/* For all of them: a person is waiting. */
#define ALL_SECONDS 60

/* After which the process is killed. */
#define PROCESS_SECONDS (ALL_SECONDS + 30)

/* A candidate, and what was found. */
struct candidate_row {
	char name[HOSTNAME_MAX + 1];
	struct candidate_question *question;
	bool known;
	struct candidate_state state;
	char host[HOSTNAME_MAX + 1]; /* of the state */
};

struct candidates_check {
	struct check *check;
	struct offline *offline; /* in the confined process */
	struct candidates *candidates;
	struct candidate_row srs_domain; /* srs-domain, as if it were one */
	size_t n, more;                  /* rows, and the domains without one */
	struct candidate_row row[DOMAINS_MAX];
	bool late;
};

/* add_candidate_row - a domain that has a candidate, or none; false: go on */
static bool
add_candidate_row(void *arg, const char *entry)
{
	struct candidates_check *c = arg;
	const struct settings *settings = c->check->settings;
	struct text domain = { entry, strlen(entry) };
	char name[HOSTNAME_MAX + 1];

	if (strcasecmp(entry, c->srs_domain.name) == 0 ||
	    !srs_domains_candidate(settings, settings->per_domain, domain, name))
		return false;
	if (c->n == DOMAINS_MAX)
		c->more++;
	else
		strlcpy(c->row[c->n++].name, name, sizeof(name));
	return false;
}

/* keep_candidate_state - a candidates_done_fn */
static void
keep_candidate_state(void *arg, const struct candidate_state *state)
{
	struct candidate_row *row = arg;

	row->question = NULL;
	row->known = true;
	row->state = *state;
	strlcpy(row->host, state->host, sizeof(row->host));
	row->state.host = row->host;
}

static void
ask_candidate_row(struct candidates_check *c, struct candidate_row *row)
{
	struct candidate_question *question = candidates_ask(
	    c->candidates, c->offline->settings, row->name, keep_candidate_state, row);

	if (!row->known)
		row->question = question;
}

static size_t
count_questions(const struct candidates_check *c)
{
	size_t i, n = c->srs_domain.question != NULL;

	for (i = 0; i < c->n; i++)
		n += c->row[i].question != NULL;
	return n;
}

static void
on_candidates_timeout(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	*(bool *)arg = true;
}

/* ask_candidates - AT_ONCE at a time, until all are known or the time is over */
static void
ask_candidates(struct candidates_check *c)
{
	const struct timeval patience = { ALL_SECONDS, 0 };
	struct event *timer = evtimer_new(c->offline->base, on_candidates_timeout, &c->late);
	size_t next = 0;

	if (timer == NULL || evtimer_add(timer, &patience) == -1)
		c->late = true;
	if (!c->late)
		ask_candidate_row(c, &c->srs_domain);
	while (!c->late) {
		while (next < c->n && count_questions(c) < AT_ONCE)
			ask_candidate_row(c, &c->row[next++]);
		if (count_questions(c) == 0 || event_base_loop(c->offline->base, EVLOOP_ONCE) != 0)
			break;
	}
	if (timer != NULL)
		event_free(timer);
}

/* report_candidate - one that is not usable is not an error: srs-domain is used instead */
static void
report_candidate(struct candidates_check *c, const struct candidate_row *row)
{
	struct findings *findings = c->check->findings;
	bool by_reference = c->srs_domain.known && c->srs_domain.state.kind == CANDIDATE_USABLE;
	char text[CANDIDATE_TEXT_SIZE], remedy[CANDIDATE_REMEDY_SIZE];

	if (!row->known || row->state.kind == CANDIDATE_UNAVAILABLE) {
		findings_add(findings, FINDING_SKIPPED, "per-domain %s", row->name);
		findings_remedy(findings, "the DNS does not answer");
		return;
	}
	candidate_state_describe(&row->state, text, sizeof(text));
	candidate_state_remedy(
	    &row->state, c->check->settings, row->name, by_reference, remedy, sizeof(remedy));
	findings_add(findings, row->state.kind == CANDIDATE_USABLE ? FINDING_OK : FINDING_WARNING,
	    "per-domain %s: %s", row->name, text);
	if (remedy[0] != '\0')
		findings_remedy(findings, "%s", remedy);
}

static void
report_candidates(struct candidates_check *c)
{
	struct findings *findings = c->check->findings;
	size_t i;

	for (i = 0; i < c->n; i++)
		report_candidate(c, &c->row[i]);
	if (c->more == 0)
		return;
	findings_add(findings, FINDING_SKIPPED, "per-domain: %zu more domains", c->more);
	findings_remedy(findings,
	    "only %d are checked here; srsctl status lists those that have forwarded mail",
	    DOMAINS_MAX);
}

/* check_candidates_confined - runs without secrets; its findings are the reply */
static json_t *
check_candidates_confined(struct offline *offline, void *arg)
{
	struct spf_checker checker = { offline->base, offline->resolver, offline->inflight,
		&clock_system, NULL };
	struct candidates_check *c = arg;
	size_t i;

	srs_keys_free(&c->check->keys);
	c->check->findings = findings_new();
	c->offline = offline;
	c->candidates = candidates_new(&checker);
	ask_candidates(c);
	report_candidates(c);
	candidates_cancel(&c->srs_domain.question);
	for (i = 0; i < c->n; i++)
		candidates_cancel(&c->row[i].question);
	candidates_free(&c->candidates);
	return findings_json(c->check->findings);
}

static void
run_confined(struct candidates_check *c)
{
	char error[OFFLINE_ERROR_SIZE] = "the process that queries the DNS sent an invalid reply";
	json_t *reply = offline_run(c->check->settings, check_candidates_confined, c,
	    ctl_timeout(c->check->ctl, PROCESS_SECONDS), error);

	if (reply == NULL || !findings_take(c->check->findings, reply)) {
		findings_add(c->check->findings, FINDING_ERROR, "per-domain: %s", error);
		findings_remedy(c->check->findings, "check nameservers, dnssec and trust-anchor");
	}
	json_decref(reply);
}

void
check_candidates(struct check *check)
{
	const struct settings *settings = check->settings;
	struct candidates_check *c;

	if (strcmp(settings->per_domain, "off") == 0)
		return;
	c = xcalloc(1, sizeof(*c));
	c->check = check;
	idna_to_ascii(c->srs_domain.name, settings->srs_domain, strlen(settings->srs_domain));
	domainset_find(settings->own_domains, add_candidate_row, c);
	if (c->n == 0) {
		findings_add(check->findings, FINDING_WARNING,
		    "per-domain is set, and domains lists no domain by its name");
		findings_remedy(check->findings,
		    "list each forwarding domain in domains or domains-file: a name with a "
		    "leading dot does not count");
	} else {
		run_confined(c);
	}
	free(c);
}
