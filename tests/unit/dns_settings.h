/* SPDX-License-Identifier: ISC */
/* dns_settings - settings for the tests of the resolver and of its plan, with every default. */
#ifndef TESTS_UNIT_DNS_SETTINGS_H
#define TESTS_UNIT_DNS_SETTINGS_H

#include "tests/unit/unit_dir.h"

#include "common/xmalloc.h"
#include "conf/option.h"
#include "conf/option_value.h"

static inline void
set_list(struct settings *settings, const char *name, const char *const *values, size_t n)
{
	char why[OPTION_ERROR_SIZE];

	if (!option_set(settings, option_find(NULL, name), values, n, why))
		fail_msg("%s: %s", name, why);
}

static inline void
set_value(struct settings *settings, const char *name, const char *value)
{
	set_list(settings, name, &value, 1);
}

/* set_nameservers - "A B C", or "" for those of resolv.conf */
static inline void
set_nameservers(struct settings *settings, const char *text)
{
	char copy[500], *rest = copy, *word;
	const char *values[8];
	size_t n = 0;

	snprintf(copy, sizeof(copy), "%s", text);
	while ((word = strsep(&rest, " ")) != NULL)
		if (*word != '\0')
			values[n++] = word;
	set_list(settings, "nameservers", values, n);
}

/* make_dns_settings - with every default; the caller frees them */
static inline struct settings *
make_dns_settings(void)
{
	struct settings *settings = xcalloc(1, sizeof(*settings));
	const struct conf_option *o;

	for (o = option_table; o < option_table + option_count; o++)
		option_preset(settings, o);
	return settings;
}

#endif
