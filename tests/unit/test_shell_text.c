/* SPDX-License-Identifier: ISC */
#include "tests/unit/unit.h"

#include "srsd/ctl/import/shell_text.h"

#define SEEN_SIZE 1000

/* record_statement - "LINE NAME=VALUE" or "LINE ? TEXT" or "LINE after BLOCK: TEXT" */
static void
record_statement(void *arg, const struct shell_statement *statement)
{
	char *seen = arg, line[300];

	if (statement->name != NULL)
		snprintf(line, sizeof(line), "%u %s=%s\n", statement->line, statement->name,
		    statement->value);
	else if (statement->block == 0)
		snprintf(line, sizeof(line), "%u ? %s\n", statement->line, statement->text);
	else
		snprintf(line, sizeof(line), "%u after %u: %s\n", statement->line, statement->block,
		    statement->text);
	strlcat(seen, line, SEEN_SIZE);
}

struct row {
	const char *text;
	const char *want;
};

static void
check(const struct row *rows, size_t n)
{
	char seen[SEEN_SIZE];
	size_t i;

	for (i = 0; i < n; i++) {
		seen[0] = '\0';
		shell_text_read(rows[i].text, record_statement, seen);
		unit_text(rows[i].text, "statements", seen, rows[i].want);
	}
	unit_end();
}

static void
test_assignments(void **state)
{
	static const struct row rows[] = {
		{ "", "" },
		{ "\n \t\n# A=1\n", "" },
		{ "A=1", "1 A=1\n" },
		{ "A=1\n\nB=2\n", "1 A=1\n3 B=2\n" },
		{ "  A=1 ; B=2", "1 A=1\n1 B=2\n" },
		{ "A=1;B=2;", "1 A=1\n1 B=2\n" },
		{ "A=", "1 A=\n" },
		{ "A==", "1 A==\n" },
		{ "A=1=2", "1 A=1=2\n" },
		{ "_a1=x", "1 _a1=x\n" },
		{ "A=1 # B=2", "1 A=1\n" },
		{ "A=1 # it's\nB=2", "1 A=1\n2 B=2\n" },
		{ "A=1#2", "1 A=1#2\n" },
		{ "A=1\r\nB=2\r\n", "1 A=1\n2 B=2\n" },
		{ "A=*", "1 A=*\n" },
		{ "export A=1\nD=3", "1 A=1\n2 D=3\n" },
		{ "A=1\nexport A # all\nB=2", "1 A=1\n3 B=2\n" },
		{ "\\\nA=1", "2 A=1\n" },
	};

	(void)state;
	check(rows, COUNT(rows));
}

static void
test_quotes(void **state)
{
	static const struct row rows[] = {
		{ "A='x y'", "1 A=x y\n" },
		{ "A=\"x y\"", "1 A=x y\n" },
		{ "A=x\\ y", "1 A=x y\n" },
		{ "A=x'y z'\"a b\"c", "1 A=xy za bc\n" },
		{ "A=\"\\\"\\$\\\\\\x\\`\"", "1 A=\"$\\\\x`\n" },
		{ "A='$B `c` \\'", "1 A=$B `c` \\\n" },
		{ "A='#'", "1 A=#\n" },
		{ "A='~'\\~", "1 A=~~\n" },
		{ "A=\"it's\"", "1 A=it's\n" },
		{ "A=\\$B", "1 A=$B\n" },
		{ "A=\"x\ny\"\nB=1", "1 A=x\ny\n3 B=1\n" },
		{ "A='x\ny'\nB=1", "1 A=x\ny\n3 B=1\n" },
		{ "A=x\\\ny\nB=1", "1 A=xy\n3 B=1\n" },
		{ "A=\"x\\\ny\"", "1 A=xy\n" },
		{ "A=1 \\\n\nB=2", "1 A=1\n3 B=2\n" },
	};

	(void)state;
	check(rows, COUNT(rows));
}

/* A value that only a shell can expand is reported as written, and the lines below it are read. */
static void
test_expansions(void **state)
{
	static const struct row rows[] = {
		{ "A=$B\nC=1", "1 ? A=$B\n2 C=1\n" },
		{ "A=1\nB=\"$A.x${A}y\"\nC=1", "1 A=1\n2 ? B=\"$A.x${A}y\"\n3 C=1\n" },
		{ "A=`hostname -f`\nB=1", "1 ? A=`hostname -f`\n2 B=1\n" },
		{ "A=\"$(x || true)\" # why\nB=1", "1 ? A=\"$(x || true)\"\n2 B=1\n" },
		{ "export A=$(x 2>/dev/null)\nB=1", "1 ? export A=$(x 2>/dev/null)\n2 B=1\n" },
		{ "A=${B:-x y}\nC=1", "1 ? A=${B:-x y}\n2 C=1\n" },
		{ "A=$1$?\nC=1", "1 ? A=$1$?\n2 C=1\n" },
		{ "A=\"x$\"\nC=1", "1 ? A=\"x$\"\n2 C=1\n" },
		{ "A=$", "1 ? A=$\n" },
		{ "A=~/x\nB=a:~\nC=1", "1 ? A=~/x\n2 ? B=a:~\n3 C=1\n" },
		{ "A=$x;B=1", "1 ? A=$x\n1 B=1\n" },
		{ "export $A", "1 ? export $A\n" },
	};

	(void)state;
	check(rows, COUNT(rows));
}

/* Words alone affect no other line. */
static void
test_words(void **state)
{
	static const struct row rows[] = {
		{ "A=a b\nB=1", "1 ? A=a b\n2 B=1\n" },
		{ "A=a B=b\nC=1", "1 ? A=a B=b\n2 C=1\n" },
		{ "export A=a B=b", "1 ? export A=a B=b\n" },
		{ "export 'A=1'", "1 ? export 'A=1'\n" },
		{ "export -p", "1 ? export -p\n" },
		{ "export", "1 ? export\n" },
		{ "A=a; b", "1 A=a\n1 ? b\n" },
		{ "A = b", "1 ? A = b\n" },
		{ "A+=b", "1 ? A+=b\n" },
		{ "A[0]=b", "1 ? A[0]=b\n" },
		{ "1A=x", "1 ? 1A=x\n" },
		{ "'A'=x", "1 ? 'A'=x\n" },
		{ ". /etc/x # it's\nB=1", "1 ? . /etc/x\n2 B=1\n" },
		{ "unset A\t\r\nB=1", "1 ? unset A\n2 B=1\n" },
		{ "[ -n \"$A\" ]\nB=1", "1 ? [ -n \"$A\" ]\n2 B=1\n" },
		{ "x if\nB=1", "1 ? x if\n2 B=1\n" },
		{ "echo 'x\nB=2'\nB=1", "1 ? echo 'x\nB=2'\n3 B=1\n" },
	};

	(void)state;
	check(rows, COUNT(rows));
}

/* Anything that may begin a block makes the rest of the file unknown. */
static void
test_blocks(void **state)
{
	static const struct row rows[] = {
		{ "A=0\nif x; then\n\tA=1\nfi\n\n# no\nB=3\n",
		    "1 A=0\n2 ? if x; then\n3 after 2: A=1\n4 after 2: fi\n7 after 2: B=3\n" },
		{ "if x; then A=1; fi; B=3", "1 ? if x; then A=1; fi; B=3\n" },
		{ "A=1; while x\nB=3", "1 A=1\n1 ? while x\n2 after 1: B=3\n" },
		{ "for i in x\nA=1", "1 ? for i in x\n2 after 1: A=1\n" },
		{ "until x\nA=1", "1 ? until x\n2 after 1: A=1\n" },
		{ "! if x\nA=1", "1 ? ! if x\n2 after 1: A=1\n" },
		{ "case x in\nx) A=1;;", "1 ? case x in\n2 after 1: x) A=1;;\n" },
		{ "function f\n{", "1 ? function f\n2 after 1: {\n" },
		{ "f() {\nA=1", "1 ? f() {\n2 after 1: A=1\n" },
		{ "{\nA=1", "1 ? {\n2 after 1: A=1\n" },
		{ "(A=1)\nB=3", "1 ? (A=1)\n2 after 1: B=3\n" },
		{ "cat <<X\nA=1", "1 ? cat <<X\n2 after 1: A=1\n" },
		{ "exit 0\nA=1", "1 ? exit 0\n2 after 1: A=1\n" },
		{ "return\nA=1", "1 ? return\n2 after 1: A=1\n" },
		{ "exec x\nA=1", "1 ? exec x\n2 after 1: A=1\n" },
		{ "A=1 && B=2\nC=3", "1 ? A=1 && B=2\n2 after 1: C=3\n" },
		{ "A=1 & # x \nC=3", "1 ? A=1 & # x\n2 after 1: C=3\n" },
		{ "A=1|x", "1 ? A=1|x\n" },
		{ "A=1 >x", "1 ? A=1 >x\n" },
		{ "A=(1 2)", "1 ? A=(1 2)\n" },
		{ ")", "1 ? )\n" },
		{ "A='x\nB=1", "1 ? A='x\n2 after 1: B=1\n" },
		{ "A=\"x\nB=1\n", "1 ? A=\"x\n2 after 1: B=1\n" },
		{ "A=\"x\\", "1 ? A=\"x\\\n" },
		{ "A=x\\", "1 ? A=x\\\n" },
		{ "A=$((1+2))\nB=1", "1 ? A=$((1+2))\n2 after 1: B=1\n" },
		{ "A=\"$(echo '\"')\"\nB=1", "1 ? A=\"$(echo '\"')\"\n2 after 1: B=1\n" },
		{ "A=$(x\nB=1", "1 ? A=$(x\n2 after 1: B=1\n" },
		{ "A=${x\nB=1", "1 ? A=${x\n2 after 1: B=1\n" },
		{ "A=`x\nB=1", "1 ? A=`x\n2 after 1: B=1\n" },
		{ "A=$'x\\'y'\nB=1", "1 ? A=$'x\\'y'\n2 after 1: B=1\n" },
	};

	(void)state;
	check(rows, COUNT(rows));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_assignments),
		cmocka_unit_test(test_quotes),
		cmocka_unit_test(test_expansions),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_blocks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
