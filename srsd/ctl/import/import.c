/* SPDX-License-Identifier: ISC */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/queue.h>

#include "common/attributes.h"
#include "common/mailaddr.h"
#include "common/printable.h"
#include "common/xmalloc.h"
#include "conf/config.h"
#include "conf/confuse.h"
#include "conf/option_value.h"
#include "conf/spf_sections.h"
#include "srsd/ctl/import/import.h"
#include "srsd/ctl/import/import_remark.h"

#define LINE_SIZE 1024

struct imported_option {
	struct import_place origin; /* empty: no file sets the option: it has srsd's default */
	struct import_remarks remarks;
	import_allows_fn *allows; /* NULL: no other value */
};

/* What is known of the options of one section, or of those outside of all of them. */
struct import_scope {
	STAILQ_ENTRY(import_scope) entry;
	struct spf_section *section;      /* of the settings; NULL: spf { } and outside */
	struct import_place origin;       /* of the section */
	struct import_remarks remarks;    /* on the section */
	struct imported_option *imported; /* one for each of option_table */
};
STAILQ_HEAD(import_scopes, import_scope);

struct import {
	struct settings *settings;
	struct settings *defaults;
	struct import_scope base;
	struct import_scopes sections;
	struct import_scope *scope; /* on which the functions act that set options */
	struct import_remarks files;
	struct import_remarks skipped;
	char *cause; /* of the last question; NULL: none yet */
};

/* An option whose value is replaced by an alternative. */
struct chosen_line {
	struct import *im;
	const struct conf_option *option;
};

/* count_scope_remarks - of one kind, on the options of a scope */
static size_t
count_scope_remarks(const struct import_scope *scope, enum import_remark_kind kind)
{
	size_t i, n = 0;

	for (i = 0; i < option_count; i++)
		n += import_remark_count(&scope->imported[i].remarks, kind);
	return n;
}

size_t
import_count(const struct import *im, enum import_remark_kind kind)
{
	size_t n = count_scope_remarks(&im->base, kind) + import_remark_count(&im->skipped, kind);
	const struct import_scope *scope;

	STAILQ_FOREACH (scope, &im->sections, entry)
		n += count_scope_remarks(scope, kind);
	return n;
}

static void
init_scope(struct import_scope *scope)
{
	size_t i;

	STAILQ_INIT(&scope->remarks);
	scope->imported = xcalloc(option_count, sizeof(*scope->imported));
	for (i = 0; i < option_count; i++)
		STAILQ_INIT(&scope->imported[i].remarks);
}

static void
clear_scope(struct import_scope *scope)
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

struct import *
import_new(void)
{
	struct import *im = xcalloc(1, sizeof(*im));

	im->settings = config_defaults();
	option_preset(im->settings, import_option("spf", "authserv-id"));
	im->defaults = config_defaults();
	option_preset(im->defaults, import_option("spf", "authserv-id"));
	init_scope(&im->base);
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
		clear_scope(scope);
		free(scope);
	}
	clear_scope(&im->base);
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

/* find_section - the one that applies to an address or a domain; or NULL */
static const struct spf_section *
find_section(const struct settings *settings, const char *name)
{
	struct mailaddr_parts parts;

	mailaddr_split(&parts, name, strlen(name));
	return spf_sections_find(settings->sections, (struct text){ parts.local, parts.local_len },
	    (struct text){ parts.domain, parts.domain_len });
}

/* import_skip_section - the first section of a name counts; another one that srsd refuses is lost */
static void
import_skip_section(
    struct import *im, const struct import_origin *origin, const char *name, const char *why)
{
	const struct spf_section *first = find_section(im->settings, name);

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
	init_scope(scope);
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

bool
import_set(struct import *im, const struct import_origin *origin, const struct conf_option *o,
    const char *const *values, size_t n)
{
	char why[OPTION_ERROR_SIZE] = "the value contains a control character";
	struct imported_option *imported = find_imported(im, o);

	if (has_control(values, n) || !set_scope_option(im, o, values, n, why)) {
		import_refuse(im, origin, o, "%s: %s", o->name, why);
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
 * format_option - what option_print prints, without the indentation and the newline; spf replaces
 * the options of that section unless it is NULL
 */
static char *
format_option(
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

/* format_scope_option - with the value of spf { } if the section does not set the option */
static char *
format_scope_option(
    const struct import *im, const struct import_scope *scope, const struct conf_option *o)
{
	const struct spf_section *section = scope->section;
	bool own = section != NULL && spf_section_has(section, o);

	return format_option(im->settings, own ? &section->spf : NULL, o);
}

char *
import_option_line(const struct import *im, const struct conf_option *o)
{
	return format_scope_option(im, im->scope, o);
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

/* format_values - as format_option would; NULL if srsd does not accept the values */
static char *
format_values(const struct conf_option *o, const char *const *values, size_t n)
{
	struct settings *settings = config_defaults();
	char why[OPTION_ERROR_SIZE], *text = NULL;

	if (!has_control(values, n) && option_set(settings, o, values, n, why))
		text = format_option(settings, NULL, o);
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

/* apply_line - "name = value", which format_option has printed */
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
		abort(); /* format_option prints what the parser reads */
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

static const struct imported_option *
find_scope_imported(const struct import_scope *scope, const struct conf_option *o)
{
	return &scope->imported[o - option_table];
}

/* is_imported - does a file set the option, or has it a remark? */
static bool
is_imported(const struct imported_option *imported)
{
	return imported->origin.text != NULL || !STAILQ_EMPTY(&imported->remarks);
}

/* is_worth_printing - in the short form, an option that has its default and no open remark is not */
static bool
is_worth_printing(const struct import *im, const struct import_scope *scope,
    const struct conf_option *o, enum import_form form)
{
	const struct imported_option *imported = find_scope_imported(scope, o);
	char *value, *preset;
	bool differs;

	if (form == IMPORT_WHOLE || import_remark_is_open(&imported->remarks))
		return true;
	value = format_scope_option(im, scope, o);
	preset = format_option(im->defaults, NULL, o);
	differs = scope->section != NULL || strcmp(value, preset) != 0;
	free(preset);
	free(value);
	return imported->origin.text != NULL && differs;
}

static void
print_imported(const struct import *im, const struct import_scope *scope,
    const struct conf_option *o, FILE *out)
{
	const char *indent = o->section == NULL ? "" : "\t";
	const struct imported_option *imported = find_scope_imported(scope, o);
	char *value = format_scope_option(im, scope, o);

	import_remark_print(&imported->remarks, indent, out);
	if (imported->origin.text != NULL)
		fprintf(out, "%s%s\t# %s\n", indent, value, imported->origin.text);
	else
		fprintf(out, "%s#%s\n", indent, value);
	free(value);
}

/* The meaning of a mark, for the heading. */
static const struct {
	enum import_remark_kind kind;
	const char *text;
} mark_meanings[] = {
	{ REMARK_CHOICE,
	    "CHOOSE marks a setting that the old program did not apply as its file says. The line "
	    "in effect keeps the old behaviour. The line that is commented out has the value that "
	    "the file asks for." },
	{ REMARK_UNKNOWN,
	    "UNKNOWN marks an option that a file sets to a value that srsctl cannot read, or a line "
	    "that it does not know." },
	{ REMARK_PREPARE,
	    "PREPARE marks what to do outside of this file, before srsd replaces the old program." },
	{ REMARK_WARNING,
	    "WARNING marks a value that the old program had, and that you should not keep." },
	{ REMARK_LOSS,
	    "LOSS marks a setting that is not carried over. Without it, srsd may lose or refuse mail "
	    "that the old program delivered." },
};

static void
print_heading(const struct import *im, enum import_form form, FILE *out)
{
	const struct import_remark *file;
	size_t i;

	fputs("# srsd.conf, generated by srsctl import from\n", out);
	STAILQ_FOREACH (file, &im->files, entry)
		fprintf(out, "#\t%s\n", file->text);
	import_remark_print_text("# ",
	    form == IMPORT_WHOLE
		? "Each imported line ends with its origin. The other options are "
		  "commented out and show srsd's defaults."
		: "Each line ends with its origin. Options that have srsd's default "
		  "are omitted.",
	    out);
	for (i = 0; i < sizeof(mark_meanings) / sizeof(mark_meanings[0]); i++)
		if (import_count(im, mark_meanings[i].kind) > 0)
			import_remark_print_text("# ", mark_meanings[i].text, out);
	if (im->settings->srs_domain[0] == '\0' && im->settings->domains.n == 0)
		import_remark_print_text("# ",
		    "srs-domain must be set: it is the domain of the addresses that srsd generates.",
		    out);
	putc('\n', out);
}

static void
print_skipped(const struct import *im, FILE *out)
{
	if (STAILQ_EMPTY(&im->skipped))
		return;
	fputs("\n# Not carried over:\n", out);
	import_remark_print_list(&im->skipped, out);
}

/* is_scope_empty - does the section set nothing? */
static bool
is_scope_empty(const struct import_scope *scope)
{
	size_t i;

	for (i = 0; i < option_count; i++)
		if (is_imported(&scope->imported[i]))
			return false;
	return true;
}

/* print_scope - a section, with the options that it sets */
static void
print_scope(const struct import *im, const struct import_scope *scope, FILE *out)
{
	const struct conf_option *o;

	if (is_scope_empty(scope))
		return;
	import_remark_print(&scope->remarks, "", out);
	fputs("spf ", out);
	option_print_quoted(scope->section->name, out);
	fprintf(out, " {\t# %s\n", scope->origin.text);
	for (o = option_table; o < option_table + option_count; o++)
		if (is_imported(find_scope_imported(scope, o)))
			print_imported(im, scope, o, out);
	fputs("}\n", out);
}

/* print_base - the options of spf { }, or those outside of it */
static void
print_base(const struct import *im, enum import_form form, bool in_spf, FILE *out)
{
	const struct conf_option *o;
	bool open = false;

	for (o = option_table; o < option_table + option_count; o++) {
		if ((o->section != NULL) != in_spf || !is_worth_printing(im, &im->base, o, form))
			continue;
		if (in_spf && !open)
			fputs("spf {\n", out);
		open = true;
		print_imported(im, &im->base, o, out);
	}
	if (in_spf && open)
		fputs("}\n", out);
}

void
import_print(const struct import *im, enum import_form form, FILE *out)
{
	const struct import_scope *scope;

	print_heading(im, form, out);
	print_base(im, form, false, out);
	print_base(im, form, true, out);
	STAILQ_FOREACH (scope, &im->sections, entry)
		print_scope(im, scope, out);
	print_skipped(im, out);
}

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
	    scope->section == NULL ? NULL : find_section(settings, scope->section->name);

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
	char *there = format_scope_option(im, scope, o), *section = name_scope(scope, o);
	char *here = format_option(settings, find_effective_spf(settings, scope), o);
	const struct imported_option *imported = find_scope_imported(scope, o);
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
import_visit_differences(const struct import *im, const struct settings *settings,
    import_difference_fn *visit, void *arg)
{
	const struct import_scope *scope;
	const struct conf_option *o;
	size_t n = 0;

	for (o = option_table; o < option_table + option_count; o++)
		n += visit_difference(im, &im->base, o, settings, visit, arg);
	STAILQ_FOREACH (scope, &im->sections, entry)
		for (o = option_table; o < option_table + option_count; o++)
			if (is_imported(find_scope_imported(scope, o)))
				n += visit_difference(im, scope, o, settings, visit, arg);
	return n;
}

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
import_visit_entries(const struct import *im, import_entry_fn *visit, void *arg)
{
	const struct import_remark *remark;
	const struct import_scope *scope;

	visit_scope_entries(&im->base, visit, arg);
	STAILQ_FOREACH (scope, &im->sections, entry)
		if (!is_scope_empty(scope))
			visit_scope_entries(scope, visit, arg);
	STAILQ_FOREACH (remark, &im->skipped, entry)
		visit_skipped(remark, visit, arg);
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

static void
print_difference(const struct import_difference *d, void *out)
{
	import_remark_print(d->remarks, "", out);
	if (d->differs)
		fprintf(out, "%s%s\t# %s\n%s%s\t# in effect\n", d->section, d->imported, d->origin,
		    d->section, d->in_effect);
}

size_t
import_print_differences(const struct import *im, const struct settings *settings, FILE *out)
{
	size_t n = import_visit_differences(im, settings, print_difference, out);

	print_skipped(im, out);
	return n;
}
