/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <string.h>

#include "common/ascii.h"
#include "spf/spf_macro.h"

/* The parts of one "%{...}". */
struct macro {
	char letter;     /* lower case */
	bool escape;     /* it was upper case: URL-escape the value */
	unsigned digits; /* labels to keep, 0: all */
	bool reverse;
	struct text delimiters;
};

/* The output of an expansion. Bytes that do not fit are dropped. */
struct macro_writer {
	char *buf;
	size_t max;
	size_t len;
};

static void
put_macro_char(struct macro_writer *w, char c)
{
	if (w->len < w->max)
		w->buf[w->len++] = c;
}

static void
put_macro_bytes(struct macro_writer *w, const char *s, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		put_macro_char(w, s[i]);
}

static bool
is_delimiter(char c)
{
	return c != '\0' && strchr(".-+,/_=", c) != NULL;
}

/*
 * parse_macro - parse the text after "%{", and move s after the '}'
 *
 *	letter *DIGIT ["r"] *delimiter "}"
 */
static bool
parse_macro(const char **s, const char *end, struct macro *m)
{
	const char *p = *s;

	memset(m, 0, sizeof(*m));
	if (p == end)
		return false;
	m->letter = ascii_tolower(*p);
	m->escape = m->letter != *p;
	if (strchr("slodiphvcrt", m->letter) == NULL || m->letter == '\0')
		return false;
	p++;
	if (p < end && ascii_isdigit(*p)) {
		for (; p < end && ascii_isdigit(*p); p++)
			if (m->digits < 1000)
				m->digits = m->digits * 10 + (unsigned)(*p - '0');
		if (m->digits == 0)
			return false;
	}
	if (p < end && ascii_tolower(*p) == 'r') {
		m->reverse = true;
		p++;
	}
	m->delimiters.s = p;
	while (p < end && is_delimiter(*p))
		p++;
	m->delimiters.len = (size_t)(p - m->delimiters.s);
	if (p == end || *p != '}')
		return false;
	*s = p + 1;
	return true;
}

/* read_item - read a macro-literal or macro-expand; m->letter is 0 unless it is "%{...}" */
static bool
read_item(const char **s, const char *end, struct macro *m, const char **error)
{
	const char *p = *s;

	m->letter = '\0';
	if (*p != '%') {
		*error = "character that is not allowed in a macro-string";
		*s = p + 1;
		return ascii_isgraph(*p);
	}
	*error = "bad macro";
	if (++p == end)
		return false;
	if (*p == '{') {
		*s = p + 1;
		return parse_macro(s, end, m);
	}
	*s = p + 1;
	return *p == '%' || *p == '_' || *p == '-';
}

bool
spf_macro_is_valid(struct text text, bool explanation, const char **error)
{
	const char *s = text.s, *end = text.s + text.len;
	struct macro m;

	while (s < end) {
		if (explanation && *s == ' ') {
			s++;
			continue;
		}
		if (!read_item(&s, end, &m, error))
			return false;
		if (!explanation && m.letter != '\0' && strchr("crt", m.letter) != NULL) {
			*error = "macro letter that only explanations may use";
			return false;
		}
	}
	return true;
}

/* is_top_label - alphanum with a letter or an inner hyphen; neither end is a hyphen */
static bool
is_top_label(const char *s, size_t len)
{
	bool digits_only = true;
	size_t i;

	if (len == 0 || s[0] == '-' || s[len - 1] == '-')
		return false;
	for (i = 0; i < len; i++) {
		if (!ascii_isalnum(s[i]) && s[i] != '-')
			return false;
		digits_only &= ascii_isdigit(s[i]);
	}
	return !digits_only;
}

/* ends_in_top_label - does the text after the last macro end in ".toplabel" or ".toplabel."? */
static bool
ends_in_top_label(const char *s, const char *end)
{
	const char *dot;

	if (end > s && end[-1] == '.')
		end--;
	dot = memrchr(s, '.', (size_t)(end - s));
	return dot != NULL && is_top_label(dot + 1, (size_t)(end - dot) - 1);
}

bool
spf_macro_is_domain_spec(struct text text, const char **error)
{
	const char *s = text.s, *end = text.s + text.len, *literal = text.s, *item;
	struct macro m;

	if (!spf_macro_is_valid(text, false, error))
		return false;
	while (s < end) {
		item = s;
		read_item(&s, end, &m, error);
		if (*item == '%')
			literal = s;
	}
	if (text.len > SPF_MACRO_NAME_MAX) {
		*error = "domain of more than 1024 bytes";
		return false;
	}
	if (text.len > 0 && (literal == end || ends_in_top_label(literal, end)))
		return true;
	*error = "domain without a top label";
	return false;
}

bool
spf_macro_uses(struct text text, const char *letters)
{
	const char *s, *end = text.s + text.len, *error;
	struct macro m;

	/* Macros are rare, and this runs for each name of every request. */
	for (s = text.len == 0 ? NULL : memchr(text.s, '%', text.len); s != NULL;
	     s = memchr(s, '%', (size_t)(end - s))) {
		if (!read_item(&s, end, &m, &error))
			break;
		if (m.letter != '\0' && strchr(letters, m.letter) != NULL)
			return true;
	}
	return false;
}

/*
 * An address as the value of %{i}: a dotted quad, or 32 nibbles separated by dots. The DNS ignores
 * their case; in explanations the RFC 7208 test suite expects capitals.
 */
#define NIBBLES_SIZE 64

static size_t
format_dotted(const struct ipaddr *ip, char buf[NIBBLES_SIZE])
{
	static const char hex[] = "0123456789ABCDEF";
	size_t i, n = 0;

	if (ip->family == AF_INET)
		return (size_t)snprintf(buf, NIBBLES_SIZE, "%u.%u.%u.%u", ip->bytes[0],
		    ip->bytes[1], ip->bytes[2], ip->bytes[3]);
	for (i = 0; i < 16; i++) {
		buf[n++] = hex[ip->bytes[i] >> 4];
		buf[n++] = '.';
		buf[n++] = hex[ip->bytes[i] & 15];
		buf[n++] = '.';
	}
	return n - 1;
}

/* Longest value: local part, '@' and domain. */
#define VALUE_SIZE (2 * SPF_MACRO_VALUE_MAX + 2)

static size_t
copy_value_text(char *buf, struct text text)
{
	size_t len = text.len < SPF_MACRO_VALUE_MAX ? text.len : SPF_MACRO_VALUE_MAX;

	if (len > 0)
		memcpy(buf, text.s + text.len - len, len);
	return len;
}

static size_t
copy_value_string(char *buf, const char *s)
{
	struct text text = { s, strlen(s) };

	return copy_value_text(buf, text);
}

/* copy_macro_value - the value of the letter */
static size_t
copy_macro_value(char letter, const struct spf_macro_values *v, char buf[VALUE_SIZE])
{
	size_t n;

	switch (letter) {
	case 's':
		n = copy_value_text(buf, v->local);
		buf[n++] = '@';
		return n + copy_value_text(buf + n, v->sender_domain);
	case 'l':
		return copy_value_text(buf, v->local);
	case 'o':
		return copy_value_text(buf, v->sender_domain);
	case 'd':
		return copy_value_text(buf, v->domain);
	case 'i':
		return format_dotted(v->ip, buf);
	case 'p':
		return copy_value_string(buf, v->validated == NULL ? "unknown" : v->validated);
	case 'h':
		return copy_value_text(buf, v->helo);
	case 'v':
		return copy_value_string(buf, v->ip->family == AF_INET ? "in-addr" : "ip6");
	case 'c':
		ipaddr_format(v->ip, buf);
		return strlen(buf);
	case 'r':
		return copy_value_string(buf, v->receiver);
	default: /* t */
		return (size_t)snprintf(buf, VALUE_SIZE, "%lld", (long long)v->now);
	}
}

static bool
is_split_char(const struct macro *m, char c)
{
	if (m->delimiters.len == 0)
		return c == '.';
	return memchr(m->delimiters.s, c, m->delimiters.len) != NULL;
}

static void
put_escaped(struct macro_writer *w, char c)
{
	static const char hex[] = "0123456789ABCDEF";

	if (ascii_isalnum(c) || (c != '\0' && strchr("-._~", c) != NULL)) {
		put_macro_char(w, c);
		return;
	}
	put_macro_char(w, '%');
	put_macro_char(w, hex[(unsigned char)c >> 4]);
	put_macro_char(w, hex[(unsigned char)c & 15]);
}

static void
put_part(struct macro_writer *w, const struct macro *m, const char *s, size_t len)
{
	size_t i;

	if (!m->escape) {
		put_macro_bytes(w, s, len);
		return;
	}
	for (i = 0; i < len; i++)
		put_escaped(w, s[i]);
}

/* put_macro - split the value, reverse the parts, use the rightmost ones, join them with dots */
static void
put_macro(struct macro_writer *w, const struct macro *m, const struct spf_macro_values *v)
{
	struct text part[VALUE_SIZE];
	char buf[VALUE_SIZE];
	size_t len = copy_macro_value(m->letter, v, buf), i, n = 0, start = 0, first;

	for (i = 0; i <= len; i++) {
		if (i < len && !is_split_char(m, buf[i]))
			continue;
		if (n == VALUE_SIZE)
			break;
		part[n].s = buf + start;
		part[n++].len = i - start;
		start = i + 1;
	}
	first = m->digits > 0 && m->digits < n ? n - m->digits : 0;
	for (i = first; i < n; i++) {
		const struct text *p = &part[m->reverse ? n - 1 - i : i];

		if (i > first)
			put_macro_char(w, '.');
		put_part(w, m, p->s, p->len);
	}
}

/* put_item - expand one item of read_item */
static void
put_item(struct macro_writer *w, const char *item, const struct macro *m,
    const struct spf_macro_values *v)
{
	if (m->letter != '\0')
		put_macro(w, m, v);
	else if (*item != '%')
		put_macro_char(w, *item);
	else if (item[1] == '%')
		put_macro_char(w, '%');
	else if (item[1] == '_')
		put_macro_char(w, ' ');
	else
		put_macro_bytes(w, "%20", 3);
}

/* The longest expansion of an item: a value, with each byte as %XX. */
#define ITEM_SIZE (3 * VALUE_SIZE)

/* prepend_bytes - to a name; true when it has reached its size, and more would be lost */
static bool
prepend_bytes(char *name, size_t size, size_t *len, const char *s, size_t n)
{
	size_t room = size - *len;

	if (n > room) {
		s += n - room;
		n = room;
	}
	memmove(name + n, name, *len);
	memcpy(name, s, n);
	*len += n;
	return *len == size;
}

/* drop_left_labels - until the name is short enough; 0: one label is too long */
static size_t
drop_left_labels(char *name, size_t len)
{
	const char *dot;

	while (len > HOSTNAME_MAX) {
		dot = memchr(name, '.', len);
		if (dot == NULL)
			return 0;
		len -= (size_t)(dot + 1 - name);
		memmove(name, dot + 1, len);
	}
	return len;
}

/* skip_literals - the end of the literals at s, which may be s */
static const char *
skip_literals(const char *s, const char *end)
{
	while (s < end && *s != '%' && ascii_isgraph(*s))
		s++;
	return s;
}

/* copy_literals - a name without macros; returns its length, or 0 if it has macros or is too long */
static size_t
copy_literals(struct text text, char name[HOSTNAME_MAX + 1])
{
	const char *end = text.s + text.len;
	size_t len = text.len;

	if (len == 0 || len > HOSTNAME_MAX || skip_literals(text.s, end) != end)
		return 0;
	if (end[-1] == '.')
		len--;
	memcpy(name, text.s, len);
	name[len] = '\0';
	return len;
}

/*
 * Only the right end of an expansion counts. A record of 64 KiB can have macros for megabytes, so
 * the items (macros, and runs of literals) are expanded from the last one to the first, until the
 * result is longer than a name.
 */
size_t
spf_macro_expand_name(
    struct text text, const struct spf_macro_values *v, char name[HOSTNAME_MAX + 1])
{
	const char *items[SPF_MACRO_NAME_MAX], *s = text.s, *end = text.s + text.len, *run, *error;
	char made[HOSTNAME_MAX + 2],
	    buf[ITEM_SIZE]; /* made: a name, its final dot, one byte more */
	size_t n = 0, len = 0;
	struct macro m;

	if (text.len > SPF_MACRO_NAME_MAX)
		return 0; /* longer than a valid one */
	len = copy_literals(text, name);
	if (len > 0)
		return len;
	while (s < end) {
		items[n++] = s;
		run = skip_literals(s, end);
		if (run == s && !read_item(&run, end, &m, &error))
			return 0;
		s = run;
	}
	while (n > 0) {
		struct macro_writer w = { .buf = buf, .max = sizeof(buf) };

		s = items[--n];
		run = skip_literals(s, end);
		if (run == s) {
			read_item(&run, end, &m, &error);
			put_item(&w, s, &m, v);
			s = w.buf;
			run = w.buf + w.len;
		}
		if (prepend_bytes(made, sizeof(made), &len, s, (size_t)(run - s)))
			break;
	}
	if (len > 0 && made[len - 1] == '.')
		len--;
	len = drop_left_labels(made, len);
	memcpy(name, made, len);
	name[len] = '\0';
	return len;
}

size_t
spf_macro_expand_text(
    struct text text, const struct spf_macro_values *v, char out[SPF_EXPLANATION_MAX + 1])
{
	struct macro_writer w = { .buf = out, .max = SPF_EXPLANATION_MAX };
	const char *s = text.s, *end = text.s + text.len, *item, *error;
	struct macro m;

	while (s < end && w.len < w.max) {
		item = s;
		if (*s == ' ')
			put_macro_char(&w, *s++);
		else if (read_item(&s, end, &m, &error))
			put_item(&w, item, &m, v);
		else
			break;
	}
	out[w.len] = '\0';
	return w.len;
}
