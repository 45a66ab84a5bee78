/* SPDX-License-Identifier: ISC */
/*
 * Senders in a domain that Postfix considers its own must not be rewritten, so domains must list
 * it. relay_domains does not count: the mail of such a domain leaves from another server, and must
 * be rewritten when that server sends it to an address that is forwarded here.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/hostname.h"
#include "common/xmalloc.h"
#include "srsd/ctl/check/check.h"
#include "srsd/srs/srs_domains.h"

/* Bytes for the names in one finding; the others are only counted. */
#define NAMES_SIZE 700

struct own_domain {
	char *name;
	const char *where;
};

/* The domains in some parameters of Postfix that srsd does not know. */
struct missing_domains {
	const struct check *check;
	struct domainset *seen; /* already found, or excluded with "!name" */
	size_t n;
	struct own_domain *domain;
	struct text_list unlisted; /* "table (parameter): reason" */
	const char *where;         /* the parameter that is being read */
	struct domainset *hosts;   /* domains of the addresses in a table; NULL: each key is one */
};

static void
init_missing(struct missing_domains *m, const struct check *check)
{
	memset(m, 0, sizeof(*m));
	m->check = check;
	m->seen = domainset_new();
}

static void
free_missing(struct missing_domains *m)
{
	size_t i;

	for (i = 0; i < m->n; i++)
		free(m->domain[i].name);
	for (i = 0; i < m->unlisted.n; i++)
		free(m->unlisted.text[i]);
	free(m->domain);
	free(m->unlisted.text);
	domainset_free(&m->seen);
}

/* add_missing - a name in a list or a key of a table, unless srsd knows it */
static void
add_missing(void *arg, const char *name)
{
	struct missing_domains *m = arg;
	size_t len = strlen(name);

	if (len > 0 && name[len - 1] == '.')
		len--;
	if (!hostname_is_mail_domain(name, len) ||
	    domainset_contains(m->check->settings->own_domains, name, len) ||
	    srs_domains_contain(m->check->settings, name, len) ||
	    domainset_contains(m->seen, name, len) ||
	    (m->hosts != NULL && !domainset_contains(m->hosts, name, len)))
		return;
	domainset_add(m->seen, name, len);
	m->domain = xreallocarray(m->domain, m->n + 1, sizeof(*m->domain));
	m->domain[m->n].name = xstrndup(name, len);
	m->domain[m->n++].where = m->where;
}

/* add_key_host - the domain of a key that is an address */
static void
add_key_host(void *arg, const char *key)
{
	struct domainset *hosts = arg;
	const char *at = strrchr(key, '@');

	if (at != NULL)
		domainset_add(hosts, at + 1, strlen(at + 1));
}

static void
add_unlisted_table(struct missing_domains *m, const char *table, const char *why)
{
	struct text_list *list = &m->unlisted;

	list->text = xreallocarray(list->text, list->n + 1, sizeof(char *));
	xasprintf(&list->text[list->n++], "%s (%s): %s", table, m->where, why);
}

/*
 * add_domain_table - the keys of a table. A table of virtual aliases also holds names of users and
 * addresses. There, a key is a domain if the table has an address in it.
 */
static void
add_domain_table(struct missing_domains *m, const char *table)
{
	const struct postfix *p = m->check->postfix;
	char error[POSTFIX_ERROR_SIZE];
	bool listed = true;

	if (postfix_list_has(postfix_get(p, "virtual_alias_maps"), table)) {
		m->hosts = domainset_new();
		listed = postfix_list_table(p, table, add_key_host, m->hosts, error);
	}
	if (!listed || !postfix_list_table(p, table, add_missing, m, error))
		add_unlisted_table(m, table, error);
	if (m->hosts != NULL)
		domainset_free(&m->hosts);
}

static void
add_domain_list(struct missing_domains *m, const char *parameter)
{
	char *text = postfix_read_files(postfix_get(m->check->postfix, parameter));
	char word[POSTFIX_WORD_SIZE];
	const char *list = text;

	m->where = parameter;
	while (postfix_word(&list, word)) {
		if (word[0] == '!')
			domainset_add(m->seen, word + 1, strlen(word + 1));
		else if (word[0] == '/')
			add_unlisted_table(m, word, "cannot be read");
		else if (strchr(word, ':') != NULL)
			add_domain_table(m, word);
		else
			add_missing(m, word);
	}
	free(text);
}

/* find_missing - in all lists of domains whose mail this Postfix delivers or sends */
static void
find_missing(struct missing_domains *m)
{
	add_domain_list(m, "mydestination");
	add_domain_list(m, "virtual_mailbox_domains");
	add_domain_list(m, "virtual_alias_domains");
	add_domain_list(m, "myorigin");
	add_domain_list(m, "myhostname");
	m->where = "local programs";
	add_missing(m, "localhost");
}

/* name_domains - as many as fit */
static void
name_domains(const struct missing_domains *m, char text[NAMES_SIZE])
{
	size_t i, len = 0;

	text[0] = '\0';
	for (i = 0; i < m->n; i++) {
		if (len + strlen(m->domain[i].name) + strlen(m->domain[i].where) >
		    NAMES_SIZE - 40) {
			snprintf(text + len, NAMES_SIZE - len, " and %zu more", m->n - i);
			return;
		}
		len += (size_t)snprintf(text + len, NAMES_SIZE - len, "%s%s (%s)",
		    i == 0 ? "" : ", ", m->domain[i].name, m->domain[i].where);
	}
}

static void
report_unlisted(struct check *check, const struct missing_domains *m)
{
	size_t i;

	for (i = 0; i < m->unlisted.n; i++) {
		findings_add(
		    check->findings, FINDING_SKIPPED, "domains of %s", m->unlisted.text[i]);
		findings_remedy(
		    check->findings, "make sure that domains or domains-file lists each of them");
	}
}

/* report_relayed - srsd cannot know which of these domains send their mail through this server */
static void
report_relayed(struct check *check, struct missing_domains *m)
{
	char names[NAMES_SIZE];

	add_domain_list(m, "relay_domains");
	if (m->n == 0)
		return;
	name_domains(m, names);
	findings_add(check->findings, FINDING_OK,
	    "senders in these domains are rewritten: %s; list in domains those whose server sends "
	    "its mail through this one",
	    names);
}

static void
compare_domains(struct check *check)
{
	struct missing_domains own, relayed;
	char names[NAMES_SIZE];

	init_missing(&own, check);
	init_missing(&relayed, check);
	find_missing(&own);
	name_domains(&own, names);
	if (own.n == 0) {
		findings_add(check->findings, FINDING_OK,
		    "domains lists every domain that Postfix considers its own");
	} else {
		findings_add(check->findings, FINDING_WARNING,
		    "domains lacks %s: senders in %s are rewritten", names,
		    own.n == 1 ? "it" : "these");
		findings_remedy(
		    check->findings, "srsctl check --print-domains prints the line for srsd.conf");
	}
	report_unlisted(check, &own);
	report_relayed(check, &relayed);
	free_missing(&own);
	free_missing(&relayed);
}

void
check_own_domains(struct check *check)
{
	const struct settings *settings = check->settings;

	if (settings->forward.n == 0)
		return;
	if (settings->always_rewrite) {
		findings_add(check->findings, FINDING_OK,
		    "always-rewrite: senders in our own domains are rewritten as well");
	} else if (check->postfix != NULL) {
		compare_domains(check);
	} else if (domainset_size(settings->own_domains) == 1) {
		findings_add(check->findings, FINDING_WARNING,
		    "domains holds only srs-domain: senders in your own domains are rewritten");
		findings_remedy(check->findings, "list your domains in domains or domains-file");
	}
}

json_t *
check_list_domains(struct check *check, FILE *notes)
{
	const struct text_list *configured = &check->settings->domains;
	json_t *list = json_array();
	struct missing_domains m;
	size_t i;

	init_missing(&m, check);
	find_missing(&m);
	for (i = 0; i < configured->n; i++)
		json_array_append_new(list, json_string(configured->text[i]));
	for (i = 0; i < m.n; i++)
		json_array_append_new(list, json_string(m.domain[i].name));
	for (i = 0; i < m.unlisted.n; i++)
		fprintf(notes, "srsctl: cannot list the domains of %s\n", m.unlisted.text[i]);
	free_missing(&m);
	return list;
}
