/* SPDX-License-Identifier: ISC */
#include <string.h>
#include <strings.h>

#include <libpsl.h>

#include "common/idna.h"
#include "common/orgdomain.h"

static size_t
count_labels(const char *name)
{
	size_t n = 1;

	for (; *name != '\0'; name++)
		n += *name == '.';
	return n;
}

/* find_last_labels - the position at which the last n labels of a name begin */
static const char *
find_last_labels(const char *name, size_t len, size_t n)
{
	const char *s = name + len;

	while (s > name && (s[-1] != '.' || --n > 0))
		s--;
	return s;
}

bool
orgdomain_of(const char *name, size_t len, const char **org, size_t *org_len)
{
	char ascii[HOSTNAME_MAX + 1];
	const char *found;

	len = hostname_length(name, len);
	if (!hostname_is_mail_domain(name, len) || idna_to_ascii(ascii, name, len) == 0)
		return false;
	hostname_lower(ascii, strlen(ascii));
	found = psl_registrable_domain(psl_builtin(), ascii);
	if (found == NULL)
		return false;
	*org = find_last_labels(name, len, count_labels(found));
	*org_len = (size_t)(name + len - *org);
	return true;
}

bool
orgdomain_is_shared(const char *a, size_t a_len, const char *b, size_t b_len)
{
	char ascii_a[HOSTNAME_MAX + 1], ascii_b[HOSTNAME_MAX + 1];

	return orgdomain_of(a, a_len, &a, &a_len) && orgdomain_of(b, b_len, &b, &b_len) &&
	       idna_to_ascii(ascii_a, a, a_len) > 0 && idna_to_ascii(ascii_b, b, b_len) > 0 &&
	       strcasecmp(ascii_a, ascii_b) == 0;
}

/* normalize_name - the A-labels of a name in lower case, without a trailing dot */
static bool
normalize_name(char ascii[HOSTNAME_MAX + 1], const char *name, size_t len)
{
	len = hostname_length(name, len);
	if (!hostname_is_mail_domain(name, len) || idna_to_ascii(ascii, name, len) == 0)
		return false;
	hostname_lower(ascii, strlen(ascii));
	return true;
}

/* find_registered - the name below the public suffix of a registry, or the suffix itself */
static const char *
find_registered(const char *ascii)
{
	const psl_ctx_t *list = psl_builtin();
	const char *dot;

	for (;; ascii = dot + 1) {
		dot = strchr(ascii, '.');
		if (dot == NULL || psl_is_public_suffix2(list, dot + 1, PSL_TYPE_ICANN))
			return ascii;
	}
}

bool
orgdomain_may_be_aligned(const char *a, size_t a_len, const char *b, size_t b_len)
{
	char ascii_a[HOSTNAME_MAX + 1], ascii_b[HOSTNAME_MAX + 1];

	if (!normalize_name(ascii_a, a, a_len) || !normalize_name(ascii_b, b, b_len))
		return true;
	return strcmp(find_registered(ascii_a), find_registered(ascii_b)) == 0;
}
