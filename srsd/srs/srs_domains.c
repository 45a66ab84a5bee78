/* SPDX-License-Identifier: ISC */
#include <string.h>
#include <strings.h>

#include "common/hostname.h"
#include "common/idna.h"
#include "srsd/srs/srs_addr.h"
#include "srsd/srs/srs_domains.h"

bool
srs_domains_contain(const struct settings *settings, const char *domain, size_t len)
{
	const char *srs_domain = settings->srs_domain;

	len = hostname_length(domain, len);
	/* This is nearly every address of ours, and the set would compute a hash of the name. */
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
	char label[HOSTNAME_MAX + 1];
	size_t i;

	len = hostname_length(domain, len);
	if (len == 0)
		return true;
	if (memchr(domain, '.', len) != NULL)
		return srs_domains_contain(settings, domain, len);
	if (idna_to_ascii(label, domain, len) == 0)
		return false;
	len = strlen(label);
	if (begins_with_label(settings->srs_domain, label, len))
		return true;
	for (i = 0; i < settings->reverse_domains.n; i++)
		if (begins_with_label(settings->reverse_domains.text[i], label, len))
			return true;
	return srs_domains_contain(settings, label, len);
}

/* read_route_word - the length of the text up to the next '!', '%' or '@'; *s moves past that */
static size_t
read_route_word(const char **s, const char *end)
{
	const char *word = *s, *stop = word;

	while (stop < end && *stop != '!' && *stop != '%' && *stop != '@')
		stop++;
	*s = stop < end ? stop + 1 : end;
	return (size_t)(stop - word);
}

bool
srs_domains_are_routed_to(const struct settings *settings, const char *local, size_t len)
{
	const char *s = local, *end, *word;
	bool tagged = false, ours = false;
	size_t n;

	if (len == 0 || (memchr(local, '!', len) == NULL && srs_addr_tag(local, len) == -1))
		return false;
	end = local + len;
	while (s < end && !(tagged && ours)) {
		word = s;
		n = read_route_word(&s, end);
		tagged |= srs_addr_tag(word, n) != -1;
		ours |= n > 0 && srs_domains_may_contain(settings, word, n);
	}
	return tagged && ours;
}
