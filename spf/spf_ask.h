/* SPDX-License-Identifier: ISC */
/*
 * spf_ask - what an evaluation asks the DNS, and the names that it makes of requests and answers:
 * macros, the client's reverse name, its validated name. Both engines ask through it.
 *
 * An answer that is missing makes the pass a pending one: what it finds out from there on is
 * thrown away, but it goes on, to find the other questions that will most likely be needed. They
 * go out together then, instead of one after the other.
 */
#ifndef SPF_SPF_ASK_H
#define SPF_SPF_ASK_H

#include <stdbool.h>

#include "common/hostname.h"
#include "spf/spf_answers.h"
#include "spf/spf_macro.h"
#include "spf/spf_verdict.h"

/* One pass. */
struct spf_ask {
	const struct spf_request *req;
	struct spf_answers *answers;
	bool pending;
	bool saturated;             /* an answer so far is an error that our own bounds have made */
	enum dns_security security; /* the weakest of the answers so far */
};

enum spf_asked {
	SPF_ASKED_NO,
	SPF_ASKED_YES,
	SPF_ASKED_PENDING, /* an answer is missing */
};

void spf_ask_init(struct spf_ask *, const struct spf_request *, struct spf_answers *);

/*
 * What the DNS says to a question, in the table's keeping; NULL while that is still to come. More
 * questions than the limits of RFC 7208 can lead to are answered with an error.
 */
struct dns_answer *spf_ask(struct spf_ask *, const char *name, enum dns_type);

/*
 * The same for a question about the names of the client. Its owner answers these, not the domain
 * that is evaluated: once their time is up (spf_answers_end_client), silence is an error.
 */
struct dns_answer *spf_ask_client(struct spf_ask *, const char *name, enum dns_type);

/* A or AAAA, as the client has it. */
enum dns_type spf_ask_address_type(const struct spf_ask *);

/* True when the answer holds the client's address, compared in its first prefix bits. */
bool spf_ask_holds_client(const struct spf_ask *, const struct dns_answer *, unsigned prefix);

/* The client's name under in-addr.arpa or ip6.arpa. */
void spf_ask_reverse_name(const struct spf_request *, char name[HOSTNAME_MAX + 1]);

/* 4.6.4: names of one PTR answer that are looked at. */
#define SPF_ASK_PTR_MAX 10

/*
 * Is the client's address among those of a name of the PTR answer? An error means no (5.5);
 * *failed, which may be NULL, becomes true then.
 */
enum spf_asked spf_ask_leads_back(struct spf_ask *, const struct dns_rr *, bool *failed);

/* What is asked of the names of a PTR answer. */
struct spf_ask_names {
	bool (*counts)(const struct dns_rr *, const void *arg);
	const void *arg;
	bool failed; /* set when a name that counts could not be looked up */
};

/*
 * Does one of the first ten names of a PTR answer count and lead back to the client? One that does
 * is enough, whatever is missing or wrong with the others.
 */
enum spf_asked spf_ask_any_leads_back(
    struct spf_ask *, const struct dns_answer *ptr, struct spf_ask_names *);

/*
 * The best validated name of the client, for %{p}: the domain itself, a name below it, any other
 * (7.3), and the smallest of its kind; "unknown" when there is none. NULL while answers are
 * missing.
 */
const char *spf_ask_validated_name(struct spf_ask *, const char *domain);

/* What the macros stand for when domain is the current one; validated is the caller's to set. */
void spf_ask_macro_values(const struct spf_ask *, const char *domain, struct spf_macro_values *);

/*
 * The name that a domain-spec stands for; an empty one: the current domain. NO: it uses a local
 * part that is not ASCII, which never matches (RFC 8616, 4).
 */
enum spf_asked spf_ask_target(
    struct spf_ask *, struct text spec, const char *domain, char name[HOSTNAME_MAX + 1]);

#endif
