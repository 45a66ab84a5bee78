/* SPDX-License-Identifier: ISC */
/*
 * srs_case - settings, secrets and a time for the tests of SRS modules: a host that signs for
 * srs.test.
 */
#ifndef TESTS_UNIT_SRS_CASE_H
#define TESTS_UNIT_SRS_CASE_H

#include "tests/unit/unit.h"

#include "common/xmalloc.h"
#include "conf/option.h"
#include "conf/option_value.h"
#include "srsd/srs/srs_keys.h"

/* 2023-11-14: stamp G3 */
#define NOW ((time_t)1700000000)
#define DAY 86400

#define SECRET "correct horse battery"

/* srs_set - set a top-level option */
static inline void
srs_set(struct settings *s, const char *name, const char *value)
{
	const struct conf_option *o = option_find(NULL, name);
	char error[OPTION_ERROR_SIZE];

	assert_non_null(o);
	if (!option_set(s, o, &value, 1, error))
		fail_msg("%s: %s", name, error);
}

/* srs_rename - set srs-domain */
static inline void
srs_rename(struct settings *s, const char *domain)
{
	srs_set(s, "srs-domain", domain);
	domainset_free(&s->srs_domains);
	s->srs_domains = domainset_new();
	assert_true(domainset_add(s->srs_domains, domain, strlen(domain)));
}

/* srs_former - add a domain to reverse-domains */
static inline void
srs_former(struct settings *s, const char *domain)
{
	srs_set(s, "reverse-domains", domain);
	assert_true(domainset_add(s->srs_domains, domain, strlen(domain)));
}

/* srs_except - add a domain to per-domain-except */
static inline void
srs_except(struct settings *s, const char *domain)
{
	assert_true(domainset_add(s->srs_excepted, domain, strlen(domain)));
}

/* srs_own - add a domain to domains */
static inline void
srs_own(struct settings *s, const char *domain)
{
	assert_true(domainset_add(s->own_domains, domain, strlen(domain)));
}

static inline struct settings *
srs_settings(void)
{
	struct settings *s = xcalloc(1, sizeof(*s));
	const struct conf_option *o;

	for (o = option_table; o < option_table + option_count; o++)
		option_preset(s, o);
	srs_rename(s, "srs.test");
	srs_set(s, "hash-avoid-slash", "false");
	s->own_domains = domainset_new();
	s->srs_excepted = domainset_new();
	srs_own(s, "srs.test");
	s->relays = domainset_new();
	s->no_rewrite = domainset_new();
	return s;
}

/* srs_keys_of - the secrets of a file with this text */
static inline struct srs_keys *
srs_keys_of(const char *text)
{
	const char *error;
	unsigned line;
	struct srs_keys *keys = srs_keys_parse(text, strlen(text), &line, &error);

	if (keys == NULL)
		fail_msg("line %u: %s", line, error);
	return keys;
}

#endif
