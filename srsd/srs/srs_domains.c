/* SPDX-License-Identifier: ISC */
#include <string.h>
#include <strings.h>

#include "common/hostname.h"
#include "common/idna.h"
#include "srsd/srs/srs_addr.h"
#include "srsd/srs/srs_domains.h"

/* is_same_form - is the candidate the forwarding domain itself? */
static bool
is_same_form(const char *form)
{
	return strcmp(form, "same") == 0;
}

/* get_nth_form - the forms of per-domain and per-domain-accept, in this order; NULL: no more */
static const char *
get_nth_form(const struct settings *settings, size_t n)
{
	bool on = strcmp(settings->per_domain, "off") != 0;

	if (on && n == 0)
		return settings->per_domain;
	n -= on;
	return n < settings->per_domain_accept.n ? settings->per_domain_accept.text[n] : NULL;
}

/* make_lower_ascii - write a name in A-labels and lower case; returns its length, or 0 */
static size_t
make_lower_ascii(char ascii[HOSTNAME_MAX + 1], const char *name, size_t len)
{
	len = idna_to_ascii(ascii, name, len);
	hostname_lower(ascii, len);
	return len;
}

/*
 * make_form_label - write the text that a form puts before the forwarding domain
 *
 * That is a label and a dot, or "" for "same". False if the form makes no candidates.
 */
static bool
make_form_label(char label[HOSTNAME_MAX + 1], const char *form)
{
	size_t len = strlen(form);

	label[0] = '\0';
	if (is_same_form(form))
		return true;
	return len > 0 && form[len - 1] == '.' && make_lower_ascii(label, form, len) > 0;
}

static bool
is_excepted_name(const struct settings *settings, const char *name)
{
	return domainset_contains(settings->srs_excepted, name, strlen(name));
}

/* is_forwarder - does this name have candidates? One without a dot, such as localhost, has none */
static bool
is_forwarder(const struct settings *settings, const char *name)
{
	return strchr(name, '.') != NULL &&
	       domainset_contains_literal(settings->own_domains, name, strlen(name)) &&
	       !is_excepted_name(settings, name);
}

/* find_forwarder - the domain with this candidate, a lower-case ASCII name: part of it, or NULL */
static const char *
find_forwarder(const struct settings *settings, const char *name)
{
	char label[HOSTNAME_MAX + 1];
	const char *form;
	size_t n, len;

	for (n = 0; (form = get_nth_form(settings, n)) != NULL; n++) {
		if (!make_form_label(label, form))
			continue;
		len = strlen(label);
		if (strncmp(name, label, len) == 0 && is_forwarder(settings, name + len))
			return is_excepted_name(settings, name) ? NULL : name + len;
	}
	return NULL;
}

static bool
is_candidate(const struct settings *settings, const char *domain, size_t len)
{
	char name[HOSTNAME_MAX + 1];

	return get_nth_form(settings, 0) != NULL && make_lower_ascii(name, domain, len) > 0 &&
	       find_forwarder(settings, name) != NULL;
}

enum srs_domains_kind
srs_domains_kind(const struct settings *settings, const char *domain, size_t len)
{
	const char *srs_domain = settings->srs_domain;

	len = hostname_length(domain, len);
	/* This is nearly every address of ours, and the set would compute a hash of the name. */
	if (len == strlen(srs_domain) && strncasecmp(srs_domain, domain, len) == 0)
		return SRS_DOMAINS_OURS;
	if (domainset_contains(settings->srs_domains, domain, len))
		return SRS_DOMAINS_OURS;
	return is_candidate(settings, domain, len) ? SRS_DOMAINS_CANDIDATE : SRS_DOMAINS_FOREIGN;
}

bool
srs_domains_contain(const struct settings *settings, const char *domain, size_t len)
{
	return srs_domains_kind(settings, domain, len) != SRS_DOMAINS_FOREIGN;
}

bool
srs_domains_is_literal(const struct settings *settings, struct text domain)
{
	return domainset_contains_literal(
	    settings->own_domains, domain.s, hostname_length(domain.s, domain.len));
}

bool
srs_domains_candidate(const struct settings *settings, const char *form, struct text domain,
    char candidate[HOSTNAME_MAX + 1])
{
	char name[HOSTNAME_MAX + 1];
	size_t len = make_lower_ascii(name, domain.s, hostname_length(domain.s, domain.len));

	if (len == 0 || !is_forwarder(settings, name) || !make_form_label(candidate, form) ||
	    strlcat(candidate, name, HOSTNAME_MAX + 1) > HOSTNAME_MAX)
		return false;
	return !is_excepted_name(settings, candidate);
}

bool
srs_domains_forwarder(
    const struct settings *settings, struct text domain, char forwarder[HOSTNAME_MAX + 1])
{
	char name[HOSTNAME_MAX + 1];
	const char *found;

	if (make_lower_ascii(name, domain.s, hostname_length(domain.s, domain.len)) == 0)
		return false;
	found = find_forwarder(settings, name);
	if (found == NULL)
		return false;
	strlcpy(forwarder, found, HOSTNAME_MAX + 1);
	return true;
}

/* begins_with_label - is the label the first one of several? */
static bool
begins_with_label(const char *name, const char *label, size_t len)
{
	char ascii[HOSTNAME_MAX + 1];

	return idna_to_ascii(ascii, name, strlen(name)) > len &&
	       strncasecmp(ascii, label, len) == 0 && ascii[len] == '.';
}

/* may_become_ours - does a domain that is always ours begin with this label? */
static bool
may_become_ours(const struct settings *settings, const char *label, size_t len)
{
	size_t i;

	if (begins_with_label(settings->srs_domain, label, len) ||
	    begins_with_label(settings->unauthenticated_domain, label, len))
		return true;
	for (i = 0; i < settings->reverse_domains.n; i++)
		if (begins_with_label(settings->reverse_domains.text[i], label, len))
			return true;
	return false;
}

/*
 * may_become_candidate - may a candidate begin with this label?
 *
 * With "same", any of domains may, and no index has their first labels. So each label may be one:
 * Postfix completes it with a domain of its own, so that no address with it is foreign.
 */
static bool
may_become_candidate(const struct settings *settings, const char *label, size_t len)
{
	char first[HOSTNAME_MAX + 1];
	const char *form;
	size_t n;

	for (n = 0; (form = get_nth_form(settings, n)) != NULL; n++) {
		if (!make_form_label(first, form))
			continue;
		if (is_same_form(form) ? hostname_is_mail_domain(label, len)
				       : begins_with_label(first, label, len))
			return true;
	}
	return false;
}

enum srs_domains_kind
srs_domains_kind_as_written(const struct settings *settings, const char *domain, size_t len)
{
	char label[HOSTNAME_MAX + 1];
	enum srs_domains_kind kind;

	len = hostname_length(domain, len);
	if (len == 0)
		return SRS_DOMAINS_OURS;
	if (memchr(domain, '.', len) != NULL)
		return srs_domains_kind(settings, domain, len);
	len = idna_to_ascii(label, domain, len);
	if (len == 0)
		return SRS_DOMAINS_FOREIGN;
	if (may_become_ours(settings, label, len))
		return SRS_DOMAINS_OURS;
	kind = srs_domains_kind(settings, label, len);
	if (kind == SRS_DOMAINS_FOREIGN && may_become_candidate(settings, label, len))
		return SRS_DOMAINS_CANDIDATE;
	return kind;
}

/* read_route_word - the length of the text up to the next '!', '%' or '@'; *s moves past that */
static size_t
read_route_word(const char **s, const char *end)
{
	const char *word = *s, *stop = word;

	while (stop < end && *stop != '!' && *stop != '%' && *stop != '@')
		stop++;
	*s = stop < end ? stop + 1 : end;
	return (size_t)(stop - word);
}

/* What was found on a route. */
struct srs_route {
	bool tagged;                /* an SRS tag */
	bool whole;                 /* one that may begin a well-formed address */
	enum srs_domains_kind kind; /* of the domains */
};

/* is_srs_route - does the route lead to an SRS address of ours? */
static bool
is_srs_route(const struct srs_route *route)
{
	return route->kind == SRS_DOMAINS_OURS
		   ? route->tagged
		   : route->kind == SRS_DOMAINS_CANDIDATE && route->whole;
}

/* add_route_word - the word of len bytes, of a local part that goes on until end */
static void
add_route_word(struct srs_route *route, const struct settings *settings, const char *word,
    size_t len, const char *end)
{
	enum srs_domains_kind kind;
	struct srs_addr addr;

	if (srs_addr_tag(word, len) != -1) {
		route->tagged = true;
		/* The user of an address may contain what separates words. */
		route->whole = route->whole || srs_addr_parse(&addr, word, (size_t)(end - word)) !=
						   SRS_ADDR_MALFORMED;
	}
	if (len == 0)
		return;
	kind = srs_domains_kind_as_written(settings, word, len);
	if (kind > route->kind)
		route->kind = kind;
}

bool
srs_domains_are_routed_to(const struct settings *settings, const char *local, size_t len)
{
	struct srs_route route = { .kind = SRS_DOMAINS_FOREIGN };
	const char *s = local, *end, *word;
	size_t n;

	if (len == 0 || (memchr(local, '!', len) == NULL && srs_addr_tag(local, len) == -1))
		return false;
	end = local + len;
	while (s < end && !is_srs_route(&route)) {
		word = s;
		n = read_route_word(&s, end);
		add_route_word(&route, settings, word, n, end);
	}
	return is_srs_route(&route);
}

/* has_form - is it in per-domain or per-domain-accept? */
static bool
has_form(const struct settings *settings, const char *form)
{
	const char *other;
	size_t n;

	for (n = 0; (other = get_nth_form(settings, n)) != NULL; n++)
		if (strcasecmp(form, other) == 0)
			return true;
	return false;
}

/* get_nth_srs_name - the domains that are always ours, then the forms; NULL: no more */
static const char *
get_nth_srs_name(const struct settings *settings, size_t n, struct srs_domains_loss *loss)
{
	loss->form = false;
	loss->option = n == 0 ? "srs-domain" : "unauthenticated-domain";
	if (n < 2)
		return n == 0 ? settings->srs_domain : settings->unauthenticated_domain;
	n -= 2;
	loss->option = "reverse-domains";
	if (n < settings->reverse_domains.n)
		return settings->reverse_domains.text[n];
	n -= settings->reverse_domains.n;
	loss->form = true;
	loss->option =
	    n == 0 && strcmp(settings->per_domain, "off") != 0 ? "per-domain" : "per-domain-accept";
	return get_nth_form(settings, n);
}

/* is_srs_name_lost - value is a domain, "" for none, or a form */
static bool
is_srs_name_lost(const struct settings *after, const char *value, bool form)
{
	if (form)
		return !has_form(after, value);
	return value[0] != '\0' && !srs_domains_contain(after, value, strlen(value));
}

bool
srs_domains_loses(const struct settings *before, const struct settings *after, size_t *n,
    struct srs_domains_loss *loss)
{
	while ((loss->value = get_nth_srs_name(before, (*n)++, loss)) != NULL)
		if (is_srs_name_lost(after, loss->value, loss->form))
			return true;
	return false;
}
