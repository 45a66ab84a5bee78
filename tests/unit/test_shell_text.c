/* SPDX-License-Identifier: ISC */
#include "tests/unit/unit.h"

#include "srsd/ctl/import/shell_text.h"

#define TOLD_SIZE 1000

/* tell - "LINE KIND NAME=VALUE" or "LINE KIND TEXT" of each item, one a line */
static void
tell(void *arg, const struct shell_item *item)
{
	static const char *const kinds[] = { "set", "unknown", "maybe", "for", "command" };
	char *told = arg, line[300];

	if (item->kind == SHELL_COMMAND)
		snprintf(line, sizeof(line), "%u command %s\n", item->line, item->text);
	else if (item->kind == SHELL_FOR)
		snprintf(line, sizeof(line), "%u for %s=%s: %s\n", item->line, item->name,
		    item->value, item->text);
	else if (item->kind == SHELL_UNKNOWN)
		snprintf(line, sizeof(line), "%u unknown %s\n", item->line, item->text);
	else
		snprintf(line, sizeof(line), "%u %s %s=%s\n", item->line, kinds[item->kind],
		    item->name, item->value);
	strlcat(told, line, TOLD_SIZE);
}

static void
note_length(void *arg, const struct shell_item *item)
{
	unit_true(item->name, "length", strlen(item->value) <= 200000);
	strcpy(arg, item->kind == SHELL_UNKNOWN ? "unknown" : "set");
}

struct row {
	const char *text;
	const char *want;
};

static void
check(const struct row *rows, size_t n)
{
	char told[TOLD_SIZE];
	size_t i;

	for (i = 0; i < n; i++) {
		told[0] = '\0';
		shell_text_read(rows[i].text, tell, told);
		unit_text(rows[i].text, "items", told, rows[i].want);
	}
	unit_end();
}

static void
test_assignments(void **state)
{
	static const struct row rows[] = {
		{ "", "" },
		{ "\n \t\n# A=1\n", "" },
		{ "A=1", "1 set A=1\n" },
		{ "A=1\n\nB=2\n", "1 set A=1\n3 set B=2\n" },
		{ "  A=1 B=2", "1 set A=1\n1 set B=2\n" },
		{ "A=1;B=2", "1 set A=1\n1 set B=2\n" },
		{ "A=", "1 set A=\n" },
		{ "A==", "1 set A==\n" },
		{ "A=1=2", "1 set A=1=2\n" },
		{ "_a1=x", "1 set _a1=x\n" },
		{ "A=1 # B=2", "1 set A=1\n" },
		{ "A=1#2", "1 set A=1#2\n" },
		{ "A=1\r\nB=2\r\n", "1 set A=1\n2 set B=2\n" },
		{ "export A=1 B C=2\nD=3", "1 set A=1\n1 set C=2\n2 set D=3\n" },
		{ "A=1\nexport A # said\n", "1 set A=1\n" },
		{ ": nothing\nA=1", "2 set A=1\n" },
	};

	(void)state;
	check(rows, COUNT(rows));
}

static void
test_quotes(void **state)
{
	static const struct row rows[] = {
		{ "A='x y'", "1 set A=x y\n" },
		{ "A=\"x y\"", "1 set A=x y\n" },
		{ "A=x\\ y", "1 set A=x y\n" },
		{ "A=x'y z'\"a b\"c", "1 set A=xy za bc\n" },
		{ "A=\"\\\"\\$\\\\\\x\"", "1 set A=\"$\\\\x\n" },
		{ "A='$B `c` \\'", "1 set A=$B `c` \\\n" },
		{ "A='#'", "1 set A=#\n" },
		{ "A=\"x\ny\"\nB=1", "1 set A=x\ny\n3 set B=1\n" },
		{ "A=x\\\ny\nB=1", "1 set A=xy\n3 set B=1\n" },
		{ "A=\"x\\\ny\"", "1 set A=xy\n" },
		{ "A=1 \\\n B=2\nC=3", "1 set A=1\n2 set B=2\n3 set C=3\n" },
		{ "A=a,b", "1 set A=a,b\n" },
		{ "A='x", "1 unknown A='x\n" },
		{ "A=\"x\n", "1 unknown A=\"x\n\n" },
		{ "A=x\\", "1 set A=x\n" },
	};

	(void)state;
	check(rows, COUNT(rows));
}

static void
test_expansions(void **state)
{
	static const struct row rows[] = {
		{ "A=1\nB=$A.x${A}y", "1 set A=1\n2 set B=1.x1y\n" },
		{ "A=1\nA=2\nB=\"$A\"", "1 set A=1\n2 set A=2\n3 set B=2\n" },
		{ "B=$A", "1 unknown B=$A\n" },
		{ "A=`hostname -f`", "1 unknown A=`hostname -f`\n" },
		{ "A=\"`echo \\`x\\``\" B=1", "1 unknown A=\"`echo \\`x\\``\"\n1 set B=1\n" },
		{ "A=$(echo $(x) ')') B=1", "1 unknown A=$(echo $(x) ')')\n1 set B=1\n" },
		{ "A=${B:-x y} C=1", "1 unknown A=${B:-x y}\n1 set C=1\n" },
		{ "A=$1", "1 unknown A=$1\n" },
		{ "A=$(echo \\( ) B=1", "1 unknown A=$(echo \\( )\n1 set B=1\n" },
		{ "A=$(echo \\)) B=1", "1 unknown A=$(echo \\))\n1 set B=1\n" },
		{ "A=1\nA=`x`\nB=$A", "1 set A=1\n2 unknown A=`x`\n3 unknown B=$A\n" },
		{ "A=1\nif x; then A=2; fi\nB=$A",
		    "1 set A=1\n2 command x\n2 maybe A=2\n3 unknown B=$A\n" },
		{ "if x; then A=`x`; fi", "1 command x\n1 maybe A=\n" },
		{ "A=$", "1 set A=$\n" },
		{ "A=\"x$\"", "1 set A=x$\n" },
		{ "A=$=", "1 set A=$=\n" },
		{ "A=~/x", "1 unknown A=~/x\n" },
		{ "A=$(x", "1 unknown A=$(x\n" },
		{ "A=`x", "1 unknown A=`x\n" },
		{ "A=${x", "1 unknown A=${x\n" },
	};

	(void)state;
	check(rows, COUNT(rows));
}

/* What stands before a command is the command's, and what a command does is not known. */
static void
test_commands(void **state)
{
	static const struct row rows[] = {
		{ "A=a b", "1 for A=a: b\n" },
		{ "A=a b c\nB=1", "1 for A=a: b c\n2 set B=1\n" },
		{ "A=a B=b c", "1 for A=a: c\n1 for B=b: c\n" },
		{ "A=a; b", "1 set A=a\n1 command b\n" },
		{ "A=a;b", "1 set A=a\n1 command b\n" },
		{ "A = b", "1 command A = b\n" },
		{ "A+=b", "1 command A+=b\n" },
		{ ". /etc/x\nA=1", "1 command . /etc/x\n2 set A=1\n" },
		{ "touch /x; A=1", "1 command touch /x\n1 set A=1\n" },
		{ "A=1 && B=2\nC=3", "1 set A=1\n1 command && B=2\n2 set C=3\n" },
		{ "A=1 || B=2\nC=$A", "1 set A=1\n1 command || B=2\n2 set C=1\n" },
		{ "A=1 >x\nC=3", "1 set A=1\n1 command >x\n2 set C=3\n" },
		{ "A=a b # it's\nB=1 # it's\n", "1 for A=a: b\n2 set B=1\n" },
		{ ". /etc/x # it's\nB=1", "1 command . /etc/x\n2 set B=1\n" },
		{ "A=1 &\nC=3", "1 for A=1: &\n2 set C=3\n" },
		{ "A=1|x\nC=3", "1 for A=1: |x\n2 set C=3\n" },
		{ "x <y\nA=1", "1 command x <y\n2 set A=1\n" },
		{ "1A=x", "1 command 1A=x\n" },
		{ ")\nA=1", "1 command )\n2 set A=1\n" },
	};

	(void)state;
	check(rows, COUNT(rows));
}

static void
test_conditions(void **state)
{
	static const struct row rows[] = {
		{ "if x; then\nA=1\nelse\nA=2\nfi\nB=3\n",
		    "1 command x\n2 maybe A=1\n4 maybe A=2\n6 set B=3\n" },
		{ "if x; then A=1; fi; B=3", "1 command x\n1 maybe A=1\n1 set B=3\n" },
		{ "while x\ndo A=1\ndone\nB=3", "1 command x\n2 maybe A=1\n4 set B=3\n" },
		{ "f() {\nA=1\n}\nB=3", "1 command f() {\n2 maybe A=1\n4 maybe B=3\n" },
		{ "case x in\nx) A=1;;\nesac\nB=3",
		    "1 command case x in\n2 command x) A=1;;\n3 command esac\n4 maybe B=3\n" },
		{ "(A=1)\nB=3", "1 command (A=1)\n2 maybe B=3\n" },
		{ "cat <<X\nA=1\nX\nB=3",
		    "1 command cat <<X\n2 maybe A=1\n3 command X\n4 maybe B=3\n" },
	};

	(void)state;
	check(rows, COUNT(rows));
}

/* $A$A in a line for each doubling: what would fill the memory is not known. */
static void
test_growth(void **state)
{
	char text[1000] = "A=0123456789abcdef\n", told[10] = "";
	int i;

	(void)state;
	for (i = 0; i < 60; i++)
		strlcat(text, "A=$A$A\n", sizeof(text));
	shell_text_read(text, note_length, told);
	unit_true("60 lines", "unknown at last", strcmp(told, "unknown") == 0);
	unit_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_assignments),
		cmocka_unit_test(test_quotes),
		cmocka_unit_test(test_expansions),
		cmocka_unit_test(test_commands),
		cmocka_unit_test(test_conditions),
		cmocka_unit_test(test_growth),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
