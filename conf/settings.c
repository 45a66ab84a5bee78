/* SPDX-License-Identifier: ISC */
#include <stdlib.h>

#include "conf/option.h"
#include "conf/option_value.h"
#include "conf/settings.h"
#include "conf/spf_sections.h"

bool
settings_list_contains(const struct cidr_list *list, const struct ipaddr *ip)
{
	size_t i;

	for (i = 0; i < list->n; i++)
		if (cidr_contains(&list->net[i], ip))
			return true;
	return false;
}

static bool
refuses_results(enum spf_reject reject)
{
	return reject <= SPF_REJECT_NULL;
}

bool
settings_refuse_no_result(const struct spf_settings *spf)
{
	return !refuses_results(spf->helo_reject) && !refuses_results(spf->mail_from_reject) &&
	       !refuses_results(spf->null_sender_reject) && spf->reject_not_pass_domains.n == 0 &&
	       (spf->helo_reject == SPF_REJECT_NEVER || spf->mail_from_reject == SPF_REJECT_NEVER);
}

struct settings *
settings_ref(struct settings *s)
{
	s->references++;
	return s;
}

void
settings_free(struct settings **settings)
{
	struct settings *s = *settings;
	const struct conf_option *o;

	*settings = NULL;
	if (s == NULL || s->references-- > 0)
		return;
	spf_sections_free(&s->sections); /* they share values of spf */
	for (o = option_table; o < option_table + option_count; o++)
		option_clear(s, o);
	domainset_free(&s->own_domains);
	domainset_free(&s->srs_domains);
	domainset_free(&s->srs_excepted);
	domainset_free(&s->relays);
	domainset_free(&s->no_rewrite);
	free(s);
}
