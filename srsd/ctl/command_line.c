/* SPDX-License-Identifier: ISC */
#include <getopt.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/attributes.h"
#include "common/closest.h"
#include "common/ipaddr.h"
#include "common/printable.h"
#include "common/xmalloc.h"
#include "srsd/ctl/command_line.h"

/* What getopt_long(3) returns for a long option: its place in the list, and this. */
#define FIRST_LONG 256

struct command_line_given {
	const struct command_option *option;
	const char *value; /* NULL for a flag */
};

/* The rest of the words, while they are read. words[0] was read already. */
struct word_reader {
	struct command_line *line;
	int n;
	char **words;
	const struct command_option **known; /* that may be given at this place */
	size_t n_known;
	char *error;
};

/* refuse_line - after the words of the command, if one was given */
PRINTF_LIKE(2, 3)
static bool
refuse_line(struct word_reader *r, const char *fmt, ...)
{
	const char *named = r->line->named;
	size_t len;
	va_list ap;

	snprintf(r->error, COMMAND_LINE_ERROR_SIZE, "%s%s", named, named[0] == '\0' ? "" : ": ");
	len = strlen(r->error);
	va_start(ap, fmt);
	vsnprintf(r->error + len, COMMAND_LINE_ERROR_SIZE - len, fmt, ap);
	va_end(ap);
	printable_line(r->error);
	return false;
}

static const struct command_option *
find_known_named(const struct word_reader *r, const char *name)
{
	size_t i;

	for (i = 0; i < r->n_known; i++)
		if (strcmp(r->known[i]->name, name) == 0)
			return r->known[i];
	return NULL;
}

/* find_known_lettered - the first one with this letter */
static const struct command_option *
find_known_lettered(const struct word_reader *r, int letter)
{
	size_t i;

	for (i = 0; i < r->n_known; i++)
		if (r->known[i]->letter == letter)
			return r->known[i];
	return NULL;
}

static void
add_known_options(struct word_reader *r, const struct command_option *options)
{
	for (; options->name != NULL; options++) {
		if (find_known_named(r, options->name) != NULL)
			continue;
		r->known = xreallocarray(r->known, r->n_known + 1, sizeof(*r->known));
		r->known[r->n_known++] = options;
	}
}

/* list_known_options - of the command; without one, of all commands that may follow */
static void
list_known_options(struct word_reader *r)
{
	size_t i;

	r->n_known = 0;
	if (r->line->command != NULL)
		add_known_options(r, r->line->command->options);
	add_known_options(r, command_globals);
	for (i = 0; r->line->command == NULL && i < command_count; i++)
		if (command_begins_with(&command_table[i], r->line->named))
			add_known_options(r, command_table[i].options);
}

/* make_letters - the argument of getopt_long(3); ends: at the first word that is no option */
static char *
make_letters(const struct word_reader *r, bool ends)
{
	char *letters = xcalloc(2 * r->n_known + 3, 1), *s = letters;
	const struct command_option *o;
	size_t i;

	if (ends)
		*s++ = '+';
	*s++ = ':';
	for (i = 0; i < r->n_known; i++) {
		o = r->known[i];
		if (o->letter == '\0' || o != find_known_lettered(r, o->letter))
			continue;
		*s++ = o->letter;
		if (o->type != COMMAND_FLAG)
			*s++ = ':';
	}
	return letters;
}

static struct option *
make_long_options(const struct word_reader *r)
{
	struct option *options = xcalloc(r->n_known + 1, sizeof(*options));
	size_t i;

	for (i = 0; i < r->n_known; i++) {
		options[i].name = r->known[i]->name;
		options[i].has_arg =
		    r->known[i]->type == COMMAND_FLAG ? no_argument : required_argument;
		options[i].val = FIRST_LONG + (int)i;
	}
	return options;
}

/* refuse_long_option - a word "--name" or "--name=value" that is no option */
static bool
refuse_long_option(struct word_reader *r, const char *word)
{
	size_t len = strcspn(word + 2, "="), n = 0, i;
	struct closest closest;

	closest_start(&closest, word + 2, len);
	for (i = 0; i < r->n_known; i++) {
		n += strncmp(r->known[i]->name, word + 2, len) == 0;
		closest_consider(&closest, r->known[i]->name, strlen(r->known[i]->name));
	}
	if (n > 1)
		return refuse_line(r, "option '%s' is ambiguous", word);
	if (closest.found != NULL)
		return refuse_line(
		    r, "unknown option '%s'; did you mean --%s?", word, closest.found);
	return refuse_line(r, "unknown option '%s'", word);
}

/* refuse_option - that getopt_long(3) has reported with c */
static bool
refuse_option(struct word_reader *r, int c)
{
	const struct command_option *o =
	    optopt >= FIRST_LONG ? r->known[optopt - FIRST_LONG] : find_known_lettered(r, optopt);

	if (c == ':')
		return refuse_line(
		    r, "option '%s' needs a value: %s", r->words[optind - 1], o->value);
	if (optopt >= FIRST_LONG)
		return refuse_line(r, "option '--%s' takes no value", o->name);
	if (optopt == 0)
		return refuse_long_option(r, r->words[optind - 1]);
	return refuse_line(r, "unknown option '-%c'", optopt);
}

static void
add_given_option(struct word_reader *r, const struct command_option *option, const char *value)
{
	struct command_line *line = r->line;

	line->given = xreallocarray(line->given, line->n_given + 1, sizeof(*line->given));
	line->given[line->n_given++] = (struct command_line_given){ option, value };
	line->help |= strcmp(option->name, "help") == 0;
	line->version |= strcmp(option->name, "version") == 0;
}

/* read_options - up to the next word that is no option; with a command, all of them */
static bool
read_options(struct word_reader *r)
{
	struct option *options;
	bool ok = true;
	char *letters;
	int c;

	list_known_options(r);
	letters = make_letters(r, r->line->command == NULL);
	options = make_long_options(r);
	optind = 0; /* glibc: start again */
	opterr = 0;
	while (ok && (c = getopt_long(r->n, r->words, letters, options, NULL)) != -1) {
		if (c == '?' || c == ':')
			ok = refuse_option(r, c);
		else
			add_given_option(r,
			    c >= FIRST_LONG ? r->known[c - FIRST_LONG] : find_known_lettered(r, c),
			    optarg);
	}
	r->n -= optind;
	r->words += optind;
	free(letters);
	free(options);
	return ok;
}

/* measure_next_word - of the name of a command, after the words that were given */
static size_t
measure_next_word(const struct command *command, const char *named, const char **word)
{
	size_t len = strlen(named);

	*word = command->name + len + (len > 0);
	return strcspn(*word, " ");
}

static bool
refuse_command_word(struct word_reader *r, const char *given)
{
	const char *named = r->line->named, *word;
	struct closest closest;
	size_t i, len;

	closest_start(&closest, given, strlen(given));
	for (i = 0; i < command_count; i++) {
		if (!command_begins_with(&command_table[i], named))
			continue;
		len = measure_next_word(&command_table[i], named, &word);
		closest_consider(&closest, word, len);
	}
	if (closest.found != NULL)
		return refuse_line(r, "unknown command '%s'; did you mean %.*s?", given,
		    (int)closest.found_len, closest.found);
	return refuse_line(r, "unknown command '%s'; see srsctl help%s%s", given,
	    named[0] == '\0' ? "" : " ", named);
}

/* take_command_word - words[0]; true if a command begins with it and the words before it */
static bool
take_command_word(struct word_reader *r)
{
	struct command_line *line = r->line;
	char named[COMMAND_NAME_SIZE];
	bool begins = false;
	size_t i;

	if (snprintf(named, sizeof(named), "%s%s%s", line->named, line->named[0] == '\0' ? "" : " ",
		r->words[0]) >= (int)sizeof(named) ||
	    r->words[0][0] == '\0')
		return refuse_command_word(r, r->words[0]);
	for (i = 0; i < command_count; i++) {
		begins |= command_begins_with(&command_table[i], named);
		if (strcmp(command_table[i].name, named) == 0)
			line->command = &command_table[i];
	}
	if (!begins)
		return refuse_command_word(r, r->words[0]);
	strlcpy(line->named, named, sizeof(line->named));
	return true;
}

/* bind_given_options - those before the command were looked up without it */
static bool
bind_given_options(struct word_reader *r)
{
	struct command_line_given *given = r->line->given, *end = given + r->line->n_given;

	for (; given < end; given++) {
		const char *name = given->option->name;

		given->option = command_option_named(r->line->command->options, name);
		if (given->option == NULL)
			given->option = command_option_named(command_globals, name);
		if (given->option == NULL)
			return refuse_line(r, "unknown option '--%s'", name);
	}
	return true;
}

/* is_choice - true for one of the words of choices, which '|' separates */
static bool
is_choice(const char *choices, const char *value)
{
	size_t len = strlen(value), n;

	for (;; choices += n + 1) {
		n = strcspn(choices, "|");
		if (n == len && memcmp(choices, value, len) == 0)
			return true;
		if (choices[n] == '\0')
			return false;
	}
}

static bool
refuse_choice_word(struct word_reader *r, const struct command_option *o, const char *value)
{
	char words[128], *s;

	strlcpy(words, o->value, sizeof(words));
	for (s = words; *s != '\0'; s++)
		if (*s == '|')
			*s = ' ';
	return refuse_line(r, "--%s: '%s' is not accepted; use one of: %s", o->name, value, words);
}

static bool
check_given_value(struct word_reader *r, const struct command_line_given *given)
{
	const struct command_option *o = given->option;
	struct ipaddr ip;
	const char *error;

	switch (o->type) {
	case COMMAND_NUMBER:
		strtonum(given->value, o->min, o->max, &error);
		return error == NULL || refuse_line(r, "--%s: '%s' is not a number from %d to %d",
					    o->name, given->value, o->min, o->max);
	case COMMAND_IP:
		return ipaddr_parse(&ip, given->value, strlen(given->value)) ||
		       refuse_line(
			   r, "--%s: '%s' is not an IPv4 or IPv6 address", o->name, given->value);
	case COMMAND_CHOICE:
		return is_choice(o->value, given->value) || refuse_choice_word(r, o, given->value);
	case COMMAND_FLAG:
	case COMMAND_TEXT:
	case COMMAND_FILE:
	case COMMAND_DIRECTORY:
		break;
	}
	return true;
}

static bool
check_given_options(struct word_reader *r)
{
	size_t i;

	for (i = 0; i < r->line->n_given; i++)
		if (!check_given_value(r, &r->line->given[i]))
			return false;
	return true;
}

static bool
check_arguments(struct word_reader *r)
{
	const struct command *command = r->line->command;
	unsigned n = (unsigned)r->n;

	r->line->arguments = r->words;
	r->line->n = n;
	if (n > command->most)
		return refuse_line(r, "unexpected argument '%s'; see srsctl help %s",
		    r->words[command->most], command->name);
	if (n < command->least)
		return refuse_line(r, "an argument is missing: %s", command->forms[0]);
	return true;
}

/* take_help_command - "help secret list" means "secret list --help" */
static void
take_help_command(struct command_line *line)
{
	if (strcmp(line->named, COMMAND_HELP) != 0)
		return;
	line->help = true;
	line->command = NULL;
	line->named[0] = '\0';
}

static bool
read_words(struct word_reader *r)
{
	struct command_line *line = r->line;

	while (line->command == NULL) {
		if (!read_options(r))
			return false;
		if (r->n == 0)
			return line->help || line->version ||
			       refuse_line(r, "a command is missing; see srsctl help%s%s",
				   line->named[0] == '\0' ? "" : " ", line->named);
		if (!take_command_word(r))
			return false;
		take_help_command(line);
	}
	if (!read_options(r) || !bind_given_options(r))
		return false;
	return line->help || line->version || (check_given_options(r) && check_arguments(r));
}

bool
command_line_parse(
    struct command_line *line, int argc, char **argv, char error[COMMAND_LINE_ERROR_SIZE])
{
	struct word_reader r = { .line = line, .n = argc, .words = argv, .error = error };
	bool ok;

	memset(line, 0, sizeof(*line));
	ok = read_words(&r);
	free(r.known);
	return ok;
}

void
command_line_free(struct command_line *line)
{
	free(line->given);
	memset(line, 0, sizeof(*line));
}

const char *
command_line_each(const struct command_line *line, const char *option, size_t i)
{
	const struct command_line_given *given = line->given, *end = given + line->n_given;

	if (command_option_named(line->command->options, option) == NULL &&
	    command_option_named(command_globals, option) == NULL)
		abort();
	for (; given < end; given++)
		if (strcmp(given->option->name, option) == 0 && i-- == 0)
			return given->value == NULL ? "" : given->value;
	return NULL;
}

bool
command_line_has(const struct command_line *line, const char *option)
{
	return command_line_each(line, option, 0) != NULL;
}

const char *
command_line_text(const struct command_line *line, const char *option)
{
	const char *last = NULL, *next;
	size_t i;

	for (i = 0; (next = command_line_each(line, option, i)) != NULL; i++)
		last = next;
	return last;
}

int
command_line_number(const struct command_line *line, const char *option, int preset)
{
	const char *value = command_line_text(line, option), *error;

	return value == NULL ? preset : (int)strtonum(value, INT32_MIN, INT32_MAX, &error);
}

const char *
command_line_argument(const struct command_line *line, size_t i)
{
	return i < line->n ? line->arguments[i] : NULL;
}
