/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/ascii.h"
#include "common/ipaddr.h"
#include "common/printable.h"
#include "common/text.h"
#include "spf/spf_answers.h"
#include "spf/spf_term_hint.h"

/* The longest part of a hint that comes from the record; a longer one is cut. */
#define SHOWN_SIZE 128

/* A term in its parts: "-", "include", ':', "x.org". */
struct term_parts {
	struct text qualifier; /* or empty */
	struct text body;      /* all but the qualifier */
	struct text name;
	char separator; /* ':', '=', '/', or '\0' for none */
	struct text value;
};

/* Names that authors use for mechanisms, and those of the mechanisms. */
static const char *const mechanism_names[] = { "all", "include", "a", "mx", "ptr", "ip4", "ip6",
	"exists", "ip", "ipv4", "ipv6", "host" };
static const char *const address_names[] = { "ip4", "ip6", "ip", "ipv4", "ipv6" };
static const char *const modifier_names[] = { "redirect", "exp" };

#define IS_ONE_OF(name, names) is_listed_name(name, names, sizeof(names) / sizeof(names[0]))

static bool
is_name(struct text name, const char *word)
{
	return name.len == strlen(word) && strncasecmp(name.s, word, name.len) == 0;
}

static bool
is_listed_name(struct text name, const char *const *names, size_t n)
{
	while (n-- > 0)
		if (is_name(name, names[n]))
			return true;
	return false;
}

static void
split_term(struct term_parts *parts, const char *term, size_t len)
{
	size_t qualifier = len > 0 && memchr("+-?~", term[0], 4) != NULL, end;

	memset(parts, 0, sizeof(*parts));
	parts->qualifier = (struct text){ term, qualifier };
	parts->body = (struct text){ term + qualifier, len - qualifier };
	for (end = 0; end < parts->body.len; end++)
		if (memchr(":=/", parts->body.s[end], 3) != NULL)
			break;
	parts->name = (struct text){ parts->body.s, end };
	if (end == parts->body.len)
		return;
	parts->separator = parts->body.s[end];
	parts->value = (struct text){ parts->body.s + end + 1, parts->body.len - end - 1 };
}

/* choose_address_name - "ip4" or "ip6" for an address or a network, else NULL */
static const char *
choose_address_name(struct text text)
{
	struct cidr net;

	if (!cidr_parse(&net, text.s, text.len))
		return NULL;
	return net.addr.family == AF_INET ? "ip4" : "ip6";
}

/* looks_like_host - a name with a letter in its first label, so it is not a misspelt address */
static bool
looks_like_host(struct text text)
{
	size_t i;

	if (!spf_answers_is_domain(text.s, text.len))
		return false;
	for (i = 0; text.s[i] != '.'; i++)
		if (ascii_isalpha(text.s[i]))
			return true;
	return false;
}

/* format_likeness - "looks like -ip4:192.0.2.1" */
static bool
format_likeness(char hint[SPF_TERM_HINT_SIZE], struct text qualifier, const char *name,
    const char *separator, struct text value)
{
	char shown[SHOWN_SIZE];

	printable_text(shown, sizeof(shown), value.s, value.len);
	snprintf(hint, SPF_TERM_HINT_SIZE, "looks like %.*s%s%s%s", (int)qualifier.len, qualifier.s,
	    name, separator, shown);
	return true;
}

/* is_all_with_more - "all." or "all;", as at the end of a sentence */
static bool
is_all_with_more(struct text body)
{
	return body.len > 3 && strncasecmp(body.s, "all", 3) == 0 && !ascii_isalnum(body.s[3]) &&
	       body.s[3] != '=' && body.s[3] != '-' && body.s[3] != '_';
}

bool
spf_term_hint(char hint[SPF_TERM_HINT_SIZE], const char *term, size_t len)
{
	static const struct text nothing = { "", 0 };
	struct term_parts parts;
	const char *address;
	bool named;

	split_term(&parts, term, len);
	named = IS_ONE_OF(parts.name, mechanism_names);
	address = choose_address_name(parts.body);
	/* "a:2001:db8::1" is an address, too. */
	if (address != NULL && !named)
		return format_likeness(hint, parts.qualifier, address, ":", parts.body);
	if (is_all_with_more(parts.body))
		return format_likeness(hint, parts.qualifier, "all", "", nothing);
	if (parts.separator != ':')
		return false;
	if (IS_ONE_OF(parts.name, modifier_names))
		return format_likeness(hint, nothing,
		    is_name(parts.name, "exp") ? "exp" : "redirect", "=", parts.value);
	if (!named)
		return false;
	address = choose_address_name(parts.value);
	if (address != NULL)
		return !is_name(parts.name, address) &&
		       format_likeness(hint, parts.qualifier, address, ":", parts.value);
	if ((IS_ONE_OF(parts.name, address_names) || is_name(parts.name, "host")) &&
	    looks_like_host(parts.value))
		return format_likeness(hint, parts.qualifier, "a", ":", parts.value);
	return false;
}

/* next_word - the next term of a record; false after the last */
static bool
next_word(struct text *rest, struct text *word)
{
	while (rest->len > 0 && rest->s[0] == ' ') {
		rest->s++;
		rest->len--;
	}
	word->s = rest->s;
	for (word->len = 0; word->len < rest->len && rest->s[word->len] != ' '; word->len++)
		;
	rest->s += word->len;
	rest->len -= word->len;
	return word->len > 0;
}

static bool
is_all_term(const struct term_parts *parts)
{
	return is_name(parts->body, "all");
}

static bool
has_all(struct text record)
{
	struct term_parts parts;
	struct text word;

	while (next_word(&record, &word)) {
		split_term(&parts, word.s, word.len);
		if (is_all_term(&parts))
			return true;
	}
	return false;
}

/* format_ignored - a mechanism that is written as a modifier */
static void
format_ignored(char hint[SPF_TERM_HINT_SIZE], const struct term_parts *parts)
{
	char shown[SHOWN_SIZE], name[16], value[SHOWN_SIZE];

	printable_text(shown, sizeof(shown), parts->body.s, parts->body.len);
	printable_text(name, sizeof(name), parts->name.s, parts->name.len);
	printable_text(value, sizeof(value), parts->value.s, parts->value.len);
	snprintf(hint, SPF_TERM_HINT_SIZE, "has %s, which is ignored; looks like %s%s%s", shown,
	    name, is_name(parts->name, "all") ? "" : ":", is_name(parts->name, "all") ? "" : value);
}

/* format_unused - a term that all makes useless */
static void
format_unused(char hint[SPF_TERM_HINT_SIZE], struct text word, const char *why)
{
	char shown[SHOWN_SIZE];

	printable_text(shown, sizeof(shown), word.s, word.len);
	snprintf(hint, SPF_TERM_HINT_SIZE, "has %s, which is ignored %s", shown, why);
}

bool
spf_term_hint_ignored(char hint[SPF_TERM_HINT_SIZE], const char *record, size_t len)
{
	struct text rest = { record, len }, word;
	bool all_exists = has_all(rest), after_all = false;
	struct term_parts parts;

	next_word(&rest, &word); /* the version */
	while (next_word(&rest, &word)) {
		split_term(&parts, word.s, word.len);
		if (parts.separator == '=') {
			if (IS_ONE_OF(parts.name, mechanism_names)) {
				format_ignored(hint, &parts);
				return true;
			}
			if (is_name(parts.name, "redirect") && all_exists) {
				format_unused(hint, word, "because of all");
				return true;
			}
		} else if (after_all) {
			format_unused(hint, word, "after all");
			return true;
		} else {
			after_all = is_all_term(&parts);
		}
	}
	return false;
}
