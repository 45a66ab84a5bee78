/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "srsd/ctl/command_help.h"

/* Columns of the names of options, and of commands. */
#define OPTION_WIDTH 26
#define COMMAND_WIDTH 16

void
command_help_usage(FILE *out, const struct command *command)
{
	size_t i;

	if (command == NULL) {
		fputs("usage: srsctl [OPTION ...] COMMAND [ARGUMENT ...]\n", out);
		return;
	}
	for (i = 0; command->forms[i] != NULL; i++)
		fprintf(out, "%s srsctl %s%s%s%s\n", i == 0 ? "usage:" : "      ", command->name,
		    command->options[0].name == NULL ? "" : " [OPTION ...]",
		    command->forms[i][0] == '\0' ? "" : " ", command->forms[i]);
}

static void
print_options(FILE *out, const struct command_option *options)
{
	char name[64];

	for (; options->name != NULL; options++) {
		snprintf(name, sizeof(name), "%c%c%s --%s%s%s", options->letter == '\0' ? ' ' : '-',
		    options->letter == '\0' ? ' ' : options->letter,
		    options->letter == '\0' ? " " : ",", options->name,
		    options->value == NULL ? "" : " ",
		    options->value == NULL ? "" : options->value);
		if (strlen(name) > OPTION_WIDTH)
			fprintf(out, "  %s\n  %*s  %s\n", name, OPTION_WIDTH, "", options->text);
		else
			fprintf(out, "  %-*s  %s\n", OPTION_WIDTH, name, options->text);
	}
}

static void
print_command(FILE *out, const struct command *command)
{
	command_help_usage(out, command);
	fprintf(out, "\nsrsctl %s - %s\n", command->name, command->text);
	if (command->options[0].name != NULL)
		fputs("\noptions:\n", out);
	print_options(out, command->options);
}

static void
print_command_list(FILE *out, const char *words)
{
	size_t i;

	command_help_usage(out, NULL);
	fputs("\ncommands:\n", out);
	for (i = 0; i < command_count; i++)
		if (command_begins_with(&command_table[i], words))
			fprintf(out, "  %-*s  %s\n", COMMAND_WIDTH, command_table[i].name,
			    command_table[i].text);
}

static const struct command *
find_command(const char *words)
{
	size_t i;

	for (i = 0; i < command_count; i++)
		if (strcmp(command_table[i].name, words) == 0)
			return &command_table[i];
	return NULL;
}

static bool
begin_commands(const char *words)
{
	size_t i;

	for (i = 0; i < command_count; i++)
		if (command_begins_with(&command_table[i], words))
			return true;
	return false;
}

bool
command_help_print(FILE *out, const char *words)
{
	const struct command *command = find_command(words);

	if (command == NULL && !begin_commands(words))
		return false;
	if (command != NULL)
		print_command(out, command);
	else
		print_command_list(out, words);
	fputs("\noptions of all commands:\n", out);
	print_options(out, command_globals);
	fputs("\nsee srsctl(8)\n", out);
	return true;
}
