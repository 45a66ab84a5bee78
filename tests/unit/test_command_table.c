/* SPDX-License-Identifier: ISC */
#include "tests/unit/unit.h"

#include "srsd/ctl/command_table.h"

static void
check_option(const char *list, const struct command_option *o)
{
	const char *row = unit_row("%s --%s", list, o->name);

	unit_true(row, "has a text", o->text != NULL && o->text[0] != '\0');
	unit_true(row, "has a value", (o->type == COMMAND_FLAG) == (o->value == NULL));
	unit_true(row, "range", o->type != COMMAND_NUMBER || o->min < o->max);
}

/* Each row is complete, and the names are in order. */
static void
check_option_list(const char *list, const struct command_option *options)
{
	const struct command_option *o;

	for (o = options; o->name != NULL; o++) {
		check_option(list, o);
		if (o > options)
			unit_true(unit_row("%s --%s", list, o->name), "order",
			    strcmp(o[-1].name, o->name) < 0);
	}
}

static void
test_rows(void **state)
{
	const struct command *command;
	size_t i;

	(void)state;
	check_option_list("all commands", command_globals);
	for (i = 0; i < command_count; i++) {
		command = &command_table[i];
		unit_true(command->name, "size", strlen(command->name) < COMMAND_NAME_SIZE);
		unit_true(command->name, "text", command->text[0] != '\0');
		unit_true(command->name, "form", command->forms[0] != NULL);
		unit_true(command->name, "number", command->least <= command->most);
		unit_true(command->name, "order",
		    i == 0 || strcmp(command_table[i - 1].name, command->name) < 0);
		check_option_list(command->name, command->options);
	}
	unit_end();
}

/* Before the command is known, an option must already have its meaning. */
static void
test_same_options(void **state)
{
	const struct command_option *a, *b;
	size_t i, j;

	(void)state;
	for (i = 0; i < command_count; i++)
		for (a = command_table[i].options; a->name != NULL; a++) {
			unit_true(unit_row("%s --%s", command_table[i].name, a->name),
			    "is not one of all commands",
			    command_option_named(command_globals, a->name) == NULL);
			for (j = 0; j < command_count; j++) {
				b = command_option_named(command_table[j].options, a->name);
				unit_true(unit_row("%s, %s --%s", command_table[i].name,
					      command_table[j].name, a->name),
				    "takes a value in both",
				    b == NULL ||
					(a->type == COMMAND_FLAG) == (b->type == COMMAND_FLAG));
			}
		}
	unit_end();
}

static void
test_find(void **state)
{
	static const struct command one = { .name = "secret list" };
	static const struct {
		const char *words;
		bool want;
	} rows[] = {
		{ "", true },
		{ "secret", true },
		{ "secret list", true },
		{ "secre", false },
		{ "secrets", false },
		{ "secret l", false },
		{ "list", false },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++)
		unit_int(rows[i].words, "begins", command_begins_with(&one, rows[i].words),
		    rows[i].want);
	unit_text(
	    "config", "letter", command_option_lettered(command_globals, 'f')->name, "config");
	assert_null(command_option_lettered(command_globals, 'x'));
	assert_null(command_option_lettered(command_table[0].options, '\0'));
	assert_null(command_option_named(command_globals, "conf"));
	unit_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_same_options),
		cmocka_unit_test(test_find),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
