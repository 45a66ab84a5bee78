/* SPDX-License-Identifier: ISC */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "common/ascii.h"
#include "common/attributes.h"
#include "common/printable.h"
#include "common/xmalloc.h"
#include "conf/config.h"
#include "srsd/ctl/import/import_options.h"

#define WIDTH 96
#define LINE_SIZE 1024

struct remark {
	STAILQ_ENTRY(remark) entry;
	char *text;
	char *other; /* "name = value" that is offered; NULL: none is */
};
STAILQ_HEAD(remarks, remark);

/* What is known of one option. */
struct row {
	char *origin; /* NULL: nobody said anything, it has our default */
	struct remarks remarks;
};

struct import {
	struct settings *settings;
	struct row *rows; /* one for each of option_table */
	struct remarks files;
	struct remarks left;
	size_t choices;
};

static void
remarks_add(struct remarks *list, char *text, char *other)
{
	struct remark *remark = xcalloc(1, sizeof(*remark));

	remark->text = text;
	remark->other = other;
	STAILQ_INSERT_TAIL(list, remark, entry);
}

/* remarks_clear - returns how many of them were choices */
static size_t
remarks_clear(struct remarks *list)
{
	struct remark *remark;
	size_t choices = 0;

	while ((remark = STAILQ_FIRST(list)) != NULL) {
		STAILQ_REMOVE_HEAD(list, entry);
		choices += remark->other != NULL;
		free(remark->text);
		free(remark->other);
		free(remark);
	}
	return choices;
}

struct import *
import_new(void)
{
	struct import *im = xcalloc(1, sizeof(*im));
	size_t i;

	im->settings = config_defaults();
	option_preset(im->settings, import_option("spf", "authserv-id"));
	im->rows = xcalloc(option_count, sizeof(*im->rows));
	for (i = 0; i < option_count; i++)
		STAILQ_INIT(&im->rows[i].remarks);
	STAILQ_INIT(&im->files);
	STAILQ_INIT(&im->left);
	return im;
}

void
import_free(struct import **import)
{
	struct import *im = *import;
	size_t i;

	*import = NULL;
	if (im == NULL)
		return;
	for (i = 0; i < option_count; i++) {
		remarks_clear(&im->rows[i].remarks);
		free(im->rows[i].origin);
	}
	remarks_clear(&im->files);
	remarks_clear(&im->left);
	settings_free(&im->settings);
	free(im->rows);
	free(im);
}

void
import_add_file(struct import *im, const char *file)
{
	char text[LINE_SIZE];

	remarks_add(
	    &im->files, xstrdup(printable_text(text, sizeof(text), file, strlen(file))), NULL);
}

const struct conf_option *
import_option(const char *section, const char *name)
{
	const struct conf_option *o = option_find(section, name);

	if (o == NULL)
		abort(); /* a name of our own, misspelled: the first test sees it */
	return o;
}

static struct row *
row_of(const struct import *im, const struct conf_option *o)
{
	return &im->rows[o - option_table];
}

/* origin_text - FILE:LINE NAME, visible; the caller frees it */
static char *
origin_text(const struct import_origin *origin)
{
	const char *name = origin->name == NULL ? "" : origin->name;
	const char *blank = origin->name == NULL ? "" : " ";
	char raw[LINE_SIZE], text[LINE_SIZE];

	if (origin->line == 0)
		snprintf(raw, sizeof(raw), "the default of %s%s%s", origin->file, blank, name);
	else
		snprintf(raw, sizeof(raw), "%s:%u%s%s", origin->file, origin->line, blank, name);
	return xstrdup(printable_text(text, sizeof(text), raw, strlen(raw)));
}

/* has_control - is there a byte that no line of ours may hold? */
static bool
has_control(const char *const *values, size_t n)
{
	const char *c;
	size_t i;

	for (i = 0; i < n; i++)
		for (c = values[i]; *c != '\0'; c++)
			if (ascii_iscntrl(*c))
				return true;
	return false;
}

bool
import_set(struct import *im, const struct import_origin *origin, const struct conf_option *o,
    const char *const *values, size_t n)
{
	char why[OPTION_ERROR_SIZE] = "it holds a control character";
	struct row *row = row_of(im, o);

	if (has_control(values, n) || !option_set(im->settings, o, values, n, why)) {
		import_leave(im, origin, "%s: %s", o->name, why);
		return false;
	}
	free(row->origin);
	row->origin = origin_text(origin);
	im->choices -= remarks_clear(&row->remarks);
	return true;
}

void
import_set_good(struct import *im, const struct import_origin *origin, const struct conf_option *o,
    const char *const *values, size_t n)
{
	const char **good = xcalloc(n + 1, sizeof(*good)), *why;
	size_t i, n_good = 0;

	for (i = 0; i < n; i++) {
		if (o->accept == NULL || o->accept(values[i], &why))
			good[n_good++] = values[i];
		else
			import_leave(im, origin, "'%s' is not %s", values[i], why);
	}
	import_set(im, origin, o, good, n_good);
	free(good);
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

/* print_to_text - what option_print prints, without the blank before it and the line's end */
static char *
print_to_text(const struct settings *settings, const struct conf_option *o)
{
	char *text, *bare;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (out == NULL)
		return xstrdup("");
	option_print(settings, o, out);
	fclose(out);
	bare = xstrdup(text + strspn(text, "\t"));
	bare[strcspn(bare, "\n")] = '\0';
	free(text);
	return bare;
}

char *
import_value(const struct import *im, const struct conf_option *o)
{
	return print_to_text(im->settings, o);
}

PRINTF_LIKE(1, 0) static char *format_text(const char *fmt, va_list ap)
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
	remarks_add(&row_of(im, o)->remarks, format_text(fmt, ap), NULL);
	va_end(ap);
}

/* other_value - what the option would be printed as; NULL when we do not accept the values */
static char *
other_value(const struct conf_option *o, const char *const *values, size_t n)
{
	struct settings *other = config_defaults();
	char why[OPTION_ERROR_SIZE], *text = NULL;

	if (!has_control(values, n) && option_set(other, o, values, n, why))
		text = print_to_text(other, o);
	settings_free(&other);
	return text;
}

/* offer - other is ours from here on; NULL when there is no value that we would accept */
PRINTF_LIKE(5, 0)
static void offer(struct import *im, const struct import_origin *origin,
    const struct conf_option *o, char *other, const char *fmt, va_list ap)
{
	char *now = import_value(im, o), *where = origin_text(origin), *reason, *text;
	struct row *row = row_of(im, o);

	if (other != NULL && strcmp(other, now) == 0) {
		free(other);
		other = NULL; /* there is nothing to choose between */
	}
	reason = format_text(fmt, ap);
	xasprintf(&text, "%s: %s", where, reason);
	remarks_add(&row->remarks, text, other);
	im->choices += other != NULL;
	if (row->origin == NULL)
		row->origin = xstrdup(where);
	free(reason);
	free(where);
	free(now);
}

void
import_choose(struct import *im, const struct import_origin *origin, const struct conf_option *o,
    const char *const *values, size_t n, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	offer(im, origin, o, other_value(o, values, n), fmt, ap);
	va_end(ap);
}

void
import_offer(struct import *im, const struct import_origin *origin, const struct conf_option *o,
    const char *other, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	offer(im, origin, o, xstrdup(other), fmt, ap);
	va_end(ap);
}

void
import_leave(struct import *im, const struct import_origin *origin, const char *fmt, ...)
{
	char *where = origin_text(origin), *reason, *text;
	va_list ap;

	va_start(ap, fmt);
	reason = format_text(fmt, ap);
	va_end(ap);
	xasprintf(&text, "%s: %s", where, reason);
	remarks_add(&im->left, text, NULL);
	free(where);
	free(reason);
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
	const struct import_origin origin = { "srsd", 0, NULL };
	char *original = xstrdup(im->settings->secrets_file);
	char raw[LINE_SIZE], text[LINE_SIZE];
	struct row *row = row_of(im, o);

	if (import_set_text(im, &origin, o, copy)) {
		free(row->origin);
		snprintf(raw, sizeof(raw), "a copy of %s", original);
		row->origin = xstrdup(printable_text(text, sizeof(text), raw, strlen(raw)));
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
	    "It was %d, more than the length of new hashes: no address that is made now would come "
	    "back.",
	    minimum);
}

size_t
import_choices(const struct import *im)
{
	return im->choices;
}

/* print_comment - as lines that begin with prefix, broken between words */
static void
print_comment(const char *prefix, const char *text, FILE *out)
{
	size_t len, room = WIDTH - strlen(prefix);

	while (*text != '\0') {
		len = strlen(text);
		if (len > room) {
			for (len = room; len > 0 && text[len] != ' '; len--)
				;
			if (len == 0)
				len = strcspn(text, " ");
		}
		fprintf(out, "%s%.*s\n", prefix, (int)len, text);
		text += len;
		text += strspn(text, " ");
	}
}

/* print_remarks - what is said of an option, and the values that may be chosen */
static void
print_remarks(const struct row *row, const char *indent, FILE *out)
{
	const struct remark *remark;
	char prefix[16];

	snprintf(prefix, sizeof(prefix), "%s# ", indent);
	STAILQ_FOREACH (remark, &row->remarks, entry) {
		if (remark->other == NULL) {
			print_comment(prefix, remark->text, out);
			continue;
		}
		fprintf(out, "%sCHOOSE:\n", prefix);
		print_comment(prefix, remark->text, out);
		fprintf(out, "%s#%s\n", indent, remark->other);
	}
}

static void
print_option(const struct import *im, const struct conf_option *o, FILE *out)
{
	const char *indent = o->section == NULL ? "" : "\t";
	const struct row *row = row_of(im, o);
	char *value = import_value(im, o);

	print_remarks(row, indent, out);
	if (row->origin != NULL)
		fprintf(out, "%s%s\t# %s\n", indent, value, row->origin);
	else
		fprintf(out, "%s#%s\n", indent, value);
	free(value);
}

static void
print_head(const struct import *im, FILE *out)
{
	const struct remark *file;

	fputs("# srsd.conf, made by srsctl import of\n", out);
	STAILQ_FOREACH (file, &im->files, entry)
		fprintf(out, "#\t%s\n", file->text);
	print_comment("# ",
	    "Behind each line that came from there stands from where; the others, with a # before "
	    "them, are our defaults.",
	    out);
	if (im->choices > 0)
		print_comment("# ",
		    "CHOOSE stands where those files do not do what they say. The line that is in "
		    "force keeps what was done; the one with a # before it is what they say.",
		    out);
	if (im->settings->srs_domain[0] == '\0' && im->settings->domains.n == 0)
		print_comment("# ",
		    "srs-domain has to be set: the domain of the addresses that we mint.", out);
	putc('\n', out);
}

static void
print_left(const struct import *im, FILE *out)
{
	const struct remark *remark;

	if (STAILQ_EMPTY(&im->left))
		return;
	fputs("\n# Not carried over:\n", out);
	STAILQ_FOREACH (remark, &im->left, entry)
		print_comment("# ", remark->text, out);
}

void
import_print(const struct import *im, FILE *out)
{
	const struct conf_option *o;

	print_head(im, out);
	for (o = option_table; o < option_table + option_count; o++)
		if (o->section == NULL)
			print_option(im, o, out);
	fputs("spf {\n", out);
	for (o = option_table; o < option_table + option_count; o++)
		if (o->section != NULL)
			print_option(im, o, out);
	fputs("}\n", out);
	print_left(im, out);
}

/* is_offered - is the value one of those that may be chosen? */
static bool
is_offered(const struct row *row, const char *value)
{
	const struct remark *remark;

	STAILQ_FOREACH (remark, &row->remarks, entry)
		if (remark->other != NULL && (value == NULL || strcmp(remark->other, value) == 0))
			return true;
	return false;
}

/*
 * print_difference - of one option; true when there is one
 *
 * A value that was offered has been chosen; a choice that leaves things as they were may not have
 * been seen yet.
 */
static bool
print_difference(
    const struct import *im, const struct conf_option *o, const struct settings *s, FILE *out)
{
	const char *section = o->section == NULL ? "" : "spf: ";
	char *there = import_value(im, o), *here = print_to_text(s, o);
	const struct row *row = row_of(im, o);
	bool same = strcmp(there, here) == 0;
	bool differs = row->origin != NULL && !same && !is_offered(row, here);

	if (differs || (same && is_offered(row, NULL)))
		print_remarks(row, "", out);
	if (differs)
		fprintf(out, "%s%s\t# %s\n%s%s\t# is in force\n", section, there, row->origin,
		    section, here);
	free(there);
	free(here);
	return differs;
}

size_t
import_print_differences(const struct import *im, const struct settings *s, FILE *out)
{
	const struct conf_option *o;
	size_t n = 0;

	for (o = option_table; o < option_table + option_count; o++)
		n += print_difference(im, o, s, out);
	print_left(im, out);
	return n;
}
