/* SPDX-License-Identifier: ISC */
#include "tests/unit/unit.h"

#include "srsd/ctl/command_line.h"

#define WORDS_MAX 12

/* A command line that is cut into words, in memory of its own. */
struct words {
	char text[256];
	char *argv[WORDS_MAX];
	int argc;
};

/* set_words - "\"\"" is the empty word */
static void
set_words(struct words *words, const char *text)
{
	char *rest = words->text, *word;

	strlcpy(words->text, text, sizeof(words->text));
	words->argc = 0;
	words->argv[words->argc++] = (char *)(uintptr_t) "srsctl";
	while ((word = strsep(&rest, " ")) != NULL)
		if (word[0] != '\0')
			words->argv[words->argc++] = strcmp(word, "\"\"") == 0 ? word + 2 : word;
	words->argv[words->argc] = NULL;
}

/* describe_line - "recent -follow -lines=5 argument"; globals and options in their order */
static void
describe_line(char *text, size_t size, const struct command_line *line)
{
	static const char *const names[] = { "config", "socket" };
	const struct command_option *o;
	const char *value;
	size_t i, j;

	snprintf(text, size, "%s%s", line->help ? "help " : "", line->named);
	if (line->command == NULL)
		return;
	for (i = 0; i < COUNT(names); i++)
		if (command_line_has(line, names[i])) {
			strlcat(text, " ", size);
			strlcat(text, command_line_text(line, names[i]), size);
		}
	for (o = line->command->options; o->name != NULL; o++)
		for (j = 0; (value = command_line_each(line, o->name, j)) != NULL; j++) {
			strlcat(text, " ", size);
			strlcat(text, o->name, size);
			strlcat(text, value[0] == '\0' ? "" : "=", size);
			strlcat(text, value, size);
		}
	for (i = 0; (value = command_line_argument(line, i)) != NULL; i++) {
		strlcat(text, " [", size);
		strlcat(text, value, size);
		strlcat(text, "]", size);
	}
}

/* check_line - want: the description or the error */
static void
check_line(const char *row, bool accepted, const char *want)
{
	char error[COMMAND_LINE_ERROR_SIZE] = "", got[512] = "";
	struct command_line line;
	struct words words;
	bool ok;

	set_words(&words, row);
	ok = command_line_parse(&line, words.argc, words.argv, error);
	if (ok)
		describe_line(got, sizeof(got), &line);
	unit_true(row, "accepted", ok == accepted);
	unit_text(row, "line", ok ? got : error, want);
	command_line_free(&line);
}

static void
test_accepted(void **state)
{
	static const struct {
		const char *words, *want;
	} rows[] = {
		{ "status", "status" },
		{ "status --json", "status json" },
		{ "--json status", "status json" },
		{ "status --js", "status json" },
		{ "-f a --socket=b status", "status a b" },
		{ "status -f a", "status a" },
		{ "status -s b --config a --json", "status a b json" },
		{ "-f a recent -f", "recent a follow" }, /* the letter has two meanings */
		{ "recent -f -f", "recent follow follow" },
		{ "recent --config a -fn3", "recent a follow lines=3" },
		{ "-n 3 recent", "recent lines=3" },
		{ "--lines 0 --json recent --lines=100000", "recent json lines=0 lines=100000" },
		{ "forward a@b", "forward [a@b]" },
		{ "forward a@b --json", "forward json [a@b]" },
		{ "forward --json -- --a@b", "forward json [--a@b]" },
		{ "forward \"\"", "forward []" },
		{ "forward -", "forward [-]" },
		{ "secret list", "secret list" },
		{ "secret --json list", "secret list json" },
		{ "--json secret list", "secret list json" },
		{ "--force secret promote abc", "secret promote force [abc]" },
		{ "spf 192.0.2.1 a@b --engine both c", "spf engine=both [192.0.2.1] [a@b] [c]" },
		{ "spf", "spf" },
		{ "spf --o", "spf offline" },
		{ "recent --", "recent" },
		{ "import --as postsrsd2 a b c d", "import as=postsrsd2 [a] [b] [c] [d]" },
		{ "check --address 192.0.2.1 -q --address ::1",
		    "check address=192.0.2.1 address=::1 quiet" },
		{ "--help", "help " },
		{ "-h", "help " },
		{ "help", "help " },
		{ "help help", "help " },
		{ "help forward", "help forward" },
		{ "forward --help", "help forward" },
		{ "--help forward", "help forward" },
		{ "forward -h a b c", "help forward" },
		{ "help secret", "help secret" },
		{ "secret --help", "help secret" },
		{ "help secret list", "help secret list" },
		{ "secret list --help", "help secret list" },
		{ "recent --lines x --help", "help recent lines=x" },
		{ "--version", "" },
		{ "-V", "" },
		{ "status -V", "status" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++)
		check_line(rows[i].words, true, rows[i].want);
	unit_end();
}

static void
test_refused(void **state)
{
	static const struct {
		const char *words, *want;
	} rows[] = {
		{ "", "a command is missing; see srsctl help" },
		{ "--json", "a command is missing; see srsctl help" },
		{ "-f", "option '-f' needs a value: FILE" },
		{ "--config", "option '--config' needs a value: FILE" },
		{ "staus", "unknown command 'staus'; did you mean status?" },
		{ "\"\"", "unknown command ''; see srsctl help" },
		{ "nonsense", "unknown command 'nonsense'; see srsctl help" },
		{ "no\033[2Jnsense", "unknown command 'no?[2Jnsense'; see srsctl help" },
		{ "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
		    "unknown command 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'; see srsctl help" },
		{ "help nonsense", "unknown command 'nonsense'; see srsctl help" },
		{ "help secert", "unknown command 'secert'; did you mean secret?" },
		{ "secret", "secret: a command is missing; see srsctl help secret" },
		{ "secret lst", "secret: unknown command 'lst'; did you mean list?" },
		{ "store nonsense", "store: unknown command 'nonsense'; see srsctl help store" },
		{ "--jsn status", "unknown option '--jsn'; did you mean --json?" },
		{ "status --jsn", "status: unknown option '--jsn'; did you mean --json?" },
		{ "status --jsn=x", "status: unknown option '--jsn=x'; did you mean --json?" },
		{ "status --follow", "status: unknown option '--follow'" },
		{ "--follow status", "status: unknown option '--follow'" },
		{ "status -x", "status: unknown option '-x'" },
		{ "status -q", "status: unknown option '-q'" },
		{ "-q status", "status: unknown option '--quiet'" },
		{ "-fx -q status", "status: unknown option '--quiet'" },
		{ "status --json=x", "status: option '--json' takes no value" },
		{ "secret list --f", "secret list: unknown option '--f'" },
		{ "--re x recent", "option '--re' is ambiguous" },
		{ "status x", "status: unexpected argument 'x'; see srsctl help status" },
		{ "forward", "forward: an argument is missing: ADDRESS" },
		{ "forward a b", "forward: unexpected argument 'b'; see srsctl help forward" },
		{ "secret retire", "secret retire: an argument is missing: FINGERPRINT" },
		{ "spf 1 2 3 4", "spf: unexpected argument '4'; see srsctl help spf" },
		{ "recent --lines -1", "recent: --lines: '-1' is not a number from 0 to 100000" },
		{ "recent --lines", "recent: option '--lines' needs a value: NUMBER" },
		{ "--lines x recent", "recent: --lines: 'x' is not a number from 0 to 100000" },
		{ "check --address a@b", "check: --address: 'a@b' is not an IPv4 or IPv6 address" },
		{ "spf --engine bset",
		    "spf: --engine: 'bset' is not accepted; use one of: native libspf2 both" },
		{ "spf --engine nativ",
		    "spf: --engine: 'nativ' is not accepted; use one of: native libspf2 both" },
		{ "import --as postsrsd|postsrsd2",
		    "import: --as: 'postsrsd|postsrsd2' is not accepted; use one of: postsrsd postsrsd2 "
		    "policyd-spf" },
		{ "status --timeout 0", "status: --timeout: '0' is not a number from 1 to 3600" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++)
		check_line(rows[i].words, false, rows[i].want);
	unit_end();
}

static void
test_values(void **state)
{
	char error[COMMAND_LINE_ERROR_SIZE];
	struct command_line line;
	struct words words;

	(void)state;
	set_words(&words, "recent --lines 5 --queue a --lines 7 --queue b");
	assert_true(command_line_parse(&line, words.argc, words.argv, error));
	unit_int("lines", "last", command_line_number(&line, "lines", 1), 7);
	unit_int("timeout", "preset", command_line_number(&line, "timeout", 120), 120);
	unit_text("queue", "last", command_line_text(&line, "queue"), "b");
	unit_text("queue", "first", command_line_each(&line, "queue", 0), "a");
	assert_null(command_line_each(&line, "queue", 2));
	assert_null(command_line_text(&line, "client"));
	assert_null(command_line_argument(&line, 0));
	unit_true("follow", "not given", !command_line_has(&line, "follow"));
	command_line_free(&line);
	unit_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accepted),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
