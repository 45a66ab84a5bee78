/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "conf/option.h"
#include "conf/option_value.h"
#include "conf/settings_report.h"
#include "conf/spf_sections.h"

static json_t *
make_value(const struct conf_option *o, const char *value)
{
	json_t *json;

	if (o->type == OPTION_NUMBER)
		return json_integer(atoi(value));
	if (o->type == OPTION_BOOL)
		return json_boolean(strcmp(value, "true") == 0);
	json = json_string(value);
	return json == NULL ? json_null() : json;
}

static json_t *
report_option(const struct spf_settings *spf, const struct settings *s, const struct conf_option *o)
{
	bool list = option_is_list(o);
	json_t *values = list ? json_array() : NULL;
	char buf[OPTION_VALUE_SIZE];
	const char *value;
	size_t i;

	for (i = 0; (value = spf == NULL ? option_value(s, o, i, buf)
					 : option_spf_value(spf, o, i, buf)) != NULL;
	     i++) {
		if (!list)
			return make_value(o, value);
		json_array_append_new(values, make_value(o, value));
	}
	return values;
}

static json_t *
report_section(const struct spf_section *section)
{
	json_t *object = json_object();
	const struct conf_option *o;

	json_object_set_new(object, "name", json_string(section->name));
	for (o = option_table; o < option_table + option_count; o++)
		if (o->in_section && spf_section_has(section, o))
			json_object_set_new(object, o->name, report_option(&section->spf, NULL, o));
	return object;
}

json_t *
settings_report_option(
    const struct settings *s, const struct spf_section *section, const struct conf_option *o)
{
	bool own = section != NULL && spf_section_has(section, o);

	return report_option(own ? &section->spf : NULL, s, o);
}

json_t *
settings_report_whole(const struct settings *s)
{
	json_t *object = json_object(), *spf = json_object(), *sections = json_array();
	const struct spf_section *section;
	const struct conf_option *o;
	size_t i;

	for (o = option_table; o < option_table + option_count; o++)
		json_object_set_new(
		    o->section == NULL ? object : spf, o->name, report_option(NULL, s, o));
	for (i = 0; (section = spf_sections_at(s->sections, i)) != NULL; i++)
		json_array_append_new(sections, report_section(section));
	json_object_set_new(object, "spf", spf);
	json_object_set_new(object, "spf-sections", sections);
	return object;
}

json_t *
settings_report(const struct settings *s)
{
	json_t *object = settings_report_whole(s);

	if (json_dumpb(object, NULL, 0, JSON_COMPACT | JSON_ENSURE_ASCII) <= SETTINGS_REPORT_MAX)
		return object;
	json_decref(object);
	return json_null();
}
