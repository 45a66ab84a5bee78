/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/hostname.h"
#include "common/mailaddr.h"
#include "common/printable.h"
#include "common/text.h"
#include "common/xmalloc.h"
#include "srsd/ctl/address_argument.h"

static void
print_argument_error(const char *name, const char *value, const char *error)
{
	char *shown = printable_utf8(xstrdup(value));

	fprintf(stderr, "srsctl: %s: '%s' is %s\n", name, shown, error);
	free(shown);
}

/* strip_enclosing - the text between an opening and a closing character, or all of it */
static struct text
strip_enclosing(struct text text, char open, char close)
{
	if (text.len >= 2 && text.s[0] == open && text.s[text.len - 1] == close)
		return (struct text){ text.s + 1, text.len - 2 };
	return text;
}

/* is_domain_text - a domain, or a literal such as [192.0.2.1] */
static bool
is_domain_text(const char *s, size_t len)
{
	struct ipaddr ip;

	if (len >= 2 && s[0] == '[' && s[len - 1] == ']')
		return len > 7 && strncasecmp(s + 1, "IPv6:", 5) == 0
			   ? ipaddr_parse(&ip, s + 6, len - 7)
			   : ipaddr_parse(&ip, s + 1, len - 2);
	return hostname_is_mail_domain(s, hostname_length(s, len));
}

/* is_address_text - has it a local part and a domain, and no angle bracket that is left over? */
static bool
is_address_text(struct text text)
{
	struct mailaddr_parts parts;

	mailaddr_split(&parts, text.s, text.len);
	return !printable_has_control(text.s, text.len) && parts.local_len > 0 &&
	       parts.local[0] != '<' && is_domain_text(parts.domain, parts.domain_len);
}

/* is_pasted_text - has it a character that is in a line of a log, but not in a domain? */
static bool
is_pasted_text(const char *s, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (s[i] == ' ' || s[i] == '<' || s[i] == '>' || s[i] == ',')
			return true;
	return false;
}

/*
 * is_mail_from_text - a domain, or what a client can have sent as an address
 *
 * RFC 7208, 4.3, has a result for an empty local part and for an impossible domain.
 */
static bool
is_mail_from_text(struct text text)
{
	struct mailaddr_parts parts;

	mailaddr_split(&parts, text.s, text.len);
	if (parts.domain == NULL)
		return is_domain_text(text.s, text.len);
	return !printable_has_control(text.s, text.len) && text.s[0] != '<' &&
	       parts.domain_len > 0 && !is_pasted_text(parts.domain, parts.domain_len);
}

static bool
has_argument_form(struct text text, enum address_argument_form form)
{
	if (text.len == 0)
		return form != ADDRESS_ARGUMENT_RECIPIENT;
	return form == ADDRESS_ARGUMENT_SPF ? is_mail_from_text(text) : is_address_text(text);
}

static const char *
name_address_form(enum address_argument_form form)
{
	switch (form) {
	case ADDRESS_ARGUMENT_SENDER:
		return "neither an address (user@domain) nor the null sender (<>)";
	case ADDRESS_ARGUMENT_RECIPIENT:
		return "not an address (user@domain)";
	default:
		return "neither an address (user@domain) nor a domain nor the null sender (<>)";
	}
}

char *
address_argument_read(const char *name, const char *value, enum address_argument_form form)
{
	struct text text = strip_enclosing(text_of(value), '<', '>');

	if (has_argument_form(text, form))
		return xstrndup(text.s, text.len);
	print_argument_error(name, value, name_address_form(form));
	return NULL;
}

/* find_client_text - the part in brackets of mx.x.org[192.0.2.1], or all of it */
static struct text
find_client_text(const char *value)
{
	const char *open = strchr(value, '[');
	struct text text = text_of(value);

	if (open == NULL || text.s[text.len - 1] != ']')
		return text;
	text = strip_enclosing(text_of(open), '[', ']');
	if (text.len > 5 && strncasecmp(text.s, "IPv6:", 5) == 0)
		return (struct text){ text.s + 5, text.len - 5 };
	return text;
}

static bool
parse_client_text(struct ipaddr *client, const char *value)
{
	struct text text = find_client_text(value);

	return ipaddr_parse(client, text.s, text.len);
}

bool
address_argument_client(
    struct ipaddr *client, const char *name, const char *value, const char *sender)
{
	struct ipaddr unused;

	if (parse_client_text(client, value))
		return true;
	print_argument_error(name, value,
	    sender != NULL && parse_client_text(&unused, sender)
		? "not an IP address; did you swap the client and the sender?"
		: "not an IP address");
	return false;
}

char *
address_argument_helo(const char *name, const char *value)
{
	struct text text = strip_enclosing(text_of(value), '<', '>');

	if (text.len > 0 && !printable_has_control(text.s, text.len) &&
	    memchr(text.s, '@', text.len) == NULL)
		return xstrndup(text.s, text.len);
	print_argument_error(name, value, "not a host name");
	return NULL;
}
