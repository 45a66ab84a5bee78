/* SPDX-License-Identifier: ISC */
#include <sys/queue.h>

#include <stdlib.h>
#include <string.h>

#include "common/xmalloc.h"
#include "srsd/ctl/import/import_difference.h"
#include "srsd/ctl/import/import_print.h"
#include "srsd/ctl/import/import_scope.h"

static bool
has_remark(const struct imported_option *imported, enum import_remark_kind kind)
{
	const struct import_remark *remark;

	STAILQ_FOREACH (remark, &imported->remarks, entry)
		if (remark->kind == kind)
			return true;
	return false;
}

/* has_alternative - is this line, "name = value", one of the alternatives? */
static bool
has_alternative(const struct imported_option *imported, const char *line)
{
	const struct import_remark *remark;

	STAILQ_FOREACH (remark, &imported->remarks, entry)
		if (remark->alternative != NULL && strcmp(remark->alternative, line) == 0)
			return true;
	return false;
}

/* name_scope - the beginning of a line about a difference; the caller frees it */
static char *
name_scope(const struct import_scope *scope, const struct conf_option *o)
{
	char *name;

	if (scope->section == NULL)
		return xstrdup(o->section == NULL ? "" : "spf: ");
	xasprintf(&name, "spf \"%s\": ", scope->section->name);
	return name;
}

/* find_effective_spf - the options in effect for the recipients of a section; NULL: spf { } */
static const struct spf_settings *
find_effective_spf(const struct settings *settings, const struct import_scope *scope)
{
	const struct spf_section *section =
	    scope->section == NULL ? NULL : import_scope_section(settings, scope->section->name);

	return section == NULL ? NULL : &section->spf;
}

/*
 * visit_difference - of one option; true if there is one
 *
 * A value that is one of the alternatives is a decision of the operator. The imported value may not
 * be, so the alternatives to it are passed again.
 */
static bool
visit_difference(const struct import *im, const struct import_scope *scope,
    const struct conf_option *o, const struct settings *settings, import_difference_fn *visit,
    void *arg)
{
	char *there = import_scope_line(im, scope, o), *section = name_scope(scope, o);
	char *here = import_scope_format(settings, find_effective_spf(settings, scope), o);
	const struct imported_option *imported = import_scope_find(scope, o);
	bool same = strcmp(there, here) == 0;
	bool allowed = imported->allows != NULL && imported->allows(o, im->settings, settings);
	struct import_difference d = { section, there, here, imported->origin.text, false,
		&imported->remarks };
	bool kept =
	    same && (has_remark(imported, REMARK_CHOICE) || has_remark(imported, REMARK_WARNING));

	d.differs =
	    imported->origin.text != NULL && !same && !allowed && !has_alternative(imported, here);
	if (d.differs || kept || has_remark(imported, REMARK_UNKNOWN) ||
	    has_remark(imported, REMARK_PREPARE))
		visit(&d, arg);
	free(section);
	free(there);
	free(here);
	return d.differs;
}

size_t
import_difference_visit(const struct import *im, const struct settings *settings,
    import_difference_fn *visit, void *arg)
{
	const struct import_scope *scope;
	const struct conf_option *o;
	size_t n = 0;

	for (o = option_table; o < option_table + option_count; o++)
		n += visit_difference(im, &im->base, o, settings, visit, arg);
	STAILQ_FOREACH (scope, &im->sections, entry)
		for (o = option_table; o < option_table + option_count; o++)
			if (import_scope_has(import_scope_find(scope, o)))
				n += visit_difference(im, scope, o, settings, visit, arg);
	return n;
}

static void
print_difference(const struct import_difference *d, void *out)
{
	import_remark_print(d->remarks, "", out);
	if (d->differs)
		fprintf(out, "%s%s\t# %s\n%s%s\t# in effect\n", d->section, d->imported, d->origin,
		    d->section, d->in_effect);
}

size_t
import_difference_print(const struct import *im, const struct settings *settings, FILE *out)
{
	size_t n = import_difference_visit(im, settings, print_difference, out);

	import_print_skipped(im, out);
	return n;
}
