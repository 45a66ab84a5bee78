/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <string.h>

#include "common/printable.h"
#include "srsd/service/gate_steps.h"

void
gate_steps_add(struct gate_steps *steps, struct gate_step step)
{
	if (steps != NULL && steps->n < GATE_STEP_KINDS)
		steps->step[steps->n++] = step;
}

static void
describe_exemption(
    char *text, const struct gate_step *step, const struct gate_steps_subject *subject)
{
	(void)subject;
	if (!step->applies)
		strlcpy(text, "the client is not in skip-addresses", GATE_STEPS_TEXT_SIZE);
	else if (strcmp(step->word, "skip-addresses") == 0)
		strlcpy(text, "the client is in skip-addresses, and its mail is not checked",
		    GATE_STEPS_TEXT_SIZE);
	else
		snprintf(text, GATE_STEPS_TEXT_SIZE, "the request is exempt: %s", step->word);
}

/* describe_recipient_fact - what the recipient is, without a verdict on it */
static const char *
describe_recipient_fact(const struct gate_query *q)
{
	switch (q->srs.recipient) {
	case SRS_FACT_FOREIGN:
		return "the recipient is not an SRS address of ours";
	case SRS_FACT_VALID:
		return q->null_sender ? "a bounce to a valid SRS address of ours"
				      : "mail with a sender to a valid SRS address of ours";
	case SRS_FACT_EXPIRED:
		return "the recipient is an SRS address of ours that has expired";
	case SRS_FACT_FORGED:
		return "the recipient looks like an SRS address of ours, but has a bad hash or is "
		       "malformed";
	default:
		return "the hash of an SRS address cannot be verified, because libcrypto failed";
	}
}

/* describe_limit - the number that a limit is about, or "" */
static void
describe_limit(
    char *text, size_t size, enum gate_refusal refusal, const struct gate_steps_subject *subject)
{
	text[0] = '\0';
	if (refusal == GATE_REFUSAL_GUESSING)
		snprintf(text, size,
		    "; the client is over srs-guess-limit with %u bad hashes within an hour, "
		    "not counting this one",
		    subject->guesses);
	else if (refusal == GATE_REFUSAL_OVERUSED)
		strlcpy(text, "; the address has reached srs-daily-limit", size);
}

/* describe_recipient_effect - what follows from the facts */
static const char *
describe_recipient_effect(const struct gate_step *step, const struct gate_steps_subject *subject)
{
	const struct gate_query *q = subject->query;

	if (step->refusal != GATE_REFUSAL_NONE)
		return step->applies ? "" : "; test-only holds the refusal back";
	if (step->applies)
		return ", which needs no SPF check";
	if (q->srs.recipient == SRS_FACT_VALID)
		return "; because of srs-nonnull = check, SPF decides";
	return q->srs.recipient == SRS_FACT_FOREIGN
		   ? ""
		   : "; because of srs-forged = check, SPF decides";
}

static void
describe_recipient(
    char *text, const struct gate_step *step, const struct gate_steps_subject *subject)
{
	char limit[160];

	describe_limit(limit, sizeof(limit), step->refusal, subject);
	snprintf(text, GATE_STEPS_TEXT_SIZE, "%s%s%s", describe_recipient_fact(subject->query),
	    limit, describe_recipient_effect(step, subject));
}

static void
describe_whitelist(
    char *text, const struct gate_step *step, const struct gate_steps_subject *subject)
{
	(void)subject;
	strlcpy(text,
	    step->applies ? "the client is in whitelist" : "the client is not in whitelist",
	    GATE_STEPS_TEXT_SIZE);
}

static void
describe_no_check(
    char *text, const struct gate_step *step, const struct gate_steps_subject *subject)
{
	(void)subject;
	strlcpy(text,
	    step->applies
		? "the options require no evaluation: neither the HELO name nor MAIL FROM "
		  "can cause a refusal"
		: "the options require an evaluation",
	    GATE_STEPS_TEXT_SIZE);
}

static void
describe_skipped_sender(
    char *text, const struct gate_step *step, const struct gate_steps_subject *subject)
{
	const char *words;

	if (step->applies)
		words = "the sender is a valid SRS address of ours, and is not evaluated because "
			"of srs-sender = skip";
	else if (subject->query->srs.sender == SRS_FACT_FOREIGN)
		words = "the sender is not an SRS address of ours";
	else if (subject->settings->spf.srs_sender != SRS_SENDER_SKIP)
		words = "srs-sender is not skip";
	else if (subject->query->srs.sender == SRS_FACT_VALID)
		words = "the sender is a valid SRS address of ours, but a limit is reached";
	else
		words = "the sender is not a valid SRS address";
	strlcpy(text, words, GATE_STEPS_TEXT_SIZE);
}

/* describe_result - "fail by -all", with the problem of an error */
static void
describe_result(char *text, size_t size, const struct spf_verdict *verdict)
{
	snprintf(text, size, "%s%s%s%s%s", spf_result_name(verdict->result),
	    verdict->mechanism[0] == '\0' ? "" : " by ", verdict->mechanism,
	    verdict->problem[0] == '\0' ? "" : ", ", verdict->problem);
}

/* name_verdict_option - the one that would refuse such a result; NULL: none can */
static const char *
name_verdict_option(const struct gate_query *q, bool helo, enum spf_result result)
{
	switch (result) {
	case SPF_NONE:
	case SPF_PASS:
		return NULL;
	case SPF_TEMPERROR:
		return "temperror-defer";
	case SPF_PERMERROR:
		return "permerror-reject";
	default:
		break;
	}
	if (!helo)
		return "mail-from-reject";
	return q->null_sender && q->spf->null_sender_reject != SPF_REJECT_AS_HELO
		   ? "null-sender-reject"
		   : "helo-reject";
}

static void
describe_accepted_verdict(char *text, const char *name, const char *result, const char *option)
{
	if (option == NULL)
		snprintf(
		    text, GATE_STEPS_TEXT_SIZE, "%s: %s, which is never refused", name, result);
	else
		snprintf(text, GATE_STEPS_TEXT_SIZE, "%s: %s, which %s does not refuse", name,
		    result, option);
}

static void
describe_verdict_step(
    char *text, const struct gate_step *step, const struct gate_steps_subject *subject)
{
	bool helo = step->kind == GATE_STEP_HELO;
	const struct gate_query *q = subject->query;
	const struct spf_verdict *verdict =
	    helo ? &subject->verdicts->helo : &subject->verdicts->mailfrom;
	struct text name = helo ? q->helo : q->sender_domain;
	char shown[PRINTABLE_SIZE], result[SPF_MECHANISM_SIZE + SPF_PROBLEM_SIZE + 16];

	printable(shown, sizeof(shown), name.s, name.len);
	if (name.len == 0)
		strlcpy(shown, helo ? "no HELO name" : "no domain", sizeof(shown));
	describe_result(result, sizeof(result), verdict);
	if (step->applies)
		snprintf(text, GATE_STEPS_TEXT_SIZE, "%s: %s, to be answered with %s", shown,
		    result, gate_refusal_code(step->refusal));
	else
		describe_accepted_verdict(
		    text, shown, result, name_verdict_option(q, helo, verdict->result));
}

static void
describe_spared(char *text, const struct gate_step *step, const struct gate_steps_subject *subject)
{
	if (!step->applies)
		strlcpy(text,
		    gate_guards_nat(subject->query, subject->settings)
			? "the client is in no allow-list, and nat-guard does not apply to a check "
			  "that was cut off"
			: "neither nat-guard, srs-sender nor an allow-list exempts the client",
		    GATE_STEPS_TEXT_SIZE);
	else if (strcmp(step->word, "nat-guard") == 0)
		strlcpy(text,
		    "nat-guard: the client has a private address, which may hide the real one",
		    GATE_STEPS_TEXT_SIZE);
	else if (strcmp(step->word, "srs-sender") == 0)
		strlcpy(
		    text, "srs-sender: the sender is an SRS address of ours", GATE_STEPS_TEXT_SIZE);
	else
		snprintf(text, GATE_STEPS_TEXT_SIZE, "the client is in %s", step->word);
}

static void
describe_sender_limit(
    char *text, const struct gate_step *step, const struct gate_steps_subject *subject)
{
	const char *words = "the sender has reached no limit";

	(void)subject;
	if (step->refusal == GATE_REFUSAL_GUESSING)
		words = "the sender is an SRS address, and the client is over srs-guess-limit: the "
			"mail is deferred";
	else if (step->applies)
		words = "the sender is an SRS address that came from too many networks today "
			"(srs-daily-limit): the mail is deferred";
	strlcpy(text, words, GATE_STEPS_TEXT_SIZE);
}

static void
describe_allow_list(
    char *text, const struct gate_step *step, const struct gate_steps_subject *subject)
{
	(void)subject;
	strlcpy(text,
	    step->applies ? "the DNS has no answer for an allow-list: the mail is deferred"
			  : "all allow-lists were looked up",
	    GATE_STEPS_TEXT_SIZE);
}

static void
describe_class(char *text, const struct gate_step *step, const struct gate_steps_subject *subject)
{
	(void)subject;
	if (step->applies)
		snprintf(text, GATE_STEPS_TEXT_SIZE,
		    "mail that passes gets the restriction class %s", step->word);
	else if (step->word[0] != '\0')
		snprintf(text, GATE_STEPS_TEXT_SIZE,
		    "test-only holds back the restriction class %s", step->word);
	else
		strlcpy(text, "no restriction class is set for this result", GATE_STEPS_TEXT_SIZE);
}

static void
describe_test_only(
    char *text, const struct gate_step *step, const struct gate_steps_subject *subject)
{
	(void)subject;
	if (step->applies)
		snprintf(text, GATE_STEPS_TEXT_SIZE, "without test-only the answer would be %s",
		    gate_refusal_code(step->refusal));
	else
		strlcpy(text, "there is no refusal to hold back", GATE_STEPS_TEXT_SIZE);
}

static const struct {
	const char *name;
	void (*describe)(char *text, const struct gate_step *, const struct gate_steps_subject *);
} kinds[GATE_STEP_KINDS] = {
	[GATE_STEP_EXEMPT] = { "skip-addresses", describe_exemption },
	[GATE_STEP_RECIPIENT] = { "srs-recipient", describe_recipient },
	[GATE_STEP_WHITELIST] = { "whitelist", describe_whitelist },
	[GATE_STEP_NO_CHECK] = { "no-check", describe_no_check },
	[GATE_STEP_SENDER_SKIPPED] = { "srs-sender", describe_skipped_sender },
	[GATE_STEP_HELO] = { "helo", describe_verdict_step },
	[GATE_STEP_MAILFROM] = { "mailfrom", describe_verdict_step },
	[GATE_STEP_SPARED] = { "spared", describe_spared },
	[GATE_STEP_SENDER_LIMIT] = { "sender-limit", describe_sender_limit },
	[GATE_STEP_ALLOW_LIST] = { "allow-list", describe_allow_list },
	[GATE_STEP_CLASS] = { "pass-restriction", describe_class },
	[GATE_STEP_TEST_ONLY] = { "test-only", describe_test_only },
};

const char *
gate_steps_name(enum gate_step_kind kind)
{
	return kinds[kind].name;
}

void
gate_steps_describe(char text[GATE_STEPS_TEXT_SIZE], const struct gate_step *step,
    const struct gate_steps_subject *subject)
{
	kinds[step->kind].describe(text, step, subject);
}
