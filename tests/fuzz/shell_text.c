/* SPDX-License-Identifier: ISC */
/*
 * A file of shell assignments. Its statements come in their order, and each is a part of the text.
 * The assignments that are understood, written with plain quotes, are read back as the same.
 */
#include "tests/fuzz/fuzz.h"

#include "srsd/ctl/import/shell_text.h"

struct shell_seen {
	const char *text;
	unsigned lines, last, n_understood, n_unknown, n_after;
	FILE *out; /* each assignment that is understood, in plain quotes */
};

static void
put_quoted(const char *name, const char *value, FILE *out)
{
	fprintf(out, "%s='", name);
	for (; *value != '\0'; value++)
		if (*value == '\'')
			fputs("'\\''", out);
		else
			putc(*value, out);
	fputs("'\n", out);
}

static void
check_statement(void *arg, const struct shell_statement *statement)
{
	struct shell_seen *seen = arg;

	fuzz_must(statement->line >= seen->last && statement->line >= 1);
	fuzz_must(statement->line <= seen->lines && statement->block < statement->line);
	fuzz_must((statement->name == NULL) == (statement->value == NULL));
	fuzz_must(statement->text[0] != '\0' && strstr(seen->text, statement->text) != NULL);
	seen->last = statement->line;
	if (statement->name == NULL) {
		seen->n_unknown += statement->block == 0;
		seen->n_after += statement->block != 0;
		return;
	}
	fuzz_must(statement->block == 0 && seen->n_after == 0);
	fuzz_must(statement->name[0] != '\0');
	fuzz_must(strpbrk(statement->name, "= \t\n'\"\\$") == NULL);
	seen->n_understood++;
	put_quoted(statement->name, statement->value, seen->out);
}

/* copy_assignment - each assignment of the text in plain quotes */
static void
copy_assignment(void *arg, const struct shell_statement *statement)
{
	fuzz_must(statement->name != NULL);
	put_quoted(statement->name, statement->value, arg);
}

static void
check_quoted(const char *text, size_t len)
{
	char *again;
	size_t again_len;
	FILE *out = open_memstream(&again, &again_len);

	shell_text_read(text, copy_assignment, out);
	fclose(out);
	fuzz_must(fuzz_same(text, len, again, again_len));
	free(again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size), *quoted, *s;
	struct shell_seen seen = { .text = text, .lines = 1 };
	size_t len;

	for (s = text; *s != '\0'; s++)
		seen.lines += *s == '\n';
	seen.out = open_memstream(&quoted, &len);
	shell_text_read(text, check_statement, &seen);
	fclose(seen.out);
	check_quoted(quoted, len);
	fuzz_say("%u understood, %u not, %u after a block: ", seen.n_understood, seen.n_unknown,
	    seen.n_after);
	fuzz_say_bytes(quoted, len);
	free(quoted);
	free(text);
	return 0;
}
