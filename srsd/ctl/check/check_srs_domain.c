/* SPDX-License-Identifier: ISC */
/*
 * srs-domain, unauthenticated-domain and each of reverse-domains: bounces must be accepted and must
 * not be sent to another host, addresses that the reverse map does not rewrite must be refused, and
 * postmaster must not be refused (RFC 5321, 4.5.1). The domains of sections must be accepted as well.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/hostname.h"
#include "common/idna.h"
#include "common/xmalloc.h"
#include "conf/spf_sections.h"
#include "srsd/ctl/check/check.h"
#include "srsd/srs/srs_domains.h"

/* A user that does not exist at any site. */
#define NO_USER "srsctl-check-has-no-such-user"

/* A class of domains, and the tables of its users. */
static const struct domain_class {
	const char *domains, *users;
	bool local; /* users are also looked up without the domain */
} classes[] = {
	{ "mydestination", "local_recipient_maps", true },
	{ "virtual_alias_domains", "virtual_alias_maps", false },
	{ "virtual_mailbox_domains", "virtual_mailbox_maps", false },
	{ "relay_domains", "relay_recipient_maps", false },
};

/* The maximum number of candidates of per-domain, and of sections, that Postfix is asked about. */
#define DOMAINS_MAX_ASKED 50

#define N_CLASSES (sizeof(classes) / sizeof(classes[0]))
#define RELAY_CLASS 3

static int
look_up_in_table(void *arg, const char *table, const char *key)
{
	char value[POSTFIX_WORD_SIZE];

	return table[0] == '/' ? -1 : postfix_look_up(arg, table, key, value, sizeof(value));
}

/* choose_match - relay_domains is a domain list, the other classes are string lists */
static enum postfix_match
choose_match(const struct check *check, const char *parameter)
{
	if (strcmp(parameter, classes[RELAY_CLASS].domains) != 0)
		return POSTFIX_MATCH_EXACT;
	return postfix_list_has(
		   postfix_get(check->postfix, "parent_domain_matches_subdomains"), parameter)
		   ? POSTFIX_MATCH_SUBDOMAIN
		   : POSTFIX_MATCH_DOT;
}

/* find_domain_in_class - returns the value of postfix_domain_in */
static int
find_domain_in_class(struct check *check, const char *parameter, const char *domain)
{
	char *list = postfix_read_files(postfix_get(check->postfix, parameter));
	int answer = postfix_domain_in(
	    list, domain, choose_match(check, parameter), look_up_in_table, check->postfix);

	free(list);
	return answer;
}

/* find_key_in_tables - one of n keys; returns the value of postfix_look_up */
static int
find_key_in_tables(struct check *check, const char *parameter, const char *const keys[], size_t n)
{
	const char *tables = postfix_get(check->postfix, parameter);
	char table[POSTFIX_WORD_SIZE];
	int answer, all = 0;
	size_t i;

	while (postfix_word(&tables, table)) {
		/* These may be the maps of srsd, which have no such key. */
		if (strstr(table, "tcp:") != NULL || strncmp(table, "socketmap:", 10) == 0)
			continue;
		for (i = 0; i < n; i++) {
			answer = look_up_in_table(check->postfix, table, keys[i]);
			if (answer == 1)
				return 1;
			if (answer == -1)
				all = -1;
		}
	}
	return all;
}

/* find_user - as smtpd(8) looks a recipient up; *parameter names the table */
static int
find_user(struct check *check, const struct domain_class *class, const char *domain,
    const char *user, const char **parameter)
{
	const char *const where[] = { class->users, "recipient_canonical_maps", "canonical_maps",
		"virtual_alias_maps" };
	char *address, *everybody;
	const char *keys[3];
	int answer = 0, got;
	size_t i;

	xasprintf(&address, "%s@%s", user, domain);
	xasprintf(&everybody, "@%s", domain);
	keys[0] = address;
	keys[1] = everybody;
	keys[2] = user;
	for (i = 0; answer != 1 && i < sizeof(where) / sizeof(where[0]); i++) {
		got = find_key_in_tables(check, where[i], keys, class->local ? 3 : 2);
		*parameter = where[i];
		if (got != 0)
			answer = got;
	}
	free(address);
	free(everybody);
	return answer;
}

/*
 * check_users - Postfix must not know the users of forged and expired SRS addresses
 *
 * A class with an empty list of users accepts every recipient, except for virtual aliases.
 */
static bool
check_users(struct check *check, const struct domain_class *class, const char *domain)
{
	bool no_list = postfix_get(check->postfix, class->users)[0] == '\0' &&
		       strcmp(class->users, "virtual_alias_maps") != 0;
	const char *parameter = class->users;

	if (!no_list && find_user(check, class, domain, NO_USER, &parameter) != 1)
		return true;
	findings_add(check->findings, FINDING_WARNING,
	    "every recipient in %s is accepted, forged SRS addresses included: %s %s", domain,
	    parameter, no_list ? "is empty" : "matches them all");
	if (no_list)
		findings_remedy(check->findings,
		    "move %s from %s to virtual_alias_domains: mail that is accepted and cannot "
		    "be delivered is bounced to forged senders",
		    domain, class->domains);
	else
		findings_remedy(check->findings,
		    "remove the entry for all of %s: mail that is accepted and cannot be "
		    "delivered is bounced to forged senders",
		    domain);
	return false;
}

/* check_postmaster - RFC 5321, 4.5.1 */
static void
check_postmaster(struct check *check, const struct domain_class *class, const char *domain)
{
	const char *parameter, *maps = postfix_get(check->postfix, "recipient_canonical_maps");
	char *origin = postfix_read_files(postfix_get(check->postfix, "myorigin")),
	     name[POSTFIX_WORD_SIZE] = "";
	const char *s = origin;

	if (find_user(check, class, domain, "postmaster", &parameter) == 0) {
		postfix_word(&s, name);
		findings_add(check->findings, FINDING_WARNING,
		    "postmaster@%s is refused, but RFC 5321 requires it", domain);
		findings_remedy(check->findings,
		    "postconf -e 'recipient_canonical_maps = "
		    "inline:{postmaster@%s=postmaster@%s}%s%s', or add an entry to %s",
		    domain, name, maps[0] == '\0' ? "" : ", ", maps, class->users);
	}
	free(origin);
}

/* leads_elsewhere - does a transport name a next hop other than this host? */
static bool
leads_elsewhere(const char *transport)
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
 * find_transport - the entry of transport_maps for a domain or for one above it, which is ".test"
 * with a dot unless by_parent. The entry for all domains, "*", is for outgoing mail.
 */
static bool
find_transport(struct check *check, const char *domain, char transport[POSTFIX_WORD_SIZE])
{
	const char *tables = postfix_get(check->postfix, "transport_maps"), *key;
	char table[POSTFIX_WORD_SIZE];
	bool by_parent = postfix_list_has(
	    postfix_get(check->postfix, "parent_domain_matches_subdomains"), "transport_maps");

	while (postfix_word(&tables, table))
		for (key = domain; key != NULL && *key != '\0'; key = strchr(key + 1, '.')) {
			if (key[0] == '.' && by_parent)
				key++;
			if (postfix_look_up(
				check->postfix, table, key, transport, POSTFIX_WORD_SIZE) == 1)
				return true;
		}
	return false;
}

/*
 * check_route - addresses that the reverse map does not rewrite, forged and expired ones, must be
 * refused here. In virtual_alias_domains they are, whatever the transport.
 */
static void
check_route(struct check *check, const char *class, const char *option, const char *domain)
{
	const char *name = "transport_maps";
	char transport[POSTFIX_WORD_SIZE];

	if (strcmp(class, "virtual_alias_domains") == 0)
		return;
	if (!find_transport(check, domain, transport)) {
		if (strcmp(class, "relay_domains") != 0)
			return;
		name = "relay_transport";
		strlcpy(transport, postfix_get(check->postfix, name), sizeof(transport));
	}
	if (!leads_elsewhere(transport))
		return;
	findings_add(check->findings, FINDING_ERROR, "mail for %s %s is sent to %s by %s", option,
	    domain, transport, name);
	findings_remedy(check->findings,
	    "move %s from %s to virtual_alias_domains: bounces end here, and addresses that srsd "
	    "did not create must be refused here",
	    domain, strcmp(name, "relay_transport") == 0 ? "relay_domains" : name);
}

/*
 * report_not_accepted - option is the one that has the domain; the remedy keeps the present value
 * of virtual_alias_domains, which usually begins with $virtual_alias_maps
 */
static void
report_not_accepted(struct check *check, const char *option, const char *domain)
{
	const char *maps = postfix_get(check->postfix, "virtual_alias_maps"),
		   *domains = postfix_get(check->postfix, "virtual_alias_domains");
	const size_t len = strlen(maps);
	const char *keep = "", *rest = domains;

	if (domains[0] == '\0') {
		keep = "$virtual_alias_maps";
	} else if (strncmp(domains, maps, len) == 0 &&
		   (domains[len] == '\0' || strchr(", \t", domains[len]) != NULL)) {
		keep = "$virtual_alias_maps";
		rest = domains + len;
	}
	if (strcmp(option, "reverse-domains") != 0) {
		findings_add(check->findings, FINDING_ERROR, "%s %s is not accepted at RCPT TO",
		    option, domain);
		findings_remedy(check->findings,
		    "add it to virtual_alias_domains: postconf -e 'virtual_alias_domains = %s%s, %s'",
		    keep, rest, domain);
		return;
	}
	findings_add(check->findings, FINDING_SKIPPED,
	    "whether %s %s must be accepted at RCPT TO, which it is not", option, domain);
	findings_remedy(check->findings,
	    "a former srs-domain must be accepted, a domain of another forwarder need not be: "
	    "postconf -e "
	    "'virtual_alias_domains = %s%s, %s'",
	    keep, rest, domain);
}

/* check_class - for a domain that is in exactly one class */
static void
check_class(
    struct check *check, const struct domain_class *class, const char *option, const char *domain)
{
	findings_add(check->findings, FINDING_OK, "%s %s is accepted: it is in %s", option, domain,
	    class->domains);
	check_route(check, class->domains, option, domain);
	if (check_users(check, class, domain))
		check_postmaster(check, class, domain);
}

static void
check_bounce_domain(struct check *check, const char *option, const char *domain)
{
	const struct domain_class *where[N_CLASSES] = { NULL };
	size_t i, n = 0, unknown = 0;
	int answer;

	for (i = 0; i < N_CLASSES; i++) {
		answer = find_domain_in_class(check, classes[i].domains, domain);
		unknown += answer == -1;
		/* relay_domains may repeat domains of other classes. */
		if (answer == 1 && (n == 0 || i != RELAY_CLASS))
			where[n++] = &classes[i];
	}
	if (n == 1) {
		check_class(check, where[0], option, domain);
	} else if (n > 1) {
		findings_add(check->findings, FINDING_WARNING, "%s %s is in %s and in %s", option,
		    domain, where[0]->domains, where[1]->domains);
		findings_remedy(
		    check->findings, "keep it in exactly one of them, as Postfix requires");
	} else if (unknown > 0) {
		findings_add(check->findings, FINDING_SKIPPED,
		    "whether %s %s is accepted at RCPT TO", option, domain);
		findings_remedy(check->findings, "postmap cannot query all tables of Postfix");
	} else {
		report_not_accepted(check, option, domain);
	}
}

/* is_accepted - in one of the classes, or perhaps in a table that cannot be queried */
static bool
is_accepted(struct check *check, const char *domain)
{
	size_t i;

	for (i = 0; i < N_CLASSES; i++)
		if (find_domain_in_class(check, classes[i].domains, domain) != 0)
			return true;
	return false;
}

/* check_candidates_of - one form of per-domain; with "same" they are domains of Postfix anyway */
static void
check_candidates_of(struct check *check, const char *option, const char *form)
{
	const struct text_list *domains = &check->settings->domains;
	char candidate[HOSTNAME_MAX + 1];
	size_t i, asked = 0, accepted = 0;

	if (strcmp(form, "off") == 0 || strcmp(form, "same") == 0)
		return;
	for (i = 0; i < domains->n && asked < DOMAINS_MAX_ASKED; i++) {
		struct text domain = { domains->text[i], strlen(domains->text[i]) };

		if (!srs_domains_candidate(check->settings, form, domain, candidate))
			continue;
		asked++;
		if (is_accepted(check, candidate))
			accepted++;
		else
			report_not_accepted(check, option, candidate);
	}
	if (accepted > 0)
		findings_add(check->findings, FINDING_OK, "%s %s: %zu domains are accepted", option,
		    form, accepted);
}

static void
check_section(struct check *check, const char *name)
{
	const char *at = strrchr(name, '@'), *domain = at == NULL ? name : at + 1;
	char ascii[HOSTNAME_MAX + 1];

	if (is_accepted(check, domain) ||
	    (idna_to_ascii(ascii, domain, strlen(domain)) > 0 && is_accepted(check, ascii)))
		return;
	findings_add(check->findings, FINDING_WARNING,
	    "the section spf \"%s\" has no effect: Postfix does not accept mail for %s", name,
	    domain);
	findings_remedy(check->findings,
	    "correct its name in srsd.conf: it must be the one that a client uses at RCPT");
}

void
check_section_names(struct check *check)
{
	const struct spf_section *section;
	size_t i;

	if (check->settings->policy.n == 0)
		return;
	for (i = 0; i < DOMAINS_MAX_ASKED; i++) {
		section = spf_sections_at(check->settings->sections, i);
		if (section == NULL)
			return;
		check_section(check, section->name);
	}
}

void
check_srs_domain(struct check *check)
{
	const struct settings *settings = check->settings;
	const struct text_list *more = &settings->reverse_domains,
			       *forms = &settings->per_domain_accept;
	size_t i;

	if (settings->reverse.n == 0)
		return;
	check_bounce_domain(check, "srs-domain", settings->srs_domain);
	if (settings->unauthenticated_domain[0] != '\0')
		check_bounce_domain(
		    check, "unauthenticated-domain", settings->unauthenticated_domain);
	check_candidates_of(check, "per-domain", settings->per_domain);
	for (i = 0; i < forms->n; i++)
		check_candidates_of(check, "per-domain-accept", forms->text[i]);
	for (i = 0; i < more->n; i++)
		check_bounce_domain(check, "reverse-domains", more->text[i]);
}
