/* SPDX-License-Identifier: ISC */
/*
 * A word that a daemon of Postfix does not know stops the mail: the daemon exits at start-up, or
 * replies 451 to each client. An address of master.cf that inet_protocols excludes stops master(8).
 * postconf(1) does not complain.
 */
#include <stdlib.h>
#include <string.h>

#include "common/xmalloc.h"
#include "srsd/ctl/check/check.h"
#include "srsd/ctl/check/postfix_restriction.h"
#include "srsd/ctl/postfix_endpoint.h"

/* A parameter with words from a fixed set. */
struct vocabulary {
	const char *parameter;
	const char *daemon; /* the one that exits */
	const char *words;  /* for the remedy */
	const char *known[5];
};

static const struct vocabulary vocabularies[] = {
	{ "canonical_classes", "cleanup(8)",
	    "envelope_sender envelope_recipient header_sender header_recipient",
	    { "envelope_sender", "envelope_recipient", "header_sender", "header_recipient" } },
	{ "receive_override_options", "smtpd(8)",
	    "no_unknown_recipient_checks no_address_mappings no_header_body_checks no_milters",
	    { "no_unknown_recipient_checks", "no_address_mappings", "no_header_body_checks",
		"no_milters" } },
	{ "recipient_canonical_classes", "cleanup(8)", "envelope_recipient header_recipient",
	    { "envelope_recipient", "header_recipient" } },
	{ "sender_canonical_classes", "cleanup(8)", "envelope_sender header_sender",
	    { "envelope_sender", "header_sender" } },
};

static void
check_vocabulary_value(
    struct check *check, const struct vocabulary *v, const char *service, const char *value)
{
	const char *of = service == NULL ? "" : " of ", *name = service == NULL ? "" : service;
	char word[POSTFIX_WORD_SIZE];

	if (!postfix_list_has_unknown(value, v->known, word))
		return;
	findings_add(check->findings, FINDING_ERROR,
	    "%s%s%s has the unknown word '%s': %s exits at start-up, and no mail is accepted",
	    v->parameter, of, name, word, v->daemon);
	findings_remedy(check->findings, "valid words, in lower case: %s", v->words);
}

static void
check_vocabulary(struct check *check, const struct vocabulary *v)
{
	char service[POSTFIX_WORD_SIZE];
	const char *value;
	size_t i;

	check_vocabulary_value(check, v, NULL, postfix_get(check->postfix, v->parameter));
	for (i = 0; (value = postfix_override(check->postfix, v->parameter, i, service)) != NULL;
	     i++)
		check_vocabulary_value(check, v, service, value);
}

/* check_tables - of one parameter; tables that are in the list before have been checked */
static void
check_tables(struct check *check, const char *parameter, const char *before)
{
	const char *tables = postfix_get(check->postfix, parameter);
	char table[POSTFIX_WORD_SIZE], error[POSTFIX_ERROR_SIZE];

	while (postfix_word(&tables, table)) {
		if (strchr(table, ':') == NULL || strncmp(table, "tcp:", 4) == 0 ||
		    strncmp(table, "proxy:tcp:", 10) == 0 || postfix_list_has(before, table) ||
		    !postfix_table_is_broken(check->postfix, table, error))
			continue;
		findings_add(check->findings, FINDING_ERROR,
		    "%s names the table %s, which Postfix cannot open: mail is deferred", parameter,
		    table);
		findings_remedy(check->findings, "create the table, or remove it; %s", error);
	}
}

static const char *
find_restriction_class(void *arg, const char *name)
{
	return postfix_class(arg, name);
}

static const char *const list_names[] = { "smtpd_client_restrictions", "smtpd_helo_restrictions",
	"smtpd_sender_restrictions", "smtpd_relay_restrictions", "smtpd_recipient_restrictions",
	"smtpd_data_restrictions", "smtpd_end_of_data_restrictions" };

#define N_LISTS (sizeof(list_names) / sizeof(list_names[0]))
#define RELAY_LIST 3

static void
report_fault(struct check *check, const struct postfix_service *service, enum postfix_fault fault,
    const char *list, const char *word)
{
	struct findings *findings = check->findings;

	switch (fault) {
	case POSTFIX_UNKNOWN_WORD:
		findings_add(findings, FINDING_ERROR,
		    "%s of smtpd %s has the unknown word '%s': smtpd defers all mail that reaches "
		    "it",
		    list, service->name, word);
		findings_remedy(findings,
		    "correct it, see postconf(5); a restriction class must be listed in "
		    "smtpd_restriction_classes");
		break;
	case POSTFIX_NO_ARGUMENT:
		findings_add(findings, FINDING_ERROR,
		    "%s of smtpd %s has %s without the word that must follow it: smtpd defers all "
		    "mail that reaches it",
		    list, service->name, word);
		findings_remedy(findings, "add it, see postconf(5)");
		break;
	case POSTFIX_BAD_TRANSPORT:
		findings_add(findings, FINDING_ERROR,
		    "%s of smtpd %s has check_policy_service %s: smtpd exits at start-up", list,
		    service->name, word);
		findings_remedy(findings,
		    "write inet:HOST:PORT or unix:PATH, with the first word in lower case");
		break;
	case POSTFIX_SOUND:
		break;
	}
}

static void
check_smtpd_lists(struct check *check, const struct postfix_service *service)
{
	const char *list[N_LISTS];
	struct postfix_lists all = { list, N_LISTS, find_restriction_class, check->postfix },
			     guards = { list + RELAY_LIST, 2, find_restriction_class,
				     check->postfix };
	char word[POSTFIX_WORD_SIZE];
	enum postfix_fault fault;
	size_t i, number;

	for (i = 0; i < N_LISTS; i++)
		list[i] = postfix_service_get(check->postfix, service, list_names[i]);
	fault = postfix_lists_fault(&all, word, &number);
	if (fault != POSTFIX_SOUND)
		report_fault(check, service, fault, list_names[number], word);
	if (postfix_lists_guard(&guards))
		return;
	findings_add(check->findings, FINDING_ERROR,
	    "smtpd %s exits at start-up: neither smtpd_relay_restrictions nor "
	    "smtpd_recipient_restrictions rejects mail for foreign domains",
	    service->name);
	findings_remedy(check->findings, "add reject_unauth_destination to one of them");
}

static void
check_classes(struct check *check)
{
	const char *list = postfix_get(check->postfix, "smtpd_restriction_classes"), *value;
	char name[POSTFIX_WORD_SIZE];

	while (postfix_word(&list, name)) {
		value = postfix_class(check->postfix, name);
		if (value != NULL && value[0] != '\0')
			continue;
		findings_add(check->findings, FINDING_ERROR,
		    "smtpd_restriction_classes names %s, which has no value: smtpd exits at "
		    "start-up",
		    name);
		findings_remedy(check->findings, "add a line %s = ... to main.cf", name);
	}
}

/* has_earlier_twin - does an earlier smtpd(8) have the same restrictions? */
static bool
has_earlier_twin(const struct postfix *p, size_t number, const struct postfix_service *service)
{
	struct postfix_service other;
	size_t i, j;

	for (i = 0; i < number && postfix_service_at(p, i, &other); i++) {
		if (strcmp(other.command, "smtpd") != 0)
			continue;
		for (j = 0; j < N_LISTS; j++)
			if (strcmp(postfix_service_get(p, service, list_names[j]),
				postfix_service_get(p, &other, list_names[j])) != 0)
				break;
		if (j == N_LISTS)
			return true;
	}
	return false;
}

/* check_service_addresses - of the services in master.cf */
static void
check_service_addresses(struct check *check)
{
	struct postfix_service service;
	size_t i;

	for (i = 0; postfix_service_at(check->postfix, i, &service); i++) {
		if (strcmp(service.type, "inet") != 0 ||
		    !postfix_endpoint_is_excluded(check->postfix, service.name))
			continue;
		findings_add(check->findings, FINDING_ERROR,
		    "%s %s is in master.cf, but inet_protocols = %s excludes that address: Postfix "
		    "does not start",
		    service.command, service.name, postfix_get(check->postfix, "inet_protocols"));
		findings_remedy(check->findings,
		    "postconf -e 'inet_protocols = all', or use an address such as %s there, and "
		    "wherever main.cf and master.cf name it",
		    service.name[0] == '[' ? "127.0.0.1" : "[::1]");
	}
}

void
check_words(struct check *check)
{
	struct postfix_service service;
	size_t i;

	for (i = 0; i < sizeof(vocabularies) / sizeof(vocabularies[0]); i++)
		check_vocabulary(check, &vocabularies[i]);
	check_tables(check, "canonical_maps", "");
	check_tables(check, "sender_canonical_maps", "");
	check_tables(check, "recipient_canonical_maps", "");
	check_tables(check, "virtual_alias_maps", "");
	check_tables(
	    check, "virtual_alias_domains", postfix_get(check->postfix, "virtual_alias_maps"));
	check_classes(check);
	check_service_addresses(check);
	for (i = 0; postfix_service_at(check->postfix, i, &service); i++)
		if (strcmp(service.command, "smtpd") == 0 &&
		    !has_earlier_twin(check->postfix, i, &service))
			check_smtpd_lists(check, &service);
}
