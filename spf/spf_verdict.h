/* SPDX-License-Identifier: ISC */
/*
 * spf_verdict - what an SPF engine is asked, and what it answers.
 *
 * An engine is a pure function of a request and a table of DNS answers:
 *
 *	bool engine(const struct spf_request *, struct spf_answers *, struct spf_verdict *);
 *
 * It either reaches a verdict and says true, or leaves the questions it lacks answers for in the
 * table, as wanted, and says false. The caller has them answered and calls again: the evaluation
 * starts anew from the first term, so that nothing is half-finished between two calls.
 */
#ifndef SPF_SPF_VERDICT_H
#define SPF_SPF_VERDICT_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "common/ipaddr.h"
#include "spf/dns/dns_answer.h"
#include "spf/spf_macro.h"

struct spf_trace;

enum spf_result {
	SPF_NONE,
	SPF_NEUTRAL,
	SPF_PASS,
	SPF_FAIL,
	SPF_SOFTFAIL,
	SPF_TEMPERROR,
	SPF_PERMERROR,
};

#define SPF_RESULTS 7

/* "none", "permerror", ... (RFC 8601, 2.7.2) */
const char *spf_result_name(enum spf_result result);

/* The identity that a check was about (RFC 7208, 2.3 and 2.4). */
enum spf_identity {
	SPF_IDENTITY_HELO,
	SPF_IDENTITY_MAILFROM,
};

#define SPF_IDENTITIES 2

/* "helo" or "mailfrom" (RFC 8601, 2.7.2). */
const char *spf_identity_name(enum spf_identity identity);

struct spf_request {
	struct ipaddr ip;
	struct text local;  /* of the sender; empty: postmaster (4.3) */
	struct text domain; /* of the sender, or the HELO name; A-labels */
	struct text helo;
	const char *receiver; /* our name, for %{r} */
	time_t now;           /* for %{t} */
	unsigned lookup_limit;
	unsigned void_limit;
	bool explain;            /* fetch the explanation of a fail */
	struct spf_trace *trace; /* notes how it went; NULL: nobody wants to know */
};

#define SPF_MECHANISM_SIZE 128

struct spf_verdict {
	enum spf_result result;
	/* The term that decided, printable and cut: "-all", "include:x.org"; "default" when none
	 * matched; "" without a record. */
	char mechanism[SPF_MECHANISM_SIZE];
	const char *problem; /* of temperror and permerror, static; else "" */
	unsigned lookups;    /* terms that caused lookups */
	unsigned voids;
	enum dns_security security; /* the weakest of the answers that it rests on */
	bool saturated;             /* temperror for no fault of the domain: see below */
	bool no_mail;               /* the record of the domain is just "v=spf1 -all" */
	bool differs;               /* libspf2 was asked, and they do not agree: */
	enum spf_result native, libspf2;
	char explanation[SPF_EXPLANATION_MAX + 1]; /* printable ASCII, or ""; the last member */
};

/* None, insecure, and nothing more to say. */
void spf_verdict_init(struct spf_verdict *);

/*
 * Makes it a temperror that our own bounds have caused: the DNS was not asked, or not long enough.
 * Nothing is known of the domain then: no such verdict lets a mail in, and none is kept.
 */
void spf_verdict_saturate(struct spf_verdict *);

/* The verdicts on one message. */
struct spf_verdicts {
	bool has_helo, has_mailfrom; /* which ones were asked for */
	struct spf_verdict helo, mailfrom;
	/* The list that spares the client a refusal, a static word; NULL: none does. Looked up only
	 * when there is something to spare. */
	bool has_allowed;
	const char *allowed;
	bool allowed_unknown; /* no list does, but one could not be asked at the moment */
};

/* False when one of the verdicts is none of the DNS but of our own bounds, or an allow-list could
 * not be asked: the next recipient may get another answer. */
bool spf_verdicts_are_final(const struct spf_verdicts *);

/* What is made for every request is not cleared and copied to the last byte of an empty text. */
void spf_verdicts_init(struct spf_verdicts *);
void spf_verdicts_copy(struct spf_verdicts *to, const struct spf_verdicts *from);

/*
 * The domain of a request, without a final dot. False when there is nothing to check about it, a
 * literal or a single label: then the result is none, without a question (4.3).
 */
bool spf_request_domain(const struct spf_request *, char domain[HOSTNAME_MAX + 1]);

#endif
