/* SPDX-License-Identifier: ISC */
#include <sys/queue.h>

#include "srsd/ctl/import/import_entry.h"
#include "srsd/ctl/import/import_scope.h"

/* visit_remarks - entry has everything but the remark */
static void
visit_remarks(const struct import_remarks *remarks, struct import_entry entry,
    import_entry_fn *visit, void *arg)
{
	const struct import_place *of_option = entry.place;

	STAILQ_FOREACH (entry.remark, remarks, entry) {
		entry.place = entry.remark->place.text == NULL ? of_option : &entry.remark->place;
		visit(&entry, arg);
	}
}

static void
visit_scope_entries(const struct import_scope *scope, import_entry_fn *visit, void *arg)
{
	struct import_entry entry = { scope->section, NULL, &scope->origin, NULL, true };
	const struct imported_option *imported;
	size_t i;

	visit_remarks(&scope->remarks, entry, visit, arg);
	for (i = 0; i < option_count; i++) {
		imported = &scope->imported[i];
		entry.option = &option_table[i];
		entry.place = &imported->origin;
		if (imported->origin.text != NULL)
			visit(&entry, arg);
		visit_remarks(&imported->remarks, entry, visit, arg);
	}
}

/* visit_skipped - a value that an option refused names the option */
static void
visit_skipped(const struct import_remark *remark, import_entry_fn *visit, void *arg)
{
	const struct import_entry entry = { NULL, remark->refused, &remark->place, remark, false };

	visit(&entry, arg);
}

void
import_entry_visit(const struct import *im, import_entry_fn *visit, void *arg)
{
	const struct import_remark *remark;
	const struct import_scope *scope;

	visit_scope_entries(&im->base, visit, arg);
	STAILQ_FOREACH (scope, &im->sections, entry)
		if (!import_scope_is_empty(scope))
			visit_scope_entries(scope, visit, arg);
	STAILQ_FOREACH (remark, &im->skipped, entry)
		visit_skipped(remark, visit, arg);
}
