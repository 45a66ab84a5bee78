/* SPDX-License-Identifier: ISC */
#include <string.h>
#include <strings.h>

#include "common/idna.h"
#include "spf/spf_allow.h"
#include "spf/spf_ask.h"
#include "spf/spf_eval.h"

bool
spf_allow_is_wanted(const struct spf_settings *spf)
{
	return spf->helo_whitelist.n + spf->domain_whitelist.n + spf->domain_whitelist_ptr.n > 0;
}

/* convert_entry - to A-labels; false if that is impossible */
static bool
convert_entry(char name[HOSTNAME_MAX + 1], const char *entry)
{
	return idna_to_ascii(name, entry, strlen(entry)) > 0;
}

static bool
is_listed(const struct text_list *list, const char *name)
{
	char entry[HOSTNAME_MAX + 1];
	size_t i;

	for (i = 0; i < list->n; i++)
		if (convert_entry(entry, list->text[i]) && strcasecmp(entry, name) == 0)
			return true;
	return false;
}

/* ask_helo_list - is the HELO name listed, and is the client's address one of its addresses? */
static enum spf_asked
ask_helo_list(const struct spf_settings *spf, const struct spf_request *req,
    struct spf_answers *answers, bool *failed)
{
	char name[HOSTNAME_MAX + 1];
	struct dns_rr helo = { .data = name, .len = req->helo.len };
	struct spf_ask ask;

	if (helo.len > HOSTNAME_MAX)
		return SPF_ASKED_NO;
	memcpy(name, req->helo.s, helo.len);
	name[helo.len] = '\0';
	if (!is_listed(&spf->helo_whitelist, name))
		return SPF_ASKED_NO;
	spf_ask_init(&ask, req, answers);
	return spf_ask_leads_back(&ask, &helo, failed);
}

static enum spf_asked
ask_listed_domain(
    const char *entry, const struct spf_request *req, struct spf_answers *answers, bool *failed)
{
	struct spf_request of_entry = *req;
	struct spf_verdict verdict;
	char name[HOSTNAME_MAX + 1];

	if (!convert_entry(name, entry))
		return SPF_ASKED_NO;
	of_entry.local.len = 0;
	of_entry.domain.s = name;
	of_entry.domain.len = strlen(name);
	of_entry.explain = false;
	of_entry.trace = NULL;
	if (!spf_eval(&of_entry, answers, &verdict))
		return SPF_ASKED_PENDING;
	if (verdict.result == SPF_TEMPERROR)
		*failed = true;
	return verdict.result == SPF_PASS ? SPF_ASKED_YES : SPF_ASKED_NO;
}

/* Domains that are evaluated in parallel. */
#define ASKED_TOGETHER 16

/*
 * ask_domain_list - several entries at a time, so that their queries are sent together
 *
 * Not all at a time, because the table has a limit: the entries that find room must not depend on
 * the order in which answers arrive.
 */
static enum spf_asked
ask_domain_list(const struct spf_settings *spf, const struct spf_request *req,
    struct spf_answers *answers, bool *failed)
{
	unsigned pending = 0;
	size_t i;

	for (i = 0; i < spf->domain_whitelist.n && pending < ASKED_TOGETHER; i++) {
		switch (ask_listed_domain(spf->domain_whitelist.text[i], req, answers, failed)) {
		case SPF_ASKED_YES:
			return SPF_ASKED_YES;
		case SPF_ASKED_PENDING:
			pending++;
			break;
		case SPF_ASKED_NO:
			break;
		}
	}
	return pending > 0 ? SPF_ASKED_PENDING : SPF_ASKED_NO;
}

static bool
is_within_listed(const struct dns_rr *rr, const void *arg)
{
	const struct text_list *list = arg;
	char entry[HOSTNAME_MAX + 1];
	size_t i;

	for (i = 0; i < list->n; i++)
		if (convert_entry(entry, list->text[i]) &&
		    hostname_is_within(rr->data, rr->len, entry, strlen(entry)))
			return true;
	return false;
}

static enum spf_asked
ask_ptr_list(const struct spf_settings *spf, const struct spf_request *req,
    struct spf_answers *answers, bool *failed)
{
	struct spf_ask_names names = { .counts = is_within_listed,
		.arg = &spf->domain_whitelist_ptr };
	enum spf_asked asked;
	char reverse[HOSTNAME_MAX + 1];
	const struct dns_answer *ptr;
	struct spf_ask ask;

	if (spf->domain_whitelist_ptr.n == 0)
		return SPF_ASKED_NO;
	spf_ask_init(&ask, req, answers);
	spf_ask_reverse_name(req, reverse);
	ptr = spf_ask_client(&ask, reverse, DNS_PTR);
	if (ptr == NULL)
		return SPF_ASKED_PENDING;
	asked = spf_ask_any_leads_back(&ask, ptr, &names);
	if (ptr->status == DNS_ERROR || names.failed)
		*failed = true;
	return asked;
}

bool
spf_allow_eval(const struct spf_settings *spf, const struct spf_request *req,
    struct spf_answers *answers, struct spf_allowed *allowed)
{
	static const struct {
		enum spf_asked (*asked)(const struct spf_settings *, const struct spf_request *,
		    struct spf_answers *, bool *failed);
		const char *word;
	} lists[] = {
		{ ask_helo_list, "helo-whitelist" },
		{ ask_domain_list, "domain-whitelist" },
		{ ask_ptr_list, "domain-whitelist-ptr" },
	};
	bool pending = false;
	size_t i;

	allowed->word = NULL;
	allowed->unknown = false;
	for (i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		switch (lists[i].asked(spf, req, answers, &allowed->unknown)) {
		case SPF_ASKED_YES:
			allowed->word = lists[i].word;
			allowed->unknown = false;
			return true;
		case SPF_ASKED_PENDING:
			pending = true;
			break;
		case SPF_ASKED_NO:
			break;
		}
	}
	return !pending;
}
