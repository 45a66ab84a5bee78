/* SPDX-License-Identifier: ISC */
#include "tests/unit/unit.h"

#include "srsd/ctl/command_completion.h"
#include "srsd/ctl/command_table.h"

#define WORDS_MAX 8

/* complete_line - the words that are offered, without their texts, separated by blanks */
static void
complete_line(char *got, size_t size, const char *line)
{
	char copy[200], *rest = copy, *words[WORDS_MAX], *text = NULL, *next, *word;
	size_t len = 0;
	int n = 0;
	FILE *out = open_memstream(&text, &len);

	strlcpy(copy, line, sizeof(copy));
	while (n < WORDS_MAX && (word = strsep(&rest, " ")) != NULL)
		words[n++] = word;
	command_completion_print(out, n, words);
	fclose(out);
	got[0] = '\0';
	for (next = text; (word = strsep(&next, "\n")) != NULL && word[0] != '\0';) {
		word[strcspn(word, "\t")] = '\0';
		strlcat(got, got[0] == '\0' ? "" : " ", size);
		strlcat(got, word, size);
	}
	free(text);
}

/* The last word of each line is completed; it may be empty. */
static void
test_words(void **state)
{
	static const struct {
		const char *line, *want;
	} rows[] = {
		{ "sta", "status" },
		{ "s", "secret spf status store" },
		{ "x", "" },
		{ "secret ", "list new promote retire" },
		{ "secret p", "promote" },
		{ "help se", "secret" },
		{ "help secret r", "retire" },
		{ "--json st", "status store" },
		{ "-f a st", "status store" },
		{ "--config a st", "status store" },
		{ "--config = a st", "status store" },
		{ "--config=a st", "status store" },
		{ "status --j", "--json" },
		{ "status -", "--json --timeout --config --help --socket --version" },
		{ "status --v", "--version" },
		{ "secret --for", "--force" },
		{ "--foll", "--follow" },
		{ "secret promote --",
		    "--dry-run --force --json --timeout --config --help --socket "
		    "--version" },
		{ "status ", "" },
		{ "status -- --", "" },
		{ "import ", ":file" },
		{ "import a ", ":file" },
		{ "import --as ", "postsrsd postsrsd2 policyd-spf" },
		{ "import --as po", "postsrsd postsrsd2 policyd-spf" },
		{ "import --as postsrsd ", ":file" },
		{ "import --as=pol", "--as=policyd-spf" },
		{ "import --as = pol", "policyd-spf" },
		{ "import --as =", "postsrsd postsrsd2 policyd-spf" },
		{ "spf --engine lib", "libspf2" },
		{ "spf --record x --en", "--engine" },
		{ "check --postfix ", ":directory" },
		{ "explain --message ", ":file" },
		{ "-f ", ":file" },
		{ "status -f ", ":file" },
		{ "recent -f ", "" }, /* --follow */
		{ "recent -n ", "" },
		{ "recent -fn 5 --q", "--queue" },
		{ "recent --nothing=", "" },
		{ "nonsense --j", "" },
		{ "store import ", ":file" },
		{ "a-word-that-is-longer-than-any-name-of-a-command-may-be ", "" },
		{ "--an-option-that-is-longer-than-any-name-of-a-command=", "" },
	};
	char got[1000];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		complete_line(got, sizeof(got), rows[i].line);
		unit_text(rows[i].line, "words", got, rows[i].want);
	}
	unit_end();
}

/* Each name of the table is offered, and each option of each command. */
static void
test_table(void **state)
{
	const struct command_option *o;
	char line[100], got[1000], want[100];
	size_t i;

	(void)state;
	for (i = 0; i < command_count; i++) {
		complete_line(got, sizeof(got), command_table[i].name);
		unit_true(command_table[i].name, "name",
		    strstr(command_table[i].name, got) != NULL && got[0] != '\0');
		if (strcmp(command_table[i].name, COMMAND_HELP) == 0)
			continue;
		for (o = command_table[i].options; o->name != NULL; o++) {
			snprintf(line, sizeof(line), "%s --%s", command_table[i].name, o->name);
			snprintf(want, sizeof(want), "--%s", o->name);
			complete_line(got, sizeof(got), line);
			unit_true(line, "option", strstr(got, want) != NULL);
		}
	}
	complete_line(got, sizeof(got), "");
	unit_text("nothing", "words", got,
	    "check explain forward help import policy recent reload reverse secret spf status "
	    "store top");
	unit_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
