/* SPDX-License-Identifier: ISC */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "common/ascii.h"
#include "common/day.h"
#include "common/ipaddr.h"
#include "common/xmalloc.h"
#include "conf/option_value.h"

/* OPTION_CHOICE fields, which are enums, are set as int. */
_Static_assert(
    sizeof(enum spf_reject) == sizeof(int) && sizeof(enum spf_header_kind) == sizeof(int) &&
	sizeof(enum srs_forged) == sizeof(int) && sizeof(enum srs_nonnull) == sizeof(int) &&
	sizeof(enum srs_sender) == sizeof(int) && sizeof(enum spf_evaluator) == sizeof(int) &&
	sizeof(enum hash_format) == sizeof(int) && sizeof(enum original_envelope) == sizeof(int) &&
	sizeof(enum unauthenticated) == sizeof(int) &&
	sizeof(enum unauthenticated_bounces) == sizeof(int),
    "OPTION_CHOICE needs enums of the size of an int");

static void *
find_option_field(const struct settings *s, const struct conf_option *o)
{
	return (char *)s + o->offset;
}

static void *
find_spf_field(const struct spf_settings *spf, const struct conf_option *o)
{
	return (char *)spf + (o->offset - offsetof(struct settings, spf));
}

static void
clear_texts(struct text_list *list)
{
	size_t i;

	for (i = 0; i < list->n; i++)
		free(list->text[i]);
	free(list->text);
	memset(list, 0, sizeof(*list));
}

static void
clear_cidrs(struct cidr_list *list)
{
	free(list->net);
	memset(list, 0, sizeof(*list));
}

static void
clear_field(void *field, const struct conf_option *o)
{
	switch (o->type) {
	case OPTION_TEXT:
		free(*(char **)field);
		*(char **)field = NULL;
		break;
	case OPTION_LIST:
		clear_texts(field);
		break;
	case OPTION_CIDRS:
		clear_cidrs(field);
		break;
	case OPTION_NUMBER:
	case OPTION_BOOL:
	case OPTION_CHOICE:
	case OPTION_DATE:
		break;
	}
}

/* is_same_word - compare in any case; '_' in the value equals '-', except at the start */
static bool
is_same_word(const char *word, const char *value)
{
	const char *start = word;

	for (; *word != '\0'; word++, value++) {
		char c = *value == '_' && word > start ? '-' : ascii_tolower(*value);

		if (c != *word)
			return false;
	}
	return *value == '\0';
}

static void
refuse_choice(const struct conf_option *o, const char *value, char *error)
{
	const struct option_choice *c;

	snprintf(error, OPTION_ERROR_SIZE, "'%.100s' is not accepted; use one of:", value);
	for (c = o->choices; c->word != NULL; c++) {
		strlcat(error, " ", OPTION_ERROR_SIZE);
		strlcat(error, c->word, OPTION_ERROR_SIZE);
	}
}

static bool
parse_choice(const struct conf_option *o, const char *value, int *chosen, char *error)
{
	const struct option_choice *c;

	for (c = o->choices; c->word != NULL; c++) {
		if (is_same_word(c->word, value)) {
			*chosen = c->value;
			return true;
		}
	}
	refuse_choice(o, value, error);
	return false;
}

static bool
parse_number(const struct conf_option *o, const char *value, int *number, char *error)
{
	const char *range;
	long long n = strtonum(value, o->min, o->max, &range);

	if (range == NULL) {
		*number = (int)n;
		return true;
	}
	snprintf(error, OPTION_ERROR_SIZE, "'%.100s' is not accepted; use a number from %d to %d",
	    value, o->min, o->max);
	return false;
}

static bool
parse_date(const char *value, int *day, char *error)
{
	if (value[0] == '\0' || is_same_word("none", value)) {
		*day = 0;
		return true;
	}
	if (day_parse(day, value, strlen(value)))
		return true;
	snprintf(error, OPTION_ERROR_SIZE,
	    "'%.100s' is not accepted; use a date of the form YYYY-MM-DD, or none", value);
	return false;
}

static bool
accept_texts(const struct conf_option *o, const char *const *values, size_t n, char *error)
{
	const char *accepted = NULL;
	size_t i;

	for (i = 0; i < n; i++) {
		if (o->accept != NULL && !o->accept(values[i], &accepted)) {
			snprintf(error, OPTION_ERROR_SIZE, "'%.100s' is not accepted; use %s",
			    values[i], accepted);
			return false;
		}
	}
	return true;
}

static void
copy_option_texts(struct text_list *list, const char *const *values, size_t n)
{
	size_t i;

	list->text = xcalloc(n + 1, sizeof(*list->text));
	for (i = 0; i < n; i++)
		list->text[i] = xstrdup(values[i]);
	list->n = n;
}

/* compare_listed - order networks, and repetitions of one by their place in the list */
static int
compare_listed(const void *x, const void *y)
{
	const struct cidr *a = *(const struct cidr *const *)x, *b = *(const struct cidr *const *)y;
	int order = cidr_compare(a, b);

	return order != 0 ? order : (a > b) - (a < b);
}

/* mark_repetitions - of networks that precede in the list */
static void
mark_repetitions(const struct cidr_list *list, bool *marked)
{
	const struct cidr **sorted = xcalloc(list->n, sizeof(const struct cidr *));
	size_t i;

	for (i = 0; i < list->n; i++)
		sorted[i] = &list->net[i];
	qsort(sorted, list->n, sizeof(const struct cidr *), compare_listed);
	for (i = 1; i < list->n; i++)
		marked[sorted[i] - list->net] = cidr_compare(sorted[i - 1], sorted[i]) == 0;
	free(sorted);
}

/*
 * drop_repetitions - a list may name a network twice: once as IPv4, and once IPv4-mapped
 *
 * Sorting keeps a list of a hundred thousand networks cheap.
 */
static void
drop_repetitions(struct cidr_list *list)
{
	bool *marked;
	size_t i, n = 0;

	if (list->n < 2)
		return;
	marked = xcalloc(list->n, sizeof(*marked));
	mark_repetitions(list, marked);
	for (i = 0; i < list->n; i++)
		if (!marked[i])
			list->net[n++] = list->net[i];
	list->n = n;
	free(marked);
}

static bool
parse_cidrs(struct cidr_list *list, const char *const *values, size_t n, char *error)
{
	struct cidr_list new = { n, xcalloc(n + 1, sizeof(struct cidr)) };
	size_t i;

	for (i = 0; i < n; i++) {
		if (cidr_parse(&new.net[i], values[i], strlen(values[i])))
			continue;
		snprintf(error, OPTION_ERROR_SIZE, "'%.100s' is not accepted; use IP or IP/PREFIX",
		    values[i]);
		free(new.net);
		return false;
	}
	drop_repetitions(&new);
	clear_cidrs(list);
	*list = new;
	return true;
}

static bool
set_list_field(
    void *field, const struct conf_option *o, const char *const *values, size_t n, char *error)
{
	if (o->type == OPTION_CIDRS)
		return parse_cidrs(field, values, n, error);
	if (!accept_texts(o, values, n, error))
		return false;
	clear_field(field, o);
	copy_option_texts(field, values, n);
	return true;
}

static bool
set_field(void *field, const struct conf_option *o, const char *const *values, size_t n,
    char error[OPTION_ERROR_SIZE])
{
	int chosen;

	if (option_is_list(o))
		return set_list_field(field, o, values, n, error);
	if (n != 1) {
		strlcpy(error, "takes one value", OPTION_ERROR_SIZE);
		return false;
	}
	switch (o->type) {
	case OPTION_NUMBER:
		return parse_number(o, values[0], field, error);
	case OPTION_CHOICE:
		return parse_choice(o, values[0], field, error);
	case OPTION_DATE:
		return parse_date(values[0], field, error);
	case OPTION_BOOL:
		if (!parse_choice(o, values[0], &chosen, error))
			return false;
		*(bool *)field = chosen != 0;
		return true;
	default:
		if (!accept_texts(o, values, 1, error))
			return false;
		clear_field(field, o);
		*(char **)field = xstrdup(values[0]);
		return true;
	}
}

static void
preset_field(void *field, const struct conf_option *o)
{
	char error[OPTION_ERROR_SIZE], *copy = xstrdup(o->preset == NULL ? "" : o->preset);
	const char **values = xcalloc(strlen(copy) + 1, sizeof(*values));
	char *rest = copy, *word;
	size_t n = 0;

	if (option_is_list(o)) {
		while ((word = strsep(&rest, " ")) != NULL)
			if (*word != '\0')
				values[n++] = word;
	} else {
		values[n++] = copy;
	}
	set_field(field, o, values, n, error);
	free(values);
	free(copy);
}

void
option_print_quoted(const char *s, FILE *out)
{
	putc('"', out);
	for (; *s != '\0'; s++) {
		if (*s == '"' || *s == '\\' || *s == '$' || *s == '\n')
			putc('\\', out);
		putc(*s == '\n' ? 'n' : *s, out); /* a string ends on its line */
	}
	putc('"', out);
}

static const char *
find_chosen_word(const struct conf_option *o, int value)
{
	const struct option_choice *c = o->choices;

	while (c->value != value)
		c++;
	return c->word;
}

static const char *
format_cidr(const struct cidr *net, char buf[OPTION_VALUE_SIZE])
{
	char text[IPADDR_TEXT_SIZE];

	ipaddr_format(&net->addr, text);
	snprintf(buf, OPTION_VALUE_SIZE, "%s/%u", text, net->prefix);
	return buf;
}

static const char *
read_list_value(
    const void *field, const struct conf_option *o, size_t i, char buf[OPTION_VALUE_SIZE])
{
	const struct text_list *texts = field;
	const struct cidr_list *nets = field;

	if (o->type == OPTION_LIST)
		return i < texts->n ? texts->text[i] : NULL;
	return i < nets->n ? format_cidr(&nets->net[i], buf) : NULL;
}

static const char *
read_field_value(
    const void *field, const struct conf_option *o, size_t i, char buf[OPTION_VALUE_SIZE])
{
	if (option_is_list(o))
		return read_list_value(field, o, i, buf);
	if (i > 0)
		return NULL;
	switch (o->type) {
	case OPTION_TEXT:
		return *(char *const *)field;
	case OPTION_BOOL:
		return *(const bool *)field ? "true" : "false";
	case OPTION_CHOICE:
		return find_chosen_word(o, *(const int *)field);
	case OPTION_DATE:
		if (*(const int *)field == 0)
			return "none";
		day_format(buf, *(const int *)field);
		return buf;
	default:
		snprintf(buf, OPTION_VALUE_SIZE, "%d", *(const int *)field);
		return buf;
	}
}

static void
print_field(const void *field, const struct conf_option *o, FILE *out)
{
	char buf[OPTION_VALUE_SIZE];
	const char *value;
	size_t i;

	fprintf(out, "%s%s = %s", o->section == NULL ? "" : "\t", o->name,
	    option_is_list(o) ? "{" : "");
	for (i = 0; (value = read_field_value(field, o, i, buf)) != NULL; i++) {
		if (i > 0)
			fputs(", ", out);
		if (o->type == OPTION_NUMBER || o->type == OPTION_BOOL)
			fputs(value, out);
		else
			option_print_quoted(value, out);
	}
	fputs(option_is_list(o) ? "}\n" : "\n", out);
}

static size_t
get_field_size(const struct conf_option *o)
{
	switch (o->type) {
	case OPTION_TEXT:
		return sizeof(char *);
	case OPTION_BOOL:
		return sizeof(bool);
	case OPTION_LIST:
		return sizeof(struct text_list);
	case OPTION_CIDRS:
		return sizeof(struct cidr_list);
	default:
		return sizeof(int);
	}
}

bool
option_set(struct settings *s, const struct conf_option *o, const char *const *values, size_t n,
    char error[OPTION_ERROR_SIZE])
{
	return set_field(find_option_field(s, o), o, values, n, error);
}

void
option_preset(struct settings *s, const struct conf_option *o)
{
	preset_field(find_option_field(s, o), o);
}

void
option_print(const struct settings *s, const struct conf_option *o, FILE *out)
{
	print_field(find_option_field(s, o), o, out);
}

const char *
option_value(
    const struct settings *s, const struct conf_option *o, size_t i, char buf[OPTION_VALUE_SIZE])
{
	return read_field_value(find_option_field(s, o), o, i, buf);
}

void
option_clear(struct settings *s, const struct conf_option *o)
{
	clear_field(find_option_field(s, o), o);
}

bool
option_spf_set(struct spf_settings *spf, const struct conf_option *o, const char *const *values,
    size_t n, char error[OPTION_ERROR_SIZE])
{
	return set_field(find_spf_field(spf, o), o, values, n, error);
}

void
option_spf_preset(struct spf_settings *spf, const struct conf_option *o)
{
	preset_field(find_spf_field(spf, o), o);
}

void
option_spf_print(const struct spf_settings *spf, const struct conf_option *o, FILE *out)
{
	print_field(find_spf_field(spf, o), o, out);
}

const char *
option_spf_value(const struct spf_settings *spf, const struct conf_option *o, size_t i,
    char buf[OPTION_VALUE_SIZE])
{
	return read_field_value(find_spf_field(spf, o), o, i, buf);
}

void
option_spf_clear(struct spf_settings *spf, const struct conf_option *o)
{
	clear_field(find_spf_field(spf, o), o);
}

void
option_spf_share(
    struct spf_settings *to, const struct spf_settings *from, const struct conf_option *o)
{
	memcpy(find_spf_field(to, o), find_spf_field(from, o), get_field_size(o));
}
