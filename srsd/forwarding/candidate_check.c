/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/xmalloc.h"
#include "srsd/forwarding/candidate_check.h"
#include "srsd/forwarding/way_back.h"

struct candidate_check {
	const struct spf_checker *checker;
	struct settings *settings; /* those of the start, even after a reload */
	void (*wake)(void *arg);
	void *wake_arg;
	struct spf_check *spf; /* of the current address */
	size_t next;           /* the number of the address after it */
	struct ipaddr address;
	bool first; /* no address was evaluated yet; the way back is evaluated with the first */
	bool done;
	uint64_t expires;
	struct way_back way_back;
	struct candidate_state state;
	char domain[];
};

static bool
evaluate_way_back(void *arg, struct spf_answers *answers)
{
	struct candidate_check *check = arg;

	return way_back_eval(check->settings, check->domain, answers, &check->way_back);
}

/* choose_next_address - false after the last */
static bool
choose_next_address(struct candidate_check *check)
{
	const struct text_list *list = &check->settings->outbound_addresses;
	const char *text;

	while (check->next < list->n) {
		text = list->text[check->next++];
		if (ipaddr_parse(&check->address, text, strlen(text)))
			return true;
	}
	return false;
}

static enum candidate_kind
map_way_back(enum way_back_kind kind)
{
	switch (kind) {
	case WAY_BACK_OURS:
		return CANDIDATE_USABLE;
	case WAY_BACK_ELSEWHERE:
		return CANDIDATE_MX_ELSEWHERE;
	case WAY_BACK_NULL_MX:
		return CANDIDATE_NULL_MX;
	case WAY_BACK_NONE:
		return CANDIDATE_NO_MX;
	default:
		return CANDIDATE_UNAVAILABLE;
	}
}

/* judge_spf - of one address */
static enum candidate_kind
judge_spf(const struct spf_verdict *verdict)
{
	if (verdict->result == SPF_TEMPERROR)
		return CANDIDATE_UNAVAILABLE;
	if (verdict->result != SPF_PASS)
		return CANDIDATE_SPF;
	return verdict->varies ? CANDIDATE_SPF_VARIES : CANDIDATE_USABLE;
}

/*
 * choose_kind - of SPF and the way back
 *
 * A reason that lasts precedes one that is temporary, and SPF precedes the way back.
 */
static enum candidate_kind
choose_kind(enum candidate_kind spf, enum candidate_kind way_back)
{
	if (spf == CANDIDATE_USABLE)
		return way_back;
	if (spf == CANDIDATE_UNAVAILABLE && way_back != CANDIDATE_USABLE)
		return way_back;
	return spf;
}

/* conclude_candidate - spf is that of all addresses, or of the first without a pass */
static void
conclude_candidate(struct candidate_check *check, enum candidate_kind spf)
{
	struct candidate_state *state = &check->state;

	state->kind = choose_kind(spf, map_way_back(check->way_back.kind));
	state->checked = clock_wall(check->checker->clock);
	if (state->kind == CANDIDATE_SPF || state->kind == CANDIDATE_SPF_VARIES)
		state->address = check->address;
	state->host = state->kind == CANDIDATE_MX_ELSEWHERE ? check->way_back.host : "";
	if (state->kind == CANDIDATE_UNAVAILABLE)
		check->expires = 0;
	check->done = true;
}

/* take_verdict - of the current address */
static void
take_verdict(struct candidate_check *check)
{
	const struct spf_verdict *verdict = &spf_check_verdicts(check->spf)->mailfrom;
	enum candidate_kind kind = judge_spf(verdict);
	uint64_t expires = spf_check_expires(check->spf);

	if (expires < check->expires)
		check->expires = expires;
	check->state.result = verdict->result;
	spf_check_free(&check->spf);
	if (kind != CANDIDATE_USABLE)
		conclude_candidate(check, kind);
}

static void on_verdict(void *arg);

static void
start_address(struct candidate_check *check)
{
	struct spf_check_request req = {
		.ip = check->address,
		.helo = { check->domain, strlen(check->domain) },
		.sender_local = { "", 0 }, /* postmaster */
		.sender_domain = { check->domain, strlen(check->domain) },
		.check_mailfrom = true,
		.evaluator = SPF_EVALUATOR_NATIVE,
		.rfc_limits = true,
		.now = clock_wall(check->checker->clock),
		.further = check->first ? evaluate_way_back : NULL,
		.further_arg = check,
	};

	check->first = false;
	check->spf = spf_check_start(check->checker, check->settings, &req, on_verdict, check);
}

/* check_addresses - until the check is done, or the current address waits for the DNS */
static void
check_addresses(struct candidate_check *check)
{
	while (!check->done && choose_next_address(check)) {
		start_address(check);
		if (!spf_check_is_done(check->spf))
			return;
		take_verdict(check);
	}
	if (!check->done)
		conclude_candidate(check, check->first ? CANDIDATE_NO_ADDRESSES : CANDIDATE_USABLE);
}

/* on_verdict - of an address that has waited for the DNS */
static void
on_verdict(void *arg)
{
	struct candidate_check *check = arg;

	take_verdict(check);
	check_addresses(check);
	if (check->done)
		check->wake(check->wake_arg);
}

struct candidate_check *
candidate_check_start(const struct spf_checker *checker, struct settings *settings,
    const char *domain, void (*wake)(void *arg), void *arg)
{
	size_t size = strlen(domain) + 1;
	struct candidate_check *check = xcalloc(1, sizeof(*check) + size);

	check->checker = checker;
	check->settings = settings_ref(settings);
	check->wake = wake;
	check->wake_arg = arg;
	check->first = true;
	check->expires = UINT64_MAX;
	/* If our own bounds end its evaluation, it stays so. */
	check->way_back.kind = WAY_BACK_UNAVAILABLE;
	check->state.host = "";
	memcpy(check->domain, domain, size);
	check_addresses(check);
	return check;
}

bool
candidate_check_is_done(const struct candidate_check *check)
{
	return check->done;
}

const struct candidate_state *
candidate_check_state(const struct candidate_check *check)
{
	return &check->state;
}

uint64_t
candidate_check_expires(const struct candidate_check *check)
{
	return check->expires;
}

void
candidate_check_free(struct candidate_check **checkp)
{
	struct candidate_check *check = *checkp;

	if (check == NULL)
		return;
	spf_check_free(&check->spf);
	settings_free(&check->settings);
	free(check);
	*checkp = NULL;
}
