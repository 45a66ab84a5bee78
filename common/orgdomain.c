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
