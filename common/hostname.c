/* SPDX-License-Identifier: ISC */
#include <string.h>
#include <strings.h>

#include "common/ascii.h"
#include "common/hostname.h"

bool
hostname_is_mail_domain(const char *s, size_t len)
{
	size_t i;

	if (len == 0 || len > HOSTNAME_MAX || s[0] == '.' || s[len - 1] == '.')
		return false;
	/*@ loop invariant 0 <= i <= len;
	    loop assigns i;
	    loop variant len - i; */
	for (i = 0; i < len; i++) {
		if (s[i] == '.' && s[i + 1] == '.')
			return false;
		if (s[i] != '.' && s[i] != '-' && s[i] != '_' && !ascii_isalnum(s[i]) &&
		    (unsigned char)s[i] < 0x80)
			return false;
	}
	return true;
}

static bool
is_valid_label(const char *s, size_t len)
{
	size_t i;

	if (len == 0 || len > 63 || s[0] == '-' || s[len - 1] == '-')
		return false;
	for (i = 0; i < len; i++)
		if (!ascii_isalnum(s[i]) && s[i] != '-')
			return false;
	return true;
}

static bool
is_all_digits(const char *s, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (!ascii_isdigit(s[i]))
			return false;
	return true;
}

bool
hostname_is_fqdn(const char *s, size_t len)
{
	const char *end = s + len, *dot;
	int labels = 0;

	if (len == 0 || len > HOSTNAME_MAX)
		return false;
	for (;; s = dot + 1) {
		dot = memchr(s, '.', (size_t)(end - s));
		if (!is_valid_label(s, (size_t)((dot == NULL ? end : dot) - s)))
			return false;
		labels++;
		if (dot == NULL)
			break;
	}
	return labels > 1 && !is_all_digits(s, (size_t)(end - s));
}

size_t
hostname_length(const char *name, size_t len)
{
	return len > 1 && name[len - 1] == '.' && name[len - 2] != '.' ? len - 1 : len;
}

void
hostname_lower(char *s, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		s[i] = ascii_tolower(s[i]);
}

bool
hostname_is_within(const char *name, size_t len, const char *parent, size_t parent_len)
{
	if (len < parent_len || strncasecmp(name + len - parent_len, parent, parent_len) != 0)
		return false;
	return len == parent_len || name[len - parent_len - 1] == '.';
}
