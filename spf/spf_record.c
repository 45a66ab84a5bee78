/* SPDX-License-Identifier: ISC */
#include <arpa/inet.h>

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/ascii.h"
#include "common/xmalloc.h"
#include "spf/spf_record.h"

static const char version[] = "v=spf1";

#define VERSION_LEN (sizeof(version) - 1)

bool
spf_record_is_spf(const char *s, size_t len)
{
	return len >= VERSION_LEN && strncasecmp(s, version, VERSION_LEN) == 0 &&
	       (len == VERSION_LEN || s[VERSION_LEN] == ' ');
}

bool
spf_record_is_no_mail(const char *s, size_t len)
{
	static const char all[] = "-all";
	size_t first = VERSION_LEN;

	while (first < len && s[first] == ' ')
		first++;
	while (len > first && s[len - 1] == ' ')
		len--;
	return len - first == sizeof(all) - 1 && strncasecmp(s + first, all, len - first) == 0;
}

static bool
is_term_word(struct text t, const char *word)
{
	return t.len == strlen(word) && strncasecmp(t.s, word, t.len) == 0;
}

/* count_final_digits - the number of digits at the end of t */
static size_t
count_final_digits(struct text t)
{
	size_t n = 0;

	while (n < t.len && ascii_isdigit(t.s[t.len - 1 - n]))
		n++;
	return n;
}

/*
 * cut_prefixes - cut "/N", "//N" or "/N//N" off the end of t
 *
 * They are parsed from the end, because a domain-spec may contain slashes, but cannot end in a
 * slash and digits.
 */
static bool
cut_prefixes(struct text *t, struct spf_term *term)
{
	struct text digits;

	term->prefix4 = 32;
	term->prefix6 = 128;
	digits.len = count_final_digits(*t);
	digits.s = t->s + t->len - digits.len;
	if (t->len >= digits.len + 2 && memcmp(digits.s - 2, "//", 2) == 0) {
		if (!cidr_parse_prefix(&term->prefix6, digits.s, digits.len, 128))
			return false;
		t->len -= digits.len + 2;
		digits.len = count_final_digits(*t);
		digits.s = t->s + t->len - digits.len;
	}
	if (t->len >= digits.len + 1 && digits.s[-1] == '/') {
		if (!cidr_parse_prefix(&term->prefix4, digits.s, digits.len, 32))
			return false;
		t->len -= digits.len + 1;
	}
	return true;
}

static bool
parse_domain_spec(struct text rest, bool required, struct spf_term *term, const char **error)
{
	if (rest.len == 0) {
		*error = "no domain";
		return !required;
	}
	*error = "domain must follow ':'";
	if (rest.s[0] != ':')
		return false;
	term->domain.s = rest.s + 1;
	term->domain.len = rest.len - 1;
	return spf_macro_is_domain_spec(term->domain, error);
}

static bool
parse_all(struct text rest, struct spf_term *term, const char **error)
{
	(void)term;
	*error = "all takes no argument";
	return rest.len == 0;
}

static bool
parse_include(struct text rest, struct spf_term *term, const char **error)
{
	return parse_domain_spec(rest, true, term, error);
}

static bool
parse_hosts(struct text rest, struct spf_term *term, const char **error)
{
	*error = "bad prefix length";
	return cut_prefixes(&rest, term) && parse_domain_spec(rest, false, term, error);
}

static bool
parse_ptr(struct text rest, struct spf_term *term, const char **error)
{
	return parse_domain_spec(rest, false, term, error);
}

static bool
parse_network(struct text rest, int family, unsigned max, struct spf_term *term, const char **error)
{
	const char *slash = rest.len == 0 ? NULL : memchr(rest.s, '/', rest.len);
	struct text digits;
	char text[IPADDR_TEXT_SIZE];
	size_t len;

	*error = "bad address or prefix length";
	if (rest.len == 0 || rest.s[0] != ':')
		return false;
	len = (slash == NULL ? rest.len : (size_t)(slash - rest.s)) - 1;
	if (len == 0 || len >= sizeof(text) || memchr(rest.s, '\0', rest.len) != NULL)
		return false;
	memcpy(text, rest.s + 1, len);
	text[len] = '\0';
	/* Without unmapping: an ip6 network never contains an IPv4 client (5.6). */
	memset(&term->net, 0, sizeof(term->net));
	term->net.addr.family = family;
	if (inet_pton(family, text, term->net.addr.bytes) != 1)
		return false;
	term->net.prefix = max;
	if (slash == NULL)
		return true;
	digits.s = slash + 1;
	digits.len = (size_t)(rest.s + rest.len - slash) - 1;
	return cidr_parse_prefix(&term->net.prefix, digits.s, digits.len, max);
}

static bool
parse_ip4(struct text rest, struct spf_term *term, const char **error)
{
	return parse_network(rest, AF_INET, 32, term, error);
}

static bool
parse_ip6(struct text rest, struct spf_term *term, const char **error)
{
	return parse_network(rest, AF_INET6, 128, term, error);
}

static const struct {
	const char *name;
	enum spf_mechanism mechanism;
	bool (*parse)(struct text rest, struct spf_term *, const char **error);
} mechanisms[] = {
	{ "all", SPF_MECH_ALL, parse_all },
	{ "include", SPF_MECH_INCLUDE, parse_include },
	{ "a", SPF_MECH_A, parse_hosts },
	{ "mx", SPF_MECH_MX, parse_hosts },
	{ "ptr", SPF_MECH_PTR, parse_ptr },
	{ "ip4", SPF_MECH_IP4, parse_ip4 },
	{ "ip6", SPF_MECH_IP6, parse_ip6 },
	{ "exists", SPF_MECH_EXISTS, parse_include },
};

/* get_term_name_length - of the name at its start: ALPHA *( ALPHA / DIGIT / "-" / "_" / "." ) */
static size_t
get_term_name_length(struct text t)
{
	size_t n = 0;

	if (t.len == 0 || !ascii_isalpha(t.s[0]))
		return 0;
	while (
	    n < t.len && (ascii_isalnum(t.s[n]) || t.s[n] == '-' || t.s[n] == '_' || t.s[n] == '.'))
		n++;
	return n;
}

/* The first size of the array, which then doubles. Most records have fewer terms. */
#define TERMS_FIRST 4

static void
add_term(struct spf_record *record, const struct spf_term *term)
{
	size_t n = record->n;

	if (n == 0 || (n >= TERMS_FIRST && (n & (n - 1)) == 0))
		record->terms = xreallocarray(
		    record->terms, n == 0 ? TERMS_FIRST : 2 * n, sizeof(*record->terms));
	record->terms[record->n++] = *term;
}

/* trim_terms - free the unused end of the array */
static void
trim_terms(struct spf_record *record)
{
	if (record->n > TERMS_FIRST)
		record->terms = xreallocarray(record->terms, record->n, sizeof(*record->terms));
}

static bool
parse_mechanism(struct spf_record *record, struct text t, const char **error)
{
	struct spf_term term = { .qualifier = '+', .text = t };
	struct text name, rest;
	size_t i;

	if (t.s[0] == '+' || t.s[0] == '-' || t.s[0] == '?' || t.s[0] == '~') {
		term.qualifier = t.s[0];
		t.s++;
		t.len--;
	}
	name.s = t.s;
	name.len = get_term_name_length(t);
	rest.s = t.s + name.len;
	rest.len = t.len - name.len;
	for (i = 0; i < sizeof(mechanisms) / sizeof(mechanisms[0]); i++) {
		if (!is_term_word(name, mechanisms[i].name))
			continue;
		term.mechanism = mechanisms[i].mechanism;
		if (!mechanisms[i].parse(rest, &term, error))
			return false;
		*error = "more than 10240 terms";
		if (record->n == SPF_RECORD_TERMS_MAX)
			return false;
		add_term(record, &term);
		return true;
	}
	*error = "unknown mechanism";
	return false;
}

/* parse_domain_modifier - one that has a domain-spec and may occur once */
static bool
parse_domain_modifier(struct text *slot, struct text value, const char **error)
{
	if (slot->s != NULL) {
		*error = "modifier given twice";
		return false;
	}
	*slot = value;
	return spf_macro_is_domain_spec(value, error);
}

static bool
parse_modifier(struct spf_record *record, struct text name, struct text value, const char **error)
{
	if (is_term_word(name, "redirect"))
		return parse_domain_modifier(&record->redirect, value, error);
	if (is_term_word(name, "exp"))
		return parse_domain_modifier(&record->exp, value, error);
	return spf_macro_is_valid(value, true, error); /* all letters are valid here (12) */
}

static bool
parse_term(struct spf_record *record, struct text t, const char **error)
{
	struct text name, value;

	name.s = t.s;
	name.len = get_term_name_length(t);
	if (name.len == 0 || name.len == t.len || t.s[name.len] != '=')
		return parse_mechanism(record, t, error);
	value.s = t.s + name.len + 1;
	value.len = t.len - name.len - 1;
	return parse_modifier(record, name, value, error);
}

bool
spf_record_parse(
    struct spf_record *record, const char *text, size_t len, const char **error, struct text *at)
{
	const char *s = text + VERSION_LEN, *end = text + len, *space;

	memset(record, 0, sizeof(*record));
	for (; s < end; s = space) {
		if (*s == ' ') {
			space = s + 1;
			continue;
		}
		space = memchr(s, ' ', (size_t)(end - s));
		if (space == NULL)
			space = end;
		at->s = s;
		at->len = (size_t)(space - s);
		if (!parse_term(record, *at, error)) {
			spf_record_free(record);
			return false;
		}
	}
	trim_terms(record);
	return true;
}

void
spf_record_free(struct spf_record *record)
{
	free(record->terms);
	memset(record, 0, sizeof(*record));
}
