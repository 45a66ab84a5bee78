/* SPDX-License-Identifier: ISC */
/*
 * spf_verdict - the request and the verdict of an SPF evaluator.
 *
 * An evaluator is a pure function of a request and a table of DNS answers:
 *
 *	bool evaluator(const struct spf_request *, struct spf_answers *, struct spf_verdict *);
 *
 * It returns true with a verdict, or adds the answers that it lacks to the table, as wanted, and
 * returns false. The caller gets these answers and calls it again. The evaluation then starts again
 * from the first term, so that it keeps no state between two calls. Pure.
 */
#ifndef SPF_SPF_VERDICT_H
#define SPF_SPF_VERDICT_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "common/hostname.h"
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

/* The identity that is checked (RFC 7208, 2.3 and 2.4). */
enum spf_identity {
	SPF_IDENTITY_HELO,
	SPF_IDENTITY_MAILFROM,
};

#define SPF_IDENTITIES 2

/* "helo" or "mailfrom" (RFC 8601, 2.7.2). */
const char *spf_identity_name(enum spf_identity identity);

struct spf_request {
	struct ipaddr ip;
	struct text local;    /* of the sender; empty: postmaster (4.3) */
	struct text domain;   /* of the sender, or the HELO name; A-labels */
	struct text helo;     /* for %{h} */
	const char *receiver; /* our own name, for %{r} */
	time_t now;           /* for %{t} */
	unsigned lookup_limit;
	unsigned void_limit;
	bool explain;            /* fetch the explanation of a fail */
	struct spf_trace *trace; /* records the steps; or NULL */
};

#define SPF_MECHANISM_SIZE 128

/* Has room for a few words and the longest name. */
#define SPF_PROBLEM_SIZE (HOSTNAME_MAX + 67)

struct spf_verdict {
	enum spf_result result;
	/*
	 * The term that decided, printable and cut: "-all", "include:x.org"; "default" if no term
	 * matched; "" without a record.
	 */
	char mechanism[SPF_MECHANISM_SIZE];
	unsigned lookups;           /* terms that query the DNS (RFC 7208, 4.6.4) */
	unsigned voids;             /* with a query that found nothing */
	enum dns_security security; /* the weakest of the answers that led to the result */
	bool saturated;             /* see spf_verdict_saturate */
	bool no_mail;               /* the record of the domain is exactly "v=spf1 -all" */
	/*
	 * A term that was evaluated uses %{s}, %{l} or %{h}: another local part or HELO name may
	 * get another result. Of the native evaluator.
	 */
	bool varies;
	bool explained; /* a fail whose explanation was looked up, perhaps without success */
	bool differs;   /* libspf2 ran, and its result is not the native one */
	enum spf_result native, libspf2;
	/*
	 * The reason of a temperror or permerror, printable ASCII without a '"'; else "". It names the
	 * domain or the query: "SERVFAIL for the TXT records of x.org".
	 */
	char problem[SPF_PROBLEM_SIZE];
	char explanation[SPF_EXPLANATION_MAX + 1]; /* printable ASCII, or ""; the last member */
};

/* Sets the result none, insecure, with empty texts. */
void spf_verdict_init(struct spf_verdict *verdict);

/*
 * Sets the problem to a text, followed by a blank and a name if that is not NULL. The name may have
 * any bytes, which are made printable.
 */
void spf_verdict_set_problem(struct spf_verdict *verdict, const char *text, const char *name);

/* Sets the problem to a DNS_ERROR and the query with that answer. */
void spf_verdict_set_dns_problem(struct spf_verdict *verdict, const struct dns_answer *answer,
    const char *name, enum dns_type type);

/*
 * Makes it a temperror that our own bounds have caused: a query was not sent, or ended too early.
 * Such a verdict says nothing about the domain, so it never accepts a mail and is never remembered.
 */
void spf_verdict_saturate(struct spf_verdict *verdict);

/* The verdicts on one message. */
struct spf_verdicts {
	bool has_helo, has_mailfrom; /* the identities that were checked */
	struct spf_verdict helo, mailfrom;
	/*
	 * The option of the allow-list that has the client, static; NULL: no list has it. Looked up
	 * only for mail that would be refused.
	 */
	bool has_allowed;
	bool allowed_in_section; /* the lists are those of a section, and not those of spf { } */
	const char *allowed;
	bool allowed_unknown; /* no list has it, but the lookup of one failed */
};

/*
 * False if our own bounds caused one of the verdicts, or if the lookup of an allow-list failed. The
 * next recipient of the same message may get another result then.
 */
bool spf_verdicts_are_final(const struct spf_verdicts *verdicts);

/*
 * Makes verdicts empty, and copies them. Both leave the unused bytes of the explanations alone,
 * because every request needs them.
 */
void spf_verdicts_init(struct spf_verdicts *verdicts);
void spf_verdicts_copy(struct spf_verdicts *to, const struct spf_verdicts *from);

/* Forgets the result of the allow-lists. */
void spf_verdicts_forget_allowed(struct spf_verdicts *verdicts);

/*
 * Writes the domain of a request without a final dot. Returns false for a literal, a single label
 * and a name that cannot be queried: the result is none then, without a query (RFC 7208, 4.3).
 */
bool spf_request_domain(const struct spf_request *req, char domain[HOSTNAME_MAX + 1]);

#endif
