/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "common/ascii.h"
#include "common/hostname.h"
#include "common/line.h"
#include "common/mailaddr.h"
#include "spf/spf_header.h"

/* A value with its quotes and escapes; a longer one does not fit into a header. */
#define VALUE_SIZE SPF_HEADER_SIZE
#define SENDER_SIZE (2 * MAILADDR_MAX + 3) /* never cut */

/* The sizes to which a HELO name is cut, at first and then further. */
#define HELO_SIZE 81
#define HELO_SIZE_SHORT 33

/* The largest number of steps that shorten a header, see shorten_*. */
#define RECEIVED_STEPS 13
#define AUTHRES_STEPS 5

/*
 * The class of each ASCII character in a value. A table, because a header has a hundred of them:
 *
 *	a	in an atom: atext of RFC 5322 without the characters that other formats interpret
 *	.	between two atoms
 *	q	in a quoted-string only
 *	e	the same, after a backslash: readers that know no quoted-strings ignore it then
 *	?	replaced by a '?'
 */
static const char value_class[] = "????????????????"
				  "????????????????"
				  "qqeqqqqqeeqaqa.q"  /*  !"#$%&'()*+,-./ */
				  "aaaaaaaaaaqeqeqq"  /* 0123456789:;<=>? */
				  "qaaaaaaaaaaaaaaa"  /* @ABCDEFGHIJKLMNO */
				  "aaaaaaaaaaaqeqqa"  /* PQRSTUVWXYZ[\]^_ */
				  "qaaaaaaaaaaaaaaa"  /* `abcdefghijklmno */
				  "aaaaaaaaaaaqqqa?"; /* pqrstuvwxyz{|}~ */

static char
get_value_class(char c)
{
	return (unsigned char)c < sizeof(value_class) - 1 ? value_class[(unsigned char)c] : '?';
}

/* is_shown_domain_char - may it be shown in a domain or an address literal? */
static bool
is_shown_domain_char(char c)
{
	return ascii_isalnum(c) || (c != '\0' && strchr("-_.[]: ", c) != NULL);
}

/* is_shown_helo_char - is it not one that readers look for in quoted-strings too? */
static bool
is_shown_helo_char(char c)
{
	return c != '(' && c != ')' && c != '=' && c != ';';
}

static bool
is_dot_atom(struct text t)
{
	char class, before = '.';
	size_t i;

	for (i = 0; i < t.len; i++) {
		class = get_value_class(t.s[i]);
		if (class != 'a' && (class != '.' || before == '.'))
			return false;
		before = class;
	}
	return before != '.';
}

static size_t
get_escaped_size(char c)
{
	return get_value_class(c) == 'e' ? 2 : 1;
}

/* This replaces the beginning of a name that was cut. */
static const char cut[] = "...";

#define CUT_LEN (sizeof(cut) - 1)

/* cut_to_tail - the end of t that fits into room bytes, escaped and after the mark of a cut */
static struct text
cut_to_tail(struct text t, size_t room)
{
	size_t n = 0, len = 0;

	room -= CUT_LEN;
	while (n < t.len && len + get_escaped_size(t.s[t.len - 1 - n]) <= room)
		len += get_escaped_size(t.s[t.len - 1 - n++]);
	t.s += t.len - n;
	t.len = n;
	return t;
}

static bool
fits_escaped(struct text t, size_t room)
{
	size_t i, len = 0;

	if (2 * t.len <= room)
		return true;
	for (i = 0; i < t.len && len <= room; i++)
		len += get_escaped_size(t.s[i]);
	return len <= room;
}

/*
 * put_value - a value as a dot-atom or a quoted-string of at most size - 1 bytes
 *
 * A longer value loses its beginning. The right end of a name identifies its owner: without it, the
 * result would seem to be about another domain.
 */
static const char *
put_value(char *buf, size_t size, struct text t)
{
	size_t i, n = 0;
	char class;
	bool whole;

	if (is_dot_atom(t) && t.len < size) {
		memcpy(buf, t.s, t.len);
		buf[t.len] = '\0';
		return buf;
	}
	whole = fits_escaped(t, size - 3); /* two quotes and a NUL */
	if (!whole)
		t = cut_to_tail(t, size - 3);
	buf[n++] = '"';
	for (i = 0; !whole && i < CUT_LEN; i++)
		buf[n++] = cut[i];
	for (i = 0; i < t.len; i++) {
		class = get_value_class(t.s[i]);
		if (class == 'e')
			buf[n++] = '\\';
		buf[n++] = class == '?' ? '?' : t.s[i];
	}
	buf[n++] = '"';
	buf[n] = '\0';
	return buf;
}

static const char *
get_capitalized_result(enum spf_result result)
{
	static const char *const words[SPF_RESULTS] = { "None", "Neutral", "Pass", "Fail",
		"Softfail", "Temperror", "Permerror" };

	return words[result];
}

static struct text
make_hidden_text(void)
{
	struct text t = { NULL, 0 };

	return t;
}

static void
put_named(struct line *line, const char *name, const char *value)
{
	line_put(line, name);
	line_put(line, value);
}

/* put_known - a key of Received-SPF, unless its value is empty */
static void
put_known(struct line *line, const char *name, const char *value)
{
	char buf[VALUE_SIZE];

	if (value[0] != '\0')
		put_named(line, name, put_value(buf, sizeof(buf), text_of(value)));
}

/* put_token - it is a dot-atom, and never cut */
static void
put_token(struct line *line, const char *name, const char *token)
{
	if (token != NULL)
		put_named(line, name, token);
}

/* mask_name - write '?' for characters that are not shown, and cut the beginning of a long name */
static struct text
mask_name(char buf[VALUE_SIZE], struct text name, bool (*is_shown)(char c))
{
	struct text out = { buf, 0 };
	size_t i, skip = name.len < VALUE_SIZE ? 0 : name.len - VALUE_SIZE;

	for (i = skip; i < name.len; i++)
		buf[out.len++] = is_shown(name.s[i]) ? name.s[i] : '?';
	return out;
}

static const char *
find_domain_mark(struct text address)
{
	return address.len == 0 ? NULL : memrchr(address.s, '@', address.len);
}

/* mask_sender - a sender of at most MAILADDR_MAX bytes, its domain masked */
static struct text
mask_sender(char buf[VALUE_SIZE], struct text sender)
{
	const char *at = find_domain_mark(sender);
	struct text out = { buf, sender.len };
	size_t i;

	for (i = 0; i < sender.len; i++)
		buf[i] = at == NULL || sender.s + i <= at || is_shown_domain_char(sender.s[i])
			     ? sender.s[i]
			     : '?';
	return out;
}

/*
 * is_shown_whole - can the sender be shown as an address?
 *
 * If its local part has an '@', readers disagree about its domain. In <"a@x.test"@y.test>, which
 * Postfix gives without quotes, OpenDMARC 1.4.2 sees x.test.
 */
static bool
is_shown_whole(struct text sender)
{
	const char *at = sender.len == 0 ? NULL : memchr(sender.s, '@', sender.len);

	return sender.len <= MAILADDR_MAX && at == find_domain_mark(sender);
}

/* The parts of a Received-SPF header, and the sizes of two values in bytes, with a NUL. */
struct received_form {
	size_t helo;   /* 0: left out */
	size_t domain; /* of the domain, if it is shown instead of the sender */
	struct text receiver;
	const char *comment; /* NULL: left out */
	const char *mechanism;
	const char *problem;
	const char *token;
	bool domain_alone;
	bool receiver_left_out;
};

static void
put_comment(struct line *line, const char *comment)
{
	if (comment != NULL) {
		put_named(line, " (", comment);
		line_put(line, ")");
	}
}

/* put_helo - with its key; sets the size to that of the value */
static void
put_helo(struct line *line, struct text helo, struct received_form *form)
{
	char value[VALUE_SIZE];

	if (form->helo != 0) {
		put_named(line, "; helo=", put_value(value, form->helo, helo));
		form->helo = strlen(value) + 1;
	}
}

/* put_sender - with its key; sets the size of a domain to that of the value */
static void
put_sender(struct line *line, const struct spf_header *h, struct received_form *form)
{
	char value[SENDER_SIZE > VALUE_SIZE ? SENDER_SIZE : VALUE_SIZE], masked[VALUE_SIZE];

	line_put(line, "; envelope-from=");
	if (h->sender.len == 0) {
		line_put(line, "\"<>\"");
	} else if (form->domain_alone) {
		line_put(line, put_value(value, form->domain,
				   mask_name(masked, h->domain, is_shown_domain_char)));
		form->domain = strlen(value) + 1;
	} else {
		line_put(line, put_value(value, SENDER_SIZE, mask_sender(masked, h->sender)));
	}
}

static void
put_receiver(struct line *line, const struct received_form *form)
{
	char value[VALUE_SIZE];

	if (!form->receiver_left_out)
		put_named(line, "; receiver=",
		    form->receiver.s == NULL ? "<UNKNOWN>"
					     : put_value(value, sizeof(value), form->receiver));
}

/*
 * compose_received - write the header in this form, and set the two sizes to those of the values
 *
 * Readers that do not know quoted strings use the last "identity=" that they find, which must be
 * ours. (SpamAssassin 4.0.1)
 */
static void
compose_received(struct line *line, const struct spf_header *h, struct received_form *form)
{
	char ip[IPADDR_TEXT_SIZE], client[IPADDR_TEXT_SIZE + 2];

	ipaddr_format(h->client, ip);
	put_value(client, sizeof(client), text_of(ip));
	line_begin(line, "Received-SPF: ");
	line_put(line, get_capitalized_result(h->result));
	put_comment(line, form->comment);
	put_named(line, " client-ip=", client);
	put_helo(line, h->helo, form);
	put_sender(line, h, form);
	put_receiver(line, form);
	put_known(line, "; mechanism=", form->mechanism);
	put_known(line, "; problem=", form->problem);
	put_token(line, "; x-srsd=", form->token);
	put_named(line, "; identity=", spf_identity_name(h->identity));
}

/* cut_size - reduce a size by the excess, but not below the least */
static size_t
cut_size(size_t size, size_t excess, size_t least)
{
	if (size <= least)
		return size;
	return size - least > excess ? size - excess : least;
}

/*
 * make_room - leave out what readers can do without, so that a domain need not be cut
 *
 * A name that is too long for a domain is cut in any case.
 */
static void
make_room(struct received_form *form, int step, size_t excess)
{
	if (form->domain > HOSTNAME_MAX + 1)
		return;
	switch (step) {
	case 0:
		form->helo = cut_size(form->helo, excess, CUT_LEN + 3);
		break;
	case 1:
		form->receiver_left_out = true;
		break;
	case 2:
		form->helo = 0;
		break;
	default:
		form->comment = NULL;
		break;
	}
}

/* shorten_received - take the next step for a header that is excess bytes too long */
static void
shorten_received(struct received_form *form, int step, size_t excess)
{
	switch (step) {
	case 0:
		form->receiver = make_hidden_text();
		break;
	case 1:
		form->helo = cut_size(form->helo, excess, HELO_SIZE);
		break;
	case 2:
		form->mechanism = "";
		break;
	case 3:
		form->helo = cut_size(form->helo, excess, HELO_SIZE_SHORT);
		break;
	case 4:
		form->problem = "";
		break;
	case 5: /* a part of an address would be another address */
		form->domain_alone = true;
		break;
	case 6:
	case 7:
	case 8:
	case 9:
		make_room(form, step - 6, excess);
		break;
	case 11: /* no room for the token: there may be some for the domain */
		form->token = NULL;
		form->domain = VALUE_SIZE;
		break;
	default:
		form->domain = cut_size(form->domain, excess, CUT_LEN + 3);
		break;
	}
}

/* put_line - copy the line as a string, cut to the size */
static size_t
put_line(char buf[SPF_HEADER_SIZE], const struct line *line)
{
	size_t n = line->len < SPF_HEADER_SIZE ? line->len : SPF_HEADER_SIZE - 1;

	memcpy(buf, line->text, n);
	buf[n] = '\0';
	return n;
}

size_t
spf_header_received(char buf[SPF_HEADER_SIZE], const struct spf_header *h)
{
	struct received_form form = {
		.helo = VALUE_SIZE,
		.domain = VALUE_SIZE,
		.receiver = h->receiver,
		.comment = h->comment,
		.mechanism = h->mechanism,
		.problem = h->problem,
		.token = h->token,
		.domain_alone = !is_shown_whole(h->sender),
	};
	struct line line;
	int step;

	compose_received(&line, h, &form);
	for (step = 0; line.len >= SPF_HEADER_SIZE && step < RECEIVED_STEPS; step++) {
		shorten_received(&form, step, line.len - (SPF_HEADER_SIZE - 1));
		compose_received(&line, h, &form);
	}
	return put_line(buf, &line);
}

static void
put_method(struct line *line, enum spf_result result, const char *comment)
{
	put_named(line, "; spf=", spf_result_name(result));
	put_comment(line, comment);
}

/* The parts of an Authentication-Results header, and the size of the name, with a NUL. */
struct authres_form {
	const enum spf_result *helo;
	const char *comment;
	const char *token;
	size_t name;
};

/*
 * compose_authres - write the header in this form, and set the size to that of the name
 *
 * The name is the last property, because python3-authres 1.2.0 drops a quoted one before another.
 */
static void
compose_authres(struct line *line, const char *authserv_id, const struct spf_header *h,
    struct authres_form *form)
{
	bool is_helo = h->identity == SPF_IDENTITY_HELO;
	char bare[VALUE_SIZE], value[VALUE_SIZE];

	line_begin(line, "Authentication-Results: ");
	line_put(line, authserv_id);
	if (form->helo != NULL) {
		put_method(line, *form->helo, NULL);
		put_value(value, sizeof(value), mask_name(bare, h->helo, is_shown_helo_char));
		put_named(line, " smtp.helo=", value);
	}
	put_method(line, h->result, form->comment);
	put_token(line, " policy.x-srsd=", form->token);
	put_value(value, form->name,
	    is_helo ? mask_name(bare, h->helo, is_shown_helo_char)
		    : mask_name(bare, h->domain, is_shown_domain_char));
	put_named(line, is_helo ? " smtp.helo=" : " smtp.mailfrom=", value);
	form->name = strlen(value) + 1;
}

/* shorten_authres - take the next step for a header that is excess bytes too long */
static void
shorten_authres(struct authres_form *form, int step, size_t excess)
{
	switch (step) {
	case 0:
		form->helo = NULL;
		break;
	case 1:
		form->comment = NULL;
		break;
	case 3: /* no room for the token: there may be some for the name */
		form->token = NULL;
		form->name = VALUE_SIZE;
		break;
	default:
		form->name = cut_size(form->name, excess, CUT_LEN + 3);
		break;
	}
}

size_t
spf_header_authres(char buf[SPF_HEADER_SIZE], const char *authserv_id, const struct spf_header *h,
    const enum spf_result *helo)
{
	bool plain = strcmp(h->comment, spf_identity_name(h->identity)) == 0;
	struct authres_form form = {
		.helo = helo == NULL || *helo == SPF_NONE ? NULL : helo,
		.comment = plain ? NULL : h->comment,
		.token = h->token,
		.name = VALUE_SIZE,
	};
	struct line line;
	int step;

	compose_authres(&line, authserv_id, h, &form);
	for (step = 0; line.len >= SPF_HEADER_SIZE && step < AUTHRES_STEPS; step++) {
		shorten_authres(&form, step, line.len - (SPF_HEADER_SIZE - 1));
		compose_authres(&line, authserv_id, h, &form);
	}
	return put_line(buf, &line);
}
