/* SPDX-License-Identifier: ISC */
/* candidate_case - settings for the tests of candidates and of what they are made of. */
#ifndef TESTS_UNIT_CANDIDATE_CASE_H
#define TESTS_UNIT_CANDIDATE_CASE_H

#include "tests/unit/unit.h"

#include "conf/config.h"
#include "conf/option.h"
#include "conf/option_value.h"

static inline void
set_words(struct settings *settings, const char *name, const char *text)
{
	char copy[2000], *rest = copy, *word, why[OPTION_ERROR_SIZE];
	const char *values[64];
	size_t n = 0;

	snprintf(copy, sizeof(copy), "%s", text);
	while ((word = strsep(&rest, " ")) != NULL)
		if (*word != '\0')
			values[n++] = word;
	assert_true(n <= COUNT(values));
	if (!option_set(settings, option_find(NULL, name), values, n, why))
		fail_msg("%s: %s", name, why);
}

/*
 * make_candidate_settings - with srs-domain srs.own.test, and with addresses and inbound hosts
 * between blanks; the caller frees them
 */
static inline struct settings *
make_candidate_settings(const char *per_domain, const char *addresses, const char *hosts)
{
	struct settings *settings = config_defaults();

	set_words(settings, "srs-domain", "srs.own.test");
	set_words(settings, "per-domain", per_domain);
	set_words(settings, "outbound-addresses", addresses);
	set_words(settings, "inbound-hosts", hosts);
	return settings;
}

#endif
