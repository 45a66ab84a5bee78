/* SPDX-License-Identifier: ISC */
/*
 * A DMARC filter after srsd. It verifies DKIM signatures, so that it may accept mail that srsd
 * would refuse. It reads header fields, which srsd or the sender may have written. The fields that
 * OpenDMARC 1.4.2 and rspamd 3.4 read were found by measurement (contrib/postfix/dmarc).
 */
#include <string.h>

#include "srsd/ctl/check/check.h"

/* How to recognize a filter by its endpoint; Postfix knows nothing else about it. */
static const struct dmarc_filter {
	const char *name;
	const char *words[3]; /* any of these; the port of its documentation */
	bool reads_fields;    /* believes results of this host and the text of MAIL FROM */
} filters[] = {
	{ "OpenDMARC", { "dmarc", ":8893" }, true },
	{ "rspamd", { "rspamd", ":11332" }, false },
};

/* An smtpd(8) and the filter among its milters. */
struct dmarc_place {
	struct postfix_service service;
	const struct dmarc_filter *filter;
	char word[POSTFIX_WORD_SIZE];
};

static const struct dmarc_filter *
recognize_filter(const char *word)
{
	size_t i, j;

	for (i = 0; i < sizeof(filters) / sizeof(filters[0]); i++)
		for (j = 0; filters[i].words[j] != NULL; j++)
			if (strcasestr(word, filters[i].words[j]) != NULL)
				return &filters[i];
	return NULL;
}

/* find_filter - false when none of the milters of the service is one */
static bool
find_filter(const struct check *check, struct dmarc_place *place)
{
	const char *list = postfix_service_get(check->postfix, &place->service, "smtpd_milters");

	while (postfix_word(&list, place->word)) {
		place->filter = recognize_filter(place->word);
		if (place->filter != NULL)
			return true;
	}
	return false;
}

static const char *
get_reject_word(enum spf_reject reject)
{
	return reject == SPF_REJECT_SOFTFAIL ? "softfail" : "spf-not-pass";
}

/* describe_fail - the decision on mail that fails SPF, for the other values of mail-from-reject */
static const char *
describe_fail(const struct spf_settings *spf)
{
	if (spf->test_only || spf->mail_from_reject == SPF_REJECT_NEVER ||
	    spf->mail_from_reject == SPF_REJECT_NOCHECK)
		return "it decides on all mail that fails SPF";
	if (spf->no_mail)
		return "it decides on mail that fails SPF, except mail of domains that send none "
		       "(no-mail)";
	return "mail that fails SPF is refused before it can verify a signature; with no-mail = true, "
	       "it decides on such mail";
}

static void
check_results(struct check *check, const struct dmarc_place *place)
{
	const struct spf_settings *spf = &check->settings->spf;

	if (!spf->test_only && !spf->no_mail && spf->mail_from_reject < SPF_REJECT_FAIL) {
		findings_add(check->findings, FINDING_WARNING,
		    "mail-from-reject is %s: mail that would pass DMARC by its DKIM signature is "
		    "refused before %s, %s, can verify it",
		    get_reject_word(spf->mail_from_reject), place->filter->name, place->word);
		findings_remedy(check->findings,
		    "set mail-from-reject = \"fail\"; set no-mail = true as well to leave mail "
		    "that fails SPF to the filter");
		return;
	}
	findings_add(check->findings, FINDING_OK, "%s, %s, follows srsd on smtpd %s: %s",
	    place->filter->name, place->word, place->service.name, describe_fail(spf));
}

/* check_header - of use to the filter? */
static void
check_header(struct check *check, const struct dmarc_place *place)
{
	if (check->settings->spf.header != SPF_HEADER_AUTHRES)
		return;
	findings_add(check->findings, FINDING_WARNING, "header is authentication-results: %s",
	    place->filter->reads_fields
		? "OpenDMARC believes a Received-SPF of the sender unless SPF passes, and a table that "
		  "removes forged results removes this header too"
		: "rspamd removes it");
	findings_remedy(check->findings, "set header = \"received-spf\"");
}

/* check_deception - only for filters that a sender can deceive */
static void
check_deception(struct check *check, const struct dmarc_place *place)
{
	if (postfix_get(check->postfix, "header_checks")[0] == '\0') {
		findings_add(check->findings, FINDING_WARNING,
		    "header_checks is empty: %s believes Authentication-Results that a sender has "
		    "written in the name of this host",
		    place->filter->name);
		findings_remedy(
		    check->findings, "remove them with the table authres of contrib/postfix/dmarc");
	}
	if (postfix_service_get(check->postfix, &place->service, "smtpd_command_filter")[0] ==
	    '\0') {
		findings_add(check->findings, FINDING_WARNING,
		    "smtpd %s has no smtpd_command_filter: %s takes x.org for the domain of "
		    "<\"a@x.org\"@y.org>",
		    place->service.name, place->filter->name);
		findings_remedy(
		    check->findings, "refuse it with the table mail_from of contrib/postfix/dmarc");
	}
}

void
check_dmarc(struct check *check)
{
	struct dmarc_place place;
	size_t i;

	if (check->settings->policy.n == 0)
		return;
	for (i = 0; postfix_service_at(check->postfix, i, &place.service); i++) {
		if (!postfix_is_public(&place.service) || !find_filter(check, &place))
			continue;
		check_results(check, &place);
		check_header(check, &place);
		if (place.filter->reads_fields)
			check_deception(check, &place);
	}
}
