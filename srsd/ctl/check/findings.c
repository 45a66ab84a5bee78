/* SPDX-License-Identifier: ISC */
#include <sys/queue.h>

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "common/ascii.h"
#include "common/attributes.h"
#include "common/xmalloc.h"
#include "srsd/ctl/check/findings.h"

struct finding_line {
	STAILQ_ENTRY(finding_line) next;
	enum finding level;
	char what[FINDING_TEXT_SIZE];
	char remedy[FINDING_TEXT_SIZE];
};

struct findings {
	STAILQ_HEAD(, finding_line) lines;
	struct finding_line *last;
	size_t count[FINDING_ERROR + 1];
};

static const char *const names[] = { "ok", "skipped", "warning", "error" };

struct findings *
findings_new(void)
{
	struct findings *f = xcalloc(1, sizeof(*f));

	STAILQ_INIT(&f->lines);
	return f;
}

void
findings_free(struct findings **fp)
{
	struct findings *f = *fp;
	struct finding_line *line;

	if (f == NULL)
		return;
	while ((line = STAILQ_FIRST(&f->lines)) != NULL) {
		STAILQ_REMOVE_HEAD(&f->lines, next);
		free(line);
	}
	free(f);
	*fp = NULL;
}

PRINTF_LIKE(2, 0)
static void
format_finding(char text[FINDING_TEXT_SIZE], const char *fmt, va_list ap)
{
	char *s;

	vsnprintf(text, FINDING_TEXT_SIZE, fmt, ap);
	for (s = text; *s != '\0'; s++)
		if (*s != ' ' && !ascii_isgraph(*s))
			*s = '?';
}

void
findings_add(struct findings *f, enum finding level, const char *fmt, ...)
{
	va_list ap;

	f->last = xcalloc(1, sizeof(*f->last));
	f->last->level = level;
	f->count[level]++;
	STAILQ_INSERT_TAIL(&f->lines, f->last, next);
	va_start(ap, fmt);
	format_finding(f->last->what, fmt, ap);
	va_end(ap);
}

void
findings_remedy(struct findings *f, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	format_finding(f->last->remedy, fmt, ap);
	va_end(ap);
}

size_t
findings_count(const struct findings *f, enum finding level)
{
	return f->count[level];
}

static void
print_level(const struct findings *f, FILE *file, enum finding level)
{
	const struct finding_line *line;

	STAILQ_FOREACH (line, &f->lines, next) {
		if (line->level != level)
			continue;
		fprintf(file, "%s: %s\n", names[level], line->what);
		if (line->remedy[0] != '\0')
			fprintf(file, "    %s\n", line->remedy);
	}
}

static void
print_summary(const struct findings *f, FILE *file)
{
	size_t errors = f->count[FINDING_ERROR], warnings = f->count[FINDING_WARNING];

	fprintf(file, "%zu %s, %zu %s, %zu skipped, %zu ok\n", errors,
	    errors == 1 ? "error" : "errors", warnings, warnings == 1 ? "warning" : "warnings",
	    f->count[FINDING_SKIPPED], f->count[FINDING_OK]);
}

void
findings_print(const struct findings *f, FILE *file, enum finding least)
{
	enum finding level;
	size_t printed = 0;

	for (level = least; level <= FINDING_ERROR; level++) {
		print_level(f, file, level);
		printed += f->count[level];
	}
	if (printed > 0)
		print_summary(f, file);
}

json_t *
findings_json(const struct findings *f)
{
	json_t *all = json_array();
	const struct finding_line *line;

	STAILQ_FOREACH (line, &f->lines, next)
		json_array_append_new(all, json_pack("{s:s, s:s, s:s}", "level", names[line->level],
					       "what", line->what, "remedy", line->remedy));
	return json_pack("{s:o, s:i, s:i}", "findings", all, "errors", (int)f->count[FINDING_ERROR],
	    "warnings", (int)f->count[FINDING_WARNING]);
}

/* find_level - returns FINDING_ERROR + 1 for an object that is not a finding */
static size_t
find_level(const json_t *finding)
{
	const char *level = json_string_value(json_object_get(finding, "level"));
	size_t i = 0;

	if (level == NULL || !json_is_string(json_object_get(finding, "what")) ||
	    !json_is_string(json_object_get(finding, "remedy")))
		return FINDING_ERROR + 1;
	while (i <= FINDING_ERROR && strcmp(names[i], level) != 0)
		i++;
	return i;
}

bool
findings_take(struct findings *f, const json_t *json)
{
	const json_t *all = json_object_get(json, "findings"), *finding;
	size_t i;

	if (!json_is_array(all))
		return false;
	json_array_foreach (all, i, finding)
		if (find_level(finding) > FINDING_ERROR)
			return false;
	json_array_foreach (all, i, finding) {
		findings_add(f, (enum finding)find_level(finding), "%s",
		    json_string_value(json_object_get(finding, "what")));
		findings_remedy(f, "%s", json_string_value(json_object_get(finding, "remedy")));
	}
	return true;
}
