/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/mailaddr.h"
#include "common/xmalloc.h"
#include "conf/option_value.h"
#include "srsd/ctl/import/import_scope.h"

void
import_scope_init(struct import_scope *scope)
{
	size_t i;

	STAILQ_INIT(&scope->remarks);
	scope->imported = xcalloc(option_count, sizeof(*scope->imported));
	for (i = 0; i < option_count; i++)
		STAILQ_INIT(&scope->imported[i].remarks);
}

void
import_scope_clear(struct import_scope *scope)
{
	size_t i;

	for (i = 0; i < option_count; i++) {
		import_remark_clear(&scope->imported[i].remarks);
		import_place_clear(&scope->imported[i].origin);
	}
	free(scope->imported);
	import_remark_clear(&scope->remarks);
	import_place_clear(&scope->origin);
}

const struct imported_option *
import_scope_find(const struct import_scope *scope, const struct conf_option *o)
{
	return &scope->imported[o - option_table];
}

bool
import_scope_has(const struct imported_option *imported)
{
	return imported->origin.text != NULL || !STAILQ_EMPTY(&imported->remarks);
}

bool
import_scope_is_empty(const struct import_scope *scope)
{
	size_t i;

	for (i = 0; i < option_count; i++)
		if (import_scope_has(&scope->imported[i]))
			return false;
	return true;
}

size_t
import_scope_count(const struct import_scope *scope, enum import_remark_kind kind)
{
	size_t i, n = 0;

	for (i = 0; i < option_count; i++)
		n += import_remark_count(&scope->imported[i].remarks, kind);
	return n;
}

const struct spf_section *
import_scope_section(const struct settings *settings, const char *name)
{
	struct mailaddr_parts parts;

	mailaddr_split(&parts, name, strlen(name));
	return spf_sections_find(settings->sections, (struct text){ parts.local, parts.local_len },
	    (struct text){ parts.domain, parts.domain_len });
}

char *
import_scope_format(
    const struct settings *settings, const struct spf_settings *spf, const struct conf_option *o)
{
	char *text, *bare;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (out == NULL)
		return xstrdup("");
	if (spf == NULL)
		option_print(settings, o, out);
	else
		option_spf_print(spf, o, out);
	fclose(out);
	bare = xstrdup(text + strspn(text, "\t"));
	bare[strcspn(bare, "\n")] = '\0';
	free(text);
	return bare;
}

char *
import_scope_line(
    const struct import *im, const struct import_scope *scope, const struct conf_option *o)
{
	const struct spf_section *section = scope->section;
	bool own = section != NULL && spf_section_has(section, o);

	return import_scope_format(im->settings, own ? &section->spf : NULL, o);
}
