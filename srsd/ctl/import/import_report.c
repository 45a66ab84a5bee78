/* SPDX-License-Identifier: ISC */
#include <stdlib.h>

#include "common/printable.h"
#include "common/xmalloc.h"
#include "conf/settings_report.h"
#include "conf/spf_sections.h"
#include "srsd/ctl/import/import_difference.h"
#include "srsd/ctl/import/import_entry.h"
#include "srsd/ctl/import/import_remark.h"
#include "srsd/ctl/import/import_report.h"

/* The list of the remarks of a kind. */
static const char *const list_names[N_REMARK_KINDS] = {
	[REMARK_NOTE] = "notes",
	[REMARK_CHOICE] = "choices",
	[REMARK_UNKNOWN] = "unknown",
	[REMARK_PREPARE] = "preparations",
	[REMARK_WARNING] = "warnings",
	[REMARK_LOSS] = "losses",
};

/* The report that is being made. */
struct report_lists {
	const struct settings *settings;
	json_t *imported;
	json_t *remarks[N_REMARK_KINDS];
};

/* make_printable_json - a text of another program's file may have any bytes */
static json_t *
make_printable_json(const char *text)
{
	char *shown;
	json_t *json;

	if (text == NULL)
		return json_null();
	shown = printable_utf8(xstrdup(text));
	json = json_string(shown);
	free(shown);
	return json;
}

/* name_section - "spf", or the name of a section; null: outside of both */
static json_t *
name_section(const struct import_entry *entry)
{
	json_t *json;
	char *name;

	if (entry->section == NULL)
		return entry->option == NULL ? json_null()
					     : make_printable_json(entry->option->section);
	xasprintf(&name, "spf \"%s\"", entry->section->name);
	json = make_printable_json(name);
	free(name);
	return json;
}

static json_t *
make_entry(const struct import_entry *entry, const struct settings *settings)
{
	const struct import_place *place = entry->place;
	const struct import_remark *remark = entry->remark;
	bool has_value = entry->option != NULL && entry->carried;

	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "file",
	    make_printable_json(place->file), "line",
	    place->line == 0 ? json_null() : json_integer(place->line), "setting",
	    make_printable_json(place->name), "section", name_section(entry), "option",
	    make_printable_json(entry->option == NULL ? NULL : entry->option->name), "value",
	    has_value ? settings_report_option(settings, entry->section, entry->option)
		      : json_null(),
	    "text", make_printable_json(remark == NULL ? place->text : remark->text), "alternative",
	    make_printable_json(remark == NULL ? NULL : remark->alternative));
}

static void
append_entry(const struct import_entry *entry, void *arg)
{
	struct report_lists *lists = arg;
	json_t *object = make_entry(entry, lists->settings);

	if (entry->remark == NULL) {
		json_array_append_new(lists->imported, object);
		return;
	}
	if (entry->remark->again)
		json_object_set_new(object, "again", json_true());
	json_array_append_new(lists->remarks[entry->remark->kind], object);
}

/* list_texts - of remarks that have nothing else */
static json_t *
list_texts(const struct import_remarks *remarks)
{
	const struct import_remark *remark;
	json_t *list = json_array();

	STAILQ_FOREACH (remark, remarks, entry)
		json_array_append_new(list, make_printable_json(remark->text));
	return list;
}

static void
add_steps(json_t *report, const struct import_steps *steps)
{
	json_t *commands = json_array(), *notes = json_array();
	const struct import_step *step;

	STAILQ_FOREACH (step, steps, entry)
		json_array_append_new(
		    step->kind == STEP_COMMAND ? commands : notes, make_printable_json(step->text));
	json_object_set_new(report, "postfix", commands);
	json_object_set_new(report, "postfix_notes", notes);
}

json_t *
import_report(const struct import *im, const struct import_steps *steps)
{
	struct report_lists lists = { import_settings(im), json_array(), { NULL } };
	json_t *report = json_object();
	size_t kind;

	for (kind = 0; kind < N_REMARK_KINDS; kind++)
		lists.remarks[kind] = json_array();
	import_entry_visit(im, append_entry, &lists);
	json_object_set_new(report, "files", list_texts(import_read_files(im)));
	json_object_set_new(report, "settings", settings_report_whole(lists.settings));
	json_object_set_new(report, "imported", lists.imported);
	for (kind = 0; kind < N_REMARK_KINDS; kind++)
		json_object_set_new(report, list_names[kind], lists.remarks[kind]);
	add_steps(report, steps);
	return report;
}

static json_t *
list_remarks(const struct import_remarks *remarks)
{
	const struct import_remark *remark;
	json_t *list = json_array();

	STAILQ_FOREACH (remark, remarks, entry)
		json_array_append_new(
		    list, json_pack("{s:o, s:o, s:o}", "mark",
			      make_printable_json(import_remark_mark(remark->kind)), "text",
			      make_printable_json(remark->text), "alternative",
			      make_printable_json(remark->alternative)));
	return list;
}

static void
append_difference(const struct import_difference *d, void *list)
{
	json_array_append_new(list,
	    json_pack("{s:o, s:o, s:o, s:o, s:b, s:o}", "section", make_printable_json(d->section),
		"imported", make_printable_json(d->imported), "in_effect",
		make_printable_json(d->in_effect), "origin", make_printable_json(d->origin),
		"differs", d->differs, "remarks", list_remarks(d->remarks)));
}

json_t *
import_report_differences(const struct import *im, const struct settings *settings, size_t *n)
{
	json_t *list = json_array();

	*n = import_difference_visit(im, settings, append_difference, list);
	return json_pack(
	    "{s:o, s:o}", "options", list, "not_carried_over", list_remarks(import_skipped(im)));
}
