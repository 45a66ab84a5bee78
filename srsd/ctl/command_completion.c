/* SPDX-License-Identifier: ISC */
#include <stdbool.h>
#include <string.h>

#include "srsd/ctl/command_completion.h"
#include "srsd/ctl/command_table.h"

/* The words before the one that is completed. */
struct completion_state {
	char named[COMMAND_NAME_SIZE];       /* the words of a command so far */
	const struct command *command;       /* NULL: it is not complete */
	const struct command_option *option; /* the next word is its value; or NULL */
	bool ended;                          /* by "--": no more options */
};

/* find_option - of the command, or of all that may follow; by its name, or else by its letter */
static const struct command_option *
find_option(const struct completion_state *s, const char *name, char letter)
{
	const struct command_option *o = NULL;
	size_t i;

	for (i = 0; o == NULL && i < command_count; i++)
		if (s->command == NULL ? command_begins_with(&command_table[i], s->named)
				       : s->command == &command_table[i])
			o = name != NULL
				? command_option_named(command_table[i].options, name)
				: command_option_lettered(command_table[i].options, letter);
	if (o != NULL && (s->command != NULL || name != NULL))
		return o;
	return name != NULL ? command_option_named(command_globals, name)
			    : command_option_lettered(command_globals, letter);
}

/* copy_option_name - of "--name" or "--name=value"; an option is not longer than this */
static void
copy_option_name(char name[COMMAND_NAME_SIZE], const char *word)
{
	size_t len = strcspn(word + 2, "=");

	if (len >= COMMAND_NAME_SIZE)
		len = 0;
	memcpy(name, word + 2, len);
	name[len] = '\0';
}

/* note_option - one with the next word as its value */
static void
note_option(struct completion_state *s, const char *word)
{
	const struct command_option *o;
	char name[COMMAND_NAME_SIZE];

	if (strcmp(word, "--") == 0) {
		s->ended = true;
		return;
	}
	if (word[1] == '-') {
		copy_option_name(name, word);
		o = strchr(word, '=') == NULL ? find_option(s, name, '\0') : NULL;
	} else {
		o = find_option(s, NULL, word[strlen(word) - 1]);
	}
	if (o != NULL && o->type != COMMAND_FLAG)
		s->option = o;
}

static void
note_command_word(struct completion_state *s, const char *word)
{
	size_t len = strlen(s->named), i;

	snprintf(s->named + len, sizeof(s->named) - len, "%s%s", len == 0 ? "" : " ", word);
	if (strcmp(s->named, COMMAND_HELP) == 0)
		s->named[0] = '\0';
	for (i = 0; i < command_count; i++)
		if (strcmp(command_table[i].name, s->named) == 0)
			s->command = &command_table[i];
}

static void
note_word(struct completion_state *s, const char *word)
{
	if (strcmp(word, "=") == 0)
		return;
	if (s->option != NULL)
		s->option = NULL;
	else if (!s->ended && word[0] == '-' && word[1] != '\0')
		note_option(s, word);
	else if (s->command == NULL)
		note_command_word(s, word);
}

/* offer_word - if it continues the word that is completed */
static void
offer_word(FILE *out, const char *begun, const char *word, size_t len, const char *text)
{
	size_t n = strlen(begun);

	if (n <= len && strncmp(word, begun, n) == 0)
		fprintf(out, "%.*s%s%s\n", (int)len, word, text[0] == '\0' ? "" : "\t", text);
}

/* offer_choices - prefix: "--name=" before the value, or "" */
static void
offer_choices(FILE *out, const char *begun, const char *prefix, const char *choices)
{
	char word[128];
	size_t n;

	for (;; choices += n + 1) {
		n = strcspn(choices, "|");
		snprintf(word, sizeof(word), "%s%.*s", prefix, (int)n, choices);
		offer_word(out, begun, word, strlen(word), "");
		if (choices[n] == '\0')
			return;
	}
}

static void
offer_values(FILE *out, const char *begun, const char *prefix, const struct command_option *option)
{
	switch (option->type) {
	case COMMAND_CHOICE:
		offer_choices(out, begun, prefix, option->value);
		break;
	case COMMAND_FILE:
		fputs(":file\n", out);
		break;
	case COMMAND_DIRECTORY:
		fputs(":directory\n", out);
		break;
	case COMMAND_FLAG:
	case COMMAND_TEXT:
	case COMMAND_NUMBER:
	case COMMAND_IP:
		break;
	}
}

static void
offer_options(FILE *out, const char *begun, const struct command_option *options)
{
	char word[64];

	for (; options->name != NULL; options++) {
		snprintf(word, sizeof(word), "--%s", options->name);
		offer_word(out, begun, word, strlen(word), options->text);
	}
}

/* is_offered_before - an option of this name by a command before this one */
static bool
is_offered_before(const struct completion_state *s, size_t command, const char *name)
{
	size_t i;

	for (i = 0; i < command; i++)
		if (command_begins_with(&command_table[i], s->named) &&
		    command_option_named(command_table[i].options, name) != NULL)
			return true;
	return false;
}

/* offer_all_options - of the commands that may follow, each name once */
static void
offer_all_options(FILE *out, const char *begun, const struct completion_state *s)
{
	const struct command_option *o;
	char word[64];
	size_t i;

	for (i = 0; i < command_count; i++) {
		if (!command_begins_with(&command_table[i], s->named))
			continue;
		for (o = command_table[i].options; o->name != NULL; o++) {
			if (is_offered_before(s, i, o->name))
				continue;
			snprintf(word, sizeof(word), "--%s", o->name);
			offer_word(out, begun, word, strlen(word), o->text);
		}
	}
}

/* offer_commands - the next words of names; a word of several commands has no text */
static void
offer_commands(FILE *out, const char *begun, const struct completion_state *s)
{
	const char *word, *last = "";
	size_t skip = strlen(s->named) + (s->named[0] != '\0'), i, len;

	for (i = 0; i < command_count; i++) {
		if (!command_begins_with(&command_table[i], s->named))
			continue;
		word = command_table[i].name + skip;
		len = strcspn(word, " ");
		if (strncmp(word, last, len) == 0 && last[len] == ' ')
			continue;
		offer_word(out, begun, word, len, word[len] == '\0' ? command_table[i].text : "");
		last = word;
	}
}

/* offer_option_words - for a word that begins with '-' */
static void
offer_option_words(FILE *out, const char *begun, const struct completion_state *s)
{
	char name[COMMAND_NAME_SIZE], prefix[COMMAND_NAME_SIZE + 3];
	const struct command_option *o;

	if (strchr(begun, '=') == NULL) {
		if (s->command != NULL)
			offer_options(out, begun, s->command->options);
		else
			offer_all_options(out, begun, s);
		offer_options(out, begun, command_globals);
		return;
	}
	copy_option_name(name, begun);
	o = find_option(s, name, '\0');
	snprintf(prefix, sizeof(prefix), "--%s=", name);
	if (o != NULL)
		offer_values(out, begun, prefix, o);
}

void
command_completion_print(FILE *out, int n, char *const *words)
{
	struct completion_state s = { .command = NULL };
	const char *begun = n == 0 ? "" : words[n - 1];
	int i;

	if (strcmp(begun, "=") == 0)
		begun = "";
	for (i = 0; i + 1 < n; i++)
		note_word(&s, words[i]);
	if (s.option != NULL)
		offer_values(out, begun, "", s.option);
	else if (!s.ended && begun[0] == '-')
		offer_option_words(out, begun, &s);
	else if (s.command == NULL)
		offer_commands(out, begun, &s);
	else if (s.command->arguments == COMMAND_FILE)
		fputs(":file\n", out);
}
