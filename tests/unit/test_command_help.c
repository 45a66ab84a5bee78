/* SPDX-License-Identifier: ISC */
#include "tests/unit/unit.h"

#include "srsd/ctl/command_help.h"

/* print_help - what command_help_print prints; the caller frees it. NULL: no such command. */
static char *
print_help(const char *words)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	bool ok = command_help_print(out, words);

	fclose(out);
	if (ok)
		return text;
	unit_int(words, "length", (long long)len, 0);
	free(text);
	return NULL;
}

/* Every line fits on a terminal, and the last one names the manual. */
static void
check_help(const char *words, const char *text)
{
	const char *line, *end;

	unit_true(words, "end",
	    strlen(text) > 14 && strcmp(text + strlen(text) - 15, "\nsee srsctl(8)\n") == 0);
	for (line = text; *line != '\0'; line = end + 1) {
		end = strchr(line, '\n');
		unit_true(words, "width", end - line <= 80);
	}
}

/* All commands are listed, each with its text in the same line, and each has help of its own. */
static void
test_commands(void **state)
{
	char *all = print_help(""), *one, line[200];
	const struct command_option *o;
	size_t i;

	(void)state;
	check_help("all", all);
	for (i = 0; i < command_count; i++) {
		snprintf(line, sizeof(line), "\n  %-16s  %s\n", command_table[i].name,
		    command_table[i].text);
		unit_true(command_table[i].name, "is listed", strstr(all, line) != NULL);
		one = print_help(command_table[i].name);
		assert_non_null(one);
		check_help(command_table[i].name, one);
		unit_true(
		    command_table[i].name, "text", strstr(one, command_table[i].text) != NULL);
		for (o = command_table[i].options; o->name != NULL; o++)
			unit_true(o->name, "option",
			    strstr(one, o->name) != NULL && strstr(one, o->text) != NULL);
		free(one);
	}
	free(all);
	unit_end();
}

static void
test_one(void **state)
{
	char *text = print_help("secret promote");

	(void)state;
	unit_text("secret promote", "help", text,
	    "usage: srsctl secret promote [OPTION ...] FINGERPRINT\n"
	    "\n"
	    "srsctl secret promote - make a secret sign new addresses\n"
	    "\n"
	    "options:\n"
	    "      --dry-run               ask the siblings, but change nothing\n"
	    "      --force                 do not ask the siblings\n"
	    "      --json                  print JSON\n"
	    "      --timeout SECONDS       time to wait for an answer, default 120\n"
	    "\n"
	    "options of all commands:\n"
	    "  -f, --config FILE           configuration of the daemon\n"
	    "  -h, --help                  print help, or the help of a command\n"
	    "  -s, --socket PATH           control socket of the daemon\n"
	    "  -V, --version               print the version\n"
	    "\n"
	    "see srsctl(8)\n");
	free(text);
	unit_end();
}

static void
test_group(void **state)
{
	char *text = print_help("store");

	(void)state;
	unit_true("store", "listed", strstr(text, "\n  store get ") != NULL);
	unit_true("secret", "not listed", strstr(text, "secret") == NULL);
	free(text);
	assert_null(print_help("nonsense"));
	assert_null(print_help("secret nonsense"));
	unit_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_commands),
		cmocka_unit_test(test_one),
		cmocka_unit_test(test_group),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
