/* SPDX-License-Identifier: ISC */
/*
 * spf_check - drives the evaluation of one message: HELO and MAIL FROM side by side, then perhaps
 * the allow-lists, with one deadline for all.
 *
 * An engine is called, what it lacks is asked for, each answer that comes calls it again, until
 * the verdicts are there or the time is up: then the answers that are missing are errors, and it is
 * called once more. What the bounds of spf_inflight cut off is a temperror with saturated set,
 * which is no verdict.
 */
#ifndef SPF_SPF_CHECK_H
#define SPF_SPF_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include "conf/settings.h"
#include "spf/dns/resolver.h"
#include "spf/spf_inflight.h"
#include "spf/spf_trace.h"
#include "spf/spf_verdict.h"

struct clock;
struct event_base;
struct spf_check;

/* What all checks share; outlives them. */
struct spf_checker {
	struct event_base *base;
	struct resolver *resolver;
	struct spf_inflight *inflight;
	const struct clock *clock;
};

struct spf_check_request {
	struct ipaddr ip;          /* that is evaluated */
	struct ipaddr client;      /* whose bounds count; family 0: ip */
	struct text helo;          /* as the client said it */
	struct text sender_local;  /* empty for the null sender */
	struct text sender_domain; /* may hold U-labels */
	bool check_helo;
	bool check_mailfrom;
	enum spf_evaluator evaluator;
	bool trace; /* note how it goes, for spf_check_trace */
	time_t now;
};

/*
 * Starts a check. The request's texts are copied; of the settings it keeps a reference.
 * wake is called from the loop, at most once, when the check gets done after this has returned. The
 * checker's inflight has to live as long as its resolver, which may finish with questions later.
 */
struct spf_check *spf_check_start(const struct spf_checker *, struct settings *,
    const struct spf_check_request *, void (*wake)(void *arg), void *arg);

/* True when the verdicts are there, perhaps right after the start. */
bool spf_check_is_done(const struct spf_check *);

/* Valid once it is done, until spf_check_free. */
const struct spf_verdicts *spf_check_verdicts(const struct spf_check *);

/*
 * Goes on with a check that is done: does an allow-list hold the client? Its answer is in the
 * verdicts when the check is done again, perhaps at once; else wake is called once more. What is
 * not found out before the deadline is unknown.
 */
void spf_check_allow(struct spf_check *);

/* True when the evaluation of an identity asked the DNS for more than a cache held. */
bool spf_check_used_network(const struct spf_check *check, enum spf_identity identity);

/* How the evaluation of an identity went, and how long it took; NULL when it was not traced. */
const struct spf_trace *spf_check_trace(const struct spf_check *, enum spf_identity);
uint64_t spf_check_ms(const struct spf_check *, enum spf_identity);

/* The domain that was looked up for an identity: in A-labels, or empty. */
const char *spf_check_domain(const struct spf_check *, enum spf_identity);

/* Questions that were put to the DNS (its cache included). */
size_t spf_check_questions(const struct spf_check *);

/* Ends a check, done or not: cancels its questions and sets the pointer to NULL. */
void spf_check_free(struct spf_check **);

#endif
