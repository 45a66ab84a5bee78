/* SPDX-License-Identifier: ISC */
#include <string.h>
#include <strings.h>

#include "srsd/check.h"

static int
look_up(void *arg, const char *table, const char *key)
{
	char value[POSTFIX_WORD_SIZE];

	return table[0] == '/' ? -1 : postfix_look_up(arg, table, key, value, sizeof(value));
}

/* accepts - is srs-domain in the list of a parameter? as postfix_domain_in */
static int
accepts(struct check *check, const char *parameter)
{
	const char *by_parent = postfix_get(check->postfix, "parent_domain_matches_subdomains");

	return postfix_domain_in(postfix_get(check->postfix, parameter),
	    check->settings->srs_domain, postfix_list_has(by_parent, parameter), look_up,
	    check->postfix);
}

/* is_elsewhere - does a transport name a next hop that is not this host? */
static bool
is_elsewhere(const char *transport)
{
	static const char *const here[] = { "127.", "[127.", "[::1]", "::1", "localhost",
		"[localhost]", "unix:", "$myhostname" };
	static const char *const ends[] = { "error:", "retry:", "discard:", "local:" };
	const char *hop = strchr(transport, ':');
	size_t i;

	if (hop == NULL || *++hop == '\0')
		return false;
	if (strncasecmp(hop, "inet:", 5) == 0)
		hop += 5;
	for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (strncmp(transport, ends[i], strlen(ends[i])) == 0)
			return false;
	for (i = 0; i < sizeof(here) / sizeof(here[0]); i++)
		if (strncasecmp(hop, here[i], strlen(here[i])) == 0)
			return false;
	return true;
}

/*
 * find_transport - what transport_maps says of srs-domain by its name, or by one above it: ".test"
 * with a dot unless by_parent. An entry for everything, *, is that of mail which leaves.
 */
static bool
find_transport(struct check *check, char transport[POSTFIX_WORD_SIZE])
{
	const char *tables = postfix_get(check->postfix, "transport_maps"), *key;
	char table[POSTFIX_WORD_SIZE];
	bool by_parent = postfix_list_has(
	    postfix_get(check->postfix, "parent_domain_matches_subdomains"), "transport_maps");

	while (postfix_word(&tables, table))
		for (key = check->settings->srs_domain; key != NULL && *key != '\0';
		     key = strchr(key + 1, '.')) {
			if (key[0] == '.' && by_parent)
				key++;
			if (postfix_look_up(
				check->postfix, table, key, transport, POSTFIX_WORD_SIZE) == 1)
				return true;
		}
	return false;
}

/*
 * check_route - what the reverse map leaves alone, forged and expired addresses, must be refused
 * here. In virtual_alias_domains it is, whatever its transport.
 */
static void
check_route(struct check *check, const char *class)
{
	const char *name = "transport_maps", *domain = check->settings->srs_domain;
	char transport[POSTFIX_WORD_SIZE];

	if (strcmp(class, "virtual_alias_domains") == 0)
		return;
	if (!find_transport(check, transport)) {
		if (strcmp(class, "relay_domains") != 0)
			return;
		name = "relay_transport";
		strlcpy(transport, postfix_get(check->postfix, name), sizeof(transport));
	}
	if (!is_elsewhere(transport))
		return;
	findings_add(check->findings, FINDING_ERROR,
	    "mail for srs-domain %s is sent on to %s, by %s", domain, transport, name);
	findings_remedy(check->findings,
	    "take %s out of %s and put it into virtual_alias_domains: bounces end here, and "
	    "addresses that srsd did not make must be refused here",
	    domain, strcmp(name, "relay_transport") == 0 ? "relay_domains" : name);
}

void
check_srs_domain(struct check *check)
{
	static const char *const parameters[] = { "mydestination", "virtual_alias_domains",
		"virtual_mailbox_domains", "relay_domains" };
	const char *domain = check->settings->srs_domain, *where[4] = { NULL };
	size_t i, n = 0, unknown = 0;
	int answer;

	for (i = 0; i < sizeof(parameters) / sizeof(parameters[0]); i++) {
		answer = accepts(check, parameters[i]);
		unknown += answer == -1;
		/* relay_domains may repeat what others say. */
		if (answer == 1 && (n == 0 || strcmp(parameters[i], "relay_domains") != 0))
			where[n++] = parameters[i];
	}
	if (n == 1) {
		findings_add(check->findings, FINDING_OK, "srs-domain %s is accepted: it is in %s",
		    domain, where[0]);
		check_route(check, where[0]);
	} else if (n > 1) {
		findings_add(check->findings, FINDING_WARNING, "srs-domain %s is in %s and in %s",
		    domain, where[0], where[1]);
		findings_remedy(check->findings, "leave it in one of them, as Postfix wants it");
	} else if (unknown > 0) {
		findings_add(check->findings, FINDING_SKIPPED,
		    "whether srs-domain %s is accepted at RCPT TO", domain);
		findings_remedy(check->findings, "postmap cannot ask all tables of Postfix");
	} else {
		findings_add(check->findings, FINDING_ERROR,
		    "srs-domain %s is not accepted at RCPT TO", domain);
		findings_remedy(check->findings,
		    "add it to virtual_alias_domains: postconf -e 'virtual_alias_domains = "
		    "$virtual_alias_maps, %s'",
		    domain);
	}
}
