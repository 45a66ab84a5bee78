/* SPDX-License-Identifier: ISC */
/*
 * spf_ask - the DNS queries of an evaluation, and the names that it derives from requests and
 * answers: macros, the reverse name of the client, its validated name. Both evaluators use it.
 *
 * A missing answer makes the pass pending. The result of a pending pass is discarded, but the pass
 * continues, to find the other queries that it will most likely need. They are then sent together,
 * instead of one after the other. Pure.
 */
#ifndef SPF_SPF_ASK_H
#define SPF_SPF_ASK_H

#include <stdbool.h>

#include "common/hostname.h"
#include "spf/spf_answers.h"
#include "spf/spf_macro.h"
#include "spf/spf_verdict.h"

/* One pass. The request and the answers are the caller's. */
struct spf_ask {
	const struct spf_request *req;
	struct spf_answers *answers;
	bool pending;
	bool saturated;             /* an answer so far is a DNS_SATURATED error */
	bool varies;                /* a name so far has the local part or the HELO name in it */
	enum dns_security security; /* the weakest of the answers so far */
};

enum spf_asked {
	SPF_ASKED_NO,
	SPF_ASKED_YES,
	SPF_ASKED_PENDING, /* an answer is missing */
};

void spf_ask_init(struct spf_ask *ask, const struct spf_request *req, struct spf_answers *answers);

/*
 * Returns the answer to a query, which the table owns; NULL while it is missing. The name fulfils
 * spf_answers_is_name. A query beyond SPF_ANSWERS_MAX, which RFC 7208's limits never allow, gets an
 * error.
 */
struct dns_answer *spf_ask(struct spf_ask *ask, const char *name, enum dns_type type);

/*
 * The same for a query about the names of the client. The owner of the client answers it, and not
 * the evaluated domain. After spf_answers_end_client a missing answer is an error.
 */
struct dns_answer *spf_ask_client(struct spf_ask *ask, const char *name, enum dns_type type);

/* Returns DNS_A or DNS_AAAA, for the family of the client's address. */
enum dns_type spf_ask_address_type(const struct spf_ask *ask);

/* True if a record of the answer has the client's address, compared in its first prefix bits. */
bool spf_ask_holds_client(
    const struct spf_ask *ask, const struct dns_answer *answer, unsigned prefix);

/* Writes the client's name under in-addr.arpa or ip6.arpa. */
void spf_ask_reverse_name(const struct spf_request *req, char name[HOSTNAME_MAX + 1]);

/* The number of names of a PTR answer that are used (RFC 7208, 4.6.4). */
#define SPF_ASK_PTR_MAX 10

/*
 * Does a name of a PTR answer have the client's address? An error means no (RFC 7208, 5.5) and sets
 * *failed, which may be NULL, to true.
 */
enum spf_asked spf_ask_leads_back(struct spf_ask *ask, const struct dns_rr *rr, bool *failed);

/* A condition on the names of a PTR answer. */
struct spf_ask_names {
	bool (*counts)(const struct dns_rr *rr, const void *arg);
	const void *arg;
	bool failed; /* set if the lookup of a name that counts failed */
};

/*
 * Does one of the first ten names of a PTR answer count and lead back to the client? One such name
 * decides, even if answers for other names are missing or errors.
 */
enum spf_asked spf_ask_any_leads_back(
    struct spf_ask *ask, const struct dns_answer *ptr, struct spf_ask_names *names);

/*
 * Returns the best validated name of the client, for %{p}: the domain itself, else a name below it,
 * else any other (RFC 7208, 7.3); of several the smallest. It returns "unknown" if the client has
 * no validated name, and NULL while answers are missing. The table owns the name.
 */
const char *spf_ask_validated_name(struct spf_ask *ask, const char *domain);

/* Sets the values of the macros for the current domain; validated is left NULL. */
void spf_ask_macro_values(
    const struct spf_ask *ask, const char *domain, struct spf_macro_values *values);

/*
 * Expands a domain-spec to a name; an empty one means the current domain. Returns SPF_ASKED_NO if
 * the spec uses a local part that is not ASCII, which never matches (RFC 8616, 4). The name is set
 * for SPF_ASKED_YES only, and may be impossible to query.
 */
enum spf_asked spf_ask_target(
    struct spf_ask *ask, struct text spec, const char *domain, char name[HOSTNAME_MAX + 1]);

#endif
