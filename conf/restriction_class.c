/* SPDX-License-Identifier: ISC */
#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "common/ascii.h"
#include "conf/restriction_class.h"

/* The actions of access(5), and the restrictions that are single words. */
static const char *const reserved_words[] = { "ok", "relay", "reject", "defer", "defer_if_permit",
	"defer_if_reject", "bcc", "discard", "dunno", "filter", "hold", "info", "prepend",
	"redirect", "hangup", "replace", "strip", "warn", "ignore", "error", "retry", "sleep",
	"warn_if_reject", "none" };

/* The beginnings of the names of all other restrictions. "permit" itself is one of them. */
static const char *const reserved_prefixes[] = { "permit", "reject_", "check_", "defer_unauth_" };

static bool
is_reserved(const char *name)
{
	const char *prefix;
	size_t i;

	for (i = 0; i < sizeof(reserved_words) / sizeof(reserved_words[0]); i++)
		if (strcasecmp(name, reserved_words[i]) == 0)
			return true;
	for (i = 0; i < sizeof(reserved_prefixes) / sizeof(reserved_prefixes[0]); i++) {
		prefix = reserved_prefixes[i];
		if (strncasecmp(name, prefix, strlen(prefix)) == 0)
			return true;
	}
	return false;
}

bool
restriction_class_is_name(const char *name)
{
	const char *s;

	if (name[0] == '\0' || ascii_isdigit(name[0]))
		return false;
	for (s = name; *s != '\0'; s++)
		if (!ascii_isalnum(*s) && *s != '_')
			return false;
	return !is_reserved(name);
}
