/* SPDX-License-Identifier: ISC */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/queue.h>

#include "common/attributes.h"
#include "common/printable.h"
#include "common/xmalloc.h"
#include "conf/config.h"
#include "conf/confuse.h"
#include "conf/option_value.h"
#include "conf/spf_sections.h"
#include "srsd/ctl/import/import.h"
#include "srsd/ctl/import/import_remark.h"
#include "srsd/ctl/import/import_scope.h"

#define LINE_SIZE 1024

/* An option, to replace its value with the alternative. */
struct chosen_line {
	struct import *im;
	const struct conf_option *option;
};

size_t
import_count(const struct import *im, enum import_remark_kind kind)
{
	size_t n = import_scope_count(&im->base, kind) + import_remark_count(&im->skipped, kind);
	const struct import_scope *scope;

	STAILQ_FOREACH (scope, &im->sections, entry)
		n += import_scope_count(scope, kind);
	return n;
}

struct import *
import_new(void)
{
	struct import *im = xcalloc(1, sizeof(*im));

	im->settings = config_defaults();
	option_preset(im->settings, import_option("spf", "authserv-id"));
	im->defaults = config_defaults();
	option_preset(im->defaults, import_option("spf", "authserv-id"));
	import_scope_init(&im->base);
	im->scope = &im->base;
	STAILQ_INIT(&im->sections);
	STAILQ_INIT(&im->files);
	STAILQ_INIT(&im->skipped);
	return im;
}

void
import_free(struct import **import)
{
	struct import *im = *import;
	struct import_scope *scope;

	*import = NULL;
	if (im == NULL)
		return;
	while ((scope = STAILQ_FIRST(&im->sections)) != NULL) {
		STAILQ_REMOVE_HEAD(&im->sections, entry);
		import_scope_clear(scope);
		free(scope);
	}
	import_scope_clear(&im->base);
	import_remark_clear(&im->files);
	import_remark_clear(&im->skipped);
	free(im->cause);
	settings_free(&im->settings);
	settings_free(&im->defaults);
	free(im);
}

void
import_add_file(struct import *im, const char *file)
{
	char text[LINE_SIZE];

	printable_text(text, sizeof(text), file, strlen(file));
	import_remark_add(&im->files, REMARK_NOTE, xstrdup(text), NULL);
}

const struct conf_option *
import_option(const char *section, const char *name)
{
	const struct conf_option *o = option_find(section, name);

	if (o == NULL)
		abort(); /* a misspelt name in a reader; every test of it fails */
	return o;
}

static struct imported_option *
find_imported(const struct import *im, const struct conf_option *o)
{
	return &im->scope->imported[o - option_table];
}

/* has_control - does a value contain a byte that would break its line in the new file? */
static bool
has_control(const char *const *values, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (printable_has_control(values[i], strlen(values[i])))
			return true;
	return false;
}

/* set_scope_option - in the section that was begun, or outside */
static bool
set_scope_option(struct import *im, const struct conf_option *o, const char *const *values,
    size_t n, char why[OPTION_ERROR_SIZE])
{
	if (im->scope->section == NULL)
		return option_set(im->settings, o, values, n, why);
	if (o->in_section)
		return spf_section_set(im->scope->section, o, values, n, why);
	strlcpy(why, "srsd has one value for all recipients", OPTION_ERROR_SIZE);
	return false;
}

/* import_skip_section - the first section of a name counts; another one that srsd refuses is lost */
static void
import_skip_section(
    struct import *im, const struct import_origin *origin, const char *name, const char *why)
{
	const struct spf_section *first = import_scope_section(im->settings, name);

	if (first != NULL && strcasecmp(first->name, name) == 0)
		import_skip(im, origin, "section spf: %s", why);
	else
		import_lose(im, origin, "section spf: %s", why);
}

bool
import_begin_section(struct import *im, const struct import_origin *origin, const char *name)
{
	char why[OPTION_ERROR_SIZE];
	struct import_scope *scope;
	struct spf_section *section;

	if (im->settings->sections == NULL)
		im->settings->sections = spf_sections_new();
	section = spf_sections_add(im->settings->sections, name, why);
	if (section == NULL) {
		import_skip_section(im, origin, name, why);
		return false;
	}
	scope = xcalloc(1, sizeof(*scope));
	import_scope_init(scope);
	scope->section = section;
	import_place_set(&scope->origin, origin);
	STAILQ_INSERT_TAIL(&im->sections, scope, entry);
	im->scope = scope;
	return true;
}

void
import_end_section(struct import *im)
{
	im->scope = &im->base;
}

/* refuse_value - name our option, unless the setting has the same name */
static void
refuse_value(struct import *im, const struct import_origin *origin, const struct conf_option *o,
    const char *why)
{
	if (origin->name != NULL && strcmp(origin->name, o->name) == 0)
		import_refuse(im, origin, o, "%s", why);
	else
		import_refuse(im, origin, o, "%s: %s", o->name, why);
}

bool
import_set(struct import *im, const struct import_origin *origin, const struct conf_option *o,
    const char *const *values, size_t n)
{
	char why[OPTION_ERROR_SIZE] = "the value contains a control character";
	struct imported_option *imported = find_imported(im, o);

	if (has_control(values, n) || !set_scope_option(im, o, values, n, why)) {
		refuse_value(im, origin, o, why);
		return false;
	}
	import_place_set(&imported->origin, origin);
	imported->allows = NULL;
	import_remark_clear(&imported->remarks);
	return true;
}

void
import_set_valid_items(struct import *im, const struct import_origin *origin,
    const struct conf_option *o, const char *const *values, size_t n)
{
	const char **valid = xcalloc(n + 1, sizeof(*valid)), *why;
	size_t i, n_valid = 0;

	for (i = 0; i < n; i++) {
		if (o->accept == NULL || o->accept(values[i], &why))
			valid[n_valid++] = values[i];
		else
			import_refuse(im, origin, o, "'%s' is not %s", values[i], why);
	}
	import_set(im, origin, o, valid, n_valid);
	free(valid);
}

bool
import_set_text(struct import *im, const struct import_origin *origin, const struct conf_option *o,
    const char *value)
{
	return import_set(im, origin, o, &value, 1);
}

bool
import_set_number(struct import *im, const struct import_origin *origin,
    const struct conf_option *o, long long value)
{
	char text[32];

	snprintf(text, sizeof(text), "%lld", value);
	return import_set_text(im, origin, o, text);
}

/*
 * add_placed_remark - with the origin at its beginning; alternative belongs to the import from then
 * on
 */
static struct import_remark *
add_placed_remark(struct import_remarks *list, enum import_remark_kind kind,
    const struct import_origin *origin, const char *reason, char *alternative)
{
	struct import_remark *remark = import_remark_add(list, kind, NULL, alternative);

	import_place_set(&remark->place, origin);
	xasprintf(&remark->text, "%s: %s", remark->place.text, reason);
	return remark;
}

void
import_set_unknown(
    struct import *im, const struct import_origin *origin, const struct conf_option *o)
{
	add_placed_remark(&find_imported(im, o)->remarks, REMARK_UNKNOWN, origin,
	    "the value on this line is not known. Set this option yourself.", NULL);
}

char *
import_option_line(const struct import *im, const struct conf_option *o)
{
	return import_scope_line(im, im->scope, o);
}

/* format_remark - printable; the caller frees it */
PRINTF_LIKE(1, 0) static char *format_remark(const char *fmt, va_list ap)
{
	char raw[LINE_SIZE], text[LINE_SIZE];

	vsnprintf(raw, sizeof(raw), fmt, ap);
	return xstrdup(printable_text(text, sizeof(text), raw, strlen(raw)));
}

void
import_note(struct import *im, const struct conf_option *o, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	import_remark_add(
	    &find_imported(im, o)->remarks, REMARK_NOTE, format_remark(fmt, ap), NULL);
	va_end(ap);
}

void
import_note_section(struct import *im, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	import_remark_add(&im->scope->remarks, REMARK_NOTE, format_remark(fmt, ap), NULL);
	va_end(ap);
}

void
import_prepare(struct import *im, const struct conf_option *o, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	import_remark_add(
	    &find_imported(im, o)->remarks, REMARK_PREPARE, format_remark(fmt, ap), NULL);
	va_end(ap);
}

void
import_warn(struct import *im, const struct conf_option *o, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	import_remark_add(
	    &find_imported(im, o)->remarks, REMARK_WARNING, format_remark(fmt, ap), NULL);
	va_end(ap);
}

void
import_allow(struct import *im, const struct conf_option *o, import_allows_fn *allows)
{
	find_imported(im, o)->allows = allows;
}

/* format_values - as import_scope_format would; NULL if srsd does not accept the values */
static char *
format_values(const struct conf_option *o, const char *const *values, size_t n)
{
	struct settings *settings = config_defaults();
	char why[OPTION_ERROR_SIZE], *text = NULL;

	if (!has_control(values, n) && option_set(settings, o, values, n, why))
		text = import_scope_format(settings, NULL, o);
	settings_free(&settings);
	return text;
}

/* join_cause - if a question has the cause of the last one, it only refers to it */
static void
join_cause(struct import *im, struct import_remark *remark)
{
	remark->again = im->cause != NULL && strcmp(im->cause, remark->text) == 0;
	if (!remark->again) {
		free(im->cause);
		im->cause = xstrdup(remark->text);
		return;
	}
	free(remark->text);
	xasprintf(&remark->text, "%s: this line belongs to the same %s", remark->place.text,
	    remark->kind == REMARK_CHOICE ? "choice" : "warning");
}

/*
 * add_question - a remark with an alternative, which belongs to the import from then on; NULL: only
 * the reason is added
 *
 * If one line has changed several options, it is one question, and the reason is printed once.
 */
static void
add_question(struct import *im, const struct import_origin *origin, const struct conf_option *o,
    enum import_remark_kind kind, char *alternative, const char *reason)
{
	struct imported_option *imported = find_imported(im, o);
	char *now = import_option_line(im, o);
	struct import_remark *remark;

	if (alternative != NULL && strcmp(alternative, now) == 0) {
		free(alternative);
		alternative = NULL;
	}
	free(now);
	remark = add_placed_remark(&imported->remarks, alternative == NULL ? REMARK_NOTE : kind,
	    origin, reason, alternative);
	if (alternative != NULL)
		join_cause(im, remark);
	if (imported->origin.text == NULL)
		import_place_set(&imported->origin, origin);
}

/* add_alternative - alternative belongs to the import from then on; NULL: only add the reason */
PRINTF_LIKE(5, 0)
static void
add_alternative(struct import *im, const struct import_origin *origin, const struct conf_option *o,
    char *alternative, const char *fmt, va_list ap)
{
	char *reason = format_remark(fmt, ap);

	add_question(im, origin, o, REMARK_CHOICE, alternative, reason);
	free(reason);
}

/* find_said - the line that the files ask for: an alternative, or the value itself; not owned */
static const struct import_remark *
find_said(const struct import_remarks *remarks)
{
	const struct import_remark *remark, *said = NULL;

	STAILQ_FOREACH (remark, remarks, entry)
		if (remark->kind == REMARK_CHOICE)
			said = remark;
	return said;
}

/* close_choices - they become notes */
static void
close_choices(struct import_remarks *remarks)
{
	struct import_remark *remark;

	STAILQ_FOREACH (remark, remarks, entry) {
		if (remark->kind != REMARK_CHOICE)
			continue;
		remark->kind = REMARK_NOTE;
		free(remark->alternative);
		remark->alternative = NULL;
	}
}

void
import_overrule(struct import *im, const struct import_origin *origin, const struct conf_option *o,
    const char *const *values, size_t n, bool is_meant, const char *reason)
{
	struct imported_option *imported = find_imported(im, o);
	const struct import_remark *said = find_said(&imported->remarks);
	char *line = said == NULL ? import_option_line(im, o) : xstrdup(said->alternative);
	struct import_remarks before = STAILQ_HEAD_INITIALIZER(before);

	STAILQ_CONCAT(&before, &imported->remarks);
	close_choices(&before);
	import_set(im, origin, o, values, n);
	STAILQ_CONCAT(&imported->remarks, &before);
	add_question(im, origin, o, is_meant ? REMARK_WARNING : REMARK_CHOICE, line, reason);
}

void
import_offer(struct import *im, const struct import_origin *origin, const struct conf_option *o,
    const char *const *values, size_t n, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add_alternative(im, origin, o, format_values(o, values, n), fmt, ap);
	va_end(ap);
}

void
import_offer_line(struct import *im, const struct import_origin *origin,
    const struct conf_option *o, const char *line, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add_alternative(im, origin, o, xstrdup(line), fmt, ap);
	va_end(ap);
}

/* add_skipped - a line of the list of what is not carried over */
PRINTF_LIKE(4, 0)
static struct import_remark *
add_skipped(struct import *im, enum import_remark_kind kind, const struct import_origin *origin,
    const char *fmt, va_list ap)
{
	char *reason = format_remark(fmt, ap);
	struct import_remark *remark = add_placed_remark(&im->skipped, kind, origin, reason, NULL);

	free(reason);
	return remark;
}

void
import_skip(struct import *im, const struct import_origin *origin, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add_skipped(im, REMARK_NOTE, origin, fmt, ap);
	va_end(ap);
}

void
import_lose(struct import *im, const struct import_origin *origin, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add_skipped(im, REMARK_LOSS, origin, fmt, ap);
	va_end(ap);
}

void
import_skip_unknown(struct import *im, const struct import_origin *origin, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add_skipped(im, REMARK_UNKNOWN, origin, fmt, ap);
	va_end(ap);
}

/*
 * is_needed_by_mail - without a value of this option, mail may be lost or refused that the old
 * program delivered
 */
static bool
is_needed_by_mail(const struct conf_option *o)
{
	static const char *const names[] = { "srs-domain", "domains", "domains-file",
		"secrets-file", "forward", "reverse", "socketmap", "milter", "original-envelope",
		"envelope-database", "reverse-domains", "skip-addresses", "whitelist",
		"helo-whitelist", "domain-whitelist", "domain-whitelist-ptr",
		"helo-pass-restriction", "mail-from-pass-restriction" };
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i], o->name) == 0)
			return true;
	return false;
}

void
import_refuse(struct import *im, const struct import_origin *origin, const struct conf_option *o,
    const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add_skipped(im, is_needed_by_mail(o) ? REMARK_LOSS : REMARK_NOTE, origin, fmt, ap)
	    ->refused = o;
	va_end(ap);
}

const struct settings *
import_settings(const struct import *im)
{
	return im->settings;
}

/* set_chosen - called for the only option of a line "name = value" */
static bool
set_chosen(void *arg, size_t number, int line, const char *const *values, size_t n,
    char why[CONFUSE_WHY_SIZE])
{
	struct chosen_line *chosen = arg;

	(void)number;
	(void)line;
	return set_scope_option(chosen->im, chosen->option, values, n, why);
}

/* apply_line - "name = value", which import_scope_format has printed */
static void
apply_line(struct import *im, const struct conf_option *o, const char *line)
{
	const struct confuse_option known = { .name = o->name, .list = option_is_list(o) };
	struct chosen_line chosen = { im, o };
	const struct confuse_grammar grammar = {
		.options = &known, .n = 1, .set = set_chosen, .arg = &chosen
	};
	char error[OPTION_ERROR_SIZE];

	if (!confuse_parse(&grammar, line, "alternative", error, sizeof(error)))
		abort(); /* import_scope_format prints what the parser reads */
}

static void
choose_in_scope(struct import *im, struct import_scope *scope, enum import_answer answer)
{
	const struct import_remark *said;
	struct import_remarks *remarks;
	size_t i;

	im->scope = scope;
	for (i = 0; i < option_count; i++) {
		remarks = &scope->imported[i].remarks;
		said = find_said(remarks);
		if (said != NULL && answer == IMPORT_SAID)
			apply_line(im, &option_table[i], said->alternative);
		close_choices(remarks);
	}
	im->scope = &im->base;
}

void
import_choose(struct import *im, enum import_answer answer)
{
	struct import_scope *scope;

	choose_in_scope(im, &im->base, answer);
	STAILQ_FOREACH (scope, &im->sections, entry)
		choose_in_scope(im, scope, answer);
}

const char *
import_secrets_file(const struct import *im)
{
	return im->settings->secrets_file;
}

void
import_use_copy(struct import *im, const char *copy)
{
	const struct conf_option *o = import_option(NULL, "secrets-file");
	const struct import_origin origin = { "srsd", 0, "secrets-file" };
	char *original = xstrdup(im->settings->secrets_file);
	char text[LINE_SIZE];
	struct imported_option *imported = find_imported(im, o);

	if (import_set_text(im, &origin, o, copy)) {
		snprintf(text, sizeof(text), "a copy of %s", original);
		import_place_describe(&imported->origin, text);
	}
	free(original);
}

void
import_complete(struct import *im)
{
	const struct conf_option *o = import_option(NULL, "hash-minimum");
	int minimum = im->settings->hash_minimum, length = im->settings->hash_length;
	char text[32];
	const char *value = text;
	char error[OPTION_ERROR_SIZE];

	if (minimum <= length)
		return;
	snprintf(text, sizeof(text), "%d", length);
	option_set(im->settings, o, &value, 1, error);
	import_note(im, o,
	    "The value was %d, more than hash-length: srsd would not accept its own new addresses.",
	    minimum);
}

const struct import_remarks *
import_read_files(const struct import *im)
{
	return &im->files;
}

const struct import_remarks *
import_skipped(const struct import *im)
{
	return &im->skipped;
}
