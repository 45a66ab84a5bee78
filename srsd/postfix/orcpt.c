/* SPDX-License-Identifier: ISC */
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "common/ascii.h"
#include "common/printable.h"
#include "srsd/postfix/orcpt.h"

/* An address that is being decoded. */
struct decoder {
	const char *s, *end;
	struct orcpt *out;
};

static bool
append_bytes(struct decoder *d, const char *bytes, size_t len)
{
	if (len > MAILADDR_MAX - d->out->len)
		return false;
	memcpy(d->out->address + d->out->len, bytes, len);
	d->out->len += len;
	return true;
}

/* decode_hex_byte - hexchar of xtext: '+' and two digits */
static bool
decode_hex_byte(struct decoder *d)
{
	int high, low;
	char c;

	if (d->end - d->s < 3)
		return false;
	high = ascii_hex(d->s[1]);
	low = ascii_hex(d->s[2]);
	if (high == -1 || low == -1)
		return false;
	c = (char)(high << 4 | low);
	d->s += 3;
	return append_bytes(d, &c, 1);
}

/* put_utf8_character - a character in UTF-8; returns how many bytes it has */
static size_t
put_utf8_character(char buf[4], uint32_t c)
{
	size_t more = c < 0x80 ? 0 : c < 0x800 ? 1 : c < 0x10000 ? 2 : 3, i;
	static const unsigned char lead[] = { 0, 0xc0, 0xe0, 0xf0 };

	for (i = more; i > 0; i--) {
		buf[i] = (char)(0x80 | (c & 0x3f));
		c >>= 6;
	}
	buf[0] = (char)(lead[more] | c);
	return more + 1;
}

/*
 * decode_embedded_character - EmbeddedUnicodeChar: \x{, digits, and }
 *
 * HEXPOINT has neither leading zeros beyond two digits, nor characters that stand for themselves.
 */
static bool
decode_embedded_character(struct decoder *d)
{
	const char *s = d->s + 3, *digits = s;
	uint32_t c = 0;
	char bytes[4];

	if (d->end - d->s < 4 || d->s[1] != 'x' || d->s[2] != '{')
		return false;
	for (; s < d->end && s - digits < 6 && ascii_hex(*s) != -1; s++)
		c = c << 4 | (uint32_t)ascii_hex(*s);
	if (s == d->end || *s != '}' || s - digits < 2 || (s - digits > 2 && *digits == '0'))
		return false;
	if (c > 0x10ffff || (c < 0x80 && (c == 0 || strchr(" +=\\", (int)c) == NULL)))
		return false;
	d->s = s + 1;
	return append_bytes(d, bytes, put_utf8_character(bytes, c));
}

static bool
append_plain_byte(struct decoder *d)
{
	return append_bytes(d, d->s++, 1);
}

/* decode_xtext - RFC 3461, 4 */
static bool
decode_xtext(struct decoder *d)
{
	bool ok = true;

	while (ok && d->s < d->end) {
		if (*d->s == '+')
			ok = decode_hex_byte(d);
		else
			ok = ascii_isgraph(*d->s) && *d->s != '=' && append_plain_byte(d);
	}
	return ok;
}

/* decode_unicode_text - utf-8-addr-xtext and utf-8-addr-unitext (RFC 6533, 3) */
static bool
decode_unicode_text(struct decoder *d)
{
	bool ok = true;

	while (ok && d->s < d->end) {
		if (*d->s == '\\')
			ok = decode_embedded_character(d);
		else
			ok = (ascii_isgraph(*d->s) || (unsigned char)*d->s >= 0x80) &&
			     *d->s != '+' && *d->s != '=' && append_plain_byte(d);
	}
	return ok;
}

/* is_surrogate - U+D800 to U+DFFF, which are no characters of UTF-8 */
static bool
is_surrogate(const char *s, size_t len)
{
	return len == 3 && (unsigned char)s[0] == 0xed && (unsigned char)s[1] >= 0xa0;
}

/* is_control - C0, DEL and C1 */
static bool
is_control(const char *s, size_t len)
{
	return len == 1 ? ascii_iscntrl(*s)
			: len == 2 && (unsigned char)s[0] == 0xc2 && (unsigned char)s[1] < 0xa0;
}

/* is_clean_text - characters in UTF-8, and no control characters */
static bool
is_clean_text(const char *s, size_t len)
{
	size_t n, i;

	for (i = 0; i < len; i += n) {
		n = printable_utf8_length(s + i, len - i);
		if (n == 0 || is_surrogate(s + i, n) || is_control(s + i, n))
			return false;
	}
	return true;
}

/* skip_type - cut a type and its semicolon off a value; false if it has another type */
static bool
skip_type(struct text *value, const char *type)
{
	size_t len = strlen(type);

	if (value->len < len || strncasecmp(value->s, type, len) != 0)
		return false;
	value->s += len;
	value->len -= len;
	return true;
}

bool
orcpt_parse(struct orcpt *orcpt, struct text value)
{
	bool is_xtext = skip_type(&value, "rfc822;");
	struct decoder d;

	if (!is_xtext && !skip_type(&value, "utf-8;"))
		return false;
	orcpt->len = 0;
	d.s = value.s;
	d.end = value.s + value.len;
	d.out = orcpt;
	if (!(is_xtext ? decode_xtext(&d) : decode_unicode_text(&d)))
		return false;
	if (orcpt->len == 0 || !is_clean_text(orcpt->address, orcpt->len))
		return false;
	orcpt->address[orcpt->len] = '\0';
	return true;
}
