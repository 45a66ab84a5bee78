/* SPDX-License-Identifier: ISC */
#include <string.h>
#include <strings.h>

#include "common/hostname.h"
#include "common/idna.h"
#include "srsd/srs_domains.h"

bool
srs_domains_contain(const struct settings *settings, const char *domain, size_t len)
{
	const char *srs_domain = settings->srs_domain;

	len = hostname_length(domain, len);
	/* Nearly every address of ours; the set would compute a hash of the name. */
	if (len == strlen(srs_domain) && strncasecmp(srs_domain, domain, len) == 0)
		return true;
	return domainset_contains(settings->srs_domains, domain, len);
}

/* begins_with_label - is the label the first one of several? */
static bool
begins_with_label(const char *name, const char *label, size_t len)
{
	char ascii[HOSTNAME_MAX + 1];

	return idna_to_ascii(ascii, name, strlen(name)) > len &&
	       strncasecmp(ascii, label, len) == 0 && ascii[len] == '.';
}

bool
srs_domains_may_contain(const struct settings *settings, const char *domain, size_t len)
{
	size_t i;

	len = hostname_length(domain, len);
	if (len == 0)
		return true;
	if (memchr(domain, '.', len) != NULL)
		return srs_domains_contain(settings, domain, len);
	if (begins_with_label(settings->srs_domain, domain, len))
		return true;
	for (i = 0; i < settings->reverse_domains.n; i++)
		if (begins_with_label(settings->reverse_domains.text[i], domain, len))
			return true;
	return srs_domains_contain(settings, domain, len);
}
