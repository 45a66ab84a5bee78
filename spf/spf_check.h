/* SPDX-License-Identifier: ISC */
/*
 * spf_check - drives the evaluation of one message: HELO and MAIL FROM in parallel, then the
 * allow-lists if they are needed, with one deadline for all. A caller may add an evaluation of its
 * own.
 *
 * The evaluator is called, and the answers that it lacks are queried. Each new answer calls it
 * again, until the verdicts are known or the time has expired. Missing answers are errors then, and
 * it is called once more. An evaluation that is ended by the bounds of spf_inflight gets a
 * temperror with saturated set.
 */
#ifndef SPF_SPF_CHECK_H
#define SPF_SPF_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include "conf/settings.h"
#include "spf/dns/resolver.h"
#include "spf/spf_inflight.h"
#include "spf/spf_memory.h"
#include "spf/spf_trace.h"
#include "spf/spf_verdict.h"

struct clock;
struct event_base;
struct spf_check;

/* The environment of all checks, which outlives them. The resolver may change between queries. */
struct spf_checker {
	struct event_base *base;
	struct resolver *resolver;
	struct spf_inflight *inflight;
	const struct clock *clock;
	struct spf_memory *memory; /* or NULL; forgotten when the resolver or the settings change */
};

struct spf_check_request {
	struct ipaddr ip;          /* the address to evaluate */
	struct ipaddr client;      /* the address to charge queries to; family 0: ip */
	struct text helo;          /* as the client sent it */
	struct text sender_local;  /* empty for the null sender */
	struct text sender_domain; /* may hold U-labels */
	bool check_helo;
	bool check_mailfrom;
	/* The verdicts of an earlier check, for the identities that are not checked; or NULL. Copied. */
	const struct spf_verdicts *known;
	enum spf_evaluator evaluator;
	/*
	 * The TXT record to use instead of those that the DNS has for the sender's domain, or for the
	 * HELO name if the sender is not evaluated. s is NULL: use those of the DNS.
	 */
	struct text record;
	/*
	 * Use the verdicts of earlier checks that the memory of the checker has, and add to it. All that
	 * the check reports is as if it had found all answers in the DNS cache. With libspf2, a trace,
	 * a record or rfc_limits, everything is evaluated all the same.
	 */
	bool remember;
	bool trace;      /* record the steps, for spf_check_trace */
	bool rfc_limits; /* those of RFC 7208, whatever lookup-limit and void-limit say */
	time_t now;      /* for %{t} */
	/*
	 * One more evaluation in parallel, with a table of answers of its own; NULL: none. It
	 * returns true when it needs no more answers, else it adds those that it lacks, as an
	 * evaluator does (spf_verdict.h). At the deadline missing answers are errors. It is not
	 * called again if our own bounds end it.
	 */
	bool (*further)(void *arg, struct spf_answers *answers);
	void *further_arg;
};

/*
 * Starts a check. The texts of the request are copied; the settings get one more reference. wake is
 * called from the event loop, once, when the check is done; it is not called if the check is done
 * when this returns. The inflight of the checker must live as long as its resolver, which may
 * finish with the queries of a check after the check was freed.
 */
struct spf_check *spf_check_start(const struct spf_checker *checker, struct settings *settings,
    const struct spf_check_request *req, void (*wake)(void *arg), void *arg);

/* True if the verdicts are known. */
bool spf_check_is_done(const struct spf_check *check);

/* Returns the verdicts of a check that is done; the check owns them. */
const struct spf_verdicts *spf_check_verdicts(const struct spf_check *check);

/*
 * Looks the client up in the allow-lists, for a check that is done. The result is in the verdicts
 * when the check is done again. If that is not the case when this returns, wake is called once
 * more. A list without a result at the deadline is unknown. lists: the options with the lists, from
 * the settings of the start; a check looks up one set of lists.
 */
void spf_check_allow(struct spf_check *check, const struct spf_settings *lists);

/* True if the check evaluates an identity, and does not know its verdict from an earlier one. */
bool spf_check_evaluates(const struct spf_check *check, enum spf_identity identity);

/* True if the evaluation of an identity needed an answer that the cache did not have. */
bool spf_check_used_network(const struct spf_check *check, enum spf_identity identity);

/* Returns the steps of the evaluation of an identity; NULL if it was not traced. */
const struct spf_trace *spf_check_trace(const struct spf_check *check, enum spf_identity identity);

/* Returns the milliseconds from the start of the check to the verdict on an identity. */
uint64_t spf_check_ms(const struct spf_check *check, enum spf_identity identity);

/* Returns the limits of the evaluation of an identity that was checked. */
struct spf_cost spf_check_limits(const struct spf_check *check, enum spf_identity identity);

/* Returns the domain that was evaluated for an identity, in A-labels; "" if it was impossible. */
const char *spf_check_domain(const struct spf_check *check, enum spf_identity identity);

/* Returns the number of DNS queries, including those that the cache answered. */
size_t spf_check_questions(const struct spf_check *check);

/*
 * Returns the time at which the first of the answers expires that led to the verdicts, in seconds
 * of the checker's clock; 0 if one of them may not be kept, and UINT64_MAX if no answer was needed.
 */
uint64_t spf_check_expires(const struct spf_check *check);

/* Ends a check, done or not, and cancels its queries. Sets the pointer to NULL; it may be NULL. */
void spf_check_free(struct spf_check **checkp);

#endif
