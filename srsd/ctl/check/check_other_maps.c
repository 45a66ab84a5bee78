/* SPDX-License-Identifier: ISC */
/*
 * A map of srsd in a parameter that is not its own rewrites the wrong addresses, and a milter of
 * another SRS program rewrites addresses again. A milter that checks SPF adds a second verdict.
 */
#include <string.h>

#include "srsd/ctl/check/check.h"
#include "srsd/ctl/postfix_endpoint.h"

/* A parameter that must not name one of the maps. */
static const struct wrong_place {
	const char *parameter;
	bool forward; /* the map that does harm there; otherwise reverse */
	const char *harm;
} wrong_places[] = {
	{ "canonical_maps", true, "recipients and headers become SRS addresses as well" },
	{ "recipient_canonical_maps", true, "recipients become SRS addresses" },
	{ "virtual_alias_maps", true, "recipients become SRS addresses" },
	{ "smtp_generic_maps", true, "recipients and headers become SRS addresses as well" },
	{ "lmtp_generic_maps", true, "recipients and headers become SRS addresses as well" },
	{ "canonical_maps", false, "SRS senders are reversed before the mail leaves" },
	{ "sender_canonical_maps", false, "SRS senders are reversed before the mail leaves" },
	{ "smtp_generic_maps", false, "SRS senders are reversed before the mail leaves" },
	{ "lmtp_generic_maps", false, "SRS senders are reversed before the mail leaves" },
};

static size_t
count_words(const char *list)
{
	char word[POSTFIX_WORD_SIZE];
	size_t n = 0;

	while (postfix_word(&list, word))
		n++;
	return n;
}

/* is_compound_table - does it consist of other tables, in braces? */
static bool
is_compound_table(const char *word)
{
	static const char *const types[] = { "pipemap:{", "unionmap:{" };
	size_t i;

	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strncmp(word, types[i], strlen(types[i])) == 0)
			return true;
	return false;
}

/* names_map_inside - also within other tables; each level is shorter than the one around it */
static bool
names_map_inside(
    const struct postfix *postfix, const char *tables, const struct postfix_map_place *ours)
{
	char word[POSTFIX_WORD_SIZE], *inside;

	if (postfix_endpoint_names_map(postfix, tables, ours, false))
		return true;
	while (postfix_word(&tables, word)) {
		if (!is_compound_table(word))
			continue;
		inside = strchr(word, '{') + 1;
		if (inside[0] != '\0')
			inside[strlen(inside) - 1] = '\0';
		if (names_map_inside(postfix, inside, ours))
			return true;
	}
	return false;
}

/* check_wrong_place - service is NULL for main.cf; others is the file of the services */
static void
check_wrong_place(struct check *check, const struct wrong_place *place, const char *service,
    const char *value, const char *others)
{
	const char *map = place->forward ? "forward" : "reverse";
	const struct postfix_map_place ours = postfix_endpoint_place(check->settings, map);

	if (!names_map_inside(check->postfix, value, &ours))
		return;
	findings_add(check->findings, FINDING_ERROR, "%s%s%s names %s: %s", place->parameter,
	    service == NULL ? "" : " of ", service == NULL ? "" : service, map, place->harm);
	if (service == NULL && count_words(value) == 1)
		findings_remedy(check->findings, "postconf -X %s", place->parameter);
	else
		findings_remedy(check->findings, "remove it%s%s; %s belongs only in %s",
		    service == NULL ? "" : " from that service in ", others, map,
		    place->forward ? "sender_canonical_maps" : "recipient_canonical_maps");
}

/* is_swapped - the wrong map instead of the right one, which check_maps reports */
static bool
is_swapped(const struct check *check, const struct wrong_place *place, const char *value)
{
	const char *own = place->forward ? "recipient_canonical_maps" : "sender_canonical_maps";
	const struct postfix_map_place right =
	    postfix_endpoint_place(check->settings, place->forward ? "reverse" : "forward");

	return strcmp(place->parameter, own) == 0 &&
	       !postfix_endpoint_names_map(check->postfix, value, &right, false);
}

static void
check_parameter(struct check *check, const struct wrong_place *place)
{
	const char *value = postfix_get(check->postfix, place->parameter);
	char service[POSTFIX_WORD_SIZE];
	size_t i;

	if (!is_swapped(check, place, value))
		check_wrong_place(check, place, NULL, value, "");
	for (i = 0;
	     (value = postfix_override(check->postfix, place->parameter, i, service)) != NULL; i++)
		check_wrong_place(check, place, service, value, "master.cf");
}

/* is_srs_milter - by its endpoint; Postfix knows nothing else about it */
static bool
is_srs_milter(const char *word)
{
	static const char *const names[] = { "postsrs", "srs-milter", "srs_milter", "srsmilter" };
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcasestr(word, names[i]) != NULL)
			return true;
	return false;
}

/* is_spf_milter - by its endpoint, such as local:pyspf-milter/pyspf-milter.sock */
static bool
is_spf_milter(const struct check *check, const char *word)
{
	return check->settings->policy.n > 0 && strcasestr(word, "spf") != NULL &&
	       !postfix_endpoint_is_one(&check->settings->milter, word, check->postfix, false);
}

static void
report_spf_milter(struct check *check, const char *parameter, const char *service, const char *word)
{
	findings_add(check->findings, FINDING_WARNING,
	    "%s%s%s names a milter that checks SPF as well, %s: mail gets two verdicts", parameter,
	    service == NULL ? "" : " of ", service == NULL ? "" : service, word);
	findings_remedy(check->findings, "remove it%s, unless another program needs its result",
	    service == NULL ? "" : " from that service in master.cf");
}

static void
check_milters(struct check *check, const char *parameter, const char *service, const char *list)
{
	char word[POSTFIX_WORD_SIZE];

	while (postfix_word(&list, word)) {
		if (is_spf_milter(check, word))
			report_spf_milter(check, parameter, service, word);
		if (!is_srs_milter(word))
			continue;
		findings_add(check->findings, FINDING_ERROR,
		    "%s%s%s names a milter of another SRS program, %s: senders are rewritten twice",
		    parameter, service == NULL ? "" : " of ", service == NULL ? "" : service, word);
		findings_remedy(check->findings, "remove it%s",
		    service == NULL ? "" : " from that service in master.cf");
	}
}

static void
check_milter_parameter(struct check *check, const char *parameter)
{
	char service[POSTFIX_WORD_SIZE];
	const char *list;
	size_t i;

	check_milters(check, parameter, NULL, postfix_get(check->postfix, parameter));
	for (i = 0; (list = postfix_override(check->postfix, parameter, i, service)) != NULL; i++)
		check_milters(check, parameter, service, list);
}

void
check_other_maps(struct check *check)
{
	size_t i;

	for (i = 0; i < sizeof(wrong_places) / sizeof(wrong_places[0]); i++)
		check_parameter(check, &wrong_places[i]);
	check_milter_parameter(check, "smtpd_milters");
	check_milter_parameter(check, "non_smtpd_milters");
}
