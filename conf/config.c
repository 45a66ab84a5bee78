/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "common/attributes.h"
#include "common/endpoint.h"
#include "common/file.h"
#include "common/hostname.h"
#include "common/orgdomain.h"
#include "common/printable.h"
#include "common/xmalloc.h"
#include "conf/config.h"
#include "conf/confuse.h"
#include "conf/envelope_database.h"
#include "conf/option.h"
#include "conf/option_value.h"
#include "conf/paths.h"
#include "conf/spf_sections.h"

/* In bytes: enough for more than a million domains. */
#define DOMAINS_FILE_MAX (64 * 1024 * 1024)
#define CONFIG_FILE_MAX (16 * 1024 * 1024)

PRINTF_LIKE(2, 3) static void set_config_error(char *error, const char *fmt, ...)
{
	va_list ap;

	if (error[0] != '\0')
		return;
	va_start(ap, fmt);
	vsnprintf(error, CONFIG_ERROR_SIZE, fmt, ap);
	va_end(ap);
	printable_line(error);
}

/* The place at which an option is set: a line of the file, or one of these. */
#define LINE_NONE 0
#define LINE_OVERRIDE (-1)

/* Settings that are being read. */
struct config_load {
	struct settings *s;
	const char *path;
	int *line;                   /* the place of each option */
	struct spf_section *section; /* the one that is being read */
	char *error;
};

static int *
find_option_line(const struct config_load *l, const struct conf_option *o)
{
	return &l->line[o - option_table];
}

/* set_option_error - an error in an option outside of spf, found after all options were read */
PRINTF_LIKE(3, 4)
static void
set_option_error(const struct config_load *l, const char *name, const char *fmt, ...)
{
	int line = *find_option_line(l, option_find(NULL, name));
	char text[CONFIG_ERROR_SIZE];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (line == LINE_OVERRIDE)
		set_config_error(l->error, "-o %s: %s", name, text);
	else if (line == LINE_NONE)
		set_config_error(l->error, "%s: %s: %s", l->path, name, text);
	else
		set_config_error(l->error, "%s:%d: %s: %s", l->path, line, name, text);
}

_Static_assert(CONFUSE_WHY_SIZE >= OPTION_ERROR_SIZE, "option_set needs this size");

static bool
set_parsed_option(void *arg, size_t number, int line, const char *const *values, size_t n,
    char why[CONFUSE_WHY_SIZE])
{
	const struct config_load *l = arg;

	l->line[number] = line;
	return option_set(l->s, &option_table[number], values, n, why);
}

static bool
open_section(void *arg, const char *name, int line, char why[CONFUSE_WHY_SIZE])
{
	struct config_load *l = arg;

	(void)line;
	if (l->s->sections == NULL)
		l->s->sections = spf_sections_new();
	l->section = spf_sections_add(l->s->sections, name, why);
	return l->section != NULL;
}

static bool
set_section_option(void *arg, size_t number, int line, const char *const *values, size_t n,
    char why[CONFUSE_WHY_SIZE])
{
	const struct config_load *l = arg;

	(void)line;
	return spf_section_set(l->section, &option_table[number], values, n, why);
}

static bool
parse_config_text(struct config_load *l, const char *text)
{
	struct confuse_option *known = xcalloc(option_count, sizeof(*known));
	const struct confuse_grammar grammar = { known, option_count, true, set_parsed_option, l,
		open_section, set_section_option, NULL, "srsd.conf(5)" };
	bool ok;
	size_t i;

	for (i = 0; i < option_count; i++) {
		known[i].section = option_table[i].section;
		known[i].name = option_table[i].name;
		known[i].list = option_is_list(&option_table[i]);
		known[i].titled = option_table[i].in_section;
	}
	ok = confuse_parse(&grammar, text, l->path, l->error, CONFIG_ERROR_SIZE);
	free(known);
	return ok;
}

static bool
parse_config_file(struct config_load *l, struct filebox *box)
{
	struct file file;
	const char *why;
	bool ok = false;

	if (!filebox_read(box, &file, l->path, CONFIG_FILE_MAX, &why)) {
		set_config_error(l->error, "%s: %s", l->path, why);
		return false;
	}
	if (memchr(file.data, '\0', file.len) != NULL)
		set_config_error(l->error, "%s: contains a NUL byte", l->path);
	else
		ok = parse_config_text(l, file.data);
	file_free(&file);
	return ok;
}

/* split_commas - split text into items without blanks around them; values has room for all */
static size_t
split_commas(char *text, const char **values)
{
	size_t n = 0;
	char *item, *end;

	while ((item = strsep(&text, ",")) != NULL) {
		item += strspn(item, " ");
		for (end = strchr(item, '\0'); end > item && end[-1] == ' '; end--)
			end[-1] = '\0';
		if (*item != '\0')
			values[n++] = item;
	}
	return n;
}

static bool
override_option(struct config_load *l, const struct conf_option *o, char *value, const char *text)
{
	const char **values = xcalloc(strlen(value) + 1, sizeof(*values));
	char why[OPTION_ERROR_SIZE];
	size_t n = 1;
	bool ok;

	values[0] = value;
	if (option_is_list(o))
		n = split_commas(value, values);
	ok = option_set(l->s, o, values, n, why);
	if (!ok)
		set_config_error(l->error, "-o %s: %s", text, why);
	*find_option_line(l, o) = LINE_OVERRIDE;
	free(values);
	return ok;
}

/* refuse_override - with the name that was probably meant */
static void
refuse_override(struct config_load *l, const char *text, const char *section, const char *name)
{
	const struct conf_option *o = option_closest(section, name);

	if (o == NULL)
		set_config_error(l->error, "-o %s: no such option; see srsd.conf(5)", text);
	else
		set_config_error(l->error, "-o %s: no such option; did you mean %s%s?", text,
		    section == NULL ? "" : "spf.", o->name);
}

static bool
apply_override(struct config_load *l, const char *text)
{
	char *copy = xstrdup(text), *value = strchr(copy, '=');
	bool in_spf = strncmp(copy, "spf.", 4) == 0, ok = false;
	const struct conf_option *o;

	if (value != NULL)
		*value++ = '\0';
	o = option_find(in_spf ? "spf" : NULL, in_spf ? copy + 4 : copy);
	if (value == NULL)
		set_config_error(l->error, "-o %s: not of the form NAME=VALUE", text);
	else if (o == NULL && !in_spf && option_find("spf", copy) != NULL)
		set_config_error(l->error, "-o %s: no such option; it belongs in spf: -o spf.%s=%s",
		    text, copy, value);
	else if (o == NULL)
		refuse_override(l, text, in_spf ? "spf" : NULL, in_spf ? copy + 4 : copy);
	else
		ok = override_option(l, o, value, text);
	free(copy);
	return ok;
}

static bool
read_domains_file(struct settings *s, struct filebox *box, char *error)
{
	struct file file;
	const char *why;
	unsigned line;
	bool ok;

	if (!filebox_read(box, &file, s->domains_file, DOMAINS_FILE_MAX, &why)) {
		set_config_error(error, "domains-file %s: %s", s->domains_file, why);
		return false;
	}
	ok = domainset_add_lines(s->own_domains, file.data, file.len, &line);
	if (!ok)
		set_config_error(error,
		    "%s:%u: not a domain; expected one per line, .domain for its subdomains",
		    s->domains_file, line);
	file_free(&file);
	return ok;
}

/* choose_srs_domain - if srs-domain is not set, use the first of domains without a dot */
static bool
choose_srs_domain(const struct config_load *l)
{
	struct settings *s = l->s;
	size_t i;

	for (i = 0; s->srs_domain[0] == '\0' && i < s->domains.n; i++) {
		if (s->domains.text[i][0] == '.')
			continue;
		free(s->srs_domain);
		s->srs_domain = xstrdup(s->domains.text[i]);
	}
	if (s->srs_domain[0] == '\0') {
		set_option_error(
		    l, "srs-domain", "not set; set it to the domain of the SRS addresses");
		return false;
	}
	if (!hostname_is_fqdn(s->srs_domain, strlen(s->srs_domain))) {
		set_option_error(l, "domains",
		    "the first one, '%.100s', is not accepted as srs-domain, which is not set; a "
		    "host name of ASCII letters, digits and hyphens with at least one dot",
		    s->srs_domain);
		return false;
	}
	return true;
}

/* set_default_authserv_id - the name of this host, also for policyd-spf's value HOSTNAME */
static void
set_default_authserv_id(struct settings *s)
{
	char host[256];

	if (s->spf.authserv_id[0] != '\0' && strcasecmp(s->spf.authserv_id, "HOSTNAME") != 0)
		return;
	if (gethostname(host, sizeof(host)) == -1 || host[0] == '\0')
		strlcpy(host, s->srs_domain, sizeof(host));
	host[sizeof(host) - 1] = '\0';
	free(s->spf.authserv_id);
	s->spf.authserv_id = xstrdup(host);
}

/* check_local - without clients, all endpoints of an option must be on this host */
static bool
check_local(const struct config_load *l, const char *option, const struct text_list *endpoints)
{
	size_t i;

	for (i = 0; i < endpoints->n; i++) {
		if (endpoint_is_local(endpoints->text[i]))
			continue;
		set_option_error(l, option,
		    "%s is not on loopback; set clients to the addresses that may connect to it",
		    endpoints->text[i]);
		return false;
	}
	return true;
}

/* check_clients - a client of one of these services gets signatures, or is believed */
static bool
check_clients(const struct config_load *l)
{
	const struct settings *s = l->s;

	return s->clients.n > 0 ||
	       (check_local(l, "forward", &s->forward) && check_local(l, "reverse", &s->reverse) &&
		   check_local(l, "policy", &s->policy) &&
		   check_local(l, "socketmap", &s->socketmap) &&
		   check_local(l, "milter", &s->milter));
}

/* check_metrics - the page has no addresses, and an option of its own */
static bool
check_metrics(const struct config_load *l)
{
	const char *metrics = l->s->metrics;

	if (l->s->metrics_remote || strcmp(metrics, "none") == 0 || endpoint_is_local(metrics))
		return true;
	set_option_error(
	    l, "metrics", "%s is not on loopback; set metrics-remote to allow this", metrics);
	return false;
}

/* check_per_domain - a signing domain is usable if its SPF record permits these addresses */
static bool
check_per_domain(const struct config_load *l)
{
	if (strcmp(l->s->per_domain, "off") == 0 || l->s->outbound_addresses.n > 0)
		return true;
	set_option_error(l, "per-domain",
	    "set outbound-addresses as well, to the addresses from which this host sends mail");
	return false;
}

/* An endpoint, and the option that names it. */
struct endpoint_use {
	const char *option;
	const char *endpoint;
};

static size_t
add_endpoint_uses(
    struct endpoint_use *uses, size_t n, const char *option, const struct text_list *endpoints)
{
	size_t i;

	for (i = 0; i < endpoints->n; i++) {
		if (strcmp(endpoints->text[i], "none") == 0)
			continue;
		uses[n].option = option;
		uses[n++].endpoint = endpoints->text[i];
	}
	return n;
}

/* do_overlap - can only one of two inet endpoints be open? Host names are not resolved. */
static bool
do_overlap(const char *a, const char *b)
{
	struct endpoint_addr one, other;

	return endpoint_parse_literal(&one, a) && endpoint_parse_literal(&other, b) &&
	       endpoint_overlaps(&one, &other);
}

/* check_endpoint_pair - of one option, the wider one of two is opened */
static void
check_endpoint_pair(
    const struct config_load *l, const struct endpoint_use *a, const struct endpoint_use *b)
{
	if (strcmp(a->endpoint, b->endpoint) == 0)
		set_option_error(
		    l, a->option, "%s is already an endpoint of %s", a->endpoint, b->option);
	else if (strcmp(a->option, b->option) != 0 && do_overlap(a->endpoint, b->endpoint))
		set_option_error(l, a->option, "%s overlaps %s, an endpoint of %s", a->endpoint,
		    b->endpoint, b->option);
}

/* check_endpoints_differ - an endpoint that is used twice could be opened only once */
static bool
check_endpoints_differ(const struct config_load *l)
{
	struct settings *s = l->s;
	const struct text_list control = { 1, &s->control }, metrics = { 1, &s->metrics };
	size_t i, j, n,
	    max = s->forward.n + s->reverse.n + s->policy.n + s->socketmap.n + s->milter.n + 2;
	struct endpoint_use *uses = xcalloc(max, sizeof(*uses));

	n = add_endpoint_uses(uses, 0, "forward", &s->forward);
	n = add_endpoint_uses(uses, n, "reverse", &s->reverse);
	n = add_endpoint_uses(uses, n, "policy", &s->policy);
	n = add_endpoint_uses(uses, n, "socketmap", &s->socketmap);
	n = add_endpoint_uses(uses, n, "milter", &s->milter);
	n = add_endpoint_uses(uses, n, "metrics", &metrics);
	n = add_endpoint_uses(uses, n, "control", &control);
	for (i = 0; i < n && l->error[0] == '\0'; i++)
		for (j = 0; j < i; j++)
			check_endpoint_pair(l, &uses[i], &uses[j]);
	free(uses);
	return l->error[0] == '\0';
}

/* make_domainset - of a list, and of another domain unless that is NULL */
static struct domainset *
make_domainset(const char *first, const struct text_list *others)
{
	struct domainset *set = domainset_new();
	size_t i;

	if (first != NULL)
		domainset_add(set, first, strlen(first));
	for (i = 0; i < others->n; i++)
		domainset_add(set, others->text[i], strlen(others->text[i]));
	return set;
}

/* set_default_database - for senders that are to be stored while no database is named */
static bool
set_default_database(const struct config_load *l)
{
	struct settings *s = l->s;

	if (s->original_envelope == ENVELOPE_EMBEDDED ||
	    envelope_database_is_set(s->envelope_database))
		return true;
#ifdef HAVE_SQLITE
	free(s->envelope_database);
	s->envelope_database = xstrdup(ENVELOPE_DATABASE_SQLITE PATHS_ENVELOPES);
	return true;
#else
	set_option_error(l, "original-envelope",
	    "set envelope-database as well; this srsd was built without SQLite");
	return false;
#endif
}

/* check_milter_options - one of these options needs another one */
static bool
check_milter_options(const struct config_load *l)
{
	const struct settings *s = l->s;

	if (s->unauthenticated == UNAUTHENTICATED_DOMAIN && s->unauthenticated_domain[0] == '\0') {
		set_option_error(
		    l, "unauthenticated", "domain needs unauthenticated-domain, which is not set");
		return false;
	}
	return true;
}

/* An organizational domain. */
struct org_name {
	const char *s;
	size_t len;
};

/*
 * is_within_org - does an entry of domains have this organizational domain?
 *
 * Only an entry below it can, so that the list of public suffixes is searched for few of them. The
 * name that an entry with a leading dot stands for is below it.
 */
static bool
is_within_org(void *arg, const char *entry)
{
	const struct org_name *org = arg;
	const char *name = entry + (entry[0] == '.');
	size_t len = strlen(name);

	return hostname_is_within(name, len, org->s, org->len) &&
	       orgdomain_is_shared(name, len, org->s, org->len);
}

/* find_aligned_domain - the entry of domains that is aligned with unauthenticated-domain; or NULL */
static const char *
find_aligned_domain(const struct settings *s)
{
	const char *domain = s->unauthenticated_domain;
	struct org_name org = { domain, strlen(domain) };
	const char *found;

	/* A public suffix has no organizational domain, and is aligned with itself alone. */
	orgdomain_of(domain, org.len, &org.s, &org.len);
	found = domainset_find(s->own_domains, is_within_org, &org);
	if (found == NULL && domainset_contains(s->own_domains, org.s, org.len))
		return org.s;
	return found;
}

/*
 * check_unauthenticated_domain - an SPF pass of it must not count for one of our own domains
 *
 * With relaxed alignment, DMARC compares organizational domains (RFC 7489, 3.1.2).
 */
static bool
check_unauthenticated_domain(const struct config_load *l)
{
	const char *domain = l->s->unauthenticated_domain, *found;

	if (domain[0] == '\0')
		return true;
	found = find_aligned_domain(l->s);
	if (found == NULL)
		return true;
	set_option_error(l, "unauthenticated-domain",
	    "%.100s shares its organizational domain with %.100s, which is one of domains or "
	    "srs-domain; use a separately registered domain",
	    domain, found);
	return false;
}

/* make_domainsets - false: an error in domains-file */
static bool
make_domainsets(const struct config_load *l, struct filebox *box)
{
	struct settings *s = l->s;

	s->srs_domains = make_domainset(s->srs_domain, &s->reverse_domains);
	domainset_add(s->srs_domains, s->unauthenticated_domain, strlen(s->unauthenticated_domain));
	s->srs_excepted = make_domainset(NULL, &s->per_domain_except);
	s->own_domains = make_domainset(s->srs_domain, &s->domains);
	s->relays = make_domainset(NULL, &s->relay_domains);
	s->no_rewrite = make_domainset(NULL, &s->no_rewrite_recipients);
	return s->domains_file[0] == '\0' || read_domains_file(s, box, l->error);
}

/* complete_settings - check options against each other, and compute the derived fields */
static bool
complete_settings(const struct config_load *l, struct filebox *box)
{
	struct settings *s = l->s;

	if (!choose_srs_domain(l))
		return false;
	if (s->hash_minimum > s->hash_length) {
		set_option_error(l, "hash-minimum", "%d is more than hash-length, %d",
		    s->hash_minimum, s->hash_length);
		return false;
	}
	if (!check_metrics(l) || !check_clients(l) || !check_endpoints_differ(l) ||
	    !check_per_domain(l))
		return false;
	if (s->spf.prospective[0] != '\0')
		ipaddr_parse(&s->prospective, s->spf.prospective, strlen(s->spf.prospective));
	set_default_authserv_id(s);
	if (s->sections != NULL)
		spf_sections_complete(s->sections, &s->spf);
	return set_default_database(l) && check_milter_options(l) && make_domainsets(l, box) &&
	       check_unauthenticated_domain(l);
}

static struct settings *
make_default_settings(void)
{
	struct settings *s = xcalloc(1, sizeof(*s));
	const struct conf_option *o;

	for (o = option_table; o < option_table + option_count; o++)
		option_preset(s, o);
	return s;
}

struct settings *
config_defaults(void)
{
	struct settings *s = make_default_settings();

	set_default_authserv_id(s);
	s->own_domains = domainset_new();
	s->srs_domains = domainset_new();
	s->srs_excepted = domainset_new();
	s->relays = domainset_new();
	s->no_rewrite = domainset_new();
	return s;
}

struct settings *
config_load(struct filebox *box, const char *path, const char *const *overrides, size_t n,
    char error[CONFIG_ERROR_SIZE])
{
	struct config_load l = { make_default_settings(), path,
		xcalloc(option_count, sizeof(*l.line)), NULL, error };
	bool ok;
	size_t i;

	error[0] = '\0';
	ok = parse_config_file(&l, box);
	for (i = 0; ok && i < n; i++)
		ok = apply_override(&l, overrides[i]);
	if (!ok || !complete_settings(&l, box))
		settings_free(&l.s);
	free(l.line);
	return l.s;
}

void
config_print(const struct settings *s, FILE *out)
{
	const struct conf_option *o;

	for (o = option_table; o < option_table + option_count; o++)
		if (o->section == NULL)
			option_print(s, o, out);
	fputs("spf {\n", out);
	for (o = option_table; o < option_table + option_count; o++)
		if (o->section != NULL)
			option_print(s, o, out);
	fputs("}\n", out);
	spf_sections_print(s->sections, out);
}
