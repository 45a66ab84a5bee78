/* SPDX-License-Identifier: ISC */
#include <string.h>
#include <strings.h>

#include "common/ascii.h"
#include "srsd/ctl/check/postfix_restriction.h"

/* Restriction classes may name each other. smtpd(8) limits the depth, too. */
#define CLASS_DEPTH 8

/* Limit of all words: a class that names itself 30 times would be evaluated 30^8 times. */
#define WORDS_MAX 20000

enum argument {
	NO_ARGUMENT,
	ANY_WORD, /* an optional domain */
	TABLE,
	ENDPOINT,
	NUMBER,
};

/* Names in the order of generic_checks(). */
static const struct known_restriction {
	const char *name;
	enum argument argument;
} restrictions[] = {
	{ "warn_if_reject", NO_ARGUMENT },
	{ "permit", NO_ARGUMENT },
	{ "defer", NO_ARGUMENT },
	{ "reject", NO_ARGUMENT },
	{ "reject_unauth_pipelining", NO_ARGUMENT },
	{ "check_policy_service", ENDPOINT },
	{ "defer_if_permit", NO_ARGUMENT },
	{ "defer_if_reject", NO_ARGUMENT },
	{ "sleep", NUMBER },
	{ "reject_plaintext_session", NO_ARGUMENT },
	{ "reject_unknown_client_hostname", NO_ARGUMENT },
	{ "reject_unknown_client", NO_ARGUMENT },
	{ "reject_unknown_reverse_client_hostname", NO_ARGUMENT },
	{ "reject_unknown_forward_client_hostname", NO_ARGUMENT },
	{ "permit_inet_interfaces", NO_ARGUMENT },
	{ "permit_mynetworks", NO_ARGUMENT },
	{ "check_client_access", TABLE },
	{ "check_reverse_client_hostname_access", TABLE },
	{ "reject_maps_rbl", NO_ARGUMENT },
	{ "reject_rbl_client", ANY_WORD },
	{ "reject_rbl", ANY_WORD },
	{ "permit_dnswl_client", ANY_WORD },
	{ "reject_rhsbl_client", ANY_WORD },
	{ "permit_rhswl_client", ANY_WORD },
	{ "reject_rhsbl_reverse_client", ANY_WORD },
	{ "check_ccert_access", TABLE },
	{ "check_sasl_access", TABLE },
	{ "check_client_ns_access", TABLE },
	{ "check_client_mx_access", TABLE },
	{ "check_client_a_access", TABLE },
	{ "check_reverse_client_hostname_ns_access", TABLE },
	{ "check_reverse_client_hostname_mx_access", TABLE },
	{ "check_reverse_client_hostname_a_access", TABLE },
	{ "check_helo_access", TABLE },
	{ "reject_invalid_helo_hostname", NO_ARGUMENT },
	{ "reject_invalid_hostname", NO_ARGUMENT },
	{ "reject_unknown_helo_hostname", NO_ARGUMENT },
	{ "reject_unknown_hostname", NO_ARGUMENT },
	{ "permit_naked_ip_address", NO_ARGUMENT },
	{ "check_helo_ns_access", TABLE },
	{ "check_helo_mx_access", TABLE },
	{ "check_helo_a_access", TABLE },
	{ "reject_non_fqdn_helo_hostname", NO_ARGUMENT },
	{ "reject_non_fqdn_hostname", NO_ARGUMENT },
	{ "reject_rhsbl_helo", ANY_WORD },
	{ "check_sender_access", TABLE },
	{ "reject_unknown_address", NO_ARGUMENT },
	{ "reject_unknown_sender_domain", NO_ARGUMENT },
	{ "reject_unverified_sender", NO_ARGUMENT },
	{ "reject_non_fqdn_sender", NO_ARGUMENT },
	{ "reject_authenticated_sender_login_mismatch", NO_ARGUMENT },
	{ "reject_known_sender_login_mismatch", NO_ARGUMENT },
	{ "reject_unauthenticated_sender_login_mismatch", NO_ARGUMENT },
	{ "reject_sender_login_mismatch", NO_ARGUMENT },
	{ "check_sender_ns_access", TABLE },
	{ "check_sender_mx_access", TABLE },
	{ "check_sender_a_access", TABLE },
	{ "reject_rhsbl_sender", ANY_WORD },
	{ "reject_unlisted_sender", NO_ARGUMENT },
	{ "check_recipient_access", TABLE },
	{ "permit_mx_backup", NO_ARGUMENT },
	{ "permit_auth_destination", NO_ARGUMENT },
	{ "reject_unauth_destination", NO_ARGUMENT },
	{ "defer_unauth_destination", NO_ARGUMENT },
	{ "check_relay_domains", NO_ARGUMENT },
	{ "permit_sasl_authenticated", NO_ARGUMENT },
	{ "permit_tls_all_clientcerts", NO_ARGUMENT },
	{ "permit_tls_clientcerts", NO_ARGUMENT },
	{ "reject_unknown_recipient_domain", NO_ARGUMENT },
	{ "reject_non_fqdn_recipient", NO_ARGUMENT },
	{ "check_recipient_ns_access", TABLE },
	{ "check_recipient_mx_access", TABLE },
	{ "check_recipient_a_access", TABLE },
	{ "reject_rhsbl_recipient", ANY_WORD },
	{ "check_recipient_maps", NO_ARGUMENT },
	{ "reject_unlisted_recipient", NO_ARGUMENT },
	{ "reject_multi_recipient_bounce", NO_ARGUMENT },
	{ "reject_unverified_recipient", NO_ARGUMENT },
	{ "check_etrn_access", TABLE },
};

/* One walk through the lists; see is called for each word, and ends the walk with true. */
struct evaluation {
	const struct postfix_lists *lists;
	bool (*see)(struct evaluation *, const char *word, const char *rest, bool only_warns);
	bool (*is_ours)(void *arg, const char *endpoint);
	const char *wanted;
	unsigned words;
	enum postfix_fault fault;
	char *word; /* that is wrong, or was found */
};

static const struct known_restriction *
find_restriction(const char *word)
{
	size_t i;

	for (i = 0; i < sizeof(restrictions) / sizeof(restrictions[0]); i++)
		if (strcasecmp(restrictions[i].name, word) == 0)
			return &restrictions[i];
	return NULL;
}

static bool
ends_evaluation(const char *word)
{
	return strcasecmp(word, "permit") == 0 || strcasecmp(word, "reject") == 0 ||
	       strcasecmp(word, "defer") == 0;
}

/* skip_argument - of a restriction that has one */
static void
skip_argument(const char *word, const char **rest)
{
	const struct known_restriction *known = find_restriction(word);
	char argument[POSTFIX_WORD_SIZE];

	if (known != NULL && known->argument != NO_ARGUMENT)
		postfix_word(rest, argument);
}

/* evaluate_list - true when see has ended the walk */
static bool
evaluate_list(struct evaluation *e, const char *list, int depth)
{
	const struct postfix_lists *lists = e->lists;
	char word[POSTFIX_WORD_SIZE];
	bool only_warns = false;
	const char *class;

	while (e->words < WORDS_MAX && postfix_word(&list, word)) {
		e->words++;
		if (e->see(e, word, list, only_warns))
			return true;
		if (!only_warns && ends_evaluation(word))
			return false;
		class = depth < CLASS_DEPTH ? lists->class_of(lists->arg, word) : NULL;
		if (find_restriction(word) == NULL && class != NULL &&
		    evaluate_list(e, class, depth + 1))
			return true;
		skip_argument(word, &list);
		only_warns = strcasecmp(word, "warn_if_reject") == 0;
	}
	return false;
}

static bool
evaluate_lists(struct evaluation *e, size_t *number)
{
	for (*number = 0; *number < e->lists->n; (*number)++)
		if (evaluate_list(e, e->lists->list[*number], 0))
			return true;
	return false;
}

/* has_transport - is it an endpoint that auto_clnt_create() of Postfix accepts? */
static bool
has_transport(const char *word)
{
	static const char *const transports[] = { "inet:", "unix:", "local:" };
	char endpoint[POSTFIX_WORD_SIZE];
	size_t i, len;

	postfix_policy_endpoint(word, endpoint);
	for (i = 0; i < sizeof(transports) / sizeof(transports[0]); i++) {
		len = strlen(transports[i]);
		if (strncmp(endpoint, transports[i], len) == 0)
			return endpoint[len] != '\0';
	}
	return false;
}

static bool
is_number(const char *text)
{
	if (*text == '\0')
		return false;
	while (ascii_isdigit(*text))
		text++;
	return *text == '\0';
}

static enum postfix_fault
find_argument_fault(enum argument argument, const char *rest, char word[POSTFIX_WORD_SIZE])
{
	char next[POSTFIX_WORD_SIZE];
	bool there;

	if (argument == NO_ARGUMENT || argument == ANY_WORD)
		return POSTFIX_SOUND;
	there = postfix_word(&rest, next);
	if (!there || (argument == NUMBER && !is_number(next)) ||
	    (argument == TABLE && strchr(next, ':') == NULL))
		return POSTFIX_NO_ARGUMENT;
	if (argument != ENDPOINT || has_transport(next))
		return POSTFIX_SOUND;
	strlcpy(word, next, POSTFIX_WORD_SIZE);
	return POSTFIX_BAD_TRANSPORT;
}

static bool
see_fault(struct evaluation *e, const char *word, const char *rest, bool only_warns)
{
	const struct known_restriction *known = find_restriction(word);

	(void)only_warns;
	if (known == NULL && strchr(word, ':') == NULL &&
	    e->lists->class_of(e->lists->arg, word) == NULL)
		e->fault = POSTFIX_UNKNOWN_WORD;
	if (e->fault != POSTFIX_SOUND || known != NULL)
		strlcpy(e->word, word, POSTFIX_WORD_SIZE);
	if (known != NULL)
		e->fault = find_argument_fault(known->argument, rest, e->word);
	return e->fault != POSTFIX_SOUND;
}

enum postfix_fault
postfix_lists_fault(const struct postfix_lists *lists, char word[POSTFIX_WORD_SIZE], size_t *number)
{
	struct evaluation e = { .lists = lists, .see = see_fault, .word = word };

	evaluate_lists(&e, number);
	return e.fault;
}

static bool
see_wanted(struct evaluation *e, const char *word, const char *rest, bool only_warns)
{
	(void)rest;
	return !only_warns && strcasecmp(word, e->wanted) == 0;
}

bool
postfix_lists_have(const struct postfix_lists *lists, const char *restriction)
{
	struct evaluation e = { .lists = lists, .see = see_wanted, .wanted = restriction };
	size_t number;

	return evaluate_lists(&e, &number);
}

/* see_early - a restriction that looks an address up, or the policy service of srsd */
static bool
see_early(struct evaluation *e, const char *word, const char *rest, bool only_warns)
{
	static const char *const asking[] = { "reject_unlisted_recipient", "check_recipient_maps",
		"reject_unverified_recipient", "reject_unlisted_sender",
		"reject_unverified_sender" };
	char next[POSTFIX_WORD_SIZE], endpoint[POSTFIX_WORD_SIZE];
	size_t i;

	if (strcasecmp(word, "check_policy_service") == 0 && postfix_word(&rest, next)) {
		postfix_policy_endpoint(next, endpoint);
		return e->is_ours(e->lists->arg, endpoint);
	}
	for (i = 0; !only_warns && i < sizeof(asking) / sizeof(asking[0]); i++)
		if (strcasecmp(word, asking[i]) == 0) {
			strlcpy(e->word, word, POSTFIX_WORD_SIZE);
			return true;
		}
	return false;
}

bool
postfix_lists_judge_early(const struct postfix_lists *lists,
    bool (*is_ours)(void *arg, const char *endpoint), char word[POSTFIX_WORD_SIZE])
{
	struct evaluation e = {
		.lists = lists, .see = see_early, .is_ours = is_ours, .word = word
	};
	size_t number;

	word[0] = '\0';
	evaluate_lists(&e, &number);
	return word[0] != '\0';
}

/* see_guard - rcpt_required[] of smtpd_check_init() */
static bool
see_guard(struct evaluation *e, const char *word, const char *rest, bool only_warns)
{
	static const char *const guards[] = { "reject_unauth_destination",
		"defer_unauth_destination", "reject", "defer", "defer_if_permit",
		"check_relay_domains" };
	size_t i;

	(void)e;
	(void)rest;
	for (i = 0; !only_warns && i < sizeof(guards) / sizeof(guards[0]); i++)
		if (strcasecmp(word, guards[i]) == 0)
			return true;
	return false;
}

bool
postfix_lists_guard(const struct postfix_lists *lists)
{
	struct evaluation e = { .lists = lists, .see = see_guard };
	size_t number;

	return evaluate_lists(&e, &number);
}
