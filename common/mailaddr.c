/* SPDX-License-Identifier: ISC */
#include <stdbool.h>
#include <string.h>

#include "common/ascii.h"
#include "common/hostname.h"
#include "common/mailaddr.h"

static bool
is_null_address(const char *s, size_t len)
{
	return len == 0 || (len == 2 && (memcmp(s, "<>", 2) == 0 || memcmp(s, "\"\"", 2) == 0));
}

/* copy_mail_domain - check and copy the text after the '@' */
static enum mailaddr_status
copy_mail_domain(struct mailaddr *addr, const char *s, size_t len)
{
	len = hostname_length(s, len);
	if (!hostname_is_mail_domain(s, len))
		return MAILADDR_INVALID;
	memcpy(addr->domain, s, len);
	addr->domain[len] = '\0';
	addr->domain_len = len;
	return MAILADDR_OK;
}

/* find_last_at - the last '@' outside quotes, or NULL; NULL as well if a quote is not closed */
static const char *
find_last_at(const char *s, size_t len)
{
	const char *at = NULL, *end = s + len;
	bool quoted = false;

	for (; s < end; s++) {
		if (*s == '\\') {
			if (++s == end)
				return NULL;
		} else if (*s == '"') {
			quoted = !quoted;
		} else if (*s == '@' && !quoted) {
			at = s;
		}
	}
	return quoted ? NULL : at;
}

/* copy_local_part - copy the local part without its quotes and backslashes */
static enum mailaddr_status
copy_local_part(struct mailaddr *addr, const char *s, size_t len)
{
	const char *end = s + len;
	size_t n = 0;

	for (; s < end; s++) {
		if (*s == '"')
			continue;
		if (*s == '\\')
			s++;
		if (ascii_iscntrl(*s))
			return MAILADDR_INVALID;
		if (n == MAILADDR_MAX)
			return MAILADDR_TOO_LONG;
		addr->local[n++] = *s;
	}
	addr->local[n] = '\0';
	addr->local_len = n;
	return n == 0 ? MAILADDR_INVALID : MAILADDR_OK;
}

enum mailaddr_status
mailaddr_parse_external(struct mailaddr *addr, const char *s, size_t len)
{
	enum mailaddr_status status;
	const char *at;

	if (is_null_address(s, len))
		return MAILADDR_NULL;
	at = find_last_at(s, len);
	if (at == NULL || at == s)
		return MAILADDR_INVALID;
	status = copy_local_part(addr, s, (size_t)(at - s));
	if (status != MAILADDR_OK)
		return status;
	return copy_mail_domain(addr, at + 1, (size_t)(s + len - at) - 1);
}

/* swap_address_parts - split "domain!local" */
static void
swap_address_parts(struct mailaddr_parts *parts, const char *s, size_t len, const char *bang)
{
	parts->domain = s;
	parts->domain_len = (size_t)(bang - s);
	parts->local = bang + 1;
	parts->local_len = len - parts->domain_len - 1;
}

void
mailaddr_split(struct mailaddr_parts *parts, const char *s, size_t len)
{
	const char *at = len == 0 ? NULL : memrchr(s, '@', len), *bang;

	parts->local = s;
	parts->local_len = len;
	parts->domain = NULL;
	parts->domain_len = 0;
	if (at == NULL && len > 0) {
		bang = memchr(s, '!', len);
		if (bang != NULL)
			swap_address_parts(parts, s, len, bang);
		else
			at = memrchr(s, '%', len);
	}
	if (at != NULL) {
		parts->local_len = (size_t)(at - s);
		parts->domain = at + 1;
		parts->domain_len = len - parts->local_len - 1;
	}
	parts->domain_len = hostname_length(parts->domain, parts->domain_len);
}

/* clang-format off: one character per line */
/* The characters other than letters and digits that an atom may contain (RFC 5322, 3.2.3). */
static const bool special[0x80] = {
	['!'] = true,
	['#'] = true,
	['$'] = true,
	['%'] = true,
	['&'] = true,
	['\''] = true,
	['*'] = true,
	['+'] = true,
	['-'] = true,
	['/'] = true,
	['='] = true,
	['?'] = true,
	['^'] = true,
	['_'] = true,
	['`'] = true,
	['{'] = true,
	['|'] = true,
	['}'] = true,
	['~'] = true,
};
/* clang-format on */

static bool
is_atext(char c)
{
	return ascii_isalnum(c) + ((unsigned char)c >= 0x80) + special[c & 0x7f] != 0;
}

static bool
is_dot_string(const char *s, size_t len)
{
	size_t i;

	if (len == 0 || s[0] == '.' || s[len - 1] == '.')
		return false;
	for (i = 0; i < len; i++)
		if (!is_atext(s[i]) && (s[i] != '.' || s[i + 1] == '.'))
			return false;
	return true;
}

/* append_address_bytes - bytes that do not fit only count, so that the caller checks once */
static void
append_address_bytes(char *buf, size_t *len, const char *s, size_t n)
{
	if (*len + n <= MAILADDR_MAX)
		memcpy(buf + *len, s, n);
	*len += n;
}

static void
append_quoted_local(char *buf, size_t *len, const char *s, size_t n)
{
	size_t i;

	append_address_bytes(buf, len, "\"", 1);
	for (i = 0; i < n; i++) {
		if (s[i] == '"' || s[i] == '\\')
			append_address_bytes(buf, len, "\\", 1);
		append_address_bytes(buf, len, s + i, 1);
	}
	append_address_bytes(buf, len, "\"", 1);
}

size_t
mailaddr_format(char buf[MAILADDR_SIZE], const char *local, size_t local_len, const char *domain,
    size_t domain_len)
{
	size_t len = 0;

	if (is_dot_string(local, local_len))
		append_address_bytes(buf, &len, local, local_len);
	else
		append_quoted_local(buf, &len, local, local_len);
	append_address_bytes(buf, &len, "@", 1);
	append_address_bytes(buf, &len, domain, domain_len);
	if (len > MAILADDR_MAX)
		len = 0;
	buf[len] = '\0';
	return len;
}
