/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "spf/spf_answers.h"
#include "spf/spf_verdict.h"

const char *
spf_result_name(enum spf_result result)
{
	static const char *const names[SPF_RESULTS] = { "none", "neutral", "pass", "fail",
		"softfail", "temperror", "permerror" };

	return names[result];
}

bool
spf_request_domain(const struct spf_request *req, char domain[HOSTNAME_MAX + 1])
{
	struct spf_text name = req->domain;

	if (name.len > 0 && name.s[name.len - 1] == '.')
		name.len--;
	if (!spf_answers_is_name(name.s, name.len) || memchr(name.s, '.', name.len) == NULL ||
	    name.s[0] == '[')
		return false;
	memcpy(domain, name.s, name.len);
	domain[name.len] = '\0';
	return true;
}
